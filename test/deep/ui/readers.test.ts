/** Who may see less sees what it may; and the page by its keys alone. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("a reader of one namespace sees it live, and is told what it lacks", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  const body = { name: "guest", permission: "read", namespaces: ["default"] };
  const { token } = await server.store.tokens.create(body);
  await using opened = await openPage(browser, { url: server.url, token });
  const { page, open } = opened;
  await open("default/buckets");
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByText("Season tags are out of date").first().waitFor();
  const { buckets } = server.store.namespace();
  await buckets.patch("contracts", { metadata: { seen: true } }, { reason: "in between" });
  await page.getByText("in between").first().waitFor();
  await open("default/buckets/contracts");
  await page.getByRole("button", { name: "Lock" }).click();
  await page.getByLabel("Why").fill("to try");
  await page.getByRole("dialog").getByRole("button", { name: "Lock" }).click();
  await page
    .getByText('This needs a token with the permission "admin"; yours has "read".')
    .waitFor();
  await page.keyboard.press("Escape");
  await open("default/health");
  await page.getByText("Your token does not open the whole store.").first().waitFor();
  await open("elsewhere/buckets");
  await page.getByText('Your token does not open the namespace "elsewhere".').first().waitFor();
  opened.assertQuiet();
});

test("a list of the past says what has changed since", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets");
  await page.getByLabel("As of").fill("1 Oct 2026 12:00");
  await page.getByLabel("As of").press("Enter");
  await page.getByText("As of 1 Oct 2026, 12:00").waitFor();
  const rows = page.getByRole("list", { name: "Buckets" }).getByRole("link");
  const changed = rows.filter({ hasText: "changed since" });
  await changed.filter({ hasText: "product-videos" }).waitFor();
  expect(await changed.filter({ hasText: "support-calls" }).count()).toBe(0);
  await opened.assertAccessible();
  await page.keyboard.press("Escape");
  await changed.first().waitFor({ state: "detached" });
  opened.assertQuiet();
});

test("what somebody did is one link away, and filtered by type", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets/contracts");
  await page.getByRole("link", { name: "mira", exact: true }).first().click();
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  await page.getByLabel("Only events of the type").selectOption("bucket.locked");
  await page.getByText("Audit of 2025 begins").waitFor();
  const shown = page.getByRole("list", { name: "Events" }).locator(".actor");
  const actors = new Set(await shown.allTextContents());
  expect([...actors]).toEqual(["mira"]);
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("the keys lead through the page, and are listed", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets?sort=name");
  await page.getByRole("list", { name: "Buckets" }).getByRole("link").first().waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("search").waitFor();
  await opened.assertAccessible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "contracts" }).waitFor();
  await page.keyboard.press("[");
  await page.getByText(/^As of v/).waitFor();
  await page.keyboard.press("r");
  await page.getByRole("dialog").getByText("This would change:").waitFor();
  await opened.assertAccessible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("]");
  await page.getByText(/^As of v/).waitFor({ state: "detached" });
  await page.keyboard.press("/");
  await page.keyboard.type("photo");
  await page.keyboard.press("Enter");
  await page.waitForURL(/search=photo/);
  opened.assertQuiet();
});

test("a key does its work from the moment its page is seen", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets?sort=name");
  const link = page.getByRole("list", { name: "Buckets" }).getByRole("link", { name: "contracts" });
  await link.waitFor();
  await page.evaluate(`new MutationObserver((_, observer) => {
    if (document.querySelector(".slider") === null) return;
    observer.disconnect();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "[", bubbles: true }));
  }).observe(document.body, { childList: true, subtree: true })`);
  await link.click();
  await page.getByText(/^As of v/).waitFor();
  opened.assertQuiet();
});

test("a server that goes away leaves the last answers, with their time", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  const other = await startStory();
  await using opened = await openPage(browser, other);
  const { page, open } = opened;
  await open("default/buckets/contracts");
  await page.getByRole("list", { name: "Fields" }).waitFor();
  await other.close();
  await page.getByText(/away since/).waitFor();
  await page.keyboard.press("[");
  await page.getByText("The server cannot be reached.").first().waitFor();
  await page.getByRole("list", { name: "Fields" }).waitFor();
});
