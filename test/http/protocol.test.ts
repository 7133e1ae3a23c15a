/**
 * HTTP.md, B6: errors and protocol hygiene; with where the API is mounted, and for whom it is open.
 * Row 66 (a failing disk) is in operations.test.ts, row 69 (Deprecation and Sunset) is later: no route
 * is deprecated. Of row 70 the lint by redocly is run by hand; what its document promises is held by
 * matrix.proof.test.ts. Of row 71, CONTRACT overrules "int64 as string": its counts are numbers.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { parsePublicUrl } from "../../src/http/public-url.js";
import { RateLimiter } from "../../src/http/rate-limit.js";
import { startServer } from "../../src/server.js";
import {
  type Answer,
  at,
  bucketOf,
  createClient,
  expectRefusal,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  sendRaw,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

const authorization = `Authorization: Bearer ${tokens.admin}\r\n`;

/** The status, headers and body of an answer that came back as bytes. */
function parseRaw(raw: string) {
  const [head = "", body = ""] = raw.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head: head.toLowerCase(), body };
}

function expectRawRefusal(raw: string, status: number, type: string): void {
  const answer = parseRaw(raw);
  expect(answer.status, raw).toBe(status);
  expect(JSON.parse(answer.body)).toMatchObject({ success: false, status, error: { type } });
  expect(answer.head).toContain("connection: close");
  expect(answer.head).toContain("cache-control: no-store");
  expect(answer.head).toContain("x-content-type-options: nosniff");
}

describe("errors", () => {
  test("63 every refusal has the envelope, or RFC 9457 when that is asked for", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const problems: readonly [number, string, string, string, string | undefined][] = [
      [404, "NotFoundError", "GET", "/nothing", undefined],
      [404, "NotFoundError", "GET", "/v1/buckets/nothing", undefined],
      [405, "MethodNotAllowedError", "DELETE", "/v1/buckets", undefined],
      [400, "BadRequestError", "POST", "/v1/buckets", "{"],
      [400, "BadRequestError", "GET", "/v1/buckets/%ff", undefined],
      [413, "PayloadTooLargeError", "POST", "/v1/buckets", " ".repeat(1024 * 1024 + 1)],
      [422, "ValidationError", "POST", "/v1/buckets", "{}"],
      [409, "AlreadyExistsError", "POST", "/v1/buckets", undefined],
    ];
    for (const [status, type, method, target, text] of problems) {
      const json = { bucket_name: "videos", bucket_schema: { properties: {} } };
      const sending = text === undefined ? (method === "POST" ? { json } : {}) : { text };
      expectRefusal(await service.send(method, target, sending), status, type);
      const problem = await service.send(method, target, {
        ...sending,
        headers: { Accept: "application/problem+json" },
      });
      expect(header(problem, "Content-Type")).toMatch(/^application\/problem\+json/);
      expect(problem.body).toMatchObject({
        type: expect.stringMatching(/^urn:bucketlog:problem:[a-z-]+$/),
        title: expect.stringMatching(/^[A-Z]/),
        status,
        detail: expect.any(String),
        instance: `urn:bucketlog:request:${header(problem, "X-Request-Id")}`,
      });
    }
    const invalid = await service.patch(
      path,
      { description: 1 },
      {
        headers: { Accept: "application/problem+json" },
      },
    );
    expect(listAt(invalid, "errors")).toEqual([
      { detail: expect.any(String), pointer: "#/description" },
    ]);
    expectRawRefusal(await sendRaw(service.url, "nonsense\r\n\r\n"), 400, "BadRequestError");
    const long = `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(17_000)}\r\n\r\n`;
    expectRawRefusal(await sendRaw(service.url, long), 431, "HeadersTooLargeError");
  });

  test("64 a 405 names what is allowed, an unknown method is a 501 or a 400", async () => {
    const service = await serveTest();
    const answer = await service.send("PUT", "/v1/buckets");
    expectRefusal(answer, 405, "MethodNotAllowedError");
    expect(header(answer, "Allow")).toBe("POST");
    const one = await service.send("POST", "/v1/buckets/videos");
    expect(header(one, "Allow").split(", ").sort()).toEqual([
      "DELETE",
      "GET",
      "HEAD",
      "PATCH",
      "PUT",
    ]);
    expectRefusal(await service.send("PROPFIND", "/v1/buckets"), 501, "NotImplementedError");
    const unknown = await sendRaw(service.url, "BREW / HTTP/1.1\r\nHost: x\r\n\r\n");
    expectRawRefusal(unknown, 400, "BadRequestError");
  });

  test("65 a fault of ours tells nothing but the request id, which the log has with the stack", async () => {
    const service = await serveTest({
      behind: (store) =>
        new Proxy(store, {
          get: (target, name) => {
            if (name === "namespace") throw new Error("SELECT token FROM /home/secret");
            return Reflect.get(target, name, target);
          },
        }),
    });
    const answer = await service.get("/v1/buckets/videos?as_of=1");
    expectRefusal(answer, 500, "InternalServerError");
    expect(answer.text).not.toMatch(/SELECT|secret|\.ts|as_of/);
    const id = header(answer, "X-Request-Id");
    const line = service.lines.find((text) => text.includes("SELECT token"));
    expect(line).toContain(`"request_id":"${id}"`);
    expect(line).toContain("protocol.test.ts");
  });

  test("67 a 429 says when to come back, and the quota is each token's own", async () => {
    let now = 0;
    const service = await serveTest({ rateLimit: 2, rateClock: () => now });
    const path = "/v1/buckets/nothing";
    const first = await service.get(path);
    expect(header(first, "RateLimit-Policy")).toBe('"default";q=2;w=60');
    expect(header(first, "RateLimit")).toBe('"default";r=1;t=60');
    now += 20_500;
    expect(header(await service.get(path), "RateLimit")).toBe('"default";r=0;t=40');
    const refused = await service.get(path, { headers: { Accept: "application/problem+json" } });
    expect(refused.status).toBe(429);
    expect(header(refused, "Retry-After")).toBe("40");
    expect(textAt(refused, "type")).toBe(
      "https://iana.org/assignments/http-problem-types#quota-exceeded",
    );
    expectRefusal(await service.get(path), 429, "TooManyRequestsError");
    // Also what the token may not do counts, and another token has its own quota.
    expect((await service.get(path, { token: "read" })).status).toBe(404);
    expect((await service.send("DELETE", path, { token: "read" })).status).toBe(403);
    expect((await service.get(path, { token: "read" })).status).toBe(429);
    expect((await service.get("/healthz")).headers.has("RateLimit")).toBe(false);
    now += 39_500;
    expect((await service.get(path)).status).toBe(404);
  });

  test("67 failures are counted by address, and shut out nobody who has a token", async () => {
    const service = await serveTest({ rateLimit: 2, rateClock: () => 0 });
    const wrong = { token: "none", headers: { Authorization: "Bearer wrong" } } as const;
    expect((await service.get("/v1/events/head", wrong)).status).toBe(401);
    expect((await service.get("/v1/events/head", { token: "none" })).status).toBe(401);
    expectRefusal(await service.get("/v1/events/head", wrong), 429, "TooManyRequestsError");
    expect((await service.get("/v1/events/head")).status).toBe(200);
  });

  test("67 a limiter remembers a bounded number of callers, and no ended window", () => {
    let now = 0;
    const limiter = new RateLimiter(1, () => now, 3);
    for (let key = 0; key < 1_000; key += 1) limiter.count(String(key));
    expect(limiter.size).toBe(3);
    expect(limiter.count("999").isExceeded).toBe(true);
    now += 60_000;
    expect(limiter.count("999").isExceeded).toBe(false);
    expect(limiter.size).toBe(1);
  });

  test("67 without the option nothing is limited", async () => {
    const service = await serveTest();
    expect((await service.get("/v1/events/head")).headers.has("RateLimit-Policy")).toBe(false);
  });
});

describe("targets and hosts", () => {
  test.each([
    "http://[",
    "http://",
    "https://a b/",
    "http://user@x/healthz",
    "http://x:99999/healthz",
    "healthz",
    "/%",
    "/%00",
  ])("%j is no target of a request", async (target) => {
    const service = await serveTest();
    const raw = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    expectRawRefusal(await sendRaw(service.url, raw), 400, "BadRequestError");
  });

  test("an absolute target is that of its path (RFC 9112 section 3.2.2)", async () => {
    const service = await serveTest();
    const raw = "GET http://x/healthz?#y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    expect(parseRaw(await sendRaw(service.url, raw)).status).toBe(200);
  });

  test("an absolute target names the host, whatever the Host header says", async () => {
    const service = await serveTest({ noAuth: true });
    const { host } = new URL(service.url);
    const get = (target: string, named: string) =>
      sendRaw(service.url, `GET ${target} HTTP/1.1\r\nHost: ${named}\r\nConnection: close\r\n\r\n`);
    expectRawRefusal(await get("http://evil.example/healthz", host), 403, "ForbiddenError");
    expect(parseRaw(await get(`http://${host}/healthz`, "evil.example")).status).toBe(200);
  });

  test.each(["", "a b", "a,b", "user@x", "[::1", "[x]", "x:y", "x/y", "<script>"])(
    "%j is no host",
    async (host) => {
      const service = await serveTest();
      const raw = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      expectRawRefusal(await sendRaw(service.url, raw), 400, "BadRequestError");
    },
  );
});

describe("sizes and patience", () => {
  test("68 a body that is declared too large is refused before it arrives", async () => {
    const service = await serveTest();
    const raw = await sendRaw(
      service.url,
      `POST /v1/buckets HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n`,
    );
    expectRawRefusal(raw, 413, "PayloadTooLargeError");
  });

  test("68 a URL has 8 KiB and not a byte more", async () => {
    const service = await serveTest();
    const padded = (length: number) => `/healthz?${"x".repeat(length - "/healthz?".length)}`;
    expectRefusal(await service.get(padded(8 * 1024)), 400, "BadRequestError");
    expectRefusal(await service.get(padded(8 * 1024 + 1)), 414, "UriTooLongError");
    const raw = `GET ${padded(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`;
    expectRawRefusal(await sendRaw(service.url, raw), 414, "UriTooLongError");
  });

  test("68 slow headers and slow bodies get a 408, and the socket is closed", async () => {
    const service = await serveTest({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const head = `POST /v1/buckets HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    const [headers, body] = await Promise.all([
      sendRaw(service.url, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "),
      sendRaw(service.url, `${head}{"bucket_name":`),
    ]);
    expectRawRefusal(headers, 408, "RequestTimeoutError");
    expectRawRefusal(body, 408, "RequestTimeoutError");
    expect((await service.store.head()).position).toBe(0);
  });

  test.each([
    ["headers", (request: string) => request.indexOf("Content-Type")],
    ["body", (request: string) => request.length - 1],
  ])("68 what arrives of the %s after its 408 is not carried out", async (_, cutAt) => {
    const service = await serveTest({ headersTimeoutMs: 300, requestTimeoutMs: 300 });
    const body = JSON.stringify({ bucket_name: "late", bucket_schema: { properties: {} } });
    const head = `POST /v1/buckets HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const request = head + body;
    const late = cutAt(request);
    const { hostname, port } = new URL(service.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on("error", () => {});
    socket.write(request.slice(0, late));
    const [answer] = await once(socket, "data");
    expect(parseRaw(String(answer)).status).toBe(408);
    socket.end(request.slice(late));
    await once(socket.resume(), "close");
    // Behind what came late, if that was taken.
    await makeBucket(service);
    expect((await service.store.head()).position).toBe(1);
  });

  test("68 a client that goes on dripping after its 408 is cut off", async () => {
    const service = await serveTest({ headersTimeoutMs: 300, requestTimeoutMs: 300 });
    const { hostname, port } = new URL(service.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on("error", () => {});
    socket.resume();
    socket.write("GET / HTTP/1.1\r\nX-Slow: ");
    const dripping = setInterval(() => socket.write("x"), 50);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(dripping);
  });
});

describe("what the answers look like", () => {
  test("70 the document describes the routes, and the routes are those of the document", async () => {
    const service = await serveTest();
    const document = await service.get("/openapi.json", { token: "none" });
    expect(textAt(document, "openapi")).toBe("3.1.0");
    const paths: Record<string, object> = JSON.parse(document.text).paths;
    for (const [path, operations] of Object.entries(paths)) {
      const options = await service.send("OPTIONS", path.replaceAll(/[{}]/g, ""));
      expect(options.status, path).toBe(204);
      const allowed = header(options, "Allow")
        .split(", ")
        .filter((method) => method !== "HEAD");
      const documented = Object.keys(operations).map((method) => method.toUpperCase());
      // A fixed segment such as `list` can be read as an identifier, too.
      expect(allowed.sort(), path).toEqual(expect.arrayContaining(documented.sort()));
    }
  });

  test("71 names are snake_case, times are RFC 3339 in UTC, nothing of ours is null", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.patch(path, { description: "x" });
    const answers = [
      await service.get(path),
      await service.get(`${path}/history`),
      await service.post("/v1/buckets/list"),
      await service.get("/v1/events/head"),
      await service.get("/v1/admin/tokens"),
    ];
    for (const { text } of answers) {
      expect(text).not.toMatch(/null/);
      for (const [, name] of text.matchAll(/"([^"]+)":/g)) expect(name).toMatch(/^[a-z_0-9]+$/);
      for (const [, time] of text.matchAll(/_at":"([^"]+)"/g)) {
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      }
    }
  });

  test("72 every answer says how it may be kept and what it is not, and no server brags", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const etag = header(await service.get(path), "ETag");
    const answers: [Answer, string][] = [
      [await service.get(path), "private, no-cache"],
      [await service.get(path, { headers: { "If-None-Match": etag } }), "private, no-cache"],
      [await service.get(`${path}?as_of=1`), "private, no-cache"],
      [await service.patch(path, {}, { headers: { Prefer: "return=minimal" } }), "no-store"],
      [await service.send("OPTIONS", path), "no-store"],
      [await service.send("HEAD", path), "private, no-cache"],
      [await service.get("/healthz"), "no-store"],
      [await service.get("/readyz"), "no-store"],
      [await service.get("/metrics"), "no-store"],
      [await service.get("/openapi.json"), "private, no-cache"],
      [await service.get("/nothing"), "no-store"],
      [await service.get(path, { token: "none" }), "no-store"],
      [await service.send("POST", path), "no-store"],
    ];
    expect(answers.map(([{ status }]) => status)).toEqual([
      200, 304, 200, 204, 204, 200, 200, 200, 200, 200, 404, 401, 405,
    ]);
    for (const [answer, cacheControl] of answers) {
      expect(header(answer, "Cache-Control"), String(answer.status)).toBe(cacheControl);
      expect(header(answer, "X-Content-Type-Options")).toBe("nosniff");
      expect(header(answer, "Content-Security-Policy")).toContain("default-src 'none'");
      expect(header(answer, "Referrer-Policy")).toBe("no-referrer");
      expect(answer.headers.has("Server")).toBe(false);
      expect(answer.headers.has("X-Powered-By")).toBe(false);
    }
  });
});

const allowHeaders = "Access-Control-Allow-Headers";

describe("other origins", () => {
  const origin = "https://app.example.com";
  const preflight = {
    token: "none",
    headers: { Origin: origin, "Access-Control-Request-Method": "PATCH" },
  } as const;

  test("72 are shut out unless they are configured", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    for (const answer of [
      await service.get(path, { headers: { Origin: origin } }),
      await service.send("OPTIONS", path, preflight),
    ]) {
      expect([...answer.headers.keys()].join()).not.toContain("access-control");
    }
  });

  test("72 that are configured may send and read what the API works with", async () => {
    const service = await serveTest({ corsOrigins: [origin] });
    const path = await makeBucket(service);
    const allowed = await service.send("OPTIONS", path, preflight);
    expect(allowed.status).toBe(204);
    expect(header(allowed, "Access-Control-Allow-Origin")).toBe(origin);
    expect(header(allowed, "Access-Control-Allow-Methods")).toContain("PATCH");
    expect(header(allowed, "Access-Control-Allow-Headers")).toContain("Idempotency-Key");
    for (const answer of [
      await service.get(path, { headers: { Origin: origin } }),
      await service.get("/nothing", { headers: { Origin: origin } }),
      await service.get(path, { headers: { Origin: origin }, token: "none" }),
    ]) {
      expect(header(answer, "Access-Control-Allow-Origin")).toBe(origin);
      expect(header(answer, "Access-Control-Expose-Headers")).toMatch(
        /^ETag, X-Version, X-Position, X-Recorded-At, X-Latest-Version, Location, Content-Location, Link, Memento-Datetime, X-Ignored-Fields, X-Unreadable, Idempotency-Replayed, Preference-Applied, X-Request-Id, Retry-After/,
      );
      expect(header(answer, "Vary")).toContain("Origin");
      expect(answer.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    }
    const other = await service.get(path, { headers: { Origin: `${origin}.evil.com` } });
    expect(other.headers.has("Access-Control-Allow-Origin")).toBe(false);
    expect(header(other, "Vary")).toContain("Origin");
  });

  test("72 may ask for ranges and send digests, and read what answers say of them", async () => {
    const service = await serveTest({ corsOrigins: [origin] });
    const allowed = header(await service.send("OPTIONS", "/v1/buckets/x", preflight), allowHeaders);
    for (const name of ["Range", "If-Range", "Content-Digest", "Repr-Digest", "Content-MD5"]) {
      expect(allowed.split(", ")).toContain(name);
    }
    const answer = await service.get("/healthz", { headers: { Origin: origin } });
    const exposed = header(answer, "Access-Control-Expose-Headers").split(", ");
    for (const name of ["Content-Range", "Accept-Ranges", "Content-Disposition", "Accept-Patch"]) {
      expect(exposed).toContain(name);
    }
  });

  test("72 read also what Node answers by itself, and only those that are configured", async () => {
    const others = [origin, "https://other.example.com"];
    const refusals = [
      `GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nX-Long: ${"x".repeat(17_000)}\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\nHost: x\r\norigin:${origin} \r\nno header\r\n\r\n`,
      `GET /${"x".repeat(17_000)} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n\r\n`,
    ];
    for (const [corsOrigins, expected] of [
      [others, origin],
      [["*"], "*"],
      [["https://other.example.com"], undefined],
      [[], undefined],
    ] as const) {
      const service = await serveTest({ corsOrigins });
      for (const raw of refusals) {
        const { status, head } = parseRaw(await sendRaw(service.url, raw));
        expect([400, 414, 431]).toContain(status);
        const sent = /^access-control-allow-origin: (.*)$/m.exec(head)?.[1]?.trim();
        expect(sent, `${status} for ${corsOrigins}`).toBe(expected);
        expect(head.includes("access-control-expose-headers")).toBe(expected !== undefined);
      }
    }
  });

  test("72 may be all, and one that could never match is refused at the start", async () => {
    const service = await serveTest({ corsOrigins: ["*"] });
    const answer = await service.get("/healthz", { headers: { Origin: origin } });
    expect(header(answer, "Access-Control-Allow-Origin")).toBe("*");
    await expect(serveTest({ corsOrigins: ["https://app.example.com/"] })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
  });
});

describe("a server under a path of its own", () => {
  test("carries the path in everything that it links to, and is nowhere else", async () => {
    const service = await serveTest({ basePath: "/api/buckets/" });
    expect(service.url).toMatch(/\/api\/buckets$/);
    const created = await service.post("/v1/buckets", {
      bucket_name: "videos",
      bucket_schema: { properties: {} },
      source_adapter: { adapter_type: "mux" },
    });
    const { bucket_id: id } = bucketOf(created);
    expect(header(created, "Location")).toBe(`/api/buckets/v1/buckets/${id}`);
    expect(at(created, "source_adapter", "webhook_url")).toBe(`${service.url}/v1/ingest/${id}`);
    const put = await service.send("PUT", `/v1/buckets/${id}`, { json: {} });
    expect(header(put, "Content-Location")).toBe(`/api/buckets/v1/buckets/${id}`);
    await service.send("DELETE", `/v1/buckets/${id}`);
    const gone = await service.get(`/v1/buckets/${id}`);
    expect(header(gone, "Link")).toBe(
      `</api/buckets/v1/buckets/${id}/history>; rel="version-history"`,
    );
    const document = await service.get("/openapi.json");
    expect(listAt(document, "servers")).toEqual([{ url: "/api/buckets" }]);
    for (const path of ["/v1/buckets", "/healthz", "/api/healthz", "/API/buckets/healthz", "/"]) {
      const raw = await sendRaw(
        service.url,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect(parseRaw(raw).status, path).toBe(404);
    }
  });

  test("takes no path that can be written in two ways", async () => {
    for (const basePath of ["api", "/a//b", "/a/../b", "/a%20b", "/a?b", "/:id"]) {
      await expect(serveTest({ basePath })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    }
  });

  test("shows the public address where there is one", async () => {
    const service = await serveTest({ basePath: "/b", publicUrl: "https://x.example.com" });
    const path = await makeBucket(service, { source_adapter: { adapter_type: "mux" } });
    const answer = await service.get(path);
    expect(textAt(answer, "source_adapter", "webhook_url")).toMatch(
      /^https:\/\/x\.example\.com\/b\/v1\/ingest\/bkt_/,
    );
  });
});

describe("a public URL", () => {
  test("is told in the place of the Host of the request, whatever answers", async () => {
    const service = await serveTest({ publicUrl: "https://x.example.com" });
    const bucket_schema = { properties: { clip: { type: "video" } } };
    const path = await makeBucket(service, {
      bucket_schema,
      source_adapter: { adapter_type: "mux" },
    });
    const askFrom = (host: string, method: string, target: string, body?: object) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      return sendRaw(
        service.url,
        `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${tokens.admin}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
          `Connection: close\r\n\r\n${text}`,
      );
    };
    const upload = { filename: "a.mp4", content_type: "video/mp4", blob_property: "clip" };
    const bucket = { bucket_name: "another", bucket_schema: { properties: {} } };
    const asked: readonly (readonly [string, string, object?])[] = [
      ["GET", "/"],
      ["GET", "/ui"],
      ["GET", "/openapi.json"],
      ["GET", "/v1/buckets/none"],
      ["GET", path],
      ["GET", `${path}/history?limit=1`],
      ["POST", `${path}/uploads`, upload],
      ["POST", "/v1/buckets", bucket],
      ["POST", "/v1/buckets/list", { limit: 1 }],
    ];
    for (const [method, target, body] of asked) {
      const answer = await askFrom("evil.example", method, target, body);
      expect(answer, target).toMatch(/^HTTP\/1\.1 /);
      expect(answer, target).not.toContain("evil.example");
    }
    expect(await askFrom("evil.example", "GET", path)).toContain(
      "https://x.example.com/v1/ingest/",
    );
    // Without it the server has nothing better to go by.
    const open = await serveTest();
    const there = await makeBucket(open, { source_adapter: { adapter_type: "mux" } });
    const raw = `GET ${there} HTTP/1.1\r\nHost: h.example\r\nAuthorization: Bearer ${tokens.admin}\r\nConnection: close\r\n\r\n`;
    expect(await sendRaw(open.url, raw)).toContain("http://h.example/v1/ingest/");
  });

  const wrong = [
    "",
    "x.example",
    "x.example:80",
    "//x.example",
    "ftp://x.example",
    "https://x.example?q=1",
    "https://x.example/?",
    "https://x.example#",
    "https://u:p@x.example",
    "https://u@x.example",
    "https://x.example/a//b",
    "https://x.example//",
    "https://x .example",
    "https://",
  ];

  test("is refused at the start unless it is an origin, with a path at most", async () => {
    for (const publicUrl of wrong) {
      expect(() => parsePublicUrl(publicUrl), publicUrl).toThrow(
        /is no public URL|is no base path/,
      );
    }
    await expect(startServer({ publicUrl: "x.example" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
  });

  test("loses the slash at its end", async () => {
    for (const [sent, read] of [
      ["http://h:1/", "http://h:1"],
      ["HTTPS://X.Example:443", "https://x.example"],
      ["https://x.example/a/b/", "https://x.example/a/b"],
      ["http://[::1]:8080", "http://[::1]:8080"],
    ] as const) {
      expect(parsePublicUrl(sent)).toBe(read);
    }
    await using server = await startServer({ publicUrl: "http://h:1/", token: tokens.admin });
    const service = createClient(server.url);
    const path = await makeBucket(service, { source_adapter: { adapter_type: "mux" } });
    expect(textAt(await service.get(path), "source_adapter", "webhook_url")).toMatch(
      /^http:\/\/h:1\/v1\/ingest\/bkt_/,
    );
  });
});

describe("what is sent twice", () => {
  test("is refused where one would count for a guess, and the other stays unread", async () => {
    const service = await serveTest();
    for (const line of [
      authorization.trimEnd(),
      "X-Namespace: default",
      "X-Actor: ana",
      "X-Reason: because",
      "Content-Type: application/json",
      "Range: bytes=0-1",
      'If-Range: "x"',
      "Accept-Datetime: Thu, 01 Oct 2026 12:00:00 GMT",
      "Last-Event-ID: 1",
      "Host: x",
    ]) {
      const other = line.toLowerCase().startsWith("authorization")
        ? `authorization: Bearer ${tokens.read}`
        : line.replace(/^[^:]+/, (name) => name.toUpperCase());
      const head = ["GET /v1/events/head HTTP/1.1", ...(line === "Host: x" ? [] : ["Host: x"])];
      const own = line === authorization.trimEnd() ? [] : [authorization.trimEnd()];
      const lines = [...head, ...own, line, other, "", ""].join("\r\n");
      expectRawRefusal(await sendRaw(service.url, lines), 400, "BadRequestError");
    }
    const fine = `GET /healthz HTTP/1.1\r\nHost: x\r\nAccept: text/css\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
    expect(parseRaw(await sendRaw(service.url, fine)).status).toBe(200);
  });
});

test("a refused request under a sub-path leaves no trace", async () => {
  const service = await serveTest({ basePath: "/b" });
  const path = await makeBucket(service);
  const answer = await leavesNoTrace(service, path, () => service.patch(path, { description: 1 }));
  expectRefusal(answer, 422, "ValidationError");
});
