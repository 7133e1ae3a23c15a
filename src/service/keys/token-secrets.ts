/**
 * By which secrets a store opens, in memory: those of its tokens and those that the operator chose. A secret is 256
 * random bits, of which only the SHA-256 is kept, and compared in constant time.
 */
import { hash, timingSafeEqual } from "node:crypto";
import type { HeldTokens } from "../../api/index.js";
import type { TokenRecord } from "../../domain/token/record.js";

const secretBytes = 32;
const openedMax = 1_000;

export class TokenSecrets {
  /** Those that the operator chose, by their digests, as the others are: they live as long as the process. */
  readonly #chosen = new Map<string, TokenRecord>();
  readonly #kept = new Map<string, TokenRecord>();
  /** By the secrets that were sent and found to be theirs; any change of a token clears it. */
  readonly #opened = new Map<string, TokenRecord>();

  constructor(kept: readonly TokenRecord[]) {
    for (const record of kept) this.#kept.set(digestKey(record.digest), record);
  }

  get count(): number {
    return this.#chosen.size + this.#kept.size;
  }

  get held(): HeldTokens {
    const kept = [...this.#kept.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { chosen: [...this.#chosen.values()], kept };
  }

  /** The token that the secret is of, whether or not it has expired. */
  find(secret: string): TokenRecord | undefined {
    const known = this.#opened.get(secret);
    if (known !== undefined) return known;
    const digest = digestOf(secret);
    const key = digestKey(digest);
    const record = this.#kept.get(key) ?? this.#chosen.get(key);
    if (record === undefined || !timingSafeEqual(record.digest, digest)) return undefined;
    if (this.#opened.size >= openedMax) this.#opened.clear();
    this.#opened.set(secret, record);
    return record;
  }

  hasName(name: string): boolean {
    const isNamed = (record: TokenRecord) => record.name === name;
    return this.#kept.values().some(isNamed) || this.#chosen.values().some(isNamed);
  }

  choose(record: TokenRecord): void {
    this.#chosen.set(digestKey(record.digest), record);
    this.#opened.clear();
  }

  /** From now on it opens by this secret alone. */
  keep(record: TokenRecord): void {
    this.forget(record.name);
    this.#kept.set(digestKey(record.digest), record);
  }

  /** From now on the token of that name opens nothing, unless the operator chose it. */
  forget(name: string): void {
    for (const [key, record] of this.#kept) if (record.name === name) this.#kept.delete(key);
    this.#opened.clear();
  }
}

export function newSecret(randomBytes: (size: number) => Uint8Array): string {
  return `bkl_${Buffer.from(randomBytes(secretBytes)).toString("base64url")}`;
}

export function digestOf(secret: string): Uint8Array {
  return hash("sha256", secret, "buffer");
}

function digestKey(digest: Uint8Array): string {
  return Buffer.from(digest).toString("hex");
}
