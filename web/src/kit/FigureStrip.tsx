// Two to five figures in one card: label, value with a small unit, one line of source or change.
import type { ReactNode } from "react";

export interface Figure {
  label: string;
  value: ReactNode;
  source?: ReactNode;
  /** Proved: in verdigris. */
  proved?: boolean;
  /** The first to go when there is no room. */
  spare?: boolean;
}

export function FigureStrip({ figures, shape = "four", bare = false, label }: { figures: Figure[]; shape?: "two" | "three" | "four" | "five"; bare?: boolean; label?: string }) {
  return (
    <dl className={`${bare ? "" : "card"} figures ${shape === "four" ? "" : shape}`} aria-label={label}>
      {figures.map((figure) => (
        <div key={figure.label} className={figure.spare ? "hide-n" : undefined}>
          <dt>{figure.label}</dt>
          <dd className={`value ${figure.proved ? "accent" : ""}`}>{figure.value}</dd>
          <dd className="source">{figure.source}</dd>
        </div>
      ))}
    </dl>
  );
}
