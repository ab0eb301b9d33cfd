// Something did not work: what, why, the command that cures it, what still works, the trace.
import { AssayError, OfflineError } from "@assay/client";
import type { ReactNode } from "react";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { shortHash } from "./figures";
import { Mark } from "./Mark";
import { Sql } from "./Sql";

interface Props {
  error: unknown;
  /** What was asked for: "Can't show the bottlenecks". */
  what?: string;
  /** What works all the same. */
  still?: ReactNode;
  onAgain?: () => void;
  compact?: boolean;
}

/** An error in words: the message, and what is known about where. */
export function errorWords(error: unknown): string {
  if (error instanceof AssayError || error instanceof OfflineError) return error.message;
  return error instanceof Error ? `The page met something it did not expect: ${error.message}` : String(error);
}

export function Failed({ error, what, still, onAgain, compact = false }: Props) {
  const known = error instanceof AssayError ? error : null;
  const offline = error instanceof OfflineError;
  return (
    <div className={compact ? "failed" : "failed p-4"} role="alert">
      <p className={`note ${offline ? "warning" : "critical"}`}>
        <Mark state={offline ? "offline" : "critical"} />
        <span>{what && <b>{what}. </b>}{errorWords(error)}{offline && " It is asked again by itself."}</span>
      </p>
      {known?.cure && <Sql sql={known.cure} framed label="What cures it" />}
      {still && <p className="t2">{still}</p>}
      {(known?.cure || onAgain || known?.traceId) && (
        <div className="row wrap">
          {known?.cure && <CopyButton text={known.cure} kind="primary">Copy the cure</CopyButton>}
          {onAgain && <Button icon="replay" onClick={onAgain}>Try again</Button>}
          {known?.traceId && <span className="small t3 mono" title={known.traceId}>trace {shortHash(known.traceId)}</span>}
        </div>
      )}
    </div>
  );
}
