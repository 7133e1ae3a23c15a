/**
 * What the server does with bodies that it does not want. Method: bytes on a socket of our own, of
 * which the kernel tells how many were taken in.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/domain/limits.js";
import { makeBucket, type Service, sendRaw, serveTest, tokens } from "../support/server.js";

const mebibyte = 1024 * 1024;
const chunk = Buffer.alloc(mebibyte, " ");

function openSocket({ url }: Service): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {});
  return socket;
}

/** Sends for as long as it is taken; the answer, and how much of the body was taken. */
async function pour(service: Service, head: string, megabytes: number) {
  const socket = openSocket(service);
  const heard: Buffer[] = [];
  socket.on("data", (data) => heard.push(data));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(head);
  for (let sent = 0; sent < megabytes && !socket.destroyed; sent += 1) {
    if (socket.write(chunk)) continue;
    await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
  }
  await closed;
  return {
    answer: Buffer.concat(heard).toString(),
    sentBytes: socket.bytesWritten - socket.writableLength,
  };
}

function headOf(line: string, headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, "Host: x", ...headers, "", ""].join("\r\n");
}

const huge = `Content-Length: ${1024 * mebibyte}`;
const json = "Content-Type: application/json";
const bearer = (token: keyof typeof tokens) => `Authorization: Bearer ${tokens[token]}`;

describe("a large body that is refused early", () => {
  test("ends the connection, and the rest is not read", async () => {
    const service = await serveTest();
    const refusals = [
      [401, "POST /v1/buckets", [json]],
      [403, "PUT /v1/uploads/upl_1?signature=forged", []],
      [403, "POST /v1/buckets", [json, bearer("read")]],
      [404, "POST /v1/nothing", [json, bearer("admin")]],
      [405, "PUT /v1/buckets", [json, bearer("admin")]],
      [413, "POST /v1/buckets", [json, bearer("admin")]],
      [415, "POST /v1/buckets", ["Content-Type: text/html", bearer("admin")]],
      [200, "GET /healthz", []],
    ] as const;
    const pourEach = refusals.map(async ([status, line, headers]) => {
      const { answer, sentBytes } = await pour(service, headOf(line, [...headers, huge]), 256);
      expect(answer, line).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer, line).toMatch(/^Connection: close\r$/m);
      expect(answer.match(/HTTP\/1\.1/g), line).toHaveLength(1);
      // What the kernel holds for us is a part of it.
      expect(sentBytes, line).toBeLessThan(32 * mebibyte);
    });
    await Promise.all(pourEach);
  });

  test("without a length it ends the connection, too", async () => {
    const service = await serveTest();
    const head = headOf("POST /v1/buckets", [json, "Transfer-Encoding: chunked"]);
    const answer = await sendRaw(service.url, `${head}5\r\nabcde\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^Connection: close\r$/m);
  });
});

test("a small body that is refused is skipped, and the connection serves on", async () => {
  const service = await serveTest();
  const refused = `${headOf("POST /v1/buckets", [json, "Content-Length: 5"])}"abc"`;
  const answer = await sendRaw(
    service.url,
    `${refused}${headOf("GET /healthz", ["Connection: close"])}`,
  );
  expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
    "401",
    "200",
  ]);
});

test("a body of 64 KiB that is refused is skipped, and of one byte more the connection ends", async () => {
  const service = await serveTest();
  const refuse = async (bytes: number) => {
    const socket = openSocket(service);
    socket.write(headOf("POST /v1/buckets", [json, `Content-Length: ${bytes}`]));
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /);
    return { socket, isLast: /^Connection: close\r$/m.test(String(answer)) };
  };
  const { skippedBodyBytesMax: max } = limits;
  const small = await refuse(max);
  expect(small.isLast).toBe(false);
  small.socket.write(" ".repeat(max) + headOf("GET /healthz", ["Connection: close"]));
  const [next] = await once(small.socket, "data");
  expect(String(next)).toMatch(/^HTTP\/1\.1 200 /);
  const large = await refuse(max + 1);
  expect(large.isLast).toBe(true);
  await once(large.socket, "close");
});

test("a refused request whose small body never comes gets no second answer", async () => {
  const service = await serveTest({ headersTimeoutMs: 300, requestTimeoutMs: 300 });
  const answer = await sendRaw(
    service.url,
    headOf("POST /v1/buckets", [json, "Content-Length: 5"]),
  );
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 401"]);
});

test("a client that resets its connection is no error of ours", async () => {
  const service = await serveTest();
  const path = await makeBucket(service);
  const blob = { property: "x", type: "text", data: "x".repeat(900_000) };
  const schema = { bucket_schema: { properties: { x: { type: "text" } } } };
  await service.patch(path, schema);
  const made = await service.post(`${path}/objects?policy=insert`, { blobs: [blob] });
  const [object, blobId] = [/obj_\w+/, /blob_\w+/].map((id) => id.exec(made.text)?.[0]);
  const before = service.lines.length;
  const heads = [
    headOf("POST /v1/buckets", [json, bearer("admin"), "Content-Length: 500000"]),
    headOf(`GET ${path}/objects/${object}/blobs/${blobId}`, [bearer("admin")]),
    headOf("GET /v1/events", [bearer("admin"), "Accept: text/event-stream"]),
  ];
  for (const head of heads) {
    const socket = openSocket(service);
    socket.write(head);
    if (head.startsWith("POST")) {
      socket.write(" ".repeat(100_000));
      await once(socket, "drain");
    } else await once(socket, "data");
    socket.resetAndDestroy();
  }
  await expect.poll(() => service.lines.length - before).toBe(heads.length);
  expect(service.lines.filter((line) => line.includes('"level":50'))).toEqual([]);
});

describe("Expect: 100-continue (RFC 9110 section 10.1.1)", () => {
  const expecting = [json, "Expect: 100-continue", "Content-Length: 2"];

  test("a refusal comes in the place of the 100", async () => {
    const service = await serveTest();
    const refusals = [
      [401, "POST /v1/buckets", expecting],
      [403, "POST /v1/buckets", [...expecting, bearer("read")]],
      [403, "PUT /v1/uploads/upl_1?signature=forged", expecting],
      [413, "POST /v1/buckets", [json, "Expect: 100-continue", huge, bearer("admin")]],
    ] as const;
    const sendEach = refusals.map(async ([status, line, headers]) => {
      const answer = await sendRaw(service.url, headOf(line, headers));
      expect(answer, line).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer, line).toMatch(/^Connection: close\r$/m);
    });
    await Promise.all(sendEach);
  });

  test("a body that is wanted is asked for, once", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const socket = openSocket(service);
    const heard: Buffer[] = [];
    socket.on("data", (data) => heard.push(data));
    const first = once(socket, "data");
    socket.write(headOf(`PATCH ${path}`, [...expecting, bearer("write"), "Connection: close"]));
    await first;
    socket.write("{}");
    await once(socket, "close");
    expect(Buffer.concat(heard).toString()).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
  });
});
