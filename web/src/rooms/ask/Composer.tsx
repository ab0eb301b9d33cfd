// The question box: Enter or Ctrl Enter sends, Shift Enter begins a line, the arrow up brings the question before.
import type { Source } from "@assay/client";
import { useEffect, useRef } from "react";
import { Button } from "../../kit/Button";
import { count } from "../../kit/figures";
import { ask, MOST_LETTERS, stop, type Turn } from "./talk";

interface Props {
  source: Source | null;
  draft: string;
  onDraft: (text: string) => void;
  /** The turn that the server works on. */
  busy: Turn | null;
  /** Questions of this session, oldest first. */
  before: readonly string[];
}

const WARN_FROM = 1_800;

export function Composer({ source, draft, onDraft, busy, before }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const back = useRef(0);
  // As many lines as the text has, up to six; a style attribute would break the page's policy.
  const lines = Math.min(6, draft.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / 72), 0));
  useEffect(() => { if (draft !== "" && document.activeElement !== box.current) box.current?.focus(); }, [draft]);
  const send = () => {
    const question = draft.trim();
    if (!source || busy || question === "") return;
    back.current = 0;
    onDraft("");
    ask(question, source);
  };
  const keys = (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); return; }
    const step = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    const known = before[before.length - back.current];
    if (step === 0 || (draft !== "" && draft !== known) || (step < 0 && back.current === 0)) return;
    event.preventDefault();
    back.current = Math.max(0, Math.min(before.length, back.current + step));
    onDraft(before[before.length - back.current] ?? "");
  };
  const name = source?.name ?? "a database";
  return (
    <form className="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      <textarea
        ref={box} rows={Math.max(1, lines)} maxLength={MOST_LETTERS} value={draft} disabled={!source} aria-label={`Question to ${name}`} aria-describedby="assistant-hint"
        placeholder={source ? `Ask ${name} in words` : "Connect a database first"} onChange={(event) => onDraft(event.target.value)} onKeyDown={keys}
      />
      {busy
        ? <Button className="send" icon="stop" name="Stop" onClick={() => stop(busy)} />
        : <Button className="send" kind="primary" icon="arrow-up" name="Send" type="submit" disabled={!source || draft.trim() === ""} />}
      <span id="assistant-hint" className={draft.length >= WARN_FROM ? "hint" : "sr"}>
        {draft.length >= WARN_FROM ? `${count(draft.length)} of ${count(MOST_LETTERS)} characters` : "Enter sends, Shift Enter begins a new line, the arrow up brings the question before."}
      </span>
    </form>
  );
}
