// The palette finds what is meant, this page's acts first.
import { expect, test } from "vitest";
import { fit, rank, type Act } from "./palette-rank";

const act = (title: string, kind: Act["kind"], words?: string): Act => ({ id: title, title, kind, place: "", icon: "play", run: () => undefined, ...(words ? { words } : {}) });
const acts = [
  act("Workload", "room"), act("Evidence", "room", "ledger simulations"), act("Simulate best fix of q_7f3a91", "page"),
  act("Simulate a rewrite", "page"), act("q_7f3a91 orders by user", "object"), act("Theme: dark", "setting"), act("Ask: “sim”", "ask"),
];

test("acts of the page stand before rooms that fit as well", () => {
  expect(rank(acts, "sim").map((one) => one.act.title)).toEqual([
    "Simulate best fix of q_7f3a91", "Simulate a rewrite", "Evidence", "Ask: “sim”",
  ]);
});
test("without letters there are acts and rooms, no objects", () => {
  expect(rank(acts, "").map((one) => one.act.kind)).toEqual(["page", "page", "room", "room", "setting"]);
});
test("letters in order are enough, and their places are told", () => {
  expect(fit("sbf", "Simulate best fix")?.hits).toEqual([0, 9, 14]);
  expect(fit("xq", "Simulate best fix")).toBeNull();
});
test("an id is found by its middle", () => {
  expect(rank(acts, "7f3a").map((one) => one.act.kind)).toContain("object");
});
