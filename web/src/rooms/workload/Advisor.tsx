// The index advisor: what each megabyte of indexes is worth, which are chosen, and how to build them.
import type { IndexAdvice, Recommendation, Source } from "@assay/client";
import { useCallback, useMemo, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { saveFile } from "../../kit/copy";
import { Empty } from "../../kit/Empty";
import { Failed } from "../../kit/Failed";
import { brief, bytesParts, count, percentNumber, plural, signed } from "../../kit/figures";
import { FigureStrip, type Figure } from "../../kit/FigureStrip";
import { Hallmark } from "../../kit/Hallmark";
import { JobProgress } from "../../kit/JobProgress";
import { useKeys } from "../../kit/keys";
import { Mark } from "../../kit/Mark";
import { PageHead } from "../../kit/PageHead";
import type { Act } from "../../kit/palette-rank";
import { addsIndex } from "../../kit/words";
import { usePageActs } from "../../shell/acts";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { runJob, stopJob } from "../../shell/jobs";
import { Shown } from "../../shell/Shown";
import { useSource } from "../../shell/sources";
import { toast, toastError } from "../../shell/toasts";
import { Chosen } from "./Chosen";
import { Curve } from "./Curve";
import { NoSource } from "./NoSource";
import { OtherAdvice } from "./OtherAdvice";
import { Proposed } from "./Proposed";
import { CHANGED_BY_SCAN, useRecommendations } from "./questions";
import { Runbooks } from "./Runbooks";
import { useRunning } from "./scan";

interface Advising {
  running: boolean;
  error: unknown;
  start: (budgetMb: number | null) => void;
}

function useAdvise(source: string | null): Advising {
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = useCallback((budgetMb: number | null) => {
    if (source === null) return;
    setRunning(true);
    setError(null);
    runJob(() => assay.post("/api/v1/advice", { body: { source, budget_mb: budgetMb } }))
      .then((job) => { CHANGED_BY_SCAN.forEach(renew); toast({ state: job.state === "done" ? "ok" : "unknown", title: job.state === "done" ? "Advice computed" : "Advice stopped" }); })
      .catch((wrong: unknown) => { setError(wrong); toastError("The advice failed", wrong); })
      .finally(() => setRunning(false));
  }, [source]);
  return { running, error, start };
}

function figures(advice: IndexAdvice, chosen: number): Figure[] {
  const used = bytesParts(advice.used_bytes);
  const budget = advice.budget_bytes === null ? null : bytesParts(advice.budget_bytes);
  return [
    { label: "Workload cost", proved: advice.verdict === "assayed", value: <>{percentNumber(advice.relative_cost * 100)} <span className="unit">% of today</span></>, source: <Hallmark verdict={advice.verdict} evidence={advice.evidence} /> },
    { label: "Storage used", value: <>{used.figure} <span className="unit">{budget ? `${used.unit === budget.unit ? "" : used.unit + " "}of ${budget.figure}\u00a0${budget.unit}` : used.unit}</span></>, source: budget ? "by hypopg" : "by hypopg, no budget" },
    { label: "New indexes", value: count(chosen), source: `${count(advice.rejected)} rejected` },
    { label: "Write overhead", value: advice.write_overhead_pct === null ? <span className="t3">–</span> : <>{signed(advice.write_overhead_pct).replace("\u00a0%", "")} <span className="unit">%</span></>, source: advice.write_overhead_pct === null ? "not measured" : "modelled, over all writes" },
    { label: "Made dearer", spare: true, value: <>{count(advice.dearer)} <span className="unit">of {count(advice.statements)}</span></>, source: <><Mark state={advice.dearer > 0 ? "warning" : advice.unplanned > 0 ? "unknown" : "ok"} />{advice.unplanned === 0 ? `all ${count(advice.statements)} costed` : `${plural(advice.unplanned, "statement")} not planned`}</> },
  ];
}

function Advice({ advice, items, source, advise, busy }: { advice: IndexAdvice; items: readonly Recommendation[]; source: Source; advise: Advising; busy: boolean }) {
  const chosen = advice.steps.filter((step) => step.chosen && step.recommendation_id !== null);
  const byId = new Map(items.map((rec) => [rec.id, rec]));
  const added = chosen.map((step) => byId.get(step.recommendation_id ?? "")).filter((rec) => rec !== undefined);
  const shownAbove = new Set(added.map((rec) => rec.id));
  return (
    <div className="stack">
      <FigureStrip figures={figures(advice, chosen.length)} shape="five" label="Advice in figures" />
      {advice.summary && <p className="t2">{advice.summary}{advice.worded_by !== "embedded" && <span className="small"> Worded by {advice.worded_by}, its figures checked.</span>}</p>}
      <div className="advisor-grid">
        <div className="stack">
          {advice.steps.length > 0 && <Curve advice={advice} busy={busy} onBudget={advise.start} />}
          <Chosen advice={advice} byId={byId} />
          {advice.models && <Proposed part={advice.models} />}
          <OtherAdvice recs={items.filter((rec) => !shownAbove.has(rec.id))} />
        </div>
        {added.length > 0 && <Runbooks recs={biggestFirst(added, advice)} account={source.account} />}
      </div>
    </div>
  );
}

/** The index that takes most off stands first, since it is built first. */
function biggestFirst(recs: readonly Recommendation[], advice: IndexAdvice): Recommendation[] {
  const points = new Map(advice.steps.map((step, at) => [step.recommendation_id, (advice.steps[at - 1]?.relative_cost ?? 1) - step.relative_cost]));
  return [...recs].sort((a, b) => (points.get(b.id) ?? 0) - (points.get(a.id) ?? 0));
}

/** All runbooks of the chosen indexes as one file. */
async function saveRunbooks(recs: readonly Recommendation[], name: string): Promise<void> {
  const books = await Promise.all(recs.map((rec) => assay.get("/api/v1/recommendations/{id}/runbook", { path: { id: rec.id } })));
  saveFile(`runbook-${name}.sql`, books.map((book) => book.script).join("\n\n"), "application/sql");
}

export default function Advisor() {
  const source = useSource();
  const answer = useRecommendations(source?.id ?? null);
  const advise = useAdvise(source?.id ?? null);
  const job = useRunning("workload.advise");
  const busy = advise.running || job !== undefined;
  const value = answer.value;
  const advice = value?.advice ?? null;
  useTitle("Advisor");
  useKeys({ r: { does: "Refresh", run: answer.again } });
  const start = advise.start;
  usePageActs(useMemo((): Act[] => [{ id: "advise", title: "Compute the index advice again", kind: "page", place: "Workload", icon: "replay", run: () => start(null) }], [start]));
  if (source === null) return <><PageHead title="Index advisor" /><NoSource /></>;
  const chosen = (value?.items ?? []).filter((rec) => rec.verdict === "assayed" && addsIndex(rec.type) && advice?.steps.some((step) => step.chosen && step.recommendation_id === rec.id));
  return (
    <>
      <PageHead
        title="Index advisor"
        facts={advice && <><span>{plural(advice.statements, "statement")}, weighted by calls</span><span>{plural(advice.what_if_calls, "what-if plan")} in {brief(advice.took_ms)}</span><span>computed <Age at={advice.computed_at} /></span></>}
        acts={advice && <>
          <Button icon="replay" busy={busy} disabled={busy} onClick={() => start(advice.budget_bytes === null ? null : advice.budget_bytes / 1e6)}>Compute again</Button>
          {chosen.length > 0 && <Button kind="primary" icon="download" onClick={() => void saveRunbooks(chosen, source?.name ?? "assay").catch((error: unknown) => toastError("Can't save the runbooks", error))}>Runbook for {chosen.length}</Button>}
        </>}
      />
      {job && <section className="card mb-4" aria-label="Advice"><div className="body"><JobProgress job={job} title={`Index advice for ${source?.name ?? ""}`} onStop={() => void stopJob(job.id)} /></div></section>}
      {advise.error !== null && <section className="card mb-4"><Failed error={advise.error} what="The advice failed" still="The last advice stays below." onAgain={() => start(null)} /></section>}
      <Shown answer={answer} what="the advice" rows={10}>
        {(page) => page.advice && source ? <Advice advice={page.advice} items={page.items} source={source} advise={advise} busy={busy} /> : (
          <div className="stack">
            {!job && <section className="card">
              <Empty brand title="Which indexes would help?" command="assay recommend" acts={<Button kind="primary" icon="play" busy={busy} disabled={busy} onClick={() => start(null)}>Compute the advice</Button>}>
                The advisor plans the whole workload with indexes that do not exist (hypopg) and keeps those that make it cheaper and no statement dearer. Nothing is built.
              </Empty>
            </section>}
            {page.items.length > 0 && <OtherAdvice recs={page.items} />}
          </div>
        )}
      </Shown>
    </>
  );
}
