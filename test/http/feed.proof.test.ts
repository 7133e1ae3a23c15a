import { once } from "node:events";
import { connect } from "node:net";
import { pino } from "pino";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { serveStore } from "../../src/http/index.js";
import type { FeedTimes } from "../../src/http/routes/feed.js";
import { type BucketStore, openBuckets } from "../../src/index.js";
import { encodeCursor } from "../../src/service/read/cursor.js";
import { deepTest } from "../support/depth.js";
import { Item, reader, upTo } from "../support/feed-reader.js";
import {
  type Answer,
  at,
  expectRefusal,
  header,
  instead,
  listAt,
  makeBucket,
  ndjsonOf,
  type Service,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";

const authorized = { Authorization: `Bearer ${tokens.admin}` };

function positionsOf(answer: Answer): number[] {
  expect(answer.status, answer.text).toBe(200);
  return listAt(answer, "results").map((item) => Item.parse(item).position);
}

const nextOf = (answer: Answer) => textAt(answer, "pagination", "next_cursor");

async function patches(service: Service, path: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    expect((await service.patch(path, { description: `d${n}` })).status).toBe(200);
  }
}

async function serveTimed(
  feedTimes: Partial<FeedTimes>,
): Promise<{ url: string; store: BucketStore<unknown> }> {
  const store = await openBuckets<unknown>({ file: ":memory:" });
  const server = await serveStore({
    store,
    host: "127.0.0.1",
    port: 0,
    logger: pino({ level: "silent" }),
    noAuth: true,
    feedTimes,
  });
  onTestFinished(async () => {
    await server.close();
    await store.close();
  });
  return { url: server.url, store };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 120_000, interval: 10 });

describe("a page", () => {
  test.each([
    ["is revoked", (service: Service) => service.store.tokens.revoke("guest")],
    ["expires", async (_: Service, clock: TestClock) => clock.advance(60_000)],
  ])("55: whose token %s while it waits shows nothing of what came then", async (_, end) => {
    const clock = new TestClock();
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const service = await serveTest({
      clock: clock.read,
      behind: (store) =>
        instead(store, {
          events: (query) => {
            asked();
            return store.events(query);
          },
        }),
    });
    const { token } = await service.store.tokens.create({
      name: "guest",
      permission: "read",
      expires_at: new Date(clock.now + 60_000).toISOString(),
    });
    const headers = { Authorization: `Bearer ${token}` };
    const polling = service.get("/v1/events?after=0&wait=60", { headers, token: "none" });
    await isAsked;
    await end(service, clock);
    await makeBucket(service);
    expectRefusal(await polling, 401, "UnauthorizedError");
  });

  test("54: bad parameters are a 400, and what cannot be answered a 406", async () => {
    const service = await serveTest();
    for (const query of ["limit=0", "limit=1001", "limit=x", "wait=61", "wait=-1", "wait=1.5"]) {
      expectRefusal(await service.get(`/v1/events?${query}`), 400, "BadRequestError");
    }
    for (const query of [
      "types=bucket.pached",
      "types=",
      "after=1&after=2",
      "since=1",
      "bucket=",
    ]) {
      expectRefusal(await service.get(`/v1/events?${query}`), 400, "BadRequestError");
    }
    expectRefusal(await service.get("/v1/events?bucket=none"), 404, "NotFoundError");
    expectRefusal(await service.get("/v1/events", { token: "none" }), 401, "UnauthorizedError");
    const headers = { Accept: "text/html" };
    expectRefusal(await service.get("/v1/events", { headers }), 406, "NotAcceptableError");
    const stream = { headers: { Accept: "text/event-stream" } };
    expectRefusal(await service.get("/v1/events?limit=5", stream), 400, "BadRequestError");
    expectRefusal(await service.get("/v1/events?after=no", stream), 400, "BadRequestError");
  });

  test("54: total order without gap or repeat, and an empty page with a cursor", async () => {
    const service = await serveTest();
    const empty = await service.get("/v1/events");
    expect(positionsOf(empty)).toEqual([]);
    const path = await makeBucket(service);
    await patches(service, path, 6);
    let after = nextOf(empty);
    const seen: number[] = [];
    for (let hasMore = true; hasMore; ) {
      const page = await service.get(`/v1/events?limit=3&after=${after}`);
      seen.push(...positionsOf(page));
      after = nextOf(page);
      hasMore = at(page, "pagination", "has_more") === true;
      expect(header(page, "Cache-Control")).toBe("no-store");
      const link = /^<(.*)>; rel="next"$/.exec(header(page, "Link"))?.[1] ?? "";
      expect(new URL(link, `${service.url}/v1/events`).searchParams.get("after")).toBe(after);
    }
    expect(seen).toEqual(upTo(7));
    expect(positionsOf(await service.get(`/v1/events?after=${after}`))).toEqual([]);
    expect(positionsOf(await service.get("/v1/events?after=5"))).toEqual([6, 7]);
  });

  test("54: concurrent commits are never seen out of order", async () => {
    const service = await serveTest({ durability: "relaxed" });
    const path = await makeBucket(service);
    const writing = Promise.all(upTo(150).map((n) => service.patch(path, { description: `${n}` })));
    const seen: number[] = [];
    for (let after = "0"; seen.length < 151; ) {
      const page = await service.get(`/v1/events?wait=5&after=${after}`);
      seen.push(...positionsOf(page));
      after = nextOf(page);
    }
    await writing;
    expect(seen).toEqual(upTo(151));
  });

  test("54: filters by bucket and type, as NDJSON too", async () => {
    const service = await serveTest();
    const videos = await makeBucket(service);
    await makeBucket(service, { bucket_name: "audios" });
    await service.post(`${videos}/lock`);
    expect(positionsOf(await service.get("/v1/events?bucket=videos"))).toEqual([1, 3]);
    const types = "types=bucket.locked,bucket.unlocked";
    expect(positionsOf(await service.get(`/v1/events?${types}`))).toEqual([3]);
    const headers = { Accept: "application/x-ndjson" };
    const lines = await service.get("/v1/events?limit=2", { headers });
    expect(header(lines, "Content-Type")).toContain("application/x-ndjson");
    expect(ndjsonOf(lines).map((line) => Item.parse(line).position)).toEqual([1, 2]);
    const none = await service.get("/v1/events?after=3", { headers });
    expect([none.status, none.text]).toEqual([200, ""]);
    expect(header(none, "Link")).toContain("after=");
  });

  test("54: other namespaces are unseen, except by a token for all that asks for all", async () => {
    const service = await serveTest();
    await makeBucket(service);
    await makeBucket(service, { bucket_name: "theirs" }, { namespace: "other" });
    expect(positionsOf(await service.get("/v1/events"))).toEqual([1]);
    expect(positionsOf(await service.get("/v1/events", { namespace: "other" }))).toEqual([2]);
    expect(positionsOf(await service.get("/v1/events", { namespace: "*" }))).toEqual([1, 2]);
    const name = { name: "limited", permission: "read", namespaces: ["other"] };
    const { token } = await service.store.tokens.create(name);
    const asLimited = (namespace: string) =>
      service.get("/v1/events", { namespace, headers: { Authorization: `Bearer ${token}` } });
    expect(positionsOf(await asLimited("other"))).toEqual([2]);
    for (const namespace of ["default", "*"]) {
      expectRefusal(await asLimited(namespace), 403, "ForbiddenError");
    }
    const list = await service.post("/v1/buckets/list", {}, { namespace: "*" });
    expectRefusal(list, 400, "BadRequestError");
  });

  test("54: a long poll wakes with the commit, and gives up after its time", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const started = performance.now();
    const polling = service.get("/v1/events?after=1&wait=60");
    await patches(service, path, 1);
    expect(positionsOf(await polling)).toEqual([2]);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(positionsOf(await service.get("/v1/events?after=2&wait=1"))).toEqual([]);
  });

  test("55: a cursor of another database is a 410, a malformed one a 400", async () => {
    const [one, two] = [await serveTest(), await serveTest()];
    for (const service of [one, two]) await makeBucket(service);
    const cursor = nextOf(await one.get("/v1/events"));
    for (const Accept of ["application/json", "text/event-stream, application/json;q=0.1"]) {
      const gone = await two.get(`/v1/events?after=${cursor}`, { headers: { Accept } });
      expectRefusal(gone, 410, "GoneError");
      expect(at(gone, "error", "code")).toBe("GONE");
    }
    expectRefusal(await two.get("/v1/events?after=7"), 410, "GoneError");
    const bent = `${cursor.slice(0, -2)}xx`;
    for (const after of [bent, "-1", "1.5", "%00", "x".repeat(1_000)]) {
      expectRefusal(await one.get(`/v1/events?after=${after}`), 400, "BadRequestError");
    }
  });

  test("what is told to a token of one namespace does not tell how long the log is", async () => {
    const service = await serveTest();
    const limited = { name: "limited", permission: "write", namespaces: ["other"] };
    const token = textAt(await service.post("/v1/admin/tokens", limited), "token");
    const as = { Authorization: `Bearer ${token}`, "X-Namespace": "other" };
    const ask = (query: string) =>
      service.get(`/v1/events${query}`, { token: "none", headers: as });
    const path = await makeBucket(service);
    const own = await service.post(
      "/v1/buckets",
      { bucket_name: "own", bucket_schema: { properties: {} } },
      { token: "none", headers: as },
    );
    expect(own.status).toBe(200);
    const page = await ask("");
    // The first event is that of the token.
    expect(positionsOf(page)).toEqual([3]);
    const before = nextOf(page);
    expect(nextOf(await ask(""))).toBe(before);
    await patches(service, path, 2);
    // The place has moved on, and what it is cannot be read out of the cursor.
    const cursor = nextOf(await ask(`?after=${before}`));
    expect(cursor).not.toBe(before);
    expect(cursor).toHaveLength(before.length);
    const readable = Buffer.from(cursor, "base64url").toString("latin1");
    expect(readable).not.toContain("[5,");
    // It goes on from there, after a filter and for whoever sees all as well.
    expect(positionsOf(await ask(`?after=${cursor}`))).toEqual([]);
    await patches(service, path, 1);
    expect(positionsOf(await service.get(`/v1/events?after=${cursor}`))).toEqual([6]);

    const plain = nextOf(await service.get("/v1/events?limit=1"));
    expect(positionsOf(await ask("?after=3"))).toEqual([]);
    expect(positionsOf(await ask(`?after=${plain}`))).toEqual([3]);
    // Places of others, what is beyond the end, and what is of another log are one and the same.
    const refusals: string[] = [];
    for (const after of ["1", "2", "5", "1000", encodeCursor("events", [5, "0".repeat(16)])]) {
      const gone = await ask(`?after=${after}`);
      expectRefusal(gone, 410, "GoneError");
      refusals.push(gone.text.replace(/"request_id":"[^"]*"/, ""));
    }
    expect(new Set(refusals).size).toBe(1);
    const bent = `${cursor.slice(0, -2)}xx`;
    expectRefusal(await ask(`?after=${bent}`), 400, "BadRequestError");
    // Whose key sealed it another store cannot know.
    const elsewhere = await (await serveTest()).get(`/v1/events?after=${cursor}`);
    expectRefusal(elsewhere, 410, "GoneError");
  });

  test("57: CloudEvents 1.0, with an id and source that stay the same", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.patch(path, { metadata: { text: "x".repeat(100_000) } });
    const headers = { Accept: "application/cloudevents-batch+json" };
    const answer = await service.get("/v1/events", { headers });
    expect(header(answer, "Content-Type")).toContain("application/cloudevents-batch+json");
    const events = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(answer.text));
    const page = await service.get("/v1/events");
    const [first, second] = listAt(page, "results").map((item) => Item.parse(item));
    expect(events).toMatchObject([
      {
        specversion: "1.0",
        id: first?.["event_id"],
        source: "urn:bucketlog:default",
        type: "bucket.created",
        time: first?.["recorded_at"],
        subject: first?.["bucket_id"],
        datacontenttype: "application/json",
        sequence: "0000000000000001",
        data: first,
      },
      { id: second?.["event_id"], dataref: `${path}/history/2` },
    ]);
    expect(events[1]).not.toHaveProperty("data");
    expect((await service.get(String(events[1]?.["dataref"]))).status).toBe(200);
    for (const event of events) {
      for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(64 * 1024);
    }
    expect(new Set(events.map(({ id, source }) => `${source} ${id}`)).size).toBe(events.length);
    expect((await service.get("/v1/events", { headers })).text).toBe(answer.text);
  });

  test("54: secrets are masked, and the description of the API has the route", async () => {
    const service = await serveTest();
    const connection = {
      api_base_url: "https://api.mux.com",
      credentials: { token_secret: "open-sesame-0123456789" },
    };
    const source_adapter = {
      adapter_type: "mux",
      enabled: true,
      blob_source: { file_field: "data.url", target_property: "video", blob_type: "video" },
      connection,
    };
    await makeBucket(service, { source_adapter });
    const { text } = await service.get("/v1/events");
    expect(text).toContain("********");
    expect(text).not.toMatch(/open-sesame|sec_/);
    const described = await service.get("/openapi.json", { token: "none" });
    const content = at(described, "paths", "/v1/events", "get", "responses", "200", "content");
    expect(Object.keys(z.record(z.string(), z.unknown()).parse(content))).toHaveLength(4);
  });
});

describe("server-sent events", () => {
  test("56: a stream says how it is to be kept, and goes on after the last id", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { description: "one\ntwo\r\nthree" });
    const first = reader();
    const response = await first.open(`${service.url}/v1/events`, authorized);
    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    await patches(service, path, 2);
    await until(() => expect(first.positions).toEqual([1, 2, 3]));
    expect(first.retry).toBe(1_000);
    expect(first.lastId).toBe(first.events.at(-1)?.cursor);
    first.close();
    await patches(service, path, 2);
    await first.open(`${service.url}/v1/events?after=0`, authorized);
    await until(() => expect(first.positions).toEqual(upTo(5)));
  });

  test("56: heartbeats are comments, and move the id past what the filter left out", async () => {
    const { url, store } = await serveTimed({ heartbeatMs: 30 });
    const stream = reader();
    await stream.open(`${url}/v1/events`, { "X-Namespace": "other" });
    await until(() => expect(stream.comments.length).toBeGreaterThan(1));
    const before = stream.lastId;
    const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
    await store.namespace().buckets.create(body);
    await until(() => expect(stream.lastId).not.toBe(before));
    expect(stream.events).toEqual([]);
    await store.namespace("other").buckets.create(body);
    await until(() => expect(stream.positions).toEqual([2]));
  });

  deepTest(
    "56: a consumer that takes nothing is dropped, and costs no memory until then",
    async () => {
      const { url, store } = await serveTimed({ slowConsumerMs: 300 });
      const { buckets } = store.namespace();
      const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
      await buckets.create(body);
      for (const n of upTo(60)) {
        await buckets.patch("videos", { metadata: { text: `${n}`.repeat(300_000) } });
      }
      let taken = 0;
      const events = store.events.bind(store);
      vi.spyOn(store, "events").mockImplementation((query) => {
        const feed = events(query);
        const page = feed.page.bind(feed);
        feed.page = async (options) => {
          const found = await page(options);
          taken += found?.results.length ?? 0;
          return found;
        };
        return feed;
      });
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      let received = "";
      let isAsleep = true;
      socket.setEncoding("utf8").on("data", (text: string) => {
        received += text;
        if (isAsleep) socket.pause();
      });
      socket.on("error", () => {});
      const closed = once(socket, "close");
      socket.write(
        "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
      );
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(40);
      isAsleep = false;
      socket.resume();
      await closed;
      // It comes back with the last id that it has whole, and misses nothing.
      const ids = [...received.matchAll(/^id: (\S+)\ndata: .*\n\n/gm)];
      const back = reader();
      back.lastId = ids.at(-1)?.[1] ?? "";
      const isComplete = () => ids.length + back.events.length >= 61;
      while (!isComplete()) {
        // On a machine that is busy it may be too slow as well; then it comes back once more.
        await back.open(`${url}/v1/events`);
        await until(() => expect(back.hasEnded || isComplete()).toBe(true));
      }
      expect(back.positions).toEqual(upTo(61 - ids.length, ids.length + 1));
    },
  );

  test("56: closing the server ends streams and long polls at once", async () => {
    const service = await serveTest();
    await makeBucket(service);
    const stream = reader();
    await stream.open(`${service.url}/v1/events`, authorized);
    await until(() => expect(stream.positions).toEqual([1]));
    const polling = service.get("/v1/events?after=1&wait=60");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    await service.stop();
    expect(performance.now() - started).toBeLessThan(1_000);
    expectRefusal(await polling, 503, "UnavailableError");
    await until(() => expect(stream.hasEnded).toBe(true));
  });

  test("56: closing the store ends streams, and a token that is revoked ends its own", async () => {
    const { store, url } = await serveTest();
    const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
    const { token } = await store.tokens.create({ name: "guest", permission: "read" });
    const [guest, admin] = [reader(), reader()];
    await guest.open(`${url}/v1/events`, { Authorization: `Bearer ${token}` });
    await admin.open(`${url}/v1/events`, authorized);
    await store.tokens.revoke("guest");
    await store.namespace().buckets.create(body);
    await until(() => expect(guest.hasEnded).toBe(true));
    expect(guest.events).toEqual([]);
    // After those of the token.
    await until(() => expect(admin.positions).toEqual([3]));
    await store.close();
    await until(() => expect(admin.hasEnded).toBe(true));
  });
});
