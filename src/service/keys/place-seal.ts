/**
 * Seals places of the log in the cursors of those who are not to know them: AES-256-GCM under a key that
 * is derived (HKDF, RFC 5869) from the key of the secrets. The nonce is a MAC of what is sealed, so that
 * one place is one text, whoever asks and whenever.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { isBucketsError } from "../../domain/errors.js";
import { DerivedMacs, deriveKey } from "./derived-macs.js";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

export class PlaceSeal {
  readonly #secretKey: () => Uint8Array;
  readonly #nonces: DerivedMacs;
  #derived: Uint8Array | undefined;

  /** @param secretKey is asked for on first use only. */
  constructor(secretKey: () => Uint8Array) {
    this.#secretKey = secretKey;
    this.#nonces = new DerivedMacs(secretKey, "bucketlog cursor nonces");
  }

  /** In base64url. */
  seal(text: string): string {
    const nonce = this.#nonces.macOf(text).subarray(0, nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key(), nonce);
    const sealed = [nonce, cipher.update(text, "utf8"), cipher.final()];
    return Buffer.concat([...sealed, cipher.getAuthTag()]).toString("base64url");
  }

  /** Undefined for what another key has sealed, or none. */
  open(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    try {
      const decipher = createDecipheriv(algorithm, this.#key(), bytes.subarray(0, nonceBytes));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      const opened = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([opened, decipher.final()]).toString("utf8");
    } catch (error) {
      if (isBucketsError(error)) throw error;
      return undefined;
    }
  }

  #key(): Uint8Array {
    this.#derived ??= deriveKey(this.#secretKey(), "bucketlog cursors");
    return this.#derived;
  }
}
