/** The change feed of the library: order, filters, waiting, cursors, and how it ends. */
import { describe, expect, onTestFinished, test } from "vitest";
import { MemoryEngine } from "../../src/engines/memory/engine.js";
import { CommitSignal } from "../../src/eventstore/commit-signal.js";
import type { StoredEvent } from "../../src/eventstore/frame.js";
import { type BucketStore, type FeedEvent, type FeedQuery, openBuckets } from "../../src/index.js";
import { LogFeed } from "../../src/service/feed/feed.js";
import { PlaceSeal } from "../../src/service/keys/place-seal.js";
import { ResettableStore } from "../../src/service/resettable.js";
import { memoryBackend, temporaryFile } from "../support/backends.js";
import { deepTest } from "../support/depth.js";
import { commitOne, Units } from "../support/units.js";

type Options = Partial<Parameters<typeof openBuckets>[0]>;

async function openTest(options: Options = {}): Promise<BucketStore<unknown>> {
  const store = await openBuckets<unknown>({ file: ":memory:", ...options });
  onTestFinished(() => store.close());
  return store;
}

async function create(
  store: BucketStore<unknown>,
  name: string,
  namespace?: string,
): Promise<string> {
  const body = { bucket_name: name, bucket_schema: { properties: {} } };
  return (await store.namespace(namespace).buckets.create(body)).bucket.bucket_id;
}

async function patch(
  store: BucketStore<unknown>,
  bucket: string,
  count: number,
  namespace?: string,
) {
  const { buckets } = store.namespace(namespace);
  await Promise.all(
    Array.from({ length: count }, (_, n) => buckets.patch(bucket, { description: `d${n}` })),
  );
}

/** The first events of a feed. */
async function take(store: BucketStore<unknown>, count: number, query: FeedQuery = {}) {
  const events: FeedEvent[] = [];
  for await (const event of store.events(query)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

const positions = (events: readonly FeedEvent[]) => events.map(({ position }) => position);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, n) => n + from);

describe.each(["memory", "sqlite"])("a feed on %s", (engine) => {
  const open = () => openTest(engine === "memory" ? {} : { file: temporaryFile() });

  test("refuses what is no cursor, no page, no type, no namespace, and no bucket", async () => {
    const store = await open();
    await create(store, "videos");
    const refused: readonly (readonly [FeedQuery, string])[] = [
      [{ after: "nonsense" }, "BAD_REQUEST"],
      [{ after: "-1" }, "BAD_REQUEST"],
      [{ after: 1.5 }, "BAD_REQUEST"],
      [{ after: "" }, "BAD_REQUEST"],
      [{ after: 2 }, "GONE"],
      [{ types: ["bucket.pached"] }, "BAD_REQUEST"],
      [{ namespace: "no/name" }, "BAD_REQUEST"],
      [{ bucket: "audios" }, "NOT_FOUND"],
      [{ bucket: "videos", namespace: "other" }, "NOT_FOUND"],
      [{ bucket: "videos", namespace: "*" }, "BAD_REQUEST"],
    ];
    for (const [query, code] of refused) {
      await expect(store.events(query).page(), JSON.stringify(query)).rejects.toMatchObject({
        code,
      });
      await expect(take(store, 1, query)).rejects.toMatchObject({ code });
    }
    for (const options of [{ limit: 0 }, { limit: 1_001 }, { waitMs: -1 }, { waitMs: 60_001 }]) {
      await expect(store.events().page(options)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    }
  });

  test("shows every event as its history does, in commit order, and where it belongs", async () => {
    const store = await open();
    const id = await create(store, "videos");
    await patch(store, id, 200);
    const events = await take(store, 201);
    expect(positions(events)).toEqual(upTo(201));
    const { results } = await store.namespace().buckets.history(id, { order: "asc", limit: 201 });
    expect(events.map(({ cursor: _, namespace: __, stream: ___, ...entry }) => entry)).toEqual(
      results,
    );
    expect(events.every(({ namespace, stream }) => namespace === "default" && stream === id)).toBe(
      true,
    );
  });

  test("goes on after a cursor or a position, without gap or repeat", async () => {
    const store = await open();
    const id = await create(store, "videos");
    await patch(store, id, 9);
    const seen: number[] = [];
    let after: string | undefined;
    for (let n = 0; n < 10; n += 1) {
      const [event] = await take(store, 1, { after });
      seen.push(Number(event?.position));
      after = event?.cursor;
    }
    expect(seen).toEqual(upTo(10));
    expect(positions(await take(store, 5, { after: 5 }))).toEqual(upTo(5, 6));
    expect(positions(await take(store, 5, { after: "5" }))).toEqual(upTo(5, 6));
  });

  test("pages end at their limit, and an empty one still says where to go on", async () => {
    const store = await open();
    const empty = await store.events().page();
    expect(empty?.results).toEqual([]);
    expect(empty?.pagination.has_more).toBe(false);
    const id = await create(store, "videos");
    await patch(store, id, 2);
    const feed = store.events({ after: empty?.pagination.next_cursor });
    const first = await feed.page({ limit: 2 });
    expect(first?.results).toHaveLength(2);
    expect(first?.pagination.has_more).toBe(true);
    expect((await feed.page({ limit: 2 }))?.results.map(({ position }) => position)).toEqual([3]);
    const last = await feed.page();
    expect(last).toMatchObject({ results: [], pagination: { has_more: false } });
    await patch(store, id, 1);
    const next = await store.events({ after: last?.pagination.next_cursor }).page();
    expect(next?.results.map(({ position }) => position)).toEqual([4]);
  });

  test("filters by namespace, bucket and type; the cursor moves past what is left out", async () => {
    const store = await open();
    const mine = await create(store, "videos");
    const theirs = await create(store, "videos", "other");
    await patch(store, theirs, 300, "other");
    await patch(store, mine, 2);
    const second = await create(store, "audios");
    const page = async (query: FeedQuery) => {
      const found = await store.events(query).page({ limit: 1_000 });
      return found?.results.map(({ position }) => position);
    };
    expect(await page({})).toEqual([1, 303, 304, 305]);
    expect(await page({ namespace: "other" })).toEqual(upTo(301, 2));
    expect(await page({ namespace: "*" })).toEqual(upTo(305));
    expect(await page({ namespace: "*", bucket: mine })).toEqual([1, 303, 304]);
    expect(await page({ bucket: "videos" })).toEqual([1, 303, 304]);
    expect(await page({ bucket: second })).toEqual([305]);
    expect(await page({ types: ["bucket.created"] })).toEqual([1, 305]);
    expect(await page({ types: ["bucket.deleted", "bucket.patched"] })).toEqual([303, 304]);

    const none = await store.events({ types: ["bucket.deleted"] }).page();
    expect(none).toMatchObject({ results: [], pagination: { has_more: false } });
    const [rest] = [await store.events({ after: none?.pagination.next_cursor }).page()];
    expect(rest?.results).toEqual([]);
  });

  test("stays with a bucket that is renamed, and with one that is deleted", async () => {
    const store = await open();
    const id = await create(store, "videos");
    const { buckets } = store.namespace();
    const feed = store.events({ bucket: "videos" });
    await feed.page();
    await buckets.patch(id, { bucket_name: "films" });
    expect((await feed.page())?.results).toMatchObject([{ type: "bucket.patched" }]);
    await buckets.delete(id);
    expect((await feed.page())?.results).toMatchObject([{ type: "bucket.deleted" }]);
    expect(positions(await take(store, 3, { bucket: id }))).toEqual([1, 2, 3]);
  });

  test("waits at the end, and wakes with a commit and not before it", async () => {
    const store = await open();
    const id = await create(store, "videos");
    const waiting = take(store, 1, { after: 1 });
    const page = store.events({ after: 1 }).page({ waitMs: 5_000 });
    const { position } = await store.namespace().buckets.patch(id, { description: "new" });
    expect(positions(await waiting)).toEqual([position]);
    expect((await page)?.results).toHaveLength(1);
  });

  test("a wait that is over gives an empty page", async () => {
    const store = await open();
    await create(store, "videos");
    expect(await store.events({ after: 1 }).page({ waitMs: 20 })).toMatchObject({ results: [] });
  });

  test("many readers see the same order while many callers write", async () => {
    const store = await open();
    const ids = [await create(store, "a"), await create(store, "b"), await create(store, "c")];
    const readers = Array.from({ length: 10 }, () => take(store, 603));
    await Promise.all(ids.map((id) => patch(store, id, 200)));
    for (const events of await Promise.all(readers)) {
      expect(positions(events)).toEqual(upTo(603));
      for (const [index, event] of events.entries()) {
        expect(event.previous_hash).toBe(events[index - 1]?.hash ?? "0".repeat(64));
      }
    }
  });

  test("ends without an error when the signal aborts, also while it waits", async () => {
    const store = await open();
    await create(store, "videos");
    const ending = new AbortController();
    const seen = take(store, 2, { signal: ending.signal });
    const page = store.events({ after: 1, signal: ending.signal }).page({ waitMs: 60_000 });
    setTimeout(() => ending.abort(), 20);
    expect(positions(await seen)).toEqual([1]);
    expect(await page).toBeUndefined();
    expect(await take(store, 1, { signal: ending.signal })).toEqual([]);
  });

  test("ends when the store closes, also in the middle of a page", async () => {
    const store = await open();
    const id = await create(store, "videos");
    await patch(store, id, 10);
    const waiting = take(store, 12);
    const between: number[] = [];
    for await (const { position } of store.events()) {
      between.push(position);
      if (position === 3) await store.close();
    }
    expect(between).toEqual([1, 2, 3]);
    expect((await waiting).length).toBeLessThan(12);
    expect(await store.events().page()).toBeUndefined();
  });

  test("is not confused by a rebuild of the view", async () => {
    const store = await open();
    const id = await create(store, "videos");
    const waiting = take(store, 3);
    await store.rebuild();
    await patch(store, id, 1);
    await store.rebuild();
    await patch(store, id, 1);
    expect(positions(await waiting)).toEqual([1, 2, 3]);
  });

  test("masks secrets, in what is set and in what it was", async () => {
    const store = await open();
    const id = await create(store, "videos");
    const { buckets } = store.namespace();
    const adapter = (secret: string) => ({
      source_adapter: {
        adapter_type: "mux",
        enabled: true,
        blob_source: { file_field: "data.url", target_property: "video", blob_type: "video" },
        connection: { api_base_url: "https://api.mux.com", credentials: { token_secret: secret } },
        webhook_secret: `${secret}-webhook`,
      },
    });
    await buckets.patch(id, adapter("open-sesame-0123456789"));
    await buckets.patch(id, adapter("mellon-mellon-0123456789"));
    const text = JSON.stringify(await take(store, 3));
    expect(text).toContain("********");
    for (const secret of ["open-sesame", "mellon", "sec_"]) expect(text).not.toContain(secret);
  });

  test("a cursor of another store is gone, and so is one from beyond a restored log", async () => {
    const store = await open();
    const other = await open();
    for (const each of [store, other]) await patch(each, await create(each, "videos"), 3);
    const [, second] = await take(store, 2);
    await expect(take(other, 1, { after: second?.cursor })).rejects.toMatchObject({
      code: "GONE",
      details: { action: "resync", position: 2 },
    });
    await patch(store, "videos", 1);
    const last = (await take(store, 5)).at(-1);
    await expect(take(other, 1, { after: last?.cursor })).rejects.toMatchObject({ code: "GONE" });
  });
});

test("a reader beside the writer sees its commits, with the same cursors", async () => {
  const file = temporaryFile();
  const writer = await openTest({ file });
  const id = await create(writer, "videos");
  const reader = await openTest({ file, readOnly: true });
  const seen = take(reader, 4);
  await patch(writer, id, 3);
  const events = await seen;
  expect(events).toEqual(await take(writer, 4));
});

test("a page of large events ends before its limit", async () => {
  const store = await openTest();
  const id = await create(store, "videos");
  const { buckets } = store.namespace();
  for (let n = 0; n < 5; n += 1) {
    await buckets.patch(id, { metadata: { text: `${n}`.repeat(300_000) } });
  }
  const feed = store.events();
  const sizes: number[] = [];
  for (let page = await feed.page(); page?.results.length; page = await feed.page()) {
    sizes.push(page.results.length);
  }
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(6);
});

test("a store that was reset ends its feeds, and knows none of their cursors", async () => {
  const store = await ResettableStore.open(async () => {
    const opened = await openBuckets<unknown>({ file: ":memory:" });
    await create(opened, "seed");
    return opened;
  });
  onTestFinished(() => store.close());
  const [event] = await take(store, 1);
  const waiting = take(store, 2);
  await store.reset();
  expect(positions(await waiting)).toEqual([1]);
  await expect(take(store, 1, { after: event?.cursor })).rejects.toMatchObject({ code: "GONE" });
  expect(positions(await take(store, 1))).toEqual([1]);
});

/** Counts how the log is read, and grows only when it is told to. */
class CountingEngine extends MemoryEngine {
  reads = 0;
  largest = 0;

  override async readLog(after: number, limit: number): Promise<readonly StoredEvent[]> {
    this.reads += 1;
    this.largest = Math.max(this.largest, limit);
    return await super.readLog(after, limit);
  }
}

describe("what it costs", () => {
  function counting() {
    const { view, clock } = memoryBackend();
    const projection = { apply: () => {}, loadState: () => undefined };
    const events = new CountingEngine({
      projection: {
        ...projection,
        loadReservation: () => undefined,
        loadSnapshot: () => undefined,
        loadOpenBatches: () => [],
      },
      clock: clock.read,
      newId: (prefix) => `${prefix}_1`,
    });
    const signal = new CommitSignal({ headPosition: async () => (await events.head()).position });
    onTestFinished(() => signal.close());
    const placeSeal = new PlaceSeal(() => new Uint8Array(32));
    return { events, view, signal, placeSeal };
  }

  deepTest("long stretches of other types are skipped in bounded pages and slices", async () => {
    const { events, ...others } = counting();
    const units = new Units();
    for (let n = 0; n < 100; n += 1) {
      const commands = upTo(250).map((m) => units.create(`bucket ${n} ${m}`));
      await commitOne(events, units.of(commands));
    }
    const total = (await events.head()).position;
    expect(total).toBe(25_000);
    const feed = new LogFeed({ events, ...others }, { types: ["bucket.deleted"] });
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 0);
    const pages: boolean[] = [];
    for (let more = true; more; ) {
      const page = await feed.page();
      more = page?.pagination.has_more === true;
      pages.push(more);
      expect(page?.results).toEqual([]);
    }
    clearInterval(ticking);
    expect(pages).toEqual([true, true, false]);
    expect(events.largest).toBeLessThanOrEqual(64);
    // Others had their turns meanwhile.
    expect(turns).toBeGreaterThan(0);
  });

  test("long stretches of other namespaces are passed over", async () => {
    const { events, ...others } = counting();
    const units = new Units();
    const make = async (name: string, namespace: string) => {
      await commitOne(events, { ...units.of(units.create(name)), namespace });
    };
    await make("first", "elsewhere");
    const stretch = upTo(2_000).map((n) => units.create(`bucket ${n}`));
    await commitOne(events, units.of(stretch));
    await make("second", "elsewhere");
    await commitOne(events, units.of(units.create("last")));
    const feed = new LogFeed({ events, ...others }, { namespace: "elsewhere" });
    const before = events.reads;
    const page = await feed.page();
    expect(positions(page?.results ?? [])).toEqual([1, 2_002]);
    expect(page?.pagination.has_more).toBe(false);
    expect(events.reads - before).toBeLessThan(8);
    await make("third", "elsewhere");
    expect(positions((await feed.page())?.results ?? [])).toEqual([2_004]);
  });

  test("a reader that stops reading reads nothing, however much is committed", async () => {
    const { events, ...others } = counting();
    const units = new Units();
    await commitOne(events, units.of(units.create("first")));
    const feed = new LogFeed({ events, ...others }, { namespace: "*" });
    await feed.page();
    const { reads } = events;
    for (let n = 0; n < 500; n += 1) {
      await commitOne(events, units.of(units.create(`bucket ${n}`)));
      others.signal.announce();
    }
    expect(events.reads).toBe(reads);
  });

  test("waiting looks at the head only, and no longer than somebody waits", async () => {
    let looks = 0;
    const signal = new CommitSignal({
      headPosition: async () => {
        looks += 1;
        return 0;
      },
    });
    await signal.wait(signal.count, 10, undefined);
    const before = looks;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(looks).toBe(before);
    expect(looks).toBe(0);
  });
});
