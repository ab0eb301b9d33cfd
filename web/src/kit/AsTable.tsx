// The numbers of a plot as a table, for whoever reads better than they see.
import { useState, type ReactNode } from "react";
import { Button } from "./Button";

interface Props {
  caption: string;
  head: string[];
  rows: () => (string | number)[][];
  children: ReactNode;
}

export function AsTable({ caption, head, rows, children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <div className="plot-box">
      {open ? (
        <div className="scroll-x max-h-72 overflow-y-auto" role="region" aria-label={caption} tabIndex={0}>
          <table className="data-table inner compact">
            <caption className="sr">{caption}</caption>
            <thead><tr>{head.map((word, at) => <th key={word} scope="col" className={at > 0 ? "num" : undefined}>{word}</th>)}</tr></thead>
            <tbody>{rows().map((row, line) => <tr key={line}>{row.map((cell, at) => <td key={at} className={at > 0 ? "num" : "clip"}>{cell}</td>)}</tr>)}</tbody>
          </table>
        </div>
      ) : children}
      <Button kind="quiet" className="as-table" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Show as plot" : "Show as table"}</Button>
    </div>
  );
}
