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

/** Whether a cure can be run as it stands: a statement or a command, not advice in words. */
export function isCommand(cure: string): boolean {
  return /^(\$ |assay |make |psql |npm |pip |apt|sudo |SELECT |GRANT |CREATE |ALTER |SET |DROP |ANALYZE)/i.test(cure.trim()) && (!/\.$/.test(cure.trim()) || cure.includes(";"));
}

/** An error in words: the message, and what is known about where. */
export function errorWords(error: unknown): string {
  if (error instanceof AssayError || error instanceof OfflineError) return error.message;
  return error instanceof Error ? `The page met something it did not expect: ${error.message}` : String(error);
}

export function Failed({ error, what, still, onAgain, compact = false }: Props) {
  const known = error instanceof AssayError ? error : null;
  const offline = error instanceof OfflineError;
  const message = errorWords(error);
  const command = known?.cure && isCommand(known.cure) ? known.cure : null;
  const advice = known?.cure && !command && !message.includes(known.cure) ? known.cure : null;
  return (
    <div className={compact ? "failed" : "failed p-4"} role="alert">
      <p className={`note ${offline ? "warning" : "critical"}`}>
        <Mark state={offline ? "offline" : "critical"} />
        <span>{what && <b>{what}. </b>}{message}{advice && ` ${advice}`}{offline && " It is asked again by itself."}</span>
      </p>
      {command && <Sql sql={command} framed label="What cures it" />}
      {still && <p className="t2">{still}</p>}
      {(command || onAgain || known?.traceId) && (
        <div className="row wrap">
          {command && <CopyButton text={command} kind={compact ? "line" : "primary"}>Copy the cure</CopyButton>}
          {onAgain && <Button icon="replay" onClick={onAgain}>Try again</Button>}
          {known?.traceId && <span className="small t3 mono" title={known.traceId}>trace {shortHash(known.traceId)}</span>}
        </div>
      )}
    </div>
  );
}
