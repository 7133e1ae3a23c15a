/**
 * Uploads through the library, on both engines: what is refused, that nothing is recorded before it
 * is confirmed, that an upload and its object come to be together, and what is collected when.
 */
import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BucketsError, type ErrorCode } from "../../src/domain/errors.js";
import { type EmbeddedStore, openBuckets, type ServedNamespace } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { dayMs, FixedClock } from "../support/clock.js";
import { MovingClock } from "../support/moving-clock.js";

const engines = [
  ["memory", () => ":memory:"],
  ["sqlite", temporaryFile],
] as const;

const clips = {
  bucket_name: "clips",
  bucket_schema: {
    properties: {
      title: { type: "string" },
      seconds: { type: "integer" },
      clip: { type: "video" },
    },
  },
  unique_key: { fields: ["title"], default_policy: "insert" },
};

const content = "0123456789";
const hash = createHash("sha256").update(content).digest("hex");
const announced = (fields: object = {}) => ({
  filename: "clip.mp4",
  content_type: "video/mp4",
  blob_property: "clip",
  object_metadata: { title: "a" },
  ...fields,
});

async function* bytes(text = content): AsyncIterable<Uint8Array> {
  for (const letter of text) yield Buffer.from(letter);
}

async function* broken(): AsyncIterable<Uint8Array> {
  yield Buffer.from(content);
  throw new BucketsError("BAD_REQUEST", "The connection ended before the body.");
}

interface Subject {
  readonly store: EmbeddedStore<unknown>;
  readonly namespace: ServedNamespace<unknown>;
  readonly clock: FixedClock;
}

async function withClips(file: string, use: (subject: Subject) => Promise<void>) {
  const clock = new FixedClock();
  await using store = await openBuckets<unknown>({
    file,
    clock: clock.read,
    durability: "relaxed",
  });
  const namespace = store.namespace();
  await namespace.buckets.create(clips);
  await use({ store, namespace, clock });
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

async function begun({ namespace }: Subject, fields: object = {}): Promise<string> {
  return (await namespace.uploads("clips").create(announced(fields))).upload.upload_id;
}

describe.each(engines)("uploads on %s", (_, file) => {
  test("what does not fit is refused, and leaves no trace", () =>
    withClips(file(), async (subject) => {
      const { store, namespace } = subject;
      const uploads = namespace.uploads("clips");
      const { position } = await store.head();
      const bodies = [
        {},
        { filename: "" },
        { blob_property: "none" },
        { blob_property: "seconds" },
      ];
      for (const fields of bodies) {
        const body = fields === bodies[0] ? {} : announced(fields);
        expect(await refusal(uploads.create(body)), JSON.stringify(body)).toBe("VALIDATION_FAILED");
      }
      expect(await refusal(uploads.receive("upl_none", bytes()))).toBe("NOT_FOUND");
      expect(await refusal(uploads.confirm("upl_none"))).toBe("NOT_FOUND");
      expect(await refusal(namespace.uploads("none").create(announced()))).toBe("NOT_FOUND");
      expect((await store.head()).position).toBe(position);
    }));

  test("other bytes than were announced are refused, before or when they are confirmed", () =>
    withClips(file(), async (subject) => {
      const uploads = subject.namespace.uploads("clips");
      const exact = await begun(subject, { file_size_bytes: 10 });
      for (const text of ["012345678", `${content}0`]) {
        expect(await refusal(uploads.receive(exact, bytes(text)))).not.toBe("none");
      }
      expect(await refusal(uploads.receive(exact, broken()))).toBe("BAD_REQUEST");
      expect(await refusal(uploads.confirm(exact))).toBe("BAD_REQUEST");
      const hashed = await begun(subject, { file_hash: "ab".repeat(32) });
      await uploads.receive(hashed, bytes());
      expect(await refusal(uploads.confirm(hashed))).toBe("VALIDATION_FAILED");
      const open = await begun(subject);
      await uploads.receive(open, bytes());
      for (const body of [{ etag: "x" }, { file_hash: "ab".repeat(32) }, { file_size_bytes: 9 }]) {
        expect(await refusal(uploads.confirm(open, body))).toBe("VALIDATION_FAILED");
      }
      expect(await refusal(uploads.confirm(open, { etag: `"${hash}"` }))).toBe("none");
    }));

  test("an upload and its object come to be together, once", () =>
    withClips(file(), async (subject) => {
      const { store, namespace } = subject;
      const uploads = namespace.uploads("clips");
      const id = await begun(subject);
      expect(await uploads.receive(id, bytes("first"))).toMatchObject({ file_size_bytes: 5 });
      const received = await uploads.receive(id, bytes());
      expect(received).toEqual({ upload_id: id, file_hash: hash, file_size_bytes: 10 });
      const { position } = await store.head();
      const dry = await uploads.confirm(id, {}, { dryRun: true });
      expect(dry.upload.status).toBe("COMPLETED");
      expect((await store.head()).position).toBe(position);
      const options = { idempotencyKey: "k" };
      const { upload } = await uploads.confirm(id, {}, options);
      expect(upload).toMatchObject({ status: "COMPLETED", etag: hash, file_size_bytes: 10 });
      expect(await uploads.confirm(id, {}, options)).toMatchObject({ replayed: true, upload });
      expect(await refusal(uploads.confirm(id))).toBe("BAD_REQUEST");
      expect(await refusal(uploads.receive(id, bytes()))).toBe("CONFLICT");
      const objects = namespace.objects("clips");
      const { object } = await objects.get(upload.object_id ?? "");
      expect(object).toMatchObject({
        title: "a",
        metadata: {},
        blobs: [{ property: "clip", type: "video", details: { size_bytes: 10, hash } }],
      });
      const blob = await objects.blob(object.object_id, object.blobs[0]?.blob_id ?? "");
      const part = await blob.read({ start: 2, end: 4 });
      expect(Buffer.concat(await Array.fromAsync(part)).toString()).toBe("234");
      const { bucket } = await namespace.buckets.get("clips");
      expect(bucket).toMatchObject({ object_count: 1, total_size_bytes: 10 });
      expect(bucket.last_upload_at).toBeDefined();
    }));

  test("what the schema has fields for are fields of the object, the rest is metadata", () =>
    withClips(file(), async (subject) => {
      const { namespace } = subject;
      const uploads = namespace.uploads("clips");
      const misfit = await begun(subject, { object_metadata: { title: "a", seconds: "many" } });
      await uploads.receive(misfit, bytes());
      expect(await refusal(uploads.confirm(misfit))).toBe("VALIDATION_FAILED");
      const values = { title: "a", seconds: 3, blobs: "?", metadata: {}, clip: 1, mood: "calm" };
      const id = await begun(subject, { object_metadata: values });
      await uploads.receive(id, bytes());
      const { upload } = await uploads.confirm(id);
      const { title, seconds, ...rest } = values;
      expect((await namespace.objects("clips").get(upload.object_id ?? "")).object).toMatchObject({
        title,
        seconds,
        metadata: rest,
        blobs: [{ property: "clip" }],
      });
    }));

  test("a schema that has lost the property keeps the upload from being confirmed", () =>
    withClips(file(), async (subject) => {
      const { store, namespace } = subject;
      const uploads = namespace.uploads("clips");
      const id = await begun(subject);
      await uploads.receive(id, bytes());
      const bucket_schema = { properties: { title: { type: "string" } } };
      await namespace.buckets.patch("clips", { bucket_schema });
      const { position } = await store.head();
      expect(await refusal(uploads.confirm(id))).toBe("VALIDATION_FAILED");
      expect((await store.head()).position).toBe(position);
    }));

  test("an upload that is deleted, or expires, while its bytes travel takes none of them", () =>
    withClips(file(), async (subject) => {
      const { namespace, clock } = subject;
      const uploads = namespace.uploads("clips");
      const id = await begun(subject);
      async function* bytesAndDeletion() {
        yield* bytes();
        await uploads.delete(id);
      }
      expect(await refusal(uploads.receive(id, bytesAndDeletion()))).toBe("CONFLICT");
      const late = await begun(subject, { presigned_url_expiration: 60 });
      async function* slowBytes() {
        yield* bytes();
        clock.advance(60_000);
      }
      expect(await refusal(uploads.receive(late, slowBytes()))).toBe("CONFLICT");
    }));

  test.each(["insert", "update", "upsert", undefined] as const)(
    "one that is confirmed twice was confirmed already, whatever the policy: %s",
    (policy) =>
      withClips(file(), async ({ namespace }) => {
        const unique_key = policy && { fields: ["title"], default_policy: policy };
        await namespace.buckets.create({ ...clips, bucket_name: "twice", unique_key });
        const uploads = namespace.uploads("twice");
        const already = {
          code: "BAD_REQUEST",
          message: expect.stringContaining("was confirmed already"),
        };
        const arrived = async (title: string) => {
          // What `update` changes has to be there.
          if (policy === "update") {
            await namespace.objects("twice").create({ title }, { policy: "insert" });
          }
          const body = announced({ object_metadata: { title } });
          const { upload_id: id } = (await uploads.create(body)).upload;
          await uploads.receive(id, bytes());
          return id;
        };
        const one = await arrived("one after the other");
        await uploads.confirm(one);
        await expect(uploads.confirm(one)).rejects.toMatchObject(already);

        const listed = { upload_id: await arrived("in one request") };
        const { succeeded, failed } = await uploads.confirmMany({
          confirmations: [listed, listed],
        });
        expect(succeeded).toMatchObject([{ upload: listed }]);
        expect(failed).toMatchObject([{ index: 1, error: already }]);

        const raced = await arrived("at once");
        const outcomes = await Promise.allSettled([
          uploads.confirm(raced),
          uploads.confirm(raced),
          uploads.confirm(raced),
        ]);
        const refused = outcomes.filter(({ status }) => status === "rejected");
        expect(refused).toMatchObject([{ reason: already }, { reason: already }]);
        expect((await namespace.objects("twice").list()).stats.total_objects).toBe(3);
      }),
  );

  test("of bytes that travel at once those that began last stay, and older ones are told", () =>
    withClips(file(), async (subject) => {
      const uploads = subject.namespace.uploads("clips");
      const stalled = (text: string) => {
        const begun = Promise.withResolvers<void>();
        const gate = Promise.withResolvers<void>();
        async function* slowly() {
          begun.resolve();
          await gate.promise;
          yield Buffer.from(text);
        }
        return { begun: begun.promise, go: gate.resolve, bytes: slowly() };
      };
      const id = await begun(subject);
      const older = stalled("older");
      const sent = uploads.receive(id, older.bytes);
      await older.begun;
      expect(await refusal(uploads.receive(id, broken()))).toBe("BAD_REQUEST");
      await uploads.receive(id, bytes());
      older.go();
      await expect(sent).rejects.toMatchObject({
        code: "CONFLICT",
        message: expect.stringContaining("sent later"),
      });
      const newer = stalled(content);
      const last = uploads.receive(id, newer.bytes);
      await newer.begun;
      expect(await refusal(uploads.receive(id, broken()))).toBe("BAD_REQUEST");
      newer.go();
      expect(await last).toMatchObject({ file_hash: hash });
      await uploads.confirm(id);
      expect((await uploads.get(id)).upload.file_hash).toBe(hash);
    }));

  test("an object that is refused keeps its upload back, and nothing is kept", () =>
    withClips(file(), async (subject) => {
      const { store, namespace } = subject;
      const uploads = namespace.uploads("clips");
      const id = await begun(subject);
      await namespace.objects("clips").create({ title: "a" });
      await uploads.receive(id, bytes());
      const { position } = await store.head();
      expect(await refusal(uploads.confirm(id))).toBe("ALREADY_EXISTS");
      expect((await store.head()).position).toBe(position);
      expect((await uploads.get(id)).upload.status).toBe("PENDING");
      await namespace.buckets.lock("clips");
      expect(await refusal(uploads.confirm(id))).toBe("BUCKET_LOCKED");
      expect(await refusal(uploads.receive(id, bytes()))).toBe("BUCKET_LOCKED");
      expect(await refusal(uploads.create(announced()))).toBe("BUCKET_LOCKED");
    }));

  test("many are announced and confirmed at once, each by itself with its object", () =>
    withClips(file(), async ({ namespace }) => {
      const uploads = namespace.uploads("clips");
      const titled = (title: string) => announced({ object_metadata: { title } });
      const made = await uploads.createMany({
        uploads: [titled("a"), titled("b"), announced({ blob_property: "none" }), titled("b")],
      });
      expect(made.failed).toMatchObject([{ index: 2, error: { code: "VALIDATION_FAILED" } }]);
      const ids = made.succeeded.map(({ upload }) => upload.upload_id);
      const [a = "", b = "", c = ""] = ids;
      for (const id of [b, c]) await uploads.receive(id, bytes(id));
      const body = {
        confirmations: [a, b, c, "upl_none"].map((upload_id) => ({ upload_id })),
      };
      const options = { idempotencyKey: "k" };
      const done = await uploads.confirmMany(body, options);
      expect(done.succeeded).toMatchObject([{ upload: { upload_id: b, status: "COMPLETED" } }]);
      const codes = [
        { index: 0, error: { code: "BAD_REQUEST" } },
        { index: 2, error: { code: "ALREADY_EXISTS" } },
        { index: 3, error: { code: "NOT_FOUND" } },
      ];
      expect(done.failed).toMatchObject(codes);
      const object = done.succeeded[0]?.upload.object_id ?? "";
      expect((await namespace.objects("clips").get(object)).object["title"]).toBe("b");
      const again = await uploads.confirmMany(body, options);
      expect(again.succeeded).toMatchObject([{ replayed: true, upload: { upload_id: b } }]);
      expect(again.failed).toMatchObject(codes);
    }));

  test("one that expires fails by itself, without an event", () =>
    withClips(file(), async (subject) => {
      const { namespace, clock } = subject;
      const uploads = namespace.uploads("clips");
      const id = await begun(subject, { presigned_url_expiration: 60 });
      await uploads.receive(id, bytes());
      const before = await uploads.get(id);
      clock.advance(60_000);
      const after = await uploads.get(id);
      expect(after.upload.status).toBe("FAILED");
      expect(after.version).toBe(before.version);
      expect(after.tag).not.toBe(before.tag);
      expect(await refusal(uploads.confirm(id))).toBe("BAD_REQUEST");
      expect(await refusal(uploads.receive(id, bytes()))).toBe("CONFLICT");
      expect((await uploads.list({ filters: { status: "FAILED" } })).total_count).toBe(1);
    }));

  test("a confirmed one is a blob of other objects by its id, and its history goes on", () =>
    withClips(file(), async (subject) => {
      const { namespace } = subject;
      const uploads = namespace.uploads("clips");
      const id = await begun(subject, { create_object_on_confirm: false });
      const blobs = [{ property: "clip", type: "video", upload_id: id }];
      const objects = namespace.objects("clips");
      expect(await refusal(objects.create({ title: "x", blobs }))).toBe("VALIDATION_FAILED");
      await uploads.receive(id, bytes());
      const { upload } = await uploads.confirm(id);
      expect(upload).not.toHaveProperty("object_id");
      const { object } = await objects.create({ title: "x", blobs });
      expect(object.blobs).toMatchObject([{ details: { filename: "clip.mp4", hash } }]);
      await uploads.delete(id);
      expect(await refusal(uploads.get(id))).toBe("NOT_FOUND");
      const { results } = await uploads.history(id);
      expect(results.map(({ type }) => type)).toEqual([
        "upload.deleted",
        "upload.confirmed",
        "upload.created",
      ]);
      expect((await uploads.get(id, { asOf: "1" })).upload.status).toBe("PENDING");
      expect(
        await namespace.objects("clips").blob(object.object_id, object.blobs[0]?.blob_id ?? ""),
      ).toMatchObject({ hash });
    }));
});

describe.each(engines)("the uploads of a namespace on %s", (name, file) => {
  const maxUploadBytes = 25;

  async function withQuota(path: string, use: (subject: Subject) => Promise<void>) {
    const clock = new FixedClock();
    const options = { file: path, clock: clock.read, durability: "relaxed" } as const;
    await using store = await openBuckets<unknown>({ ...options, maxUploadBytes });
    const namespace = store.namespace();
    if ((await store.head()).position === 0) await namespace.buckets.create(clips);
    await use({ store, namespace, clock });
  }

  const alone = { create_object_on_confirm: false };

  test("have no more bytes together than they may, those that wait among them", async () => {
    const path = file();
    await withQuota(path, async (subject) => {
      const { namespace, store } = subject;
      const uploads = namespace.uploads("clips");
      const [one, other, third] = [
        await begun(subject, alone),
        await begun(subject, alone),
        await begun(subject, alone),
      ];
      await uploads.receive(one, bytes());
      // What it replaces does not count.
      await uploads.receive(one, bytes("abcdefghij"));
      await uploads.receive(other, bytes());
      await expect(uploads.receive(third, bytes())).rejects.toMatchObject({
        code: "STORAGE_FULL",
        details: { limit_bytes: maxUploadBytes, used_bytes: 20 },
      });
      await uploads.receive(third, bytes("12345"));
      expect(await refusal(uploads.receive(third, bytes("123456")))).toBe("STORAGE_FULL");
      // What was confirmed is in the history for good; what was not is let go of.
      await uploads.confirm(one);
      await uploads.delete(one);
      await uploads.delete(other);
      await store.collectBlobs();
      expect(await refusal(uploads.receive(third, bytes("1".repeat(16))))).toBe("STORAGE_FULL");
      await uploads.receive(third, bytes("1".repeat(15)));
      const elsewhere = store.namespace("elsewhere");
      await elsewhere.buckets.create(clips);
      const { upload } = await elsewhere.uploads("clips").create(announced(alone));
      await elsewhere.uploads("clips").receive(upload.upload_id, bytes("2".repeat(25)));
    });
    if (name === "memory") return;
    // The same once it is opened again.
    await withQuota(path, async (subject) => {
      const uploads = subject.namespace.uploads("clips");
      const another = await begun(subject, alone);
      await expect(uploads.receive(another, bytes("1"))).rejects.toMatchObject({
        details: { used_bytes: maxUploadBytes },
      });
    });
  });
});

test("bytes of a confirmation whose outcome is unknown, and that is there, count for good", async () => {
  const file = temporaryFile();
  const clock = new MovingClock(file);
  const options = { file, clock: clock.read, maxUploadBytes: 25 };
  await using store = await openBuckets<unknown>(options);
  const namespace = store.namespace();
  await namespace.buckets.create(clips);
  const uploads = namespace.uploads("clips");
  const subject = { store, namespace, clock };
  const [one, other] = [
    await begun(subject, { create_object_on_confirm: false }),
    await begun(subject, { create_object_on_confirm: false }),
  ];
  await uploads.receive(one, bytes("abcdefghij"));
  clock.moveAway();
  expect(await refusal(uploads.confirm(one))).toBe("OUTCOME_UNKNOWN");
  clock.putBack();
  await expect.poll(() => store.health()).toMatchObject({ ready: true });
  expect(await uploads.get(one)).toMatchObject({ upload: { status: "COMPLETED" } });
  // Where it still counted as one that waits, it would be forgotten with its row.
  await uploads.delete(one);
  await store.collectBlobs();
  await expect(uploads.receive(other, bytes("1".repeat(16)))).rejects.toMatchObject({
    code: "STORAGE_FULL",
    details: { used_bytes: 10 },
  });
});

describe("of the bytes of an upload on the disk", () => {
  const setUp = () => {
    const file = temporaryFile();
    const stored = () =>
      readdirSync(`${file}.blobs`, { recursive: true }).filter((name) =>
        /\w{60}/.test(String(name)),
      );
    return { file, stored };
  };

  test("only those that arrived last are kept", () => {
    const { file, stored } = setUp();
    return withClips(file, async (subject) => {
      const uploads = subject.namespace.uploads("clips");
      const id = await begun(subject);
      for (const text of ["one", "two", "two", "three", content]) {
        await uploads.receive(id, bytes(text));
        expect(stored()).toHaveLength(1);
      }
      // A confirmation that is refused holds nothing.
      expect(await refusal(uploads.confirm(id, { file_size_bytes: 1 }))).not.toBe("none");
      await uploads.receive(id, bytes("four"));
      expect(stored()).toHaveLength(1);
      await uploads.confirm(id);
      expect(stored()).toHaveLength(1);
    });
  });

  test("those of another upload stay, and nothing of one that is over", () => {
    const { file, stored } = setUp();
    return withClips(file, async (subject) => {
      const { namespace, store } = subject;
      const uploads = namespace.uploads("clips");
      const [one, other] = [await begun(subject), await begun(subject)];
      await uploads.receive(one, bytes());
      await uploads.receive(other, bytes());
      await uploads.receive(one, bytes("replaced"));
      expect(stored()).toHaveLength(2);
      await uploads.delete(one);
      await store.collectBlobs();
      expect(stored()).toHaveLength(1);
      await uploads.confirm(other);
      expect(stored()).toHaveLength(1);
    });
  });

  test("none are taken for a bucket that is deleted meanwhile", () => {
    const { file, stored } = setUp();
    return withClips(file, async (subject) => {
      const { namespace } = subject;
      const id = await begun(subject);
      async function* bytesAndDeletion() {
        yield* bytes();
        await namespace.buckets.delete("clips");
      }
      const receiving = namespace.uploads("clips").receive(id, bytesAndDeletion());
      expect(await refusal(receiving)).toBe("CONFLICT");
      expect(stored()).toEqual([]);
    });
  });
});

test("bytes that are not there any more cannot be confirmed", () => {
  const file = temporaryFile();
  return withClips(file, async (subject) => {
    const { store, namespace } = subject;
    const id = await begun(subject);
    await namespace.uploads("clips").receive(id, bytes());
    rmSync(`${file}.blobs`, { recursive: true });
    const { position } = await store.head();
    expect(await refusal(namespace.uploads("clips").confirm(id))).toBe("BAD_REQUEST");
    expect((await store.head()).position).toBe(position);
  });
});

describe.each(engines)("on %s", (_, file) => {
  test("the bytes of uploads that were deleted are collected, those of confirmed ones kept", () =>
    withClips(file(), async (subject) => {
      const { store, namespace, clock } = subject;
      const uploads = namespace.uploads("clips");
      const deleted = await begun(subject);
      await uploads.receive(deleted, bytes("deleted"));
      await uploads.delete(deleted);
      const alone = await begun(subject, { create_object_on_confirm: false });
      await uploads.receive(alone, bytes("alone"));
      await uploads.confirm(alone);
      clock.advance(1);
      expect(await store.collectBlobs({ graceMs: 0 })).toMatchObject({ removed: 1, kept: 1 });
    }));
});

test("bytes that wait to be confirmed are kept until they cannot be, then collected", async () => {
  const file = temporaryFile();
  await withClips(file, async (subject) => {
    const { store, namespace, clock } = subject;
    const uploads = namespace.uploads("clips");
    const kept = await begun(subject, { object_metadata: { title: "kept" } });
    await uploads.receive(kept, bytes("kept"));
    await uploads.confirm(kept);
    const waiting = await begun(subject, { presigned_url_expiration: 86_400 });
    await uploads.receive(waiting, bytes("waiting"));
    const stored = () =>
      readdirSync(`${file}.blobs`, { recursive: true }).filter((name) =>
        /\w{60}/.test(String(name)),
      );
    expect(stored()).toHaveLength(2);
    expect(await store.collectBlobs({ graceMs: 0 })).toMatchObject({ removed: 0, kept: 2 });
    clock.advance(dayMs + 1);
    expect(await store.collectBlobs({ graceMs: 0 })).toMatchObject({ removed: 1, kept: 1 });
    expect(stored()).toHaveLength(1);
  });
});
