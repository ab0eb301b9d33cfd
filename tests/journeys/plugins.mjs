// The journey no plugin -> a store written, tested -> healthy -> killed, crashed, back -> log -> stopped, started -> a fault
// of the file -> removed, by keyboard alone, with axe at each stop.
//   node plugins.mjs '{"url": …, "home": …, "scheme": "dark", "folder": …}'   prints one line of JSON with what it saw.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { visit } from "./visit.mjs";

const asked = JSON.parse(process.argv[2]);
const file = join(asked.home, "stores.yaml");
const PLUGIN = "atest-store-double-with-a-name-that-is-longer-than-any-column", SECRET = "sk-journey-4711";
const seen = { overflow: [] };

await visit(asked, seen, async (page, stop) => {
  const api = (path) => page.evaluate(async (from) => (await fetch(from)).json(), path);
  const plugin = async () => (await api("/api/v1/plugins")).data[0];
  const narrow = async (name) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished)));
    await stop(`${name}-narrow`);
    if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)) seen.overflow.push(name);
    await page.setViewportSize({ width: 1440, height: 900 });
  };
  await page.goto(asked.url);
  await page.getByRole("link", { name: "Plugins" }).waitFor();

  // the palette knows the room; nothing is there yet, and the page says how to begin
  await page.keyboard.press("Control+k");
  await page.keyboard.type("plugins");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "No plugin yet" }).waitFor();
  await stop("none");

  // a store, from the params of its kind
  await page.getByRole("link", { name: "Add a store" }).first().press("Enter");
  const form = page.locator("form");
  await form.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type("orders");
  await form.getByLabel("provider").focus();
  seen.standard = await form.getByLabel("provider").inputValue();
  await page.keyboard.type("openai");
  await form.getByLabel("api_key").focus();
  await page.keyboard.type(SECRET);
  await stop("form");
  await narrow("form");
  await page.keyboard.press("Enter");
  await page.getByText(/^It works, read-only; its plugin is v1\.2\./).waitFor();
  await stop("store");
  seen.filled = await page.locator("input[type=password]").evaluateAll((all) => all.map((one) => one.value));

  // changed, and the key that was left alone is kept
  await form.getByLabel("Description").focus();
  await page.keyboard.type("Orders of the shop");
  await page.keyboard.press("Enter");
  await page.getByText("Changed orders").waitFor();
  await page.getByText(/^It works/).waitFor();
  const text = readFileSync(file, "utf8");
  seen.kept = text.includes(SECRET) && text.includes("Orders of the shop") && text.includes("provider: openai");
  seen.stored = await page.evaluate((secret) => JSON.stringify({ ...localStorage, ...sessionStorage }).includes(secret) || document.documentElement.outerHTML.includes(secret) || location.href.includes(secret), SECRET);
  await page.getByRole("button", { name: "Test connection" }).press("Enter");
  await page.getByText(/Asked in/).waitFor();

  // healthy; killed again and again it takes longer to come back, and the page says so without being asked
  await page.getByRole("link", { name: "Plugins", exact: true }).first().press("Enter");
  const row = page.getByRole("table", { name: "Plugins" }).locator("tbody tr");
  const says = (word) => row.locator(".status", { hasText: word }).waitFor();
  await says("ready");
  await stop("ready");
  await narrow("ready");
  for (let times = 1; times <= 6; times++) {
    const before = await plugin();
    process.kill(before.pid, "SIGKILL");
    if (times === 6) break;
    for (let now = before; now.restarts < times || now.state !== "ready"; now = await plugin()) await page.waitForTimeout(150);
  }
  await says("crashed");
  await page.getByRole("button", { name: /^Assistant, plugin offline: The AI plugin orders is crashed: it ended \(SIGKILL\)/ }).waitFor();
  seen.crashed = await row.innerText();
  seen.spoken = await page.locator("main [role=status]").first().innerText();
  await stop("crashed");
  await says("ready");
  await page.getByRole("button", { name: "Assistant, online" }).waitFor();
  seen.again = await row.innerText();

  // the plugin and its log beside, with what it wrote before it was killed
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: `Plugin ${PLUGIN}` });
  await panel.locator("li").first().waitFor();
  seen.lines = await panel.locator("li", { hasText: "listening" }).count();
  await stop("log");
  await narrow("log");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });

  // ten thousand lines: those in view are drawn, and new ones come
  let total = 10_000;
  await page.route("**/log?**", (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get("cursor") ?? 0), to = Math.min(total, from + Number(query.get("limit")));
    const items = Array.from({ length: to - from }, (_, at) => ({ number: from + at + 1, at: "2026-11-28T05:21:37.123Z", text: `line ${from + at + 1} ${"of a log ".repeat(20)}` }));
    return route.fulfill({ json: { items, total, next_cursor: to < total ? String(to) : null } });
  });
  await page.keyboard.press("Enter");
  await panel.getByText(/^line 10000 /).waitFor();
  seen.drawn = await panel.locator("li").count();
  await panel.getByRole("group", { name: /^Lines that/ }).focus();
  await page.keyboard.press("Home");
  await panel.getByText(/^line 1 /).waitFor();
  total = 10_003;
  await panel.getByRole("button", { name: "3 new lines" }).press("Enter");
  await panel.getByText(/^line 10003 /).waitFor();
  await stop("long-log");
  await page.unroute("**/log?**");
  await page.keyboard.press("Escape");

  // stopped, which is asked before, and started
  await row.getByRole("button", { name: /^Stop / }).press("Enter");
  const question = page.getByRole("dialog");
  await question.getByText(/^orders can't be asked until/).waitFor();
  await stop("asked-to-stop");
  await question.getByRole("button", { name: "Stop it" }).press("Enter");
  await says("stopped");
  await stop("stopped");
  await row.getByRole("button", { name: /^Start / }).press("Enter");
  await says("ready");
  await row.getByRole("button", { name: /^Restart / }).press("Enter");
  await question.getByRole("button", { name: "Restart it" }).press("Enter");
  await question.waitFor({ state: "detached" });
  await says("ready");

  // a fault of the file is shown as it is saved, and gone as it is mended
  const whole = readFileSync(file, "utf8");
  writeFileSync(file, `${whole.replace("stores:", "stores:\n- name: broken\n  kind: {name: [a]}\n")}`);
  const problems = page.getByRole("list", { name: "Problems of the file" });
  await problems.waitFor();
  seen.problem = await problems.innerText();
  await stop("problems");
  writeFileSync(file, whole);
  await problems.waitFor({ state: "detached" });

  // removed
  await page.getByRole("table", { name: "Stores" }).getByRole("link", { name: /^orders/ }).press("Enter");
  await page.getByRole("button", { name: "Remove", exact: true }).press("Enter");
  await question.getByRole("textbox").focus();
  await page.keyboard.type("orders");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "No plugin yet" }).waitFor();

  // a provider's key is kept, and forgotten
  await page.getByRole("link", { name: "Models" }).first().press("Enter");
  await page.getByRole("button", { name: "Keep a key of deepseek" }).press("Enter");
  await question.getByLabel("Key").focus();
  await page.keyboard.type(SECRET);
  await page.keyboard.press("Enter");
  const provider = page.getByRole("row", { name: /^deepseek/ });
  await provider.getByText("from the vault").waitFor();
  await stop("models");
  await narrow("models");
  seen.stored ||= await page.evaluate((secret) => document.documentElement.outerHTML.includes(secret), SECRET);
  await provider.getByRole("button", { name: "Forget the key of deepseek" }).press("Enter");
  await question.getByRole("button", { name: "Forget it" }).press("Enter");
  await provider.getByText("none", { exact: true }).waitFor();
});
