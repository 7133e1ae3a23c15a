/** The page on health, on a store that takes backups: what is well, and what is to be looked at. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseKeep } from "../../../src/copies/keeping.js";
import { BackupSchedule } from "../../../src/copies/schedule.js";
import { temporaryFolder } from "../../support/backends.js";
import { openBrowser } from "../../support/browser.js";
import { openPage } from "../../support/page.js";
import { makeBucket, type Service, serveTest, tokens } from "../../support/server.js";

const minute = 60_000;

let browser: Browser | undefined;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
});

test("the age of the newest backup is told, and one that is late is to be looked at", async ({
  skip,
}) => {
  if (browser === undefined) return skip("there is no browser");
  const folder = join(temporaryFolder(), "backups");
  const clock = { now: Date.UTC(2026, 9, 1, 12) };
  const failures: unknown[] = [];
  const backups = new BackupSchedule({
    store: { backup: (...given) => service.store.backup(...given) },
    folder,
    everyMs: 60 * minute,
    keep: parseKeep("2h"),
    clock: () => clock.now,
    onTaken: () => {},
    onFailed: (error) => failures.push(error),
  });
  const service: Service = await serveTest({ backups });
  await makeBucket(service);
  await using opened = await openPage(browser, { url: service.url, token: tokens.admin });
  const { page, open } = opened;
  const row = page
    .locator("dl.pairs > div")
    .filter({ has: page.getByText("backup", { exact: true }) });

  await open("default/health");
  await row.getByText("none was taken yet").waitFor();
  expect(await row.locator(".badge").textContent()).toBe("look");

  await backups.takeIfDue();
  expect(failures).toEqual([]);
  clock.now += 7 * minute;
  await open("default/health");
  await row.getByText("the newest is of 2026-10-01T12:00:00.000Z, 7 minutes old").waitFor();
  expect(await row.locator(".badge").textContent()).toBe("well");
  await opened.assertAccessible();

  clock.now += 120 * minute;
  await open("default/health");
  await row.getByText("127 minutes old: look why none was taken since").waitFor();
  expect(await row.locator(".badge").textContent()).toBe("look");
  await page.getByText("on the disk before they are acknowledged").waitFor();

  // Where the log ends leads to what there was then.
  const { position } = await service.store.head();
  await page.getByRole("link", { name: String(position), exact: true }).click();
  await page.getByText(`As of @${position}`).waitFor();
  await page.getByRole("list", { name: "Buckets" }).getByRole("link").first().waitFor();
  opened.assertQuiet();
});
