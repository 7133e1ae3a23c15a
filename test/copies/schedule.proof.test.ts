/** Backups that are taken while a server runs: when, which are kept, and what is told of them. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outlived, parseKeep } from "../../src/copies/keeping.js";
import { BackupSchedule, type ScheduleOptions } from "../../src/copies/schedule.js";
import { openBuckets, restoreBackup } from "../../src/index.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { deepTest } from "../support/depth.js";
import { serveTest } from "../support/server.js";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe("what is kept", () => {
  test.each(["", "24", "0h", "1y", "24h,,7d", "24h 7d", "-1h", "99999h"])("is not %j", (text) => {
    expect(() => parseKeep(text)).toThrow("as 24h,7d,4w");
  });

  test("is the newest of each of the last hours, days and weeks", () => {
    const noon = Date.UTC(2026, 9, 1, 12);
    const times = Array.from({ length: 100 }, (_, hours) => noon - hours * hour - minute);
    const gone = new Set(outlived(times, parseKeep("3h,2d,1w")));
    expect(times.filter((time) => !gone.has(time))).toEqual([
      noon - minute,
      noon - hour - minute,
      noon - 2 * hour - minute,
      noon - 12 * hour - minute,
    ]);
  });

  test("is at least the newest, at most what was asked for, and what was kept stays kept", () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 60 * day }), { minLength: 1 });
    fc.assert(
      fc.property(times, (all) => {
        const keep = parseKeep("5h,3d,2w");
        const gone = outlived(all, keep);
        const kept = all.filter((time) => !gone.includes(time));
        expect(kept).toContain(Math.max(...all));
        expect(kept.length).toBeLessThanOrEqual(10);
        expect(outlived(kept, keep)).toEqual([]);
      }),
    );
  });
});

async function schedule(options: Partial<ScheduleOptions> = {}) {
  const store = await openBuckets({ file: temporaryFile() });
  const failures: unknown[] = [];
  const folder = join(temporaryFolder(), "backups");
  const clock = { now: Date.UTC(2026, 9, 1) };
  const made = new BackupSchedule({
    store,
    folder,
    everyMs: hour,
    keep: parseKeep("2h"),
    clock: () => clock.now,
    onTaken: () => {},
    onFailed: (error) => failures.push(error),
    ...options,
  });
  return { store, folder, clock, failures, schedule: made };
}

test("a schedule needs a place, and tells what failed until one is taken", async () => {
  await expect(schedule({ folder: "/no/such/folder" })).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
  const { store, folder, clock, failures, schedule: made } = await schedule();
  expect(made.check()).toMatchObject({ status: "warn", says: "none was taken yet" });
  mkdirSync(join(folder, "2026-10-01T00-00-00.000Z"));
  await made.takeIfDue();
  expect(failures).toHaveLength(1);
  expect(made.check()).toMatchObject({ status: "warn" });
  expect(made.check().says).toContain("is there: take another name");
  clock.now += 1;
  await made.takeIfDue();
  expect(made.check()).toMatchObject({ status: "pass" });
  clock.now += 2 * hour + minute;
  expect(made.check().says).toContain("121 minutes old: look why none was taken since");
  await store.close();
});

deepTest(
  "one is taken when it is time, also after a restart; the others go, and each becomes a store",
  async () => {
    const { store, folder, clock, schedule: made } = await schedule();
    const { buckets } = store.namespace();
    for (let n = 0; n < 4; n += 1) {
      await buckets.create({ bucket_name: `b${n}`, bucket_schema: { properties: {} } });
      await made.takeIfDue();
      clock.now += hour / 2;
      await made.takeIfDue();
      clock.now += hour / 2;
    }
    const names = ["2026-10-01T02-00-00.000Z", "2026-10-01T03-00-00.000Z"];
    expect(readdirSync(folder).sort()).toEqual(names);
    const { schedule: again } = await schedule({ folder, store, clock: () => clock.now - 1 });
    expect(again.newest).toBe(Date.UTC(2026, 9, 1, 3));
    await again.takeIfDue();
    expect(readdirSync(folder).sort()).toEqual(names);
    for (const [index, name] of names.entries()) {
      const restored = await restoreBackup(join(folder, name), temporaryFile());
      expect(restored).toMatchObject({ position: index + 3 });
    }
    await store.close();
  },
);

test("what died on the way to a backup of any time is removed after a day, and nothing else", async () => {
  const { store, folder, clock, schedule: made } = await schedule();
  const left = [
    "2026-09-30T00-00-00.000Z.partial-a",
    "notes.partial-b",
    "2026-09-29T00-00-00.000Z",
  ];
  for (const name of left) mkdirSync(join(folder, name));
  clock.now = Date.now();
  await made.takeIfDue();
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(left));
  clock.now += day + minute;
  await made.takeIfDue();
  const now = readdirSync(folder);
  expect(left.filter((name) => now.includes(name))).toEqual(left.slice(1));
  await store.close();
});

test("a server tells of them in its readiness and its metrics, and is ready also without", async () => {
  const { store, schedule: made } = await schedule();
  const service = await serveTest({ backups: made });
  const checkOf = (body: unknown) =>
    Object(body).checks.find(({ name }: { readonly name: string }) => name === "backup");
  const before = await service.get("/readyz");
  expect(before.status).toBe(200);
  expect(checkOf(before.body)).toMatchObject({ status: "warn" });
  await made.takeIfDue();
  expect(checkOf((await service.get("/readyz")).body)).toMatchObject({ status: "pass" });
  const { text } = await service.get("/metrics", { token: "admin" });
  expect(text).toContain('bucketlog_check{check="backup"} 1');
  expect(text).toContain(`bucketlog_backup_timestamp_seconds ${Date.UTC(2026, 9, 1) / 1_000}`);
  await store.close();
});
