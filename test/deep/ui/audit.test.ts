/** The audit log is saved as it is shown, and a spreadsheet that opens it runs nothing. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StartedServer, startServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const { buckets } = server.store.namespace("default", { actor: '=HYPERLINK("x")' });
  await buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
  await buckets.patch("a", { description: "two\nlines" });
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

test("what the filters leave is saved, and an actor that is a formula is text", async (context) => {
  if (browser === undefined) return context.skip();
  await using opened = await openPage(browser, server);
  const { page } = opened;
  await opened.open("default/audit?action=bucket_updated");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save 1 as CSV" }).click();
  const parts: Buffer[] = [];
  for await (const part of await (await saving).createReadStream()) parts.push(part);
  const [header, row, end] = Buffer.concat(parts).toString("utf8").split("\r\n");
  expect(header).toMatch(/^timestamp,actor_id,action,/);
  expect(row).toContain(`,"'=HYPERLINK(""x"")",bucket_updated,bucket,bkt_`);
  expect(end).toBe("");
  opened.assertQuiet();
});

test("all that the filters leave is saved, also what was not scrolled to, and in its order", async (context) => {
  if (browser === undefined) return context.skip();
  const { buckets } = server.store.namespace("long");
  await buckets.create({ bucket_name: "long", bucket_schema: { properties: {} } });
  // More than one page of the list, and more than one of those that saving asks for.
  const count = 1_234;
  for (let done = 0; done < count; done += 1) {
    await buckets.patch("long", { metadata: { number: done } });
  }
  await using opened = await openPage(browser, server);
  const { page } = opened;
  await opened.open("long/audit?action=bucket_updated");
  const rows = page.getByRole("list", { name: "Audit events" }).getByRole("listitem");
  await rows.first().waitFor();
  expect(await rows.count()).toBeLessThan(100);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save 1,234 as CSV" }).click();
  const parts: Buffer[] = [];
  for await (const part of await (await saving).createReadStream()) parts.push(part);
  const [header, ...lines] = Buffer.concat(parts).toString("utf8").trimEnd().split("\r\n");
  expect(header).toMatch(/^timestamp,actor_id,action,/);
  const numbers = lines.map((line) => Number(/""value"":(\d+)/.exec(line)?.[1]));
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => count - 1 - index));
  opened.assertQuiet();
});

test("an event that changed a thousand fields is one line, which names the first of them", async (context) => {
  if (browser === undefined) return context.skip();
  const metadata = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, at) => [`field ${at}`, at]),
  );
  await server.store.namespace("many").buckets.create({
    bucket_name: "many",
    bucket_schema: { properties: {} },
  });
  await server.store.namespace("many").buckets.patch("many", { metadata });
  await using opened = await openPage(browser, server);
  await opened.open("many/audit?action=bucket_updated");
  const paths = opened.page.getByRole("list", { name: "Audit events" }).locator("code.path");
  await paths.getByText("/metadata/field 0").waitFor();
  expect(await paths.count()).toBe(8);
  await opened.assertAccessible();
  opened.assertQuiet();
});

test("an event leads to what it is about, a connection too", async (context) => {
  if (browser === undefined) return context.skip();
  const { connections } = server.store.namespace("linked");
  const { connection } = await connections.create({ name: "studio mux" });
  await using opened = await openPage(browser, server);
  const { page } = opened;
  await opened.open("linked/audit?action=storage_connection_created");
  await page.getByRole("link", { name: connection.connection_id }).click();
  await page.waitForURL(`**/linked/connections/${connection.connection_id}`);
  await page.getByText("studio mux").first().waitFor();
  opened.assertQuiet();
});
