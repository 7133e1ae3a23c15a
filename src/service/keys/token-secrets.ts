/**
 * By which secrets a store opens, in memory: those of its tokens, which follow the rows that are kept of them, and
 * those that the operator chose. A secret is 256 random bits, of which only the SHA-256 is kept, and compared in
 * constant time.
 */
import { hash, timingSafeEqual } from "node:crypto";
import type { HeldTokens } from "../../api/index.js";
import type { TokenRecord } from "../../domain/token/record.js";
import type { TokenChange, TokenMove, TokenTable } from "../../eventstore/token-table.js";

const secretBytes = 32;
const openedMax = 1_000;

export class TokenSecrets {
  /** Those that the operator chose, by their digests, as the others are: they live as long as the process. */
  readonly #chosen = new Map<string, TokenRecord>();
  readonly #kept = new Map<string, TokenRecord>();
  /** By the secrets that were sent and found to be theirs; any change of a token clears it. */
  readonly #opened = new Map<string, TokenRecord>();

  /** @param kept the rows of the table as they are now. */
  constructor(kept: readonly TokenRecord[], table: Pick<TokenTable, "onChange">) {
    for (const record of kept) this.#keep(record);
    table.onChange((change) => this.#follow(change));
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

  #follow(change: TokenChange): void {
    if (change.kind === "moved" && change.moves.length === 0) return;
    this.#opened.clear();
    if (change.kind === "moved") {
      for (const move of change.moves) this.#move(move);
    } else {
      this.#kept.clear();
      for (const record of change.records) this.#keep(record);
    }
  }

  #move(move: TokenMove): void {
    if (move.kind === "stays") return;
    this.#forget(move.kind === "opens" ? move.record.name : move.name);
    if (move.kind === "opens") this.#keep(move.record);
  }

  #keep(record: TokenRecord): void {
    this.#kept.set(digestKey(record.digest), record);
  }

  #forget(name: string): void {
    for (const [key, record] of this.#kept) if (record.name === name) this.#kept.delete(key);
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
