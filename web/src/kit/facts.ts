// What a fact of a check looks like, decided before it is drawn: a line, SQL, a list, a table, parts; never raw JSON.
import { brief, bytes, count, measured, NBSP } from "./figures";
import { isSql } from "./sql-tones";

export type Facts = Readonly<Record<string, unknown>>;

export type Shape =
  /** A few words, or a number. */
  | { kind: "line"; text: string }
  /** Words that need room. */
  | { kind: "text"; text: string }
  | { kind: "sql"; text: string }
  | { kind: "list"; items: string[]; sql: boolean }
  | { kind: "table"; heads: string[]; rows: readonly Facts[] }
  | { kind: "parts"; parts: Part[] }
  /** Things too wide for a table, or of several shapes. */
  | { kind: "each"; items: Shape[] };

export interface Part {
  name: string;
  shape: Shape;
}

const LINE = 80, CELL = 60, COLUMNS = 6, DEEPEST = 4;

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isPlain = (value: unknown): boolean => value === null || typeof value !== "object";
const isObject = (value: unknown): value is Facts => typeof value === "object" && value !== null && !Array.isArray(value);

const number = (value: number) => (Number.isInteger(value) ? count(value) : measured(value));

/** Names that words alone do not explain. */
const NAMES: Readonly<Record<string, string>> = { id: "Statement", given: "Indexes in both plans", improvement_pct: "Less cost", bytes: "Size", ddl: "DDL", uses_index: "Used", hypopg: "hypopg", what_if_calls: "What-if plans" };

/** "server_version" to "Server version"; the unit stands with the figure. */
export function nameWord(name: string): string {
  if (NAMES[name] !== undefined) return NAMES[name];
  const words = name.replace(/_(ms|bytes|pct|seconds)$/, "").replaceAll("_", " ").trim().replace(/\bddl\b/g, "DDL").replace(/\bsql\b/g, "SQL");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value in words, whatever it holds; a list of numbers becomes "1.03 to 80.4", and the unit that the name tells of is added. */
export function wordOf(value: unknown, name = ""): string {
  if (value === null || value === undefined) return "not known";
  if (isNumber(value)) return figure(value, name);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) {
    const numbers = value.filter(isNumber);
    if (numbers.length > 1 && numbers.length === value.length) {
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      return low === high ? figure(low, name) : `${figure(low, name)} to ${figure(high, name)}`;
    }
    return value.length === 0 ? "none" : value.map((one) => (one === null ? "NULL" : wordOf(one, name))).join(", ");
  }
  if (isObject(value)) return Object.entries(value).map(([part, inside]) => `${nameWord(part).toLowerCase()} ${wordOf(inside, part)}`).join(", ") || "none";
  return String(value);
}

function figure(value: number, name: string): string {
  if (/(^|_)bytes$/.test(name)) return bytes(value);
  if (/_ms$/.test(name)) return brief(value);
  if (/_seconds$/.test(name)) return brief(value * 1000);
  return /_pct$/.test(name) ? `${number(value)}${NBSP}%` : number(value);
}

/** The lines after the first moved left together, as far as they go. */
export function dedented(text: string): string {
  const [first = "", ...rest] = text.split("\n");
  const indents = rest.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  const least = indents.length > 0 ? Math.min(...indents) : 0;
  return [first, ...rest.map((line) => line.slice(least))].join("\n");
}

/** Whether a value fits a cell of a table: one thing, or a short list of such. */
function fitsCell(value: unknown): boolean {
  if (typeof value === "string") return value.length <= CELL && !value.includes("\n");
  if (Array.isArray(value)) return value.every(isPlain) && wordOf(value).length <= CELL;
  return isPlain(value);
}

/** How a fact is to be shown. */
export function shapeOf(value: unknown, name = "", depth = 0): Shape {
  if (typeof value === "string") {
    if (isSql(value)) return { kind: "sql", text: dedented(value) };
    return { kind: value.length > LINE || value.includes("\n") ? "text" : "line", text: value };
  }
  if (isPlain(value) || depth >= DEEPEST) return textOrLine(wordOf(value, name));
  if (Array.isArray(value)) return shapeOfList(value, name, depth);
  if (!isObject(value) || Object.keys(value).length === 0) return { kind: "line", text: "none" };
  return { kind: "parts", parts: partsOf(value, depth + 1) };
}

const textOrLine = (text: string): Shape => ({ kind: text.length > LINE ? "text" : "line", text });

export function partsOf(value: Facts, depth = 0): Part[] {
  return Object.entries(value).map(([name, inside]) => ({ name, shape: shapeOf(inside, name, depth) }));
}

function shapeOfList(list: readonly unknown[], name: string, depth: number): Shape {
  if (list.length === 0 || list.every((one) => typeof one === "number" || one === null || typeof one === "boolean")) return textOrLine(wordOf(list, name));
  if (list.every((one) => typeof one === "string")) {
    const sql = list.some(isSql);
    const short = !sql && list.every((one) => !one.includes("\n")) && list.join(", ").length <= CELL;
    return short ? { kind: "line", text: list.join(", ") } : { kind: "list", items: sql ? list.map(dedented) : [...list], sql };
  }
  if (list.every(isObject)) {
    const heads = [...new Set(list.flatMap((row) => Object.keys(row)))];
    if (heads.length > 0 && heads.length <= COLUMNS && list.every((row) => Object.values(row).every(fitsCell))) return { kind: "table", heads, rows: list };
  } else if (list.every((one) => Array.isArray(one) && one.every(isPlain))) {
    return { kind: "list", items: list.map((one) => wordOf(one, name)), sql: false };
  }
  return { kind: "each", items: list.map((one) => shapeOf(one, name, depth + 1)) };
}

/** Costs before and after for each set of values, when the facts hold such lists: one table instead of three. */
export function samplesOf(facts: Facts): { shape: Shape; used: ReadonlySet<string> } | null {
  const { before, after, values } = facts;
  if (!Array.isArray(before) || before.length === 0 || !before.every(isNumber)) return null;
  const costs = Array.isArray(after) && after.length === before.length && after.every(isNumber) ? after : null;
  const named = Array.isArray(values) && values.length === before.length && values.every(Array.isArray) ? (values as unknown[][]) : null;
  if (costs === null && named === null) return null;
  const rows = before.map((cost, at): Facts => ({
    ...(named ? { values: named[at]?.map((one) => (one === null ? "NULL" : String(one))).join(", ") } : { values: `set ${at + 1}` }), before: cost, ...(costs ? { after: costs[at] } : {}),
  }));
  return { shape: { kind: "table", heads: Object.keys(rows[0] ?? {}), rows }, used: new Set(["before", ...(costs ? ["after"] : []), ...(named ? ["values"] : [])]) };
}

/** The first of a long list, and how many more there are; one alone is never folded away. */
export function folded<T>(list: readonly T[], most: number): { shown: readonly T[]; more: number } {
  return list.length <= most + 1 ? { shown: list, more: 0 } : { shown: list.slice(0, most), more: list.length - most };
}

/** Whether a column holds figures, so that it stands right. */
export function isFigure(value: unknown): boolean {
  return isNumber(value) || (Array.isArray(value) && value.length > 0 && value.every(isNumber));
}
