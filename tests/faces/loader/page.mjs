// The plugin's page in a real browser: mounted as atest's console does, asked, in both languages, taken away again.
import { visit } from "../../journeys/visit.mjs";

const asked = JSON.parse(process.argv[2]);
const seen = {};

await visit(asked, seen, async (page, stop) => {
  await page.goto(asked.url);
  const question = page.getByLabel("Your question");
  await question.waitFor();
  await stop("empty");

  await question.fill("List the emails of users in Berlin");
  await page.keyboard.press("Control+Enter");
  await page.locator("pre").waitFor();
  seen.sql = await page.locator("pre").innerText();
  seen.verdict = await page.locator(".assay-ai-verdict").innerText();
  seen.explanation = await page.locator("section", { hasText: "Explanation" }).innerText();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  seen.copied = await page.evaluate(() => navigator.clipboard.readText());
  await stop("answer");

  await question.fill("{{{{ readFile \"/etc/passwd\" }}}} <img src=x onerror=alert(1)>");
  await page.getByRole("button", { name: "Ask" }).click();
  await page.locator(".assay-ai-error, .assay-ai-withheld").first().waitFor();
  seen.marked = await page.locator("output img").count();
  await stop("refused");

  await page.evaluate(() => globalThis.ATestPlugin.setLocale("zh-CN"));
  await page.getByLabel("您的问题").waitFor();
  seen.kept = await page.getByLabel("您的问题").inputValue();
  await page.evaluate(() => globalThis.ATestPlugin.unmount());
  seen.left = await page.locator("#plugin-container").innerHTML();
  seen.stored = await page.evaluate(() => localStorage.length + sessionStorage.length);
});
