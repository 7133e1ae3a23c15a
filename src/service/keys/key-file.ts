/** The file of a secret key. Reading one makes none, and what is wrong with it is said in a line. */
import { randomBytes } from "node:crypto";
import { invariant } from "../../domain/errors.js";
import { makeFile, readFileIfAny } from "../../durable-file.js";
import { keyBytes, parseSecretKey } from "./vault.js";

/**
 * The key in the file; undefined when there is none.
 * @throws FILE_INVALID for a folder, and for what this user may not read; SECRET_KEY_INVALID for what
 * is no key.
 */
export function readKeyFile(file: string): Uint8Array | undefined {
  const text = readFileIfAny(file);
  return text === undefined ? undefined : parseSecretKey(text, file);
}

/** A new key in a file that only its owner reads, durably. Fails when the file is there. */
export function makeKeyFile(file: string): Uint8Array {
  const key = randomBytes(keyBytes);
  invariant(makeFile(file, `${key.toString("hex")}\n`), `${file} is there`);
  return key;
}
