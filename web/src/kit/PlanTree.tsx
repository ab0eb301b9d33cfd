// A plan as a tree: every node with its mark, its cost and why; arrows move, the costliest stands out.
import type { Plan, PlanNode } from "@assay/client";
import { useRef, useState } from "react";
import { cost, count, duration, share } from "./figures";
import { blocksWord, costliest, nodes, rowsWord, SIGNS, SPOKEN, target } from "./plan-marks";
import { ShareBar } from "./ShareBar";

/** From here on the indent is tighter, so that words keep their room. */
const TIGHT_FROM = 4;

interface NodeProps {
  node: PlanNode;
  depth: number;
  hot: { path: string; share: number } | null;
  current: string;
  open: ReadonlySet<string>;
  onToggle: (path: string) => void;
}

function Node({ node, depth, hot, current, open, onToggle }: NodeProps) {
  const mark = node.mark;
  const isHot = hot?.path === node.path;
  const isOpen = open.has(node.path);
  const about = target(node);
  const blocks = blocksWord(node);
  const shown = isOpen ? node.detail : node.detail.slice(0, 2);
  return (
    // The tree above listens to the keys; a click only opens the conditions.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <li role="treeitem" aria-selected={current === node.path} tabIndex={current === node.path ? 0 : -1} data-path={node.path} onClick={(event) => { event.stopPropagation(); onToggle(node.path); }}>
      <div className={`node ${mark && mark !== "same" ? mark : ""} ${isHot ? "hot" : ""}`}>
        <span className="sign" aria-hidden="true">{mark ? SIGNS[mark] : ""}</span>
        <span className="operation" title={`${node.operation} ${about}`}>
          {mark && <span className="sr">{SPOKEN[mark]}</span>}
          {node.operation} <span>{about}</span>
        </span>
        <span className="cost">
          {node.actual_ms !== null ? <><b className="strong">{duration(node.actual_ms)}</b>{(node.loops ?? 1) > 1 && <span className="unit"> in {count(node.loops ?? 1)} loops</span>}</> : <><b className="strong">{cost(node.cost)}</b> <span className="unit">cost</span></>}
        </span>
        <span className="why">
          {rowsWord(node)}{blocks && `, ${blocks}`}
          {shown.map((line, at) => <span key={at} className={`detail ${isOpen ? "open" : ""}`} title={line}>{line}</span>)}
          {!isOpen && node.detail.length > 2 && <span className="t3">{node.detail.length - 2} more</span>}
          {isHot && hot && <span className="costbar"><ShareBar share={hot.share} width={96} tone="critical" />{share(hot.share)} of the plan</span>}
        </span>
      </div>
      {node.children.length > 0 && (
        <ul role="group" className={depth >= TIGHT_FROM ? "tight" : undefined}>
          {node.children.map((child) => <Node key={child.path} {...{ node: child, depth: depth + 1, hot, current, open, onToggle }} />)}
        </ul>
      )}
    </li>
  );
}

export function PlanTree({ plan, label, hot = true }: { plan: Plan; label: string; hot?: boolean }) {
  const [current, setCurrent] = useState(plan.root.path);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const tree = useRef<HTMLUListElement>(null);
  const paths = nodes(plan.root).map((node) => node.path);
  const here = paths.includes(current) ? current : plan.root.path;
  const toggle = (path: string) => {
    setCurrent(path);
    setOpen((before) => { const after = new Set(before); if (!after.delete(path)) after.add(path); return after; });
  };
  const keys = (event: React.KeyboardEvent) => {
    const at = paths.indexOf(here);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: paths.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); toggle(here); return; }
    if (goal === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = paths[Math.max(0, Math.min(paths.length - 1, goal))];
    if (next === undefined) return;
    setCurrent(next);
    tree.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(next)}"]`)?.focus();
  };
  return (
    <ul className="tree" role="tree" aria-label={label} ref={tree} onKeyDown={keys} tabIndex={-1}>
      <Node node={plan.root} depth={0} hot={hot ? costliest(plan) : null} current={here} open={open} onToggle={toggle} />
    </ul>
  );
}
