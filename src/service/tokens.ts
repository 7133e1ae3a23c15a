/**
 * Access tokens (CONTRACT: tokens). The secret is 256 random bits; only its SHA-256 is kept, and
 * compared in constant time.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import type { Permission } from "../domain/permissions.js";
import type { TokenRecord, TokenTable } from "../eventstore/token-table.js";
import type { Tokens } from "./interface.js";

const secretBytes = 32;

export class StoredTokens implements Tokens {
  readonly #table: TokenTable;
  readonly #clock: () => number;
  readonly #randomBytes: (size: number) => Uint8Array;
  readonly #byDigest = new Map<string, TokenRecord>();

  constructor(table: TokenTable, clock: () => number, randomBytes: (size: number) => Uint8Array) {
    this.#table = table;
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    for (const record of table.all()) this.#byDigest.set(digestKey(record.digest), record);
  }

  get count(): number {
    return this.#byDigest.size;
  }

  /** Makes a token and returns its secret, which is shown this once and kept nowhere. */
  create(name: string, permission: Permission): string {
    const secret = `bkl_${Buffer.from(this.#randomBytes(secretBytes)).toString("base64url")}`;
    const record = this.#record(secret, name, permission);
    this.#table.insert(record);
    this.#byDigest.set(digestKey(record.digest), record);
    return secret;
  }

  /**
   * Accepts a secret that the operator chose, for as long as the process lives.
   * @throws BAD_REQUEST unless it has 16 to 512 visible ASCII characters.
   */
  accept(secret: string, name: string, permission: Permission): void {
    const { tokenLengthMin: min, tokenLengthMax: max } = limits;
    if (!/^[\x21-\x7e]+$/.test(secret) || secret.length < min || secret.length > max) {
      throw new BucketsError(
        "BAD_REQUEST",
        `A token has ${min} to ${max} visible ASCII characters.`,
      );
    }
    const record = this.#record(secret, name, permission);
    this.#byDigest.set(digestKey(record.digest), record);
  }

  /** The token with that secret, if there is one. */
  authenticate(secret: string): TokenRecord | undefined {
    const digest = digestOf(secret);
    const record = this.#byDigest.get(digestKey(digest));
    return record !== undefined && timingSafeEqual(record.digest, digest) ? record : undefined;
  }

  #record(secret: string, name: string, permission: Permission): TokenRecord {
    return { digest: digestOf(secret), name, permission, createdAt: this.#clock() };
  }
}

function digestOf(secret: string): Uint8Array {
  return hash("sha256", secret, "buffer");
}

function digestKey(digest: Uint8Array): string {
  return Buffer.from(digest).toString("hex");
}
