/** What can be wrong with a connection, and how the client says so, never with the token in it. */
import { createServer } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connectBuckets, isBucketsError } from "../../src/index.js";
import { proxyBefore } from "../support/proxy.js";
import { serveTest, tokens } from "../support/server.js";

const token = tokens.admin;
const schema = { bucket_schema: { properties: {} } };

/** The error, which must be one of ours and must not hold the token anywhere. */
async function errorOf(act: () => unknown) {
  try {
    await act();
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    const shown = inspect(error, { depth: 20, showHidden: true });
    expect(shown).not.toContain(token);
    return error;
  }
  throw new Error("nothing was refused");
}

/** An address where nobody is. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${address.port}`;
}

describe("A client", () => {
  it.each([
    "",
    "127.0.0.1:8787",
    "ftp://127.0.0.1",
    `http://user:${token}@127.0.0.1`,
    "http://127.0.0.1/?a=1",
    "http://127.0.0.1/#a",
  ])("is not made for the base URL %j", async (baseUrl) => {
    const error = await errorOf(() => connectBuckets({ baseUrl, token }));
    expect(error.code).toBe("BAD_REQUEST");
  });

  it("asks under the base path of a server, with and without a slash at its end", async () => {
    const { url } = await serveTest({ basePath: "/api/buckets" });
    for (const baseUrl of [url, `${url}/`]) {
      const { buckets } = connectBuckets({ baseUrl, token }).namespace();
      await expect(buckets.get("films")).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("says which server does not know its token, and which token may do too little", async () => {
    const { url: baseUrl } = await serveTest();
    const stranger = connectBuckets({ baseUrl, token: "another-token-0123456789" });
    const nobody = connectBuckets({ baseUrl });
    const reader = connectBuckets({ baseUrl, token: tokens.read });
    for (const [store, code] of [
      [stranger, "UNAUTHORIZED"],
      [nobody, "UNAUTHORIZED"],
      [reader, "FORBIDDEN"],
    ] as const) {
      const { buckets } = store.namespace();
      const error = await errorOf(() => buckets.create({ bucket_name: "films", ...schema }));
      expect(error).toMatchObject({ code, details: { request_id: expect.any(String) } });
    }
  });

  it.each([
    ["a token with a line break", { token: `${token}\n` }, undefined],
    ["a request id that is no ASCII", {}, "request-ä"],
  ])("sends no header that cannot be: %s", async (_, options, requestId) => {
    const { url: baseUrl } = await serveTest();
    const store = connectBuckets({ baseUrl, token, ...options });
    const caller = requestId === undefined ? {} : { requestId };
    const error = await errorOf(() => store.namespace("default", caller).buckets.get("films"));
    expect(error.code).toBe("BAD_REQUEST");
  });

  it("refuses what no URL can name, before it asks for another bucket instead", async () => {
    const { url } = await serveTest();
    const proxy = await proxyBefore(url);
    const { buckets } = connectBuckets({ baseUrl: proxy.url, token }).namespace();
    for (const name of [".", ".."]) {
      const error = await errorOf(() => buckets.diff(name));
      expect(error.code).toBe("BAD_REQUEST");
    }
    expect(proxy.requests).toEqual([]);
    const { bucket } = await buckets.create({ bucket_name: "..", ...schema });
    expect((await buckets.get(bucket.bucket_id)).bucket.bucket_name).toBe("..");
  });

  it("reaches a bucket whose name is full of what URLs mean something by", async () => {
    const { url: baseUrl } = await serveTest();
    const { buckets } = connectBuckets({ baseUrl, token }).namespace();
    for (const name of ["a/b", "list?x=1#y", "%2e%2e", " films ", "Überfülle 🎞"]) {
      await buckets.create({ bucket_name: name, ...schema });
      expect((await buckets.get(name)).bucket.bucket_name).toBe(name);
    }
  });

  it("is refused by an HTTP namespace as by one in this process", async () => {
    const store = connectBuckets({ baseUrl: await deadUrl(), token });
    for (const name of ["", "no/name", "*"]) {
      const error = await errorOf(() => store.namespace(name));
      expect(error.code).toBe("BAD_REQUEST");
    }
  });

  const foreign: readonly (readonly [string, Parameters<typeof answering>[0]])[] = [
    ["the page of a proxy", { status: 404, body: "<html>not here</html>" }],
    ["a page instead of JSON", { status: 200, body: "<html>welcome</html>" }],
    ["JSON of something else", { status: 200, body: '{"hello": "world"}' }],
    ["an error of something else", { status: 400, body: '{"error": "bad"}' }],
    ["an empty answer", { status: 200 }],
    ["a redirect", { status: 302, headers: { Location: "http://example.invalid/" } }],
  ];

  it.each(foreign)("takes %s for no answer of bucketlog", async (_, fault) => {
    const store = await answering(fault);
    const error = await errorOf(() => store.namespace().buckets.get("films"));
    expect(error).toMatchObject({ code: "UNREACHABLE", details: { status: fault.status } });
    expect(error.message).toContain("check the base URL");
  });

  it("says that a server is gone, and that nothing was done", async () => {
    const baseUrl = await deadUrl();
    const store = connectBuckets({ baseUrl, token, retries: 1 });
    const { buckets } = store.namespace();
    for (const act of [
      () => store.head(),
      () => store.health(),
      () => store.tokens.revoke("x"),
      () => buckets.get("films"),
      () => buckets.create({ bucket_name: "films", ...schema }),
      () => store.events().page(),
    ]) {
      const error = await errorOf(act);
      expect(error).toMatchObject({ code: "UNREACHABLE", details: { server: baseUrl } });
      expect(error.message).toContain("ECONNREFUSED");
    }
  });

  it("is refused once it is closed, and closes twice", async () => {
    const { url: baseUrl } = await serveTest();
    const store = connectBuckets({ baseUrl, token });
    await store.close();
    await store.close();
    const error = await errorOf(() => store.head());
    expect(error.code).toBe("NOT_READY");
  });

  it("answers what is under way before it has closed", async () => {
    const service = await serveTest();
    const store = connectBuckets({ baseUrl: service.url, token });
    const writing = store.namespace().buckets.create({ bucket_name: "films", ...schema });
    await store.close();
    expect((await service.store.head()).position).toBe(1);
    expect((await writing).version).toBe(1);
  });

  it("ends with its signal: what is under way is rejected with the reason", async () => {
    const { url: baseUrl } = await serveTest();
    const ending = new AbortController();
    const store = connectBuckets({ baseUrl, token, signal: ending.signal });
    const waiting = store.events({ after: 0 }).page({ waitMs: 60_000 });
    const reading = store.head();
    const reason = new Error("the user has gone");
    ending.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(await waiting).toBeUndefined();
    await expect(store.head()).rejects.toBe(reason);
  });

  it("waits for an answer as long as it is told, and no longer", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const options: ConnectOptions = {
      baseUrl: `http://127.0.0.1:${address.port}`,
      token,
      timeoutMs: 50,
      retries: 1,
    };
    const { buckets } = connectBuckets(options).namespace();
    const read = await errorOf(() => buckets.get("films"));
    expect(read).toMatchObject({ code: "UNREACHABLE" });
    expect(read.message).toContain("no answer within 50 ms");
    const written = await errorOf(() => buckets.patch("films", {}, { idempotencyKey: "k1" }));
    expect(written).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      details: { outcome: "unknown", idempotency_key: "k1" },
    });
    silent.closeAllConnections();
    silent.close();
  });
});

/** A store whose server gives that answer. */
async function answering(fault: {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}) {
  const proxy = await proxyBefore("http://example.invalid");
  proxy.faults.push(fault);
  return connectBuckets({ baseUrl: proxy.url, token });
}
