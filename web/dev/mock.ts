// A pretend server for looking at pages while there is no real one; never part of the build.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Job } from "@assay/client";
import type { Connect, Plugin } from "vite";
import { activity, bottlenecks, comparison, detail, iso, recommendations, samples, TOTAL } from "./fixtures/queries.ts";
import { advice, capabilities, check, evidence, init, job, runbook, scan, schema, sources } from "./fixtures/rest.ts";

/** How the pretend server behaves: set with POST /__mock {"scenario": "partial"}. */
type Scenario = "normal" | "empty" | "never" | "partial" | "failed" | "slow" | "out" | "no-advice";

let scenario: Scenario = "normal";
let budget: number | null = null;
const jobs = new Map<string, Job>();

interface Asked { method: string; path: string; query: URLSearchParams; body: Record<string, unknown> }

const PARTIAL = ["Texts of 4 statements are hidden from the role profiler_ro: GRANT pg_read_all_stats TO profiler_ro;", "1 statement could not be planned: it needs a temporary table."];

class No extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly details: Record<string, unknown> = {}) { super(message); }
}

const page = <T>(items: T[], { query }: Asked) => {
  const limit = Number(query.get("limit") ?? 50);
  const from = Number(query.get("cursor") ?? 0);
  return { items: items.slice(from, from + limit), total: items.length, next_cursor: from + limit < items.length ? String(from + limit) : null };
};

function listBottlenecks(asked: Asked) {
  const { query } = asked;
  const show = query.get("show") ?? "all";
  const search = (query.get("search") ?? "").toLowerCase();
  const sort = query.get("sort") ?? "total";
  const rows = scenario === "never" ? [] : bottlenecks
    .filter((one) => (show === "all" || (show === "proved" ? one.recommendation?.verdict === "assayed" : one.recommendation?.verdict === "withheld")) && (one.sql.text + one.query_id + one.title).toLowerCase().includes(search) && one.mean_ms >= Number(query.get("min_mean_ms") ?? 0))
    .sort((a, b) => (sort === "mean" ? b.mean_ms - a.mean_ms : sort === "calls" ? b.calls - a.calls : b.load.total_ms - a.load.total_ms));
  return { ...page(rows, asked), source: "s_1f3a", source_name: "shop-prod", total_ms: TOTAL, window_seconds: 3_600, snapshots: 12, read_at: scenario === "never" ? null : iso(14_000), findings: 9, proved: 6, withheld: 2, not_measured: 1, partial: scenario === "partial" ? PARTIAL : [] };
}

function start(operation: string): Job {
  const made = job(`j_${jobs.size + 1}`, operation);
  jobs.set(made.id, made);
  const steps = ["Reading pg_stat_statements", "Fingerprinting", "Planning the top 20", "Judging by the rules"];
  const timer = setInterval(() => {
    const now = jobs.get(made.id);
    if (!now || now.state !== "running") { clearInterval(timer); return; }
    const done = Math.min(38, now.done + 2);
    const over = done === 38;
    jobs.set(made.id, { ...now, version: now.version + 1, done, step: steps[Math.min(3, Math.floor(done / 10))] ?? "", state: over ? "done" : "running", result: over && operation === "workload.scan" ? scan(0) : null, ended_at: over ? new Date().toISOString() : null });
  }, 150);
  return made;
}

function answer(asked: Asked): { status: number; body: unknown } {
  const { method, path, query, body } = asked;
  const ok = (given: unknown, status = 200) => ({ status, body: given });
  const parts = path.split("/").slice(3);
  const [room = "", id = "", sub = ""] = parts;
  if (room === "sign-in") {
    if (String(body.token ?? "").startsWith("bad") || body.token === "") throw new No(401, "token_used", "This token was used before.", { cure: "assay url" });
    scenario = scenario === "out" ? "normal" : scenario;
    return ok({ id: "u_1", name: "Mira Kovac", roles: ["operator"], scopes: [] });
  }
  if (scenario === "out") throw new No(401, "not_signed_in", "Nobody is signed in.");
  if (room === "sign-out") { scenario = "out"; return ok(undefined, 204); }
  if (room === "me") return ok({ id: "u_1", name: "Mira Kovac", roles: ["operator"], scopes: ["database:*"] });
  if (room === "capabilities") return ok(capabilities);
  if (room === "jobs") {
    if (sub === "cancel") { const one = jobs.get(id); if (one) jobs.set(id, { ...one, state: "cancelled", version: one.version + 1 }); return ok(jobs.get(id)); }
    return id ? ok(jobs.get(id)) : ok(page([...jobs.values()].filter((one) => !query.get("state") || one.state === query.get("state")), asked));
  }
  if (room === "sources:init") return ok(init);
  if (room === "sources") return answerSources(asked, id, sub, ok);
  if (scenario === "failed" && ["bottlenecks", "recommendations", "queries"].includes(room)) throw new No(502, "source_refused", "Can't read pg_stat_statements on shop-prod. The role profiler_ro lacks pg_read_all_stats.", { cure: "GRANT pg_read_all_stats TO profiler_ro;" });
  if (room === "bottlenecks") return ok(listBottlenecks(asked));
  if (room === "activity") return ok(activity);
  if (room === "scans") return method === "POST" ? ok(start("workload.scan"), 202) : ok(page(Array.from({ length: 6 }, (_, at) => scan(at)), asked));
  if (room === "advice") { budget = typeof body.budget_mb === "number" ? body.budget_mb : null; return ok(start("workload.advise"), 202); }
  if (room === "queries") {
    const found = detail(id);
    if (!found) throw new No(404, "not_found", `No statement ${id} is known.`, { field: "id" });
    if (sub === "measure") return ok({ verdict: "assayed", evidence: ["E-20461"], missing: [], query_id: id, execution_ms: 51.2, shared_blocks: 12_410, ran_at: new Date().toISOString(), plan: measuredPlan() });
    return ok(found);
  }
  if (room === "recommendations") {
    if (!id) return ok({ ...page(scenario === "no-advice" ? [] : recommendations, asked), computed_at: iso(120_000), advice: scenario === "no-advice" ? null : advice(budget) });
    const rec = recommendations.find((one) => one.id === id);
    if (!rec) throw new No(404, "not_found", `No recommendation ${id} is known.`);
    return ok(sub === "runbook" ? runbook(rec) : rec);
  }
  if (room === "simulate") return ok({ verdict: "assayed", evidence: ["E-20460"], missing: [], id: "sim_1", query_id: body.query_id, rec_id: body.rec_id, mode: "hypopg", before_cost: 18_964.2, after_cost: 77.1, improvement_pct: 99.6, comparison, samples, uses_index: true, clean: true, took_ms: 41, ran_at: new Date().toISOString() });
  if (room === "evidence:verify") return ok({ whole: true, checked: 20_460, expired: 12, checkpoints: 310, broken: [], took_ms: 212, at: iso(120_000) });
  if (room === "evidence") {
    const number = Number(id.slice(2));
    if (sub === "replay") return ok({ id, outcome: "same", changes: [], reason: null, again: "E-20461", took_ms: 84 });
    if (id) return ok(evidence(number));
    return ok({ ...page(Array.from({ length: 120 }, (_, at) => evidence(20_460 - at)), asked), total: 20_460 });
  }
  throw new No(404, "not_found", `Nothing at ${path}.`);
}

function measuredPlan() {
  type Node = typeof comparison.before.root;
  const real = (node: Node, ms: number): Node => ({ ...node, mark: null, actual_rows: 26, actual_ms: ms, loops: 1, blocks_hit: 12_410, blocks_read: 0, children: node.children.map((child) => real(child, ms * 0.97)) });
  return { ...comparison.before, kind: "measured", execution_ms: 51.2, root: real(comparison.before.root, 51.2) };
}

function answerSources(asked: Asked, id: string, sub: string, ok: (given: unknown, status?: number) => { status: number; body: unknown }) {
  const { method, body } = asked;
  const known = scenario === "empty" ? [] : sources;
  if (!id && method === "POST") {
    if (String(body.name) === "shop-prod") throw new No(409, "name_taken", "A source is called shop-prod already.", { field: "name" });
    const made = { ...sources[1]!, id: `s_${known.length}`, name: String(body.name) };
    sources.push(made);
    return ok(made, 201);
  }
  if (!id) return ok(page(known, asked));
  const source = known.find((one) => one.id === id || one.name === id);
  if (!source) throw new No(404, "not_found", `No source ${id} is connected.`);
  if (sub === "check") return ok(check(source));
  if (sub === "schema") return ok(schema);
  if (sub === "scan-schedule") return ok({ source: id, every_minutes: method === "PUT" ? body.every_minutes : 5, next_at: iso(-240_000), version: 2 });
  if (method === "DELETE") { sources.splice(sources.indexOf(source), 1); return ok(undefined, 204); }
  return ok(method === "PUT" ? { ...source, ...body, version: source.version + 1 } : source);
}

function stream(id: string, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  let sent = 0;
  const timer = setInterval(() => {
    const now = jobs.get(id);
    if (!now || now.version === sent) return;
    sent = now.version;
    const over = now.state !== "running";
    response.write(`id: ${now.version}\nevent: ${over ? "end" : "progress"}\ndata: ${JSON.stringify(now)}\n\n`);
    if (over) { clearInterval(timer); response.end(); }
  }, 50);
  response.on("close", () => clearInterval(timer));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const piece of request) text += String(piece);
  try { return JSON.parse(text || "{}") as Record<string, unknown>; } catch { return {}; }
}

const handle: Connect.NextHandleFunction = (request, response, next) => {
  const url = new URL(request.url ?? "/", "http://mock");
  response.setHeader("Content-Security-Policy", process.env.ASSAY_CSP ?? "");
  if (!process.env.ASSAY_CSP) response.removeHeader("Content-Security-Policy");
  if (url.pathname === "/healthz") { response.end("ok"); return; }
  if (!url.pathname.startsWith("/api/v1/") && url.pathname !== "/__mock") { next(); return; }
  void (async () => {
    const asked: Asked = { method: request.method ?? "GET", path: decodeURIComponent(url.pathname), query: url.searchParams, body: await bodyOf(request) };
    if (url.pathname === "/__mock") { scenario = (asked.body.scenario as Scenario | undefined) ?? "normal"; response.end("{}"); return; }
    if (url.pathname === "/api/v1/events") { response.writeHead(200, { "Content-Type": "text/event-stream" }); response.write(": open\n\n"); return; }
    const events = /^\/api\/v1\/jobs\/([^/]+)\/events$/.exec(asked.path)?.[1];
    if (events) { stream(events, response); return; }
    await new Promise((resolve) => setTimeout(resolve, scenario === "slow" ? 8_000 : asked.path.endsWith("simulate") ? 300 : 15));
    response.setHeader("Content-Type", "application/json");
    try {
      const { status, body } = answer(asked);
      response.statusCode = status;
      response.end(body === undefined ? "" : JSON.stringify(body));
    } catch (error) {
      const no = error instanceof No ? error : new No(500, "mock_broke", String(error));
      response.statusCode = no.status;
      response.end(JSON.stringify({ error: { code: no.code, message: no.message, details: no.details, trace_id: "7c1e2f0a9d4b4c1e8f20aa31c9e490b2", timestamp: new Date().toISOString() } }));
    }
  })();
};

export function mockServer(): Plugin {
  return {
    name: "assay-mock",
    configureServer: (server) => { server.middlewares.use(handle); },
    configurePreviewServer: (server) => { server.middlewares.use(handle); },
  };
}
