// Asks before an act, naming the object, the cost and the way back; a typed name when it cannot be undone.
import { useState, type ReactNode } from "react";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Failed } from "./Failed";

interface Props {
  /** The act as a question: "Remove shop-prod?" */
  question: string;
  children: ReactNode;
  /** The act as a verb: "Remove and forget". */
  act: string;
  danger?: boolean;
  /** What must be typed. */
  typed?: string;
  onDo: () => Promise<unknown>;
  onClose: () => void;
}

export function Confirm({ question, children, act, danger = false, typed, onDo, onClose }: Props) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = (typed === undefined || text === typed) && !busy;
  const run = async () => {
    if (!ready) return;
    setBusy(true);
    setError(null);
    try { await onDo(); onClose(); } catch (wrong) { setError(wrong); setBusy(false); }
  };
  return (
    <Dialog
      title={question} onClose={onClose}
      acts={<><Button onClick={onClose}>Cancel</Button><Button kind={danger ? "danger" : "primary"} disabled={!ready} busy={busy} onClick={() => void run()}>{act}</Button></>}
    >
      <div className="t2 stack gap-2">{children}</div>
      {typed !== undefined && (
        <div className="field">
          <label htmlFor="confirm-typed">Type <b className="mono">{typed}</b> to confirm</label>
          <input id="confirm-typed" className="input mono" autoComplete="off" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter") void run(); }} />
        </div>
      )}
      {error !== null && <Failed error={error} compact />}
    </Dialog>
  );
}
