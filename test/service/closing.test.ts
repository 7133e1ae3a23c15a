/**
 * Goal: a store that was closed is NOT_READY, alike on both engines and by every way in, and what it
 * promised before is kept. Method: everything is asked of a closed store, and a store is closed while
 * things are under way.
 */
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { connectBuckets, type EmbeddedStore, openBuckets } from "../../src/index.js";
import { serveTest, temporaryFile, tokens } from "../support/server.js";

const films = { bucket_name: "films", bucket_schema: { properties: {} } };

const engines: Readonly<Record<string, () => Promise<EmbeddedStore>>> = {
  memory: () => openBuckets({ file: ":memory:" }),
  SQLite: () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    return openBuckets({ file, durability: "relaxed" });
  },
};

describe.each(Object.entries(engines))("A closed store, %s", (_, open) => {
  it("is NOT_READY, whatever is asked of it", async () => {
    const store = await open();
    const space = store.namespace();
    await space.buckets.create(films, { idempotencyKey: "made" });
    const { object } = await space.objects("films").create({ metadata: { n: 1 } });
    await store.close();
    const objects = space.objects("films");
    for (const ask of [
      () => space.buckets.create({ ...films, bucket_name: "b" }),
      () => space.buckets.create(films, { idempotencyKey: "made" }),
      () => space.buckets.patch("films", {}, { dryRun: true }),
      () => space.buckets.get("films"),
      () => space.buckets.get("films", { asOf: "1" }),
      () => space.buckets.list(),
      () => space.buckets.history("films"),
      () => space.buckets.entry("films", 1),
      () => space.buckets.diff("films"),
      () => space.buckets.blame("films"),
      () => space.buckets.replay("films")[Symbol.asyncIterator]().next(),
      () => objects.get(object.object_id),
      () => objects.list(),
      () => objects.aggregate({ aggregations: [{ function: "count", alias: "n" }] }),
      () => objects.createMany([{}]),
      () => space.batches("films").list(),
      () => space.uploads("films").list(),
      () => space.connections.list(),
      () => space.tasks.list(),
      () => space.audit.list(),
      () => space.claimBatch({ worker: "w", lease_seconds: 60 }),
      () => space.transaction([{ type: "patch", bucket: "films", patch: {} }]),
      () => space.sourceAdapter("films").deliveries(),
      () => store.head(),
      () => store.verify(),
      () => store.replay(),
      () => store.rebuild(),
      () => store.tokens.list(),
      () => store.tokens.create({ name: "t", permission: "read" }),
      () => store.collectBlobs(),
      () => store.closeWindows(),
      () => store.organization().auditSettings.get(),
      () => store.organization().auditSettings.patch({ read_auditing_enabled: true }),
      () => store.reads.begin(),
    ]) {
      await expect(async () => ask(), ask.toString()).rejects.toMatchObject({ code: "NOT_READY" });
    }
    expect(await store.health()).toMatchObject({ ready: false, reason: "closed" });
    expect(await store.events().page()).toBeUndefined();
    await store.close();
  });

  it("answers the writes that were begun, also those that are replays", async () => {
    const store = await open();
    const { buckets } = store.namespace();
    await buckets.create(films, { idempotencyKey: "made" });
    const writes = [1, 2, 3].map((n) => buckets.patch("films", { description: `${n}` }));
    const again = buckets.create(films, { idempotencyKey: "made" });
    await store.close();
    expect((await Promise.all(writes)).map(({ version }) => version)).toEqual([2, 3, 4]);
    expect((await again).replayed).toBe(true);
  });

  it.each(["verify", "replay", "rebuild"] as const)("ends a %s that is under way", async (work) => {
    const store = await open();
    const { buckets } = store.namespace();
    await buckets.create(films);
    await Promise.all(Array.from({ length: 600 }, () => buckets.patch("films", {})));
    let closing: Promise<void> | undefined;
    const onProgress = () => {
      closing ??= store.close();
    };
    await expect(store[work]({ onProgress })).rejects.toMatchObject({ code: "NOT_READY" });
    await closing;
  });
});

describe.each(Object.entries(engines))("A history that is being replayed, %s", (_, open) => {
  it("is NOT_READY where the store was closed", async () => {
    const store = await open();
    const { buckets } = store.namespace();
    await buckets.create(films);
    await Promise.all(Array.from({ length: 300 }, () => buckets.patch("films", {})));
    const take = async () => {
      for await (const _line of buckets.replay("films")) await store.close();
    };
    await expect(take()).rejects.toMatchObject({ code: "NOT_READY" });
  });
});

describe("A feed that waits", () => {
  it("ends at once when it is left, and leaves no timer behind", async () => {
    const service = await serveTest({ durability: "relaxed" });
    const remote = connectBuckets({ baseUrl: service.url, token: tokens.admin });
    onTestFinished(() => remote.close());
    await service.store.namespace().buckets.create(films);
    const { position } = await service.store.head();
    for (const store of [service.store, remote]) {
      const events = store.events({ after: position })[Symbol.asyncIterator]();
      const next = events.next();
      expect(await events.return?.(undefined)).toMatchObject({ done: true });
      expect(await next).toMatchObject({ done: true });

      const streams = Array.from({ length: 20 }, () =>
        Readable.from(store.events({ after: position })),
      );
      for (const stream of streams) stream.resume();
      await new Promise((resolve) => setImmediate(resolve));
      const closed = streams.map(
        (stream) => new Promise((resolve) => stream.once("close", resolve)),
      );
      for (const stream of streams) stream.destroy();
      await Promise.all(closed);
    }
    // The poll of the head, and what waits for it.
    const before = timers();
    await service.store.close();
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

describe("Fake timers in the tests of who embeds it", () => {
  it("stop neither writes nor feeds nor closing", async () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const store = await openBuckets({ file, durability: "relaxed" });
    const { buckets } = store.namespace();
    await buckets.create(films);
    expect(await store.events().page({ waitMs: 50 })).toMatchObject({ results: [{ version: 1 }] });
    expect(await store.events({ after: 1 }).page({ waitMs: 50 })).toMatchObject({ results: [] });
    expect((await store.verify()).ok).toBe(true);
    await store.close();
  });
});
