// What would help this statement: the proved first, the withheld folded with their reasons.
import type { QueryDetail, Recommendation as Noun } from "@assay/client";
import { useState } from "react";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { Empty } from "../../kit/Empty";
import { Recommendation, Withheld } from "../../kit/Recommendation";
import { addsIndex } from "../../kit/words";
import { RunbookPanel } from "./RunbookPanel";
import type { Simulate } from "./simulate";

const ORDER = { assayed: 0, estimate: 1, stale: 2, failed: 3, withheld: 4 } as const;

/** Shown in full and folded away, best first. */
export function sortOut(all: readonly Noun[]): { shown: Noun[]; held: Noun[] } {
  const sorted = [...all].sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict] || (b.improvement_pct ?? 0) - (a.improvement_pct ?? 0));
  return { shown: sorted.filter((one) => one.verdict !== "withheld"), held: sorted.filter((one) => one.verdict === "withheld") };
}

function counts(shown: readonly Noun[], held: readonly Noun[]): string {
  const proved = shown.filter((one) => one.verdict === "assayed").length;
  const other = shown.length - proved;
  return [proved > 0 ? `${proved} proved` : "", other > 0 ? `${other} not proved` : "", held.length > 0 ? `${held.length} withheld` : ""].filter(Boolean).join(", ");
}

export function Recommendations({ detail, simulate }: { detail: QueryDetail; simulate: Simulate }) {
  const [runbook, setRunbook] = useState<string | null>(null);
  const { shown, held } = sortOut(detail.recommendations);
  return (
    <Card title="Recommendations" end={counts(shown, held)}>
      {shown.length === 0 && held.length === 0 && (
        <Empty title="Nothing is proved to help">{detail.findings[0]?.rationale ?? "No rule found anything wrong with this statement, and the advisor found no index that the planner would use for it."}</Empty>
      )}
      {shown.map((rec, at) => (
        <div key={rec.id}>
          <Recommendation
            rec={rec} within={detail.query_id}
            acts={<>
              {rec.ddl && <Button kind={at === 0 ? "primary" : "line"} aria-expanded={runbook === rec.id} onClick={() => setRunbook(runbook === rec.id ? null : rec.id)}>{runbook === rec.id ? "Close runbook" : "Open runbook"}</Button>}
              {rec.ddl && addsIndex(rec.type) && <Button icon="play" busy={simulate.busy === rec.id} disabled={simulate.busy !== null} onClick={() => simulate.run(rec.id)}>Simulate</Button>}
            </>}
          />
          {runbook === rec.id && <RunbookPanel id={rec.id} />}
        </div>
      ))}
      <Withheld recs={held} />
    </Card>
  );
}
