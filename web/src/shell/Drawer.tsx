// Evidence beside its claim: asked for, shown, replayed; named in the URL so that it can be sent to somebody.
import type { Verdict } from "@assay/client";
import { useEffect, useRef, useState } from "react";
import { Button } from "../kit/Button";
import { CopyButton } from "../kit/CopyButton";
import { Failed } from "../kit/Failed";
import { Octagon } from "../kit/Hallmark";
import { useKeys } from "../kit/keys";
import { Loading } from "../kit/Loading";
import { Mark } from "../kit/Mark";
import { Proof } from "../kit/Proof";
import { count } from "../kit/figures";
import { useAnswer } from "./answers";
import { assay } from "./client";
import { useLedger } from "./ledger";
import { ReplayResult, type Replayed } from "./ReplayResult";
import { here } from "./router";

interface Props {
  id: string;
  /** What the claim that opened it said; the evidence itself only knows passed or not. */
  verdict: Verdict | null;
  onOpen: (id: string) => void;
  onClose: () => void;
}

export function Drawer({ id, verdict, onOpen, onClose }: Props) {
  const { value, error, again, old } = useAnswer(`evidence:${id}`, (signal) => assay.get("/api/v1/evidence/{id}", { path: { id }, signal }), { fresh: 60_000 });
  const { verification } = useLedger();
  const title = useRef<HTMLHeadingElement>(null);
  const panel = useRef<HTMLElement>(null);
  const [replay, setReplay] = useState<(Replayed & { id: string }) | null>(null);
  const mine = replay?.id === id ? replay : null;
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const node = panel.current;
    title.current?.focus({ preventScroll: true });
    return () => { if (node?.contains(document.activeElement) || document.activeElement === document.body) before?.focus({ preventScroll: true }); };
  }, []);
  useEffect(() => { panel.current?.scrollTo(0, 0); }, [id]);
  useKeys({ Escape: { does: "Close evidence", run: onClose, always: true }, "]": { does: "Close evidence", run: onClose } });

  const run = async () => {
    setReplay({ id, busy: true, result: null, error: null });
    try { setReplay({ id, busy: false, result: await assay.post("/api/v1/evidence/{id}/replay", { path: { id } }), error: null }); }
    catch (wrong) { setReplay({ id, busy: false, result: null, error: wrong }); }
  };
  const shown: Verdict = verdict ?? (value && !value.passed ? "withheld" : "assayed");
  const tone = shown === "assayed" ? "text-accent" : shown === "withheld" ? "text-warning" : shown === "failed" ? "text-critical" : "text-text-2";
  return (
    <aside className="drawer" aria-label={`Evidence ${id}`} ref={panel}>
      <header>
        <span className={tone}><Octagon verdict={shown} size={18} /></span>
        <h2 ref={title} tabIndex={-1}>Evidence {id}</h2>
        <span className="fill flex-1" />
        <Button kind="quiet" icon="close" name="Close evidence (Esc)" onClick={onClose} />
      </header>
      {!value && error === null && <Loading rows={6} what={`evidence ${id}`} />}
      {!value && error !== null && <Failed error={error} what={`Can't show ${id}`} onAgain={again} />}
      {value && !old && <Proof evidence={value} onOpen={onOpen} extra={<ReplayResult replay={mine} onOpen={onOpen} />} />}
      <footer>
        {verification && (
          <span className="status small t2">
            <Mark state={verification.whole ? "ok" : "critical"} />
            {verification.whole ? `Chain verified, ${count(verification.checked)} of ${count(verification.checked)}` : "The chain is broken"}
          </span>
        )}
        <div className="row">
          <Button kind="primary" icon="replay" busy={mine?.busy ?? false} disabled={!value?.replayable || mine?.busy} title={value && !value.replayable ? "This check can't be replayed" : undefined} onClick={() => void run()}>Replay</Button>
          <CopyButton kind="line" text={() => window.location.origin + here(`/evidence/${id}`)}>Copy link</CopyButton>
        </div>
      </footer>
    </aside>
  );
}
