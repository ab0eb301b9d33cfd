// The reader of server-sent events: pieces that end anywhere, and a stream that is taken up again.
import { Assay, AssayError, EventReader, followJob, OfflineError, readEvents, type Job, type ServerEvent } from "@assay/client";
import { describe, expect, test } from "vitest";

describe("the reader", () => {
  const text = ": hello\r\nid: 7\r\nevent: progress\r\ndata: {\"a\":1}\r\ndata: more\r\n\r\nevent: end\ndata:x\n\nretry: 900\n\n";
  test.each([1, 2, 3, 7, 1000])("finds the same events in pieces of %d", (size) => {
    const reader = new EventReader();
    const found: ServerEvent[] = [];
    for (let at = 0; at < text.length; at += size) found.push(...reader.push(text.slice(at, at + size)));
    expect(found).toEqual([{ event: "progress", data: "{\"a\":1}\nmore", id: "7" }, { event: "end", data: "x", id: "7" }]);
    expect(reader.retryMs).toBe(900);
  });
  test("an event without data is none", () => {
    expect(new EventReader().push("event: ping\n\n")).toEqual([]);
  });
});

const body = (text: string) => new Response(text, { headers: { "Content-Type": "text/event-stream" } });
const job = (state: Job["state"], version: number) => JSON.stringify({ id: "j", state, version, done: version });

describe("a stream that breaks", () => {
  test("is taken up behind the last id, until the job ends", async () => {
    const asked: (string | null)[] = [];
    const answers = [() => body(`id: 1\nevent: progress\ndata: ${job("running", 1)}\n\nretry: 1\n\n`), () => { throw new TypeError("reset"); }, () => body(`id: 2\nevent: end\ndata: ${job("done", 2)}\n\n`)];
    const assay = new Assay({ fetch: (_, init) => { asked.push(new Headers(init?.headers).get("Last-Event-ID")); return Promise.resolve().then(() => answers[asked.length - 1]!()); } });
    const seen: number[] = [];
    const last = await followJob(assay, "j", { onProgress: (now) => seen.push(now.version) });
    expect(last?.state).toBe("done");
    expect(seen).toEqual([1]);
    expect(asked).toEqual([null, "1", "1"]);
  });
  test("is not tried again when the server says no", async () => {
    const assay = new Assay({ fetch: () => Promise.resolve(new Response("{\"error\":{\"code\":\"not_found\",\"message\":\"No job.\"}}", { status: 404 })) });
    await expect(readEvents(assay, "/x", { onEvent: () => true })).rejects.toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("a call", () => {
  test("fills the path, leaves empty words out, names the version", async () => {
    let seen: { url: string; init: RequestInit } | undefined;
    const assay = new Assay({ base: "http://h", fetch: (input, init) => { seen = { url: String(input), init: init! }; return Promise.resolve(new Response("{}")); } });
    await assay.get("/api/v1/queries/{id}", { path: { id: "q/1" }, query: { since_minutes: null } });
    expect(seen?.url).toBe("http://h/api/v1/queries/q%2F1");
    await assay.put("/api/v1/sources/{id}", { path: { id: "s" }, version: 3, body: { name: "x" } });
    expect(new Headers(seen?.init.headers).get("If-Match")).toBe("\"3\"");
    await assay.post("/api/v1/scans", { body: { source: "s" } });
    expect(new Headers(seen?.init.headers).get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  });
  test("throws one shape when it is no, whatever the body", async () => {
    const said = (text: string) => new Assay({ fetch: () => Promise.resolve(new Response(text, { status: 409 })) }).get("/api/v1/me");
    await expect(said("{\"error\":{\"code\":\"taken\",\"message\":\"Taken.\",\"details\":{\"field\":\"name\",\"cure\":\"c\"}}}")).rejects.toMatchObject({ code: "taken", field: "name", cure: "c" });
    await expect(said("<html>")).rejects.toBeInstanceOf(AssayError);
    await expect(new Assay({ fetch: () => Promise.reject(new TypeError("x")) }).get("/api/v1/me")).rejects.toBeInstanceOf(OfflineError);
  });
});
