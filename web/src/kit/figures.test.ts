// Numbers, sizes and ages are written as the look says.
import { describe, expect, test } from "vitest";
import { age, brief, bytes, cost, count, dateTime, duration, exact, gain, measured, NBSP, plural, range, share, shortHash, signed } from "./figures";

const spaced = (text: string) => text.replaceAll(NBSP, " ");
const now = Date.parse("2026-11-20T10:41:00Z");

describe("numbers", () => {
  test("thin groups by comma and keep three digits that mean something", () => {
    expect(count(1_000_000)).toBe("1,000,000");
    expect([0.31, 6.84, 48.6, 71.94, 187.3, 318, 2318.4, 0, 0.0042].map(measured)).toEqual(["0.31", "6.84", "48.6", "71.9", "187.3", "318.0", "2,318", "0.00", "0.0042"]);
    expect(cost(18964.2)).toBe("18,964.2");
  });
  test("a unit stands behind a no-break space", () => {
    expect(duration(48.6)).toBe("48.6\u00a0ms");
    expect(share(0.3621)).toBe("36.2\u00a0%");
    expect([0, 0.0001, 0.99999, 1].map((value) => spaced(share(value)))).toEqual(["0.0 %", "<0.1 %", ">99.9 %", "100.0 %"]);
  });
  test("a gain carries the true minus, a loss a plus, nothing neither", () => {
    expect(spaced(gain(99.6))).toBe("\u221299.6 %");
    expect(spaced(gain(-4))).toBe("+4.0 %");
    expect(spaced(signed(0.01))).toBe("0.0 %");
    expect(spaced(signed(-0.01))).toBe("0.0 %");
  });
});

describe("durations", () => {
  test.each([
    [0.0042, "4.20 µs"], [0.31, "0.31 ms"], [2318, "2.3 s"], [12_800, "12.8 s"], [58_000, "58.0 s"], [895_000, "14 m 55 s"],
    [128_000, "2 m 08 s"], [11_100_000, "3 h 05 m"], [187_200_000, "2 d 4 h"], [59_980, "1 m 00 s"], [0, "0 ms"],
  ])("%d ms reads %s", (ms, text) => expect(spaced(duration(ms))).toBe(text));
});

test("a rough duration says no more than it knows", () => {
  expect([0.42, 71.2, 3_100, 9_000, 128_000].map((ms) => spaced(brief(ms)))).toEqual(["0.4 ms", "71 ms", "3.1 s", "9 s", "2 m 08 s"]);
});

describe("sizes", () => {
  test.each([[39_000_000, "39 MB"], [1_240_000_000, "1.2 GB"], [812_000, "812 kB"], [512, "512 B"], [8_192, "8.2 kB"], [999_999_999, "1 GB"], [5_000_000, "5 MB"]])(
    "%d reads %s", (value, text) => expect(spaced(bytes(value))).toBe(text));
});

describe("ages", () => {
  test.each([
    ["2026-11-20T10:40:46Z", "14 s ago"], ["2026-11-20T10:39:00Z", "2 min ago"], ["2026-11-20T07:41:00Z", "3 h ago"],
    ["2026-11-12T06:20:00Z", "12 Nov, 06:20 UTC"], ["2025-11-12T06:20:00Z", "12 Nov 2025, 06:20 UTC"], ["2026-11-20T10:41:00Z", "just now"],
  ])("%s is %s", (at, text) => expect(spaced(age(at, now))).toBe(text));
  test("the exact time is in UTC with seconds", () => {
    expect(spaced(exact("2026-11-20T10:38:52Z"))).toBe("20 Nov 2026, 10:38:52 UTC");
    expect(spaced(dateTime("2026-11-20T10:38:52+01:00", now))).toBe("20 Nov, 09:38 UTC");
  });
});

test("words around numbers", () => {
  expect(spaced(plural(1, "query", "queries"))).toBe("1 query");
  expect(spaced(plural(6, "query", "queries"))).toBe("6 queries");
  expect([60, 360, 10_080, null].map((minutes) => spaced(range(minutes)))).toEqual(["last 60 min", "last 6 h", "last 7 d", "since statistics began"]);
  expect(shortHash("5fa2aaaaaaaaaaaae917")).toBe("5fa2…e917");
});
