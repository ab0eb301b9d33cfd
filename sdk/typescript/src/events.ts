// Server-sent events over fetch: parsed as the standard says, taken up again where they broke off.
import type { Assay } from "./client";
import { AssayError } from "./errors";

export interface ServerEvent {
  event: string;
  data: string;
  id: string | null;
}

/** Turns pieces of a text/event-stream into events; a piece may end anywhere. */
export class EventReader {
  lastId: string | null = null;
  retryMs: number | null = null;
  private rest = "";
  private data: string[] = [];
  private event = "";
  private skipLf = false;

  push(piece: string): ServerEvent[] {
    const found: ServerEvent[] = [];
    let text = this.rest + piece;
    if (this.skipLf && text.startsWith("\n")) text = text.slice(1);
    this.skipLf = false;
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text[at];
      if (char !== "\n" && char !== "\r") continue;
      this.line(text.slice(from, at), found);
      if (char === "\r") {
        if (at + 1 === text.length) this.skipLf = true;
        else if (text[at + 1] === "\n") at++;
      }
      from = at + 1;
    }
    this.rest = text.slice(from);
    return found;
  }

  private line(line: string, found: ServerEvent[]): void {
    if (line === "") {
      if (this.data.length > 0) {
        found.push({ event: this.event || "message", data: this.data.join("\n"), id: this.lastId });
      }
      this.data = [];
      this.event = "";
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.lastId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}

export interface Reading {
  signal?: AbortSignal;
  /** Return true to stop reading. */
  onEvent: (event: ServerEvent) => boolean | void;
  /** The connection broke and is tried again. */
  onBreak?: (error: unknown, tries: number) => void;
  /** Longest wait between two tries. */
  maxWaitMs?: number;
  /** Give a connection up when it is silent for so long. */
  silenceMs?: number;
}

/** Read a stream until it is told to stop, reconnecting with Last-Event-ID when it breaks. */
export async function readEvents(assay: Assay, path: string, reading: Reading): Promise<void> {
  let lastId: string | null = null;
  let tries = 0;
  for (;;) {
    let wait: number;
    try {
      const result = await readOnce(assay, path, reading, lastId);
      if (result.stopped) return;
      if (result.any) tries = 0;
      lastId = result.lastId;
      wait = result.retryMs ?? backOff(tries, reading.maxWaitMs);
      reading.onBreak?.(new Error("The stream ended."), ++tries);
    } catch (error) {
      if (reading.signal?.aborted) return;
      if (error instanceof AssayError && error.status < 500 && error.status !== 429) throw error;
      wait = backOff(tries, reading.maxWaitMs);
      reading.onBreak?.(error, ++tries);
    }
    await pause(wait, reading.signal);
    if (reading.signal?.aborted) return;
  }
}

interface Once {
  stopped: boolean;
  any: boolean;
  lastId: string | null;
  retryMs: number | null;
}

async function readOnce(assay: Assay, path: string, reading: Reading, lastId: string | null): Promise<Once> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (lastId !== null) headers["Last-Event-ID"] = lastId;
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  reading.signal?.addEventListener("abort", onAbort, { once: true });
  const parser = new EventReader();
  parser.lastId = lastId;
  let any = false;
  const state = (stopped: boolean): Once => ({ stopped, any, lastId: parser.lastId, retryMs: parser.retryMs });
  try {
    const response = await assay.open(path, { headers, signal: stop.signal, cache: "no-store" });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const silence = setTimeout(() => stop.abort(), reading.silenceMs ?? 45_000);
      const piece = await reader.read().catch((error: unknown) => {
        if (reading.signal?.aborted) throw error;
        return { done: true as const, value: undefined };
      });
      clearTimeout(silence);
      if (piece.done) return state(false);
      for (const event of parser.push(piece.value)) {
        any = true;
        if (reading.onEvent(event)) return state(true);
      }
    }
  } finally {
    stop.abort();
    reading.signal?.removeEventListener("abort", onAbort);
  }
}

function backOff(tries: number, max = 8_000): number {
  return Math.min(max, 300 * 2 ** tries) * (0.75 + Math.random() / 2);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
