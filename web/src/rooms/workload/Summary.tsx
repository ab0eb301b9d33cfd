// The workload at a glance: four figures, and active sessions over time.
import type { Activity, BottleneckPage, IndexAdvice } from "@assay/client";
import { bytes, clock, count, durationParts, measured, percentNumber, plural, range } from "../../kit/figures";
import { Figures } from "../../kit/Duration";
import { FigureStrip, type Figure } from "../../kit/FigureStrip";
import { Hallmark } from "../../kit/Hallmark";
import { Loading } from "../../kit/Loading";
import { Plot, type PlotSeries } from "../../kit/Plot";
import { Link } from "../../shell/Link";
import type { Answer } from "../../shell/answers";

interface Props {
  page: BottleneckPage;
  since: number | null;
  activity: Answer<Activity>;
  advice: IndexAdvice | null | undefined;
}

function series(activity: Activity): PlotSeries[] {
  const named = activity.series.filter((one) => one.query_id !== null);
  const rest = activity.series.filter((one) => one.query_id === null);
  return [
    ...rest.map((one): PlotSeries => ({ key: "others", word: "others", name: "others", values: one.values, colour: 7 })),
    ...named.map((one, at): PlotSeries => ({
      key: one.query_id ?? "", word: one.query_id ?? "", values: one.values, colour: at + 1,
      name: <Link to={`/workload/queries/${one.query_id}`}>{one.query_id}</Link>,
    })).reverse(),
  ];
}

function says(activity: Activity): string {
  const first = activity.at[0];
  const last = activity.at[activity.at.length - 1];
  const top = activity.series.find((one) => one.query_id !== null);
  return `Average active sessions by query${first && last ? `, ${clock(first)} to ${clock(last)} UTC` : ""}. Mean ${measured(activity.mean)}, peak ${measured(activity.peak)}.${top ? ` Most from ${top.query_id}.` : ""}`;
}

export function Summary({ page, since, activity, advice }: Props) {
  const value = activity.value;
  const apart = [page.withheld > 0 ? `${page.withheld} withheld` : "", page.not_measured > 0 ? `${page.not_measured} not measured` : ""].filter(Boolean);
  const figures: Figure[] = [
    { label: "Time in database", value: <Figures parts={durationParts(page.total_ms)} />, source: since === null ? plural(page.snapshots, "snapshot") : `${range(since)}, ${plural(page.snapshots, "snapshot")}` },
    value && value.at.length > 0
      ? { label: "Average active sessions", value: measured(value.mean), source: `peak ${measured(value.peak)}` }
      : { label: "Average active sessions", value: <span className="t3">–</span>, source: "not known yet" },
    { label: "Proved fixes", value: <>{count(page.proved)} <span className="unit">of {plural(page.findings, "finding")}</span></>, source: apart.join(", ") || "none withheld" },
    advice
      ? { label: "Planner cost removed", proved: advice.verdict === "assayed", value: <>{percentNumber((1 - advice.relative_cost) * 100)} <span className="unit">%</span></>, source: <><Hallmark verdict={advice.verdict} evidence={advice.evidence} /> for {bytes(advice.used_bytes)}</> }
      : { label: "Planner cost removed", value: <span className="t3">–</span>, source: advice === null ? <Link className="link" to="/workload/advisor">Ask the advisor</Link> : "" },
  ];
  const at = value?.at.map((one) => Date.parse(one)) ?? [];
  return (
    <section className="card sum-grid" aria-label="Summary">
      <FigureStrip figures={figures} shape="two" bare />
      <div className="body">
        {value === undefined && activity.error === null && <Loading rows={4} rowHeight={40} what="active sessions" />}
        {value === undefined && activity.error !== null && <p className="t2">Active sessions can't be shown now.</p>}
        {value !== undefined && at.length >= 2 && <Plot title="Active sessions" at={at} series={series(value)} says={says(value)} />}
        {value !== undefined && at.length < 2 && (
          <><h2 className="label">Active sessions</h2><p className="t2 mt-2">Not known yet: it takes three snapshots to tell how load moves. Scan again in a minute, or have scans run by themselves in Sources.</p></>
        )}
      </div>
    </section>
  );
}
