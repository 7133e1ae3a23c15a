/**
 * Upkeep of the key that the secrets of a file are sealed with: whether it opens them, and putting
 * another in its place. Beside `index.ts` the only place that knows which engine is behind a file.
 */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { isBucketsError } from "./domain/errors.js";
import { SqliteEngine } from "./eventstore/sqlite/engine.js";
import type { SealedSecret } from "./eventstore/store.js";
import { SqliteView } from "./projections/sqlite/view.js";
import { keyFromFile, makeKeyFile, parseSecretKey, Vault } from "./service/vault.js";

interface KeyOptions {
  readonly file: string;
  /** The key of now, where it is not in the key file. */
  readonly secretKey?: string | undefined;
}

export interface KeyReport {
  /** How many secrets are stored. */
  readonly stored: number;
  /** How many of them the key opens. */
  readonly opened: number;
}

/** Whether the key opens what is stored. @throws FILE_INVALID */
export async function checkSecretKey({ file, secretKey }: KeyOptions): Promise<KeyReport> {
  const engine = openEngine(file, true);
  try {
    const secrets = engine.secrets();
    if (secrets.length === 0) return { stored: 0, opened: 0 };
    const vault = new Vault(() =>
      secretKey === undefined
        ? storedKey(file, secrets[0])
        : parseSecretKey(secretKey, "The secret key"),
    );
    return { stored: secrets.length, opened: secrets.filter((it) => opens(vault, it)).length };
  } finally {
    await engine.close();
  }
}

/**
 * Seals every stored secret under a new key, in one transaction: `newSecretKey` where the key is
 * configured, else one that is made and takes the place of the key file. A crash leaves either key
 * beside the file, and the one that opens what is stored is taken when the store is opened again.
 *
 * @returns how many secrets there are.
 * @throws LOCKED while a server holds the file; SECRET_KEY_INVALID when the key of now opens one of
 * them not: then nothing has changed.
 */
export async function rotateSecretKey({
  file,
  secretKey,
  newSecretKey,
}: KeyOptions & { readonly newSecretKey?: string | undefined }): Promise<number> {
  const engine = openEngine(file, false);
  try {
    const secrets = engine.secrets();
    const key =
      secretKey === undefined
        ? settledKey(file, secrets[0])
        : parseSecretKey(secretKey, "The secret key");
    const from = new Vault(() => key);
    const beside = nextKeyFile(file);
    // All are opened before anything is written.
    const values = secrets.map((it) => from.open(it));
    const newKey =
      newSecretKey === undefined
        ? makeKeyFile(beside)
        : parseSecretKey(newSecretKey, "The new secret key");
    syncFolder(file);
    const to = new Vault(() => newKey);
    engine.replaceSecrets(
      secrets.map(({ reference }, index) => to.seal(reference, values[index] ?? null)),
    );
    if (newSecretKey === undefined) takePlace(file);
    return secrets.length;
  } finally {
    await engine.close();
  }
}

/**
 * The key in the file beside the store. Where a rotation was cut short there are two: the one that
 * opens what is stored is the key.
 */
export function storedKey(file: string, stored: SealedSecret | undefined): Uint8Array {
  const next = nextKeyFile(file);
  if (stored !== undefined && existsSync(next)) {
    const key = keyFromFile(next);
    if (opens(new Vault(() => key), stored)) return key;
  }
  return keyFromFile(keyFile(file));
}

/**
 * The same for whoever owns the file: nobody else may take away what a rotation that is under way has
 * put beside it. Leaves one key file.
 */
export function settledKey(file: string, stored: SealedSecret | undefined): Uint8Array {
  const next = nextKeyFile(file);
  const key = storedKey(file, stored);
  if (!existsSync(next)) return key;
  if (Buffer.compare(key, keyFromFile(next)) === 0) takePlace(file);
  else rmSync(next);
  return key;
}

function keyFile(file: string): string {
  return `${file}.key`;
}

function nextKeyFile(file: string): string {
  return `${keyFile(file)}.next`;
}

function takePlace(file: string): void {
  renameSync(nextKeyFile(file), keyFile(file));
  syncFolder(file);
}

/** Without it, a power cut may take the new name of the file. */
function syncFolder(file: string): void {
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function opens(vault: Vault, secret: SealedSecret): boolean {
  try {
    vault.open(secret);
    return true;
  } catch (error) {
    if (isBucketsError(error) && error.code === "SECRET_KEY_INVALID") return false;
    throw error;
  }
}

function openEngine(file: string, readOnly: boolean): SqliteEngine {
  return new SqliteEngine({
    file,
    readOnly,
    durability: "full",
    clock: Date.now,
    newId: (prefix) => `${prefix}_upkeep`,
    projection: (db: Database.Database) => new SqliteView(db),
  });
}
