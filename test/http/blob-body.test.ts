/**
 * Blobs over HTTP: bytes in by `readRawBody`, out by `sendBlob`, through a Koa app with a PUT and a
 * GET and real sockets.
 */

import { createServer } from "node:http";
import { connect } from "node:net";
import Koa from "koa";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BlobStore } from "../../src/blobstore/blob-store.js";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";
import type { BlobDescription } from "../../src/domain/object/blob-answers.js";
import { sendBlob } from "../../src/http/blob-body.js";
import { toProblem } from "../../src/http/problem.js";
import { readRawBody } from "../../src/http/raw-body.js";
import type { RequestState } from "../../src/http/route.js";
import { openBlob } from "../../src/service/objects/blobs.js";
import { sha256 } from "../blobstore/contract.js";
import { temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";
import { sendRaw } from "../support/server.js";

interface Options {
  readonly blob?: Partial<BlobDescription>;
  readonly maxBytes?: number;
  readonly expectedBytes?: number;
  readonly idleMs?: number;
  readonly slowest?: { readonly bytesPerSecond: number; readonly afterMs: number };
}

async function serve({ blob = {}, maxBytes = 100, idleMs = 10_000, ...sizes }: Options = {}) {
  const store: BlobStore = new FileBlobStore(`${temporaryFile()}.blobs`, new FixedClock().read);
  const app = new Koa<RequestState>();
  app.silent = true;
  let refuse: (error: unknown) => void = () => {};
  /** The first error that a request met. */
  const refusal = new Promise<unknown>((resolve) => {
    refuse = resolve;
  });
  app.use(async (context) => {
    try {
      if (context.method === "PUT") {
        const limits = { maxBytes, idleMs, ...sizes };
        context.body = await store.write(readRawBody(context, limits), limits);
      } else {
        const known = { ...digits, ...blob };
        await sendBlob(context, { ...known, read: (range) => openBlob(known, store, range) });
      }
    } catch (error) {
      refuse(error);
      const { status, body } = toProblem(error, { requestId: "req_1" });
      context.status = status;
      context.body = body;
    }
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return { url, store, refusal };
}

const digits: BlobDescription = {
  hash: sha256("0123456789"),
  sizeBytes: 10,
  mimeType: "text/plain",
  filename: "digits.txt",
};
const tag = `"${digits.hash}"`;

async function serveDigits(options: Options = {}) {
  const service = await serve(options);
  await fetch(service.url, { method: "PUT", body: "0123456789" });
  const get = async (headers: Record<string, string> = {}, method = "GET") => {
    const response = await fetch(service.url, { method, headers });
    return { response, status: response.status, text: await response.text() };
  };
  return { ...service, get };
}

describe("sendBlob", () => {
  test.each(["bytes=10-", "bytes=-0"])("refuses the range %s with the size", async (range) => {
    const { get } = await serveDigits();
    const { status, response } = await get({ Range: range });
    expect(status).toBe(416);
    expect(response.headers.get("Content-Range")).toBe("bytes */10");
  });

  test("refuses an If-None-Match that is no tag", async () => {
    const { get } = await serveDigits();
    expect((await get({ "If-None-Match": "abc" })).status).toBe(400);
  });

  test.each([
    ["missing", { hash: sha256("another") }],
    ["not complete", { sizeBytes: 11 }],
  ])("fails when the bytes are %s, before it has answered any", async (_, blob) => {
    const { get } = await serveDigits({ blob });
    const { status, response } = await get();
    expect(status).toBe(500);
    expect(response.headers.has("Content-Disposition")).toBe(false);
    expect(response.headers.has("ETag")).toBe(false);
  });

  test("sends the whole as a download that may be kept for ever", async () => {
    const { get } = await serveDigits();
    const { status, text, response } = await get();
    expect([status, text]).toEqual([200, "0123456789"]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "accept-ranges": "bytes",
      "cache-control": "private, max-age=31536000, immutable",
      "content-disposition": 'attachment; filename="digits.txt"',
      "content-length": "10",
      "content-type": "text/plain",
      etag: tag,
    });
    expect(response.headers.has("Content-Range")).toBe(false);
  });

  test.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-1", "9", "bytes 9-9/10"],
  ])("sends the range %s alone", async (range, part, contentRange) => {
    const { get } = await serveDigits();
    const { status, text, response } = await get({ Range: range, "If-Range": tag });
    expect([status, text]).toEqual([206, part]);
    expect(response.headers.get("Content-Range")).toBe(contentRange);
    expect(response.headers.get("Content-Length")).toBe(String(part.length));
    expect(response.headers.get("ETag")).toBe(tag);
  });

  test.each(['"other"', `W/${tag}`])("sends the whole when If-Range is %s", async (ifRange) => {
    const { get } = await serveDigits();
    const { status, text } = await get({ Range: "bytes=2-4", "If-Range": ifRange });
    expect([status, text]).toEqual([200, "0123456789"]);
  });

  test.each([tag, `W/${tag}`, "*", `"other", ${tag}`])(
    "sends nothing anew to who has %s",
    async (have) => {
      const { get } = await serveDigits();
      const { status, text, response } = await get({ "If-None-Match": have, Range: "bytes=99-" });
      expect([status, text]).toEqual([304, ""]);
      expect(response.headers.get("ETag")).toBe(tag);
      expect(response.headers.get("Cache-Control")).toContain("immutable");
    },
  );

  test("answers HEAD as GET without a range, and without the bytes", async () => {
    const { get } = await serveDigits();
    const whole = await get();
    const { status, text, response } = await get({ Range: "bytes=2-4" }, "HEAD");
    expect([status, text]).toEqual([200, ""]);
    const ofConnection = ["date", "connection", "keep-alive"];
    const headersOf = ({ headers }: Response) =>
      [...headers].filter(([name]) => !ofConnection.includes(name));
    expect(headersOf(response)).toEqual(headersOf(whole.response));
  });
});

describe("readRawBody", () => {
  const put = (headers: string, body = "") =>
    `PUT / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`;
  const chunked = "Transfer-Encoding: chunked";

  test.each([
    ["of a Content-Encoding", 415, put("Content-Encoding: gzip\r\nContent-Length: 3", "abc"), {}],
    ["that says it is too long", 413, put("Content-Length: 101"), {}],
    ["that is too long", 413, put(chunked, "4\r\nabcd\r\n"), { maxBytes: 3 }],
    ["that says another length", 400, put("Content-Length: 3"), { expectedBytes: 4 }],
    [
      "that is too short",
      400,
      put(`Connection: close\r\n${chunked}`, "3\r\nabc\r\n0\r\n\r\n"),
      { expectedBytes: 4 },
    ],
    ["that does not go on", 408, put("Content-Length: 3", "a"), { idleMs: 20 }],
    [
      "that drips",
      408,
      put("Content-Length: 9", "a"),
      { slowest: { bytesPerSecond: 1_000_000, afterMs: 0 } },
    ],
    ["that never begins", 408, put(chunked), { idleMs: 20 }],
  ])("refuses a body %s, and ends the connection", async (_, status, text, options) => {
    const { url, store } = await serve(options);
    const answer = await sendRaw(url, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain("Connection: close");
    expect(await collected(store)).toEqual({ kept: 0, abandoned: 0 });
  });

  test("keeps nothing of a body whose connection ends", async () => {
    const { url, store, refusal } = await serve();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.end(put("Content-Length: 10", "01234"));
    expect(await refusal).toMatchObject({ code: "BAD_REQUEST" });
    expect(await collected(store)).toEqual({ kept: 0, abandoned: 0 });
  });

  test.each([
    ["with a length", put("Connection: close\r\nContent-Length: 3", "abc")],
    ["in chunks", put(`Connection: close\r\n${chunked}`, "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")],
  ])("reads a body that comes %s", async (_, text) => {
    const { url, store } = await serve({ expectedBytes: 3, maxBytes: 3 });
    expect(await sendRaw(url, text)).toContain(sha256("abc"));
    expect(await store.verify(sha256("abc"))).toBe("intact");
  });
});

async function collected(store: BlobStore) {
  const findReferenced = async () => new Set<string>();
  const { kept, abandoned } = await store.collect({ findReferenced, graceMs: 1_000 });
  return { kept, abandoned };
}
