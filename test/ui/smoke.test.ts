/** The page opens in a real browser, asks for a token, and shows what there is. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedServer } from "../../src/server.js";
import { openBrowser } from "../support/browser.js";
import { openPage, startStory } from "../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startStory()]);
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

test("a wrong token is told so, and the right one opens the page", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page } = opened;
  await page.goto(`${server.url}/`);
  await page.getByLabel("Token").fill("not-the-token-of-this-server");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("The token is unknown or has expired.").waitFor();
  await page.getByLabel("Token").fill(server.token);
  await page.getByRole("button", { name: "Open" }).click();
  await page
    .getByRole("link", { name: /product-videos/ })
    .first()
    .waitFor();
  expect(page.url()).toBe(`${server.url}/ui/default/buckets`);
  expect(await page.evaluate("JSON.stringify(sessionStorage) + document.cookie")).toBe("{}");
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("a bucket is found, and shown as it was in May", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets");
  await page.getByRole("list", { name: "Buckets" }).getByText("product-videos").click();
  await page.getByRole("heading", { name: "product-videos" }).waitFor();
  await page.getByLabel("Moment").fill("31 May 2026");
  await page.keyboard.press("Enter");
  await page.getByText("As of v39").waitFor();
  await page.getByText("came later").waitFor();
  await opened.assertAccessible();
  await page.keyboard.press("Escape");
  await page.getByText("As of v39").waitFor({ state: "detached" });
  opened.assertQuiet();
});

test("a moment that is being written stays when the history of the bucket arrives", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  const held = Promise.withResolvers<void>();
  await page.route(/\/history\?.*limit=1000/, async (route) => {
    await held.promise;
    await route.continue();
  });
  await open("default/buckets");
  await page.getByRole("list", { name: "Buckets" }).getByText("product-videos").click();
  const box = page.getByLabel("Moment");
  const before = await box.inputValue();
  await box.fill("31 May 2026");
  held.resolve();
  // The marks of the line are made of it.
  await page.locator(".slider .slider-mark").first().waitFor({ state: "attached" });
  expect(before).not.toBe("31 May 2026");
  expect(await box.inputValue()).toBe("31 May 2026");
  await page.keyboard.press("Enter");
  await page.getByText("As of v39").waitFor();
});
