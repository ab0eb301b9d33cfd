// What the statement really cost in the window, from the server's own counters.
import type { QueryDetail } from "@assay/client";
import { Card } from "../../kit/Card";
import { Duration } from "../../kit/Duration";
import { clock, count, duration, measured, range, share } from "../../kit/figures";
import { LinePlot } from "../../kit/LinePlot";
import { useSince } from "../../shell/sources";

/** Mean time per interval; only where it was called. */
function means(detail: QueryDetail): { at: number[]; values: number[] } {
  const points = detail.trend.filter((point) => point.calls > 0);
  return { at: points.map((point) => Date.parse(point.at)), values: points.map((point) => point.total_ms / point.calls) };
}

function says(at: readonly number[], values: readonly number[]): string {
  const first = values[0] ?? 0;
  const last = values[values.length - 1] ?? 0;
  return `Mean time per interval, ${clock(at[0] ?? 0)} to ${clock(at[at.length - 1] ?? 0)} UTC: from ${measured(first)} ms to ${measured(last)} ms, at most ${measured(Math.max(...values))} ms.`;
}

export function Measured({ detail }: { detail: QueryDetail }) {
  const since = useSince();
  const { load } = detail;
  const trend = means(detail);
  const blocks = load.shared_blocks_hit + load.shared_blocks_read;
  return (
    <Card title="Measured" end={range(since)}>
      <div className="body">
        <dl className="facts-list">
          <dt>Total</dt><dd className="num"><b className="strong">{duration(load.total_ms)}</b> <span className="t3">{share(load.share)}</span></dd>
          <dt>Calls</dt><dd className="num">{count(load.calls)}</dd>
          <dt>{load.stddev_ms === null ? "Mean" : "Mean, sd"}</dt>
          <dd className="num">{load.stddev_ms === null ? <Duration ms={load.mean_ms} /> : <>{measured(load.mean_ms)} <span className="unit">±</span> {measured(load.stddev_ms)} <span className="unit">ms</span></>}</dd>
          {load.max_ms !== null && <><dt>Longest</dt><dd className="num"><Duration ms={load.max_ms} /></dd></>}
          <dt>Rows a call</dt><dd className="num">{load.calls > 0 ? measured(load.rows / load.calls).replace(/\.00$/, "") : "0"}</dd>
          <dt>Blocks a call</dt><dd className="num">{load.calls > 0 ? count(blocks / load.calls) : "0"} <span className="t3">{blocks > 0 ? `${Math.round((load.shared_blocks_hit / blocks) * 100)}\u00a0% cached` : ""}</span></dd>
        </dl>
        {trend.values.length >= 2 && <div className="mt-2"><LinePlot at={trend.at} values={trend.values} says={says(trend.at, trend.values)} /></div>}
      </div>
    </Card>
  );
}
