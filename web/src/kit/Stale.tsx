// Old values stay, greyer, with their age and why nothing newer is here.
import type { ReactNode } from "react";
import { Age } from "./Age";
import { Button } from "./Button";
import { errorWords } from "./Failed";
import { Mark } from "./Mark";

export function Stale({ error, at, onAgain, children }: { error: unknown; at: number; onAgain: () => void; children: ReactNode }) {
  return (
    <div className="stack gap-3">
      <div className="note warning" role="status">
        <Mark state="unknown" />
        <div className="between w-full flex-wrap">
          <span><b>Not renewed.</b> {errorWords(error)} What stands here was read <Age at={new Date(at).toISOString()} />.</span>
          <Button icon="replay" onClick={onAgain}>Try again</Button>
        </div>
      </div>
      <div className="old-value">{children}</div>
    </div>
  );
}
