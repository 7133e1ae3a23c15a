/**
 * A blob store in a folder: each content is a file `ab/abcd…`, named by its hash. Bytes are written
 * to a file `<uuid>.part`, synced, and renamed to their name, so that a name never stands for
 * anything but all of its content, whatever way the process ends.
 *
 * One process writes to a folder, as one process owns the database beside it. In that process the
 * steps that decide about a name are synchronous: the rename that gives it, the renewal of its
 * time, and the last look together with the removal. None can fall between two halves of another,
 * so the collection needs no lock against writers.
 */
import { randomUUID } from "node:crypto";
import { renameSync, type Stats, statSync, unlinkSync, utimesSync } from "node:fs";
import { access, constants, mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteRange } from "../../domain/blob.js";
import type { CollectReport } from "../../domain/reports.js";
import type { Room } from "../../room.js";
import {
  assertHash,
  type BlobContent,
  type BlobLimits,
  type BlobStore,
  type BlobWritten,
  type CollectOptions,
  type FindReferenced,
  isHash,
} from "../blob-store.js";
import { hashOf, Meter } from "../meter.js";
import { NewContents } from "../new-contents.js";
import { diskFull, hasCode, isDiskFull } from "./faults.js";
import { FolderSize } from "./folder-size.js";

const partSuffix = ".part";
const fileMode = 0o600;
const folderMode = 0o700;
/** Questions about references, and the steps that must not be interrupted, stay short. */
const sliceFiles = 200;
const readBytes = 256 * 1024;

type Tally = { -readonly [Count in keyof CollectReport]: number };

export class FileBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #clock: () => number;
  readonly #room: Pick<Room, "assertEnough"> | undefined;
  /** The parts that this process is writing: every other one is of a process that died. */
  readonly #writing = new Set<string>();
  /** Folders that are known to survive a power cut. */
  readonly #durableShards = new Set<string>();
  readonly #new = new NewContents();
  readonly #size: FolderSize;

  /**
   * @param folder is made on the first write.
   * @param room is looked at before each piece is written.
   */
  constructor(folder: string, clock: () => number, room?: Pick<Room, "assertEnough">) {
    this.#folder = folder;
    this.#size = new FolderSize(folder);
    this.#clock = clock;
    this.#room = room;
  }

  async write(source: AsyncIterable<Uint8Array>, limits?: BlobLimits): Promise<BlobWritten> {
    const part = `${randomUUID()}${partSuffix}`;
    const meter = new Meter(limits);
    this.#writing.add(part);
    try {
      await mkdir(this.#folder, { recursive: true, mode: folderMode });
      await this.#writePart(part, meter.pass(source));
      const written = meter.result();
      await this.#publish(part, written);
      return written;
    } catch (error) {
      await rm(join(this.#folder, part), { force: true });
      throw isDiskFull(error) ? diskFull(error) : error;
    } finally {
      this.#writing.delete(part);
    }
  }

  async #writePart(part: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await using file = await open(join(this.#folder, part), "wx", fileMode);
    await writeFile(file, this.#whereThereIsRoom(bytes));
    const now = this.#clock() / 1_000;
    await file.utimes(now, now);
    await file.sync();
  }

  async *#whereThereIsRoom(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of bytes) {
      this.#room?.assertEnough();
      yield chunk;
    }
  }

  /** Replaces the same content where it is there: that renews it, and mends it if it was damaged. */
  async #publish(part: string, { hash, sizeBytes }: BlobWritten): Promise<void> {
    const path = this.#pathOf(hash);
    await mkdir(dirname(path), { recursive: true, mode: folderMode });
    const before = ifThere(() => statSync(path));
    this.#new.noteWritten(hash, before !== undefined);
    renameSync(join(this.#folder, part), path);
    this.#size.noteChange(hash, sizeBytes - (before?.size ?? 0));
    await this.#syncShard(dirname(path));
  }

  async renew(hash: string): Promise<number | undefined> {
    const path = this.#pathOf(hash);
    const now = this.#clock() / 1_000;
    const found = ifThere(() => {
      utimesSync(path, now, now);
      return statSync(path);
    });
    if (found !== undefined) this.#new.noteRenewed(hash);
    // The process that wrote it may have died between the rename and the sync.
    if (found !== undefined) await this.#syncShard(dirname(path));
    return found?.size;
  }

  async giveUp(hash: string, findReferenced: FindReferenced): Promise<number | undefined> {
    const path = this.#pathOf(hash);
    const referenced = await findReferenced([hash]);
    // Nothing may be awaited from here to the removal.
    const isHeld = !this.#new.giveUp(hash);
    if (isHeld || referenced.has(hash)) return undefined;
    const found = ifThere(() => removed(path));
    this.#size.noteChange(hash, -(found?.size ?? 0));
    return found?.size;
  }

  async read(hash: string, range?: ByteRange): Promise<BlobContent | undefined> {
    const file = await open(this.#pathOf(hash)).catch(undefinedIfMissing);
    if (file === undefined) return undefined;
    try {
      const { size } = await file.stat();
      // A bad sector is to be found while there is somebody to tell, and not in the middle of an answer.
      await file.read(Buffer.alloc(1), 0, 1, range?.start ?? 0);
      const stream = file.createReadStream({ ...range, highWaterMark: readBytes });
      return { sizeBytes: size, stream };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async probe(): Promise<void> {
    // As the user that this is, on a medium that may have become read-only, with a descriptor to spare.
    await access(this.#folder, constants.R_OK | constants.W_OK).catch(undefinedIfMissing);
    const folder = await open(this.#folder).catch(undefinedIfMissing);
    await folder?.close();
  }

  get sizeBytes(): number | undefined {
    return this.#size.bytes;
  }

  async verify(hash: string): Promise<"intact" | "damaged" | "missing"> {
    const content = await this.read(hash);
    if (content === undefined) return "missing";
    return (await hashOf(content.stream)) === hash ? "intact" : "damaged";
  }

  async collect(options: CollectOptions): Promise<CollectReport> {
    const tally: Tally = { kept: 0, removed: 0, abandoned: 0, bytesFreed: 0 };
    const names = await namesIn(this.#folder);
    for (const part of names.filter((name) => name.endsWith(partSuffix))) {
      await this.#removeAbandoned(part, tally);
    }
    const hashes: string[] = [];
    for (const shard of names.filter(isShard)) {
      hashes.push(...(await namesIn(join(this.#folder, shard))).filter(isHash));
      while (hashes.length >= sliceFiles) {
        await this.#collectSlice(hashes.splice(0, sliceFiles), options, tally);
      }
    }
    await this.#collectSlice(hashes, options, tally);
    return tally;
  }

  async #removeAbandoned(part: string, tally: Tally): Promise<void> {
    if (this.#writing.has(part)) return;
    const path = join(this.#folder, part);
    const found = await stat(path).catch(undefinedIfMissing);
    if (found === undefined) return;
    await rm(path, { force: true });
    tally.abandoned += 1;
    tally.bytesFreed += found.size;
  }

  async #collectSlice(
    hashes: readonly string[],
    { findReferenced, graceMs }: CollectOptions,
    tally: Tally,
  ): Promise<void> {
    const before = this.#clock() - graceMs;
    const findOld = (hash: string) => {
      const found = ifThere(() => statSync(this.#pathOf(hash)));
      return found !== undefined && found.mtimeMs < before ? found : undefined;
    };
    const candidates = hashes.filter((hash) => findOld(hash) !== undefined);
    const referenced = candidates.length === 0 ? new Set() : await findReferenced(candidates);
    const unreferenced = candidates.filter((hash) => !referenced.has(hash));
    tally.kept += hashes.length;
    for (const hash of unreferenced) {
      // Nothing may be awaited from here to the removal.
      const found = findOld(hash);
      if (found === undefined) continue;
      unlinkSync(this.#pathOf(hash));
      this.#new.noteRemoved(hash);
      this.#size.noteChange(hash, -found.size);
      tally.kept -= 1;
      tally.removed += 1;
      tally.bytesFreed += found.size;
    }
  }

  #pathOf(hash: string): string {
    assertHash(hash);
    return join(this.#folder, hash.slice(0, 2), hash);
  }

  /** The names in the folder survive a power cut, and so does the folder. */
  async #syncShard(shard: string): Promise<void> {
    await syncFolder(shard);
    if (this.#durableShards.has(shard)) return;
    await syncFolder(this.#folder);
    await syncFolder(dirname(this.#folder));
    this.#durableShards.add(shard);
  }
}

const isShard = (name: string) => /^[0-9a-f]{2}$/.test(name);

/** Windows cannot sync a folder; there the file system's own journal has to do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await using handle = await open(folder);
  await handle.sync();
}

/** None when the folder is not there. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(undefinedIfMissing)) ?? [];
}

function removed(path: string): Stats {
  const found = statSync(path);
  unlinkSync(path);
  return found;
}

function ifThere(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (!hasCode(error, "ENOENT")) throw error;
}
