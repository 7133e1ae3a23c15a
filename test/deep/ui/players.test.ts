/**
 * What objects hold is seen, heard and read by signed URLs: the browser fetches as much as it shows,
 * within the policy of the page, and goes on where it was when a URL has ended meanwhile.
 */
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../../src/domain/limits.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";
import { type Service, serve, TestClock, tokens } from "../../support/server.js";

const clock = new TestClock();
const soundSeconds = 120;
const textLines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);

let browser: Browser | undefined;
let service: Service;

/** Silence in WAV, 8 bits of one channel at 48 kHz: what a browser holds ready is a part of it. */
function sound(): Blob {
  const rate = 48_000;
  const dataBytes = soundSeconds * rate;
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write("data", 36);
  header.writeUInt32LE(dataBytes, 40);
  return new Blob([header, Buffer.alloc(dataBytes, 128)]);
}

/** The address of the object that an upload of these bytes becomes. */
async function upload(filename: string, type: string, bytes: Blob): Promise<string> {
  const uploads = service.store.namespace().uploads("clips");
  const announced = { filename, content_type: type, blob_property: "content" };
  const { upload: made } = await uploads.create(announced);
  await uploads.receive(made.upload_id, bytes);
  const { upload: confirmed } = await uploads.confirm(made.upload_id);
  return `default/buckets/clips/objects/${confirmed.object_id}`;
}

beforeAll(async () => {
  [browser, service] = await Promise.all([openBrowser(), serve({ clock: clock.read })]);
  await service.store.namespace().buckets.create({
    bucket_name: "clips",
    bucket_schema: { properties: { content: { type: "binary" } } },
  });
});

afterAll(async () => {
  await browser?.close();
  await service.close();
});

/** What was fetched under signed URLs: the status of each answer, and where its bytes begin. */
function downloadsOf(page: Page): { readonly status: number; readonly from: number }[] {
  const downloads: { readonly status: number; readonly from: number }[] = [];
  page.on("response", (response) => {
    if (!response.url().startsWith(`${service.url}/v1/downloads/`)) return;
    const range = /^bytes (\d+)-/.exec(response.headers()["content-range"] ?? "");
    downloads.push({ status: response.status(), from: Number(range?.[1] ?? 0) });
    expect(response.request().headers()["authorization"]).toBeUndefined();
  });
  return downloads;
}

/** The policy of the page keeps Playwright's own way of waiting out. */
async function until(page: Page, condition: string): Promise<void> {
  await expect.poll(() => page.evaluate(condition), { timeout: 30_000 }).toBe(true);
}

const mediaOf = "document.querySelector('figure :is(audio, video)')";

test("a film is played, in ranges", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  const film = await readFile(new URL("../../support/film.webm", import.meta.url));
  const address = await upload("film.webm", "video/webm", new Blob([film]));
  await using opened = await openPage(browser, { url: service.url, token: tokens.admin });
  const { page, open } = opened;
  const downloads = downloadsOf(page);
  await open(address);
  await page.locator("figure video").waitFor();
  await until(page, `${mediaOf}.videoWidth === 16`);
  await page.evaluate(`void ${mediaOf}.play()`);
  await until(page, `${mediaOf}.ended`);
  expect(new Set(downloads.map(({ status }) => status))).toEqual(new Set([206]));
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("a sound goes on where it was sought, also when its URL has ended meanwhile", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  const address = await upload("silence.wav", "audio/wav", sound());
  await using opened = await openPage(browser, { url: service.url, token: tokens.admin });
  const { page, open } = opened;
  const downloads = downloadsOf(page);
  await open(address);
  await page.locator("figure audio").waitFor();
  await until(page, `${mediaOf}.readyState >= 1`);
  expect(await page.evaluate(`${mediaOf}.duration`)).toBe(soundSeconds);
  const first = await page.locator("figure audio").getAttribute("src");
  clock.advance(limits.downloadSeconds * 1_000);
  await page.evaluate(`void (${mediaOf}.currentTime = ${soundSeconds - 10})`);
  await until(page, `${mediaOf}.src !== ${JSON.stringify(first)}`);
  const isThere = `${mediaOf}.currentTime === ${soundSeconds - 10} && !${mediaOf}.seeking`;
  await until(page, `${isThere} && ${mediaOf}.readyState >= 2`);
  expect(downloads.map(({ status }) => status)).toContain(403);
  expect(downloads.some(({ status, from }) => status === 206 && from > 1_000_000)).toBe(true);
  opened.assertQuiet();
});

test("of a long text its beginning is fetched, and all of it is saved, an hour later as well", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  const text = textLines.join("\n");
  const address = await upload("lines.txt", "text/plain", new Blob([text]));
  await using opened = await openPage(browser, { url: service.url, token: tokens.admin });
  const { page, open } = opened;
  const downloads = downloadsOf(page);
  await open(address);
  await page.getByRole("button", { name: "Show lines.txt" }).click();
  await page.getByText("line 1000", { exact: false }).waitFor();
  await page.getByText(/more, not shown/).waitFor();
  expect(await page.locator(".blob-text").textContent()).not.toContain("line 4999");
  expect(downloads.map(({ status }) => status)).toEqual([206]);
  clock.advance(limits.downloadSeconds * 1_000);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save lines.txt" }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe("lines.txt");
  expect(await readFile(await saved.path(), "utf8")).toBe(text);
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("what is no image, whatever it was called, is told, and not asked for again and again", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  const address = await upload("photo.png", "image/png", new Blob(["<script>1</script>"]));
  await using opened = await openPage(browser, { url: service.url, token: tokens.admin });
  const { page, open } = opened;
  const downloads = downloadsOf(page);
  await open(address);
  await page.getByText("The browser cannot show what this holds.").waitFor();
  expect(downloads).toHaveLength(1);
  await opened.assertAccessible();
  await opened.assertResting();
  opened.assertQuiet();
});
