// The list of bottlenecks as a file, all pages of it, with what is missing said.
import type { Bottleneck, BottleneckPage } from "@assay/client";
import { csv, saveFile } from "../../kit/copy";
import { readBottlenecks, type BottleneckQuestion } from "./questions";

const HEAD = ["query_id", "title", "sql", "total_ms", "share", "calls", "mean_ms", "stddev_ms", "max_ms", "rows", "shared_blocks_hit", "shared_blocks_read", "temp_blocks_written", "reason", "fix", "ddl", "verdict", "evidence", "planner_cost_improvement_pct", "last_seen"];

function row(one: Bottleneck): unknown[] {
  const { load, recommendation: rec } = one;
  return [one.query_id, one.title, one.sql.text, load.total_ms, load.share, load.calls, load.mean_ms, load.stddev_ms, load.max_ms, load.rows, load.shared_blocks_hit, load.shared_blocks_read, load.temp_blocks_written, one.reason, rec?.title, rec?.ddl, rec?.verdict, rec?.evidence.join(" "), rec?.improvement_pct, one.last_seen];
}

/** The page as CSV; what could not be read is said in its last lines. */
export function asCsv(page: BottleneckPage): string {
  return csv([HEAD, ...page.items.map(row)]) + page.partial.map((sentence) => csv([["# partial", sentence]])).join("");
}

export async function exportBottlenecks(question: BottleneckQuestion, kind: "csv" | "json"): Promise<number> {
  const page = await readBottlenecks({ ...question, pages: 40 }, undefined, 250);
  const name = `bottlenecks-${page.source_name}-${new Date().toISOString().slice(0, 16).replace(":", "")}`;
  if (kind === "csv") saveFile(`${name}.csv`, asCsv(page), "text/csv");
  else saveFile(`${name}.json`, JSON.stringify(page, null, 2), "application/json");
  return page.items.length;
}
