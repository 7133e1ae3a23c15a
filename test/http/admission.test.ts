/** What may be under way at once: connections, change feeds, and the memory of bodies and answers. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { BucketsError } from "../../src/domain/errors.js";
import { Budget } from "../../src/http/budget.js";
import { expectRefusal, makeBucket, sendRaw, serveTest, tokens } from "../support/server.js";

const megabyte = 1024 * 1024;
const authorization = `Bearer ${tokens.read}`;

/** The answer as soon as its status is there; it is not read. */
async function open(url: string, path: string, headers = {}): Promise<IncomingMessage> {
  const sent = request(url + path, { agent: false, headers: { authorization, ...headers } });
  sent.end();
  const [answer]: IncomingMessage[] = await once(sent, "response");
  if (answer === undefined) throw new Error("There is no answer.");
  onTestFinished(() => {
    answer.destroy();
  });
  return answer;
}

test("a connection too many is told so, and what it sends is not carried out", async () => {
  const { url, store, get } = await serveTest({ connectionsMax: 1 });
  const { hostname, port } = new URL(url);
  const first = connect(Number(port), hostname);
  onTestFinished(() => {
    first.destroy();
  });
  await once(first, "connect");
  const body = JSON.stringify({ bucket_name: "films", bucket_schema: { properties: {} } });
  const answer = await sendRaw(
    url,
    `POST /v1/buckets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.admin}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(answer).toContain("Retry-After: 1");
  expect(answer).toContain("Too many connections are open");
  first.end();
  await once(first, "close");
  expect((await store.head()).position).toBe(0);
  await expect.poll(async () => (await get("/healthz")).status).toBe(200);
});

test("a change feed too many is refused, until another one has ended", async () => {
  const { url, get } = await serveTest({ streamsMax: 1 });
  const headers = { accept: "text/event-stream" };
  const first = await open(url, "/v1/events", headers);
  expect(first.statusCode).toBe(200);
  expectRefusal(await get("/v1/events", { headers }), 503, "UnavailableError");
  expect((await get("/v1/events")).status).toBe(200);
  first.destroy();
  await expect.poll(async () => (await open(url, "/v1/events", headers)).statusCode).toBe(200);
});

test("many change feeds at once are none that Node warns of", async () => {
  const warnings: string[] = [];
  const keep = ({ message }: Error) => warnings.push(message);
  process.on("warning", keep);
  onTestFinished(() => {
    process.off("warning", keep);
  });
  const { url, get } = await serveTest();
  const headers = { accept: "text/event-stream" };
  const feeds = await Promise.all(
    Array.from({ length: 24 }, () => open(url, "/v1/events", headers)),
  );
  expect(new Set(feeds.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  expect((await get("/healthz")).status).toBe(200);
  expect(warnings).toEqual([]);
});

test("a read waits for memory, and is refused when none is free in time", async () => {
  const service = await serveTest({ memoryBytesMax: 20 * megabyte });
  const path = await makeBucket(service);
  for (let version = 0; version < 10; version += 1) {
    await service.patch(path, { description: `${version} ${"x".repeat(900_000)}` });
  }
  // Its client does not read: what it was given stays taken.
  const slow = await open(service.url, `${path}/replay`);
  const refused = await service.get(`${path}/history?limit=1`);
  expectRefusal(refused, 503, "UnavailableError");
  expect(refused.text).toContain("all the memory that there is");
  expect((await service.get("/healthz")).status).toBe(200);
  const waiting = service.get(`${path}/history?limit=1`);
  slow.destroy();
  expect((await waiting).status).toBe(200);
});

test("a body waits for memory as well, and is refused when none is free in time", async () => {
  const service = await serveTest({ memoryBytesMax: megabyte });
  const path = await makeBucket(service);
  const { hostname, port } = new URL(service.url);
  const slow = connect(Number(port), hostname);
  onTestFinished(() => void slow.destroy());
  // Of what is asked for it has all the memory before a byte of it is there.
  slow.write(
    `PATCH ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.write}\r\n` +
      `Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${megabyte}\r\n\r\n`,
  );
  await once(slow, "data");
  const large = { description: "x".repeat(100_000) };
  const refused = await service.patch(path, large);
  expectRefusal(refused, 503, "UnavailableError");
  expect(refused.headers.get("Retry-After")).toBe("1");
  expect((await service.patch(path, { description: "small" })).status).toBe(200);
  const waiting = service.patch(path, large);
  slow.destroy();
  expect((await waiting).status).toBe(200);
});

const none = () => new BucketsError("OVERLOADED", "There is none.");

test("a budget is given in the order of those who ask, and what is too large is given all", async () => {
  const budget = new Budget(10, 60_000, none);
  const all = await budget.take(100);
  const order: string[] = [];
  const large = budget.take(8).then((share) => {
    order.push("large");
    return share;
  });
  const small = budget.take(1).then(() => order.push("small"));
  all.shrinkTo(5);
  all.release();
  all.release();
  const share = await large;
  await small;
  expect(order).toEqual(["large", "small"]);
  expect(budget.taken).toBe(9);
  share.shrinkTo(9);
  share.release();
  expect(budget.taken).toBe(1);
});

test("who waits for nothing is refused, and takes nothing away", async () => {
  const budget = new Budget(1, 1, none);
  const share = await budget.take(1);
  await expect(budget.take(1)).rejects.toMatchObject({ code: "OVERLOADED" });
  share.release();
  expect(budget.taken).toBe(0);
});
