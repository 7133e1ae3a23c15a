/**
 * The page as its reader meets it: who changed it, and can we have it back? One story in a real
 * browser, on the store of `data/`.
 */
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { type OpenedPage, openPage, startStory } from "../../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;
let opened: OpenedPage;
let page: Page;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startStory()]);
  if (browser === undefined) return;
  opened = await openPage(browser, server);
  ({ page } = opened);
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

const bucket = "product-videos";

function buckets() {
  return server.store.namespace().buckets;
}

async function newestEntry() {
  const { results } = await buckets().history(bucket, { limit: 1 });
  return results[0];
}

/** Fills the reason in the sheet that is open, and does what its button says. */
async function confirm(reason: string, effect: RegExp): Promise<void> {
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Why").fill(reason);
  await sheet.getByRole("button", { name: effect }).click();
}

test.beforeEach(({ skip }) => skip(browser === undefined, "there is no browser"));

test("the reader finds the bucket by a word of its description", async () => {
  await opened.open("default/buckets");
  await page.getByLabel("Search buckets").fill("finished product");
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: "Buckets" }).getByText(bucket).click();
  await page.getByRole("heading", { name: bucket }).waitFor();
  await opened.assertAccessible();
});

test("every field tells who set it, and lights the event that did", async () => {
  const field = page.getByRole("list", { name: "Fields" }).getByRole("listitem");
  const description = field.filter({ hasText: "description" }).first();
  await description.getByText(/ana · v43/).waitFor();
  await description.hover();
  await page.locator('[data-version="43"].hot').waitFor();
  await page.getByText("The three formats are what everybody asks about").first().waitFor();
});

test("who changed the description in February is answered by filters that are in the address", async () => {
  await page.getByRole("button", { name: "+ filter" }).click();
  await page.getByLabel("What to filter by").selectOption("path");
  await page.getByLabel("Value", { exact: true }).fill("/description");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("Mistake: that text was meant for training-sets").waitFor();
  expect(new URL(page.url()).searchParams.get("path")).toBe("/description");
  const shown = page.getByRole("list", { name: "Events" }).locator("article");
  const { results } = await buckets().history(bucket, { path: "/description" });
  await expect.poll(() => shown.count()).toBe(results.length);
  await page.getByRole("button", { name: /Remove filter field/ }).click();
});

test("the slider shows the document as it was, and the address holds the moment", async () => {
  const slider = page.getByRole("slider", { name: "Version" });
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await page.getByText("As of v44").waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.getByText("As of v43").waitFor();
  expect(new URL(page.url()).searchParams.get("as_of")).toBe("43");
  await page.locator(".field.past").first().waitFor();
  const address = page.url();
  await opened.open(address.slice(address.indexOf("/ui/") + "/ui/".length));
  await page.getByText("As of v43").waitFor();
  await opened.assertAccessible();
  await page.keyboard.press("Escape");
  await page.getByText("As of v43").waitFor({ state: "detached" });
});

test("a moment is written as people write it, and what is none is told", async () => {
  const box = page.getByLabel("Moment");
  await box.fill("whenever");
  await box.press("Enter");
  await page.getByRole("alert").getByText("3 May 14:05").waitFor();
  await box.fill("v12");
  await box.press("Enter");
  await page.getByText("As of v12").waitFor();
});

test("two versions stand side by side", async () => {
  await page.keyboard.press("d");
  await page.getByText(/\d+ fields differ/).waitFor();
  expect(page.url()).toContain("compare?from=12&to=45");
  await page.getByLabel("Compare to").fill("13");
  await page.getByLabel("Compare to").press("Enter");
  await page.waitForURL(/to=13/);
  const { bucket: before } = await buckets().get(bucket, { asOf: "12" });
  const { bucket: after } = await buckets().get(bucket, { asOf: "13" });
  expect(JSON.stringify(before.metadata)).not.toBe(JSON.stringify(after.metadata));
  await page.locator(".side.added").first().waitFor();
  await opened.assertAccessible();
});

test("the document is edited as JSON, and the patch is shown before it is sent", async () => {
  await opened.open(`default/buckets/${bucket}`);
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByRole("textbox", { name: "The document as JSON" });
  await text.waitFor();
  const { bucket: before } = await buckets().get(bucket);
  await text.press("Control+a");
  const { bucket_name, bucket_schema, metadata, storage_class, source_adapter } = before;
  const { webhook_url: _, ...adapter } = source_adapter ?? {};
  const document = {
    bucket_name,
    description: "Launch films, Q4",
    storage_class,
    metadata,
    bucket_schema,
    ...(source_adapter !== undefined && { source_adapter: adapter }),
  };
  await page.keyboard.insertText(JSON.stringify(document));
  await opened.assertAccessible();
  await page.getByRole("button", { name: "Review the change" }).click();
  await page.getByText('"description": "Launch films, Q4"').waitFor();
  await opened.assertAccessible();
  await confirm("the launch moved", /Change 1 field as version 46/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await newestEntry()).toMatchObject({
    version: 46,
    reason: "the launch moved",
    actor: "admin",
    changes: [{ path: "/description", value: "Launch films, Q4" }],
  });
  await page.locator('[data-version="46"]').waitFor();
});

test("what is not JSON cannot be reviewed", async () => {
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByRole("textbox", { name: "The document as JSON" });
  await text.press("Control+a");
  await page.keyboard.insertText("{ nonsense");
  await page.getByRole("dialog").getByRole("alert").waitFor();
  const review = page.getByRole("button", { name: "Review the change" });
  await expect.poll(() => review.isDisabled()).toBe(true);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Cancel" }).click();
});

test("one field is put back; who was overtaken is told by whom, and keeps the choice", async () => {
  await page
    .getByRole("button", { name: /Put back \/description to how it was before/ })
    .first()
    .click();
  const sheet = page.getByRole("dialog");
  await sheet.getByText("This would change:").waitFor();
  await buckets().patch(bucket, { storage_class: "nearline" }, { reason: "meanwhile" });
  await confirm("the plan of June", /Put back 1 field as version 47/);
  await sheet.getByText("Somebody was faster.").waitFor();
  await sheet.getByText("It does not touch what you want to change.").waitFor();
  await opened.assertAccessible();
  expect((await newestEntry())?.reason).toBe("meanwhile");
  await sheet.getByRole("button", { name: "Look again, and keep my choice" }).click();
  await sheet.getByRole("button", { name: /Put back 1 field as version 48/ }).click();
  await sheet.waitFor({ state: "detached" });
  expect(await newestEntry()).toMatchObject({
    version: 48,
    type: "bucket.reverted",
    reason: "the plan of June",
  });
});

test("an edit that was overtaken changes what its reader changed, and nothing else", async () => {
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByRole("textbox", { name: "The document as JSON" });
  await text.waitFor();
  await buckets().patch(bucket, { storage_class: "standard" }, { reason: "once more" });
  await text.press("Control+a");
  const { bucket: before } = await buckets().get(bucket, { asOf: "48" });
  const { bucket_name, bucket_schema, storage_class, source_adapter } = before;
  const { webhook_url: _, ...adapter } = source_adapter ?? {};
  await page.keyboard.insertText(
    JSON.stringify({
      bucket_name,
      description: before.description,
      storage_class,
      metadata: { ...before.metadata, reviewed: true },
      bucket_schema,
      ...(source_adapter !== undefined && { source_adapter: adapter }),
    }),
  );
  await page.getByRole("button", { name: "Review the change" }).click();
  await page.getByRole("button", { name: "Look again, and keep my choice" }).click();
  await confirm("seen by two", /Change 1 field as version 50/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const { bucket: after } = await buckets().get(bucket);
  expect(after).toMatchObject({ storage_class: "standard", metadata: { reviewed: true } });
});

test("one event is taken back", async () => {
  await page.getByRole("button", { name: "Undo v50" }).click();
  await confirm("not yet", /Undo v50 as version 51/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await newestEntry()).toMatchObject({ type: "bucket.undone", revert_of: 50 });
});

test("what others do slides in while the page is open", async () => {
  // Rows do not move under who reads further down.
  await page.evaluate("scrollTo(0, 0)");
  await buckets().patch(bucket, { description: "by somebody else" }, { reason: "live" });
  await page.locator('[data-version="52"].fresh').getByText("live", { exact: true }).waitFor();
  await page.getByRole("list", { name: "Fields" }).getByText("by somebody else").waitFor();
});

test("it is locked with a reason and an end, and unlocked", async () => {
  await page.getByRole("button", { name: "Lock" }).click();
  await page.getByLabel("Until (optional)").fill("2099-01-01T10:00");
  await confirm("audit", /^Lock$/);
  await page
    .getByText(/locked until/)
    .first()
    .waitFor();
  expect((await buckets().get(bucket)).bucket.is_locked).toBe(true);
  await expect.poll(() => page.getByRole("button", { name: "Edit" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Unlock" }).click();
  await confirm("done", /^Unlock$/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect((await buckets().get(bucket)).bucket.is_locked).toBe(false);
});

test("it is suspended, takes nothing until it is activated, and says so", async () => {
  await page.getByRole("button", { name: "Suspend" }).click();
  await page.getByRole("dialog").getByText("It takes no writes at all").waitFor();
  await confirm("the licence ran out", /^Suspend$/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const title = page.locator(".bucket-title");
  await title.getByText("suspended").waitFor();
  expect(await newestEntry()).toMatchObject({
    type: "bucket.suspended",
    reason: "the licence ran out",
  });
  await page.getByRole("list", { name: "Events" }).getByText("the licence ran out").waitFor();
  await opened.assertAccessible();

  // What is tried nevertheless is refused in the words of the server.
  await page.getByRole("button", { name: "Lock" }).click();
  await confirm("to try", /^Lock$/);
  await page.getByRole("dialog").getByRole("alert").getByText("SUSPENDED").first().waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("button", { name: "Activate" }).click();
  await confirm("it was renewed", /^Activate$/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await title.getByText("active", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Suspend" }).waitFor();
  expect(await newestEntry()).toMatchObject({
    type: "bucket.activated",
    reason: "it was renewed",
  });
});

test("it is deleted, still shown, and brought back", async () => {
  await page.getByRole("button", { name: "Delete" }).click();
  await confirm("by mistake", /^Delete$/);
  await page.getByText(/deleted just now by/).waitFor();
  await page.getByRole("list", { name: "Fields" }).getByText("by somebody else").waitFor();
  await opened.assertAccessible();
  await page.getByRole("button", { name: "Bring back" }).click();
  await confirm("it was a mistake", /Bring back as version/);
  await page.getByRole("button", { name: "Archive" }).waitFor();
  expect((await newestEntry())?.type).toBe("bucket.restored");
});

test("the log is verified, and signed", async () => {
  await opened.open("default/health");
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText("Nothing was altered.").waitFor();
  await page.getByRole("button", { name: "Sign the log as it is now" }).click();
  await page.getByText(/events signed as/).waitFor();
  await opened.assertAccessible();
  await opened.open(`default/buckets/${bucket}`);
  const saving = page.waitForEvent("download");
  const { version = 0, bucket_id: id = "" } = (await newestEntry()) ?? {};
  await page.getByRole("button", { name: `Proof of version ${version}` }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toMatch(new RegExp(`-v${version}\\.tlog-proof$`));
  const proof = await buckets().proof(id, version);
  expect(await readFile(await saved.path(), "utf8")).toBe(proof);
});

test("nothing of it broke a rule of the page", () => {
  opened.assertQuiet();
});
