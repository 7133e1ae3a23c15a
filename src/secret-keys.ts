/**
 * The key that the secrets of a file are sealed with: which it is, whether it opens them, and putting
 * another in its place. A key is made only while nothing is sealed: else the secrets would be of two.
 */

import { renameSync, rmSync } from "node:fs";
import { BucketsError, isBucketsError } from "./domain/errors.js";
import { syncFolderOf } from "./durable-file.js";
import type { Engine } from "./engines/engine.js";
import { openEngine } from "./engines/open-engine.js";
import { settledPath } from "./engines/sqlite/store-path.js";
import type { SecretTable } from "./eventstore/secret-table.js";
import type { SealedSecret } from "./eventstore/store.js";
import { rowMacs } from "./service/keys/derived-macs.js";
import { makeKeyFile, readKeyFile } from "./service/keys/key-file.js";
import { deriveReadKey, formerKeyReference } from "./service/keys/read-macs.js";
import { keyIdOf, parseSecretKey, Vault } from "./service/keys/vault.js";

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
  /** The ids of the keys of the others, as far as they are known. */
  readonly otherKeys: readonly string[];
}

/**
 * Whether the key opens what is stored. Makes nothing.
 * @throws FILE_INVALID; KEY_MISSING when there is none; SECRET_KEY_INVALID when it is none.
 */
export async function checkSecretKey({ file: named, secretKey }: KeyOptions): Promise<KeyReport> {
  const file = settledPath(named);
  const engine = await open(file, true);
  try {
    const sealed = await engine.secrets.all();
    if (sealed.length === 0) return { stored: 0, opened: 0, otherKeys: [] };
    const key = configured(secretKey) ?? storedKey(file, sealed);
    if (key === undefined) throw keyMissing(file, sealed);
    const others = sealed.filter((secret) => !opens(key, secret));
    const otherKeys = new Set(others.flatMap(({ keyId }) => keyId ?? []));
    return {
      stored: sealed.length,
      opened: sealed.length - others.length,
      otherKeys: [...otherKeys],
    };
  } finally {
    await engine.events.close();
  }
}

/**
 * The key of a store that was opened for writing. Where something is sealed it is looked for now, so
 * that a store without its key does not start; else when it is needed first, and made if there is none.
 *
 * @throws KEY_MISSING when something is sealed and there is no key; SECRET_KEY_INVALID when it opens
 * nothing of it; FILE_INVALID.
 */
export async function writerKey(
  secrets: SecretTable,
  { file, secretKey }: KeyOptions,
): Promise<() => Uint8Array> {
  const sealed = await secrets.all();
  if (sealed.length === 0) {
    return () => configured(secretKey) ?? settledKey(file, sealed) ?? makeKeyFile(keyFile(file));
  }
  const key = configured(secretKey) ?? settledKey(file, sealed);
  if (key === undefined) throw keyMissing(file, sealed);
  if (!sealed.some((secret) => opens(key, secret))) throw wrongKey(file, sealed);
  await nameKeys(secrets, sealed, key);
  return () => key;
}

/** The key of a store that was opened for reading, which can do without: looked for when it is needed. */
export async function readerKey(
  secrets: SecretTable,
  { file, secretKey }: KeyOptions,
): Promise<() => Uint8Array> {
  const sealed = await secrets.all();
  return () => {
    const key = configured(secretKey) ?? storedKey(file, sealed);
    if (key === undefined) throw keyMissing(file, sealed);
    return key;
  };
}

/**
 * The key as a backup keeps it; undefined while there is none, and nothing that it would open.
 * @throws KEY_MISSING
 */
export async function keptKey(
  secrets: SecretTable,
  { file, secretKey }: KeyOptions,
): Promise<Uint8Array | undefined> {
  const sealed = await secrets.all();
  const key = configured(secretKey) ?? storedKey(file, sealed);
  if (key === undefined && sealed.length > 0) throw keyMissing(file, sealed);
  return key;
}

/** In the place of the key, for a store that goes on without its secrets. */
export function withoutKey(): never {
  throw new BucketsError(
    "KEY_MISSING",
    "The store was opened without its secrets: bring the key back, and open it with them.",
  );
}

/**
 * Seals every stored secret under a new key, in one transaction: `newSecretKey` where the key is
 * configured, else one that is made and takes the place of the key file. A crash leaves either key
 * beside the file, and the one that opens what is stored is taken when the store is opened again.
 *
 * @returns how many secrets there are.
 * @throws LOCKED while a server holds the file; KEY_MISSING when there is no key of now;
 * SECRET_KEY_INVALID when it opens one of them not: then nothing has changed.
 */
export async function rotateSecretKey({
  file: named,
  secretKey,
  newSecretKey,
}: KeyOptions & { readonly newSecretKey?: string | undefined }): Promise<number> {
  const file = settledPath(named);
  const engine = await open(file, false);
  try {
    const sealed = await engine.secrets.all();
    const key = configured(secretKey) ?? settledKey(file, sealed);
    if (key === undefined && sealed.length > 0) throw keyMissing(file, sealed);
    const from = new Vault(() => key ?? withoutKey());
    const beside = nextKeyFile(file);
    // All are opened before anything is written.
    const values = sealed.map((it) => from.open(it));
    const newKey =
      newSecretKey === undefined
        ? makeKeyFile(beside)
        : parseSecretKey(newSecretKey, "The new secret key");
    const to = new Vault(() => newKey);
    // What was sealed under the key of before is sealed anew: here, or when it is opened next.
    await engine.seals.unseal();
    await engine.secrets.replace([
      ...sealed.map(({ reference }, index) => to.seal(reference, values[index] ?? null)),
      ...(await formerReadKey(engine, key, to)),
    ]);
    if (newSecretKey === undefined) takePlace(file);
    await engine.seals.sealWith(rowMacs(() => newKey));
    return sealed.length;
  } finally {
    await engine.events.close();
  }
}

/** What rows of the audit of reads were authenticated with until now, kept for checking them. */
async function formerReadKey(
  { reads }: Engine,
  key: Uint8Array | undefined,
  to: Vault,
): Promise<readonly SealedSecret[]> {
  if (key === undefined || (await reads.auditing()) === undefined) return [];
  const derived = Buffer.from(deriveReadKey(key)).toString("hex");
  return [to.seal(formerKeyReference(keyIdOf(key)), derived)];
}

function configured(secretKey: string | undefined): Uint8Array | undefined {
  return secretKey === undefined ? undefined : parseSecretKey(secretKey, "The secret key");
}

/**
 * The key in the file beside the store, if there is one. Where a rotation was cut short there are two:
 * the one that opens what is stored is the key.
 */
function storedKey(file: string, sealed: readonly SealedSecret[]): Uint8Array | undefined {
  const next = readKeyFile(nextKeyFile(file));
  if (next !== undefined && sealed.some((secret) => opens(next, secret))) return next;
  return readKeyFile(keyFile(file));
}

/**
 * The same for whoever owns the file: nobody else may take away what a rotation that is under way has
 * put beside it. Leaves one key file.
 */
function settledKey(file: string, sealed: readonly SealedSecret[]): Uint8Array | undefined {
  const next = nextKeyFile(file);
  const key = storedKey(file, sealed);
  const beside = key === undefined ? undefined : readKeyFile(next);
  if (key === undefined || beside === undefined) return key;
  if (Buffer.compare(key, beside) === 0) takePlace(file);
  else rmSync(next);
  return key;
}

/** Says of what was sealed before keys had ids that it is of this one. */
async function nameKeys(
  secrets: SecretTable,
  sealed: readonly SealedSecret[],
  key: Uint8Array,
): Promise<void> {
  const nameless = sealed.filter((secret) => secret.keyId === undefined && opens(key, secret));
  if (nameless.length === 0) return;
  await secrets.replace(nameless.map((secret) => ({ ...secret, keyId: keyIdOf(key) })));
}

function keyFile(file: string): string {
  return `${file}.key`;
}

function nextKeyFile(file: string): string {
  return `${keyFile(file)}.next`;
}

function takePlace(file: string): void {
  renameSync(nextKeyFile(file), keyFile(file));
  syncFolderOf(file);
}

function opens(key: Uint8Array, secret: SealedSecret): boolean {
  try {
    new Vault(() => key).open(secret);
    return true;
  } catch (error) {
    if (isBucketsError(error) && error.code === "SECRET_KEY_INVALID") return false;
    throw error;
  }
}

const howToGoOn =
  "or give it in BUCKETLOG_SECRET_KEY; `serve --without-secrets` serves meanwhile with source adapters off";

function keyMissing(file: string, sealed: readonly SealedSecret[]): BucketsError {
  return new BucketsError(
    "KEY_MISSING",
    `${file} holds ${sealed.length} sealed secrets, and there is no ${keyFile(file)}: bring it back from a backup, ${howToGoOn}.`,
    { file, sealed: sealed.length },
  );
}

function wrongKey(file: string, sealed: readonly SealedSecret[]): BucketsError {
  const [keyId] = sealed.flatMap((secret) => secret.keyId ?? []);
  const whose = keyId === undefined ? "another key" : `the key with the id ${keyId}`;
  return new BucketsError(
    "SECRET_KEY_INVALID",
    `${file} holds ${sealed.length} secrets that are sealed with ${whose}: bring that back from a backup, ${howToGoOn}.`,
    { file, sealed: sealed.length, ...(keyId !== undefined && { key_id: keyId }) },
  );
}

function open(file: string, readOnly: boolean): Promise<Engine> {
  const newId = (prefix: string) => `${prefix}_upkeep`;
  return openEngine({ file, readOnly, durability: "full", clock: Date.now, newId });
}
