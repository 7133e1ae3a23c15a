/**
 * Access tokens (CONTRACT: tokens). The secret is 256 random bits; only its SHA-256 is kept, and
 * compared in constant time.
 */
import { hash, timingSafeEqual } from "node:crypto";
import {
  CreateTokenRequest,
  type ServedTokenOptions,
  type Token,
  TokenAnswer,
  type TokenGate,
  type TokenMade,
  type TokenWritten,
} from "../../api/index.js";
import { readOptions, ServedTokenFields } from "../../api/options.js";
import { BucketsError, keyReused } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { type JsonValue, toJson } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import type { Permission } from "../../domain/permissions.js";
import { parseBody } from "../../domain/schemas.js";
import { secretMask } from "../../domain/secrets.js";
import type { TokenRecord, TokenReply, TokenTable } from "../../eventstore/token-table.js";

const secretBytes = 32;
const openedMax = 1_000;

/** What is to be done, and the token that it is done to. */
interface TokenChange {
  readonly record: TokenRecord;
  readonly write: (reply: TokenReply | undefined) => Promise<void>;
}

export class StoredTokens implements TokenGate {
  readonly #table: TokenTable;
  readonly #clock: () => number;
  readonly #randomBytes: (size: number) => Uint8Array;
  readonly #byDigest = new Map<string, TokenRecord>();
  /** By the secrets that were sent and found to be theirs; any change of a token clears it. */
  readonly #opened = new Map<string, TokenRecord>();

  /** The end of the last change: what was decided of one must still hold when it is written. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    table: TokenTable,
    records: readonly TokenRecord[],
    clock: () => number,
    randomBytes: (size: number) => Uint8Array,
  ) {
    this.#table = table;
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    for (const record of records) this.#byDigest.set(digestKey(record.digest), record);
  }

  static async open(
    table: TokenTable,
    clock: () => number,
    randomBytes: (size: number) => Uint8Array,
  ): Promise<StoredTokens> {
    return new StoredTokens(table, await table.all(), clock, randomBytes);
  }

  get count(): number {
    return this.#byDigest.size;
  }

  async create(body: unknown, options: ServedTokenOptions = {}): Promise<TokenMade> {
    const request = parseBody(CreateTokenRequest, body);
    const secret = this.#newSecret();
    return this.#make(secret, ["create_token", toJson(request)], options, async () => {
      if (this.#named(request.name) !== undefined) {
        throw new BucketsError("ALREADY_EXISTS", `There is a token "${request.name}" already.`, {
          name: request.name,
        });
      }
      const record = {
        digest: digestOf(secret),
        name: request.name,
        permission: request.permission,
        namespaces: request.namespaces ?? null,
        createdAt: this.#clock(),
        expiresAt: request.expires_at == null ? null : Date.parse(request.expires_at),
      };
      return { record, write: (reply) => this.#table.insert(record, reply) };
    });
  }

  async rotate(name: string, options: ServedTokenOptions = {}): Promise<TokenMade> {
    const secret = this.#newSecret();
    return this.#make(secret, ["rotate_token", name], options, async () => {
      const before = await this.#stored(name);
      const record = { ...before, digest: digestOf(secret) };
      return {
        record,
        write: async (reply) => {
          await this.#table.replace(record, reply);
          this.#forget(before);
        },
      };
    });
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
    this.#keep({
      digest,
      name,
      permission,
      namespaces: null,
      createdAt: this.#clock(),
      expiresAt: null,
    });
  }

  async list(): Promise<readonly TokenAnswer[]> {
    return (await this.#table.all()).map(shown);
  }

  async revoke(name: string, options: ServedTokenOptions = {}): Promise<TokenWritten> {
    const { replayed } = await this.#once(["revoke_token", name], options, async () => {
      const record = await this.#stored(name);
      return {
        record,
        write: async (reply) => {
          await this.#table.remove(name, reply);
          this.#forget(record);
        },
      };
    });
    return { replayed };
  }

  authenticate(secret: string): Token | undefined {
    const record = this.#opened.get(secret) ?? this.#find(secret);
    if (record === undefined) return undefined;
    const hasExpired = record.expiresAt !== null && record.expiresAt <= this.#clock();
    return hasExpired ? undefined : opening(record);
  }

  #find(secret: string): TokenRecord | undefined {
    const digest = digestOf(secret);
    const record = this.#byDigest.get(digestKey(digest));
    if (record === undefined || !timingSafeEqual(record.digest, digest)) return undefined;
    if (this.#opened.size >= openedMax) this.#opened.clear();
    this.#opened.set(secret, record);
    return record;
  }

  #keep(record: TokenRecord): void {
    this.#byDigest.set(digestKey(record.digest), record);
    this.#opened.clear();
  }

  #forget({ digest }: TokenRecord): void {
    this.#byDigest.delete(digestKey(digest));
    this.#opened.clear();
  }

  /** A change that gives a token a secret, which opens from then on. */
  async #make(
    secret: string,
    call: JsonValue,
    options: ServedTokenOptions,
    decide: () => Promise<TokenChange>,
  ): Promise<TokenMade> {
    const { answer, replayed } = await this.#once(call, options, async () => {
      const { record, write } = await decide();
      return {
        record,
        write: async (reply) => {
          await write(reply);
          this.#keep(record);
        },
      };
    });
    return { ...answer, token: replayed ? secretMask : secret, replayed };
  }

  /** Carries the change out, or finds what was answered under its key before. */
  #once(call: JsonValue, given: ServedTokenOptions, decide: () => Promise<TokenChange>) {
    const options = readOptions(ServedTokenFields, given);
    const done = this.#turn.then(() => this.#change(call, options, decide));
    this.#turn = done.catch(() => {});
    return done;
  }

  async #change(call: JsonValue, options: ServedTokenOptions, decide: () => Promise<TokenChange>) {
    const { idempotencyKey: key, fingerprint = hash("sha256", JSON.stringify(call)) } = options;
    // No namespace has that name.
    const scope = `*/${options.token ?? ""}`;
    const known =
      key === undefined ? undefined : await this.#repliedBefore(scope, key, fingerprint);
    if (known !== undefined) return { answer: known, replayed: true };
    const { record, write } = await decide();
    const answer = shown(record);
    const recordedAt = this.#clock();
    await write(
      key === undefined
        ? undefined
        : { scope, key, fingerprint, recordedAt, answer: toJson(answer) },
    );
    return { answer, replayed: false };
  }

  async #repliedBefore(
    scope: string,
    key: string,
    fingerprint: string,
  ): Promise<TokenAnswer | undefined> {
    const reply = await this.#table.reply(scope, key);
    const isExpired =
      reply !== undefined && this.#clock() - reply.recordedAt > limits.idempotencyRetentionMs;
    if (reply === undefined || isExpired) return undefined;
    if (reply.fingerprint === fingerprint) return TokenAnswer.parse(reply.answer);
    throw keyReused(key);
  }

  #newSecret(): string {
    return `bkl_${Buffer.from(this.#randomBytes(secretBytes)).toString("base64url")}`;
  }

  /** @throws NOT_FOUND, also for one that the operator chose, which no file keeps. */
  async #stored(name: string): Promise<TokenRecord> {
    const record = (await this.#table.all()).find((other) => other.name === name);
    if (record !== undefined) return record;
    throw new BucketsError("NOT_FOUND", `There is no token "${name}".`, { resource: "token" });
  }

  #named(name: string): TokenRecord | undefined {
    return this.#byDigest.values().find((record) => record.name === name);
  }
}

/** Of its own: whoever holds what is kept could open other namespaces with it. */
function opening({ name, permission, namespaces }: TokenRecord): Token {
  return { name, permission, namespaces: namespaces === null ? null : [...namespaces] };
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
