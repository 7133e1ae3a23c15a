/** What belongs to a bucket: objects with their bytes, batches, uploads and deliveries. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type StartedServer, startServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";

const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const secret = "the-secret-of-the-webhook";
const hostile = '<img src=x onerror="document.title=1">\u202eevil';

let browser: Browser | undefined;
let server: StartedServer;
let objectId: string;
let batchId: string;
let uploadId: string;
let deliveryId: string;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const space = server.store.namespace();
  const properties = {
    title: { type: "string", required: true },
    cover: { type: "image" },
    note: { type: "text" },
  };
  const { bucket } = await space.buckets.create({
    bucket_name: "clips",
    bucket_schema: { properties },
    source_adapter: {
      adapter_type: "generic_webhook",
      webhook_secret: secret,
      field_mapping: { title: "title" },
    },
  });
  const { object } = await space.objects("clips").create({
    title: hostile,
    blobs: [
      { property: "cover", type: "image", data: { base64: pixel, mime_type: "image/png" } },
      { property: "note", type: "text", data: "a note that stays in the event" },
    ],
  });
  objectId = object.object_id;
  const { batch } = await space.batches("clips").create({ object_ids: [objectId] });
  batchId = batch.batch_id;
  const announced = {
    filename: hostile.replaceAll("/", ""),
    content_type: "image/png",
    blob_property: "cover",
  };
  const { upload } = await space.uploads("clips").create(announced);
  uploadId = upload.upload_id;
  const headers = { "X-Mixpeek-Secret": secret, "Content-Type": "application/json" };
  const body = JSON.stringify({ other: 1 });
  await fetch(`${server.url}/v1/ingest/${bucket.bucket_id}`, { method: "POST", headers, body });
  const { results } = await space.sourceAdapter("clips").deliveries();
  deliveryId = results[0]?.delivery_id ?? "";
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

const looks = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 360, height: 740 } },
] as const;

test.for(looks)(
  "every tab is usable and quiet, in $colorScheme at $viewport.width",
  async (look, { skip }) => {
    if (browser === undefined) return skip("there is no browser");
    await using opened = await openPage(browser, server, { ...look, reducedMotion: "reduce" });
    const tabs = [
      ["objects", "evil"],
      ["objects?search=nothing", "No object fits."],
      [`objects/${objectId}`, "a note that stays in the event"],
      ["batches", "draft"],
      ["uploads", "Drop files here"],
      ["deliveries", "Try again"],
      [`batches/${batchId}`, "Submit"],
      [`uploads/${uploadId}`, "Confirm"],
      [`deliveries/${deliveryId}`, "Try again"],
      ["objects?as_of=1", "There is no object here"],
      [`objects/${objectId}?as_of=@2`, "a note that stays in the event"],
    ] as const;
    for (const [tab, sign] of tabs) {
      await opened.open(`default/buckets/clips/${tab}`);
      await opened.page.getByText(sign).first().waitFor();
      await opened.assertAccessible();
      const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect.soft([tab, await opened.page.evaluate(beyond)]).toEqual([tab, 0]);
      expect(await opened.page.title()).not.toBe("1");
      await opened.assertResting();
    }
    opened.assertQuiet();
  },
);

test("objects are searched by their words, in the address, until the search is taken away", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  const { buckets } = server.store.namespace("library");
  await buckets.create({ bucket_name: "books", bucket_schema: { properties: {} } });
  const objects = server.store.namespace("library").objects("books");
  for (const about of ["cats", "dogs", "cats and dogs"]) {
    await objects.create({ metadata: { about } });
  }
  await open("library/buckets/books/objects");
  const rows = page.getByRole("list", { name: "Objects" }).getByRole("listitem");
  await expect.poll(() => rows.count()).toBe(3);
  const box = page.getByLabel("Search the objects");
  await box.fill("cats");
  await box.press("Enter");
  await expect.poll(() => rows.count()).toBe(2);
  expect(new URL(page.url()).searchParams.get("search")).toBe("cats");
  await opened.assertAccessible();
  const address = page.url();
  await open(address.slice(address.indexOf("/ui/") + "/ui/".length));
  await expect.poll(() => rows.count()).toBe(2);
  await page.getByLabel("Search the objects").fill("nothing like it");
  await page.keyboard.press("Enter");
  await page.getByText("No object fits.").waitFor();
  await page.getByRole("button", { name: "Remove filter search" }).click();
  await expect.poll(() => rows.count()).toBe(3);

  // An id that lies in a bucket leads to what happened to it, an actor to what she did.
  const { results } = await objects.list({});
  const id = String(results[0]?.["object_id"]);
  await page.keyboard.press("/");
  await page.keyboard.insertText(id);
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: "Audit events" }).getByText("object_created").waitFor();
  await page.getByLabel("Search buckets").fill("by local");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  await page.getByRole("button", { name: /Remove filter by/ }).waitFor();
  opened.assertQuiet();
});

test("an image is shown by its bytes, and what others wrote beside it is text", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets/clips/objects");
  await page.locator(".thumbnail").first().waitFor();
  await page.waitForFunction("document.querySelector('.thumbnail').naturalWidth === 1");
  await page.getByRole("list", { name: "Objects" }).getByText("evil").click();
  const image = page.getByRole("img", { name: "cover" });
  await image.waitFor();
  await page.waitForFunction("document.querySelector('figure img').naturalWidth === 1");
  await page.getByRole("list", { name: "History of the object" }).getByText("created it").waitFor();
  opened.assertQuiet();
});

test("a file that is chosen is uploaded, confirmed, and an object of its own", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await server.store.namespace().buckets.patch("clips", {
    bucket_schema: { properties: { title: { type: "string" }, cover: { type: "image" } } },
  });
  await open("default/buckets/clips/uploads");
  const file = { name: "one.png", mimeType: "image/png", buffer: Buffer.from(pixel, "base64") };
  await page.getByLabel(/Drop files here/).setInputFiles(file);
  await page.getByRole("list", { name: "Files" }).getByText("uploaded").waitFor();
  await page
    .getByRole("list", { name: "Uploads" })
    .getByRole("link", { name: "its object" })
    .click();
  await page.getByRole("img", { name: "one.png" }).waitFor();
  opened.assertQuiet();
});

test("a file that is dropped is sent with its progress, and one that is refused says why", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await server.store.namespace().buckets.patch("clips", {
    bucket_schema: { properties: { title: { type: "string" }, cover: { type: "image" } } },
  });
  await open("default/buckets/clips/uploads");
  await page.getByLabel(/Drop files here/).waitFor();
  // Every value that a bar of progress ever shows, in the order of time.
  await page.evaluate(`(() => {
    window.shownProgress = [];
    const files = document.querySelector("[aria-label=Files]");
    const note = () => files.querySelectorAll("progress").forEach(({ value }) => shownProgress.push(value));
    new MutationObserver(note).observe(files, { subtree: true, childList: true, attributes: true });
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(3_000_000)], "film.mp4", { type: "video/mp4" }));
    transfer.items.add(new File(["x"], "a\u0001b.png", { type: "image/png" }));
    const zone = document.querySelector(".drop-zone");
    for (const type of ["dragover", "drop"]) {
      zone.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }
  })()`);
  const files = page.getByRole("list", { name: "Files" }).getByRole("listitem");
  await files.filter({ hasText: "film.mp4" }).getByText("uploaded").waitFor();
  await files
    .filter({ hasText: "⟨U+0001⟩" })
    .getByText(/filename/)
    .waitFor();
  const values = z.array(z.number()).parse(await page.evaluate("shownProgress"));
  expect(values[0]).toBe(0);
  expect(Math.max(...values)).toBe(3_000_000);
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("a delivery that failed is tried again, and says so when it fails again", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  const { buckets } = server.store.namespace();
  const required = { title: { type: "string", required: true } };
  await buckets.patch("clips", { bucket_schema: { properties: required } });
  await open("default/buckets/clips/deliveries");
  await page.getByRole("button", { name: /Try again/ }).click();
  await page.getByText(/title/).first().waitFor();
  await buckets.patch("clips", { bucket_schema: { properties: { title: { type: "string" } } } });
  await page
    .getByRole("button", { name: /Try again/ })
    .first()
    .click();
  await page.getByText("accepted").first().waitFor();
});

/** Fills the reason in the sheet that is open, and does what its button says. */
async function confirm(page: Page, label: string): Promise<void> {
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Why").fill("as agreed");
  await sheet.getByRole("button", { name: label }).click();
  await sheet.waitFor({ state: "detached" });
}

test("an object is put back, deleted, still shown, and brought back", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  const objects = server.store.namespace().objects("clips");
  const { object } = await objects.create({ title: "first" });
  const id = object.object_id;
  await objects.patch(id, { title: "second" });
  await open(`default/buckets/clips/objects/${id}`);
  await page.getByRole("button", { name: "Put back to v1" }).click();
  await page.getByRole("dialog").getByText("This would change:").waitFor();
  await confirm(page, "Put back 1 field as version 3");
  await page.getByText("put back title to v1").waitFor();
  await page.getByRole("region", { name: id }).getByRole("button", { name: "Delete" }).click();
  await confirm(page, "Delete");
  await page.getByText(/deleted just now by/).waitFor();
  await page.getByText('"first"').first().waitFor();
  await opened.assertAccessible();
  await page.getByRole("button", { name: "Bring back" }).click();
  await confirm(page, "Bring back");
  await page.getByText("object: brought it back").waitFor();
  const { results } = await objects.history(id);
  expect(results.map(({ type, reason }) => [type, reason])).toEqual([
    ["object.restored", "as agreed"],
    ["object.deleted", "as agreed"],
    ["object.reverted", "as agreed"],
    ["object.patched", undefined],
    ["object.created", undefined],
  ]);
  opened.assertQuiet();
});

test("a batch is submitted and cancelled, and its task tells of it", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets/clips/batches");
  await page.getByRole("link", { name: batchId }).click();
  await page.getByRole("button", { name: "Submit" }).click();
  await confirm(page, "Submit");
  await page.getByRole("link", { name: /^task_/ }).click();
  await page.getByRole("heading", { name: "Process a batch" }).waitFor();
  await opened.assertAccessible();
  await page.getByRole("link", { name: "its batch" }).click();
  await page.getByRole("button", { name: "Cancel it" }).click();
  await confirm(page, "Cancel it");
  await page.getByRole("region", { name: batchId }).getByText("canceled").first().waitFor();
  opened.assertQuiet();
});

test("a connection is changed, and deleted", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await server.store.namespace().connections.create({ name: "studio mux", provider_type: "mux" });
  await open("default/connections");
  await page.getByRole("link", { name: /studio mux/ }).click();
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Description").fill("films");
  await confirm(page, "Change it as version 2");
  await page
    .getByRole("list", { name: "History of the connection" })
    .getByText("/description")
    .waitFor();
  await opened.assertAccessible();
  await opened.assertResting();
  await page.getByRole("button", { name: "Delete" }).click();
  await confirm(page, "Delete");
  await page.getByText("There is no connection in the namespace default yet.").waitFor();
  opened.assertQuiet();
});

test("the namespaces lead to what is in them, and to one where nothing is yet", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets");
  await page.getByRole("link", { name: "Namespace default" }).click();
  await page.getByRole("list", { name: "Namespaces" }).getByText("this one").waitFor();
  await opened.assertAccessible();
  await opened.assertResting();
  await page.getByLabel("Another namespace").fill("studio");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("There is no bucket in the namespace studio yet.").waitFor();
  opened.assertQuiet();
});
