import { describe, expect, test } from "vitest";
import { dedented, folded, nameWord, partsOf, samplesOf, shapeOf, wordOf } from "./facts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("the shape of a fact", () => {
  test("one thing is a line: numbers grouped, units from the name, nothing known said so", () => {
    expect(shapeOf(20_000)).toEqual({ kind: "line", text: "20,000" });
    expect(plain(wordOf(1_728_512, "bytes"))).toBe("1.7 MB");
    expect(plain(wordOf(64.1, "improvement_pct"))).toBe("64.1 %");
    expect(plain(wordOf(71, "took_ms"))).toBe("71 ms");
    expect(wordOf(null)).toBe("not known");
    expect(wordOf(true)).toBe("yes");
    expect(nameWord("server_version")).toBe("Server version");
    expect(nameWord("execution_ms")).toBe("Execution");
  });
  test("a statement is SQL, its lines moved left; a sentence is not", () => {
    expect(shapeOf("SELECT 1\n        FROM t\n          WHERE a")).toEqual({ kind: "sql", text: "SELECT 1\nFROM t\n  WHERE a" });
    expect(shapeOf("15.18").kind).toBe("line");
    expect(shapeOf("Every call reads all rows. ".repeat(5)).kind).toBe("text");
    expect(dedented("a\n\n  b")).toBe("a\n\nb");
  });
  test("a list of objects is a table; numbers in a cell become a range", () => {
    const rows = [{ id: "q_1", calls: 5, before: [4674.74, 2811.59], uses_index: true }, { id: "q_2", after: [] }];
    expect(shapeOf(rows)).toMatchObject({ kind: "table", heads: ["id", "calls", "before", "uses_index", "after"] });
    expect(wordOf(rows[0]!.before)).toBe("2,812 to 4,675");
  });
  test("objects with long parts are each shown by their parts", () => {
    const shape = shapeOf([{ id: "q_1", text: "SELECT a, b FROM t WHERE c = $1 AND d = $2 ORDER BY e LIMIT 100" }]);
    expect(shape).toMatchObject({ kind: "each", items: [{ kind: "parts", parts: [{ name: "id", shape: { kind: "line" } }, { name: "text", shape: { kind: "sql" } }] }] });
  });
  test("a list of texts: short ones in a line, long ones as a list, statements as SQL", () => {
    expect(shapeOf(["category", "product_name"])).toEqual({ kind: "line", text: "category, product_name" });
    expect(shapeOf(["a".repeat(40), "b".repeat(40)])).toMatchObject({ kind: "list", sql: false });
    expect(shapeOf(["CREATE INDEX ON t (a)", "CREATE INDEX ON t (b)"])).toMatchObject({ kind: "list", sql: true });
    expect(shapeOf([])).toEqual({ kind: "line", text: "none" });
  });
  test("an object is its parts, and nothing is ever JSON, however deep", () => {
    expect(shapeOf({ a: 1, b: {} })).toMatchObject({ kind: "parts", parts: [{ name: "a" }, { name: "b", shape: { text: "none" } }] });
    const deep = (levels: number): unknown => (levels === 0 ? { x: 1 } : { in: [deep(levels - 1), "and", null] });
    expect(JSON.stringify(shapeOf(deep(6)))).not.toMatch(/\\"|\[object/);
    expect(partsOf({ values: [["device", null], ["a", "b"]] })[0]?.shape).toEqual({ kind: "list", items: ["device, NULL", "a, b"], sql: false });
  });
});

test("costs of several sets of values share one table", () => {
  const found = samplesOf({ before: [851.19, 473.71], after: [0.82, 32.77], values: [["completed", "10"], [null, "20"]] });
  expect(found?.shape).toEqual({ kind: "table", heads: ["values", "before", "after"], rows: [{ values: "completed, 10", before: 851.19, after: 0.82 }, { values: "NULL, 20", before: 473.71, after: 32.77 }] });
  expect([...(found?.used ?? [])]).toEqual(["before", "after", "values"]);
  expect(samplesOf({ before: 12, after: 3 })).toBeNull();
  expect(samplesOf({ before: [1, 2], values: ["x"] })).toBeNull();
});

test("a long list keeps its first and counts the rest; one alone is not folded", () => {
  expect(folded([1, 2, 3, 4, 5, 6, 7], 5)).toEqual({ shown: [1, 2, 3, 4, 5], more: 2 });
  expect(folded([1, 2, 3, 4, 5, 6], 5)).toEqual({ shown: [1, 2, 3, 4, 5, 6], more: 0 });
});
