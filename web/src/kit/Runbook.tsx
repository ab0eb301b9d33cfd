// How to bring a change to production, numbered: the act, what it locks, how long; the way back is there too.
import type { Runbook as Noun, RunbookStep } from "@assay/client";
import { Sql } from "./Sql";
import { Unknown } from "./Unknown";

function Step({ step, number }: { step: RunbookStep; number: string }) {
  return (
    <li>
      <span className="no" aria-hidden="true">{number}</span>
      <b className="strong">{step.title}</b>
      <span className="says">{step.locks}, {step.takes}.</span>
      {step.sql && <Sql sql={step.brief ?? step.sql} label={`SQL of step ${number}`} />}
      {step.note && <span className="says">{step.note}</span>}
    </li>
  );
}

export function Runbook({ runbook }: { runbook: Noun }) {
  return (
    <>
      <ol className="steps">{runbook.steps.map((step, at) => <Step key={at} step={step} number={String(at + 1)} />)}</ol>
      {runbook.undo.length > 0 && (
        <section aria-label="The way back">
          <h3 className="label px-4 pt-3 pb-1 border-t border-line">The way back</h3>
          <ol className="steps">{runbook.undo.map((step, at) => <Step key={at} step={step} number={`${at + 1}`} />)}</ol>
        </section>
      )}
      {runbook.missing.length > 0 && <div className="px-4 pt-2"><Unknown missing={runbook.missing} /></div>}
    </>
  );
}
