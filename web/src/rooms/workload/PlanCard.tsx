// How the statement is planned today and with the fix; simulate plans again, measure really runs.
import type { Measurement, PlanComparison, QueryDetail, Recommendation, Simulation } from "@assay/client";
import { useEffect, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { Confirm } from "../../kit/Confirm";
import { Failed } from "../../kit/Failed";
import { brief, count, duration } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { Mark } from "../../kit/Mark";
import { Plans, SinglePlan } from "../../kit/Plans";
import { addsIndex } from "../../kit/words";
import { assay } from "../../shell/client";
import { useCan } from "../../shell/session";
import { useSources } from "../../shell/sources";
import { toast } from "../../shell/toasts";
import type { Simulate } from "./simulate";

interface Props {
  detail: QueryDetail;
  comparison: PlanComparison | null;
  fresh: Simulation | null;
  best: Recommendation | undefined;
  simulate: Simulate;
}

function Planning() {
  const [ms, setMs] = useState(0);
  useEffect(() => {
    const start = performance.now();
    const timer = setInterval(() => setMs(performance.now() - start), 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="body job" role="status">
      <div className="between"><b className="strong">Simulate</b><span className="small t3 tnum">{duration(ms)}</span></div>
      <svg className="progress" viewBox="0 0 320 4" preserveAspectRatio="none" role="progressbar" aria-label="Simulate"><rect className="bar-accent unknown-share" width={80} height={4} /></svg>
      <span className="small t2">Planned as it is, then with the hypothetical index, for every sampled parameter.</span>
    </div>
  );
}

function Really({ measurement }: { measurement: Measurement }) {
  return (
    <section className="card" aria-label="Measured run">
      <header><h2>As it ran</h2><Hallmark verdict={measurement.verdict} evidence={measurement.evidence} /><span className="end small">{duration(measurement.execution_ms)}, {count(measurement.shared_blocks)} blocks, <Age at={measurement.ran_at} /></span></header>
      <SinglePlan plan={measurement.plan} />
    </section>
  );
}

export function PlanCard({ detail, comparison, fresh, best, simulate }: Props) {
  const [asking, setAsking] = useState(false);
  const [measurement, setMeasurement] = useState<Measurement | null>(null);
  const canMeasure = useCan("workload.measure");
  const source = useSources().value?.items.find((one) => one.id === detail.source);
  const where = source?.name ?? "the database";
  const claim = fresh ?? (comparison ? best : undefined);
  const plannable = best !== undefined && best.ddl !== null && addsIndex(best.type);
  const measure = async () => {
    const result = await assay.post("/api/v1/queries/{id}/measure", { path: { id: detail.query_id } });
    setMeasurement(result);
    toast({ state: "ok", title: `Ran in ${duration(result.execution_ms)}`, text: `${count(result.shared_blocks)} blocks on ${where}`, claim: result });
  };
  return (
    <>
      <Card
        title="Plan" busy={simulate.busy !== null}
        beside={claim && <Hallmark verdict={claim.verdict} evidence={claim.evidence} />}
        end={<>
          <span className="hide-n">{fresh ? <>planned <Age at={fresh.ran_at} />, {brief(fresh.took_ms)}</> : comparison ? `${comparison.before.kind} plan, hypopg` : detail.plan ? `${detail.plan.kind} plan` : ""}</span>
          {plannable && <Button kind="quiet" icon="play" busy={simulate.busy !== null} disabled={simulate.busy !== null} onClick={() => simulate.run(best.id)}>{comparison ? "Simulate again" : "Simulate"}</Button>}
          {canMeasure && <Button kind="quiet" icon="clock" onClick={() => setAsking(true)}>Measure</Button>}
        </>}
      >
        {simulate.busy !== null && <Planning />}
        {simulate.error !== null && <Failed error={simulate.error} what="Can't simulate" still="The plan that was read before stays below." {...(best ? { onAgain: () => simulate.run(best.id) } : {})} />}
        {fresh && !fresh.uses_index && <div className="body pb-0"><p className="note warning"><Mark state="warning" /><span><b>The planner does not use it.</b> With the index in place it still chooses the plan of today.</span></p></div>}
        {comparison ? <Plans comparison={comparison} afterWord={best?.ddl?.toUpperCase().includes("STATISTICS") ? "with the statistics" : best?.rewrite && !best.ddl ? "as rewritten" : "with the index"} />
          : detail.plan ? <SinglePlan plan={detail.plan} />
          : <div className="body"><p className="note"><Mark state="unknown" /><span><b>Not planned.</b> {detail.plan_error ?? "It is planned at the next scan when it is among the most expensive."}</span></p></div>}
      </Card>
      {measurement && <Really measurement={measurement} />}
      {asking && (
        <Confirm question={`Run this statement on ${where}?`} act="Run and measure" onDo={measure} onClose={() => setAsking(false)}>
          <p>Runs <span className="mono small">EXPLAIN (ANALYZE, BUFFERS)</span> once with the first sampled values, in a read-only transaction that is rolled back. It took {duration(detail.load.mean_ms)} on the mean{detail.load.max_ms !== null && <>, {duration(detail.load.max_ms)} at the longest</>}.</p>
          <p>Nothing is written. {where} does the work that the statement asks for.</p>
        </Confirm>
      )}
    </>
  );
}
