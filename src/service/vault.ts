/**
 * The vault seals secret values with AES-256-GCM before they go near the event store; the reference
 * is associated data, so that a ciphertext cannot be moved under another one.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { BucketsError } from "../domain/errors.js";
import type { JsonValue } from "../domain/json.js";
import type { SealedSecret } from "../eventstore/store.js";

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export class Vault {
  readonly #key: () => Uint8Array;
  #loaded: Uint8Array | undefined;

  /** @param key is asked for on first use only, so that a store without secrets needs none. */
  constructor(key: () => Uint8Array) {
    this.#key = key;
  }

  seal(reference: string, value: JsonValue): SealedSecret {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#requireKey(), nonce);
    cipher.setAAD(Buffer.from(reference));
    const sealed = [cipher.update(JSON.stringify(value), "utf8"), cipher.final()];
    return { reference, nonce, ciphertext: Buffer.concat([...sealed, cipher.getAuthTag()]) };
  }

  /** @throws SECRET_KEY_INVALID when the key is not the one that it was sealed with. */
  open(secret: SealedSecret): JsonValue {
    const decipher = createDecipheriv(algorithm, this.#requireKey(), secret.nonce);
    decipher.setAAD(Buffer.from(secret.reference));
    decipher.setAuthTag(secret.ciphertext.subarray(-tagBytes));
    try {
      const opened = [decipher.update(secret.ciphertext.subarray(0, -tagBytes)), decipher.final()];
      return JSON.parse(Buffer.concat(opened).toString("utf8"));
    } catch (error) {
      throw new BucketsError(
        "SECRET_KEY_INVALID",
        "A stored secret cannot be opened with this key: start with the key it was sealed with.",
        { reference: secret.reference },
        error,
      );
    }
  }

  #requireKey(): Uint8Array {
    this.#loaded ??= this.#key();
    return this.#loaded;
  }
}

/** The key as it is configured: 32 bytes as 64 hex digits or as base64. */
export function parseSecretKey(text: string, from: string): Uint8Array {
  const trimmed = text.trim();
  const isHex = /^[0-9a-f]{64}$/i.test(trimmed);
  const key = Buffer.from(trimmed, isHex ? "hex" : "base64");
  if (key.length === keyBytes) return key;
  throw new BucketsError(
    "SECRET_KEY_INVALID",
    `${from} is no key: it must be 32 bytes as 64 hex digits or as base64.`,
  );
}

/** The key of a store whose user configured none: in a file beside it, made on first use. */
export function keyFromFile(file: string): Uint8Array {
  try {
    return makeKeyFile(file);
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!isThere) throw error;
  }
  return parseSecretKey(readFileSync(file, "utf8"), file);
}

/** A new key in a file that only its owner reads, durably. Fails when the file is there. */
export function makeKeyFile(file: string): Uint8Array {
  const key = randomBytes(keyBytes);
  // Exclusively, so that two starts at once end with one key.
  const options = { mode: 0o600, flag: "wx", flush: true } as const;
  writeFileSync(file, `${key.toString("hex")}\n`, options);
  chmodSync(file, 0o600);
  return key;
}

/** A key for a store that does not outlive the process. */
export function ephemeralKey(): Uint8Array {
  return randomBytes(keyBytes);
}
