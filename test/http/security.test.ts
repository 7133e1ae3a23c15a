/**
 * HTTP.md, B9: security. Row 88 is matrix.proof.test.ts for every route, and here for what a route takes
 * from elsewhere. Later, because nothing of it exists: 93 (no request goes out), 94 (no webhook comes
 * in), and of 91 the diff, the feed and the filters. Row 100's bidirectional characters are CONTRACT's
 * to allow: names are any text without control characters. Of row 102 there is no CSV.
 */
import { describe, expect, test } from "vitest";
import {
  at,
  bucketOf,
  expectRefusal,
  filesBeside,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  sendRaw,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

const schema = { bucket_schema: { properties: {} } };

describe("who may pass", () => {
  test("87 no or a bad token is a 401, also in the wrong scheme or place", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    for (const value of ["", "Bearer", "Bearer x", `Basic ${tokens.admin}`, `bearer  `]) {
      const answer = await leavesNoTrace(service, path, () =>
        service.patch(
          path,
          { description: "x" },
          {
            token: "none",
            headers: value === "" ? {} : { Authorization: value },
          },
        ),
      );
      expectRefusal(answer, 401, "UnauthorizedError");
      expect(header(answer, "WWW-Authenticate")).toBe("Bearer");
    }
  });

  test("87 permission is checked before existence, tags, keys, media types and bodies", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const headers = { "If-Match": '"99"', "Idempotency-Key": "a" };
    const told = [];
    for (const target of [path, "/v1/buckets/bkt_nothing"]) {
      const answer = await service.patch(target, {}, { token: "read", headers });
      expectRefusal(answer, 403, "ForbiddenError");
      told.push(answer.text.replaceAll(/req_\d+/g, ""));
      const broken = { token: "read", text: "{", type: "text/plain" } as const;
      expect((await service.send("PATCH", target, broken)).status).toBe(403);
    }
    expect(told[0]).toBe(told[1]);
  });

  test("88 a cursor and an Idempotency-Key open nothing in another namespace", async () => {
    const service = await serveTest();
    await makeBucket(service, { bucket_name: "one" });
    const headers = { "Idempotency-Key": "same" };
    const path = await makeBucket(service, { bucket_name: "two" }, { headers });
    const json = { ...schema, bucket_name: "two" };
    const elsewhere = await service.post("/v1/buckets", json, { headers, namespace: "b" });
    expect(bucketOf(elsewhere).bucket_id).not.toBe(path.replace("/v1/buckets/", ""));
    expect(elsewhere.headers.has("Idempotency-Replayed")).toBe(false);
    const page = await service.post("/v1/buckets/list", { limit: 1 });
    const cursor = textAt(page, "pagination", "next_cursor");
    const other = await service.post("/v1/buckets/list", { cursor }, { namespace: "b" });
    expect(other.text).not.toContain('"one"');
    for (const target of [`${path}?as_of=1`, `${path}/history`, `${path}/replay`]) {
      const answer = await service.get(target, { namespace: "b" });
      expectRefusal(answer, 404, "NotFoundError");
      expect(answer.text).not.toMatch(/two|_at"/);
    }
  });

  test("89 tokens are kept as digests, end at once, and are not taken from the query", async () => {
    const service = await serveTest();
    const created = await service.post("/v1/admin/tokens", { name: "ci", permission: "admin" });
    const secret = textAt(created, "token");
    const use = { token: "none", headers: { Authorization: `Bearer ${secret}` } } as const;
    expect((await service.get("/v1/events/head", use)).status).toBe(200);
    for (const name of ["token", "access_token", "api_key"]) {
      const answer = await service.get(`/v1/events/head?${name}=${secret}`, { token: "none" });
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain(secret);
    }
    for (const [name, bytes] of filesBeside(service.file)) {
      expect(bytes.includes(secret), name).toBe(false);
    }
    expect(service.lines.join()).not.toContain(secret);
    await service.send("DELETE", "/v1/admin/tokens/ci");
    expect((await service.get("/v1/events/head", use)).status).toBe(401);
  });

  test("90 nobody sets the version, the position, the actor or the times through a body", async () => {
    const service = await serveTest();
    const forged = {
      bucket_id: "bkt_forged",
      version: 99,
      position: 99,
      actor: "root",
      namespace: "other",
      created_at: "1999-01-01T00:00:00.000Z",
      updated_at: "1999-01-01T00:00:00.000Z",
      object_count: 99,
      is_locked: true,
      status: "ARCHIVED",
    };
    const path = await makeBucket(service, forged);
    const answer = await service.patch(path, forged, { token: "write" });
    expect(header(answer, "X-Version")).toBe("2");
    expect(header(answer, "X-Ignored-Fields").split(", ").sort()).toEqual(
      Object.keys(forged).sort(),
    );
    expect(answer.text).not.toMatch(/99|forged|root|ARCHIVED/);
    expect(textAt(await service.get(`${path}/history/2`), "actor")).toBe("write");
    const actor = await service.patch(path, {}, { token: "write", headers: { "X-Actor": "root" } });
    expectRefusal(actor, 403, "ForbiddenError");
    for (const forged of ["a%0Ab", "a%C2%85b", "a%E2%80%AEb", "a%E2%80%A8b", "a".repeat(256)]) {
      const headers = { "X-Actor": forged };
      const refused = await service.patch(path, {}, { headers });
      expectRefusal(refused, 400, "BadRequestError");
      expect(refused.text).toContain("X-Actor: Send 1 to 255 characters");
    }
  });

  test("92 no spelling of an admin route opens it, and no method passes for another", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const asDelete = { token: "delete" } as const;
    for (const target of ["/v1/admin/tokens", "/v1/admin/verify", `${path}/lock`]) {
      expect((await service.post(target, undefined, asDelete)).status).toBe(403);
    }
    expect((await service.send("HEAD", "/v1/admin/tokens", asDelete)).status).toBe(403);
    const override = { "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE" };
    await service.get(path, { headers: override });
    expect((await service.get(path)).status).toBe(200);
    const spellings = [
      "/v1/Admin/tokens",
      "/V1/admin/tokens",
      "/v1/admin/tokens/",
      "//v1/admin/tokens",
      "/v1//admin/tokens",
      "/v1/%61dmin/tokens",
      "/v1/admin%2ftokens",
      "/v1/buckets/%2e%2e/admin/tokens",
      "/v1/admin;/tokens",
      "/v1/admin/tokens%00",
    ];
    for (const spelling of spellings) {
      const raw = await sendRaw(
        service.url,
        `GET ${spelling} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${tokens.admin}\r\n\r\n`,
      );
      expect(raw.slice(0, 12), spelling).toMatch(/^HTTP\/1\.1 (400|404)$/);
      expect(raw).not.toContain('"results"');
    }
  });
});

describe("hostile bodies", () => {
  test("91 every limit is a 4xx that leaves no trace", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { metadata: { text: "x".repeat(600_000) } });
    const operation = { op: "add", path: "/metadata/a", value: 1 };
    const doubled = { op: "copy", from: "/metadata/text", path: "/metadata/again" };
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, key) => [`k${key}`, 1]));
    const attempts: readonly [number, () => ReturnType<typeof service.get>][] = [
      [422, () => service.jsonPatch(path, Array(1_001).fill(operation))],
      [413, () => service.jsonPatch(path, [doubled])],
      [413, () => service.merge(path, { metadata: { more: "x".repeat(600_000) } })],
      [422, () => service.patch(path, { metadata: many })],
      [422, () => service.patch(path, { metadata: { ["k".repeat(1_025)]: 1 } })],
      [400, () => service.get(`${path}/history?limit=1001`)],
      [422, () => service.post("/v1/buckets/list", { limit: 1_001 })],
    ];
    for (const [status, attempt] of attempts) {
      const answer = await leavesNoTrace(service, path, attempt);
      expect(answer.status, answer.text.slice(0, 300)).toBe(status);
    }
  });

  test("95 names of the language are data like any other", async () => {
    const service = await serveTest();
    const text =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"t","hasOwnProperty":1}';
    const path = await makeBucket(service);
    const patched = await service.send("PATCH", path, { text: `{"metadata":${text}}` });
    expect(patched.status, patched.text).toBe(200);
    expect(patched.text).toContain(text.slice(1, -1));
    expect((await service.get(path)).text).toContain(text.slice(1, -1));
    await service.jsonPatch(path, [{ op: "add", path: "/metadata/__proto__/x", value: 1 }]);
    expect((await service.get(`${path}?a[__proto__][polluted]=1`)).status).toBe(400);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Reflect.get({}, "x")).toBeUndefined();
    expect((await service.store.verify()).ok).toBe(true);
  });

  test.for([
    ["96 a key that is there twice", '{"description":"a","description":"b"}', 400],
    ["98 a number beyond a double", '{"metadata":{"n":1e400}}', 400],
    ["98 an integer that a double cannot hold", '{"metadata":{"n":9007199254740993}}', 400],
    ["99 a lone surrogate", '{"metadata":{"s":"\\ud800"}}', 400],
    ["99 a byte order mark", '\ufeff{"description":"a"}', 400],
  ] as const)("%s is refused", async ([, text, status]) => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const answer = await leavesNoTrace(service, path, () => service.send("PATCH", path, { text }));
    expectRefusal(answer, status, "BadRequestError");
  });

  test("97 depth is refused, and never with a 500", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    for (const text of ["[".repeat(1_000_000), `{"metadata":${'{"a":'.repeat(200_000)}`]) {
      const answer = await service.send("PATCH", path, { text });
      expect([400, 422]).toContain(answer.status);
    }
  });

  test("98 other numbers come back as they were meant", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const numbers = [0, -1.5, 100, 0.1, 9007199254740991, 5e-324];
    await service.patch(path, { metadata: { numbers } });
    expect(listAt(await service.get(path), "metadata", "numbers")).toEqual(numbers);
    expect((await service.store.verify()).ok).toBe(true);
  });

  test("99 what is not UTF-8 is refused, and NUL is a character", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const bytes = Buffer.from('{"description":"\xff"}', "latin1");
    const answer = await leavesNoTrace(service, path, () =>
      service.send("PATCH", path, { text: bytes }),
    );
    expectRefusal(answer, 400, "BadRequestError");
    await service.patch(path, { metadata: { "a\u0000b": "c\u0000d" } });
    expect(at(await service.get(path), "metadata", "a\u0000b")).toBe("c\u0000d");
  });
});

describe("names and paths", () => {
  test("100 look-alikes are one bucket, and every spelling of a path is the same one", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { bucket_name: "Caf\u00e9" });
    const twin = await service.post("/v1/buckets", { ...schema, bucket_name: "Cafe\u0301" });
    expectRefusal(twin, 409, "AlreadyExistsError");
    for (const name of ["Caf%C3%A9", "%43af%c3%a9"]) {
      const answer = await service.get(`/v1/buckets/${name}`);
      expect(`/v1/buckets/${bucketOf(answer).bucket_id}`).toBe(path);
    }
    expect((await service.get("/v1/buckets/caf%C3%A9")).status).toBe(404);
    for (const name of [
      "a\u0000b",
      "a\nb",
      "",
      "x".repeat(256),
      "bkt_01hzzzzzzzzzzzzzzzzzzzzzzz",
    ]) {
      const answer = await service.post("/v1/buckets", { ...schema, bucket_name: name });
      expectRefusal(answer, 422, "ValidationError");
    }
    for (const name of ["%00", "a%0Ab", "%ff", "%c0%ae"]) {
      expectRefusal(await service.get(`/v1/buckets/${name}`), 400, "BadRequestError");
    }
    await makeBucket(service, { bucket_name: "a/b" });
    expect(bucketOf(await service.get("/v1/buckets/a%2Fb")).bucket_name).toBe("a/b");
    expect((await service.get("/v1/buckets/a/b")).status).toBe(404);
  });

  test("101 a secret is nowhere: not in files, answers, history, metrics or logs", async () => {
    const service = await serveTest();
    const canary = "canary-4f1d-secret";
    const adapter = {
      adapter_type: "generic_webhook",
      webhook_secret: canary,
      connection: { api_base_url: "https://api.example.com", credentials: { key: canary } },
    };
    const path = await makeBucket(service, { source_adapter: adapter });
    const answers = [
      await service.patch(path, { source_adapter: { ...adapter, enabled: false } }),
      await service.merge(path, { source_adapter: { webhook_secret: `${canary}-2` } }),
      await service.patch(path, { source_adapter: { ...adapter, adapter_type: canary.length } }),
      await service.get(path),
      await service.get(`${path}?as_of=1`),
      await service.get(`${path}/history`),
      await service.get(`${path}/replay`),
      await service.get("/metrics"),
      await service.get(`/v1/buckets/nothing?token=${canary}`),
      await service.get("/v1/events/head", { headers: { Cookie: `session=${canary}` } }),
      await service.get("/nothing", {
        token: "none",
        headers: { Authorization: `Bearer ${canary}` },
      }),
    ];
    for (const { text } of answers) expect(text).not.toContain(canary);
    expect(service.lines.join()).not.toContain(canary);
    for (const secret of [canary, ...Object.values(tokens)]) {
      for (const [name, bytes] of filesBeside(service.file)) {
        expect(bytes.includes(secret), name).toBe(false);
      }
      expect(service.lines.join()).not.toContain(secret);
    }
  });

  test("102 text that another language could mistake for its own is only text", async () => {
    const service = await serveTest();
    const hostile = [
      "'; DROP TABLE events; --",
      "1' OR '1'='1",
      "../../etc/passwd",
      "=cmd|'/c calc'!A1",
      "{{7*7}}<script>",
      'a" OR ""="',
    ];
    for (const name of hostile) {
      const path = await makeBucket(service, { bucket_name: name });
      const answer = await service.get(`/v1/buckets/${encodeURIComponent(name)}`);
      expect(`/v1/buckets/${bucketOf(answer).bucket_id}`).toBe(path);
    }
    expect(at(await service.post("/v1/buckets/list"), "total_count")).toBe(hostile.length);
    const path = await makeBucket(service);
    await service.patch(path, {}, { headers: { "X-Reason": "a%0D%0ASet-Cookie: b=c" } });
    const entry = await service.get(`${path}/history/2`);
    expect(entry.headers.has("Set-Cookie")).toBe(false);
    const ignored = await service.patch(path, { "a\r\nSet-Cookie: b=c": 1 });
    expect(ignored.headers.has("Set-Cookie")).toBe(false);
    expect(service.lines.every((line) => line.trimEnd().split("\n").length === 1)).toBe(true);
    expect((await service.store.verify()).ok).toBe(true);
  });
});

describe("request smuggling", () => {
  const start = "POST /v1/buckets HTTP/1.1\r\nHost: x\r\n";
  const smuggled = `GET /v1/admin/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.admin}\r\n\r\n`;

  test.for([
    [
      "a length and a transfer encoding",
      `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ["two lengths", `${start}Content-Length: 0\r\nContent-Length: 4\r\n\r\n${smuggled}`],
    ["a list of lengths", `${start}Content-Length: 0, 4\r\n\r\n${smuggled}`],
    ["a length with a sign", `${start}Content-Length: +4\r\n\r\n${smuggled}`],
    ["an unknown encoding", `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["chunked twice", `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ["a folded header", `${start}X-A: b\r\n c\r\n\r\n${smuggled}`],
    ["a space before the colon", `${start}Content-Length : 4\r\n\r\n${smuggled}`],
    ["a bare line feed", `${start.replaceAll("\r\n", "\n")}Content-Length: 4\n\n${smuggled}`],
    ["a bad chunk size", `${start}Transfer-Encoding: chunked\r\n\r\n0x4\r\n\r\n${smuggled}`],
    ["a NUL in a header", `${start}X-A: \u0000\r\n\r\n${smuggled}`],
  ])("103 %s is refused, and the connection ends", async ([, bytes = ""]) => {
    const service = await serveTest();
    const raw = await sendRaw(service.url, bytes);
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    expect(raw).toMatch(/\r\nConnection: close\r\n/i);
    expect(raw).not.toContain('"results"');
  });

  test.for([
    ["two hosts", "Host: a\r\nHost: b\r\n"],
    ["no host", ""],
  ])("103 %s is refused, and the connection ends", async ([, hosts = ""]) => {
    const service = await serveTest();
    const raw = await sendRaw(service.url, `GET /healthz HTTP/1.1\r\n${hosts}\r\n`);
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    expect(raw).toMatch(/\r\nConnection: close\r\n/i);
  });
});
