/**
 * Makes a store of a backup. Everything is checked before anything is written, and again in what was
 * written; the file gets its name last, and is never put in the place of another.
 */
import { chmodSync, copyFileSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { BackupProgress } from "../api/backups.js";
import type { RestoreOptions, RestoreReport } from "../api/restores.js";
import { BucketsError } from "../domain/errors.js";
import { makeFile, readFileIfAny, syncFile, syncFolderOf } from "../durable-file.js";
import { takeOwnership } from "../engines/sqlite/owner.js";
import { settledPath } from "../engines/sqlite/store-path.js";
import { toHex } from "../eventstore/codec.js";
import { treeRoot } from "../eventstore/tree.js";
import { holdTimers } from "../held-timers.js";
import { type NoteVerifier, parseSigner, parseVerifier } from "../proofs/note.js";
import { bringBlobs, contentsOf, verifyCopy } from "./copy-store.js";
import { digestOf } from "./digest.js";
import { makeEarlier, positionAt } from "./earlier.js";
import { onOwnCopy, openCopy } from "./engine.js";
import { assertNothingErased, erasuresOf } from "./erasures.js";
import { backupNames, type Manifest } from "./manifest.js";
import { assertFree, removeDatabase } from "./new-database.js";
import { readManifest } from "./read-manifest.js";
import { openKeys } from "./sealed-keys.js";

type Tell = (progress: BackupProgress) => void;

/**
 * Makes a store of a backup, in a new file.
 *
 * @param from the folder of the backup.
 * @param named the file; neither it nor a WAL of another is there.
 * @throws ALREADY_EXISTS; LOCKED while a process has that file open; PROOF_INVALID when the backup was
 * not signed so; COPY_INVALID when it is damaged, or of another log than the register of erasures;
 * NOT_FOUND for a moment that is not in it. Nothing has the name of the file then.
 */
export async function restoreBackup(
  from: string,
  named: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const file = settledPath(named);
  assertFree(file, "a restore");
  const owner = takeOwnership(file, `restore_${process.pid}`, Date.now());
  try {
    return await restore(from, file, options);
  } finally {
    owner.release();
  }
}

async function restore(
  from: string,
  file: string,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const tell = options.onProgress ?? (() => {});
  const trusted = trustedKeys(file, options.keys);
  const manifest = readManifest(from, trusted);
  obeyErasures(file, manifest, options.erasures);
  await assertWhole(from, manifest);
  const keys = keysIn(from, manifest, options.passphrase);
  assertKeysFit(file, keys);
  const partial = `${file}.restoring`;
  removeDatabase(partial);
  try {
    const { lostSecrets, lastNote } = await makeDatabase(from, partial, options.at);
    const made = await proveDatabase(partial, manifest, options.at === undefined, tell);
    const blobs = await bringBlobs(join(from, backupNames.blobs), file, made.contents, tell);
    for (const [path, text] of Object.entries(keysBeside(file, keys))) makeFile(path, text);
    // What was signed of a later moment is not in an earlier one: that signs nothing under this name.
    if (lastNote !== undefined) makeFile(`${file}.sign.state`, lastNote);
    syncFile(partial);
    assertFree(file, "a restore");
    if (options.resumeTimers !== true) holdTimers(file);
    renameSync(partial, file);
    syncFolderOf(file);
    return {
      file,
      log_id: manifest.log_id,
      position: made.position,
      hash: made.hash,
      taken_at: manifest.taken_at,
      blobs,
      signed_by: manifest.signed_by,
      is_trusted: trusted !== undefined,
      keys: keys === undefined ? manifest.keys : "restored",
      lost_secrets: lostSecrets,
    };
  } finally {
    removeDatabase(partial);
  }
}

/** Those that were given, or that of the log beside the file, which came with no backup. */
function trustedKeys(
  file: string,
  given: readonly string[] | undefined,
): readonly NoteVerifier[] | undefined {
  if (given !== undefined && given.length > 0) return given.map(parseVerifier);
  const beside = readFileIfAny(`${file}.sign`);
  return beside === undefined ? undefined : [parseSigner(beside.trim()).verifier];
}

function obeyErasures(file: string, manifest: Manifest, named: string | undefined): void {
  const from = named ?? erasuresOf(file);
  const register = readFileIfAny(from);
  if (register !== undefined) {
    assertNothingErased(register, from, manifest.log_id);
  } else if (named !== undefined) {
    throw new BucketsError("BAD_REQUEST", `There is no register of erasures ${named}.`);
  }
}

/** @throws COPY_INVALID for a file that is not what the manifest says. */
async function assertWhole(from: string, manifest: Manifest): Promise<void> {
  for (const { path, bytes, sha256 } of manifest.files) {
    const found = existsSync(join(from, path)) ? await digestOf(from, path) : undefined;
    if (found?.bytes === bytes && found.sha256 === sha256) continue;
    const problem = found === undefined ? "is not there" : "is not what was copied";
    throw new BucketsError("COPY_INVALID", `${path} in ${from} ${problem}: take another backup.`, {
      path,
    });
  }
}

interface MadeDatabase {
  readonly lostSecrets: number;
  /** The newest checkpoint in the backup. */
  readonly lastNote: string | undefined;
}

async function makeDatabase(
  from: string,
  partial: string,
  at: string | undefined,
): Promise<MadeDatabase> {
  const copy = at === undefined ? partial : `${partial}-from`;
  try {
    copyFileSync(join(from, backupNames.database), copy);
    chmodSync(copy, 0o600);
    // A backup may have been made by an older version.
    const { position, lastNote } = await onOwnCopy(copy, async (engine) => ({
      position:
        at === undefined
          ? undefined
          : positionAt(engine.readerDb, at, (await engine.head()).position),
      lastNote: (await engine.tree.checkpoint())?.note,
    }));
    const lostSecrets = position === undefined ? 0 : await makeEarlier(copy, partial, position);
    return { lostSecrets, lastNote };
  } finally {
    if (copy !== partial) removeDatabase(copy);
  }
}

interface Made {
  readonly position: number;
  readonly hash: string;
  readonly contents: readonly string[];
}

/** @throws COPY_INVALID when it does not verify, or is not what was signed. */
async function proveDatabase(
  file: string,
  manifest: Manifest,
  isAll: boolean,
  tell: Tell,
): Promise<Made> {
  const engine = openCopy(file);
  try {
    await verifyCopy(engine, file, tell);
    const { position, hash } = await engine.head();
    const root = toHex(treeRoot(engine.tree.hashes, position));
    const isSigned =
      position === manifest.position && toHex(hash) === manifest.hash && root === manifest.root;
    if (isAll && !isSigned) {
      throw new BucketsError(
        "COPY_INVALID",
        `The database ends at ${position}:${toHex(hash)} with the root ${root}, and ` +
          `${manifest.position}:${manifest.hash} with ${manifest.root} was signed.`,
      );
    }
    return { position, hash: toHex(hash), contents: await contentsOf(engine) };
  } finally {
    await engine.close();
  }
}

type Keys = ReturnType<typeof openKeys>;

function keysIn(
  from: string,
  manifest: Manifest,
  passphrase: string | undefined,
): Keys | undefined {
  if (passphrase === undefined) return undefined;
  const sealed = readFileIfAny(join(from, backupNames.keys));
  if (manifest.keys === "sealed" && sealed !== undefined) return openKeys(sealed, passphrase);
  throw new BucketsError("BAD_REQUEST", "There are no keys in this backup that it could open.");
}

function keysBeside(file: string, keys: Keys | undefined): Readonly<Record<string, string>> {
  if (keys === undefined) return {};
  return {
    ...(keys.secret_key !== null && { [`${file}.key`]: `${keys.secret_key}\n` }),
    [`${file}.sign`]: `${keys.signing_key}\n`,
  };
}

/** A key that is there stays; another than that of the backup would lock the secrets up. */
function assertKeysFit(file: string, keys: Keys | undefined): void {
  for (const [path, text] of Object.entries(keysBeside(file, keys))) {
    const there = readFileIfAny(path);
    if (there === undefined || there.trim() === text.trim()) continue;
    throw new BucketsError(
      "ALREADY_EXISTS",
      `${path} is there and another key than that in the backup: move it away first.`,
      { file: path },
    );
  }
}
