// What the statement suffers from, each with its reason and the mark of its check.
import type { Finding } from "@assay/client";
import { Card } from "../../kit/Card";
import { plural } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { Mark } from "../../kit/Mark";

export function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <Card title="Findings" end={plural(findings.length, "finding")}>
      <ul>
        {findings.map((one) => (
          <li key={one.id} className="found">
            <Mark state={one.severity} />
            <h3>{one.title}{one.table && <span className="t3 font-normal"> on <span className="mono small">{one.table.replace(/^public\./, "")}</span></span>}</h3>
            <span className="row gap-3"><span className="small t3">confidence {one.confidence.toFixed(2)}</span><Hallmark verdict={one.verdict} evidence={one.evidence} /></span>
            <p>{one.rationale}{one.missing.length > 0 && <span className="t3"> Not known yet: {one.missing.join(" ")}</span>}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}
