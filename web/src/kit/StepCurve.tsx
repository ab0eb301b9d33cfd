// Storage against cost as a step curve, with the budget's slider drawn under the axis at the same scale.
import type { AdviceStep } from "@assay/client";
import { bytes, percentNumber } from "./figures";
import { ticks } from "./scale";
import { useWidth } from "./use-width";

const LEFT = 48;
const RIGHT = 20;
const TOP = 16;
const FLOOR = 228;
const MB = 1_000_000;

/** What a budget buys: the relative cost reached and the steps that fit, taken in order. */
export function reach(steps: readonly AdviceStep[], budget: number): { cost: number; bought: number; used: number; next: AdviceStep | null } {
  let cost = 1;
  let bought = 0;
  let used = 0;
  for (const step of steps) {
    if (step.bytes > budget) return { cost, bought, used, next: step };
    cost = step.relative_cost;
    used = step.bytes;
    bought++;
  }
  return { cost, bought, used, next: null };
}

interface Props {
  steps: readonly AdviceStep[];
  /** MB the slider goes to. */
  top: number;
  /** MB. */
  budget: number;
  onMove: (budget: number) => void;
  /** The hand let go. */
  onSettle: () => void;
  disabled?: boolean;
}

/** A round top of the axis, a little more than all steps together. */
export function topOf(steps: readonly AdviceStep[]): number {
  const last = steps[steps.length - 1];
  const marks = ticks(Math.max(1, ((last?.bytes ?? 0) / MB) * 1.15), 5);
  return marks[marks.length - 1] ?? 1;
}

export function StepCurve({ steps, top, budget, onMove, onSettle, disabled = false }: Props) {
  const [box, width] = useWidth(680);
  const x = (mb: number) => LEFT + (Math.min(mb, top) / top) * (width - LEFT - RIGHT);
  const y = (relative: number) => FLOOR - Math.min(1, relative) * (FLOOR - TOP);
  const reached = reach(steps, budget * MB);
  const line = steps.reduce((path, step) => `${path}H${x(step.bytes / MB).toFixed(1)}V${y(step.relative_cost).toFixed(1)}`, `M${x(0)} ${y(1).toFixed(1)}`) + `H${width - RIGHT}`;
  const bought = steps.slice(0, reached.bought);
  const shade = bought.reduce((path, step) => `${path}H${x(step.bytes / MB).toFixed(1)}V${y(step.relative_cost).toFixed(1)}`, `M${x(0)} ${y(1).toFixed(1)}`) + `H${x(budget).toFixed(1)}V${FLOOR}H${LEFT}z`;
  const marks = ticks(top, width < 480 ? 3 : 5).filter((mark) => mark <= top);
  const right = x(budget) > width - 170;
  const steepest = biggest(steps);
  const says = `Workload cost against index storage. ${steps.map((step) => `${bytes(step.bytes)}: ${percentNumber(step.relative_cost * 100)} %`).join("; ")}.`;

  const keys = (event: React.KeyboardEvent<HTMLInputElement>) => {
    const places = steps.map((step) => Math.ceil(step.bytes / MB));
    if (event.key === "PageUp") { event.preventDefault(); onMove(Math.min(top, places.find((place) => place > budget) ?? top)); }
    if (event.key === "PageDown") { event.preventDefault(); onMove([0, ...places].filter((place) => place < budget).pop() ?? 0); }
  };

  return (
    <div ref={box}>
      <svg className="plot" width={width} height={252} viewBox={`0 0 ${width} 252`} role="img" aria-label={says}>
        {[0, 25, 50, 75, 100].map((percent) => (
          <g key={percent}>
            <path className={percent === 0 ? "axis" : "grid-line"} d={`M${LEFT} ${y(percent / 100)}H${width - RIGHT}`} />
            <text x={LEFT - 8} y={y(percent / 100) + 4} textAnchor="end">{percent}{"\u00a0"}%</text>
          </g>
        ))}
        {marks.map((mark) => <text key={mark} x={x(mark)} y={246} textAnchor={mark === top ? "end" : "middle"}>{mark}{mark === top ? "\u00a0MB" : ""}</text>)}
        <path className="band" d={shade} />
        <path className="curve" d={line} />
        {steps.map((step, at) => (
          <circle key={step.title + at} className={at < reached.bought ? "dot-accent" : "dot-ring"} cx={x(step.bytes / MB)} cy={y(step.relative_cost)} r={at < reached.bought ? 4 : 3.5}>
            <title>{`${step.title}: ${bytes(step.bytes)} in all, ${percentNumber(step.relative_cost * 100)} % of today's cost`}</title>
          </circle>
        ))}
        {steepest && (
          <text className="label-2" x={x(steepest.step.bytes / MB) + 10} y={y(steepest.step.relative_cost) - 8}>
            {steepest.table}: −{percentNumber(steepest.points)} points
          </text>
        )}
        <path className="reference" d={`M${x(budget).toFixed(1)} ${TOP}V${FLOOR}`} />
        <text className="strong-label" x={x(budget) + (right ? -8 : 8)} y={24} textAnchor={right ? "end" : "start"}>budget {budget}{"\u00a0"}MB</text>
        <text className="label-2" x={x(budget) + (right ? -8 : 8)} y={40} textAnchor={right ? "end" : "start"}>{percentNumber(reached.cost * 100)}{"\u00a0"}% of today's cost</text>
      </svg>
      <div className="slider">
        <input
          type="range" min={0} max={top} step={1} value={budget} disabled={disabled}
          aria-label="Storage budget"
          aria-valuetext={`${budget} megabytes, ${percentNumber(reached.cost * 100)} percent of the cost`}
          onChange={(event) => onMove(Number(event.target.value))}
          onKeyDown={keys} onKeyUp={onSettle} onPointerUp={onSettle}
        />
      </div>
    </div>
  );
}

/** The step that takes most off, when it stands out enough to be named. */
function biggest(steps: readonly AdviceStep[]): { step: AdviceStep; points: number; table: string } | null {
  let before = 1;
  let best: { step: AdviceStep; points: number; table: string } | null = null;
  for (const step of steps) {
    const points = (before - step.relative_cost) * 100;
    if (points > (best?.points ?? 15)) best = { step, points, table: step.title.replace(/^Create an? .*?index on /i, "").split(" (")[0] ?? step.title };
    before = step.relative_cost;
  }
  return best;
}
