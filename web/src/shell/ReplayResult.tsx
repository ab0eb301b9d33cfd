// What came of running the same checks again.
import type { Replay } from "@assay/client";
import { Failed } from "../kit/Failed";
import { brief } from "../kit/figures";
import { Mark, type State } from "../kit/Mark";

const OUTCOME: Record<Replay["outcome"], { state: State; word: string; tone: string }> = {
  same: { state: "ok", word: "The same again", tone: "" },
  changed: { state: "warning", word: "Changed since", tone: "warning" },
  cannot: { state: "unknown", word: "Can't be replayed", tone: "" },
};

interface Props {
  busy: boolean;
  result: Replay | null;
  error: unknown;
  onOpen: (id: string) => void;
}

export function ReplayResult({ busy, result, error, onOpen }: Props) {
  const outcome = result ? OUTCOME[result.outcome] : null;
  return (
    <section aria-live="polite">
      <h3>Replay</h3>
      {busy && <p className="note"><Mark state="busy" /><span>The same checks run again now.</span></p>}
      {error !== null && error !== undefined && <Failed error={error} what="Can't replay" compact />}
      {result && outcome && (
        <div className={`note ${outcome.tone}`}>
          <Mark state={outcome.state} />
          <div>
            <b>{outcome.word}.</b> {result.reason}
            {result.changes.length > 0 && <ul>{result.changes.map((change) => <li key={change}>{change}</li>)}</ul>}
            <span className="t2"> {brief(result.took_ms)}{result.again && <>, written as <button type="button" className="link" onClick={() => onOpen(result.again ?? "")}>{result.again}</button></>}.</span>
          </div>
        </div>
      )}
    </section>
  );
}
