/** The documentation can be used by keyboard and screen reader, as far as axe can tell: no rule is left out. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import type { StartedServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage, startStory } from "../../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startStory()]);
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

test("its list, the question for the token, and an operation that was tried", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page } = opened;
  await page.goto(`${server.url}/docs/`);
  // Of so many operations those alone are drawn that are in sight.
  await page.locator("[id$=getBucket]").waitFor();
  await opened.assertAccessible();
  // What follows is about these alone.
  await page.getByPlaceholder("Filter by tag or path").fill("transactions");
  await page.locator("[id$=getBucket]").waitFor({ state: "detached" });
  const operation = page.locator("[id$=transact]");
  await operation.waitFor();
  await page.getByRole("button", { name: "Authorize" }).first().click();
  await page.getByLabel("auth-bearer-value").fill(server.token);
  await opened.assertAccessible();
  await page.getByRole("button", { name: /apply credentials/ }).click();
  await page.getByRole("button", { name: "Close" }).last().click();
  await operation.getByRole("button").first().click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.getByText("Launch films, Q4").last().waitFor();
  await opened.assertAccessible();
  opened.assertQuiet();
});
