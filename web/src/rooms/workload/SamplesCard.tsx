// Whether a fix holds for every sampled parameter.
import type { Sample, Verdict } from "@assay/client";
import { Card } from "../../kit/Card";
import { plural } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { judge, Samples } from "../../kit/Samples";

export function SamplesCard({ samples, claim }: { samples: readonly Sample[]; claim: { verdict: Verdict; evidence: readonly string[] } | null }) {
  const { cheaper, compared } = judge(samples);
  return (
    <Card
      id="samples" title={compared > 0 ? "Does it hold for every parameter?" : "Sampled parameters"}
      beside={compared > 0 && claim && <Hallmark verdict={claim.verdict} evidence={claim.evidence} />}
      end={compared > 0 ? `${cheaper} of ${plural(compared, "sample")} cheaper` : plural(samples.length, "sample")}
    >
      <div className="body"><Samples samples={samples} /></div>
    </Card>
  );
}
