// A recommendation: the act, the gain, why, the DDL, the risk, and the mark of its proof.
import type { Recommendation as Noun } from "@assay/client";
import type { ReactNode } from "react";
import { Chip } from "./Chip";
import { CopyButton } from "./CopyButton";
import { brief, bytes, cost, gain, plural, signed } from "./figures";
import { Hallmark } from "./Hallmark";
import { Icon } from "./Icon";
import { Sql } from "./Sql";
import { Unknown } from "./Unknown";
import { RISK_CHIP, typeWord, VERDICT_CHIP } from "./words";

interface Props {
  rec: Noun;
  acts?: ReactNode;
  /** The statement it is shown with; it is not counted among the others helped. */
  within?: string;
}

/** The gain at the right of the title; only ever planner cost. */
export function Gain({ rec }: { rec: Noun }) {
  if (rec.improvement_pct === null) return null;
  return <span className={rec.improvement_pct >= 0 ? "gain" : "loss"}>{gain(rec.improvement_pct)} cost</span>;
}

export function Recommendation({ rec, acts, within }: Props) {
  const models = rec.proposed_by.filter((name) => name !== "embedded");
  const others = rec.helps.filter((id) => id !== within).length;
  const verdict = VERDICT_CHIP[rec.verdict];
  const risk = RISK_CHIP[rec.risk];
  return (
    <article className="rec" id={rec.id} aria-label={rec.title}>
      <div className="between"><h3>{rec.title}</h3><Gain rec={rec} /></div>
      <div className="chips">
        <Chip tone={verdict.tone}>{verdict.word}</Chip>
        <Chip tone={risk.tone}>{risk.word}</Chip>
        <Chip>confidence <b title={rec.confidence_reason}>{rec.confidence.toFixed(2)}</b></Chip>
        {rec.bytes !== null && <Chip>{rec.verdict === "assayed" ? "about " : ""}<b>{bytes(rec.bytes)}</b></Chip>}
        {others > 0 && <Chip>{within ? "also helps" : "helps"} <b>{others}</b> {others === 1 ? "query" : "queries"}</Chip>}
        {models.length > 0 && <Chip>{rec.proposed_by.length > models.length ? "also proposed by" : "proposed by"} <b>{models.join(", ")}</b></Chip>}
        {rec.write_overhead_pct !== null && <Chip>writes <b>{signed(rec.write_overhead_pct)}</b></Chip>}
        {rec.before_cost !== null && rec.after_cost !== null && <Chip>planner cost <b>{cost(rec.before_cost)}</b> to <b>{cost(rec.after_cost)}</b></Chip>}
      </div>
      <p><b className="strong text-text">Why.</b> {rec.rationale}{rec.costed > 0 && ` ${plural(rec.costed, "statement")} costed, ${rec.dearer} dearer.`}</p>
      {rec.rewrite && <Sql sql={rec.rewrite} framed label="The statement written otherwise" />}
      {rec.ddl && <Sql sql={rec.ddl} framed label="What to run" />}
      <p><b className="strong text-text">Risk.</b> {rec.risk_reason}{rec.build_seconds !== null && ` Builds in about ${brief(rec.build_seconds * 1000)}.`}</p>
      <Unknown missing={rec.missing} under="h3" />
      <div className="row wrap">
        {acts}
        {rec.ddl && <CopyButton kind="line" text={rec.ddl}>Copy DDL</CopyButton>}
        {!rec.ddl && rec.rewrite && <CopyButton kind="line" text={rec.rewrite.text}>Copy the rewrite</CopyButton>}
        <Hallmark verdict={rec.verdict} evidence={rec.evidence} />
      </div>
    </article>
  );
}

/** A recommendation as one line that opens: the act, how it was checked, the gain; what an estimate does not know stands open. */
export function FoldedRecommendation({ rec, acts, below }: Props & { below?: ReactNode }) {
  const verdict = VERDICT_CHIP[rec.verdict];
  return (
    <div className="folded-rec">
      <details>
        <summary>
          <Icon name="right" small />
          <span className="title">{rec.title}</span>
          <span className="chips"><Chip tone={verdict.tone}>{verdict.word}</Chip><Chip>{typeWord(rec.type)}</Chip></span>
          <Gain rec={rec} />
        </summary>
        <Recommendation rec={rec} acts={acts} />
        {below}
      </details>
      {rec.verdict === "estimate" && <Unknown missing={rec.missing} />}
    </div>
  );
}

/** What was held back, folded, with the reason of each. */
export function Withheld({ recs }: { recs: readonly Noun[] }) {
  if (recs.length === 0) return null;
  return (
    <details className="rec fold block">
      <summary>
        <h3 className="t2">{plural(recs.length, "candidate")} withheld</h3>
        <span className="link" data-shut="Show why" data-open="Hide" />
      </summary>
      <ul className="stack mt-2 gap-2">
        {recs.map((rec) => (
          <li key={rec.id} className="row flex-wrap gap-x-3">
            <span className="min-w-0 flex-1 basis-80"><b className="strong">{rec.title}.</b> <span className="t2">{rec.withheld_reason ?? rec.rationale}</span></span>
            <Hallmark verdict={rec.verdict} evidence={rec.evidence} />
          </li>
        ))}
      </ul>
    </details>
  );
}
