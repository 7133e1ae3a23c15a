/**
 * An answer that is ready is sent again as it was. Whoever asks cannot tell: whatever the request, and
 * whatever happened before it, the short way and the long way answer the same, byte for byte.
 */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  instead,
  type Service,
  type ServiceOptions,
  sendRaw,
  serveTest,
  TestClock,
  tokens,
} from "../support/server.js";

const path = "/v1/buckets/clips";
/** Nothing heeds it; but a request that has it is not in the plainest way. */
const longWay = ["X-Long: way"];

interface Watched extends Service {
  /** How many requests went the long way: each of them asks for its namespace. */
  readonly goneLong: () => number;
}

async function serveWatched(options: ServiceOptions = {}): Promise<Watched> {
  let gone = 0;
  const service = await serveTest({
    ...options,
    behind: (store) =>
      instead(store, {
        namespace: (...given) => {
          gone += 1;
          return store.namespace(...given);
        },
      }),
  });
  await service.post("/v1/buckets", { bucket_name: "clips", bucket_schema: { properties: {} } });
  return { ...service, goneLong: () => gone };
}

interface Request {
  readonly line?: string;
  readonly host?: string;
  readonly token?: string;
  readonly headers?: readonly string[];
}

async function ask(service: Service, request: Request = {}): Promise<string> {
  const { line = `GET ${path} HTTP/1.1`, headers = [], token = tokens.read } = request;
  const host = request.host ?? new URL(service.url).host;
  const lines = [line, `Host: ${host}`, `Authorization: Bearer ${token}`, ...headers];
  const answer = await sendRaw(service.url, [...lines, "Connection: close", "", ""].join("\r\n"));
  return withoutOwn(answer);
}

/** Without what is of one answer alone: when it was sent, and ids, which make refusals as long as they are. */
function withoutOwn(answer: string): string {
  const told = answer.replace(/^Date: .*\r\n/m, "");
  const isRefusal = told.includes("req_", told.indexOf("\r\n\r\n"));
  const sized = isRefusal ? told.replace(/^Content-Length: .*\r\n/m, "") : told;
  return sized.replaceAll(/req_\d+/g, "req_N");
}

/** The answer to both ways, which has to be one. */
async function askBothWays(service: Service, request: Request = {}): Promise<string> {
  const { headers = [] } = request;
  const long = await ask(service, { ...request, headers: [...headers, ...longWay] });
  expect([await ask(service, request), await ask(service, request)]).toEqual([long, long]);
  return long;
}

describe("what is not asked in the plainest way, or by whom it is not for, is never answered shortly", () => {
  const misuses: readonly [what: string, request: Request, status: number][] = [
    ["an unknown token", { token: "nobody" }, 401],
    ["a token twice", { headers: [`Authorization: Bearer ${tokens.admin}`] }, 400],
    ["another token in capitals", { headers: ["AUTHORIZATION: Bearer nobody"] }, 400],
    ["two hosts", { headers: ["Host: elsewhere"] }, 400],
    ["a host that is none", { host: "a b" }, 400],
    ["a media type that nobody has", { headers: ["Accept: text/csv"] }, 406],
    ["an unknown parameter", { line: `GET ${path}?as-of=1 HTTP/1.1` }, 400],
    ["another namespace", { headers: ["X-Namespace: films"] }, 404],
    ["two namespaces", { headers: ["X-Namespace: default", "X-Namespace: films"] }, 400],
    ["a name of no namespace", { headers: ["X-Namespace: a b"] }, 400],
    ["an actor", { headers: ["X-Actor: eve"] }, 403],
    ["a tag that does not match", { headers: ['If-Match: "9.0"'] }, 412],
    ["a tag that is none", { headers: ["If-None-Match: one"] }, 400],
    ["a slash too many", { line: `GET ${path}/ HTTP/1.1` }, 404],
    ["another method", { line: `PATCH ${path} HTTP/1.1` }, 403],
    ["a name in capitals", { line: "GET /v1/buckets/CLIPS HTTP/1.1" }, 404],
  ];

  test.each(misuses)("%s", async (_, request, status) => {
    const service = await serveWatched();
    await askBothWays(service);
    expect(await askBothWays(service, request)).toMatch(`HTTP/1.1 ${status} `);
  });

  const others: readonly [what: string, request: Request, told: string][] = [
    ["a HEAD", { line: `HEAD ${path} HTTP/1.1` }, "HTTP/1.1 200 "],
    ["an encoded name", { line: "GET /v1/buckets/%63lips HTTP/1.1" }, '"bucket_name":"clips"'],
    ["a moment", { line: `GET ${path}?as_of=1 HTTP/1.1` }, "Memento-Datetime"],
    ["a moment as a header", { headers: ["Accept-Datetime: now"] }, "Content-Location"],
    ["who has it", { headers: ['If-None-Match: "1.0"'] }, "HTTP/1.1 304 "],
    ["another host", { host: "films.example:81" }, "http://films.example:81/v1/buckets/"],
    ["the whole address", { line: `GET http://films.example${path} HTTP/1.1` }, "//films.example/"],
    ["the namespace by its name", { headers: ["X-Namespace: default"] }, '"bucket_name":"clips"'],
    ["a trace", { headers: [`traceparent: 00-${"a".repeat(32)}-${"b".repeat(16)}-01`] }, "200 OK"],
    ["an id of the request", { headers: ["X-Request-Id: mine"] }, "X-Request-Id: mine"],
    ["HTTP 1.0", { line: `GET ${path} HTTP/1.0` }, "HTTP/1.1 200 "],
  ];

  test.each(others)("%s is answered as the long way answers it", async (_, request, told) => {
    const service = await serveWatched();
    await askBothWays(service);
    expect(await askBothWays(service, request)).toContain(told);
  });

  test("what a store that is closed had at hand", async () => {
    const service = await serveWatched();
    await askBothWays(service);
    await service.store.close();
    expect(await askBothWays(service)).toMatch("HTTP/1.1 503 ");
  });

  test("a token that was revoked, that expired, or that opens another namespace", async () => {
    const clock = new TestClock();
    const service = await serveWatched({ clock: clock.read });
    await askBothWays(service);
    const of = async (more: object) =>
      await service.store.tokens.create({ name: "tried", permission: "read", ...more });
    const { token: revoked } = await of({});
    expect(await askBothWays(service, { token: revoked })).toMatch("HTTP/1.1 200 ");
    await service.store.tokens.revoke("tried");
    expect(await askBothWays(service, { token: revoked })).toMatch("HTTP/1.1 401 ");
    const { token: brief } = await of({ expires_at: new Date(clock.now + 1_000).toISOString() });
    expect(await askBothWays(service, { token: brief })).toMatch("HTTP/1.1 200 ");
    clock.advance(1_000);
    expect(await askBothWays(service, { token: brief })).toMatch("HTTP/1.1 401 ");
    await service.store.tokens.revoke("tried");
    const { token: limited } = await of({ namespaces: ["films"] });
    expect(await askBothWays(service, { token: limited })).toMatch("HTTP/1.1 403 ");
  });
});

test("one that was answered is not made again, until something of it changes", async () => {
  const clock = new TestClock();
  const service = await serveWatched({ clock: clock.read });
  await askBothWays(service);
  const before = service.goneLong();
  await ask(service);
  await ask(service, { token: tokens.admin, headers: ["User-Agent: another", "Accept: */*"] });
  expect((await service.get(path)).status).toBe(200);
  expect(service.goneLong()).toBe(before);

  const changes: readonly (() => Promise<unknown>)[] = [
    () => service.patch(path, { description: "Déjà vu, 日本" }),
    () => service.post(`${path}/objects`, {}),
    () => service.post(`${path}/lock`, { expires_at: new Date(clock.now + 1_000).toISOString() }),
    async () => clock.advance(2_000),
    () => service.post(`${path}/unlock`),
    () => service.patch(path, { metadata: { large: "x".repeat(100_000) } }),
    () => service.patch(path, { metadata: { large: null } }),
    () => service.patch(path, { source_adapter: { type: "webhook" } }),
    () => service.store.rebuild(),
    () => service.send("DELETE", path),
  ];
  for (const change of changes) {
    await change();
    await askBothWays(service);
  }
  expect(await askBothWays(service)).toMatch("HTTP/1.1 404 ");
});

test("below a base path, and under another public address, it is the same answer", async () => {
  const service = await serveWatched({ basePath: "/api", publicUrl: "https://films.example" });
  const body = { bucket_name: "clips", bucket_schema: { properties: {} } };
  await service.post("/api/v1/buckets", body);
  const line = `GET /api${path} HTTP/1.1`;
  expect(await askBothWays(service, { line })).toContain("https://films.example/api/v1/buckets/");
  const before = service.goneLong();
  await ask(service, { line });
  expect(service.goneLong()).toBe(before);
  expect(await askBothWays(service)).toMatch("HTTP/1.1 404 ");
});

test("while reads are audited, each of them leaves its row", async () => {
  const service = await serveWatched();
  await askBothWays(service);
  const settings = "/v1/organizations/audit/settings";
  await service.patch(settings, { read_auditing_enabled: true });
  const before = service.goneLong();
  for (let count = 0; count < 3; count += 1) await ask(service);
  expect(service.goneLong()).toBe(before + 3);
  const logs = await service.get("/v1/organizations/audit/logs?resource_id=clips");
  const Logs = z.object({ results: z.array(z.object({ action: z.string() })) });
  const { results } = Logs.parse(logs.body);
  expect(results.filter(({ action }) => action.includes("access"))).toHaveLength(3);
});

test("limits of requests count each, and refuse", async () => {
  const service = await serveWatched({ rateLimit: 5, rateClock: () => 0 });
  const left: (string | undefined)[] = [];
  for (let count = 0; count < 6; count += 1) {
    const answer = await ask(service);
    left.push(/r=(\d+)|HTTP\/1.1 429/.exec(answer)?.[0]);
  }
  expect(new Set(left).size).toBe(6);
  expect(left.at(-1)).toBe("HTTP/1.1 429");
});

test("scripts of an origin that may ask, and servers without tokens, are told what they always are", async () => {
  const shared = await serveWatched({ corsOrigins: ["https://films.example"] });
  const told = await askBothWays(shared, { headers: ["Origin: https://films.example"] });
  expect(told).toContain("Access-Control-Allow-Origin: https://films.example");
  expect(await askBothWays(shared)).toContain("Origin");
  const open = await serveWatched({ noAuth: true });
  await askBothWays(open);
  expect(await askBothWays(open, { host: "rebound.example" })).not.toMatch("HTTP/1.1 200 ");
});

test("log and metrics tell of both ways alike", async () => {
  const service = await serveWatched();
  await ask(service, { headers: longWay });
  await ask(service);
  const [long = "", short = ""] = service.lines.slice(-2).map((text) => {
    const { time: _time, duration_ms: _took, request_id: _id, ...line } = JSON.parse(text);
    return JSON.stringify(line);
  });
  expect(short).toBe(long);
  expect(short).toContain('"route":"/v1/buckets/{bucket_identifier}"');
  const { text } = await service.get("/metrics");
  const counted =
    /_count\{method="GET",route="\/v1\/buckets\/\{bucket_identifier\}",status="200"\} (\d+)/;
  expect(counted.exec(text)?.[1]).toBe("2");
});
