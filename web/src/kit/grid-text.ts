// Rows of a query as text: for a cell, for the clipboard, and how wide a column must be.
import { csv } from "./copy";

export type Cell = string | number | boolean | null;

export interface Grid {
  columns: readonly string[];
  types: readonly string[];
  rows: readonly (readonly Cell[])[];
}

const LETTER = 7.2;
const MOST = 320;

/** A value as the database said it; NULL is the caller's to mark. */
export function cellText(value: Cell): string {
  return value === null ? "NULL" : String(value);
}

/** Whether a column holds numbers: they stand right. */
export function isNumeric(grid: Grid, column: number): boolean {
  if (/^((u|big|small|tiny|medium)?int(eger)?\d*|float\d*|numeric|decimal|double|real|money|oid)\b/i.test(grid.types[column] ?? "")) return true;
  return grid.rows.length > 0 && grid.rows.every((row) => typeof row[column] === "number" || row[column] === null) && grid.rows.some((row) => row[column] !== null);
}

/** The width of each column in pixels, from its longest value. */
export function widths(grid: Grid): number[] {
  return grid.columns.map((name, at) => {
    const head = name.length + (grid.types[at]?.length ?? 0) + 1;
    const longest = grid.rows.reduce((most, row) => Math.max(most, cellText(row[at] ?? null).length), head);
    return Math.min(MOST, Math.ceil(longest * LETTER) + 22);
  });
}

export function asCsv({ columns, rows }: Grid): string {
  return csv([columns, ...rows]);
}

/** A table in Markdown; a bar or a line break inside a value does not end its cell. */
export function asMarkdown({ columns, rows }: Grid): string {
  const safe = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replace(/\r?\n/g, " ");
  const line = (cells: readonly string[]) => `| ${cells.map(safe).join(" | ")} |\n`;
  return line(columns) + line(columns.map(() => "---")) + rows.map((row) => line(row.map(cellText))).join("");
}

/** One object a row; of two columns with one name the later is numbered. */
export function asJson({ columns, rows }: Grid): string {
  const names = columns.map((name, at) => (columns.indexOf(name) === at ? name : `${name}_${at + 1}`));
  return JSON.stringify(rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at] ?? String(at), value]))), null, 2);
}
