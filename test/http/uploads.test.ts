/**
 * Uploads over HTTP. Goal: bytes come in under a signed URL and nothing else, and whatever goes wrong
 * with them leaves nothing behind. Method: real requests, the broken ones written byte by byte.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { limits } from "../../src/domain/limits.js";
import { connectBuckets } from "../../src/index.js";
import {
  type Answer,
  at,
  createClient,
  day,
  expectRefusal,
  header,
  leavesNoTrace,
  makeBucket,
  type Sending,
  type Service,
  type ServiceOptions,
  sendRaw,
  serve,
  serveTest,
  TestClock,
  temporaryFile,
  textAt,
  tokens,
} from "../support/server.js";
import { startServerProcess } from "../support/server-process.js";

const clips = {
  bucket_name: "clips",
  bucket_schema: { properties: { title: { type: "string" }, clip: { type: "video" } } },
  unique_key: { fields: ["title"], default_policy: "insert" },
};
const content = "0123456789";
const hash = createHash("sha256").update(content).digest("hex");
const announced = {
  filename: "clip.mp4",
  content_type: "video/mp4",
  blob_property: "clip",
  object_metadata: { title: "a" },
};

interface Subject {
  readonly service: Service;
  readonly clock: TestClock;
  readonly bucket: string;
  readonly uploads: string;
}

async function serveClips(options: ServiceOptions = {}): Promise<Subject> {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read, ...options });
  const bucket = await makeBucket(service, clips);
  return { service, clock, bucket, uploads: `${bucket}/uploads` };
}

interface Begun {
  readonly id: string;
  /** Of the URL that takes the bytes, from the path on. */
  readonly target: string;
}

async function begin({ service, uploads }: Subject, fields: object = {}): Promise<Begun> {
  const made = await service.post(uploads, { ...announced, ...fields });
  const { pathname, search } = new URL(textAt(made, "presigned_url"));
  return { id: textAt(made, "upload_id"), target: pathname + search };
}

/** Sends the bytes as whoever was given the URL does: without a token. */
function put({ service }: Subject, target: string, sending: Sending = {}): Promise<Answer> {
  return service.send("PUT", target, {
    text: content,
    type: "video/mp4",
    token: "none",
    ...sending,
  });
}

/** The files of contents, whole or in part. */
function filesOf({ file }: Pick<Service, "file">): readonly string[] {
  const folder = `${file}.blobs`;
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Holds a refused PUT to leave no event, no file, and nothing that could be confirmed. */
async function refusedPut(subject: Subject, { id, target }: Begun, sending: Sending) {
  const { service, bucket, uploads } = subject;
  const answer = await leavesNoTrace(service, bucket, () => put(subject, target, sending));
  expect(filesOf(service)).toEqual([]);
  const confirmed = await service.post(`${uploads}/${id}/confirm`, {});
  expect([400, 404], confirmed.text).toContain(confirmed.status);
  return answer;
}

const sameRefusal = ({ status, text }: Answer) => ({
  status,
  text: text.replaceAll(/req_\w+/g, ""),
});

describe("bytes are refused", () => {
  test("under a URL that was changed, is another's, expired, or whose upload is gone: alike", async () => {
    const subject = await serveClips();
    const { service, clock, uploads } = subject;
    const [one, other] = [await begin(subject), await begin(subject)];
    const signature = one.target.split("=")[1] ?? "";
    const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
    const targets = [
      `/v1/uploads/${one.id}?signature=${flipped}`,
      `/v1/uploads/${one.id}?signature=${signature.slice(1)}`,
      `/v1/uploads/${one.id}?signature=`,
      `/v1/uploads/${other.id}?signature=${signature}`,
      `/v1/uploads/upl_00000000000000000000000000?signature=${signature}`,
      `/v1/uploads/${subject.bucket.split("/").at(-1)}?signature=${signature}`,
    ];
    const answers: Answer[] = [];
    for (const target of targets) answers.push(await refusedPut(subject, { ...one, target }, {}));
    expect((await service.send("DELETE", `${uploads}/${other.id}`)).status).toBe(204);
    answers.push(await refusedPut(subject, other, {}));
    clock.advance(3_600_000 - 1);
    expect((await put(subject, one.target)).status).toBe(200);
    clock.advance(1);
    answers.push(await put(subject, one.target));
    const [first] = answers;
    if (first === undefined) throw new Error("no answer");
    expectRefusal(first, 403, "ForbiddenError");
    for (const answer of answers) expect(sameRefusal(answer)).toEqual(sameRefusal(first));
  });

  test("once the bucket is deleted, with the same words", async () => {
    const subject = await serveClips();
    const { target } = await begin(subject);
    await subject.service.send("DELETE", subject.bucket);
    expectRefusal(await put(subject, target), 403, "ForbiddenError");
    expect(filesOf(subject.service)).toEqual([]);
  });

  test("under the URL of another store", async () => {
    const [subject, elsewhere] = [await serveClips(), await serveClips()];
    const { id, target } = await begin(subject);
    const { target: foreign } = await begin(elsewhere);
    const signature = foreign.split("?")[1];
    const answer = await refusedPut(subject, { id, target: `/v1/uploads/${id}?${signature}` }, {});
    expectRefusal(answer, 403, "ForbiddenError");
    expect((await put(subject, target)).status).toBe(200);
  });

  test("without a signature, with two, and with anything else in the query", async () => {
    const subject = await serveClips();
    const begun = await begin(subject);
    for (const target of [
      `/v1/uploads/${begun.id}`,
      `${begun.target}&signature=x`,
      `${begun.target}&expires=never`,
      `/v1/uploads/${begun.id}?signature=${"a".repeat(300)}`,
    ]) {
      expectRefusal(await refusedPut(subject, { ...begun, target }, {}), 400, "BadRequestError");
    }
  });

  test("of another type, or encoded", async () => {
    const subject = await serveClips();
    const begun = await begin(subject);
    for (const sending of [
      { type: "video/webm" },
      { type: "text/html" },
      { headers: { "Content-Encoding": "gzip" } },
    ]) {
      const answer = await refusedPut(subject, begun, sending);
      expectRefusal(answer, 415, "UnsupportedMediaTypeError");
    }
  });

  test("when there are more or fewer than were announced", async () => {
    const subject = await serveClips();
    const begun = await begin(subject, { file_size_bytes: content.length });
    for (const text of [content.slice(1), `${content}0`, ""]) {
      expectRefusal(await refusedPut(subject, begun, { text }), 400, "BadRequestError");
    }
  });

  test.each([
    ["fewer", "5\r\n01234\r\n0\r\n\r\n"],
    ["more", "b\r\n0123456789a\r\n0\r\n\r\n"],
    ["none", "0\r\n\r\n"],
  ])("when there are %s than were announced and no length says so", async (_, chunks) => {
    const subject = await serveClips();
    const { target } = await begin(subject, { file_size_bytes: content.length });
    const head = `PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n`;
    const text = `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks}`;
    expect(await sendRaw(subject.service.url, text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(filesOf(subject.service)).toEqual([]);
  });

  test("when the connection ends in the middle: no object, no reference, no file", async () => {
    const subject = await serveClips();
    const { service, bucket, uploads } = subject;
    const { id, target } = await begin(subject, { file_size_bytes: content.length });
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    const head = `PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n`;
    socket.write(`${head}Content-Length: ${content.length}\r\n\r\n01234`);
    await expect.poll(() => filesOf(service)).toHaveLength(1);
    socket.destroy();
    await expect.poll(() => service.lines.join("")).toContain('"method":"PUT"');
    expect(filesOf(service)).toEqual([]);
    expectRefusal(await service.post(`${uploads}/${id}/confirm`), 400, "BadRequestError");
    expect((await service.get(bucket)).body).toMatchObject({ object_count: 0 });
  });

  test("after the upload was confirmed, and while the bucket is locked", async () => {
    const subject = await serveClips();
    const { service, bucket, uploads } = subject;
    const begun = await begin(subject);
    await service.post(`${bucket}/lock`);
    expectRefusal(await put(subject, begun.target), 423, "BucketLockedError");
    await service.post(`${bucket}/unlock`);
    await put(subject, begun.target);
    await service.post(`${uploads}/${begun.id}/confirm`);
    expectRefusal(await put(subject, begun.target), 409, "ConflictError");
  });
});

test.each([
  [
    "deleted",
    ({ service, uploads }: Subject, id: string) => service.send("DELETE", `${uploads}/${id}`),
  ],
  ["over", async ({ clock }: Subject) => clock.advance(2 * 60 * 60 * 1_000)],
])("bytes for an upload that is %s while they arrive are taken no further", async (_, end) => {
  const subject = await serveClips();
  const { id, target } = await begin(subject);
  const { hostname, port } = new URL(subject.service.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  const head = `PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n`;
  socket.write(`${head}Content-Length: 1000000000\r\n\r\nx`);
  await expect.poll(() => filesOf(subject.service)).toHaveLength(1);
  await end(subject, id);
  const dripping = setInterval(() => socket.write("x"), 20);
  const [answer] = await once(socket, "data");
  clearInterval(dripping);
  expect(String(answer)).toMatch(/^HTTP\/1\.1 409 /);
  await expect.poll(() => filesOf(subject.service)).toEqual([]);
});

test("a signed URL is for so many attempts, and no more", async () => {
  const subject = await serveClips();
  const { target } = await begin(subject);
  // One that is refused counts like one that arrives.
  const tries = Array.from({ length: limits.uploadAttemptsMax }, (_, index) => index);
  for (const index of tries) {
    const sending = index % 2 === 0 ? {} : { headers: { "Content-MD5": "bm8=" } };
    expect((await put(subject, target, sending)).status).not.toBe(409);
  }
  expectRefusal(await put(subject, target), 409, "ConflictError");
  expect(filesOf(subject.service)).toHaveLength(1);
  expect((await put(subject, (await begin(subject)).target)).status).toBe(200);
});

test("so many uploads arrive at once, of one URL and of all, and no more", async () => {
  const subject = await serveClips();
  const { hostname, port } = new URL(subject.service.url);
  /** Its bytes do not end. */
  const hold = async (target: string) => {
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    const head = `PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n`;
    socket.write(`${head}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 100 /);
    return socket;
  };
  const expectNoPlace = async (target: string) => {
    const answer = await put(subject, target);
    expectRefusal(answer, 503, "UnavailableError");
    expect(header(answer, "Retry-After")).toBe("1");
  };
  const { openUploadsMax: max, openTransfersOfUploadMax: ofOneMax } = limits;
  const begun: Begun[] = [];
  while (begun.length < max / ofOneMax) begun.push(await begin(subject));
  const held = [];
  for (const { target } of begun) {
    for (let n = 0; n < ofOneMax; n += 1) held.push(await hold(target));
    if (held.length === ofOneMax) await expectNoPlace(target);
  }
  const { target } = await begin(subject);
  await expectNoPlace(target);
  held[0]?.destroy();
  await expect.poll(async () => (await put(subject, target)).status).toBe(200);
});

test("the metrics tell how much the bytes of blobs take of the disk", async () => {
  const subject = await serveClips();
  const { target } = await begin(subject);
  const bytesOfBlobs = async () => {
    const { text } = await subject.service.get("/metrics");
    return /^bucketlog_storage_bytes\{part="blobs"\} (\d+)$/m.exec(text)?.[1];
  };
  // They are counted once somebody asks.
  await vi.waitUntil(async () => (await bytesOfBlobs()) === "0", { timeout: 20_000 });
  await put(subject, target);
  expect(await bytesOfBlobs()).toBe(String(content.length));
  const other = "another content";
  await put(subject, target, { text: other });
  expect(await bytesOfBlobs()).toBe(String(other.length));
});

test("bytes that keep arriving may take longer than any other request", async () => {
  const subject = await serveClips({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
  const { target } = await begin(subject, { file_size_bytes: content.length });
  const { hostname, port } = new URL(subject.service.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const head = `PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n`;
  socket.write(`${head}Content-Length: ${content.length}\r\n\r\n`);
  // The server looks for late requests every second.
  let sent = 0;
  const dripping = setInterval(() => {
    if (sent < content.length) socket.write(content.charAt(sent));
    sent += 1;
  }, 250);
  const [answer] = await once(socket, "data");
  clearInterval(dripping);
  expect(sent).toBeGreaterThanOrEqual(content.length);
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
});

describe("an upload", () => {
  test("is announced, sent, confirmed, and then an object's blob, whole or in part", async () => {
    const subject = await serveClips();
    const { service, bucket, uploads } = subject;
    const made = await service.post(uploads, { ...announced, file_size_bytes: content.length });
    const id = textAt(made, "upload_id");
    expect(header(made, "Location")).toBe(`${uploads}/${id}`);
    expect(made.body).toMatchObject({ status: "PENDING", presigned_url_expiration: 3_600 });
    const target = textAt(made, "presigned_url").replace(service.url, "");
    await put(subject, target, { text: "9876543210" });
    const sent = await put(subject, target);
    expect(sent.status).toBe(200);
    expect(header(sent, "ETag")).toBe(`"${hash}"`);
    expect(sent.body).toEqual({ upload_id: id, file_hash: hash, file_size_bytes: 10 });
    const confirmed = await service.post(`${uploads}/${id}/confirm`, {
      etag: header(sent, "ETag"),
    });
    expect(confirmed.body).toMatchObject({ status: "COMPLETED", etag: hash, file_hash: hash });
    const object = await service.get(`${bucket}/objects/${textAt(confirmed, "object_id")}`);
    expect(object.body).toMatchObject({ title: "a", blobs: [{ property: "clip", type: "video" }] });
    const blob = `${bucket}/objects/${textAt(confirmed, "object_id")}/blobs/${at(object, "blobs", "0", "blob_id")}`;
    expect((await service.get(blob)).text).toBe(content);
    const part = await service.get(blob, { headers: { Range: "bytes=2-4" } });
    expect([part.status, part.text]).toEqual([206, "234"]);
    const known = await service.get(blob, { headers: { "If-None-Match": `"${hash}"` } });
    expect(known.status).toBe(304);
  });

  test("shows its URL to those who may write, while it waits, and nowhere else", async () => {
    const subject = await serveClips();
    const { service, clock, uploads } = subject;
    const { id, target } = await begin(subject);
    const signature = target.split("=")[1] ?? "";
    const path = `${uploads}/${id}`;
    expect(textAt(await service.get(path, { token: "write" }), "presigned_url")).toContain(target);
    clock.advance(1);
    const elsewhere = [
      await service.get(path, { token: "read" }),
      await service.get(`${path}?as_of=1`),
      await service.get(`${path}/history`),
      await service.get(`${path}/replay`),
      await service.post(`${uploads}/list`),
      await service.get("/v1/events"),
      await service.post(`${uploads}?dry_run=true`, announced),
      await service.get("/v1/organizations/audit/logs"),
    ];
    for (const answer of elsewhere) {
      expect(answer.status, answer.text).toBe(200);
      expect(answer.text).not.toContain("signature=");
    }
    await put(subject, target);
    const confirmed = await service.post(`${path}/confirm`);
    expect(confirmed.status).toBe(200);
    for (const { text } of [confirmed, await service.get(path)]) {
      expect(text).not.toContain('presigned_url"');
    }
    expect(service.lines.join("")).not.toContain(signature);
  });

  test("has a URL below the base path, or where others reach the server", async () => {
    const mounted = await serveTest({ basePath: "/api" });
    await makeBucket(mounted, clips);
    const made = await mounted.post("/v1/buckets/clips/uploads", announced);
    const url = textAt(made, "presigned_url");
    expect(url).toMatch(new RegExp(`^${mounted.url}/v1/uploads/upl_`));
    const headers = { "Content-Type": "video/mp4" };
    expect((await fetch(url, { method: "PUT", body: content, headers })).status).toBe(200);
    const proxied = await serveClips({ publicUrl: "https://buckets.example.com" });
    const { body } = await proxied.service.post(proxied.uploads, announced);
    expect(body).toHaveProperty(
      "presigned_url",
      expect.stringMatching(/^https:\/\/buckets\.example\.com\/v1\/uploads\/upl_/),
    );
  });

  test("is confirmed under the conditions of every write, once", async () => {
    const subject = await serveClips();
    const { service, uploads } = subject;
    const { id, target } = await begin(subject);
    await put(subject, target);
    const confirm = (query: string, headers: Record<string, string>) =>
      service.post(`${uploads}/${id}/confirm${query}`, {}, { headers });
    expectRefusal(await confirm("", { "If-Match": '"2"' }), 412, "PreconditionFailedError");
    expect((await confirm("?dry_run=true", {})).body).toMatchObject({ dry_run: true });
    const key = { "Idempotency-Key": "k", "If-Match": '"1"' };
    const done = await confirm("", key);
    expect(done.status).toBe(200);
    expect(header(done, "ETag")).toBe('"2"');
    const again = await confirm("", key);
    expect(header(again, "Idempotency-Replayed")).toBe("true");
    expect(again.body).toEqual(done.body);
    expectRefusal(await confirm("", {}), 400, "BadRequestError");
    expect((await service.get(subject.bucket)).body).toMatchObject({ object_count: 1 });
  });

  test("is refused as a whole when its object is", async () => {
    const subject = await serveClips();
    const { service, bucket, uploads } = subject;
    const { id, target } = await begin(subject);
    await service.post(`${bucket}/objects`, { title: "a" });
    await put(subject, target);
    const confirm = () => service.post(`${uploads}/${id}/confirm`);
    expectRefusal(await leavesNoTrace(service, bucket, confirm), 409, "AlreadyExistsError");
    await service.post(`${bucket}/lock`);
    expectRefusal(await leavesNoTrace(service, bucket, confirm), 423, "BucketLockedError");
    await service.post(`${bucket}/unlock`);
    expect(at(await service.get(`${uploads}/${id}`), "status")).toBe("PENDING");
  });

  test("is one of many, each answered by itself", async () => {
    const subject = await serveClips();
    const { service, uploads } = subject;
    const titled = (title: string) => ({ ...announced, object_metadata: { title } });
    const made = await service.post(`${uploads}/batch`, {
      uploads: [titled("a"), { ...announced, blob_property: "title of it" }, titled("b")],
    });
    expect(made.body).toMatchObject({
      failed: [{ upload_index: 1, error_type: "ValidationError" }],
      total_requested: 3,
      succeeded_count: 2,
      failed_count: 1,
    });
    const ids = ["0", "1"].map((index) => textAt(made, "succeeded", index, "upload_id"));
    await put(subject, textAt(made, "succeeded", "0", "presigned_url").replace(service.url, ""));
    const confirmations = ids.map((upload_id) => ({ upload_id }));
    const confirmed = await service.post(`${uploads}/batch/confirm`, { confirmations });
    expect(confirmed.body).toMatchObject({
      succeeded: [{ upload_id: ids[0], status: "COMPLETED" }],
      failed: [{ upload_index: 1, error_type: "BadRequestError" }],
    });
    const tooMany = Array.from({ length: 101 }, (_, n) => titled(String(n)));
    expectRefusal(
      await service.post(`${uploads}/batch`, { uploads: tooMany }),
      422,
      "ValidationError",
    );
  });

  test("begins and ends in transactions", async () => {
    const subject = await serveClips();
    const { service, uploads } = subject;
    const { id } = await begin(subject);
    const operations = [
      { method: "POST", path: uploads, body: announced },
      { method: "DELETE", path: `${uploads}/${id}` },
    ];
    const { status, text } = await service.post("/v1/transactions", { operations });
    expect(status, text).toBe(200);
    const { body } = await service.post(`${uploads}/list`);
    expect(body).toMatchObject({ total_count: 1, results: [{ status: "PENDING" }] });
  });
});

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("the client", () => {
  test("announces, sends and confirms like the library", async () => {
    const { service } = await serveClips();
    async function* bytes() {
      for (const letter of content) yield Buffer.from(letter);
    }
    await using client = connectBuckets({ baseUrl: service.url, token: tokens.delete });
    const told = [];
    for (const [title, store] of [["ours", service.store] as const, ["theirs", client] as const]) {
      const uploads = store.namespace().uploads("clips");
      const { upload } = await uploads.create({ ...announced, object_metadata: { title } });
      const received = await uploads.receive(upload.upload_id, bytes());
      const confirmed = await uploads.confirm(upload.upload_id, { file_hash: hash });
      const history = await uploads.history(upload.upload_id);
      await expect(uploads.receive(upload.upload_id, bytes())).rejects.toMatchObject({
        code: "CONFLICT",
      });
      await uploads.delete(upload.upload_id);
      const objects = store.namespace().objects("clips");
      const objectId = confirmed.upload.object_id ?? "";
      const blobId = (await objects.get(objectId)).object.blobs[0]?.blob_id ?? "";
      await expect(objects.blob(objectId, "blob_none")).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
      const { read, ...known } = await objects.blob(objectId, blobId, { asOf: "1" });
      told.push({
        known,
        whole: await textOf(await read()),
        part: await textOf(await read({ start: 2, end: 4 })),
        received: { ...received, upload_id: "" },
        status: confirmed.upload.status,
        types: history.results.map(({ type }) => type),
        total: (await uploads.list()).total_count,
      });
    }
    const [ours, theirs] = told;
    expect(ours).toMatchObject({ whole: content, part: "234", known: { hash, sizeBytes: 10 } });
    expect(theirs).toEqual(ours);
  });

  test("without the permission to write sends nothing", async () => {
    const subject = await serveClips();
    const { id } = await begin(subject);
    async function* bytes() {
      yield Buffer.from(content);
    }
    await using client = connectBuckets({ baseUrl: subject.service.url, token: tokens.read });
    const sending = client.namespace().uploads("clips").receive(id, bytes());
    await expect(sending).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(filesOf(subject.service)).toEqual([]);
  });
});

test("a server that is killed in the middle leaves no object, and a file that is collected", async () => {
  const { file, remove } = temporaryFile();
  onTestFinished(remove);
  const before = await serve({ file });
  const bucket = await makeBucket(before, clips);
  await before.close();
  const dying = await startServerProcess(file, tokens.admin);
  onTestFinished(dying.kill);
  const made = await createClient(dying.url).post(`${bucket}/uploads`, announced);
  async function* half() {
    yield Buffer.from("01234");
    await expect.poll(() => filesOf({ file })).toHaveLength(1);
    await dying.kill();
    yield Buffer.from("56789");
  }
  const sending = fetch(textAt(made, "presigned_url"), {
    method: "PUT",
    headers: { "Content-Type": "video/mp4" },
    body: ReadableStream.from(half()),
    duplex: "half",
  });
  await expect(sending).rejects.toThrow();
  const after = await serveTest({ file });
  expect(filesOf(after)).toHaveLength(1);
  expect(await after.store.collectBlobs({ graceMs: day })).toMatchObject({ abandoned: 1, kept: 0 });
  expect(filesOf(after)).toEqual([]);
  const { results } = await after.store.namespace().uploads("clips").list();
  expect(results).toMatchObject([{ status: "PENDING" }]);
  const id = results[0]?.upload_id;
  expectRefusal(await after.post(`${bucket}/uploads/${id}/confirm`), 400, "BadRequestError");
  expect((await after.get(bucket)).body).toMatchObject({ object_count: 0, total_size_bytes: 0 });
});
