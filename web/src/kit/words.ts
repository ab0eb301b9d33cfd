// How the verdicts, risks and kinds of the API are said.
import type { Finding, Recommendation, Source, Verdict } from "@assay/client";
import type { ChipTone } from "./Chip";
import type { State } from "./Mark";

/** The chip beside a recommendation: how it was checked. */
export const VERDICT_CHIP: Record<Verdict, { word: string; tone: ChipTone }> = {
  assayed: { word: "Proved by the planner", tone: "accent" },
  estimate: { word: "Estimate, not proved", tone: "fact" },
  withheld: { word: "Withheld", tone: "warning" },
  stale: { word: "Stale evidence", tone: "unknown" },
  failed: { word: "Check failed", tone: "critical" },
};

export const RISK_CHIP: Record<Recommendation["risk"], { word: string; tone: ChipTone }> = {
  low: { word: "Low risk", tone: "ok" },
  medium: { word: "Medium risk", tone: "warning" },
  high: { word: "High risk", tone: "critical" },
};

export const SOURCE_MARK: Record<Source["state"], State> = { online: "ok", degraded: "warning", offline: "offline", unknown: "unknown" };
export const SOURCE_WORD: Record<Source["state"], string> = { online: "online", degraded: "degraded", offline: "offline", unknown: "not asked yet" };

export const ENGINE_WORD: Record<string, string> = { postgresql: "PostgreSQL", mysql: "MySQL", sqlite: "SQLite" };

export function severityMark(severity: Finding["severity"]): State {
  return severity;
}

const TYPES: Record<Recommendation["type"], string> = {
  missing_index: "Missing index", composite_index: "Composite index", covering_index: "Covering index", join_index: "Join index",
  partial_index: "Partial index", expression_index: "Expression index", correlated_subquery: "Rewrite", rewrite: "Rewrite", redundant_index: "Redundant index",
  unused_index: "Unused index", cardinality_issue: "Statistics", unimaginable_index: "Index the planner can't imagine",
};

export function typeWord(type: Recommendation["type"]): string {
  return TYPES[type] ?? type;
}

/** Whether a recommendation adds an index, so that it has a place on the storage curve. */
export function addsIndex(type: Recommendation["type"]): boolean {
  return ["missing_index", "composite_index", "covering_index", "join_index", "partial_index", "expression_index"].includes(type);
}
