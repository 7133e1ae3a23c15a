/** Every page in both schemes and at both ends of the widths: usable, inside its width, and quiet. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage, startStory } from "../../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startStory()]);
  await server.store.tokens.create({ name: "ana", permission: "read" });
  const { buckets, connections } = server.store.namespace();
  await connections.create({ name: "studio mux", provider_type: "mux", description: "films" });
  await buckets.create({ bucket_name: "gone", bucket_schema: { properties: {} } });
  await buckets.delete("gone");
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

/** The pages below `/ui/`, and what each shows once it is there. */
const pages = [
  ["default/buckets", "product-videos"],
  ["default/buckets?as_of=2025-06-01T00:00:00Z&sort=name", "Put everything back"],
  ["default/buckets?filter=metadata.team eq nobody", "No bucket fits."],
  ["empty/buckets", "There is no bucket in the namespace empty yet."],
  ["default/buckets/product-videos", "Undo v45"],
  ["default/buckets/product-videos?as_of=12", "came later"],
  ["default/buckets/product-videos/history", "Undo v45"],
  ["default/buckets/product-videos/history?actor=nobody", "No event fits."],
  ["default/buckets/product-videos/compare?from=3&to=40", "fields differ"],
  ["default/buckets/no-such-bucket", "Try again"],
  ["default/activity", "Season tags are out of date"],
  ["default/audit", "bucket_locked"],
  ["default/audit?actor_id=nobody", "No event fits."],
  ["default/tasks", "Delete a bucket"],
  ["empty/tasks", "No task yet"],
  ["default/connections", "studio mux"],
  ["empty/connections", "There is no connection in the namespace empty yet."],
  ["default/tokens", "every namespace"],
  ["default/health", "Nothing was signed yet."],
  ["default/nowhere", "There is no view at this address."],
] as const;

const looks = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { colorScheme: "light", viewport: { width: 360, height: 740 } },
  { colorScheme: "light", viewport: { width: 2560, height: 1400 } },
] as const;

test.for(looks)("in $colorScheme at $viewport.width", async (look, { skip }) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server, { ...look, reducedMotion: "reduce" });
  for (const [path, sign] of pages) {
    await opened.open(path);
    await opened.page.getByText(sign).first().waitFor();
    await opened.assertAccessible();
    const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect.soft([path, await opened.page.evaluate(beyond)]).toEqual([path, 0]);
  }
  opened.assertQuiet();
});

test("each comes to rest: nothing is drawn, asked for or planned until somebody does something", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  for (const [path, sign] of pages) {
    await opened.open(path);
    await opened.page.getByText(sign).first().waitFor();
    await opened.assertResting();
  }
  opened.assertQuiet();
});
