/**
 * Objects through the library, on both engines: what is refused, what the unique key makes of
 * creations that meet, what a deletion hides, and what is found of bytes that are gone.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BucketsError, type ErrorCode } from "../../src/domain/errors.js";
import { type EmbeddedStore, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";

const clips = {
  bucket_name: "clips",
  bucket_schema: {
    properties: {
      title: { type: "string", required: true },
      seconds: { type: "integer" },
      clip: { type: "video" },
      note: { type: "text" },
    },
  },
  unique_key: { fields: ["title"], default_policy: "upsert" },
} as const;

const engines = [
  ["memory", () => ":memory:"],
  ["sqlite", temporaryFile],
] as const;

async function withClips(
  file: string,
  use: (store: EmbeddedStore<unknown>, clock: FixedClock) => Promise<void>,
) {
  const clock = new FixedClock();
  await using store = await openBuckets<unknown>({
    file,
    clock: clock.read,
    durability: "relaxed",
  });
  await store.namespace().buckets.create(clips);
  await use(store, clock);
}

function bytes(size: number) {
  return { base64: Buffer.alloc(size, 7).toString("base64"), mime_type: "video/mp4" };
}

function clip(size: number) {
  return { property: "clip", type: "video", data: bytes(size) };
}

async function refusal(act: Promise<unknown>): Promise<ErrorCode | "none"> {
  try {
    await act;
    return "none";
  } catch (error) {
    if (error instanceof BucketsError) return error.code;
    throw error;
  }
}

describe.each(engines)("objects on %s", (_, file) => {
  test("what does not fit is refused, and leaves no trace", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const { position } = await store.head();
      for (const body of [
        "no object",
        {},
        { title: 1 },
        { title: "a", seconds: "many" },
        {
          title: "a",
          blobs: [{ property: "clip", type: "video", data: { base64: "not base64" } }],
        },
        { title: "a", blobs: [{ property: "absent", type: "video", data: bytes(1) }] },
        { title: "a", blobs: [{ property: "clip", type: "video", upload_id: "upl_none" }] },
        { title: "" },
      ]) {
        const told = JSON.stringify(body);
        expect(await refusal(objects.create(body)), told).toBe("VALIDATION_FAILED");
      }
      const elsewhere = store.namespace().objects("absent");
      expect(await refusal(elsewhere.create({ title: "a" }))).toBe("NOT_FOUND");
      expect(await refusal(objects.get("obj_none"))).toBe("NOT_FOUND");
      expect(await refusal(objects.patch("obj_none", { seconds: 1 }))).toBe("NOT_FOUND");
      const dry = await objects.create({ title: "a", blobs: [clip(3)] }, { dryRun: true });
      expect(dry.dryRun).toBe(true);
      expect((await store.head()).position).toBe(position);
      expect((await objects.list()).pagination.total).toBe(0);
    }));

  test("a list counts the blobs that there are, or were, when it is asked to", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const { object } = await objects.create({ title: "a", blobs: [clip(1), clip(2)] });
      await objects.create({ title: "b" });
      const { position } = await store.head();
      await objects.delete(object.object_id);
      const counted = async (asOf?: string) =>
        (await objects.list({ countBlobs: true, asOf, limit: 1 })).stats;
      expect(await counted()).toMatchObject({ total_blobs: 0, avg_blobs_per_object: 0 });
      const then = await counted(`@${position}`);
      expect(then).toMatchObject({ total_blobs: 2, avg_blobs_per_object: 1 });
      expect((await objects.list()).stats).not.toHaveProperty("total_blobs");
    }));

  test("a creation does what the policy says when the key is taken", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const absent = objects.create({ title: "a" }, { policy: "update" });
      expect(await refusal(absent)).toBe("NOT_FOUND");
      const { object } = await objects.create({ title: "a", seconds: 1 }, { policy: "insert" });
      const again = objects.create({ title: "a" }, { policy: "insert" });
      expect(await refusal(again)).toBe("ALREADY_EXISTS");
      const updated = await objects.create({ title: "a", seconds: 2 });
      expect(updated).toMatchObject({ version: 2, object: { object_id: object.object_id } });
      const other = await objects.create({ title: "b" });
      const taking = objects.patch(other.object.object_id, { title: "a" });
      expect(await refusal(taking)).toBe("ALREADY_EXISTS");
      await expect(objects.patch(other.object.object_id, { title: "a" })).rejects.toMatchObject({
        message: expect.stringContaining(`${object.object_id} has the unique key {"title":"a"}`),
      });
      await objects.delete(object.object_id);
      await objects.patch(other.object.object_id, { title: "a" });
      expect(await refusal(objects.restore(object.object_id))).toBe("ALREADY_EXISTS");
    }));

  test("of 64 creations that meet, upserts are one object with 64 versions", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const all = Array.from({ length: 64 }, (__, n) => objects.create({ title: "a", seconds: n }));
      const written = await Promise.all(all);
      expect(new Set(written.map(({ object }) => object.object_id)).size).toBe(1);
      expect(new Set(written.map(({ version }) => version)).size).toBe(64);
      expect((await objects.list()).pagination.total).toBe(1);
    }));

  test("of 64 creations that meet, one insert is accepted and 63 are refused", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const insert = { policy: "insert" } as const;
      const all = Array.from({ length: 64 }, () => refusal(objects.create({ title: "a" }, insert)));
      const codes = await Promise.all(all);
      expect(codes.filter((code) => code === "none")).toHaveLength(1);
      expect(codes.filter((code) => code === "ALREADY_EXISTS")).toHaveLength(63);
    }));

  test("many at once are one commit, each accepted or refused by itself, also when asked again", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const bodies = [{ title: "a" }, { seconds: 1 }, { title: "b" }, { title: "a", seconds: 2 }];
      const insert = { policy: "insert", idempotencyKey: "many" } as const;
      const made = await objects.createMany(bodies, insert);
      expect(made.succeeded.map(({ object }) => object["title"])).toEqual(["a", "b"]);
      expect(made.failed.map(({ index, error }) => [index, error.code])).toEqual([
        [1, "VALIDATION_FAILED"],
        [3, "ALREADY_EXISTS"],
      ]);
      const again = await objects.createMany(bodies, insert);
      expect(again.succeeded.map(({ object }) => object)).toEqual(
        made.succeeded.map(({ object }) => object),
      );
      expect(again.failed.map(({ index }) => index)).toEqual([1, 3]);
      expect(again.succeeded.every(({ replayed }) => replayed)).toBe(true);
      expect(await refusal(objects.createMany([]))).toBe("VALIDATION_FAILED");
    }));

  test("an object has a past of its own: as-of, diff, blame, revert, undo and restore", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const { object } = await objects.create({ title: "a", seconds: 1 });
      const id = object.object_id;
      await objects.patch(id, { seconds: 2 }, { reason: "longer" });
      expect((await objects.get(id, { asOf: "1" })).object["seconds"]).toBe(1);
      expect(await objects.diff(id)).toEqual([{ op: "replace", path: "/seconds", value: 2 }]);
      expect((await objects.blame(id))["/seconds"]).toMatchObject({ version: 2, reason: "longer" });
      expect((await objects.revert(id, { to: 1 })).object["seconds"]).toBe(1);
      expect((await objects.revert(id, { undo: 3 })).object["seconds"]).toBe(2);
      await objects.delete(id);
      expect(await refusal(objects.get(id))).toBe("NOT_FOUND");
      expect((await objects.history(id)).results).toHaveLength(5);
      expect((await objects.restore(id)).object["seconds"]).toBe(2);
      const then = await objects.list({ asOf: "@3", filters: { seconds: 2 } });
      expect(then.results.map(({ object_id: found }) => found)).toEqual([id]);
    }));

  test("who read an old version is told what the object went through meanwhile", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const { object } = await objects.create({ title: "a", seconds: 1 });
      const id = object.object_id;
      await objects.patch(id, { seconds: 2 });
      await objects.patch(id, { metadata: { team: "x" } });
      const colliding = objects.patch(id, { seconds: 3 }, { ifVersion: 1 });
      await expect(colliding).rejects.toMatchObject({
        code: "PRECONDITION_FAILED",
        details: {
          missed: [
            { version: 2, paths: ["/seconds"] },
            { version: 3, paths: [expect.stringMatching("^/metadata")] },
          ],
          conflicting_paths: ["/seconds"],
          hint: expect.stringMatching('If-Match "3"\\.$'),
        },
      });
      const whole = objects.delete(id, { ifVersion: 1 });
      await expect(whole).rejects.toMatchObject({
        details: { hint: expect.stringContaining("Read the object, apply your change again") },
      });
    }));

  test("in a transaction, an undo sees what was done to its object before it", () =>
    withClips(file(), async (store) => {
      const service = store.namespace();
      const objects = service.objects("clips");
      const { object } = await objects.create({ title: "a", seconds: 1 });
      const at = { bucket: "renamed", object: object.object_id };
      await objects.patch(at.object, { seconds: 2 });
      const rename = {
        type: "patch",
        bucket: "clips",
        patch: { bucket_name: "renamed" },
      } as const;
      const patch = (change: object) => ({ ...at, type: "patch_object", patch: change }) as const;
      const undo = { ...at, type: "revert_object", body: { undo: 2 } } as const;
      const revert = { ...at, type: "revert_object", body: { to: 2 } } as const;
      const colliding = service.transaction([rename, patch({ seconds: 3 }), undo]);
      await expect(colliding).rejects.toMatchObject({
        code: "CONFLICT",
        details: { operation_index: 2, paths: ["/seconds"] },
      });
      await service.transaction([rename, patch({ metadata: { team: "x" } }), undo]);
      const beside = await service.objects("renamed").get(at.object);
      expect(beside.object).toMatchObject({ seconds: 1, metadata: { team: "x" } });
      await service.transaction([patch({ seconds: 9 }), revert]);
      expect((await service.objects("renamed").get(at.object)).object["seconds"]).toBe(2);
    }));

  test("a transaction makes a bucket, and in it an object with its bytes", () =>
    withClips(file(), async (store) => {
      const service = store.namespace();
      const body = { title: "a", blobs: [clip(5)] };
      await service.transaction([
        { type: "create", body: { ...clips, bucket_name: "new" } },
        { type: "create_object", bucket: "new", body },
      ]);
      const { results } = await service.objects("new").list();
      expect(results).toMatchObject([{ title: "a", blobs: [{ details: { size_bytes: 5 } }] }]);
      const upload = { property: "clip", type: "video", upload_id: "upl_none" };
      const elsewhere = store.namespace().objects("absent");
      expect(await refusal(elsewhere.create({ title: "a", blobs: [upload] }))).toBe("NOT_FOUND");
    }));

  test("what was done under a key is told again, whatever became of the bucket", () =>
    withClips(file(), async (store) => {
      const { buckets } = store.namespace();
      const objects = store.namespace().objects("clips");
      const upload = { property: "clip", type: "video", upload_id: "upl_none" };
      const bodies = [
        { title: "a", blobs: [clip(5)] },
        { title: "b", blobs: [upload] },
        { title: "c" },
        { title: "a", blobs: [clip(6)] },
      ];
      const policy = "insert";
      const many = () => objects.createMany(bodies, { policy, idempotencyKey: "many" });
      const made = await many();
      expect(made.failed.map(({ index, error }) => [index, error.code])).toEqual([
        [1, "VALIDATION_FAILED"],
        [3, "ALREADY_EXISTS"],
      ]);
      const id = made.succeeded[0]?.object.object_id ?? "";
      const acts = [
        () => objects.create({ title: "d", blobs: [clip(7)] }, { idempotencyKey: "create" }),
        () => objects.put(id, { blobs: [clip(8)] }, { idempotencyKey: "put" }),
        () => objects.patch(id, { seconds: 1 }, { idempotencyKey: "patch" }),
        () => objects.revert(id, { undo: 3 }, { idempotencyKey: "undo" }),
        () => objects.revert(id, { to: 1 }, { idempotencyKey: "revert" }),
        () => objects.delete(id, { idempotencyKey: "delete" }),
      ];
      const first = [];
      for (const act of acts) first.push((await act()).object);
      await buckets.delete("clips");
      const again = await many();
      expect(again.succeeded.map(({ object }) => object)).toEqual(
        made.succeeded.map(({ object }) => object),
      );
      expect(again.failed).toEqual(made.failed);
      for (const [index, act] of acts.entries()) {
        expect(await act()).toMatchObject({ object: first[index], replayed: true });
      }
      expect(await refusal(objects.createMany(bodies))).toBe("NOT_FOUND");
      expect(await refusal(objects.createMany([{ title: 1 }]))).toBe("NOT_FOUND");
    }));

  test("a deleted bucket hides its objects, and brings them and their keys back", () =>
    withClips(file(), async (store) => {
      const { buckets } = store.namespace();
      const bucketId = (await buckets.get("clips")).bucket.bucket_id;
      const objects = store.namespace().objects(bucketId);
      const { object } = await objects.create({ title: "a", blobs: [clip(5)] });
      const { task } = await buckets.delete("clips");
      expect(task).toMatchObject({ object_count: 1 });
      expect(await refusal(objects.get(object.object_id))).toBe("NOT_FOUND");
      expect(await refusal(objects.list())).toBe("NOT_FOUND");
      expect(await refusal(objects.create({ title: "b" }))).toBe("NOT_FOUND");
      expect((await objects.history(object.object_id)).results).toHaveLength(1);
      const { bucket } = await buckets.restore(bucketId);
      expect(bucket).toMatchObject({ object_count: 1, total_size_bytes: 5 });
      expect((await objects.get(object.object_id)).object["title"]).toBe("a");
      expect(await refusal(objects.create({ title: "a" }, { policy: "insert" }))).toBe(
        "ALREADY_EXISTS",
      );
    }));

  test("a locked, archived or suspended bucket takes no writes to its objects", () =>
    withClips(file(), async (store) => {
      const { buckets } = store.namespace();
      const objects = store.namespace().objects("clips");
      const { object } = await objects.create({ title: "a" });
      const closing = [
        [() => buckets.lock("clips"), () => buckets.unlock("clips")],
        [() => buckets.archive("clips"), () => buckets.activate("clips")],
        [() => buckets.suspend("clips"), () => buckets.activate("clips")],
      ] as const;
      for (const [close, open] of closing) {
        await close();
        expect(await refusal(objects.create({ title: "b" }))).toBe("BUCKET_LOCKED");
        expect(await refusal(objects.patch(object.object_id, {}))).toBe("BUCKET_LOCKED");
        expect(await refusal(objects.delete(object.object_id))).toBe("BUCKET_LOCKED");
        expect((await objects.get(object.object_id)).version).toBe(1);
        await open();
      }
    }));

  test("bytes are in no event, and what an event refers to is there", () =>
    withClips(file(), async (store) => {
      const objects = store.namespace().objects("clips");
      const canary = Buffer.from("canary in the coal mine").toString("base64");
      const large = "x".repeat(16 * 1024 + 1);
      const blobs = [
        { property: "clip", type: "video", data: { base64: canary } },
        { property: "note", type: "text", data: large },
      ];
      const { object } = await objects.create({ title: "a", blobs });
      const told = JSON.stringify(await objects.history(object.object_id));
      expect(told).not.toContain(canary);
      expect(told).not.toContain(large);
      expect(await store.verify()).toMatchObject({ ok: true });
      expect(await store.rebuild()).toMatchObject({ differences: 0 });
    }));

  test("bytes of refused writes are not kept, and all that an event ever referred to", () =>
    withClips(file(), async (store, clock) => {
      const objects = store.namespace().objects("clips");
      const insert = { policy: "insert" } as const;
      const { object } = await objects.create({ title: "a", blobs: [clip(5)] }, insert);
      const taken = objects.create({ title: "a", blobs: [clip(6)] }, insert);
      expect(await refusal(taken)).toBe("ALREADY_EXISTS");
      await objects.patch(object.object_id, { blobs: [] });
      expect(await store.collectBlobs()).toMatchObject({ removed: 0, kept: 1 });
      clock.advance(25 * 60 * 60 * 1_000);
      expect(await store.collectBlobs()).toMatchObject({ removed: 0, kept: 1 });
      const blobId = object.blobs[0]?.blob_id ?? "";
      const blob = await objects.blob(object.object_id, blobId, { asOf: "1" });
      expect(blob.sizeBytes).toBe(5);
      expect(Buffer.concat(await Array.fromAsync(await blob.read()))).toHaveLength(5);
    }));
});

test("verify finds bytes that are gone or were altered, and names who refers to them", async () => {
  const path = temporaryFile();
  await withClips(path, async (store) => {
    const objects = store.namespace().objects("clips");
    const { object } = await objects.create({ title: "a", blobs: [clip(5)] });
    await objects.create({ title: "b", blobs: [clip(5)] });
    await objects.patch(object.object_id, { blobs: [] });
    expect(await store.verify()).toMatchObject({
      ok: true,
      blobs: { check: "existence", checked: 1 },
    });
    const hash = object.blobs[0]?.details.hash ?? "";
    const bytesFile = join(`${path}.blobs`, hash.slice(0, 2), hash);
    writeFileSync(bytesFile, "other");
    expect(await store.verify()).toMatchObject({ ok: true });
    const told = `the bytes ${hash}, to which the object ${object.object_id} refers, are`;
    expect(await store.verify({ blobs: "content" })).toMatchObject({
      ok: false,
      fault: { position: 2, problem: `${told} damaged` },
      blobs: { check: "content", checked: 1 },
    });
    rmSync(bytesFile);
    for (const blobs of ["existence", "content"] as const) {
      const report = await store.verify({ blobs });
      expect(report.fault).toEqual({ position: 2, problem: `${told} missing` });
    }
  });
});

test("a store that is open for reading only keeps no bytes", async () => {
  const path = temporaryFile();
  await withClips(path, async () => {
    await using reader = await openBuckets<unknown>({ file: path, readOnly: true });
    const objects = reader.namespace().objects("clips");
    expect(await refusal(objects.create({ title: "a", blobs: [clip(5)] }))).toBe("READ_ONLY");
    expect(await refusal(reader.collectBlobs())).toBe("READ_ONLY");
    expect(existsSync(`${path}.blobs`)).toBe(false);
  });
});
