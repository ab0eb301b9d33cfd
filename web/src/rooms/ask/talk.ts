// The conversation of this page: what was asked, read, refused, run. It is kept while the page lives and nowhere else.
import { AssayError, type CheckedSql, type GeneratedSql, type RanSql, type Source, type SqlCheck, type SqlClause, type SqlReading, type Verdict } from "@assay/client";
import { create } from "zustand";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { noteError } from "../../shell/session";

/** Below this chance an answer is refused, and other readings are offered. */
export const THRESHOLD = 0.7;
export const MOST_LETTERS = 2_000;
export const MOST_ROWS = 1_000;
const EARLIER = 5;
const BY: Readonly<Record<string, string>> = { embedded: "engine of our own", feedback: "what people said before" };

/** SQL to look at before it runs. */
export interface Reading {
  /** The answer that this is, or was chosen instead of; null where it was refused, and so not kept. */
  answerId: string | null;
  /** The question that was answered, where that is more than what was asked: it goes on from those before. */
  readAs: string | null;
  sql: string;
  verdict: Verdict;
  evidence: readonly string[];
  explanation: readonly SqlClause[];
  warnings: readonly string[];
  checks: readonly SqlCheck[];
  others: readonly SqlReading[];
  /** The chance that it is what was meant; null where nobody reckoned it. */
  confidence: number | null;
  calibratedOn: string;
  /** What proposed it. */
  by: string;
  tookMs: number | null;
}

export interface Refusal {
  message: string;
  confidence: number;
  threshold: number;
  unknown: readonly string[];
  readings: readonly SqlReading[];
}

export interface Run {
  state: "running" | "done" | "failed" | "stopped";
  at: number;
  result: RanSql | null;
  error: unknown;
}

export interface Turn {
  id: number;
  question: string;
  source: Source;
  at: number;
  state: "asking" | "answered" | "refused" | "failed" | "stopped";
  /** A reading that was chosen instead of the first. */
  chosen: SqlReading | null;
  reading: Reading | null;
  refusal: Refusal | null;
  error: unknown;
  run: Run | null;
  /** Questions answered before, which this one may go on from. */
  earlier: readonly string[];
  /** Whether somebody said that this is what was meant. */
  judged: boolean | null;
}

interface Talk {
  open: boolean;
  /** What stands in the question box. */
  draft: string;
  turns: readonly Turn[];
  /** The database that questions are put to; null is the one in view. */
  sourceId: string | null;
}

export const useTalk = create<Talk>()(() => ({ open: false, draft: "", turns: [], sourceId: null }));

const stops = new Map<number, AbortController>();
let next = 1;

function change(id: number, more: Partial<Turn>): void {
  useTalk.setState(({ turns }) => ({ turns: turns.map((turn) => (turn.id === id ? { ...turn, ...more } : turn)) }));
}

function begun(id: number): AbortSignal {
  stops.get(id)?.abort();
  const stop = new AbortController();
  stops.set(id, stop);
  return stop.signal;
}

/** Open the panel, with a question already in its box. */
export function openAssistant(draft?: string): void {
  useTalk.setState(draft === undefined ? { open: true } : { open: true, draft });
}

export function setDraft(draft: string): void {
  useTalk.setState({ draft });
}

export function closeAssistant(): void {
  useTalk.setState({ open: false });
}

/** Forget everything, and stop what runs. */
export function forget(): void {
  for (const stop of stops.values()) stop.abort();
  stops.clear();
  useTalk.setState({ turns: [], draft: "" });
}

/** Whether the server works on a turn. */
export function isBusy(turn: Turn): boolean {
  return turn.state === "asking" || turn.run?.state === "running";
}

/** Put a question to a database. */
export function ask(question: string, source: Source): void {
  const before = useTalk.getState().turns.filter((turn) => turn.state === "answered" && !turn.chosen && turn.source.id === source.id);
  const earlier = before.map((turn) => turn.question).slice(-EARLIER);
  const turn: Turn = { id: next++, question, source, at: Date.now(), state: "asking", chosen: null, reading: null, refusal: null, error: null, run: null, earlier, judged: null };
  useTalk.setState(({ turns }) => ({ turns: [...turns, turn] }));
  void answer(turn);
}

/** Look at another reading of a question: it is checked before it can run. */
export function choose(of: Turn, chosen: SqlReading): void {
  const turn: Turn = { ...of, id: next++, at: Date.now(), state: "asking", chosen, refusal: null, error: null, run: null, judged: null };
  useTalk.setState(({ turns }) => ({ turns: [...turns, turn] }));
  void answer(turn);
}

/** Ask a turn again where it stands. */
export function again(turn: Turn): void {
  change(turn.id, { state: "asking", error: null, refusal: null, run: null, judged: null, ...(turn.chosen ? {} : { reading: null }) });
  void answer(turn);
}

export function stop(turn: Turn): void {
  stops.get(turn.id)?.abort();
}

async function answer({ id, question, source, chosen, earlier, reading: instead }: Turn): Promise<void> {
  const signal = begun(id);
  try {
    const reading = chosen
      ? ofChecked(await assay.post("/api/v1/ai/validate-sql", { body: { sql: chosen.sql, store: source.id }, signal }), chosen, instead?.answerId ?? null)
      : ofGenerated(await assay.post("/api/v1/ai/sql:generate", { body: { naturalLanguage: question, earlier: [...earlier], databaseTarget: { store: source.id, dialect: null }, options: { confidenceThreshold: THRESHOLD, alternatives: 3, consultRows: true, execute: false, maxRows: 100, model: "auto", provider: null, maxTokens: null, temperature: null } }, signal }));
    change(id, { state: "answered", reading });
    renew("ledger:");
  } catch (error) {
    const refusal = refusalOf(error);
    if (signal.aborted) change(id, { state: "stopped" });
    else if (refusal) change(id, { state: "refused", refusal });
    else { change(id, { state: "failed", error }); noteError(error); }
  } finally {
    if (stops.get(id)?.signal === signal) stops.delete(id);
  }
}

/** Say whether the SQL is what was meant; a chosen reading that is corrects the answer it was chosen instead of. */
export async function judge({ id, chosen, reading }: Turn, right: boolean): Promise<void> {
  if (!reading?.answerId) return;
  const corrects = chosen !== null;
  change(id, { judged: right });
  try {
    if (right || !corrects) await assay.post("/api/v1/ai/feedback", { body: { id: reading.answerId, right: right && !corrects, correctedSql: corrects ? reading.sql : null } });
  } catch (error) {
    change(id, { judged: null });
    noteError(error);
  }
}

/** Run exactly the SQL that is shown. */
export async function run({ id, source, reading }: Turn): Promise<void> {
  if (!reading) return;
  const signal = begun(id);
  const at = Date.now();
  change(id, { run: { state: "running", at, result: null, error: null } });
  try {
    const result = await assay.post("/api/v1/ai/sql:run", { body: { sql: reading.sql, store: source.id, maxRows: MOST_ROWS }, signal });
    change(id, { run: { state: "done", at, result, error: null } });
    renew("ledger:");
  } catch (error) {
    change(id, { run: { state: signal.aborted ? "stopped" : "failed", at, result: null, error } });
    if (!signal.aborted) noteError(error);
  } finally {
    if (stops.get(id)?.signal === signal) stops.delete(id);
  }
}

function ofGenerated(found: GeneratedSql): Reading {
  return {
    answerId: found.id, readAs: found.readAs === found.naturalLanguage ? null : found.readAs,
    sql: found.sql, verdict: found.verdict, evidence: found.evidence, explanation: found.explanation, warnings: found.warnings, checks: found.checks,
    others: found.alternatives, confidence: found.confidence, calibratedOn: found.calibratedOn, by: BY[found.model] ?? found.model, tookMs: found.tookMs,
  };
}

function ofChecked(found: CheckedSql, chosen: SqlReading, answerId: string | null): Reading {
  return {
    answerId, readAs: null,
    sql: found.sql ?? chosen.sql, verdict: found.verdict, evidence: found.evidence, explanation: [], warnings: found.issues.map((issue) => issue.message), checks: found.checks,
    others: [], confidence: chosen.confidence, calibratedOn: "", by: "a reading that you chose", tookMs: null,
  };
}

function isReading(value: unknown): value is SqlReading {
  const one = value as Partial<SqlReading> | null;
  return typeof one?.sql === "string" && typeof one.says === "string" && typeof one.confidence === "number";
}

/** What a refusal says, when an error is one. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof AssayError) || error.code !== "CONFIDENCE_TOO_LOW") return null;
  const { confidence, threshold, not_understood: unknown, did_you_mean: readings } = error.details;
  return {
    message: error.message,
    confidence: typeof confidence === "number" ? confidence : 0,
    threshold: typeof threshold === "number" ? threshold : THRESHOLD,
    unknown: Array.isArray(unknown) ? unknown.filter((one): one is string => typeof one === "string") : [],
    readings: Array.isArray(readings) ? readings.filter(isReading).slice(0, 4) : [],
  };
}
