// Questions to the server and their kept answers: the old value stays while a newer one is asked for.
import { useCallback, useEffect, useRef } from "react";
import { create } from "zustand";
import { noteError, noteOnline, useSession } from "./session";

interface Kept {
  value?: unknown;
  /** When the value came. */
  at: number;
  error: unknown;
  asking: boolean;
  /** Something changed since: it is asked again when it is shown. */
  due?: boolean;
}

const useKept = create<Record<string, Kept>>()(() => ({}));
const RENEW = "assay:renew";
const running = new Map<string, AbortController>();

export interface Answer<T> {
  value: T | undefined;
  /** When the value was read, ms since the epoch. */
  at: number;
  error: unknown;
  asking: boolean;
  /** The value belongs to the question before; the new one is being asked. */
  old: boolean;
  again: () => void;
}

type Ask<T> = (signal: AbortSignal) => Promise<T>;

interface Options {
  /** Ask again after so many ms, while the page is seen. */
  every?: number;
  /** A kept answer younger than this is not asked for again. */
  fresh?: number;
}

async function ask<T>(key: string, how: Ask<T>): Promise<void> {
  if (running.has(key)) return;
  const stop = new AbortController();
  running.set(key, stop);
  useKept.setState((now) => ({ [key]: { at: 0, error: null, ...now[key], asking: true, due: false } }));
  let due: boolean | undefined;
  try {
    const value = await how(stop.signal);
    due = useKept.getState()[key]?.due;
    useKept.setState({ [key]: { value, at: Date.now(), error: null, asking: false } });
    noteOnline();
  } catch (error) {
    if (stop.signal.aborted) useKept.setState((now) => ({ [key]: { at: 0, error: null, ...now[key], asking: false } }));
    else {
      useKept.setState((now) => ({ [key]: { at: 0, ...now[key], error, asking: false } }));
      noteError(error);
    }
  } finally {
    running.delete(key);
  }
  // It changed while it was asked for: what came may be from before.
  if (due) void ask(key, how);
}

/** Ask a question named by `key`; null asks nothing. */
export function useAnswer<T>(key: string | null, how: Ask<T>, { every, fresh = 5_000 }: Options = {}): Answer<T> {
  const kept = useKept((all) => (key === null ? undefined : all[key]));
  const returns = useSession((session) => session.returns);
  const latest = useRef(how);
  useEffect(() => { latest.current = how; });
  const before = useRef<{ value: T; at: number } | null>(null);
  const again = useCallback(() => { if (key !== null) void ask(key, (signal) => latest.current(signal)); }, [key]);
  const forgotten = kept === undefined;

  useEffect(() => {
    if (key === null) return;
    const now = useKept.getState()[key];
    if (!now || now.error || now.due || Date.now() - now.at > fresh) again();
  }, [key, again, fresh, returns, forgotten]);

  useEffect(() => {
    if (key === null || every === undefined) return;
    const timer = setInterval(() => { if (document.visibilityState === "visible") again(); }, every);
    return () => clearInterval(timer);
  }, [key, every, again]);

  useEffect(() => {
    if (key === null) return;
    const hear = (event: Event) => { if (key.startsWith((event as CustomEvent<string>).detail)) again(); };
    window.addEventListener(RENEW, hear);
    return () => window.removeEventListener(RENEW, hear);
  }, [key, again]);

  const value = kept?.value as T | undefined;
  useEffect(() => { if (kept && value !== undefined) before.current = { value, at: kept.at }; });
  const old = value === undefined && !kept?.error && before.current !== null && key !== null;
  return {
    value: old ? before.current?.value : value,
    at: old ? (before.current?.at ?? 0) : (kept?.at ?? 0),
    error: kept?.error ?? null,
    asking: kept?.asking ?? key !== null,
    old,
    again,
  };
}

/** Put an answer that came another way where the question would find it. */
export function keep<T>(key: string, value: T): void {
  useKept.setState({ [key]: { value, at: Date.now(), error: null, asking: false } });
}

/** An answer that is kept, without asking. */
export function kept<T>(key: string): T | undefined {
  return useKept.getState()[key]?.value as T | undefined;
}

/** All kept answers whose question begins so. */
export function keptLike<T>(start: string): T[] {
  return Object.entries(useKept.getState()).filter(([key, one]) => key.startsWith(start) && one.value !== undefined).map(([, one]) => one.value as T);
}

/** Something changed: ask again what is shown of it; what is not shown is asked when it is. */
export function renew(start: string): void {
  useKept.setState((now) => Object.fromEntries(Object.entries(now).filter(([key]) => key.startsWith(start)).map(([key, one]) => [key, { ...one, due: true }])));
  window.dispatchEvent(new CustomEvent<string>(RENEW, { detail: start }));
}
