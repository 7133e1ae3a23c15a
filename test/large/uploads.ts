/**
 * Sends one GiB over HTTP into a server in a process of its own, and holds it to its promises: its
 * memory stays flat, the bytes come back whole and in parts, and what it had of another upload when
 * it was killed leaves no object, no reference, and a file that is collected. Beside the figures
 * stands a plain copy of the same bytes with an fsync.
 *
 *     npm run test:large             in the system's temporary folder
 *     TMPDIR=/data npm run test:large
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { type ServerProcess, startServerProcess } from "../support/server-process.js";

const mebibyte = 1024 * 1024;
const contentBytes = 1024 * mebibyte;
const chunk = Buffer.alloc(64 * 1024, "bytes");
const growthBytesMax = 64 * mebibyte;
/** A hash goes over every byte on one core, and every byte through two sockets. */
const ratioMin = 0.1;
const measureMs = 50;

const folder = mkdtempSync(join(tmpdir(), "bucketlog-large-"));
const file = join(folder, "buckets.db");
const token = "a-token-for-the-large-test";
const films = {
  bucket_name: "films",
  bucket_schema: { properties: { film: { type: "video" } } },
};

function* content(bytes = contentBytes): Generator<Uint8Array> {
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}

async function hashOf(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const digest = createHash("sha256");
  for await (const part of bytes) digest.update(part);
  return digest.digest("hex");
}

/** Mebibytes per second. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return contentBytes / mebibyte / ((performance.now() - started) / 1_000);
}

async function copyPlainly(): Promise<void> {
  await using plain = await open(join(folder, "plain"), "w");
  for (const bytes of content()) await plain.write(bytes);
  await plain.sync();
}

/** Resident memory of the process, in bytes. */
function residentBytes(pid: number | undefined): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024;
}

/** By how many bytes the server grows at most while the work is done. */
async function growthOf({ child }: ServerProcess, work: () => Promise<unknown>): Promise<number> {
  const before = residentBytes(child.pid);
  let peak = before;
  const measuring = setInterval(() => {
    peak = Math.max(peak, residentBytes(child.pid));
  }, measureMs);
  try {
    await work();
  } finally {
    clearInterval(measuring);
  }
  return peak - before;
}

function filmsOf({ url }: ServerProcess) {
  const namespace = connectBuckets({ baseUrl: url, token }).namespace();
  return { objects: namespace.objects("films"), uploads: namespace.uploads("films") };
}

async function announce(server: ServerProcess, bytes: number) {
  const { upload } = await filmsOf(server).uploads.create({
    filename: "film.mp4",
    content_type: "video/mp4",
    blob_property: "film",
    file_size_bytes: bytes,
  });
  return { id: upload.upload_id, url: upload.presigned_url ?? "" };
}

/** Resolves with the status of the answer. @throws when the connection breaks. */
async function send(
  url: string,
  length: number,
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number | undefined> {
  const headers = { "Content-Type": "video/mp4", "Content-Length": length };
  const sending = request(url, { method: "PUT", headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once("response", resolve).once("error", reject);
  });
  const [answer] = await Promise.all([answered, pipeline(Readable.from(bytes), sending)]);
  answer.resume();
  return answer.statusCode;
}

async function upload(server: ServerProcess, bytes: number): Promise<string> {
  const { id, url } = await announce(server, bytes);
  const status = await send(url, bytes, content(bytes));
  if (status !== 200) throw new Error(`the server answered ${status}`);
  return id;
}

/** What came back wrong of the object's blob. */
async function readBack(server: ServerProcess, id: string): Promise<readonly string[]> {
  const { objects, uploads } = filmsOf(server);
  const { upload: confirmed } = await uploads.confirm(id);
  const { object } = await objects.get(confirmed.object_id ?? "");
  const blobId = object.blobs[0]?.blob_id ?? "";
  const path = `/v1/buckets/films/objects/${object.object_id}/blobs/${blobId}`;
  const get = (headers: Record<string, string>) =>
    fetch(`${server.url}${path}`, { headers: { Authorization: `Bearer ${token}`, ...headers } });
  const expected = await hashOf(content());
  const known = await get({ "If-None-Match": `"${expected}"` });
  const start = contentBytes - 7;
  const part = await get({ Range: `bytes=${start}-` });
  const partText = await part.text();
  const blob = await objects.blob(object.object_id, blobId);
  const isWhole = (await hashOf(await blob.read())) === expected;
  return [
    ...(known.status === 304 ? [] : [`If-None-Match: ${known.status}`]),
    ...(part.status === 206 && partText === chunk.toString().slice(-7) ? [] : ["the range"]),
    ...(isWhole ? [] : ["the whole"]),
  ];
}

/** Kills the server when half of an upload is there, and says what is left behind. */
async function killHalfway(server: ServerProcess): Promise<readonly string[]> {
  const { id, url } = await announce(server, contentBytes);
  const half = contentBytes / 2;
  async function* bytesUntilKilled() {
    yield* content(half);
    await server.kill();
  }
  const isCutOff = await send(url, contentBytes, bytesUntilKilled()).then(
    () => false,
    () => true,
  );
  await using store = await openBuckets({ file });
  const namespace = store.namespace();
  const { removed, abandoned, kept, bytesFreed } = await store.collectBlobs();
  const isConfirmed = await namespace
    .uploads("films")
    .confirm(id)
    .then(
      () => true,
      () => false,
    );
  const { bucket } = await namespace.buckets.get("films");
  console.log(`killed  ${(bytesFreed / mebibyte).toFixed(0)} MiB of the half upload collected`);
  return [
    ...(isCutOff ? [] : ["the killed server answered"]),
    ...(abandoned === 1 && removed === 0 && kept === 2 ? [] : ["the file was not collected"]),
    ...(isConfirmed ? ["half of an upload was confirmed"] : []),
    ...(bucket.object_count === 1 && (await store.verify()).ok ? [] : ["an object was made of it"]),
  ];
}

/** Prints what was measured; answers which promises were not kept. */
async function measure(server: ServerProcess, plain: number): Promise<readonly string[]> {
  const { buckets } = connectBuckets({ baseUrl: server.url, token }).namespace();
  await buckets.create(films);
  // What a first request loads is not what a large one costs, nor is the first reader, which begins by itself.
  await buckets.list();
  await upload(server, 16 * mebibyte);
  let id = "";
  let sent = 0;
  const growthIn = await growthOf(server, async () => {
    sent = await timed(async () => {
      id = await upload(server, contentBytes);
    });
  });
  let faults: readonly string[] = [];
  const growthOut = await growthOf(server, async () => {
    faults = await readBack(server, id);
  });
  const grown = (bytes: number) => (bytes / mebibyte).toFixed(1);
  console.log(`sent    ${sent.toFixed(0)} MiB/s, plain copy with fsync ${plain.toFixed(0)}`);
  console.log(`memory  of the server grew by ${grown(growthIn)} MiB receiving,`);
  console.log(`        ${grown(growthOut)} MiB sending it back`);
  const isFlat = Math.max(growthIn, growthOut) < growthBytesMax;
  return [
    ...faults,
    ...(isFlat ? [] : ["memory"]),
    ...(sent / plain > ratioMin ? [] : ["throughput"]),
    ...(await killHalfway(server)),
  ];
}

try {
  const plain = await timed(copyPlainly);
  rmSync(join(folder, "plain"));
  const server = await startServerProcess(file, token);
  try {
    const faults = await measure(server, plain);
    if (faults.length > 0) {
      console.error("the promises are not kept", faults);
      process.exitCode = 1;
    }
  } finally {
    await server.kill();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
