// The columns of the list of bottlenecks.
import type { Bottleneck } from "@assay/client";
import { Duration } from "../../kit/Duration";
import { count, duration, gain, measured, share } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { ShareBar } from "../../kit/ShareBar";
import { Sparkline, type SparkPoint } from "../../kit/Sparkline";
import { SqlSpans } from "../../kit/Sql";
import { StatusMark } from "../../kit/StatusMark";
import { severityMark } from "../../kit/words";
import type { Column } from "../../kit/Table";
import { Age } from "../../kit/Age";
import { Link } from "../../shell/Link";
import type { State } from "../../kit/Mark";

/** Load over time as active sessions: ms of work in a second. */
export function trendPoints(trend: Bottleneck["trend"]): SparkPoint[] {
  return trend.map((point) => ({ at: Date.parse(point.at), span: point.seconds * 1000, value: point.seconds > 0 ? point.total_ms / 1000 / point.seconds : 0 }));
}

function findingMark(row: Bottleneck): State {
  if (row.finding) return severityMark(row.finding.severity);
  if (row.reason === "Healthy") return "ok";
  return row.recommendation ? "warning" : "unknown";
}

/** The act of a fix, short enough for a row. */
function shortTitle(title: string): string {
  return title.replace(/^Create an? (partial |expression |covering |composite )?index on /i, "Index ").replace(/^Create statistics on /i, "Statistics on ");
}

const NOT_PROVED: Record<string, string> = { estimate: "not measured", withheld: "withheld", stale: "stale", failed: "check failed" };

function Fix({ row }: { row: Bottleneck }) {
  const rec = row.recommendation;
  if (!rec) {
    const words = row.finding ? "No fix found" : row.reason === "Healthy" ? "Nothing to fix" : "Not looked at yet";
    return <div className="cell2"><span>{words}</span><span className="second">seen <Age at={row.last_seen} /></span></div>;
  }
  const proved = rec.verdict === "assayed" && rec.improvement_pct !== null;
  return (
    <div className="cell2">
      <span title={rec.title}>{shortTitle(rec.title)}</span>
      <span className="second fix">
        {proved && <span className="gain">{gain(rec.improvement_pct ?? 0)} cost</span>}
        <Hallmark verdict={rec.verdict} evidence={rec.evidence} />
        {!proved && rec.evidence.length > 0 && <span className="clip" title={rec.withheld_reason ?? rec.missing.join(" ")}>{NOT_PROVED[rec.verdict] ?? ""}</span>}
      </span>
    </div>
  );
}

export function columns(top: number): Column<Bottleneck>[] {
  return [
    {
      key: "query", head: "Query",
      cell: (row) => (
        <Link className="cell2 row-link" to={`/workload/queries/${row.query_id}`} title={row.sql.text}>
          <span className="first-mono"><SqlSpans spans={row.sql.spans} /></span>
          <span className="second">{row.query_id} · {row.title}</span>
        </Link>
      ),
    },
    { key: "trend", head: "Trend", width: "col-112", hide: "hide-m", cell: (row) => <Sparkline points={trendPoints(row.trend)} says={`Load of ${row.query_id} over ${row.trend.length} intervals`} /> },
    {
      key: "total", head: "Total time", width: "col-140", num: true, sort: "total",
      cell: (row) => (
        <div className="share">
          <span><b className="strong">{duration(row.load.total_ms)}</b> <span className="t3">{share(row.load.share)}</span></span>
          <ShareBar share={top > 0 ? row.load.share / top : 0} />
        </div>
      ),
    },
    { key: "calls", head: "Calls", width: "col-80", hide: "hide-m", num: true, sort: "calls", cell: (row) => count(row.calls) },
    { key: "mean", head: "Mean", width: "col-92", hide: "hide-n", num: true, sort: "mean", cell: (row) => (row.mean_ms < 10_000 && row.mean_ms >= 0.01 ? <>{measured(row.mean_ms)}{"\u00a0"}<span className="unit">ms</span></> : <Duration ms={row.mean_ms} />) },
    { key: "finding", head: "Finding", width: "col-192", cell: (row) => <StatusMark wrap state={findingMark(row)} title={row.finding?.rationale ?? row.reason}>{row.reason}</StatusMark> },
    { key: "fix", head: "Best fix", width: "col-264", cell: (row) => <Fix row={row} /> },
  ];
}
