/**
 * Takes a backup: a folder that is made under another name, proved, signed, and then renamed. What
 * has the name of a backup verifies, whatever way the process ended.
 */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { BackupReport, OwnBackupOptions } from "../api/backups.js";
import { isDiskFull as hasNoRoom } from "../blobstore/file/faults.js";
import { BucketsError } from "../domain/errors.js";
import { formatTime } from "../domain/event.js";
import { reducerVersion } from "../domain/resource.js";
import { makeFile, readFileIfAny, syncFile } from "../durable-file.js";
import { isDiskFull } from "../engines/sqlite/faults.js";
import { readMigrations } from "../engines/sqlite/migrate.js";
import { packageVersion } from "../package-folder.js";
import type { NoteSigner } from "../proofs/note.js";
import { roomFor } from "../room.js";
import { monotonicNow } from "../timers.js";
import { removeLeftovers, takePlace } from "./backup-folders.js";
import type { StoreCopy } from "./copy-store.js";
import { digestOf } from "./digest.js";
import { emptyRegister, erasuresOf } from "./erasures.js";
import { backupNames, type Manifest, manifestFormat, signManifest } from "./manifest.js";
import { partialOf } from "./partials.js";
import { readManifest } from "./read-manifest.js";
import { sealKeys } from "./sealed-keys.js";
import { copyInThread } from "./thread.js";

export interface Backups {
  /**
   * Takes a backup of the store.
   * @param to where: nothing is there yet, or an earlier backup of the same log with `update`.
   * @throws CONFLICT while another is taken; ALREADY_EXISTS; STORAGE_FULL; COPY_INVALID when the copy
   * does not verify; NOT_IMPLEMENTED for a store that has no file. Nothing is left behind then.
   */
  take(to: string, options: OwnBackupOptions, signer: NoteSigner): Promise<BackupReport>;
}

/** A store in memory has nothing to copy. */
export const noBackups: Backups = {
  take: async () => {
    throw new BucketsError(
      "NOT_IMPLEMENTED",
      "A store in memory has no file to copy: open one on a file.",
    );
  },
};

interface BackupParts {
  readonly file: string;
  readonly clock: () => number;
  /** Undefined while nothing was sealed. */
  readonly secretKey: () => Promise<Uint8Array | undefined>;
}

/** `--update` trusts what an earlier backup has by its size; so often it is read again. */
const hashAgainMs = 7 * 24 * 60 * 60 * 1_000;

export class FileBackups implements Backups {
  readonly #parts: BackupParts;
  #isTaking = false;

  constructor(parts: BackupParts) {
    this.#parts = parts;
  }

  async take(to: string, options: OwnBackupOptions, signer: NoteSigner): Promise<BackupReport> {
    if (this.#isTaking) {
      throw new BucketsError("CONFLICT", "A backup is being taken: wait until it is done.");
    }
    this.#isTaking = true;
    try {
      return await this.#take(resolve(to), options, signer);
    } catch (error) {
      if (!isDiskFull(error) && !hasNoRoom(error)) throw error;
      throw new BucketsError("STORAGE_FULL", `There is no room for the backup ${to}.`, { to });
    } finally {
      this.#isTaking = false;
    }
  }

  async #take(to: string, options: OwnBackupOptions, signer: NoteSigner): Promise<BackupReport> {
    const began = monotonicNow();
    const takenAt = this.#parts.clock();
    assertPlace(to, options.update === true);
    const from = existsSync(to) ? to : options.since;
    const earlier = from === undefined ? undefined : readManifest(from, undefined);
    const bytes = this.#assertRoom(to);
    removeLeftovers(to, takenAt);
    const partial = partialOf(to);
    mkdirSync(partial, { mode: 0o700 });
    try {
      const hashesEarlier =
        earlier !== undefined && takenAt - Date.parse(earlier.blobs.hashed_at) >= hashAgainMs;
      const { copy, walBytes } = await copyInThread(
        {
          file: this.#parts.file,
          to: partial,
          earlier: from,
          hashesEarlier,
          links: options.link === true,
          verifies: options.verify !== false,
        },
        { bytes, onProgress: options.onProgress ?? (() => {}) },
      );
      if (earlier !== undefined) assertSameLog(from ?? to, earlier.log_id, copy.logId);
      const hashedAt =
        earlier === undefined || hashesEarlier ? formatTime(takenAt) : earlier.blobs.hashed_at;
      const manifest = await this.#seal(partial, copy, {
        takenAt: formatTime(takenAt),
        hashedAt,
        passphrase: options.passphrase,
        signer,
      });
      takePlace(partial, to);
      return reportOf(to, manifest, walBytes, Math.round(monotonicNow() - began));
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      throw error;
    }
  }

  /** @returns the size of the database. */
  #assertRoom(to: string): number {
    const { size } = statSync(this.#parts.file);
    for (const place of [to, this.#parts.file]) {
      const room = roomFor(place);
      // Of the copy, and of a WAL that cannot be emptied while it is made.
      if (room >= 2 * size) continue;
      throw new BucketsError(
        "STORAGE_FULL",
        `A backup needs ${2 * size} bytes in ${dirname(place)}, and there are ${room}.`,
        { needed_bytes: 2 * size, free_bytes: room },
      );
    }
    return size;
  }

  /** Everything but the copy itself; the manifest last. */
  async #seal(
    folder: string,
    copy: StoreCopy,
    {
      takenAt,
      hashedAt,
      passphrase,
      signer,
    }: {
      readonly takenAt: string;
      readonly hashedAt: string;
      readonly passphrase: string | undefined;
      readonly signer: NoteSigner;
    },
  ): Promise<Manifest> {
    const put = async (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600, flag: "wx", flush: true });
      return await digestOf(folder, name);
    };
    const files = [copy.database, await put(backupNames.erasures, this.#register(copy.logId))];
    if (passphrase !== undefined) {
      const key = await this.#parts.secretKey();
      const secretKey = key === undefined ? null : Buffer.from(key).toString("hex");
      const keys = { secret_key: secretKey, signing_key: signer.skey };
      files.push(await put(backupNames.keys, sealKeys(keys, passphrase)));
    }
    const manifest: Manifest = {
      format: manifestFormat,
      log_id: copy.logId,
      origin: signer.verifier.name,
      position: copy.position,
      hash: copy.hash,
      root: copy.root,
      taken_at: takenAt,
      bucketlog: packageVersion(),
      migration: readMigrations().length,
      reducer: reducerVersion,
      files,
      blobs: { ...copy.blobs, hashed_at: hashedAt },
      erasures_through: 0,
      keys: passphrase === undefined ? "excluded" : "sealed",
      signed_by: signer.verifier.vkey,
    };
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
    await put(backupNames.manifest, text);
    await put(backupNames.note, signManifest(text, manifest, signer));
    if (process.platform !== "win32") syncFile(folder);
    return manifest;
  }

  /** Begun with the first backup, so that there is one by the time that something is erased. */
  #register(logId: string): string {
    const file = erasuresOf(this.#parts.file);
    const empty = emptyRegister(logId);
    try {
      makeFile(file, empty);
    } catch {
      // Beside a file that is only read there may be no other.
    }
    return readFileIfAny(file) ?? empty;
  }
}

function assertPlace(to: string, updates: boolean): void {
  if (!existsSync(dirname(to))) {
    throw new BucketsError("BAD_REQUEST", `There is no folder for ${to}: make it first.`, { to });
  }
  if (updates || !existsSync(to)) return;
  throw new BucketsError(
    "ALREADY_EXISTS",
    `${to} is there: take another name, or bring it up to date (update).`,
    { to },
  );
}

function assertSameLog(to: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new BucketsError(
    "ALREADY_EXISTS",
    `${to} is a backup of another log (${found}): take another name.`,
    { to, log_id: found },
  );
}

function reportOf(
  path: string,
  manifest: Manifest,
  walBytes: number,
  milliseconds: number,
): BackupReport {
  const { log_id, position, hash, root, taken_at, files, blobs, keys } = manifest;
  return {
    path,
    log_id,
    position,
    hash,
    root,
    taken_at,
    bytes: files.find((file) => file.path === backupNames.database)?.bytes ?? 0,
    blobs: { count: blobs.count, bytes: blobs.bytes },
    keys,
    wal_bytes: walBytes,
    milliseconds,
  };
}
