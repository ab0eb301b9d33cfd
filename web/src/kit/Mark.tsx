// The seven marks of state, told apart by shape before colour.
export type State = "critical" | "warning" | "ok" | "info" | "unknown" | "offline" | "busy";

const SHAPES: Record<State, string> = {
  critical: "M6 .3 11.7 6 6 11.7.3 6z",
  warning: "M6 1 11.7 11H.3z",
  ok: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z",
  info: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  unknown: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z",
  offline: "m2 2 8 8M10 2l-8 8",
  busy: "M6 1.5a4.5 4.5 0 1 1-4.3 3.2",
};

export function Mark({ state }: { state: State }) {
  return (
    <svg className={`mark mark-${state}`} viewBox="0 0 12 12" aria-hidden="true">
      <path d={SHAPES[state]} strokeDasharray={state === "unknown" ? "2.4 2.3" : undefined} />
    </svg>
  );
}
