/** The documentation opens in a real browser without a network, and sends what is tried to the server. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedServer } from "../../src/server.js";
import { openBrowser } from "../support/browser.js";
import { deepTest } from "../support/depth.js";
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

test("what is no file of it is not there, and the folder is found without its slash", async () => {
  expect((await fetch(`${server.url}/docs/no-such.js`)).status).toBe(404);
  const slashless = await fetch(`${server.url}/docs`, { redirect: "manual" });
  expect([slashless.status, slashless.headers.get("Location")]).toEqual([302, "/docs/"]);
});

test("its scripts are files of its own, and its policy lets in no others", async () => {
  const answer = await fetch(`${server.url}/docs/`);
  const policy = answer.headers.get("Content-Security-Policy") ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("script-src");
  expect(policy).not.toContain("unsafe");
  expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:/);
});

deepTest("an operation is found, tried with the token, and answered", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page } = opened;
  await page.goto(`${server.url}/docs/`);
  await page.locator("[id$=getBucket]").waitFor();
  await page.getByRole("button", { name: "Authorize" }).first().click();
  await page.getByLabel("auth-bearer-value").fill(server.token);
  await page.getByRole("button", { name: /apply credentials/ }).click();
  await page.getByRole("button", { name: "Close" }).last().click();
  const operation = page.locator("[id$=getBucket]");
  await operation.getByRole("button").first().click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  // The example of the document is filled in.
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.getByText('"bucket_name": "product-videos"').first().waitFor();
  opened.assertQuiet();
});
