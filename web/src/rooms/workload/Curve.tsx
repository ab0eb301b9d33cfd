// The step curve with its budget; letting the slider go computes the advice again within that budget.
import type { AdviceStep, IndexAdvice } from "@assay/client";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { bytes, plural } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { reach, StepCurve, topOf } from "../../kit/StepCurve";
import { AsTable } from "../../kit/AsTable";
import { share } from "../../kit/figures";

const MB = 1_000_000;

/** The steps that stand on the curve: what would fit and was not chosen gains nothing, and is left out. */
export function onCurve(advice: Pick<IndexAdvice, "steps" | "budget_bytes">): AdviceStep[] {
  return advice.steps.filter((step) => step.chosen || (advice.budget_bytes !== null && step.bytes > advice.budget_bytes));
}

export function Curve({ advice, busy, onBudget }: { advice: IndexAdvice; busy: boolean; onBudget: (mb: number) => void }) {
  const steps = onCurve(advice);
  const given = advice.budget_bytes === null ? null : Math.round(advice.budget_bytes / MB);
  const top = Math.max(topOf(steps), given !== null && given < topOf(steps) * 1.5 ? given : 0);
  const start = Math.min(top, given ?? Math.ceil(advice.used_bytes / MB));
  const [budget, setBudget] = useState(start);
  const settled = useRef(start);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => { setBudget(start); settled.current = start; }, [start, advice.computed_at]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const reached = reach(steps, budget * MB);
  const settle = () => {
    clearTimeout(timer.current);
    if (budget === settled.current || budget === 0 || busy) return;
    timer.current = setTimeout(() => { settled.current = budget; onBudget(budget); }, 900);
  };
  return (
    <Card title="How much is each megabyte worth?" beside={<Hallmark verdict={advice.verdict} evidence={advice.evidence} />} end="planner cost, not time">
      <div className="body">
        <div className="max-w-[760px]">
          <AsTable caption="Storage and cost, index by index" head={["Index", "Storage in all", "Cost of today's", "Chosen"]} rows={() => advice.steps.map((step) => [step.title, bytes(step.bytes), share(step.relative_cost), step.chosen ? "yes" : "no"])}>
            <StepCurve steps={steps} top={top} budget={budget} onMove={(mb) => { clearTimeout(timer.current); setBudget(mb); }} onSettle={settle} disabled={busy} />
          </AsTable>
        </div>
        <div className="between mt-1 flex-wrap">
          <span>
            <b className="strong">Budget {budget}{"\u00a0"}MB</b> <span className="t2">buys {plural(reached.bought, "index", "indexes")}{reached.used > 0 && ` of ${bytes(reached.used)}`}.{reached.next && ` The next one needs ${bytes(reached.next.bytes - budget * MB)} more.`}</span>
          </span>
          {budget !== settled.current && budget > 0 && !busy && <Button icon="play" onClick={() => { clearTimeout(timer.current); settled.current = budget; onBudget(budget); }}>Advise within {budget}{"\u00a0"}MB</Button>}
        </div>
        <p className="small t3 mt-1">Drag, or press left and right for 1{"\u00a0"}MB, Page Up and Page Down for the next index. Letting go computes the advice again within the budget.</p>
      </div>
    </Card>
  );
}
