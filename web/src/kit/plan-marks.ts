// What a plan tree shows of a node: its mark, its words, its share of the cost.
import type { Plan, PlanNode } from "@assay/client";
import { count, measured } from "./figures";

type Marked = NonNullable<PlanNode["mark"]>;

/** The sign in the margin. */
export const SIGNS: Record<Marked, string> = { same: "=", removed: "\u2212", new: "+", changed: "~" };

/** What is spoken before the node. */
export const SPOKEN: Record<Marked, string> = { same: "unchanged: ", removed: "removed: ", new: "new: ", changed: "changed: " };

/** All nodes, parents first. */
export function nodes(root: PlanNode): PlanNode[] {
  return [root, ...root.children.flatMap(nodes)];
}

/** The node that costs most by itself, and its share; none when nothing stands out. */
export function costliest(plan: Plan): { path: string; share: number } | null {
  if (!(plan.cost > 0)) return null;
  const all = nodes(plan.root);
  const measuredPlan = plan.kind === "measured" && all.every((node) => node.actual_ms !== null);
  const own = measuredPlan ? ownTime : (node: PlanNode) => node.self_cost;
  const whole = all.reduce((sum, node) => sum + own(node), 0); // a Limit makes the plan cheaper than its parts
  const top = all.reduce((best, node) => (own(node) > own(best) ? node : best));
  const share = whole > 0 ? Math.min(1, own(top) / whole) : 0;
  return share >= 0.25 ? { path: top.path, share } : null;
}

function ownTime(node: PlanNode): number {
  return Math.max(0, (node.actual_ms ?? 0) - node.children.reduce((sum, child) => sum + (child.actual_ms ?? 0), 0));
}

/** What the node works on: its table and alias, and the index it goes through. */
export function target(node: PlanNode): string {
  const relation = node.relation ? (node.alias && node.alias !== node.relation ? `${node.relation} ${node.alias}` : node.relation) : "";
  if (node.index) return relation ? `${relation} by ${node.index}` : node.index;
  return relation;
}

/** Rows in words: measured when it ran, else estimated. */
export function rowsWord(node: PlanNode): string {
  if (node.actual_rows !== null) {
    const off = ratio(node.actual_rows / Math.max(1, node.loops ?? 1), node.rows);
    return `${count(node.actual_rows)} ${node.actual_rows === 1 ? "row" : "rows"}, estimated ${count(node.rows * Math.max(1, node.loops ?? 1))}${off >= 2 ? `, off ${measured(off)}\u00a0×` : ""}`;
  }
  return `about ${count(node.rows)} ${Math.round(node.rows) === 1 ? "row" : "rows"}`;
}

function ratio(a: number, b: number): number {
  const [small, big] = [Math.max(1, Math.min(a, b)), Math.max(1, Math.max(a, b))];
  return big / small;
}

/** Blocks in words, when they were counted. */
export function blocksWord(node: PlanNode): string | null {
  if (node.blocks_hit === null && node.blocks_read === null) return null;
  const hit = node.blocks_hit ?? 0;
  const read = node.blocks_read ?? 0;
  return `${count(hit + read)} blocks, ${read === 0 ? "all cached" : `${count(read)} read`}`;
}
