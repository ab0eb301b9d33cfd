// The octagon beside a claim: how far it was checked, and the door to its evidence.
import type { Verdict } from "@assay/client";
import { useShowEvidence } from "./evidence-door";

const OUTLINE = "M4.5 1.2h5l3.3 3.3v5L9.5 12.8h-5L1.2 9.5v-5z";
const INSIDE: Record<Exclude<Verdict, "assayed">, string> = {
  estimate: "M3.8 7.5c1-1.6 2.2-1.6 3.2-.5s2.2 1 3.2-.5",
  withheld: "M4 7h6",
  stale: "M7 4.3V7l1.8 1.3",
  failed: "m4.8 4.8 4.4 4.4M9.2 4.8 4.8 9.2",
};
const WORDS: Record<Verdict, string> = {
  assayed: "assayed", estimate: "estimate", withheld: "withheld", stale: "stale", failed: "failed",
};

/** Only the shape. */
export function Octagon({ verdict, size = 14 }: { verdict: Verdict; size?: number }) {
  if (verdict === "assayed") {
    return (
      <svg width={size} height={size} viewBox="0 0 14 14" aria-hidden="true">
        <path d="M4.3.7h5.4l3.6 3.6v5.4l-3.6 3.6H4.3L.7 9.7V4.3z" fill="currentColor" />
        <path d="m4.2 7.2 2 2 3.6-4.2" fill="none" className="octagon-check" />
      </svg>
    );
  }
  return (
    <svg width={size} height={size} viewBox="0 0 14 14" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="round" aria-hidden="true">
      <path d={OUTLINE} strokeDasharray={verdict === "stale" ? "2.2 1.6" : undefined} />
      <path d={INSIDE[verdict]} strokeWidth={verdict === "withheld" ? 1.6 : 1.3} />
    </svg>
  );
}

/** The mark with the evidence id; opens the drawer. Without evidence it says only the verdict. */
export function Hallmark({ verdict, evidence }: { verdict: Verdict; evidence: readonly string[] }) {
  const show = useShowEvidence();
  const id = evidence[0];
  if (id === undefined) {
    return (
      <span className={`hallmark word ${verdict}`}>
        <Octagon verdict={verdict} />
        <span>{WORDS[verdict]}</span>
      </span>
    );
  }
  const more = evidence.length - 1;
  return (
    <button
      type="button"
      className={`hallmark ${verdict}`}
      title={more > 0 ? `${WORDS[verdict]}, ${evidence.join(", ")}` : WORDS[verdict]}
      aria-label={`${id} ${WORDS[verdict]}, open evidence`}
      onClick={(event) => { event.preventDefault(); event.stopPropagation(); show(id, verdict); }}
    >
      <Octagon verdict={verdict} />
      <span className="id">{id}</span>
      {more > 0 && <span className="t3" aria-hidden="true">+{more}</span>}
    </button>
  );
}
