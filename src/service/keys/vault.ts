/**
 * The vault seals secret values with AES-256-GCM before they go near the event store; the reference
 * is associated data, so that a ciphertext cannot be moved under another one.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";
import { BucketsError } from "../../domain/errors.js";
import type { JsonValue } from "../../domain/json.js";
import type { SealedSecret } from "../../eventstore/store.js";

const algorithm = "aes-256-gcm";
export const keyBytes = 32;
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
    const key = this.#requireKey();
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, key, nonce);
    cipher.setAAD(Buffer.from(reference));
    const sealed = [cipher.update(JSON.stringify(value), "utf8"), cipher.final()];
    const ciphertext = Buffer.concat([...sealed, cipher.getAuthTag()]);
    return { reference, nonce, ciphertext, keyId: keyIdOf(key) };
  }

  /** @throws SECRET_KEY_INVALID when the key is not the one that it was sealed with. */
  open(secret: Omit<SealedSecret, "keyId">): JsonValue {
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

/** By what a key is known without being told. */
export function keyIdOf(key: Uint8Array): string {
  return hash("sha256", Buffer.concat([Buffer.from("bucketlog secret key\n"), key])).slice(0, 16);
}

/** A key for a store that does not outlive the process. */
export function ephemeralKey(): Uint8Array {
  return randomBytes(keyBytes);
}
