// The journey question -> explanation -> run -> refusal -> "did you mean" -> run, by keyboard alone, with axe at each stop.
//   node ask.mjs '{"url": …, "scheme": "dark", "folder": …}'   prints one line of JSON with what it saw.
import { visit } from "./visit.mjs";

const asked = JSON.parse(process.argv[2]);
const seen = { bodies: [] };

await visit(asked, seen, async (page, stop) => {
  page.on("request", (request) => { if (request.url().endsWith("/ai/sql:run")) seen.bodies.push(request.postDataJSON().sql); });
  await page.goto(asked.url);
  await page.getByRole("heading", { level: 1, name: "Bottlenecks" }).waitFor();
  const button = page.getByRole("button", { name: /^Assistant, online/ });
  await button.waitFor();
  const box = await button.boundingBox();
  seen.button = { right: 1440 - box.x - box.width, bottom: 900 - box.y - box.height, width: box.width };
  await stop("page");

  // the button opens by keyboard; the focus is in the question box
  await button.focus();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog", { name: "Assistant" });
  await panel.getByRole("list", { name: "Example questions" }).waitFor();
  await stop("empty");

  // a question, its explanation, and the words that each clause comes from
  await page.keyboard.type("which countries have more than 100 users?");
  await page.keyboard.press("Enter");
  const answer = panel.getByRole("article", { name: "which countries have more than 100 users?" });
  await answer.getByText("One row for each users.country", { exact: true }).waitFor();
  seen.shown = (await answer.getByRole("table").first().locator("td:first-child").allInnerTexts()).join(" ");
  await answer.getByRole("button", { name: /^countries: / }).focus();
  seen.words = await answer.locator("tr.lit").allInnerTexts();
  await stop("answer");

  // the checks and the other readings, then the evidence beside the panel
  for (const fold of await answer.locator("summary").all()) { await fold.focus(); await page.keyboard.press("Enter"); }
  await answer.getByText("The database planned it").waitFor();
  await answer.getByRole("button", { name: /^E-\d+ assayed, open evidence/ }).first().press("Enter");
  const drawer = page.getByRole("complementary", { name: /^Evidence E-/ });
  await drawer.getByText("Checks that ran").waitFor();
  await stop("evidence");
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  for (const fold of await answer.locator("summary").all()) { await fold.focus(); await page.keyboard.press("Enter"); }

  // confirm and run
  await answer.getByRole("button", { name: "Confirm and run" }).press("Enter");
  const grid = answer.getByRole("table", { name: /rows? of / });
  await grid.waitFor();
  seen.ran = await answer.getByText(/You confirmed the run at/).innerText();
  await stop("rows");

  // a thousand rows, drawn a window at a time; NULL is unlike any text
  const question = panel.getByRole("textbox", { name: /^Question to / });
  const ask = async (words) => {
    await question.focus();
    await page.keyboard.type(words);
    await page.keyboard.press("Control+Enter");
    return panel.getByRole("article", { name: words });
  };
  const many = await ask("show the email and phone of all users");
  await many.getByRole("button", { name: "Confirm and run" }).press("Enter");
  const long = many.getByRole("table", { name: /rows of / });
  await long.waitFor();
  seen.many = { declared: await long.getAttribute("aria-rowcount"), drawn: await long.locator("tbody tr").count() };
  await many.getByRole("group", { name: /rows of / }).focus();
  await page.keyboard.press("End");
  await long.getByRole("row", { name: /^1000 / }).waitFor();
  await many.getByText("NULL", { exact: true }).first().waitFor();
  await many.getByRole("button", { name: "Copy as CSV" }).press("Enter");
  await many.getByText("Copied").waitFor();
  await stop("many-rows");

  // refused: what was not understood, and "did you mean", chosen by its number, checked, then run
  const refused = await ask("which users live in Atlantis?");
  const meant = refused.getByRole("list", { name: "Did you mean" });
  await meant.waitFor();
  seen.refused = await refused.locator("u.u0").allInnerTexts();
  // The browser itself writes the refusal's 422 to the console.
  seen.errors = seen.errors.filter((text) => !text.includes("422 (Unprocessable"));
  await stop("refused");
  await meant.getByRole("button").first().focus();
  await page.keyboard.press("1");
  const other = panel.getByRole("article", { name: /^Another reading of: / });
  await other.getByText("Read as").waitFor();
  await other.getByRole("button", { name: "Confirm and run" }).press("Enter");
  await other.getByText(/You confirmed the run at/).waitFor();
  seen.other = (await other.locator("table.clauses td:first-child").allInnerTexts()).join(" ");
  await stop("did-you-mean");

  // Escape closes and gives the focus back; the conversation is still there
  await question.focus();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  seen.back = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await page.keyboard.press("a");
  await panel.waitFor();
  seen.kept = await panel.getByRole("article").count();
  seen.stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }).includes("Atlantis"));

  // Tab goes round inside
  seen.trapped = true;
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    seen.trapped &&= await panel.evaluate((node) => node.contains(document.activeElement));
  }

  // a question that hangs can be stopped, and asked again
  const held = [];
  await page.route("**/ai/sql:generate", (route) => { held.push(route); });
  const slow = await ask("how many products are there?");
  await slow.getByRole("progressbar").waitFor();
  seen.processing = await page.locator(".fab").getAttribute("data-state");
  await slow.getByRole("button", { name: "Stop" }).press("Enter");
  await slow.getByText("Stopped. No rows were shown.").waitFor();
  await page.unroute("**/ai/sql:generate");
  for (const route of held) await route.abort().catch(() => undefined);
  await slow.getByRole("button", { name: "Ask again" }).first().press("Enter");
  await slow.getByRole("button", { name: "Confirm and run" }).waitFor();

  // a fault of the server is said, and tried again
  const fault = { error: { code: "UNAVAILABLE", message: "The database does not answer.", details: { cure: "Start it." }, suggestions: [], trace_id: "f".repeat(32), timestamp: new Date().toISOString() } };
  await page.route("**/ai/sql:generate", (route) => route.fulfill({ status: 503, json: fault }), { times: 1 });
  const failed = await ask("how many orders are there?");
  await failed.getByRole("alert").getByText("The database does not answer.").waitFor();
  await stop("fault");
  await failed.getByRole("button", { name: "Try again" }).press("Enter");
  await failed.getByRole("button", { name: "Confirm and run" }).waitFor();
  await page.keyboard.press("Escape");
  await page.route("**/ai/status", (route) => route.fulfill({ json: { available: false, reason: "The weights are damaged.", currentModel: "embedded", supportedModels: [], supportedDatabases: [], calibratedOn: "", capabilities: {}, version: "", lastHealthCheck: 0 } }));
  await page.getByRole("button", { name: "Assistant, error: The weights are damaged." }).waitFor();
  await stop("button-error");
  await page.unroute("**/ai/status");
  await button.waitFor();
  seen.errors = seen.errors.filter((text) => !text.includes("503 (Service Unavailable"));
  await page.keyboard.press("a");

  // a narrow window
  await page.setViewportSize({ width: 700, height: 900 });
  await stop("narrow");
  seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  await page.keyboard.press("Escape");
  await stop("narrow-button");
});
