// An answer in whichever state it is: loading, failed, stale, or there.
import { OfflineError } from "@assay/client";
import type { ReactNode } from "react";
import { Failed } from "../kit/Failed";
import { Loading } from "../kit/Loading";
import { Stale } from "../kit/Stale";
import type { Answer } from "./answers";

interface Props<T> {
  answer: Answer<T>;
  /** What is waited for: "38 statements". */
  what: string;
  rows?: number;
  rowHeight?: number;
  still?: ReactNode;
  /** Already inside a card. */
  bare?: boolean;
  children: (value: T) => ReactNode;
}

export function Shown<T>({ answer, what, rows, rowHeight, still, bare = false, children }: Props<T>) {
  const frame = (inside: ReactNode) => (bare ? inside : <section className="card" aria-label={what}>{inside}</section>);
  if (answer.value === undefined) {
    if (answer.error !== null) return frame(<Failed error={answer.error} what={`Can't show ${what}`} still={still} onAgain={answer.again} />);
    return frame(<Loading what={what} {...(rows ? { rows } : {})} {...(rowHeight ? { rowHeight } : {})} />);
  }
  if (answer.error instanceof OfflineError) return <div className="old-value">{children(answer.value)}</div>;
  if (answer.error !== null) return <Stale error={answer.error} at={answer.at} onAgain={answer.again}>{children(answer.value)}</Stale>;
  return <>{children(answer.value)}</>;
}
