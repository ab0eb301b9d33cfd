// The result of something I started: six seconds, paused by hover and focus; errors stay.
import type { Verdict } from "@assay/client";
import { useEffect, useState } from "react";
import { Button } from "./Button";
import { Hallmark } from "./Hallmark";
import { Icon } from "./Icon";
import { Mark, type State } from "./Mark";

export interface ToastWords {
  id: number;
  state: State;
  title: string;
  text?: string;
  claim?: { verdict: Verdict; evidence: readonly string[] };
}

export function Toast({ toast, onGone }: { toast: ToastWords; onGone: () => void }) {
  const [held, setHeld] = useState(false);
  const stays = toast.state === "critical" || toast.state === "offline";
  useEffect(() => {
    if (stays || held) return;
    const timer = setTimeout(onGone, 6_000);
    return () => clearTimeout(timer);
  }, [stays, held, onGone]);
  return (
    <div
      className="toast" role={stays ? "alert" : "status"}
      onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)} onFocus={() => setHeld(true)} onBlur={() => setHeld(false)}
    >
      {toast.state === "ok" ? <Icon name="check" className="text-accent" /> : <Mark state={toast.state} />}
      <div className="min-w-0 break">
        <b className="strong">{toast.title}</b>
        {(toast.text || toast.claim) && <div className="small t2 row wrap mt-0.5">{toast.text}{toast.claim && <Hallmark {...toast.claim} />}</div>}
      </div>
      <Button kind="quiet" icon="close" name="Dismiss" onClick={onGone} />
    </div>
  );
}
