// Looks at every page in a real browser against the pretend server: pictures, axe, errors, first paint.
//   npm run build && npm run preview -- --port 4173 &    then: node dev/shots.mjs [folder] [name filter]
import { chromium } from "playwright-core";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const base = process.env.ASSAY_PAGE ?? "http://127.0.0.1:4173";
const folder = process.argv[2] ?? join(tmpdir(), "assay-shots");
const filter = process.argv[3] ?? "";
mkdirSync(folder, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const LOOK = [
  { name: "workload", path: "/workload" },
  { name: "query", path: "/workload/queries/q_7f3a91?evidence=E-20418" },
  { name: "advisor", path: "/workload/advisor" },
  { name: "sources", path: "/sources" },
  { name: "source", path: "/sources/s_77b2?check=1" },
  { name: "connect", path: "/sources/connect", act: async (page) => { await page.getByLabel("Name").fill("shop-prod"); await page.getByLabel("Address").fill("postgresql://x@y/z"); await page.getByRole("button", { name: "Connect and test" }).click(); } },
  { name: "init", path: "/sources/init", act: async (page) => { await page.getByRole("button", { name: "Write the statements" }).click(); } },
  { name: "evidence", path: "/evidence" },
  { name: "evidence-page", path: "/evidence/E-20418" },
  { name: "empty", path: "/workload", scenario: "empty" },
  { name: "never", path: "/workload", scenario: "never" },
  { name: "partial", path: "/workload", scenario: "partial", act: async (page) => { await page.getByText("Show which").click({ force: true }).catch(() => page.locator("summary").first().click()); } },
  { name: "failed", path: "/workload", scenario: "failed" },
  { name: "slow", path: "/workload", scenario: "slow", wait: 2600 },
  { name: "no-advice", path: "/workload/advisor", scenario: "no-advice" },
  { name: "expired", path: "/workload", act: async (page) => { await page.request.post(`${base}/__mock`, { data: { scenario: "out" } }); await page.keyboard.press("r"); } },
  { name: "offline", path: "/workload", act: async (page) => { await page.route("**/api/**", (route) => route.abort()); await page.route("**/healthz", (route) => route.abort()); await page.keyboard.press("r"); await page.waitForTimeout(400); } },
  { name: "sign-in", path: "/workload", scenario: "out" },
  { name: "refused", path: "/#token=bad", scenario: "out" },
  { name: "palette", path: "/workload/queries/q_7f3a91", act: async (page) => { await page.keyboard.press("Control+k"); await page.keyboard.type("sim"); } },
  { name: "keys", path: "/workload", act: async (page) => { await page.keyboard.press("j"); await page.keyboard.press("j"); await page.keyboard.press("?"); } },
  { name: "scan", path: "/workload", act: async (page) => { await page.getByRole("button", { name: "Scan now" }).click(); await page.waitForTimeout(1200); } },
  { name: "simulate", path: "/workload/queries/q_7f3a91", act: async (page) => { await page.getByRole("button", { name: "Simulate again" }).click(); await page.waitForTimeout(900); } },
  { name: "measure", path: "/workload/queries/q_7f3a91", act: async (page) => { await page.getByRole("button", { name: "Measure" }).click(); } },
  { name: "remove", path: "/sources/s_0c11", act: async (page) => { await page.getByRole("button", { name: "Remove" }).click(); } },
];
const VIEWS = [
  { name: "dark-1440", width: 1440, height: 900, scheme: "dark" },
  { name: "light-1440", width: 1440, height: 900, scheme: "light" },
  { name: "light-820", width: 820, height: 900, scheme: "light" },
  { name: "dark-390", width: 390, height: 844, scheme: "dark" },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const only = process.env.VIEWS?.split(",");
let bad = 0;
for (const view of VIEWS) {
  if (only && !only.includes(view.name)) continue;
  const context = await browser.newContext({ viewport: { width: view.width, height: view.height }, colorScheme: view.scheme, bypassCSP: false });
  for (const look of LOOK) {
    if (filter && !look.name.match(filter)) continue;
    const page = await context.newPage();
    const told = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type()) && !/status of (401|404|409|502)|ERR_FAILED/.test(message.text())) told.push(message.text()); });
    page.on("pageerror", (error) => told.push(String(error)));
    await page.request.post(`${base}/__mock`, { data: { scenario: look.scenario ?? "normal" } });
    await page.goto(base + look.path, { waitUntil: "load" });
    if (look.scenario !== "slow") await page.waitForSelector("h1", { timeout: 15_000 });
    await page.waitForTimeout(look.wait ?? 700);
    await look.act?.(page);
    await page.waitForTimeout(250);
    await page.screenshot({ path: join(folder, `${look.name}-${view.name}.png`), fullPage: !["palette", "keys", "measure", "remove", "query"].includes(look.name) });
    const fcp = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })).violations.map((one) => `${one.impact} ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`));
    if (found.length || told.length || overflow > 0) bad++;
    console.log(`${view.name} ${look.name}: first paint ${Math.round(fcp)} ms${overflow > 0 ? `, ${overflow} px too wide` : ""}`);
    for (const line of [...found, ...told]) console.log(`   ${line}`);
    await page.close();
  }
  await context.close();
}
await browser.close();
console.log(bad === 0 ? "Nothing found." : `${bad} pages with findings.`);
