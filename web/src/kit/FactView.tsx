// A fact of a check, drawn by its shape: lists and tables folded when they are long, SQL in its tones.
import { useState, type ReactNode } from "react";
import { folded, isFigure, nameWord, wordOf, type Facts, type Part, type Shape } from "./facts";
import { count } from "./figures";
import { Sql } from "./Sql";

const FEW_ROWS = 6, FEW_LINES = 5, FEW_THINGS = 3;

/** A long list: its first ones, and a button for the rest. */
function useFold<T>(list: readonly T[], most: number): { shown: readonly T[]; more: ReactNode } {
  const [open, setOpen] = useState(false);
  const { shown, more } = folded(list, most);
  if (more === 0) return { shown: list, more: null };
  return {
    shown: open ? list : shown,
    more: <button type="button" className="link small justify-self-start" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Show fewer" : `and ${count(more)} more`}</button>,
  };
}

function Rows({ name, heads, rows }: { name: string; heads: readonly string[]; rows: readonly Facts[] }) {
  const { shown, more } = useFold(rows, FEW_ROWS);
  const right = new Set(heads.filter((head) => rows.some((row) => isFigure(row[head]))));
  return (
    <>
      <div className="scroll-x facts-table" role="group" aria-label={name} tabIndex={0}>
        <table>
          <thead><tr>{heads.map((head) => <th key={head} scope="col" className={right.has(head) ? "num" : undefined}>{nameWord(head)}</th>)}</tr></thead>
          <tbody>{shown.map((row, at) => <tr key={at}>{heads.map((head) => <td key={head} className={right.has(head) ? "num" : undefined}>{row[head] === undefined ? "" : wordOf(row[head], head)}</td>)}</tr>)}</tbody>
        </table>
      </div>
      {more}
    </>
  );
}

function Texts({ name, items, sql }: { name: string; items: readonly string[]; sql: boolean }) {
  const { shown, more } = useFold(items, FEW_LINES);
  // Statements of several lines need an end between them.
  const between = items.some((one) => one.includes("\n")) ? ";\n\n" : "\n";
  return (
    <>
      {sql ? <Sql sql={shown.join(between)} framed label={name} /> : <ul className="facts-texts">{shown.map((one, at) => <li key={at}>{one}</li>)}</ul>}
      {more}
    </>
  );
}

function Each({ name, items }: { name: string; items: readonly Shape[] }) {
  const { shown, more } = useFold(items, FEW_THINGS);
  return (
    <>
      <ol className="facts-each">{shown.map((shape, at) => <li key={at} className="stack gap-1"><FactView name={`${name} ${at + 1}`} shape={shape} /></li>)}</ol>
      {more}
    </>
  );
}

function FactView({ name, shape }: { name: string; shape: Shape }) {
  switch (shape.kind) {
    case "line": return <span>{shape.text}</span>;
    case "text": return <p className="t2 break whitespace-pre-line">{shape.text}</p>;
    case "sql": return <Sql sql={shape.text} framed wrapped label={name} />;
    case "list": return <Texts name={name} items={shape.items} sql={shape.sql} />;
    case "table": return <Rows name={name} heads={shape.heads} rows={shape.rows} />;
    case "parts": return <FactParts parts={shape.parts} />;
    case "each": return <Each name={name} items={shape.items} />;
  }
}

/** Facts under their names: short ones in two columns, the others each below its name. */
export function FactParts({ parts, children }: { parts: readonly Part[]; children?: ReactNode }) {
  const short = parts.filter((part) => part.shape.kind === "line");
  const long = parts.filter((part) => part.shape.kind !== "line");
  return (
    <>
      {(short.length > 0 || children) && (
        <dl className="facts-list">
          {short.map((part) => <Line key={part.name} name={nameWord(part.name)}><FactView name={nameWord(part.name)} shape={part.shape} /></Line>)}
          {children}
        </dl>
      )}
      {long.map((part) => <div key={part.name} className="fact-long"><span className="small t3">{nameWord(part.name)}</span><FactView name={nameWord(part.name)} shape={part.shape} /></div>)}
    </>
  );
}

/** One line of a list of facts. */
export function Line({ name, children }: { name: string; children: ReactNode }) {
  return <><dt>{name}</dt><dd>{children}</dd></>;
}
