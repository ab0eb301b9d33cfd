// A state: its mark, its word, and its age when it is not well.
import type { ReactNode } from "react";
import { Mark, type State } from "./Mark";

export function StatusMark({ state, children, title, wrap = false }: { state: State; children: ReactNode; title?: string; /** On two lines rather than cut. */ wrap?: boolean }) {
  return (
    <span className={wrap ? "status wrap" : "status"} title={title}>
      <Mark state={state} />
      <span className="word">{children}</span>
    </span>
  );
}
