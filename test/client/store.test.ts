/**
 * What the story does not tell of: a store behind a server has the same values as the one that the
 * server stands on, and the same upkeep.
 */
import { describe, expect, it } from "vitest";
import { BucketsError } from "../../src/domain/errors.js";
import { fails, healthOf } from "../../src/domain/health.js";
import { connectBuckets, type EmbeddedStore } from "../../src/index.js";
import { instead, serveTest, TestClock, tokens } from "../support/server.js";

const films = { bucket_name: "films", bucket_schema: { properties: {} } };

async function connected(options: Parameters<typeof serveTest>[0] = {}) {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read, ...options });
  const remote = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
  return { clock, service, embedded: service.store, remote };
}

describe("The past by the client", () => {
  it("is that of the library, to the millisecond, final or not", async () => {
    const { clock, embedded, remote } = await connected();
    await embedded.namespace().buckets.create(films);
    clock.advance(1_234);
    await embedded.namespace().buckets.patch("films", { description: "new" });
    clock.advance(1);
    for (const asOf of [undefined, "1", "2", "@1", "2026-10-01T12:00:00.001Z", clock.text]) {
      const ours = await embedded.namespace().buckets.get("films", { asOf });
      expect(await remote.namespace().buckets.get("films", { asOf })).toEqual(ours);
    }
    const { past } = await remote.namespace().buckets.get("films", { asOf: "2" });
    expect(past).toEqual({
      recordedAt: Date.parse("2026-10-01T12:00:01.234Z"),
      latestVersion: 2,
      isFinal: true,
    });
  });
});

describe("Bytes by the client", () => {
  it("are refused as by the library, and the progress ends where they end", async () => {
    const { embedded, remote } = await connected();
    await embedded.namespace().buckets.create(films);
    for (const store of [embedded, remote]) {
      const uploads = store.namespace().uploads("films");
      const { upload } = await uploads.create({
        filename: "a.bin",
        content_type: "application/octet-stream",
        file_size_bytes: 6,
        create_object_on_confirm: false,
      });
      const id = upload.upload_id;
      await expect(uploads.receive(id, new Blob(["short"]))).rejects.toMatchObject({
        code: "BAD_REQUEST",
      });
      for (const bytes of [new Blob(["abc", "def"]), new Blob(["abcdef"]).stream()]) {
        const sent: number[] = [];
        const received = await uploads.receive(id, bytes, { onProgress: (n) => sent.push(n) });
        expect(received).toMatchObject({ upload_id: id, file_size_bytes: 6 });
        expect(sent.at(-1)).toBe(6);
      }
    }
  });

  it("have signed URLs where they are asked for, which a store without a server lacks", async () => {
    const { embedded, remote } = await connected();
    const properties = { cover: { type: "image" } };
    await embedded.namespace().buckets.create({ ...films, bucket_schema: { properties } });
    const uploads = remote.namespace().uploads("films");
    const { upload } = await uploads.create({
      filename: "a.png",
      content_type: "image/png",
      blob_property: "cover",
    });
    await uploads.receive(upload.upload_id, new Blob(["abc"]));
    const { upload: confirmed } = await uploads.confirm(upload.upload_id);
    const id = confirmed.object_id ?? "";
    for (const [store, options, isThere] of [
      [embedded, { showUrls: true }, false],
      [remote, {}, false],
      [remote, { showUrls: true }, true],
    ] as const) {
      const { object } = await store.namespace().objects("films").get(id, options);
      const url = object.blobs[0]?.properties["presigned_url"];
      expect(typeof url === "string").toBe(isThere);
      if (isThere) expect(await (await fetch(String(url))).text()).toBe("abc");
    }
    const { upload: downloadable } = await uploads.get(upload.upload_id, { showDownload: true });
    expect(await (await fetch(downloadable.presigned_url ?? "")).text()).toBe("abc");
  });
});

describe("A write by the client", () => {
  it("tells all that the library tells, also of many ignored fields", async () => {
    const { embedded, remote } = await connected();
    const stray = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`feld ä,${n}`, n]));
    const write = { ...films, description: "d", ...stray };
    const written = [];
    for (const store of [embedded, remote]) {
      const { buckets } = store.namespace(store === embedded ? "ours" : "theirs");
      const dry = await buckets.create(write, { dryRun: true });
      const { bucket, ...made } = await buckets.create(write);
      const { task, ...deleted } = await buckets.delete("films");
      expect(task.bucket_id).toBe(bucket.bucket_id);
      expect(dry.changes).toEqual(made.changes);
      written.push({ ...made, deleted, position: 0 });
    }
    const [ours, theirs] = written;
    expect(theirs).toMatchObject({ ...ours, deleted: { ...ours?.deleted, position: 4 } });
    expect(ours?.ignoredFields).toHaveLength(80);
    expect(ours?.changes.length).toBeGreaterThan(0);
  });

  it("shows a made secret once, and masks it when it had to be sent again", async () => {
    const { remote } = await connected();
    const { buckets } = remote.namespace();
    const body = { ...films, source_adapter: { adapter_type: "mux" } };
    const options = { idempotencyKey: "k" };
    const first = await buckets.create(body, options);
    expect(first.bucket.source_adapter?.["webhook_secret"]).toMatch(/^whsec_/);
    const again = await buckets.create(body, options);
    expect(again.bucket.source_adapter?.["webhook_secret"]).toBe("********");
    expect(again).toMatchObject({ replayed: true, changes: first.changes });
  });

  it("has its namespace, actor and request id", async () => {
    const { service, embedded } = await connected();
    const store = connectBuckets<unknown>({
      baseUrl: service.url,
      token: tokens.admin,
      namespace: "team",
      actor: "Zoë",
    });
    await store.namespace().buckets.create(films);
    await store.namespace(undefined, { actor: "Íñigo", requestId: "r-1" }).buckets.lock("films");
    const { results } = await embedded.namespace("team").buckets.history("films");
    expect(results).toMatchObject([{ actor: "Íñigo", request_id: "r-1" }, { actor: "Zoë" }]);
    const page = await store.events().page();
    expect(page?.results.map(({ namespace }) => namespace)).toEqual(["team", "team"]);
  });

  it("refuses what JSON cannot say, as the library does", async () => {
    const { embedded, remote } = await connected();
    for (const store of [embedded, remote]) {
      const { buckets } = store.namespace();
      for (const value of [Number.NaN, 10n, new Map(), "\ud800", undefined]) {
        const refused = buckets.patch(
          "films",
          value === undefined ? value : { metadata: { value } },
        );
        await expect(refused).rejects.toMatchObject({ code: "BAD_REQUEST" });
      }
      const refused = buckets.patch("films", {}, { reason: "x".repeat(1_001) });
      await expect(refused).rejects.toMatchObject({ code: "BAD_REQUEST" });
    }
  });
});

describe("Upkeep by the client", () => {
  it("reads the head, verifies with progress, and finds a head that was noted elsewhere", async () => {
    const { embedded, remote } = await connected();
    await remote.namespace().buckets.create(films);
    const head = await remote.head();
    expect(head).toEqual(await embedded.head());
    const progress: number[] = [];
    const report = await remote.verify({ onProgress: ({ done }) => progress.push(done) });
    expect(report).toEqual(await embedded.verify());
    expect(progress.length).toBeGreaterThan(0);
    const expected = { position: 1, hash: "0".repeat(64) };
    expect(await remote.verify({ expected })).toEqual(await embedded.verify({ expected }));
    expect((await remote.verify({ expected })).ok).toBe(false);
  });

  it("rebuilds the view", async () => {
    const { embedded, remote } = await connected();
    await remote.namespace().buckets.create(films);
    expect(await remote.rebuild()).toEqual(await embedded.rebuild());
  });

  it("throws what breaks a verification off instead of a report", async () => {
    const atOnce = await connected({ behind: (store) => instead(store, { verify: fail }) });
    await expect(atOnce.remote.verify()).rejects.toMatchObject({ code: "INTERNAL" });
    const verify: EmbeddedStore<unknown>["verify"] = async (options) => {
      options?.onProgress?.({ done: 1, total: 2 });
      return await fail();
    };
    const later = await connected({ behind: (store) => instead(store, { verify }) });
    await expect(later.remote.verify()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  it("tells whether the server is ready, without a token", async () => {
    const { service, embedded } = await connected();
    const remote = connectBuckets<unknown>({ baseUrl: service.url });
    // How much of the disk is free may change between the two.
    const { checks, ...seen } = await remote.health();
    const told = await embedded.health();
    expect(seen).toEqual({ ready: told.ready, durability: told.durability });
    expect(checks.map(({ name }) => name)).toEqual(told.checks.map(({ name }) => name));
    const health = healthOf("full", [fails("disk", "the disk is full")]);
    const unready = await connected({
      behind: (store) => instead(store, { health: async () => health }),
    });
    expect(await unready.remote.health()).toEqual(health);
  });

  it("makes, lists and revokes tokens", async () => {
    const { service, remote } = await connected();
    const misfit = remote.tokens.create({ name: "no name" });
    await expect(misfit).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    await expect(remote.tokens.revoke("ana")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const { token, replayed, ...shown } = await remote.tokens.create({
      name: "ana",
      permission: "write",
    });
    expect(replayed).toBe(false);
    expect(await remote.tokens.list()).toEqual([shown]);
    const ana = connectBuckets<unknown>({ baseUrl: service.url, token });
    await ana.namespace().buckets.create(films);
    await remote.tokens.revoke("ana");
    const refused = ana.namespace().buckets.get("films");
    await expect(refused).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("reads and lists tasks", async () => {
    const { embedded, remote } = await connected();
    await remote.namespace().buckets.create(films);
    const { task } = await remote.namespace().buckets.delete("films");
    expect(await remote.namespace().tasks.get(task.task_id)).toEqual(task);
    const query = { limit: 1, offset: 0 };
    const ours = await embedded.namespace().tasks.list(query);
    expect(await remote.namespace().tasks.list(query)).toEqual(ours);
    const none = { filters: { status: "FAILED" }, search: "films", caseSensitive: true };
    expect((await remote.namespace().tasks.list(none)).results).toEqual([]);
    const absent = remote.namespace().tasks.get("task_x");
    await expect(absent).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

async function fail(): Promise<never> {
  throw new BucketsError("INTERNAL", "The disk is gone.");
}
