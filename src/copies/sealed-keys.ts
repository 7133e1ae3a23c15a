/**
 * The keys of a store in a backup, sealed under a passphrase: scrypt makes the key of it, AES-256-GCM
 * seals. Without the passphrase nothing of them can be read, and nobody can help.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";

/** What opens the secrets of a store, and what its log signs with. */
export interface StoreKeys {
  /** 64 hex digits; null while nothing was sealed. */
  readonly secret_key: string | null;
  readonly signing_key: string;
}

/** About 0.3 s and 128 MiB for each guess. */
const cost = { N: 2 ** 17, r: 8, p: 1 } as const;
const maxmem = 256 * cost.N * cost.r;
const algorithm = "aes-256-gcm";
const format = "bucketlog-keys/1";

const bytes = z.base64().transform((text) => Buffer.from(text, "base64"));
const SealedKeys = z.object({
  format: z.literal(format),
  salt: bytes,
  nonce: bytes,
  ciphertext: bytes,
  tag: bytes,
});
const Keys = z.object({ secret_key: z.string().nullable(), signing_key: z.string() });

export function sealKeys(keys: StoreKeys, passphrase: string): string {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv(algorithm, keyOf(passphrase, salt), nonce);
  cipher.setAAD(Buffer.from(format));
  const sealed = [cipher.update(JSON.stringify(keys), "utf8"), cipher.final()];
  const parts = { salt, nonce, ciphertext: Buffer.concat(sealed), tag: cipher.getAuthTag() };
  const texts = Object.entries(parts).map(([name, part]) => [name, part.toString("base64")]);
  return `${JSON.stringify({ format, ...Object.fromEntries(texts) })}\n`;
}

/** @throws SECRET_KEY_INVALID for another passphrase, and for what was altered. */
export function openKeys(sealed: string, passphrase: string): StoreKeys {
  try {
    const { salt, nonce, ciphertext, tag } = SealedKeys.parse(JSON.parse(sealed));
    const decipher = createDecipheriv(algorithm, keyOf(passphrase, salt), nonce);
    decipher.setAAD(Buffer.from(format));
    decipher.setAuthTag(tag);
    const opened = [decipher.update(ciphertext), decipher.final()];
    return Keys.parse(JSON.parse(Buffer.concat(opened).toString("utf8")));
  } catch (error) {
    throw new BucketsError(
      "SECRET_KEY_INVALID",
      "The keys in the backup do not open: it is another passphrase, or they were altered.",
      {},
      error,
    );
  }
}

function keyOf(passphrase: string, salt: Buffer): Buffer {
  return scryptSync(passphrase, salt, 32, { ...cost, maxmem });
}
