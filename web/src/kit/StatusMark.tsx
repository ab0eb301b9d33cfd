// A state: its mark, its word, and its age when it is not well.
import type { ReactNode } from "react";
import { Mark, type State } from "./Mark";

export function StatusMark({ state, children, title }: { state: State; children: ReactNode; title?: string }) {
  return (
    <span className="status" title={title}>
      <Mark state={state} />
      <span className="word">{children}</span>
    </span>
  );
}
