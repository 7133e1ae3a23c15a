/** A whole namespace is put back: seen first, explained, and never over what was not seen. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StartedServer, startServer } from "../../../src/server.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";

let browser: Browser | undefined;
let server: StartedServer;
let then: string;

const empty = { bucket_schema: { properties: {} } };

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const { buckets } = server.store.namespace();
  for (const bucket_name of ["changed", "gone", "locked"]) {
    await buckets.create({ ...empty, bucket_name, description: "of then" });
  }
  then = `@${(await server.store.head()).position}`;
  await buckets.patch("changed", { description: "of now" });
  await buckets.patch("locked", { description: "of now" });
  await buckets.delete("gone");
  await buckets.create({ ...empty, bucket_name: "imported" });
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

test("who may not is told so, and a moment that is not there is refused", async ({ skip }) => {
  if (browser === undefined) return skip("there is no browser");
  const { token } = await server.store.tokens.create({ name: "guest", permission: "delete" });
  await using opened = await openPage(browser, { url: server.url, token });
  const { page, open } = opened;
  const sheet = page.getByRole("dialog");
  await open(`default/buckets?as_of=${then}`);
  await page.getByRole("button", { name: "Put everything back" }).click();
  await sheet.getByText('needs a token with the permission "admin"; yours has "delete"').waitFor();
  await opened.assertAccessible();
  await sheet.getByRole("button", { name: "Close" }).click();
  await open("default/buckets?as_of=@99999");
  await page.getByText("has nothing at @99999 yet").waitFor();
  opened.assertQuiet();
});

test("everything is put back to a moment: who was overtaken looks again, what is locked stops it", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  await using opened = await openPage(browser, server);
  const { page, open } = opened;
  const { buckets } = server.store.namespace("default", { actor: "ana" });
  await open("default/buckets");
  const moment = page.getByLabel("As of", { exact: false }).first();
  await moment.fill(then);
  await moment.press("Enter");
  await page.getByText(`As of ${then}`).waitFor();
  await page.getByRole("list", { name: "Buckets" }).getByText("gone").waitFor();
  await page.keyboard.press("r");

  const sheet = page.getByRole("dialog");
  const lines = sheet.getByRole("list", { name: "What would change" });
  await lines.getByText("imported").waitFor();
  await sheet
    .getByText("2 are changed · 1 comes back · 1 was not there yet, and is deleted")
    .waitFor();
  await lines.getByText("of then").first().waitFor();
  await opened.assertAccessible();

  // Somebody writes after it was looked at: that is told, and the next look shows it.
  await buckets.patch("imported", { description: "meanwhile" });
  await sheet.getByLabel("Why").fill("the import was wrong");
  await sheet.getByRole("button", { name: "Put back 4 buckets and objects" }).click();
  await sheet.getByText("Somebody was faster.").waitFor();
  await sheet.getByText("ana").waitFor();
  await opened.assertAccessible();
  await buckets.lock("locked", { reason: "audit" });
  await sheet.getByRole("button", { name: "Look again, and keep my choice" }).click();
  await sheet.getByText("Somebody was faster.").waitFor({ state: "detached" });
  const confirm = sheet.getByRole("button", { name: "Put back 4 buckets and objects" });

  await confirm.click();
  await sheet.getByText("is locked").waitFor();
  expect((await buckets.get("changed")).bucket.description).toBe("of now");
  await buckets.unlock("locked", { reason: "done" });
  await confirm.click();
  await sheet.getByRole("button", { name: "Look again, and keep my choice" }).click();
  await sheet.getByText("Somebody was faster.").waitFor({ state: "detached" });
  await confirm.click();
  await sheet.waitFor({ state: "detached" });
  await page.getByText(`As of ${then}`).waitFor({ state: "detached" });

  const { results } = await buckets.list({ sort: { field: "bucket_name", direction: "asc" } });
  expect(results.map(({ bucket_name, description }) => [bucket_name, description])).toEqual(
    ["changed", "gone", "locked"].map((name) => [name, "of then"]),
  );
  const history = await buckets.history("changed", { limit: 1 });
  expect(history.results[0]).toMatchObject({
    type: "bucket.reverted",
    actor: "admin",
    reason: "the import was wrong",
  });
  await page.getByRole("list", { name: "Buckets" }).getByText("gone").waitFor();

  await open(`default/buckets?as_of=${then}`);
  await page.getByRole("button", { name: "Put everything back" }).click();
  await sheet.getByText("It is like that already: nothing would change.").waitFor();
  opened.assertQuiet();
});
