// What else was found: rewrites, statistics, indexes to drop, what the planner cannot imagine, and what was withheld.
import type { Recommendation as Noun } from "@assay/client";
import { useState } from "react";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { FoldedRecommendation, Withheld } from "../../kit/Recommendation";
import { plural } from "../../kit/figures";
import { Link } from "../../shell/Link";
import { sortOut } from "./Recommendations";
import { RunbookPanel } from "./RunbookPanel";

export function OtherAdvice({ recs }: { recs: readonly Noun[] }) {
  const [open, setOpen] = useState<string | null>(null);
  const { shown, held } = sortOut(recs);
  if (shown.length + held.length === 0) return null;
  return (
    <Card title="Also found" end={plural(shown.length, "recommendation")}>
      {shown.map((rec) => (
        <FoldedRecommendation
          key={rec.id} rec={rec}
          acts={<>
            {rec.ddl && <Button aria-expanded={open === rec.id} onClick={() => setOpen(open === rec.id ? null : rec.id)}>{open === rec.id ? "Close runbook" : "Open runbook"}</Button>}
            {rec.helps[0] && <Link className="btn" to={`/workload/queries/${rec.helps[0]}`}>Open {rec.helps[0]}</Link>}
          </>}
          below={open === rec.id && <RunbookPanel id={rec.id} />}
        />
      ))}
      <Withheld recs={held} />
    </Card>
  );
}
