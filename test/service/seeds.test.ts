/**
 * Goal: a history that was exported makes the same happen again, and a seed whatever a store can be
 * asked. Method: the histories of both stores are compared entry by entry, without the hashes.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { secretMask } from "../../src/domain/secrets.js";
import {
  type BucketStore,
  connectBuckets,
  type EmbeddedStore,
  type ImportOptions,
  importChanges,
  openBuckets,
} from "../../src/index.js";
import { linesOf, loadSeed } from "../../src/service/seeds/load-seed.js";
import { SeedPast } from "../../src/service/seeds/seed-past.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { filledStore } from "../support/filled-store.js";
import { serveTest, tokens } from "../support/server.js";

const story = readFileSync(new URL("../../data/story.ndjson", import.meta.url), "utf8");

async function storyStore(): Promise<EmbeddedStore<unknown>> {
  const past = new SeedPast();
  const store = await openBuckets<unknown>({
    file: ":memory:",
    clock: past.now,
    newId: past.newId,
  });
  await loadSeed(store, linesOf(story), { name: "the story", past });
  return store;
}

async function historyOf(store: BucketStore<unknown>) {
  const page = await store.events({ namespace: "*" }).page({ limit: 1_000 });
  return page?.results ?? [];
}

/** Who had access to a store is no history of another. */
async function importedFrom(store: BucketStore<unknown>) {
  return (await historyOf(store)).filter(({ type }) => !type.startsWith("token."));
}

/** Of one log alone; and how a write was sent, which is another way for one that is done again. */
const ofOneLog = ["hash", "previous_hash", "cursor", "media_type", "idempotency_key"];

/** What a history says, without what proves it, and without the masks of secrets. */
async function told(store: BucketStore<unknown>): Promise<unknown> {
  const text = JSON.stringify(await importedFrom(store));
  return JSON.parse(text, (key, value: unknown) =>
    ofOneLog.includes(key) || value === secretMask ? undefined : value,
  );
}

async function exported(store: BucketStore<unknown>): Promise<string> {
  return written(await historyOf(store));
}

function written(lines: readonly object[]): string {
  const file = join(temporaryFolder(), "lines.ndjson");
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return file;
}

/** Imports into a new file, and opens it. */
async function imported(from: string, options: ImportOptions = {}) {
  const file = temporaryFile();
  const report = await importChanges(from, { file }, options);
  return { report, store: await openBuckets<unknown>({ file }) };
}

test("the demo's history makes the same history: ids, times, versions, reasons and changes", async () => {
  await using original = await storyStore();
  const { report, store } = await imported(await exported(original));
  await using copy = store;
  expect(report.changes).toBe((await original.head()).position);
  expect(await told(copy)).toEqual(await told(original));
  expect(await copy.verify()).toMatchObject({ ok: true });
});

test("so does the history of objects with blobs, when their bytes are at hand", async () => {
  const { file, store } = await filledStore();
  await using original = store;
  const from = await exported(original);
  const { report, store: made } = await imported(from, { blobs: `${file}.blobs` });
  await using copy = made;
  // The webhook secret of an adapter is in no history.
  expect(report).toMatchObject({ secrets_left_out: 1, skipped: 1 });
  expect(await told(copy)).toEqual(await told(original));
  expect(await copy.verify({ blobs: "content" })).toMatchObject({ ok: true });
});

test("a history of every kind of bucket's event, transactions and all", async () => {
  const past = new SeedPast();
  await using original = await openBuckets<unknown>({ file: ":memory:", clock: past.now });
  const namespace = original.namespace("films", { actor: "ana" });
  const { buckets } = namespace;
  const properties = { title: { type: "string" } };
  past.hold(Date.parse("2026-10-01T12:00:00Z"), []);
  const unique_key = { fields: ["title"], default_policy: "upsert" };
  const body = { bucket_name: "a", bucket_schema: { properties }, unique_key };
  await buckets.create({ ...body, metadata: { x: { y: 1 }, "a/b": [1, 2] } });
  await buckets.patch("a", { metadata: { x: { z: null }, list: [1] } }, { reason: "why" });
  await buckets.revert("a", { to: 1, fields: ["/metadata/x"] });
  await buckets.revert("a", { undo: 3 });
  await buckets.revert("a", { to: 1 });
  await buckets.revert("a", { to: 1 });
  await buckets.lock("a", { expires_at: "2026-10-01T13:00:00Z", reason: "audit" });
  past.hold(Date.parse("2026-10-01T14:00:00Z"), []);
  await buckets.patch("a", {});
  await buckets.lock("a");
  await buckets.unlock("a");
  for (const move of ["archive", "activate", "suspend"] as const) await buckets[move]("a");
  await namespace.transaction([
    { type: "activate", bucket: "a", reason: "again" },
    { type: "create_object", bucket: "a", body: { title: "one" } },
    { type: "create", body: { ...body, bucket_name: "b" } },
  ]);
  const [object] = (await namespace.objects("a").list()).results;
  const id = String(object?.["object_id"]);
  await namespace.objects("a").patch(id, { title: "two" });
  await namespace.objects("a").revert(id, { to: 1 });
  await namespace.objects("a").delete(id);
  await namespace.objects("a").restore(id);
  const other = (await buckets.get("b")).bucket.bucket_id;
  await buckets.delete(other);
  await buckets.restore(other, { bucket_name: "c" });
  const made = await namespace.batches("a").create({ object_ids: [id] });
  await namespace.batches("a").patch(made.batch.batch_id, { metadata: { n: 1 } });
  await namespace.batches("a").submit(made.batch.batch_id);
  await namespace.batches("a").cancel(made.batch.batch_id);
  await namespace.batches("a").delete(made.batch.batch_id);
  const { connection } = await namespace.connections.create({ name: "drive" });
  const account = connection.connection_id;
  await namespace.connections.patch(account, { metadata: { k: 1 }, is_active: false });
  const wanted = { connection_id: account, source_path: "/in", sync_mode: "continuous" };
  const { sync } = await namespace.syncs("a").create(wanted);
  const syncs = namespace.syncs("a");
  await syncs.patch(sync.sync_config_id, { description: "all" });
  await syncs.pause(sync.sync_config_id, { reason: "too much" });
  await syncs.resume(sync.sync_config_id);
  await syncs.trigger(sync.sync_config_id);
  await syncs.delete(sync.sync_config_id);
  await namespace.connections.delete(account);
  await original.namespaces.create({ namespace_name: "shows" });
  await original.namespaces.patch("shows", { description: "on air" });
  await original.namespaces.delete("shows");
  past.release();

  const { store } = await imported(await exported(original));
  await using copy = store;
  expect(await told(copy)).toEqual(await told(original));
});

test("into a store that is open it happens now, under ids of its own, and once however often", async () => {
  const { file, store } = await filledStore();
  await using original = store;
  const from = await exported(original);
  const service = await serveTest();
  await using remote = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
  const options = { blobs: `${file}.blobs` };
  const report = await importChanges(from, remote, options);
  const { length } = await importedFrom(original);
  expect(report).toMatchObject({ changes: length, skipped: 1 });
  expect(await importChanges(from, remote, options)).toEqual(report);
  expect(await remote.head()).toMatchObject({ position: length });
  const shape = async (one: BucketStore<unknown>) =>
    (await importedFrom(one)).map(({ type, version, actor, reason }) => ({
      type,
      version,
      actor,
      reason,
    }));
  expect(await shape(remote)).toEqual(await shape(original));
  const ids = new Set((await historyOf(original)).map(({ event_id }) => event_id));
  expect((await historyOf(remote)).filter(({ event_id }) => ids.has(event_id))).toEqual([]);
});

test("a seed is of every kind, with ids and times of its own", async () => {
  const id = (prefix: string) => `${prefix}_${"1".padStart(26, "0")}`;
  const said = { namespace: "films", actor: "ana" };
  const at = "2020-01-01T00:00:00.000Z";
  const properties = { title: { type: "string" }, clip: { type: "video" } };
  const bytes = Buffer.from("a film").toString("base64");
  const seed = [
    { ...said, at, command: "create_namespace", id: id("ns"), body: { namespace_name: "films" } },
    { ...said, command: "create_connection", id: id("conn"), body: { name: "drive" } },
    {
      ...said,
      command: "create",
      id: id("bkt"),
      body: { bucket_name: "a", bucket_schema: { properties } },
    },
    {
      ...said,
      command: "patch",
      bucket: id("bkt"),
      body: { source_adapter: { adapter_type: "mux", field_mapping: {} } },
    },
    {
      ...said,
      command: "create_object",
      bucket: "a",
      id: id("obj"),
      body: {
        title: "one",
        blobs: [{ blob_id: id("blob"), property: "clip", type: "video", data: { base64: bytes } }],
      },
    },
    {
      ...said,
      command: "create_upload",
      bucket: "a",
      id: id("upl"),
      body: { filename: "b.mp4", content_type: "video/mp4", blob_property: "clip" },
    },
    { ...said, command: "receive_upload", bucket: "a", upload: id("upl"), data: bytes },
    {
      ...said,
      command: "confirm_upload",
      bucket: "a",
      upload: id("upl"),
      id: id("obj").replace("1", "2"),
    },
    {
      ...said,
      command: "create_batch",
      bucket: "a",
      id: id("btch"),
      body: { object_ids: [id("obj")] },
    },
    { ...said, command: "submit_batch", bucket: "a", batch: id("btch") },
    { ...said, command: "claim_batch", body: { worker: "w", lease_seconds: 60 } },
    {
      ...said,
      command: "create_sync",
      bucket: "a",
      id: id("sync"),
      body: { connection_id: id("conn"), source_path: "/in", sync_mode: "continuous" },
    },
    {
      ...said,
      command: "create_token",
      id: id("tok"),
      body: { name: "reader", permission: "read" },
    },
  ];
  const { report, store } = await imported(written(seed));
  await using made = store;
  expect(report.tokens).toMatchObject([{ name: "reader" }]);
  expect(made.tokens.authenticate(report.tokens[0]?.token ?? "")).toMatchObject({ name: "reader" });
  const namespace = made.namespace("films");
  const { object } = await namespace.objects("a").get(id("obj"));
  expect(object).toMatchObject({ title: "one", blobs: [{ blob_id: id("blob") }] });
  expect(await made.tokens.list()).toMatchObject([{ token_id: id("tok"), created_at: at }]);
  expect((await namespace.uploads("a").get(id("upl"))).upload.status).toBe("COMPLETED");
  // Made, submitted, claimed; the lease of then has lapsed.
  expect((await namespace.batches("a").get(id("btch"))).version).toBe(3);
  expect((await namespace.syncs("a").get(id("sync"))).sync.connection_id).toBe(id("conn"));
  expect(await made.verify({ blobs: "content" })).toMatchObject({ ok: true });
  const told = await historyOf(made);
  expect(told.map(({ type, stream }) => [type, stream])).toEqual([
    ["namespace.created", id("ns")],
    ["connection.created", id("conn")],
    ["bucket.created", id("bkt")],
    ["bucket.patched", id("bkt")],
    ["object.created", id("obj")],
    ["upload.created", id("upl")],
    ["object.created", id("obj").replace("1", "2")],
    ["upload.confirmed", id("upl")],
    ["batch.created", id("btch")],
    ["batch.submitted", id("btch")],
    ["batch.claimed", id("btch")],
    ["sync.created", id("sync")],
    ["token.created", id("tok")],
  ]);
  expect(new Set(told.map(({ recorded_at: time }) => time))).toEqual(new Set([at]));
});

test("into a store that is open, what a seed calls its own goes by the ids of the store", async () => {
  const id = (prefix: string) => `${prefix}_${"1".padStart(26, "0")}`;
  const properties = { title: { type: "string" }, clip: { type: "video" } };
  const blob = { property: "clip", type: "video", data: "https://films.example/a.mp4" };
  const from = written([
    { command: "create", id: id("bkt"), body: { bucket_name: "a", bucket_schema: { properties } } },
    {
      command: "create_object",
      bucket: id("bkt"),
      id: id("obj"),
      body: { title: "one", blobs: [{ ...blob, blob_id: id("blob") }] },
    },
    {
      command: "put_object",
      bucket: id("bkt"),
      object: id("obj"),
      body: { blobs: [{ blob_id: id("blob") }, blob] },
    },
  ]);
  await using store = await openBuckets<unknown>({ file: ":memory:" });
  expect(await importChanges(from, store)).toMatchObject({ changes: 3 });
  const [listed] = (await store.namespace().objects("a").list()).results;
  expect(listed?.["object_id"]).not.toBe(id("obj"));
  const { object } = await store.namespace().objects("a").get(String(listed?.["object_id"]));
  expect(object.blobs).toHaveLength(2);
  expect(object.blobs.map(({ blob_id: one }) => one)).not.toContain(id("blob"));
});

describe("a line that is refused is named, and what is before it stays", () => {
  const first = {
    command: "create",
    id: `bkt_${"1".repeat(26)}`,
    body: { bucket_name: "a", bucket_schema: { properties: { clip: { type: "video" } } } },
  };
  const objectWith = (blobs: readonly object[]) =>
    JSON.stringify({
      command: "create_object",
      bucket: "a",
      body: { blobs: blobs.map((blob) => ({ property: "clip", type: "video", ...blob })) },
    });
  const about = (command: string, more: object = {}) =>
    JSON.stringify({ command, bucket: "a", ...more });
  const sync = { connection_id: "conn_1", source_path: "/", sync_mode: "continuous" };
  test.each([
    ["no JSON", "{", "BAD_REQUEST"],
    ["neither a command nor an event", '{"a": 1}', "BAD_REQUEST"],
    ["a line of CSV", "position,version", "BAD_REQUEST"],
    ["the header of a whole log", '{"format": "bucketlog-export/1"}', "BAD_REQUEST"],
    ["no command that there is", '{"command": "paint"}', "BAD_REQUEST"],
    ["no body", '{"command": "create"}', "VALIDATION_FAILED"],
    ["another field", '{"command": "archive", "bucket": "a", "colour": 1}', "BAD_REQUEST"],
    [
      "a field of another command",
      about("archive", { media_type: "application/json" }),
      "BAD_REQUEST",
    ],
    ["an id of something else", '{"command": "create", "id": "obj_1"}', "BAD_REQUEST"],
    ["the id of what makes nothing", `{"command": "archive", "id": "${first.id}"}`, "BAD_REQUEST"],
    ["an id that another line gave", JSON.stringify(first), "BAD_REQUEST"],
    ["an id that is none of a blob", objectWith([{ blob_id: "blob_1" }]), "BAD_REQUEST"],
    [
      "the ids of some of the blobs",
      objectWith([{ blob_id: `blob_${"1".repeat(26)}` }, {}]),
      "BAD_REQUEST",
    ],
    ["a time that is none", '{"command": "create", "at": "now"}', "VALIDATION_FAILED"],
    ["a day that no month has", '{"command": "create", "at": "2020-02-31"}', "VALIDATION_FAILED"],
    ["an actor that is no name", about("archive", { actor: "a\nb" }), "BAD_REQUEST"],
    ["a namespace that nobody names", about("archive", { namespace: "_log" }), "BAD_REQUEST"],
    [
      "an object that is not there",
      about("create_batch", { body: { object_ids: ["obj_1"] } }),
      "VALIDATION_FAILED",
    ],
    ["a connection that is not there", about("create_sync", { body: sync }), "NOT_FOUND"],
    ["an upload that is not there", objectWith([{ upload_id: "upl_1" }]), "VALIDATION_FAILED"],
    [
      "an upload that is confirmed and is not there",
      about("confirm_upload", { upload: "upl_1" }),
      "NOT_FOUND",
    ],
    [
      "bytes that are none",
      about("receive_upload", { upload: "upl_1", data: "?" }),
      "VALIDATION_FAILED",
    ],
    [
      "a token that is allowed nothing",
      '{"command": "create_token", "body": {"name": "a"}}',
      "VALIDATION_FAILED",
    ],
    ["what is not there", '{"command": "archive", "bucket": "b"}', "NOT_FOUND"],
    ["no event", '{"event_id": "evt_1", "type": "bucket.created"}', "VALIDATION_FAILED"],
  ])("%s", async (_, line, code) => {
    const from = written([first]);
    writeFileSync(from, `${readFileSync(from, "utf8")}\n${line}`);
    const file = temporaryFile();
    const importing = importChanges(from, { file });
    await expect(importing).rejects.toMatchObject({ code, details: { line: 3, from_line: 3 } });
    await expect(importing).rejects.toThrow(/^Line 3 of .*lines.ndjson was refused: /);
    await using store = await openBuckets<unknown>({ file });
    expect(await store.head()).toMatchObject({ position: 1 });
  });

  test("says what was meant, in the words of a seed", async () => {
    const refusalOf = async (line: object) =>
      await importChanges(written([line]), { file: temporaryFile() }).catch(String);
    expect(await refusalOf({ ...first, command: "crate" })).toContain('Did you mean "create"?');
    expect(await refusalOf({ ...first, command: "claim_bach" })).toContain('"claim_batch"?');
    expect(await refusalOf({ ...first, actr: "ana" })).toContain('Did you mean "actor"?');
    const patch = { command: "patch", bucket: "a", mediatype: "application/json", body: {} };
    expect(await refusalOf(patch)).toContain('Did you mean "media_type"?');
  });

  test("an id that the file has from before", async () => {
    const from = written([first]);
    const file = temporaryFile();
    await importChanges(from, { file });
    const again = importChanges(from, { file });
    await expect(again).rejects.toMatchObject({ code: "BAD_REQUEST", details: { field: "id" } });
    await expect(again).rejects.toThrow(`Line 1 of ${from} was refused: id: ${first.id} is given`);
  });

  test("of a transaction: none of it happened, and it goes on from its beginning", async () => {
    await using original = await openBuckets<unknown>({ file: ":memory:" });
    const body = (name: string) => ({ bucket_name: name, bucket_schema: { properties: {} } });
    await original.namespace().transaction([
      { type: "create", body: body("a") },
      { type: "create", body: body("b") },
    ]);
    const from = await exported(original);
    const file = temporaryFile();
    await using store = await openBuckets<unknown>({ file });
    const taken = await store.namespace().buckets.create(body("b"));
    await store.close();
    const importing = importChanges(from, { file });
    await expect(importing).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
      details: { line: 2, from_line: 1 },
    });
    await using mended = await openBuckets<unknown>({ file });
    expect(await mended.head()).toMatchObject({ position: 1 });
    await mended.namespace().buckets.patch(taken.bucket.bucket_id, { bucket_name: "c" });
    await mended.close();
    expect(await importChanges(from, { file }, { fromLine: 1 })).toMatchObject({ changes: 2 });
  });

  test("what a history does not tell enough of, unless it is to be left out", async () => {
    const { store } = await filledStore();
    await using original = store;
    const [entry] = await historyOf(original);
    const from = written([{ ...entry, type: "delivery.accepted" }]);
    await expect(importChanges(from, { file: temporaryFile() })).rejects.toThrow(
      /does not tell enough of delivery.accepted/,
    );
    const { report, store: made } = await imported(from, { skip: ["delivery.accepted"] });
    await using copy = made;
    expect(report).toMatchObject({ changes: 0, skipped: 1 });
    expect(await copy.head()).toMatchObject({ position: 0 });
  });

  test("a blob whose bytes are nowhere, and those of another content", async () => {
    const { store } = await filledStore();
    await using original = store;
    const from = await exported(original);
    const missing = { code: "BAD_REQUEST", details: { hash: expect.any(String) } };
    const importing = importChanges(from, { file: temporaryFile() });
    await expect(importing).rejects.toMatchObject(missing);
    const blobs = join(temporaryFolder(), "blobs");
    mkdirSync(blobs);
    const empty = importChanges(from, { file: temporaryFile() }, { blobs });
    await expect(empty).rejects.toMatchObject(missing);
  });
});
