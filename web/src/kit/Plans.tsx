// Two plans of one statement side by side, what changed in sentences, and what is not known.
import type { Plan, PlanComparison } from "@assay/client";
import { cost, duration, gain } from "./figures";
import { Icon } from "./Icon";
import { PlanTree } from "./PlanTree";

function Cost({ plan }: { plan: Plan }) {
  return plan.execution_ms !== null
    ? <><b className="strong">{duration(plan.execution_ms)}</b> <span className="unit">measured</span></>
    : <><b className="strong">{cost(plan.cost)}</b> <span className="unit">cost</span></>;
}

const KINDS: Record<Plan["kind"], string> = { custom: "with sampled values", generic: "generic plan", measured: "measured" };

export function Plans({ comparison, afterWord = "with the fix" }: { comparison: PlanComparison; afterWord?: string }) {
  const { before, after } = comparison;
  const better = before.cost > 0 ? (1 - after.cost / before.cost) * 100 : 0;
  return (
    <div className="plans">
      <section aria-label="Before">
        <div className="plan-head"><h3>Before</h3><span className="t3 clip">today's plan</span><span className="num"><Cost plan={before} /></span></div>
        <PlanTree plan={before} label="Plan before" />
      </section>
      <section aria-label="After">
        <div className="plan-head">
          <h3>After</h3><span className="t3 clip">{afterWord}</span>
          <span className="num"><Cost plan={after} /> <span className={better >= 0 ? "gain" : "loss"}>{gain(better)}</span></span>
        </div>
        <PlanTree plan={after} label="Plan after" hot={false} />
        <ul className="changes">
          {comparison.changes.map((change) => <li key={change}><Icon name="arrow-right" small /><Sentence text={change} /></li>)}
          {comparison.not_known.map((unknown) => <li key={unknown}><Icon name="arrow-right" small /><span><b>Not known yet:</b> {lowerFirst(unknown)}</span></li>)}
        </ul>
      </section>
    </div>
  );
}

export function SinglePlan({ plan }: { plan: Plan }) {
  return (
    <div className="plans single">
      <section aria-label={plan.kind === "measured" ? "As it ran, node by node" : "Today, node by node"}>
        <div className="plan-head"><h3>{plan.kind === "measured" ? "As it ran" : "Today"}</h3><span className="t3 clip">{KINDS[plan.kind]}</span><span className="num"><Cost plan={plan} /></span></div>
        <PlanTree plan={plan} label={plan.kind === "measured" ? "Plan as it ran" : "Plan today"} />
      </section>
    </div>
  );
}

/** The first sentence stands out, the rest explains. */
function Sentence({ text }: { text: string }) {
  const end = text.indexOf(". ");
  return end < 0 ? <span><b>{text}</b></span> : <span><b>{text.slice(0, end + 1)}</b>{text.slice(end + 1)}</span>;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
