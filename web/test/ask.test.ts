// What the assistant computes: SQL by lines, words tied to clauses, refusals, rows as text.
import { AssayError, type SqlClause } from "@assay/client";
import { beforeAll, expect, test, vi } from "vitest";
import { asCsv, asJson, asMarkdown, isNumeric, widths } from "../src/kit/grid-text";
import { windowOf } from "../src/kit/use-windowed";
import { anchors, lines, pieces, rows } from "../src/rooms/ask/clauses";

beforeAll(() => {
  vi.stubGlobal("window", { location: { pathname: "/workload", search: "", origin: "http://h" }, history: { state: null }, addEventListener: () => undefined });
});

const clause = (part: SqlClause["part"], says: string, because: SqlClause["because"] = []): SqlClause => ({ part, sql: "", says, because });
const text = (sql: string) => lines(sql).map((line) => line.spans.map((span) => span.text).join(""));

test("a statement is laid out a clause a line, and is the same statement again", () => {
  const sql = "SELECT u.email, SUM(o.total) AS spent FROM public.users AS u LEFT OUTER JOIN public.orders AS o ON o.user_id = u.id WHERE o.at BETWEEN 1 AND 2 AND o.status = 'a FROM b' GROUP BY u.email HAVING COUNT(*) > 3 ORDER BY spent DESC LIMIT 3";
  expect(text(sql)).toEqual([
    "SELECT u.email, SUM(o.total) AS spent", "FROM public.users AS u", "LEFT OUTER JOIN public.orders AS o ON o.user_id = u.id",
    "WHERE o.at BETWEEN 1 AND 2", "AND o.status = 'a FROM b'", "GROUP BY u.email", "HAVING COUNT(*) > 3", "ORDER BY spent DESC", "LIMIT 3",
  ]);
  expect(text(sql).join(" ")).toBe(sql);
});

test("what stands in brackets stays on its line", () => {
  expect(text("SELECT a FROM t WHERE a IN (SELECT b FROM s WHERE c = 1 AND d = 2) LIMIT 1")).toEqual(["SELECT a", "FROM t", "WHERE a IN (SELECT b FROM s WHERE c = 1 AND d = 2)", "LIMIT 1"]);
});

test("each clause stands beside its line; one without a line stands at the end", () => {
  const made = rows("SELECT a FROM t JOIN s ON x = y WHERE a = 1 AND b = 2", [clause("select", "S"), clause("from", "J"), clause("where", "W1"), clause("where", "W2"), clause("combine", "C")]);
  expect(made.map((row) => row.clauses.map((one) => one.says))).toEqual([["S"], [], ["J"], ["W1"], ["W2"], ["C"]]);
  const one = rows("SELECT a FROM t WHERE a = 1", [clause("where", "W1"), clause("where", "W2")]);
  expect(one.map((row) => row.clauses.map((said) => said.says))).toEqual([[], [], ["W1", "W2"]]);
});

test("words of the question are found by their place in letters, not in code units", () => {
  const question = "😀 how many users in Köln?";
  const because = [{ start: 11, end: 16, text: "users" }];
  const words = anchors(question, [clause("select", "S", because), clause("where", "W", [{ start: 11, end: 16, text: "users" }, { start: 13, end: 18, text: "ers i" }, { start: 0, end: 3, text: "not so" }])]);
  expect(words).toEqual(because);
  const made = pieces(question, words, ["köln"]);
  expect(made.map((piece) => piece.text).join("")).toBe(question);
  expect(made.filter((piece) => piece.key !== null).map((piece) => piece.text)).toEqual(["users"]);
  expect(made.filter((piece) => piece.unknown).map((piece) => piece.text)).toEqual(["Köln"]);
});

test("a refusal is read from its details, and nothing else is taken for one", async () => {
  const { refusalOf } = await import("../src/rooms/ask/talk");
  const body = (code: string, details: Record<string, unknown>) => new AssayError(422, { code, message: "m", details, trace_id: "", timestamp: "" });
  const reading = { sql: "SELECT 1", says: "one", confidence: 0.3 };
  expect(refusalOf(body("CONFIDENCE_TOO_LOW", { confidence: 0.3, threshold: 0.7, not_understood: ["x", 1], did_you_mean: [reading, { sql: 1 }] }))).toEqual({ message: "m", confidence: 0.3, threshold: 0.7, unknown: ["x"], readings: [reading] });
  expect(refusalOf(body("CONFIDENCE_TOO_LOW", {}))).toMatchObject({ confidence: 0, readings: [], unknown: [] });
  expect(refusalOf(body("INVALID", {}))).toBeNull();
  expect(refusalOf(new Error("x"))).toBeNull();
});

const GRID = { columns: ["id", "name", "name"], types: ["int8", "text", "text"], rows: [[1, "a|b", null], [2, "x\ny", "=1+1"]] as (string | number | null)[][] };

test("rows become text that ends no cell and runs no formula", () => {
  expect(asCsv(GRID)).toBe("id,name,name\r\n1,a|b,\r\n2,\"x\ny\",'=1+1\r\n");
  expect(asMarkdown(GRID)).toBe("| id | name | name |\n| --- | --- | --- |\n| 1 | a\\|b | NULL |\n| 2 | x y | =1+1 |\n");
  expect(JSON.parse(asJson(GRID))).toEqual([{ id: 1, name: "a|b", name_3: null }, { id: 2, name: "x\ny", name_3: "=1+1" }]);
});

test("numbers stand right, by type or by value, and no column is wider than the most", () => {
  expect(GRID.columns.map((_, at) => isNumeric(GRID, at))).toEqual([true, false, false]);
  expect(isNumeric({ columns: ["n"], types: ["?"], rows: [[null], [3]] }, 0)).toBe(true);
  expect(isNumeric({ columns: ["n"], types: ["interval"], rows: [["1 day"]] }, 0)).toBe(false);
  expect(Math.max(...widths({ columns: ["t"], types: ["text"], rows: [["x".repeat(9_000)]] }))).toBeLessThanOrEqual(320);
});

test("of a thousand rows only those near the view are drawn", () => {
  const shown = windowOf(1_000, 24, -12_000, 288);
  expect(shown.to - shown.from).toBeLessThan(80);
  expect(shown.above + shown.below + (shown.to - shown.from) * 24).toBe(24_000);
});

test("examples ask about tables that hold rows", async () => {
  const { examples } = await import("../src/rooms/ask/Welcome");
  const table = (name: string, count: number, columns: string[]) => ({ name, rows: count, kind: "table", columns: columns.map((column) => ({ name: column })) });
  const schema = { tables: [table("empty", 0, ["status"]), table("order_items", 9, ["category"]), table("users", 5, ["id"])] } as unknown as Parameters<typeof examples>[0];
  expect(examples(schema)).toEqual(["how many order items are there?", "how many users are there?", "how many order items are there for each category?"]);
  expect(examples(undefined)).toEqual([]);
});
