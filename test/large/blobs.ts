/**
 * Writes and reads one GiB in a blob store, in turns with a plain file, and holds it to two promises: memory stays flat, and the
 * throughput stands in a sane ratio to a plain copy of the same bytes with an fsync.
 *
 *     npm run test:large             in the system's temporary folder
 *     TMPDIR=/data npm run test:large
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";

const mebibyte = 1024 * 1024;
const contentBytes = 1024 * mebibyte;
const chunk = Buffer.alloc(64 * 1024, "bytes");
const growthBytesMax = 64 * mebibyte;
/** A hash goes over every byte on one core, which a plain copy does not. */
const ratioMin = 0.2;
const rounds = 3;

const folder = mkdtempSync(join(tmpdir(), "bucketlog-large-"));
const store = new FileBlobStore(join(folder, "blobs"), Date.now);
let peakBytes = 0;

function* content(): Generator<Uint8Array> {
  for (let sent = 0; sent < contentBytes; sent += chunk.length) yield chunk;
}

async function* measuredContent(): AsyncGenerator<Uint8Array> {
  for (const bytes of content()) {
    measure();
    yield bytes;
  }
}

function measure(): void {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}

/** Mebibytes per second. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return contentBytes / mebibyte / ((performance.now() - started) / 1_000);
}

async function copyPlainly(): Promise<void> {
  await using file = await open(join(folder, "plain"), "w");
  for (const bytes of content()) await file.write(bytes);
  await file.sync();
}

async function readPlainly(): Promise<void> {
  await using file = await open(join(folder, "plain"));
  for await (const _ of file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }));
}

async function readBlob(hash: string): Promise<void> {
  const found = await store.read(hash);
  for await (const _ of found?.stream ?? []) measure();
}

interface Round {
  readonly plainWrite: number;
  readonly plainRead: number;
  readonly write: number;
  readonly read: number;
  readonly isIntact: boolean;
  readonly growthBytes: number;
}

async function runRound(): Promise<Round> {
  const plainWrite = await timed(copyPlainly);
  const plainRead = await timed(readPlainly);
  rmSync(join(folder, "plain"));
  let hash = "";
  const before = process.memoryUsage.rss();
  const write = await timed(async () => {
    hash = (await store.write(measuredContent(), { expectedBytes: contentBytes })).hash;
  });
  const read = await timed(() => readBlob(hash));
  const growthBytes = peakBytes - before;
  const isIntact = (await store.verify(hash)) === "intact";
  rmSync(join(folder, "blobs"), { recursive: true });
  return { plainWrite, plainRead, write, read, isIntact, growthBytes };
}

try {
  const taken: Round[] = [];
  for (let round = 0; round < rounds; round += 1) taken.push(await runRound());
  const best = (of: (round: Round) => number) => Math.max(...taken.map(of));
  const [write, plainWrite] = [best((round) => round.write), best((round) => round.plainWrite)];
  const [read, plainRead] = [best((round) => round.read), best((round) => round.plainRead)];
  const growthBytes = best((round) => round.growthBytes);
  console.log(`best of ${rounds} rounds of ${contentBytes / mebibyte} MiB`);
  console.log(`write   ${write.toFixed(0)} MiB/s, plain copy with fsync ${plainWrite.toFixed(0)}`);
  console.log(`read    ${read.toFixed(0)} MiB/s, plain ${plainRead.toFixed(0)}`);
  console.log(`memory  grew by ${(growthBytes / mebibyte).toFixed(1)} MiB at most`);
  const isIntact = taken.every((round) => round.isIntact);
  const isFlat = growthBytes < growthBytesMax;
  const isFast = write / plainWrite > ratioMin && read / plainRead > ratioMin;
  if (!isIntact || !isFlat || !isFast) {
    console.error("the promises are not kept", { isIntact, isFlat, isFast });
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
