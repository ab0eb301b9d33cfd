// What the kit computes before it draws: marks of plans, curves, tables, files, keys.
import { describe, expect, test } from "vitest";
import { comparison } from "../dev/fixtures/queries.ts";
import { csv } from "../src/kit/copy";
import { percentDone } from "../src/kit/JobProgress";
import { keyName } from "../src/kit/keys";
import { cureIn } from "../src/kit/Partial";
import { blocksWord, costliest, nodes, rowsWord, target } from "../src/kit/plan-marks";
import { pieces } from "../src/kit/Plot";
import { judge } from "../src/kit/Samples";
import { decades, ticks, timeTicks } from "../src/kit/scale";
import { sparkPath } from "../src/kit/Sparkline";
import { reach, topOf } from "../src/kit/StepCurve";
import { windowOf } from "../src/kit/use-windowed";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("plan marks", () => {
  const root = comparison.before.root;
  test("the costliest node is the one with the most own cost", () => {
    expect(costliest(comparison.before)).toEqual({ path: "0.0.0.0", share: 17_960.3 / 18_964.2 });
    expect(costliest({ ...comparison.before, cost: 0 })).toBeNull();
  });
  test("nothing stands out when no node has a quarter", () => {
    const even = (at: number) => ({ ...root, path: `0.${at}`, self_cost: 20, children: [] });
    expect(costliest({ ...comparison.before, cost: 100, root: { ...root, self_cost: 20, children: [1, 2, 3, 4].map(even) } })).toBeNull();
  });
  test("nodes come parents first", () => expect(nodes(root).map((node) => node.path)).toEqual(["0", "0.0", "0.0.0", "0.0.0.0"]));
  test("words: estimated, measured, blocks, what it works on", () => {
    expect(rowsWord(root)).toBe("about 20 rows");
    expect(plain(rowsWord({ ...root, actual_rows: 402_000, loops: 1, rows: 9_800 }))).toBe("402,000 rows, estimated 9,800, off 41.0 ×");
    expect(blocksWord({ ...root, blocks_hit: 12_410, blocks_read: 0 })).toBe("12,410 blocks, all cached");
    expect(target({ ...root, relation: "orders", alias: "o", index: "orders_pkey" })).toBe("orders o by orders_pkey");
  });
});

describe("the storage curve", () => {
  const steps = [[12, 0.84], [51, 0.33], [127, 0.2]].map(([mb, cost]) => ({ recommendation_id: "r", title: "t", bytes: mb! * 1e6, relative_cost: cost!, chosen: true }));
  test("a budget buys what fits, in order, and the next is named", () => {
    expect(reach(steps, 60e6)).toMatchObject({ bought: 2, cost: 0.33, used: 51e6, next: { bytes: 127e6 } });
    expect(reach(steps, 0)).toMatchObject({ bought: 0, cost: 1 });
    expect(reach(steps, 1e9).next).toBeNull();
  });
  test("the axis ends at a round number past the last", () => expect(topOf(steps)).toBe(150));
});

describe("axes", () => {
  test("ticks are round and reach the top", () => {
    expect(ticks(1.04, 3)).toEqual([0, 0.5, 1, 1.5]);
    expect(ticks(38, 4)).toEqual([0, 10, 20, 30, 40]);
    expect(ticks(0)).toEqual([0, 1]);
  });
  test("decades hold every value", () => {
    expect(decades([77, 18_964])).toEqual({ from: 1, to: 5 });
    expect(decades([])).toEqual({ from: 0, to: 1 });
    expect(decades([100])).toEqual({ from: 2, to: 3 });
  });
  test("times stand at even steps", () => expect(timeTicks(0, 3_600_000, 4)).toEqual([0, 900_000, 1_800_000, 2_700_000, 3_600_000]));
});

describe("gaps", () => {
  test("a hole in time parts the areas", () => expect(pieces([0, 60, 120, 600, 660])).toEqual([[0, 2], [3, 4]]));
  test("a hole in time parts the sparkline", () => {
    const at = (minute: number) => ({ at: minute * 60_000, span: 60_000, value: 1 });
    expect(sparkPath([at(1), at(2), at(9), at(10)]).path.match(/M/g)).toHaveLength(2);
  });
});

test("samples: the least improved is found, the dearer is not counted as cheaper", () => {
  const one = (before: number, after: number | null) => ({ values: [], origin: "histogram", before, after });
  expect(judge([one(100, 10), one(100, 120), one(100, null)])).toMatchObject({ cheaper: 1, compared: 2, worst: { after: 120 } });
  expect(judge([one(100, null)]).worst).toBeNull();
});

test("a long table draws only the rows near the window", () => {
  expect(windowOf(5_000, 44, 200, 900)).toEqual({ from: 0, to: 36, above: 0, below: (5_000 - 36) * 44 });
  const deep = windowOf(5_000, 44, -44_000, 900);
  expect([deep.from, deep.to]).toEqual([980, 1_041]);
  expect(windowOf(0, 44, 0, 900)).toEqual({ from: 0, to: 0, above: 0, below: 0 });
});

test("a CSV quotes what needs it and disarms formulas", () => {
  expect(csv([["a", 'b"c', "d,e", "line\nbreak", "=1+1", null, -5]])).toBe("a,\"b\"\"c\",\"d,e\",\"line\nbreak\",'=1+1,,-5\r\n");
});

test("the cure is found in a sentence that holds one", () => {
  expect(cureIn("Texts are hidden: GRANT pg_read_all_stats TO profiler_ro;")).toBe("GRANT pg_read_all_stats TO profiler_ro;");
  expect(cureIn("It needs a temporary table.")).toBeNull();
});

test("a job's share is known only when its whole is", () => {
  expect(percentDone({ state: "running", done: 19, total: 38 })).toBe(50);
  expect(percentDone({ state: "running", done: 19, total: null })).toBeNull();
  expect(percentDone({ state: "done", done: 0, total: null })).toBe(100);
});

test("Command is Control on the keyboard that has it", () => {
  expect(keyName({ key: "K", ctrlKey: false, metaKey: true })).toBe("Ctrl+k");
  expect(keyName({ key: "j", ctrlKey: false, metaKey: false })).toBe("j");
});
