/**
 * Goal: a copy does nothing by itself that the store which it was made of may do as well.
 * Method: a store whose window and lease have run out, copied in every way there is, and then resumed.
 */
import { createWriteStream, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { type EmbeddedStore, importLog, openBuckets, restoreBackup } from "../../src/index.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { dayMs, FixedClock } from "../support/clock.js";
import { serveTest } from "../support/server.js";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const secretKey = "11".repeat(32);
const worker = { worker: "w", lease_seconds: 60 };

interface Made {
  readonly clock: FixedClock;
  readonly backup: string;
  readonly log: string;
  readonly opened: (file: string, resumeTimers?: boolean) => Promise<EmbeddedStore>;
}

/** Copies of a store with an open window and a batch that a worker holds, a day later. */
async function copied(): Promise<Made> {
  const folder = temporaryFolder();
  const clock = new FixedClock();
  const store = await openBuckets({ file: temporaryFile(), secretKey, clock: clock.read });
  const space = store.namespace();
  const { bucket } = await space.buckets.create({
    bucket_name: "clips",
    bucket_schema: { properties: { title: { type: "string" } } },
    source_adapter: {
      adapter_type: "generic_webhook",
      field_mapping: { title: "data.title" },
      webhook_secret: secret,
      batching: { mode: "time_window", window_seconds: 30 },
    },
  });
  const headers = { "x-mixpeek-secret": [secret] };
  const body = Buffer.from(JSON.stringify({ data: { title: "a" } }));
  await store.ingest(bucket.bucket_id, { headers, body });
  const { object } = await space.objects("clips").create({ title: "b" });
  const { batch } = await space.batches("clips").create({ object_ids: [object.object_id] });
  await space.batches("clips").submit(batch.batch_id);
  expect(await space.claimBatch(worker)).toMatchObject({ batch: { batch_id: batch.batch_id } });
  const backup = join(folder, "backup");
  await store.backup(backup);
  const log = join(folder, "log.ndjson");
  await pipeline(store.exportLog(), createWriteStream(log));
  await store.close();
  clock.advance(dayMs);
  const opened = (file: string, resumeTimers?: boolean) =>
    openBuckets({ file, secretKey, clock: clock.read, ...(resumeTimers && { resumeTimers }) });
  return { clock, backup, log, opened };
}

const checkOf = async (store: EmbeddedStore) =>
  (await store.health()).checks.find(({ name }) => name === "timers");

async function expectHeld(store: EmbeddedStore): Promise<void> {
  const space = store.namespace();
  expect(await store.closeWindows()).toBe(0);
  const refused = { code: "CONFLICT", message: expect.stringContaining("--resume-timers") };
  await expect(space.claimBatch(worker)).rejects.toMatchObject(refused);
  expect(await checkOf(store)).toMatchObject({ status: "warn" });
  expect((await store.health()).ready).toBe(true);
  // Everything else goes on, and a lease runs out by the clock.
  await space.buckets.patch("clips", { description: "a copy" });
  const { results } = await space.batches("clips").list();
  expect(results.map(({ status }) => status).sort()).toEqual(["DRAFT", "PENDING"]);
}

async function expectGoingOn(store: EmbeddedStore): Promise<void> {
  const space = store.namespace();
  await store.closeWindows();
  expect([await space.claimBatch(worker), await space.claimBatch(worker)]).toMatchObject([
    { batch: { status: "IN_PROGRESS" } },
    { batch: { status: "IN_PROGRESS" } },
  ]);
  expect(await checkOf(store)).toBeUndefined();
}

test("a restored store is held, whoever opens it, until it is resumed; from then on it goes on", async () => {
  const { backup, opened } = await copied();
  const file = temporaryFile();
  await restoreBackup(backup, file);
  for (const _ of ["first", "again"]) {
    await using held = await opened(file);
    await expectHeld(held);
  }
  await using reader = await openBuckets({
    file,
    secretKey,
    readOnly: true,
    resumeTimers: true,
  });
  expect(await checkOf(reader)).toMatchObject({ status: "warn" });
  await (await opened(file, true)).close();
  await using resumed = await opened(file);
  await expectGoingOn(resumed);
});

test("so is an imported one", async () => {
  const { log, opened } = await copied();
  const file = temporaryFile();
  await importLog(log, file);
  await using held = await opened(file);
  await expectHeld(held);
});

test("one that was made to take the place of another goes on at once", async () => {
  const { backup, log, opened } = await copied();
  const [restored, imported] = [temporaryFile(), temporaryFile()];
  await restoreBackup(backup, restored, { resumeTimers: true });
  await importLog(log, imported, { resumeTimers: true });
  for (const file of [restored, imported]) {
    await using store = await opened(file);
    await expectGoingOn(store);
  }
});

test("what a copy that is gone has left holds no new store", async () => {
  const file = temporaryFile();
  writeFileSync(`${file}.held`, "");
  await using store = await openBuckets({ file });
  expect(existsSync(`${file}.held`)).toBe(false);
  expect(await checkOf(store)).toBeUndefined();
});

test("a worker that asks a copy for work is told with a 409, and readiness says why", async () => {
  const { backup } = await copied();
  const file = temporaryFile();
  await restoreBackup(backup, file);
  writeFileSync(`${file}.key`, `${secretKey}\n`, { mode: 0o600 });
  const service = await serveTest({ file });
  const refused = await service.post("/v1/batches/claim", worker);
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining("--resume-timers")]);
  const ready = await service.get("/readyz");
  expect([ready.status, ready.text]).toEqual([200, expect.stringContaining("--resume-timers")]);
});
