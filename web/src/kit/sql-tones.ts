// Tones for SQL that comes as plain text (DDL, runbooks, scripts): a scanner, not a parser; every character stays.
import type { Span } from "@assay/client";

/** Words of the language wherever they stand: reserved in PostgreSQL, so a name would be quoted; and the few that read as such. */
const RESERVED = new Set(`all analyse analyze and any array as asc asymmetric authorization between binary both by case cast check collate collation
  column concurrently constraint create cross current_date current_role current_time current_timestamp current_user default deferrable desc
  distinct do else end except exists false fetch for foreign freeze from full grant group having ilike in initially inner intersect interval
  into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps
  over placing primary references returning right select session_user set similar some symmetric table tablesample then to trailing true union
  unique user using values variadic verbose when where window with`.split(/\s+/));

/** Words that may also be names: of the language only when written in capitals, as our own statements write them. */
const CAPITALS = new Set(`access add after aggregate alter always attach before begin cascade cluster comment commit concurrently conflict copy
  cube current cycle data database deallocate declare definer delete detach discard domain drop each enable disable escape exception execute
  exclude exclusive explain extension filter first following format function generated generic grants identity if immutable include including
  increment index inherits insert instead intersect key language last level local lock locked logged login maintain mapping match matched
  materialized merge method minvalue maxvalue mode nocreatedb nocreaterole nologin nosuperuser no nothing nowait nulls of operator option
  options overriding owned owner partition password perform policy preceding prepare privileges procedure procedures public raise range read
  recursive refresh reindex rename replace replica reset restart restrict return returns revoke role rollback rollup row rows rule savepoint
  schema schemas security sequence sequences server session sets share show skip stable start statement statistics storage stored superuser
  system tables tablespace temp temporary ties transaction trigger truncate type unbounded unlisten unlogged until update usage vacuum valid
  validate view volatile while within without work write createdb createrole bypassrls inherit loop elsif strict parallel safe called`.split(/\s+/));

/** What a statement begins with, in any case. */
const VERBS = new Set(`alter analyze begin checkpoint cluster comment commit copy create deallocate delete do drop end execute explain grant insert
  lock merge prepare refresh reindex release reset revoke rollback savepoint select set show truncate update vacuum values with`.split(/\s+/));

const NAME = "A-Za-z_\\u0080-\\uffff";
const TOKEN = new RegExp([
  "(?<comment>--[^\\n]*)",
  "(?<block>/\\*)",
  "(?<string>[eE]'(?:[^'\\\\]|''|\\\\[\\s\\S])*'?|(?:[uU]&|[bBxXnN])?'(?:[^']|'')*'?)",
  "(?<quoted>(?:[uU]&)?\"(?:[^\"]|\"\")*\"?)",
  `(?<dollar>\\$(?:[${NAME}][0-9${NAME}]*)?\\$)`,
  "(?<parameter>\\$[0-9]+)",
  "(?<number>0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\\.(?!\\.)[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)",
  `(?<word>[${NAME}][0-9$${NAME}]*)`,
  "(?<space>\\s+)",
  "(?<rest>[\\s\\S])",
].join("|"), "y");

/** The end of a block comment that begins at `at`; they nest. */
function blockEnd(text: string, at: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at + 2;
  for (let depth = 1, found = edge.exec(text); found; found = edge.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return text.length;
}

function wordTone(text: string, word: string, end: number, before: string): Span["tone"] {
  const small = word.toLowerCase();
  const after = text.slice(end, end + 1);
  if (before === "." || after === "." || (after === "(" && (small === "left" || small === "right"))) return "plain";
  if (RESERVED.has(small)) return "keyword";
  if ((before === "" || before === ";" || before === "as") && VERBS.has(small)) return "keyword";
  return word === word.toUpperCase() && CAPITALS.has(small) ? "keyword" : "plain";
}

/** The text as spans; joined they are the text again, whatever it holds. */
export function toned(text: string): Span[] {
  const spans: Span[] = [];
  const add = (part: string, tone: Span["tone"]) => {
    const last = spans[spans.length - 1];
    if (last?.tone === tone) last.text += part;
    else if (part !== "") spans.push({ text: part, tone });
  };
  // The token before, in small letters: tells a name after a dot, and the first word of a statement.
  let before = "";
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found?.groups) { add(text.slice(at), "plain"); break; }
    const kind = found.groups;
    let end = TOKEN.lastIndex;
    if (kind.block !== undefined) {
      end = blockEnd(text, at);
      add(text.slice(at, end), "comment");
    } else if (kind.dollar !== undefined) {
      const close = text.indexOf(kind.dollar, end);
      const inside = text.slice(end, close < 0 ? text.length : close);
      add(kind.dollar, "string");
      // On several lines it is the body of a block or a function, and reads as what it is.
      if (inside.includes("\n")) toned(inside).forEach((span) => add(span.text, span.tone));
      else add(inside, "string");
      if (close >= 0) add(kind.dollar, "string");
      end = close < 0 ? text.length : close + kind.dollar.length;
    } else {
      const tone = kind.word !== undefined ? wordTone(text, kind.word, end, before)
        : kind.comment !== undefined ? "comment" : kind.string !== undefined ? "string" : kind.parameter !== undefined ? "parameter" : kind.number !== undefined ? "number" : "plain";
      add(found[0], tone);
    }
    if (kind.space === undefined && kind.comment === undefined && kind.block === undefined) before = found[0].toLowerCase();
    at = end;
  }
  return spans;
}

const BEGINNING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()*([A-Za-z]+)\s+(\S[\s\S]*)/;
const SMALL = /^(?:select\s|insert\s+into\s|update\s+\S+\s+(?:\S+\s+)*?set\s|delete\s+from\s|with\s[\s\S]*\sas\s|values\s*\(|(?:create|drop|alter)\s+(?:unique\s+)?(?:index|table|view|statistics|extension|role)\s|explain\s|prepare\s|analyze\s)/;

/** Whether a text is SQL rather than a sentence or a command: it begins with a verb in capitals, or reads on like a statement. */
export function isSql(text: string): boolean {
  const found = BEGINNING.exec(text);
  if (!found?.[1] || !VERBS.has(found[1].toLowerCase())) return false;
  if (found[1] === found[1].toUpperCase()) return true;
  return found[1] === found[1].toLowerCase() && SMALL.test(`${found[1]} ${found[2]}`);
}
