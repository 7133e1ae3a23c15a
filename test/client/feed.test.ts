/**
 * Goal: the feed of the client is gapless and without repeats, whatever happens between it and the
 * log. Method: cut connections, restart the server on its port, and compare with the log.
 */
import { pino } from "pino";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { serveStore } from "../../src/http/index.js";
import {
  type BucketStore,
  connectBuckets,
  type FeedEvent,
  type FeedQuery,
  openBuckets,
} from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { type Fault, proxyBefore } from "../support/proxy.js";
import { serveTest, tokens } from "../support/server.js";

const token = tokens.admin;
const schema = { bucket_schema: { properties: {} } };
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

async function take(store: BucketStore<unknown>, count: number, query: FeedQuery = {}) {
  const events: FeedEvent[] = [];
  for await (const event of store.events(query)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

/** A bucket with so many events. */
async function fill(store: BucketStore<unknown>, count: number) {
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "films", ...schema });
  for (let n = 1; n < count; n += 1) await buckets.patch("films", { description: `d${n}` });
}

describe("A feed by the client", () => {
  it.each<[string, FeedQuery, string]>([
    ["what is no cursor", { after: "nonsense" }, "BAD_REQUEST"],
    ["a cursor of another log", { after: 99 }, "GONE"],
    ["a type that there is not", { types: ["bucket.pached"] }, "BAD_REQUEST"],
    ["a bucket that there is not", { bucket: "songs" }, "NOT_FOUND"],
  ])("refuses %s at its first event, as the library does", async (_, query, code) => {
    const { url: baseUrl, store: embedded } = await serveTest();
    await fill(embedded, 1);
    const remote = connectBuckets<unknown>({ baseUrl, token });
    for (const store of [embedded, remote]) {
      await expect(take(store, 1, query)).rejects.toMatchObject({ code });
      await expect(store.events(query).page()).rejects.toMatchObject({ code });
    }
  });

  it("shows what the library shows, page by page and event by event", async () => {
    const { url: baseUrl, store: embedded } = await serveTest();
    await fill(embedded, 120);
    await embedded.namespace("other").buckets.create({ bucket_name: "songs", ...schema });
    const remote = connectBuckets<unknown>({ baseUrl, token });
    const types = ["bucket.created"];
    for (const query of [{}, { after: 50 }, { namespace: "*", types }, { bucket: "films" }]) {
      const [ours, theirs] = [embedded.events(query), remote.events(query)];
      for (const options of [{ limit: 3 }, { limit: 100 }, {}, { waitMs: 1 }]) {
        expect(await theirs.page(options)).toEqual(await ours.page(options));
      }
    }
    expect(await take(remote, 120)).toEqual(await take(embedded, 120));
  });

  it("goes on from where it was, through every kind of cut", async () => {
    const { url, store: embedded } = await serveTest();
    await fill(embedded, 10);
    const proxy = await proxyBefore(url);
    const store = connectBuckets<unknown>({ baseUrl: proxy.url, token, retries: 0 });
    const faults: Fault[] = ["cut before", "cut after", "cut amid", { status: 502 }];
    const positions: number[] = [];
    for await (const { position } of store.events()) {
      positions.push(position);
      if (position === 30) break;
      if (position % 10 !== 0) continue;
      proxy.faults.push(...faults);
      for (let n = 0; n < 10; n += 1) {
        await embedded.namespace().buckets.patch("films", { description: `${position + n}` });
      }
    }
    expect(positions).toEqual(upTo(30));
    expect(proxy.faults).toEqual([]);
  });

  it("waits for a server that restarts on its port", async () => {
    const store = await openBuckets<unknown>({ file: temporaryFile() });
    onTestFinished(() => store.close());
    store.tokens.accept(token);
    const logger = pino({ level: "silent" });
    const start = (port: number) => serveStore({ store, host: "127.0.0.1", port, logger });
    let server = await start(0);
    onTestFinished(() => server.close());
    const { url: baseUrl } = server;
    let refused = 0;
    const counting: typeof fetch = (...sent) =>
      fetch(...sent).catch((error) => {
        refused += 1;
        throw error;
      });
    const remote = connectBuckets<unknown>({ baseUrl, token, retries: 0, fetch: counting });
    onTestFinished(() => remote.close());
    await fill(store, 10);
    const positions: number[] = [];
    const reading = (async () => {
      for await (const { position } of remote.events()) positions.push(position);
    })();
    for (const count of [10, 20]) {
      await vi.waitUntil(() => positions.length === count);
      refused = 0;
      await server.close();
      for (let n = 0; n < 10; n += 1) {
        await store.namespace().buckets.patch("films", { description: `${count + n}` });
      }
      await vi.waitUntil(() => refused > 0);
      server = await start(Number(new URL(baseUrl).port));
    }
    await vi.waitUntil(() => positions.length === 30);
    await remote.close();
    await reading;
    expect(positions).toEqual(upTo(30));
  });

  it("throws when its token is revoked while it waits", async () => {
    const { url: baseUrl, store: embedded } = await serveTest();
    await fill(embedded, 1);
    const guest = await embedded.tokens.create({ name: "guest", permission: "read" });
    const remote = connectBuckets<unknown>({ baseUrl, token: guest.token });
    const reading = (async () => {
      for await (const { position } of remote.events()) {
        if (position > 1) continue;
        await embedded.tokens.revoke("guest");
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("ends without an error when its signal aborts, or its store closes, also amid a page", async () => {
    const { url: baseUrl, store: embedded } = await serveTest();
    await fill(embedded, 5);
    for (const end of ["abort", "close"]) {
      const ending = new AbortController();
      const store = connectBuckets<unknown>({ baseUrl, token });
      const positions: number[] = [];
      for await (const { position } of store.events({ signal: ending.signal })) {
        positions.push(position);
        if (position < 3) continue;
        if (end === "abort") ending.abort();
        else await store.close();
      }
      expect(positions).toEqual([1, 2, 3]);
      const feed = store.events({ signal: ending.signal });
      expect(await feed.page()).toBeUndefined();
    }
  });
});
