// What the plugins room computes: drafts and their secrets, facts as they come, logs read on, health of the assistant.
import type { LogLinePage, PluginLine, StoreKind, StoreLine, StoreStatus } from "@assay/client";
import { beforeAll, expect, test, vi } from "vitest";
import { bodyOf, draftOf, fieldOf, fresh, KEPT, wrongWith } from "../src/rooms/plugins/draft";
import { readOn, type Log } from "../src/rooms/plugins/log";
import { healthOf } from "../src/rooms/ask/health";

beforeAll(() => {
  vi.stubGlobal("window", { location: { pathname: "/plugins", search: "", origin: "http://h" }, history: { state: null }, addEventListener: () => undefined });
});

const param = (key: string, more: Partial<StoreKind["params"][number]> = {}) => ({ key, description: "", defaultValue: "", enum: [], secret: false, ...more });
const KIND: StoreKind = { name: "atest-store-x", url: "", enabled: true, dependencies: [{ name: "atest-base" }], link: "", categories: ["ai"], params: [param("mode", { enum: ["fast", "safe"], defaultValue: "safe" }), param("api_key", { secret: true })] };
const STORE: StoreLine = {
  name: "orders", owner: "ada", description: "", url: "", username: "reader", password: KEPT, kind: KIND, ready: true, readOnly: true, readOnlyByFile: false, disabled: false, state: "ready", reason: null,
  properties: [{ key: "mode", value: "fast", description: "" }, { key: "api_key", value: KEPT, description: "" }, { key: "extra", value: "1", description: "why" }, { key: "other_token", value: KEPT, description: "" }],
  isAi: true, version: "", latencyMs: null, checkedAt: null, restarts: 0, warnings: [],
};

test("a new store begins with the defaults of its kind", () => {
  const draft = { ...fresh(KIND), name: " orders " };
  expect(bodyOf(draft, KIND, null)).toMatchObject({ name: "orders", kind: KIND, properties: [{ key: "mode", value: "safe" }] });
  expect(wrongWith(fresh(undefined))).toMatchObject({ name: expect.any(String) as string, "kind.name": expect.any(String) as string });
});

test("a secret is never filled back, and stays unless it is typed anew or forgotten", () => {
  const draft = draftOf(STORE);
  expect(JSON.stringify(draft)).not.toContain(KEPT);
  const values = (one: typeof draft) => Object.fromEntries(bodyOf(one, KIND, STORE).properties.map(({ key, value }) => [key, value]));
  expect(values(draft)).toEqual({ mode: "fast", api_key: KEPT, extra: "1", other_token: KEPT });
  expect(bodyOf(draft, KIND, STORE)).toMatchObject({ password: KEPT, owner: "ada", username: "reader" });
  expect(values({ ...draft, params: { ...draft.params, api_key: { text: "new", kept: true } } }).api_key).toBe("new");
  expect(values({ ...draft, params: { ...draft.params, api_key: { text: "", kept: false } } })).not.toHaveProperty("api_key");
});

test("a store that only its plugin calls read-only is not written as such when it is saved", () => {
  expect(STORE.readOnly).toBe(true);
  expect(bodyOf(draftOf(STORE), KIND, STORE)).toMatchObject({ readOnly: false });
});

test("what the server refuses is said beside the field that it is about", () => {
  const draft = draftOf(STORE);
  expect(["properties.api_key", "properties.extra", "name", "kind.url", "stores", null].map((one) => fieldOf(one, draft))).toEqual(["params.api_key", "more.0", "name", "kind.url", null, null]);
  expect(wrongWith({ ...draft, more: [...draft.more, { key: "mode", value: { text: "x", kept: false } }] })).toHaveProperty(["more.2"]);
});

test("a fact changes the plugin that it is about, at once, and is a sentence", async () => {
  const { after, spoken } = await import("../src/rooms/plugins/questions");
  const line = { name: "x", state: "ready", reason: null, since: "2026-01-01T00:00:00Z", lastError: null, lastErrorAt: null } as PluginLine;
  const list = { data: [line, { ...line, name: "y" }] };
  const fact = { event: "plugins.PluginCrashed", body: { plugin: "x", stores: ["orders"], message: "it ended (SIGKILL)" }, at: "2026-01-02T00:00:00Z" };
  const [changed, other] = after(list, fact).data;
  expect(changed).toMatchObject({ state: "crashed", reason: "it ended (SIGKILL)", since: fact.at, lastError: "it ended (SIGKILL)", lastErrorAt: fact.at });
  expect(other).toBe(list.data[1]);
  expect(spoken(fact)).toBe("The plugin x is crashed: it ended (SIGKILL).");
  const ofStore = { ...fact, event: "plugins.PluginDegraded", body: { plugin: "x", store: "orders", message: "no rights" } };
  expect(after(list, ofStore)).toBe(list);
  expect(spoken(ofStore)).toBe("");
});

function logOf(lines: string[], asked: (string | null)[] = []) {
  return (cursor: string | null): Promise<LogLinePage> => {
    asked.push(cursor);
    const from = Number(cursor ?? 0), to = Math.min(lines.length, from + 3);
    return Promise.resolve({ items: lines.slice(from, to).map((text, at) => ({ number: from + at + 1, at: "2026-11-28T05:21:37.123Z", text })), total: lines.length, next_cursor: to < lines.length ? String(to) : null });
  };
}

const words = (log: Log) => log.lines.map((line) => line.text);

test("a log is read on from its last page, and anew when its lines have moved", async () => {
  const lines = ["a", "b", "c", "d"];
  const first = await readOn(logOf(lines), null);
  expect(words(first)).toEqual(lines);
  expect(await readOn(logOf(lines), first)).toBe(first);
  const asked: (string | null)[] = [];
  const more = await readOn(logOf([...lines, "e", "f", "g"], asked), first);
  expect([words(more).join(""), asked]).toEqual(["abcdefg", ["3", "6"]]);
  expect(words(await readOn(logOf(["c", "d", "e", "f", "g", "h", "i"]), more)).join("")).toBe("cdefghi");
  expect((await readOn(logOf([]), more)).lines).toEqual([]);
});

test("a test of a connection waits for a plugin that is being started", async () => {
  const { tested, verdict } = await import("../src/rooms/plugins/StorePage");
  const said = (state: StoreStatus["state"]): StoreStatus => ({ ready: state === "ready", readOnly: true, version: "v1", message: state === "ready" ? "" : "it starts", state, latencyMs: 1 });
  const answers = [said("starting"), said("ready")];
  expect(verdict(await tested(() => Promise.resolve(answers.shift() ?? said("crashed"))))).toBe("It works, read-only; its plugin is v1.");
  expect(verdict(await tested(() => Promise.resolve(said("starting")), () => 0, -1))).toBe("It does not work: it starts");
});

test("the assistant shows the worst of the engine and the AI plugins that are in use", () => {
  const engine = { available: true, reason: null, currentModel: "embedded" };
  const plugin = (status: "online" | "offline" | "processing" | "error", state: PluginLine["state"]) => ({ name: "x", status, state, errorMessage: "it ended." });
  const [online, crashed, degraded, starting, unused] = [plugin("online", "ready"), plugin("offline", "crashed"), plugin("error", "degraded"), plugin("processing", "starting"), plugin("offline", "disabled")];
  expect(healthOf(engine, [online, unused], false).state).toBe("online");
  expect(healthOf(engine, [online], true).state).toBe("processing");
  expect(healthOf(engine, [online, starting], false).state).toBe("processing");
  expect(healthOf(engine, [starting, crashed], true)).toMatchObject({ state: "offline", why: "The AI plugin x is crashed: it ended. Questions are answered without it." });
  expect(healthOf(engine, [crashed, degraded], false).state).toBe("error");
  expect(healthOf({ ...engine, available: false, reason: "no weights" }, [], false)).toMatchObject({ state: "error", why: "no weights" });
});

test("a model's state and test are said in words", async () => {
  const { probed, stateOf } = await import("../src/rooms/models/Models");
  expect(stateOf({ breaker: "open", rests_s: 9, last_error: "refused" })).toEqual({ mark: "critical", word: "rests 9\u00a0s after failures" });
  expect(stateOf({ breaker: "closed", rests_s: 0, last_error: "refused" }).mark).toBe("warning");
  expect(stateOf({ breaker: "closed", rests_s: 0, last_error: null }).mark).toBe("ok");
  expect(probed({ answered: false, error: "refused", models: [], tokens: 0 })).toBe("It did not answer: refused");
});

test("a problem of the file says where it is, and its cure as a sentence", async () => {
  const { placeOf, sentence } = await import("../src/rooms/plugins/Problems");
  expect(placeOf({ path: "stores[0].url", line: 3, column: 5 })).toBe("stores[0].url, line 3:5");
  expect(placeOf({ path: "", line: 0, column: 0 })).toBe("the whole file");
  expect([sentence("did you mean model?"), sentence("give it a name")]).toEqual(["Did you mean model?", "Give it a name."]);
});
