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

/** Scrolls as a wheel does, and returns how many rows were made for the busiest of the frames. */
const scrollDown = `new Promise((resolve) => {
  let most = 0, made = 0, frames = 0;
  const rows = ({ addedNodes }) => [...addedNodes].filter((node) => node.localName === "li").length;
  const watch = new MutationObserver((records) => {
    for (const record of records) made += rows(record);
  });
  watch.observe(document.querySelector("main"), { subtree: true, childList: true });
  const frame = () => {
    most = Math.max(most, made);
    made = 0;
    frames += 1;
    if (frames > 120) {
      watch.disconnect();
      return resolve(most);
    }
    window.scrollBy(0, 120);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

/** As many as fill a screen, and some around it: how long they take is for the machine to say. */
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
    expect(await page.evaluate(scrollDown)).toBeLessThan(rowsMax);
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
