// What a run gave: rows, how they came, and ways to take them along; or why there are none.
import { CopyButton } from "../../kit/CopyButton";
import { Failed } from "../../kit/Failed";
import { Hallmark } from "../../kit/Hallmark";
import { Mark } from "../../kit/Mark";
import { Button } from "../../kit/Button";
import { brief, clock, count, plural } from "../../kit/figures";
import { asCsv, asJson, asMarkdown } from "../../kit/grid-text";
import { ResultGrid } from "../../kit/ResultGrid";
import { MOST_ROWS, run as runAgain, stop, type Run, type Turn } from "./talk";

export function Rows({ turn, run }: { turn: Turn; run: Run }) {
  if (run.state === "running") {
    return <div className="job waiting"><div className="between"><span className="t2 small">{turn.source.name} runs it, read-only</span><Button kind="quiet" icon="stop" onClick={() => stop(turn)}>Stop waiting</Button></div><svg className="progress" viewBox="0 0 320 4" preserveAspectRatio="none" role="progressbar" aria-label="The SQL runs"><rect className="bar-accent unknown-share" width={80} height={4} /></svg></div>;
  }
  if (run.state === "stopped") return <p className="t2">Stopped waiting. The database ends a statement at its time limit.</p>;
  if (run.state === "failed" || !run.result) return <Failed compact error={run.error} what="It did not run" onAgain={() => void runAgain(turn)} />;
  const { rows: grid, verdict, evidence } = run.result;
  return (
    <section className="result" aria-label="Rows">
      {grid.columns.length > 0 && <ResultGrid grid={grid} label={`${plural(grid.rows.length, "row")} of ${turn.source.name}`} />}
      {grid.rows.length === 0 && <p className="none t2">No row fits.</p>}
      {(grid.more || grid.rows.length >= MOST_ROWS) && <p className="more"><Mark state="warning" /><span>{grid.more ? `There are more rows. Only the first ${count(grid.rows.length)} are read.` : `${count(MOST_ROWS)} rows are the most that is read; there may be more.`}</span></p>}
      <footer>
        <Mark state="ok" />
        <span>{plural(grid.rows.length, "row")} in {brief(grid.tookMs)}, read-only, as {turn.source.account}. You confirmed the run at {clock(run.at)} UTC.</span>
        <Hallmark verdict={verdict} evidence={evidence} />
        <span className="row gap-1 ml-auto">
          <CopyButton text={() => asCsv(grid)} name="Copy as CSV">CSV</CopyButton>
          <CopyButton text={() => asMarkdown(grid)} name="Copy as Markdown">Markdown</CopyButton>
          <CopyButton text={() => asJson(grid)} name="Copy as JSON">JSON</CopyButton>
        </span>
      </footer>
    </section>
  );
}
