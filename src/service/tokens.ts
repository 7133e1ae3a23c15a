/**
 * Access tokens (CONTRACT: tokens). The secret is 256 random bits; only its SHA-256 is kept, and
 * compared in constant time.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import { formatTime } from "../domain/event.js";
import { limits } from "../domain/limits.js";
import { namespacePattern } from "../domain/namespace.js";
import { type Permission, permissions } from "../domain/permissions.js";
import { parseBody, timestamp } from "../domain/schemas.js";
import type { TokenRecord, TokenTable } from "../eventstore/token-table.js";
import type { CreatedToken, TokenAnswer, TokenGate } from "./interface.js";

export const CreateTokenRequest = z.object({
  name: z.string().regex(/^[\w.@:+-]{1,100}$/, "Use 1 to 100 letters, digits and . @ : + - _."),
  permission: z.enum(permissions),
  namespaces: z.array(z.string().regex(namespacePattern)).min(1).max(1_000).nullish(),
  expires_at: timestamp.nullish(),
});

const secretBytes = 32;

export class StoredTokens implements TokenGate {
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

  async create(body: unknown): Promise<CreatedToken> {
    const request = parseBody(CreateTokenRequest, body);
    const expiresAt = request.expires_at == null ? null : Date.parse(request.expires_at);
    if (this.#named(request.name) !== undefined) {
      throw new BucketsError("ALREADY_EXISTS", `There is a token "${request.name}" already.`, {
        name: request.name,
      });
    }
    const secret = `bkl_${Buffer.from(this.#randomBytes(secretBytes)).toString("base64url")}`;
    const record: TokenRecord = {
      digest: digestOf(secret),
      name: request.name,
      permission: request.permission,
      namespaces: request.namespaces ?? null,
      createdAt: this.#clock(),
      expiresAt,
    };
    this.#table.insert(record);
    this.#byDigest.set(digestKey(record.digest), record);
    return { ...shown(record), token: secret };
  }

  accept(secret: string, name = "admin", permission: Permission = "admin"): void {
    const { tokenLengthMin: min, tokenLengthMax: max } = limits;
    if (!/^[\x21-\x7e]+$/.test(secret) || secret.length < min || secret.length > max) {
      throw new BucketsError(
        "BAD_REQUEST",
        `A token has ${min} to ${max} visible ASCII characters.`,
      );
    }
    const digest = digestOf(secret);
    this.#byDigest.set(digestKey(digest), {
      digest,
      name,
      permission,
      namespaces: null,
      createdAt: this.#clock(),
      expiresAt: null,
    });
  }

  async list(): Promise<readonly TokenAnswer[]> {
    return this.#table.all().map(shown);
  }

  async revoke(name: string): Promise<void> {
    const record = this.#table.all().find((other) => other.name === name);
    if (record === undefined) {
      throw new BucketsError("NOT_FOUND", `There is no token "${name}".`, { resource: "token" });
    }
    this.#table.remove(name);
    this.#byDigest.delete(digestKey(record.digest));
  }

  authenticate(secret: string): TokenRecord | undefined {
    const digest = digestOf(secret);
    const record = this.#byDigest.get(digestKey(digest));
    if (record === undefined || !timingSafeEqual(record.digest, digest)) return undefined;
    const hasExpired = record.expiresAt !== null && record.expiresAt <= this.#clock();
    return hasExpired ? undefined : record;
  }

  #named(name: string): TokenRecord | undefined {
    return [...this.#byDigest.values()].find((record) => record.name === name);
  }
}

function shown(record: TokenRecord): TokenAnswer {
  return {
    name: record.name,
    permission: record.permission,
    ...(record.namespaces !== null && { namespaces: [...record.namespaces] }),
    created_at: formatTime(record.createdAt),
    ...(record.expiresAt !== null && { expires_at: formatTime(record.expiresAt) }),
  };
}

function digestOf(secret: string): Uint8Array {
  return hash("sha256", secret, "buffer");
}

function digestKey(digest: Uint8Array): string {
  return Buffer.from(digest).toString("hex");
}
