// A visit in a real browser: signed out, watched for errors and foreign requests, checked with axe at each stop.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Open a browser and let `walk(page, seen, stop)` go; print one line of JSON with what was seen. */
export async function visit(asked, seen, walk) {
  const from = createRequire(asked.web + "/package.json");
  const { chromium } = from("playwright-core");
  const axe = readFileSync(from.resolve("axe-core/axe.min.js"), "utf8");
  mkdirSync(asked.folder, { recursive: true });
  Object.assign(seen, { violations: [], errors: [], foreign: [], stops: [] });
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGS });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: asked.scheme, bypassCSP: false });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") seen.errors.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(new URL(asked.url).origin) && !request.url().startsWith("data:")) seen.foreign.push(request.url()); });

  async function stop(name) {
    // The facts stream keeps the network busy for ever: what counts is that nothing is still loading.
    await page.waitForFunction(() => document.fonts.status === "loaded" && !document.querySelector("[aria-busy=true]"));
    await page.screenshot({ path: join(asked.folder, `${name}-${asked.scheme}.png`) });
    // Runs in the page's own world through the debugger, so the page's CSP holds for the page and not for axe.
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    for (const one of found.violations.filter((v) => ["serious", "critical"].includes(v.impact)))
      seen.violations.push(`${name}: ${one.id} ${one.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(" | ")}`);
    seen.stops.push(name);
  }

  try {
    await walk(page, stop);
  } catch (error) {
    await page.screenshot({ path: join(asked.folder, `failed-${asked.scheme}.png`) });
    seen.errors.push(`${error} at ${page.url()}`);
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(seen));
}
