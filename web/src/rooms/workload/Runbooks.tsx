// The runbooks of the chosen indexes, one at a time; copied or saved, never run from here.
import type { Recommendation } from "@assay/client";
import { useState } from "react";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { saveFile } from "../../kit/copy";
import { CopyButton } from "../../kit/CopyButton";
import { Hallmark } from "../../kit/Hallmark";
import { Icon } from "../../kit/Icon";
import { Runbook } from "../../kit/Runbook";
import { Segments } from "../../kit/Segments";
import { Shown } from "../../shell/Shown";
import { fileName, useRunbook } from "./RunbookPanel";

/** So many fit beside each other. */
const FEW = 4;

/** Table names, told apart by a number when one comes twice. */
function tabs(recs: readonly Recommendation[]): { key: string; word: string }[] {
  const seen = new Map<string, number>();
  return recs.map((rec) => {
    const table = rec.table.replace(/^public\./, "");
    const times = (seen.get(table) ?? 0) + 1;
    seen.set(table, times);
    return { key: rec.id, word: times > 1 ? `${table} ${times}` : table };
  });
}

export function Runbooks({ recs, account }: { recs: readonly Recommendation[]; account: string }) {
  const [picked, setPicked] = useState<string | null>(null);
  const id = recs.find((rec) => rec.id === picked)?.id ?? recs[0]?.id ?? null;
  const answer = useRunbook(id);
  const runbook = answer.value;
  return (
    <Card title="Runbook" beside={runbook && !answer.old && <Hallmark verdict={runbook.verdict} evidence={runbook.evidence} />} end={runbook && <CopyButton text={runbook.script} name="Copy the runbook" />}>
      <div className="body tight">
        {recs.length <= FEW ? <Segments label="Index" choices={tabs(recs)} chosen={id ?? ""} onChoose={setPicked} /> : (
          <select className="input" aria-label="Index" value={id ?? ""} onChange={(event) => setPicked(event.target.value)}>
            {recs.map((rec) => <option key={rec.id} value={rec.id}>{rec.title}</option>)}
          </select>
        )}
      </div>
      <Shown answer={answer} what="the runbook" rows={5} bare>
        {(book) => (
          <>
            <Runbook runbook={book} />
            <div className="body stack gap-3">
              <p className="note"><Icon name="lock" /><span>Assay runs nothing here. Its role <span className="mono small">{account}</span> only reads: run the file yourself, with a role that owns the table.</span></p>
              <div className="row"><Button icon="download" onClick={() => saveFile(`${fileName(book.title)}.sql`, book.script, "application/sql")}>Download .sql</Button></div>
            </div>
          </>
        )}
      </Shown>
    </Card>
  );
}
