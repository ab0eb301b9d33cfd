// The journey start -> bottleneck -> plan diff -> simulate -> evidence -> replay, in a real browser, with axe at each stop.
//   node walk.mjs '{"url": …, "scheme": "dark", "folder": …}'   prints one line of JSON with what it saw and measured.
import { visit } from "./visit.mjs";

const asked = JSON.parse(process.argv[2]);
const seen = { firstPaint: null, planDiff: null };

await visit(asked, seen, async (page, stop) => {
  // start: the one-time URL signs in, and the token leaves the address bar
  await page.goto(asked.url);
  await page.getByRole("heading", { level: 1, name: "Bottlenecks" }).waitFor();
  await page.locator("tbody tr").first().waitFor();
  if (page.url().includes("token")) seen.errors.push(`the token stayed in the address: ${page.url()}`);
  await stop("bottlenecks");

  // first contentful paint of a signed-in visit
  await page.goto(new URL("/workload", asked.url).href);
  await page.locator("tbody tr").first().waitFor();
  seen.firstPaint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);

  // bottleneck, by keyboard alone: the first row with a proved index
  const rows = await page.locator("tbody tr").allInnerTexts();
  const place = rows.findIndex((text) => text.includes("% cost") && /Index /.test(text));
  if (place < 0) throw new Error("no statement has a proved index");
  for (let i = 0; i <= place; i++) await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Plan", exact: true }).waitFor();
  await stop("query");

  // simulate: the plan before and after, side by side
  const began = Date.now();
  await page.getByRole("button", { name: /^Simulate/ }).first().click();
  await page.getByRole("tree", { name: "Plan after" }).waitFor();
  seen.planDiff = Date.now() - began;
  const marks = await page.getByRole("tree").getByText(/removed: |new: |changed: /).count();
  if (!marks) seen.errors.push("no node of the plans is marked as changed");
  await stop("simulated");

  // evidence beside the claim, and its checks run again
  await page.keyboard.press("e");
  const drawer = page.getByRole("complementary", { name: /^Evidence E-/ });
  await drawer.waitFor();
  await drawer.getByText("Checks that ran").waitFor();
  await stop("evidence");
  await drawer.getByRole("button", { name: "Replay" }).click();
  const outcome = drawer.getByText(/^(The same again|Changed since|Can't be replayed)/).first();
  await outcome.waitFor();
  seen.replay = await outcome.innerText();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });

  // the other rooms
  for (const [path, heading] of [["/workload/advisor", "Index advisor"], ["/sources", "Sources"], ["/evidence", "Evidence"]]) {
    await page.goto(new URL(path, asked.url).href);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await stop(heading.toLowerCase().replace(" ", "-"));
  }

  // the palette finds what it is asked for
  await page.keyboard.press("Control+k");
  await page.keyboard.type("bottle");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Bottlenecks" }).waitFor();
  seen.stops.push("palette");
});
