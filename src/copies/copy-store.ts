/**
 * The work of a backup that takes long: the database as it is at one moment, then the blobs that this
 * copy refers to, then the proof that the copy is whole. Every number comes from the copy, because
 * the store goes on.
 */
import {
  chmodSync,
  copyFileSync,
  constants as fs,
  linkSync,
  mkdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { BackupProgress } from "../api/backups.js";
import { BucketsError } from "../domain/errors.js";
import { syncFile } from "../durable-file.js";
import { openReader } from "../engines/sqlite/connection.js";
import { copyInto } from "../engines/sqlite/copy.js";
import type { SqliteEngine } from "../engines/sqlite/engine.js";
import { SqliteKeeper } from "../engines/sqlite/keeper.js";
import { SqliteReadView } from "../engines/sqlite/view.js";
import { toHex } from "../eventstore/codec.js";
import { receivedRows } from "../eventstore/received-rows.js";
import { treeRoot } from "../eventstore/tree.js";
import { digestOf } from "./digest.js";
import { openCopy } from "./engine.js";
import { backupNames } from "./manifest.js";

export const CopyRequest = z.object({
  file: z.string(),
  /** A folder that is there and empty. */
  to: z.string(),
  /** The folder of an earlier backup, whose blobs are kept. */
  earlier: z.string().optional(),
  /** Whether those are to be read again as well. */
  hashesEarlier: z.boolean(),
  links: z.boolean(),
  verifies: z.boolean(),
});
export type CopyRequest = Readonly<z.infer<typeof CopyRequest>>;

export const StoreCopy = z.object({
  logId: z.string(),
  origin: z.string().optional(),
  position: z.number(),
  hash: z.string(),
  root: z.string(),
  database: z.object({ path: z.string(), bytes: z.number(), sha256: z.string() }),
  blobs: z.object({ count: z.number(), bytes: z.number() }),
});
export type StoreCopy = Readonly<z.infer<typeof StoreCopy>>;

type Tell = (progress: BackupProgress) => void;

/** @throws COPY_INVALID when what was copied does not verify, or a blob is not what it should be. */
export async function copyStore(request: CopyRequest, tell: Tell): Promise<StoreCopy> {
  const database = join(request.to, backupNames.database);
  copyDatabase(request.file, database);
  const engine = openCopy(database);
  try {
    const { position, hash } = await engine.head();
    const { logId, origin } = await engine.tree.identity();
    const blobs = await copyBlobs(engine, request, tell);
    if (request.verifies) await verifyCopy(engine, database, tell);
    return {
      logId,
      origin,
      position,
      hash: toHex(hash),
      root: toHex(treeRoot(engine.tree.hashes, position)),
      database: await digestOf(request.to, backupNames.database),
      blobs,
    };
  } finally {
    await engine.close();
  }
}

function copyDatabase(file: string, to: string): void {
  const live = openReader(file);
  try {
    copyInto(live, to);
  } finally {
    live.close();
  }
}

/** @throws COPY_INVALID with the first position that does not fit. */
export async function verifyCopy(engine: SqliteEngine, file: string, tell: Tell): Promise<void> {
  const report = await new SqliteKeeper(engine, file).verify(undefined, (progress) =>
    tell({ step: "verify", ...progress }),
  );
  if (report.fault === undefined) return;
  const { position, problem } = report.fault;
  throw new BucketsError(
    "COPY_INVALID",
    `The copy does not verify at position ${position}: ${problem}. Verify what it was made from.`,
    { position, problem },
  );
}

/** Every content that the events, or uploads that are not confirmed yet, refer to. */
export async function contentsOf(engine: SqliteEngine): Promise<readonly string[]> {
  const view = new SqliteReadView(engine.readerDb);
  const hashes = new Set<string>();
  for await (const rows of receivedRows(engine.received)) {
    for (const { hash } of rows) hashes.add(hash);
  }
  for await (const { hash } of view.references()) hashes.add(hash);
  return [...hashes].sort();
}

async function copyBlobs(
  engine: SqliteEngine,
  { file, to, earlier, hashesEarlier, links }: CopyRequest,
  tell: Tell,
): Promise<StoreCopy["blobs"]> {
  const from = `${file}.blobs`;
  const target = join(to, backupNames.blobs);
  const kept = earlier === undefined ? undefined : join(earlier, backupNames.blobs);
  const hashes = await contentsOf(engine);
  let bytes = 0;
  for (const [done, hash] of hashes.entries()) {
    tell({ step: "blobs", done, total: hashes.length });
    const isKept =
      kept !== undefined &&
      (await keepBlob(hash, { from: kept, source: from, to: target, hashesEarlier }));
    bytes += isKept
      ? (sizeOf(blobPath(target, hash)) ?? 0)
      : await copyBlob(hash, { from, to: target, links });
  }
  syncShards(target, hashes);
  return { count: hashes.length, bytes };
}

/** Takes the blob of an earlier backup. @returns whether it was what it should be. */
async function keepBlob(
  hash: string,
  places: {
    readonly from: string;
    readonly source: string;
    readonly to: string;
    readonly hashesEarlier: boolean;
  },
): Promise<boolean> {
  const { from, source, hashesEarlier } = places;
  const size = sizeOf(blobPath(from, hash));
  if (size === undefined || size !== sizeOf(blobPath(source, hash))) return false;
  if (hashesEarlier && (await digestOf(from, inShard(hash))).sha256 !== hash) return false;
  place(hash, { ...places, links: true });
  return true;
}

/**
 * Copies a blob and reads the copy again.
 * @returns its size.
 * @throws COPY_INVALID when the content is not there, or not what its name says.
 */
async function copyBlob(
  hash: string,
  places: { readonly from: string; readonly to: string; readonly links: boolean },
): Promise<number> {
  if (sizeOf(blobPath(places.from, hash)) === undefined) {
    throw blobFault(hash, "is not there");
  }
  place(hash, places);
  const { bytes, sha256 } = await digestOf(places.to, inShard(hash));
  if (sha256 !== hash) throw blobFault(hash, "is not what its name says");
  syncFile(blobPath(places.to, hash));
  return bytes;
}

/** Copies contents beside the file of a store. What is there already is made anew; everything is read. */
export async function bringBlobs(
  from: string,
  file: string,
  contents: readonly string[],
  tell: Tell,
): Promise<StoreCopy["blobs"]> {
  const to = `${file}.blobs`;
  let bytes = 0;
  for (const [done, hash] of contents.entries()) {
    tell({ step: "blobs", done, total: contents.length });
    rmSync(join(to, hash.slice(0, 2), hash), { force: true });
    bytes += await copyBlob(hash, { from, to, links: false });
  }
  syncShards(to, contents);
  return { count: contents.length, bytes };
}

/** A copy that shares its blocks where the file system can, or the same file by another name. */
function place(
  hash: string,
  { from, to, links }: { readonly from: string; readonly to: string; readonly links: boolean },
): void {
  const target = blobPath(to, hash);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const source = blobPath(from, hash);
  if (links && isLinked(source, target)) return;
  copyFileSync(source, target, fs.COPYFILE_EXCL | fs.COPYFILE_FICLONE);
  chmodSync(target, 0o600);
}

/** Not from one file system to another, and not where there are no links. */
function isLinked(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch {
    return false;
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

const inShard = (hash: string): string => join(hash.slice(0, 2), hash);
const blobPath = (folder: string, hash: string): string => join(folder, inShard(hash));

/** The names of the blobs are on the disk. */
function syncShards(folder: string, hashes: readonly string[]): void {
  if (hashes.length === 0 || process.platform === "win32") return;
  for (const shard of new Set(hashes.map((hash) => hash.slice(0, 2)))) {
    syncFile(join(folder, shard));
  }
  syncFile(folder);
}

function blobFault(hash: string, problem: string): BucketsError {
  return new BucketsError("COPY_INVALID", `The blob ${hash} ${problem}: verify --content.`, {
    hash,
  });
}
