/** Long histories and lists: however many there are, few are in the document, and scrolling is smooth. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StartedServer, startServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;

const events = 100_000;
const bucketCount = 2_000;
const atOnce = 1_000;
const objectsAtOnce = 100;
const rounds = 10;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const { buckets } = server.store.namespace();
  const body = { bucket_schema: { properties: {} } };
  await buckets.create({ ...body, bucket_name: "long" });
  for (let done = 0; done < events; done += atOnce) {
    const numbers = Array.from({ length: atOnce }, (_, index) => done + index);
    await Promise.all(
      numbers.map((number) => buckets.patch("long", { metadata: { number } }, { reason: "count" })),
    );
  }
  for (let index = 0; index < bucketCount; index += 1) {
    await buckets.create({ ...body, bucket_name: `bucket ${index}` });
  }
  const objects = server.store.namespace("full").objects("full");
  await server.store.namespace("full").buckets.create({ ...body, bucket_name: "full" });
  for (let done = 0; done < events; done += objectsAtOnce * rounds) {
    const rows = Array.from({ length: objectsAtOnce }, (_, index) => ({ title: `row ${index}` }));
    await Promise.all(Array.from({ length: rounds }, () => objects.createMany(rows)));
  }
}, 600_000);

afterAll(async () => {
  await browser?.close();
  await server.close();
});

/** Scrolls as a wheel does, and returns the longest time between two frames, milliseconds. */
const scrollDown = `new Promise((resolve) => {
  let last = performance.now(), longest = 0, frames = 0;
  const frame = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    frames += 1;
    if (frames > 120) return resolve(longest);
    window.scrollBy(0, 120);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

/** What a busy machine may take for a frame; a list that is not virtual takes seconds. */
const frameMsMax = 400;
const rowsMax = 60;

test.for([
  ["default/buckets/long", "Events"],
  ["default/buckets", "Buckets"],
  ["default/activity", "Events"],
  ["full/buckets/full/objects", "Objects"],
] as const)("%s scrolls", async ([path, label], { skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open(path);
  const rows = page.getByRole("list", { name: label }).getByRole("listitem");
  await rows.first().waitFor();
  for (let round = 0; round < 5; round += 1) {
    expect(await page.evaluate(scrollDown)).toBeLessThan(frameMsMax);
    expect(await rows.count()).toBeLessThan(rowsMax);
  }
  opened.assertQuiet();
});

test("the slider takes any of the versions", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets/long?as_of=50000");
  await page.getByText("As of v50000").waitFor();
  await page.getByRole("slider").focus();
  await page.keyboard.press("PageUp");
  await page.getByText("As of v60000").waitFor();
  opened.assertQuiet();
});
