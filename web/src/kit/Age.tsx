// How old something is, kept true while the page stands; the exact time is in the tooltip.
import { useEffect, useState } from "react";
import { age, exact } from "./figures";

const waiting = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Draw again every ten seconds, all ages at once. */
export function useTick(): void {
  const [, again] = useState(0);
  useEffect(() => {
    const tick = () => again((n) => n + 1);
    waiting.add(tick);
    timer ??= setInterval(() => waiting.forEach((one) => one()), 10_000);
    return () => {
      waiting.delete(tick);
      if (waiting.size === 0 && timer !== undefined) { clearInterval(timer); timer = undefined; }
    };
  }, []);
}

export function Age({ at, before = "" }: { at: string; before?: string }) {
  useTick();
  return <time className="whitespace-nowrap" dateTime={at} title={exact(at)}>{before}{age(at)}</time>;
}
