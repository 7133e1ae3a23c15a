/**
 * Goal: nothing that anybody sends is answered with a trace or a 500. Method: requests as a seeded
 * generator makes them, from the routes of the document and what breaks parsers, sent as raw bytes
 * in order; a failure names the request, and the same seed makes it again.
 */
import fc from "fast-check";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { BodyThread } from "../../src/bodies/body-thread.js";
import { serveStore } from "../../src/http/index.js";
import { ReaderPool } from "../../src/readers/pool.js";
import { depth } from "../support/depth.js";
import { makeBucket, type Service, sendRaw, serveTest, tokens } from "../support/server.js";

const seed = 20_261_013;
const count = depth({ smoke: 300, deep: 20_000 });

const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ parameters: z.array(z.object({ name: z.string(), in: z.string() })).optional() }),
    ),
  ),
});

/** What no parser may trip over. */
const hostileText = fc.oneof(
  fc.constantFrom(
    ...["", "0", "-1", "1e400", "null", "[", "[]", "{}", "%", "%00", "%ff", "%2e%2e", "..", "*"],
    ...["__proto__", "constructor", "@", "@0", "@1", "@99999999999999999999", "1.5", "NaN"],
    ...["bkt_", "obj_0", "a:b", "a,b", '"', "'", "\\", "\u00e9", "%F0%9F%98%80", "\x7f", "\t"],
    ...["2026-13-01", "9999-12-31T23:59:59Z", "~", "/", "//", "(", "(?<", "a{1000}", "$"],
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ minLength: 900, maxLength: 1_100 }),
);

const hostileTarget = fc.oneof(
  fc.constantFrom(
    ...["http://[", "http://[::1", "http://", "https://a b/", "http://%/", "http://x:99999/"],
    ...["//", "///[", "//[/v1", "/\\[", "*", "?", "#", "/#", "/v1#[", "x", "http:", "ftp://x/"],
    ...["http://user@x/v1/buckets", "/v1/buckets?%", "/v1/buckets?a[b]=c", "/v1/%c0%af", "/;"],
  ),
  fc.string({ maxLength: 30 }),
  fc.string({ maxLength: 30 }).map((text) => `http://${text}`),
);

const headerLine = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        ...["Accept", "Accept-Datetime", "Authorization", "Content-Digest", "Content-Encoding"],
        ...["Content-MD5", "Content-Range", "Expect", "Host", "Idempotency-Key", "If-Match"],
        ...["If-None-Match", "If-Range", "Origin", "Prefer", "Range", "X-Actor", "X-Namespace"],
        ...["X-Reason", "X-Request-Id", "traceparent", "Transfer-Encoding", "Sec-Fetch-Site"],
      ),
      fc.oneof(
        hostileText,
        fc.constantFrom('"1.0"', "bytes=0-", "*", "handling=strict", "chunked"),
      ),
    )
    .map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, " ")}`),
  fc.constant("Accept: application/problem+json"),
);

/** Fields that routes know, so that their values are looked at. */
const knownKeys = fc.constantFrom(
  ...["bucket_name", "bucket_schema", "properties", "type", "metadata", "select", "filters"],
  ...["sort", "field", "direction", "operator", "value", "AND", "NOT", "limit", "offset", "cursor"],
  ...["search", "blobs", "data", "base64", "url", "property", "object_ids", "operations"],
  ...["method", "path", "body", "to", "undo", "fields", "group_by", "metrics", "source_adapter"],
  ...["adapter_type", "webhook_secret", "unique_key", "reason", "expires_at", "name", "permission"],
  ...["namespaces", "objects", "uploads", "filename", "content_type", "file_size_bytes", "op"],
);

const { value: hostileJson } = fc.letrec<{ readonly value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    hostileText,
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, "growth", "string", "eq", "regex"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(knownKeys, hostileText), tie("value"), { maxKeys: 4 }),
  ),
}));

const body = fc.oneof(
  fc.constant(""),
  hostileJson.map((value) => JSON.stringify(value)),
  fc.dictionary(knownKeys, hostileJson, { maxKeys: 5 }).map((value) => JSON.stringify(value)),
  fc.string(),
);

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
}

/** As the document of the server describes them; what waits on purpose is left out. */
async function operationsOf(service: Service): Promise<Operation[]> {
  const { body: document } = await service.get("/openapi.json");
  return Object.entries(Document.parse(document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => ({
      method: method.toUpperCase(),
      path,
      query: parameters
        .filter((parameter) => parameter.in === "query" && parameter.name !== "wait")
        .map(({ name }) => name),
    })),
  );
}

/** The requests of a server whose resources have these names. */
function requests(operations: readonly Operation[], ids: readonly string[]) {
  const segment = fc.oneof(fc.constantFrom(...ids), hostileText.map(encodeSegment));
  const target = fc.constantFrom(...operations).chain(({ method, path, query }) =>
    fc.record({
      method: fc.oneof({ weight: 9, arbitrary: fc.constant(method) }, fc.constantFrom("HEAD", "X")),
      target: fc
        .tuple(
          fc.array(segment, { minLength: 4, maxLength: 4 }),
          fc.array(fc.tuple(fc.constantFrom("x", ...query), hostileText), { maxLength: 2 }),
        )
        .map(([segments, sent]) => {
          const filled = [...segments];
          const place = path.replaceAll(/\{\w+\}/g, () => filled.pop() ?? "x");
          const text = sent.map(([name, value]) => `${name}=${encodeSegment(value)}`).join("&");
          return text === "" ? place : `${place}?${text}`;
        }),
    }),
  );
  const stray = fc.record({
    method: fc.constantFrom("GET", "POST", "OPTIONS", "PUT", "TRACE", "get", ""),
    target: hostileTarget,
  });
  return fc
    .tuple(
      fc.oneof({ weight: 8, arbitrary: target }, { weight: 1, arbitrary: stray }),
      fc.array(headerLine, { maxLength: 2 }),
      fc.constantFrom<"none" | keyof typeof tokens>("admin", "admin", "write", "read", "none"),
      body,
      fc.constantFrom(
        ...["application/json", "application/json", "application/merge-patch+json"],
        ...["application/json-patch+json", "text/plain", ""],
      ),
    )
    .map(([line, headers, token, content, type]) =>
      [
        `${line.method} ${line.target} HTTP/1.1`,
        "Connection: close",
        ...(headers.some((header) => header.startsWith("Host:")) ? [] : ["Host: x"]),
        ...headers,
        ...(token === "none" ? [] : [`Authorization: Bearer ${tokens[token]}`]),
        ...(type === "" ? [] : [`Content-Type: ${type}`]),
        `Content-Length: ${Buffer.byteLength(content)}`,
        "",
        content,
      ].join("\r\n"),
    );
}

function encodeSegment(text: string): string {
  return text.startsWith("%") ? text : encodeURIComponent(text.toWellFormed());
}

/** What must hold of any answer; a 501 says that the method, or what is asked for, is not served here. */
function expectSane(request: string, answer: string): void {
  const status = Number(
    /^HTTP\/1\.1 (\d{3}) /.exec(answer.replace(/^HTTP\/1\.1 100 .*?\r\n\r\n/s, ""))?.[1],
  );
  const isSane = status >= 200 && (status < 500 || status === 501);
  expect(isSane, `${request}\n\n${answer}`).toBe(true);
  expect(/\bat .*\.[jt]s:\d+/.test(answer), `${request}\n\n${answer}`).toBe(false);
  if (status < 400 || request.startsWith("HEAD ")) return;
  expect(answer, request).toMatch(/"success":false|"urn:bucketlog:|"type":"https:/);
}

/** The same store behind a server that has threads, as `serve` has them. */
async function serveThreaded({ store, file }: Service, onLine: (line: string) => void) {
  const settings = { store: { file }, app: {} };
  const readers = new ReaderPool({
    countMax: 2,
    settings: () => settings,
    timeoutMs: 120_000,
    heapMegabytesMax: 256,
    onLine,
    onAltered: () => {},
  });
  const largeBodies = new BodyThread();
  const server = await serveStore({
    store,
    readers,
    largeBodies,
    logger: pino({ level: "info" }, { write: onLine }),
    host: "127.0.0.1",
    port: 0,
    requestTimeoutMs: 2_000,
    headersTimeoutMs: 1_000,
  });
  onTestFinished(async () => {
    await server.close();
    await Promise.all([readers.close(), largeBodies.close()]);
  });
  return server;
}

test(`nothing of ${count} hostile requests is answered with a fault of ours`, async () => {
  const service = await serveTest();
  const lines: string[] = [];
  const server = await serveThreaded(service, (line) => lines.push(line));
  const path = await makeBucket(service, { bucket_name: "videos" });
  const object = await service.post(`${path}/objects?policy=insert`, { blobs: [] });
  const ids = ["videos", "default", path.slice("/v1/buckets/".length)];
  const objectId = /"object_id":"(\w+)"/.exec(object.text)?.[1];
  if (objectId !== undefined) ids.push(objectId);
  const arbitrary = requests(await operationsOf(service), ids);
  for (const request of fc.sample(arbitrary, { seed, numRuns: count })) {
    expectSane(request, await sendRaw(server.url, request));
  }
  const faults = /"level":[56]0/;
  expect(lines.filter((line) => faults.test(line))).toEqual([]);
  expect(lines.length).toBeGreaterThanOrEqual(count / 2);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});
