/**
 * Reads of much are answered by readers, threads beside the server. Whoever asks cannot tell: the
 * answers are the same in status, headers and bytes, and what was just written is seen.
 */
import { once } from "node:events";
import { request } from "node:http";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "../../src/domain/reports.js";
import { type Readers, type RunningServer, serveStore } from "../../src/http/index.js";
import { ReaderPool } from "../../src/readers/pool.js";
import { type Service, serve, tokens } from "../support/server.js";

const logger = pino({ level: "silent" });

interface More {
  readonly timeoutMs?: number;
  readonly heapMegabytesMax?: number;
  readonly onAltered?: (fault: Fault) => void;
  readonly onBegun?: () => void;
}

function poolOf(file: string, { onBegun, ...more }: More = {}) {
  const settings = () => {
    onBegun?.();
    return { store: { file }, app: {} };
  };
  const told = { onLine: () => {}, onAltered: () => {} };
  const limits = { timeoutMs: 120_000, heapMegabytesMax: 256 };
  return new ReaderPool({ countMax: 2, settings, ...told, ...limits, ...more });
}

let here: Service;
let pool: ReaderPool;
let there: RunningServer;
/** How many reads the readers were asked. */
let passedOn = 0;

beforeAll(async () => {
  here = await serve();
  pool = poolOf(here.file);
  const readers: Readers = {
    answer: (asked) => {
      passedOn += 1;
      return pool.answer(asked);
    },
  };
  there = await serveStore({ store: here.store, readers, logger, host: "127.0.0.1", port: 0 });
  const bucket_schema = { properties: { n: { type: "integer" } } };
  const { buckets } = here.store.namespace();
  for (const bucket_name of ["films", "series"]) {
    await buckets.create({ bucket_name, bucket_schema });
  }
  await buckets.patch("films", { description: "Those with an end." }, { reason: "Say which" });
  for (const n of [1, 2, 3]) await here.store.namespace().objects("films").create({ n });
});

afterAll(async () => {
  await there.close();
  await pool.close();
  await here.close();
});

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: keyof typeof tokens | null;
}

async function ask(url: string, path: string, asked: Asked = {}) {
  const { method = "GET", body, headers = {}, token = "read" } = asked;
  const answer = await fetch(url + path, {
    method,
    headers: {
      "x-request-id": "req_1",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== null && { authorization: `Bearer ${tokens[token]}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const { date: _, "transfer-encoding": __, ...shown } = Object.fromEntries(answer.headers);
  const { link, ...others } = shown;
  // It names the server that was asked.
  const links = link?.replaceAll(url, "");
  return { status: answer.status, headers: { ...others, links }, body: await answer.text() };
}

const post = (body: unknown, more: Asked = {}): Asked => ({ method: "POST", body, ...more });

const questions: Readonly<Record<string, readonly [path: string, asked?: Asked]>> = {
  "a list": ["/v1/buckets/list", post({ filters: { bucket_name: "films" } })],
  "a page of a list": ["/v1/buckets/list?limit=1", post({})],
  "a list as it was": ["/v1/buckets/list?as_of=@3", post({})],
  "a list of objects as it was": ["/v1/buckets/films/objects/list?as_of=@5&limit=1", post({})],
  "a namespace as it was": ["/v1/namespaces/default?as_of=@3"],
  "a task as it was, that is not there": ["/v1/tasks/task_none?as_of=@3"],
  "a list of objects": ["/v1/buckets/films/objects/list", post({ sort: { field: "n" } })],
  "an aggregate": [
    "/v1/buckets/films/objects/aggregate",
    post({ aggregations: [{ function: "sum", field: "n", alias: "sum" }] }),
  ],
  "a history": ["/v1/buckets/films/history"],
  "a history as CSV": ["/v1/buckets/films/history", { headers: { accept: "text/csv" } }],
  "a diff": ["/v1/buckets/films/diff?from=1&to=2"],
  blame: ["/v1/buckets/films/blame"],
  "a replay": ["/v1/buckets/films/replay"],
  "the audit log": ["/v1/organizations/audit/logs?limit=2", { token: "admin" }],
  "the head of a history": ["/v1/buckets/films/history", { method: "HEAD" }],
  "a list of nowhere": ["/v1/buckets/list", post({}, { headers: { "x-namespace": "nowhere" } })],
  "a bucket that is not there": ["/v1/buckets/books/history"],
  "a filter that does not fit": ["/v1/buckets/list", post({ filters: { field: "nope" } })],
  "a body that is no JSON": ["/v1/buckets/list", post("{")],
  "a body of another type": [
    "/v1/buckets/list",
    post("a=b", { headers: { "content-type": "text/plain" } }),
  ],
  "a parameter that nobody knows": ["/v1/buckets/films/history?nope=1"],
  "a token that is unknown": ["/v1/buckets/films/history", { token: null }],
};

const refusedHere = ["a body of another type", "a token that is unknown"];

describe("a reader answers as the server does", () => {
  test.each(Object.entries(questions))("%s", async (name, [path, asked]) => {
    const before = passedOn;
    expect(await ask(there.url, path, asked)).toEqual(await ask(here.url, path, asked));
    expect(passedOn - before).toBe(refusedHere.includes(name) ? 0 : 1);
  });

  test("what was just written, each time", async () => {
    const { buckets } = here.store.namespace();
    for (let version = 0; version < 20; version += 1) {
      const written = await buckets.patch("series", { description: `Part ${version}` });
      const { body } = await ask(there.url, "/v1/buckets/series/history?limit=1&order=desc");
      expect(JSON.parse(body)).toMatchObject({ results: [{ version: written.version }] });
    }
  });

  test("a page that is larger than what is sent at once, to many who ask at the same time", async () => {
    const { buckets } = here.store.namespace();
    const description = "é".repeat(300_000);
    await buckets.create({ bucket_name: "long", bucket_schema: { properties: {} }, description });
    const asked = Array.from({ length: 10 }, () => ask(there.url, "/v1/buckets/long/history"));
    for (const { body } of await Promise.all(asked)) {
      expect(JSON.parse(body)).toMatchObject({ results: [{ version: 1 }] });
      expect(Buffer.byteLength(body)).toBeGreaterThan(600_000);
    }
  });
});

describe("a read that nobody can wait for", () => {
  test("ends with a 503 that says how to ask for less", async () => {
    // No thread begins within a millisecond.
    const readers = poolOf(here.file, { timeoutMs: 1 });
    const options = { store: here.store, readers, logger, host: "127.0.0.1", port: 0 };
    const server = await serveStore(options);
    const { status, body } = await ask(server.url, "/v1/buckets/list", post({}));
    await server.close();
    await readers.close();
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({
      error: { type: "UnavailableError", message: expect.stringContaining("Ask for less") },
    });
  });

  test("ends with a 503 as well where it needs more memory than there is", async () => {
    // Not even the code of a thread fits.
    const readers = poolOf(here.file, { heapMegabytesMax: 8 });
    const options = { store: here.store, readers, logger, host: "127.0.0.1", port: 0 };
    const server = await serveStore(options);
    const asked = Array.from({ length: 4 }, () => ask(server.url, "/v1/buckets/films/history"));
    for (const { status, body } of await Promise.all(asked)) {
      expect(JSON.parse(body)).toMatchObject({
        error: { code: "OVERLOADED", message: expect.stringContaining("more than 8 MiB") },
      });
      expect(status).toBe(503);
    }
    await server.close();
    await readers.close();
  });

  test("leaves nothing behind when whoever asked has gone", async () => {
    const { host } = new URL(there.url);
    const headers = { host, authorization: `Bearer ${tokens.read}` };
    const sent = request(`${there.url}/v1/buckets/long/history`, { headers });
    sent.end();
    const [answer] = await once(sent, "response");
    answer.destroy();
    await once(answer, "close");
    expect(await ask(there.url, "/v1/buckets/films/history")).toMatchObject({ status: 200 });
  });
});

test("a pool that is prepared begins one reader, which answers first, and none once it is closed", async () => {
  let begun = 0;
  const prepared = poolOf(here.file, { onBegun: () => (begun += 1) });
  prepared.prepare();
  prepared.prepare();
  expect(begun).toBe(1);
  const server = await serveStore({
    store: here.store,
    readers: prepared,
    logger,
    host: "127.0.0.1",
    port: 0,
  });
  const { status } = await ask(server.url, "/v1/buckets/list", { method: "POST", body: {} });
  expect([status, begun]).toEqual([200, 1]);
  await server.close();
  await prepared.close();
  prepared.prepare();
  expect(begun).toBe(1);
});

test("a pool that is prepared while its first reader is busy begins no other", async () => {
  let begun = 0;
  const busy = poolOf(here.file, { onBegun: () => (begun += 1) });
  let passed: () => void = () => {};
  const isAsked = new Promise<void>((resolve) => {
    passed = resolve;
  });
  const readers: Readers = {
    answer: (asked) => {
      const answer = busy.answer(asked);
      passed();
      return answer;
    },
  };
  const server = await serveStore({
    store: here.store,
    readers,
    logger,
    host: "127.0.0.1",
    port: 0,
  });
  const listed = ask(server.url, "/v1/buckets/list", { method: "POST", body: {} });
  await isAsked;
  while (begun === 0) await new Promise((resolve) => setImmediate(resolve));
  busy.prepare();
  expect([(await listed).status, begun]).toEqual([200, 1]);
  await server.close();
  await busy.close();
});
