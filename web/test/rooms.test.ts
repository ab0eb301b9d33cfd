// What the rooms compute: forms, files, orders.
import { beforeAll, expect, test, vi } from "vitest";
import { bottlenecks, recommendations } from "../dev/fixtures/queries.ts";

beforeAll(() => {
  vi.stubGlobal("window", { location: { pathname: "/workload", search: "?source=shop&evidence=E-1", origin: "http://h" }, history: { state: null }, addEventListener: () => undefined });
});

test("paths are matched part by part, and words decoded", async () => {
  const { matchPath, here } = await import("../src/shell/router");
  expect(matchPath("/workload/queries/:id", "/workload/queries/q%201/")).toEqual({ id: "q 1" });
  expect(matchPath("/workload", "/workload/advisor")).toBeNull();
  expect(here("/sources")).toBe("/sources?source=shop");
  expect(here("/workload?source=other")).toBe("/workload?source=other");
});

test("a token is found in the whole address too", async () => {
  const { tokenIn } = await import("../src/shell/SignIn");
  expect(tokenIn("http://127.0.0.1:8080/#token=abc-1 ")).toBe("abc-1");
  expect(tokenIn("  abc-1 ")).toBe("abc-1");
});

test("a form says what is wrong before it asks", async () => {
  const { wrongWith } = await import("../src/rooms/sources/SourceForm");
  expect(wrongWith("", "", false)).toMatchObject({ name: expect.any(String) as string, dsn: expect.any(String) as string });
  expect(wrongWith("a", "mysql://x", false).dsn).toMatch(/postgresql/);
  expect(wrongWith("a", "host=h dbname=d", false)).toEqual({});
  expect(wrongWith("a", "", true)).toEqual({});
});

test("statements become a file that can be run", async () => {
  const { asScript } = await import("../src/rooms/sources/Init");
  expect(asScript(["GRANT a TO b", "DO $do$ BEGIN END $do$\n", "SELECT 1;"])).toBe("GRANT a TO b;\n\nDO $do$ BEGIN END $do$;\n\nSELECT 1;");
});

test("only what can be run is offered as a cure to copy", async () => {
  const { isCommand } = await import("../src/kit/Failed");
  expect(["GRANT pg_read_all_stats TO profiler_ro;", "assay url"].every(isCommand)).toBe(true);
  expect(["Check that the server runs and listens on that host and port.", "Set ASSAY_PUBLIC_URL."].some(isCommand)).toBe(false);
});

test("an export says what is missing", async () => {
  const { asCsv } = await import("../src/rooms/workload/export");
  const text = asCsv({ items: bottlenecks.slice(0, 2), total: 2, next_cursor: null, source: "s", source_name: "shop", total_ms: 1, window_seconds: 1, snapshots: 1, read_at: null, findings: 0, proved: 0, withheld: 0, not_measured: 0, partial: ["4 texts are hidden."] });
  expect(text.split("\r\n")[0]).toMatch(/^query_id,title,sql,/);
  expect(text).toContain("# partial,4 texts are hidden.");
});

test("the proved stand first, the withheld apart", async () => {
  const { sortOut } = await import("../src/rooms/workload/Recommendations");
  const { shown, held } = sortOut(recommendations);
  expect(shown.map((one) => one.verdict === "assayed").lastIndexOf(true)).toBeLessThan(shown.findIndex((one) => one.verdict === "estimate"));
  expect(held.every((one) => one.verdict === "withheld")).toBe(true);
});

test("a replay says its outcome once, with what changed", async () => {
  const { announced } = await import("../src/shell/ReplayResult");
  const result = { id: "E-1", outcome: "changed" as const, changes: ["Cost 12 instead of 10."], reason: null, again: "E-2", took_ms: 3 };
  expect(announced(null)).toBe("");
  expect(announced({ busy: true, result: null, error: null })).toBe("The checks run again.");
  expect(announced({ busy: false, result, error: null })).toBe("Changed since. Cost 12 instead of 10.");
  expect(announced({ busy: false, result: null, error: new Error("x") })).toBe("");
});
