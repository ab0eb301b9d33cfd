// The runbook of one recommendation: asked for when it is opened; copied or saved, never run from here.
import type { Runbook as Noun } from "@assay/client";
import { Button } from "../../kit/Button";
import { saveFile } from "../../kit/copy";
import { CopyButton } from "../../kit/CopyButton";
import { Hallmark } from "../../kit/Hallmark";
import { Icon } from "../../kit/Icon";
import { Runbook } from "../../kit/Runbook";
import { useAnswer, type Answer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { Shown } from "../../shell/Shown";

export function useRunbook(id: string | null): Answer<Noun> {
  return useAnswer(id && `runbook:${id}`, (signal) => assay.get("/api/v1/recommendations/{id}/runbook", { path: { id: id! }, signal }), { fresh: 60_000 });
}

/** A name for a file, from a title. */
export function fileName(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "").slice(0, 60) || "runbook";
}

export function RunbookPanel({ id }: { id: string }) {
  const answer = useRunbook(id);
  return (
    <Shown answer={answer} what="the runbook" rows={4} bare>
      {(runbook) => (
        <section className="border-t border-line" aria-label={`Runbook: ${runbook.title}`}>
          <div className="row px-4 pt-3"><b className="strong">Runbook</b><Hallmark verdict={runbook.verdict} evidence={runbook.evidence} /></div>
          <Runbook runbook={runbook} />
          <div className="body stack gap-3">
            <p className="note"><Icon name="lock" /><span>Assay runs nothing here: its role only reads. Run the file yourself, with a role that owns the table.</span></p>
            <div className="row wrap">
              <Button icon="download" onClick={() => saveFile(`${fileName(runbook.title)}.sql`, runbook.script, "application/sql")}>Download .sql</Button>
              <CopyButton kind="line" text={runbook.script}>Copy all steps</CopyButton>
            </div>
          </div>
        </section>
      )}
    </Shown>
  );
}
