// A fact in a few words with its number bold, or a state on its ground; never clickable.
import type { ReactNode } from "react";
import { Mark, type State } from "./Mark";

export type ChipTone = "fact" | "critical" | "warning" | "ok" | "info" | "accent" | "unknown";

export function Chip({ tone = "fact", children }: { tone?: ChipTone; children: ReactNode }) {
  const state = tone === "fact" || tone === "accent" ? null : (tone as State);
  return (
    <span className={tone === "fact" ? "chip" : `chip ${tone}`}>
      {state && <Mark state={state} />}
      <span>{children}</span>
    </span>
  );
}
