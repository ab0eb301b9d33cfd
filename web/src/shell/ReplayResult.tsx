// What came of running the same checks again: brought into view, and said to those who listen.
import type { Replay } from "@assay/client";
import { useEffect, useRef } from "react";
import { Failed } from "../kit/Failed";
import { brief } from "../kit/figures";
import { Mark, type State } from "../kit/Mark";

const OUTCOME: Record<Replay["outcome"], { state: State; word: string; tone: string }> = {
  same: { state: "ok", word: "The same again", tone: "" },
  changed: { state: "warning", word: "Changed since", tone: "warning" },
  cannot: { state: "unknown", word: "Can't be replayed", tone: "" },
};

/** A replay that was asked for: it runs, it ended, or it could not be asked. */
export interface Replayed {
  busy: boolean;
  result: Replay | null;
  error: unknown;
}

/** What is said aloud; an error says itself. */
export function announced(replay: Replayed | null): string {
  if (!replay) return "";
  if (replay.busy) return "The checks run again.";
  if (!replay.result) return "";
  const { outcome, reason, changes } = replay.result;
  return [`${OUTCOME[outcome].word}.`, reason ?? "", ...changes].filter(Boolean).join(" ");
}

/** Stands from the start, since only what changes inside a live region is said; empty while nothing was replayed. */
export function ReplayResult({ replay, onOpen }: { replay: Replayed | null; onOpen: (id: string) => void }) {
  const section = useRef<HTMLElement>(null);
  useEffect(() => { if (replay) section.current?.scrollIntoView({ block: "nearest" }); }, [replay]);
  const result = replay?.result ?? null;
  const outcome = result ? OUTCOME[result.outcome] : null;
  return (
    <>
      {replay && (
        <section className="replay" ref={section}>
          <h3>Replay</h3>
          {replay.busy && <p className="note"><Mark state="busy" /><span>The same checks run again now.</span></p>}
          {replay.error !== null && replay.error !== undefined && <Failed error={replay.error} what="Can't replay" compact />}
          {result && outcome && (
            <div className={`note ${outcome.tone}`}>
              <Mark state={outcome.state} />
              <div>
                <b>{outcome.word}.</b> {result.reason}
                {result.changes.length > 0 && <ul className="facts-texts">{result.changes.map((change) => <li key={change}>{change}</li>)}</ul>}
                <span className="t2"> {brief(result.took_ms)}{result.again && <>, written as <button type="button" className="link" onClick={() => onOpen(result.again ?? "")}>{result.again}</button></>}.</span>
              </div>
            </div>
          )}
        </section>
      )}
      <p className="sr" role="status">{announced(replay)}</p>
    </>
  );
}
