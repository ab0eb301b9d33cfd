// Lays SQL out line by line beside what each clause says, and ties clauses to the words of the question.
import type { Span, SqlClause, SqlWords } from "@assay/client";
import { toned } from "../../kit/sql-tones";

type Part = SqlClause["part"] | "join";

export interface Line {
  part: Part;
  spans: Span[];
}

/** One line of the answer: a piece of the SQL, and what it says. */
export interface Row {
  spans: readonly Span[];
  clauses: readonly SqlClause[];
}

/** A piece of the question: plain, or words that a clause comes from. */
export interface Piece {
  text: string;
  /** Names the words; null for what no clause comes from. */
  key: string | null;
  /** Their underline, 1 to 4. */
  tone: number;
  /** Nothing in the database answers to it. */
  unknown: boolean;
}

const STARTS: Record<string, Part> = {
  select: "select", from: "from", where: "where", group: "group", having: "having", order: "order", limit: "limit",
  union: "combine", intersect: "combine", except: "combine", join: "join", left: "join", right: "join", full: "join", inner: "join", cross: "join", natural: "join",
};

function partOf(word: string, line: Line | undefined, between: boolean): Part | null {
  if ((word === "and" && !between) || word === "or") return line?.part === "where" ? "where" : null;
  const part = STARTS[word];
  if (part !== "join") return part ?? null;
  // "LEFT OUTER JOIN" begins once.
  const joining = line?.part === "join" && line.spans.every((span) => span.tone === "keyword" || span.text.trim() === "");
  return joining ? null : "join";
}

/** The lines of a statement, a clause or a condition each; joined by one space they are the statement again. */
export function lines(sql: string): Line[] {
  const made: Line[] = [];
  let depth = 0;
  let between = false;
  for (const span of toned(sql)) {
    const word = span.text.toLowerCase();
    const last = made[made.length - 1];
    const part = span.tone === "keyword" && depth === 0 ? partOf(word, last, between) : null;
    if (span.tone === "keyword" && depth === 0) between = word === "between" || (between && word !== "and");
    if (part !== null || last === undefined) made.push({ part: part ?? "select", spans: [{ ...span }] });
    else last.spans.push({ ...span });
    if (span.tone === "plain") for (const letter of span.text) depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
  }
  for (const line of made) {
    const last = line.spans[line.spans.length - 1];
    if (last) last.text = last.text.trimEnd();
  }
  return made;
}

/** Each line of the SQL beside its clauses; what belongs to no line stands alone at the end. */
export function rows(sql: string, explanation: readonly SqlClause[]): Row[] {
  const laid = lines(sql);
  const made = laid.map((line) => ({ spans: line.spans, clauses: [] as SqlClause[] }));
  const left: SqlClause[] = [];
  for (const part of new Set(explanation.map((one) => one.part))) {
    const said = explanation.filter((one) => one.part === part);
    const places = laid.map((line, at) => ({ line, at })).filter(({ line }) => line.part === (part === "from" ? "join" : part)).map(({ at }) => at);
    said.forEach((clause, at) => {
      const place = places.length === said.length ? places[at] : places[0];
      if (place === undefined) left.push(clause);
      else made[place]?.clauses.push(clause);
    });
  }
  return [...made, ...left.map((clause) => ({ spans: [], clauses: [clause] }))];
}

export function keyOf(words: SqlWords): string {
  return `${words.start}-${words.end}`;
}

/** The words that clauses come from, in the order of the question, without those that lie over earlier ones. */
export function anchors(question: string, explanation: readonly SqlClause[]): SqlWords[] {
  const letters = Array.from(question);
  const found = new Map(explanation.flatMap((clause) => clause.because).map((words): [string, SqlWords] => [keyOf(words), words]));
  const real = [...found.values()].filter((words) => letters.slice(words.start, words.end).join("") === words.text);
  let end = 0;
  return real.sort((a, b) => a.start - b.start || b.end - a.end).filter((words) => {
    if (words.start < end) return false;
    end = words.end;
    return true;
  });
}

/** The question in pieces: plain text, words with an underline of their own, and words nothing is known of. */
export function pieces(question: string, words: readonly SqlWords[], unknown: readonly string[] = []): Piece[] {
  const letters = Array.from(question);
  const made: Piece[] = [];
  let at = 0;
  words.forEach((one, place) => {
    made.push({ text: letters.slice(at, one.start).join(""), key: null, tone: 0, unknown: false });
    made.push({ text: one.text, key: keyOf(one), tone: (place % 4) + 1, unknown: false });
    at = one.end;
  });
  made.push({ text: letters.slice(at).join(""), key: null, tone: 0, unknown: false });
  return unknown.reduce((pieces, phrase) => pieces.flatMap((piece) => (piece.key === null && !piece.unknown ? without(piece, phrase) : [piece])), made).filter((piece) => piece.text !== "");
}

function without(piece: Piece, phrase: string): Piece[] {
  const at = phrase === "" ? -1 : piece.text.toLowerCase().indexOf(phrase.toLowerCase());
  if (at < 0) return [piece];
  const end = at + phrase.length;
  return [{ ...piece, text: piece.text.slice(0, at) }, { ...piece, text: piece.text.slice(at, end), unknown: true }, { ...piece, text: piece.text.slice(end) }];
}
