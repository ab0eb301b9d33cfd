// SQL to look at before it runs: clause by clause, how sure, what was checked, other readings, and its rows.
import { Button } from "../../kit/Button";
import { CopyButton } from "../../kit/CopyButton";
import { Hallmark } from "../../kit/Hallmark";
import { Mark } from "../../kit/Mark";
import { brief, plural } from "../../kit/figures";
import { SqlSpans } from "../../kit/Sql";
import { frequency } from "./announced";
import { keyOf, rows, type Row } from "./clauses";
import { Rows } from "./Rows";
import { choose, isBusy, judge, run, THRESHOLD, type Reading, type Turn } from "./talk";
import type { Light } from "./TurnView";

interface Props {
  turn: Turn;
  reading: Reading;
  light: Light;
  /** Underline of each words of the question. */
  tones: ReadonlyMap<string, number>;
}

export function ReadingView({ turn, reading, light, tones }: Props) {
  const runs = turn.run?.state === "running";
  const mayRun = reading.verdict === "assayed";
  return (
    <div className="reading">
      <div className="clauses-box" tabIndex={0} role="group" aria-label="SQL, clause by clause">
        <table className="clauses"><caption className="sr">SQL, clause by clause</caption>
          <tbody>{rows(reading.sql, reading.explanation).map((row, at) => <ClauseRow key={at} row={row} light={light} tones={tones} bare={reading.explanation.length === 0} />)}</tbody>
        </table>
      </div>
      <div className="sureness">
        {reading.confidence !== null && <Confidence value={reading.confidence} />}
        <Hallmark verdict={reading.verdict} evidence={reading.evidence} />
        <span className="flex-1" />
        <CopyButton kind="line" text={reading.sql} name="Copy the SQL">Copy</CopyButton>
        {mayRun && <Button kind={turn.run ? "line" : "primary"} icon="play" busy={runs} disabled={isBusy(turn)} onClick={() => void run(turn)}>{turn.run && !runs ? "Run again" : "Confirm and run"}</Button>}
      </div>
      {reading.warnings.length > 0 && (
        <div className={`note ${mayRun ? "warning" : "critical"}`}><Mark state={mayRun ? "warning" : "critical"} /><ul>{reading.warnings.map((one) => <li key={one}>{sentence(one)}</li>)}</ul></div>
      )}
      <Checked reading={reading} />
      {reading.others.length > 0 && <Others turn={turn} reading={reading} />}
      {reading.answerId && mayRun && <Judgement turn={turn} />}
      {turn.run && <Rows turn={turn} run={turn.run} />}
    </div>
  );
}

/** Whether it is what was meant: kept, and used when the question comes again. */
function Judgement({ turn }: { turn: Turn }) {
  if (turn.judged !== null) return <p className="small t2" role="status">{turn.judged ? "Kept: this is what the question means here." : "Kept: this is not what was meant. Another reading may be."}</p>;
  return (
    <p className="judgement small t2" role="group" aria-label="Is this what you meant?">
      <span>Is this what you meant?</span>
      <button type="button" className="link small" onClick={() => void judge(turn, true)}>Yes</button>
      <button type="button" className="link small" onClick={() => void judge(turn, false)}>No</button>
    </p>
  );
}

/** A sentence begins with a capital and ends with a stop. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

function ClauseRow({ row, light, tones, bare }: { row: Row; light: Light; tones: ReadonlyMap<string, number>; bare: boolean }) {
  const capped = row.clauses.length === 0 && row.spans[0]?.text.toLowerCase() === "limit";
  const keys = row.clauses.flatMap((clause) => clause.because.map(keyOf));
  const lit = light.lit !== null && keys.includes(light.lit);
  return (
    <tr className={lit ? "lit" : ""}>
      <td><SqlSpans spans={row.spans} /></td>
      {!bare && <td>{row.clauses.map((clause, at) => {
        const first = clause.because.map(keyOf).find((key) => tones.has(key));
        const over = first === undefined ? {} : { onPointerEnter: () => light.over(first), onPointerLeave: () => light.over(null), onFocus: () => light.over(first), onBlur: () => light.over(null), onClick: () => light.press(first) };
        const said = <>{clause.because.map((words) => <span key={keyOf(words)} className="from"><u className={`u${tones.get(keyOf(words)) ?? 1}`}>{words.text}</u> </span>)}<span>{clause.says}</span></>;
        return first === undefined
          ? <span key={at} className="says">{said}{clause.part !== "from" && <i className="t3" title="Nothing in the question says it">assumed</i>}</span>
          : <button key={at} type="button" className="says" aria-pressed={light.lit === first} {...over}>{said}</button>;
      })}{capped && <span className="says"><i className="t3">a cap, added by Assay</i></span>}</td>}
    </tr>
  );
}

const WIDTH = 96;

/** The calibrated chance as a frequency, with the line under which nothing is answered. */
function Confidence({ value }: { value: number }) {
  const band = value >= 0.9 ? "sure" : value >= THRESHOLD ? "fairly sure" : "not sure";
  return (
    <span className="status">
      <svg width={WIDTH} height={6} role="img" aria-label={`Confidence ${value.toFixed(2)}, ${band}; refused under ${THRESHOLD.toFixed(2)}`}>
        <rect className="bar-back" width={WIDTH} height={6} rx={3} /><rect className={value >= THRESHOLD ? "bar-accent" : "bar-warning"} width={(value * WIDTH).toFixed(1)} height={6} rx={3} />
        <path className="tick" d={`M${THRESHOLD * WIDTH} 0v6`} />
      </svg>
      <b className="strong tnum">{value.toFixed(2)}</b><span className="t2" title={band}>right in {frequency(value)}</span>
    </span>
  );
}

/** The checks that ran, and where the confidence was calibrated. */
function Checked({ reading }: { reading: Reading }) {
  const passed = reading.checks.filter((one) => one.passed).length;
  return (
    <details className="fold checked">
      <summary><span className="small t2">{passed} of {plural(reading.checks.length, "check")} passed, {reading.by}{reading.tookMs !== null && `, ${brief(reading.tookMs)}`}</span><span className="link small" data-shut="Show" data-open="Hide" /></summary>
      <ul>
        {reading.checks.map((one) => <li key={one.name}><Mark state={one.passed ? "ok" : "critical"} /><span><span className="sr">{one.passed ? "Passed: " : "Failed: "}</span>{one.name}{one.detail && <span className="t3"> {one.detail}</span>}</span></li>)}
        {reading.calibratedOn && <li><Mark state="info" /><span>Confidence is calibrated on {reading.calibratedOn}. On your own questions it may be off.</span></li>}
      </ul>
    </details>
  );
}

function Others({ turn, reading }: { turn: Turn; reading: Reading }) {
  return (
    <details className="fold checked">
      <summary><span className="small t2">{plural(reading.others.length, "other reading")}</span><span className="link small" data-shut="Show" data-open="Hide" /></summary>
      <ol className="suggestions" aria-label="Other readings">
        {reading.others.map((one) => (
          <li key={one.sql}><button type="button" onClick={() => choose(turn, one)} title={one.sql}>
            <span className="what"><span>{one.says}</span><span className="mono small t3 clip">{one.sql}</span></span><span className="small t3 num">{frequency(one.confidence)}</span>
          </button></li>
        ))}
      </ol>
    </details>
  );
}
