/**
 * Goal: somebody who has read nothing finds out who changed the description in May, and puts it back.
 * Method: from the address that the demo prints, by what is written on the screen alone; each step is
 * what a stranger would look for next, and is found by its visible words.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StartedServer, startServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage, story } from "../../support/page.js";

const may = {
  at: "2026-05-14T08:12:00.000Z",
  actor: "chidi",
  reason: "Shorter is better",
  namespace: "default",
  command: "patch",
  bucket: "product-videos",
  media_type: "application/json",
  body: { description: "Videos." },
};

let browser: Browser | undefined;
let server: StartedServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stranger-"));
  const lines = (await readFile(story, "utf8")).trimEnd().split("\n");
  const after = lines.findIndex((line) => (/"at":"([^"]+)"/.exec(line)?.[1] ?? "") > may.at);
  const seed = join(folder, "story.ndjson");
  await writeFile(seed, `${lines.toSpliced(after, 0, JSON.stringify(may)).join("\n")}\n`);
  [browser, server] = await Promise.all([openBrowser(), startServer({ seed })]);
});

afterAll(async () => {
  await browser?.close();
  await server.close();
  await rm(folder, { recursive: true });
});

test("who changed the description in May, and put it back: four clicks and a reason", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  await open("default/buckets/product-videos");

  // The description is the second field that is seen. It looks like a link, and is one.
  await page
    .getByRole("list", { name: "Fields" })
    .getByRole("link", { name: "description" })
    .click();

  // Beside it stands what happened to it, and to nothing else, with its dates; that of May is read off.
  const events = page.getByRole("list", { name: "Events" }).getByRole("article");
  const changed = events.filter({ hasText: "14 May" });
  await changed.getByText("Shorter is better").waitFor();
  await changed.getByRole("link", { name: "chidi" }).waitFor();
  await changed.locator("ins").getByText("Videos").waitFor();
  await changed.locator("del").getByText("one object per cut").first().waitFor();
  await expect.poll(() => events.count()).toBe(7);
  await opened.assertAccessible();

  // The button beside the field says what is wanted; nothing happens before it was seen and explained.
  await changed.getByRole("button", { name: "Put back /description" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByText("This would change:").waitFor();
  await sheet.locator("ins").getByText("one object per cut").first().waitFor();
  await sheet.getByLabel("Why").fill("it says less than it should");
  await sheet.getByRole("button", { name: "Put back 1 field as version 47" }).click();
  await sheet.waitFor({ state: "detached" });

  // It is as it was, with who did it now, and the event says why.
  await events.first().getByText("it says less than it should").waitFor();
  const field = page.getByRole("list", { name: "Fields" }).getByRole("listitem");
  await field.filter({ hasText: "description" }).first().getByText("v47").waitFor();
  const { buckets } = server.store.namespace();
  const { bucket: before } = await buckets.get("product-videos", { asOf: "39" });
  const { bucket: now } = await buckets.get("product-videos");
  expect(now.description).toBe(before.description);
  opened.assertQuiet();
});
