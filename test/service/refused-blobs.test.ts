/** Of a write that is refused no bytes are stored: what could be known before is looked at before. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";
import { anyVersion } from "../../src/domain/precondition.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import { Committer } from "../../src/eventstore/committer.js";
import { openBuckets } from "../../src/index.js";
import { nobody } from "../../src/service/asker.js";
import { UnitWriter } from "../../src/service/write/writing.js";
import { temporaryFolder } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";
import { temporaryFile } from "../support/server.js";
import { openSqlite } from "../support/sqlite.js";
import { Units } from "../support/units.js";

const bytes = Buffer.alloc(20_000, "bytes");
const data = { base64: bytes.toString("base64") };
const video = { property: "video", type: "video", data };
const bucket = { bucket_name: "films", bucket_schema: { properties: {} } };

async function* chunksOf(content: Uint8Array) {
  yield content;
}

async function open(options: { readonly maxQueueMs?: number } = {}) {
  const { file, remove } = temporaryFile();
  const store = await openBuckets<unknown>({ file, ...options });
  onTestFinished(async () => {
    await store.close();
    remove();
  });
  const stored = () => {
    const folder = `${file}.blobs`;
    return existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  };
  return { file, namespace: store.namespace(), stored };
}

describe("no bytes are stored", () => {
  test("for a bucket that is not there", async () => {
    const { namespace, stored } = await open();
    const refused = namespace.objects("films").create({ blobs: [video] });
    await expect(refused).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(stored()).toEqual([]);
  });

  test("for a bucket that is locked", async () => {
    const { namespace, stored } = await open();
    await namespace.buckets.create(bucket);
    await namespace.buckets.lock("films", { reason: "audit" });
    const refused = namespace.objects("films").create({ blobs: [video] });
    await expect(refused).rejects.toMatchObject({ code: "BUCKET_LOCKED" });
    expect(stored()).toEqual([]);
  });

  test("beside a blob that does not fit", async () => {
    const { namespace, stored } = await open();
    await namespace.buckets.create(bucket);
    const wrong = { property: "poster", type: "image", data: { base64: "no base64" } };
    const refused = namespace.objects("films").create({ blobs: [video, wrong] });
    await expect(refused).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    expect(stored()).toEqual([]);
  });
});

describe("none are kept", () => {
  const bucket_schema = { properties: { title: { type: "string" }, video: { type: "video" } } };
  const keyed = {
    ...bucket,
    bucket_schema,
    unique_key: { fields: ["title"], default_policy: "insert" },
  };
  const filesOf = (names: readonly (string | Buffer)[]) =>
    names.map(String).filter((name) => /[0-9a-f]{64}$/.test(name));

  test("of an object whose key is taken", async () => {
    const { namespace, stored } = await open();
    await namespace.buckets.create(keyed);
    const objects = namespace.objects("films");
    await objects.create({ title: "a" });
    await expect(objects.create({ title: "a", blobs: [video] })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    expect(filesOf(stored())).toEqual([]);
    // What somebody refers to stays, whoever else brings it.
    await objects.create({ title: "b", blobs: [video] });
    await expect(objects.create({ title: "a", blobs: [video] })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    expect(filesOf(stored())).toHaveLength(1);
  });

  test("of an object that could not be written, because another program holds the file", async () => {
    const { file, namespace, stored } = await open();
    await namespace.buckets.create(keyed);
    const another = new Database(file);
    onTestFinished(() => void another.close());
    another.exec("BEGIN IMMEDIATE");
    const create = () => namespace.objects("films").create({ title: "a", blobs: [video] });
    await expect(create()).rejects.toMatchObject({ details: { outcome: "not_written" } });
    expect(filesOf(stored())).toEqual([]);
    another.exec("ROLLBACK");
    await create();
    expect(filesOf(stored())).toHaveLength(1);
  });

  test("of an object for which the queue has no time", async () => {
    const { file, namespace, stored } = await open({ maxQueueMs: 500 });
    await namespace.buckets.create(keyed);
    const another = new Database(file);
    onTestFinished(() => void another.close());
    another.exec("BEGIN IMMEDIATE");
    // It waits for the other program in vain, and what comes after it waits as long.
    const first = namespace.buckets.patch("films", { description: "first" });
    const objects = namespace.objects("films");
    const second = objects.create({ title: "a", blobs: [video] });
    const [waited, late] = await Promise.allSettled([first, second]);
    expect(waited).toMatchObject({ reason: { code: "NOT_READY" } });
    expect(late).toMatchObject({
      reason: { code: "OVERLOADED", details: { outcome: "not_written" } },
    });
    expect(filesOf(stored())).toEqual([]);
    another.exec("ROLLBACK");
    await objects.create({ title: "a", blobs: [video] });
    expect(filesOf(stored())).toHaveLength(1);
  });

  test("of a write for which the disk has no room", async () => {
    const clock = new FixedClock().read;
    const folder = temporaryFolder();
    const blobs = new FileBlobStore(join(folder, "blobs"), clock);
    const events = openSqlite({ file: join(folder, "store.db"), clock });
    onTestFinished(() => events.close());
    const units = new Units();
    const writer = new UnitWriter({
      events,
      view: new SqliteReadView(events.readerDb),
      received: events.received,
      blobs,
      committer: new Committer(events),
      run: (work) => work(),
      clock,
      newId: (prefix) => units.id(prefix),
      randomBytes: (size) => new Uint8Array(size),
    });
    events.exclusive(({ db }) => {
      db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
    });
    const { hash } = await blobs.write(chunksOf(bytes));
    const { target, command } = units.create("films", { metadata: { text: "x".repeat(20_000) } });
    const write = writer.writeOne(
      { namespace: "default", caller: nobody("ana") },
      {
        reason: undefined,
        precondition: anyVersion,
        call: "create",
        command: { target, command, stored: [hash] },
        render: async () => {},
      },
      {},
    );
    await expect(write).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await blobs.verify(hash)).toBe("missing");
  });

  test("of a transaction that is refused, and of those of many that are", async () => {
    const { namespace, stored } = await open();
    await namespace.buckets.create(keyed);
    const other = { ...video, data: { base64: Buffer.alloc(20_000, "other").toString("base64") } };
    const create = (title: string, blob: object) =>
      ({ type: "create_object", bucket: "films", body: { title, blobs: [blob] } }) as const;
    const refused = namespace.transaction([create("a", video), create("a", other)]);
    await expect(refused).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect(filesOf(stored())).toEqual([]);
    const objects = [
      { title: "a", blobs: [video] },
      { title: "a", blobs: [other] },
    ];
    const { succeeded, failed } = await namespace.objects("films").createMany(objects);
    expect([succeeded.length, failed.length]).toEqual([1, 1]);
    expect(filesOf(stored())).toHaveLength(1);
  });
});

test("they are stored where the operations before make the bucket take them", async () => {
  const { namespace } = await open();
  const create = { type: "create_object", bucket: "films", body: { blobs: [video] } } as const;
  const made = await namespace.transaction([{ type: "create", body: bucket }, create]);
  expect(made.results).toHaveLength(2);
  await namespace.buckets.lock("films", { reason: "audit" });
  const unlock = { type: "unlock", bucket: "films", body: {} } as const;
  const again = await namespace.transaction([unlock, create]);
  expect(again.results).toHaveLength(2);
});
