/**
 * Access tokens for one caller (CONTRACT: tokens): resources like any other, in the namespace of the log. What opens
 * is a row beside the log, which is written with the event that says so.
 */
import { hash } from "node:crypto";
import {
  CreateTokenRequest,
  type HeldTokens,
  type ServedCaller,
  type ServedTokenOptions,
  type ServedTokens,
  type Token,
  TokenAnswer,
  type TokenGate,
  type TokenListOptions,
  type TokenMade,
  type TokenWritten,
} from "../../api/index.js";
import { assertText, readOptions, ServedTokenFields } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { BucketsError, keyReused } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { type JsonValue, toJson } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { logNamespace } from "../../domain/log/kind.js";
import type { Permission } from "../../domain/permissions.js";
import { anyVersion } from "../../domain/precondition.js";
import { stateOfKind } from "../../domain/resource.js";
import { parseBody } from "../../domain/schemas.js";
import { secretMask } from "../../domain/secrets.js";
import type { TokenDocument } from "../../domain/token/document.js";
import type { TokenRecord } from "../../domain/token/record.js";
import { renderToken } from "../../domain/token/response.js";
import { tokenReservation } from "../../domain/token/state.js";
import type { TokenTable } from "../../eventstore/token-table.js";
import type { KnownCaller } from "../asker.js";
import type { ReadingParts } from "../parts.js";
import { asPoint } from "../read/stream-past.js";
import { tokensAt } from "../read/tokens-at.js";
import { type Prepared, preparedOnce, type UnitWriter } from "../write/writing.js";
import { digestOf, newSecret, type TokenSecrets } from "./token-secrets.js";

export interface TokenParts extends ReadingParts {
  readonly table: TokenTable;
  readonly secrets: TokenSecrets;
  readonly units: UnitWriter;
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** With every default filled in. */
  readonly known: (caller: ServedCaller) => KnownCaller;
}

/** What is to be done. By which secrets the store opens follows from it by itself. */
interface TokenWrite {
  readonly call: JsonValue;
  readonly prepare: () => Promise<Prepared>;
}

export class StoredTokens implements TokenGate {
  readonly #parts: TokenParts;
  readonly #caller: KnownCaller;

  constructor(parts: TokenParts, caller: ServedCaller = {}) {
    this.#parts = parts;
    this.#caller = parts.known(caller);
  }

  as(caller: ServedCaller): ServedTokens {
    return new StoredTokens(this.#parts, caller);
  }

  get count(): number {
    return this.#parts.secrets.count;
  }

  async create(body: unknown, options: ServedTokenOptions = {}): Promise<TokenMade> {
    const request = parseBody(CreateTokenRequest, body);
    const { name, permission, namespaces, expires_at: end } = request;
    const document = {
      name,
      permission,
      ...(namespaces != null && { namespaces }),
      ...(end != null && { expires_at: formatTime(Date.parse(end)) }),
    };
    return await this.#make(["create_token", toJson(request)], options, async () => {
      this.#assertFree(name);
      return this.#creation(document);
    });
  }

  async rotate(name: string, options: ServedTokenOptions = {}): Promise<TokenMade> {
    return await this.#make(["rotate_token", name], options, async () => ({
      target: await this.#existing(name),
      command: { type: "rotate_token" },
    }));
  }

  async revoke(name: string, options: ServedTokenOptions = {}): Promise<TokenWritten> {
    const { replayed } = await this.#write(options, {
      call: ["revoke_token", name],
      prepare: async () => ({
        target: await this.#existing(name),
        command: { type: "revoke_token" },
      }),
    });
    return { replayed };
  }

  async list(asked: TokenListOptions = {}): Promise<readonly TokenAnswer[]> {
    assertAsked("get", asked);
    const asOf = asPoint(asked.asOf, "as_of");
    if (asOf !== undefined) return (await tokensAt(this.#parts, asOf)).map(renderToken);
    return (await this.#parts.table.all()).map(({ told, ...record }) => ({
      ...(told !== undefined && { token_id: told.token_id }),
      ...shown(record),
    }));
  }

  async recordKept(): Promise<void> {
    for (const token of await this.#parts.table.all()) {
      if (token.isUnrecorded) await this.#record(token);
    }
  }

  get held(): HeldTokens {
    return this.#parts.secrets.held;
  }

  async goOnWith({ chosen, kept }: HeldTokens): Promise<void> {
    const { secrets, view } = this.#parts;
    for (const record of chosen) secrets.choose(record);
    for (const record of kept) {
      const { name, digest } = record;
      const id = await view.holder(tokenReservation(name));
      if (id === undefined) {
        await this.#record(record, digest);
        continue;
      }
      const target = { kind: "unowned", id } as const;
      const command = { type: "rotate_token" } as const;
      await this.#note("it keeps the secret that it had", { target, command, digest });
    }
  }

  accept(secret: string, name = "admin", permission: Permission = "admin"): void {
    const { tokenLengthMin: min, tokenLengthMax: max } = limits;
    if (!/^[\x21-\x7e]+$/.test(secret) || secret.length < min || secret.length > max) {
      throw new BucketsError(
        "BAD_REQUEST",
        `A token has ${min} to ${max} visible ASCII characters.`,
      );
    }
    this.#parts.secrets.choose({
      digest: digestOf(secret),
      name,
      permission,
      namespaces: null,
      createdAt: this.#parts.clock(),
      expiresAt: null,
    });
  }

  authenticate(secret: string): Token | undefined {
    const record = this.#parts.secrets.find(secret);
    if (record === undefined) return undefined;
    const hasExpired = record.expiresAt !== null && record.expiresAt <= this.#parts.clock();
    return hasExpired ? undefined : opening(record);
  }

  /** A change that gives a token a secret, which opens from then on. */
  async #make(
    call: JsonValue,
    options: ServedTokenOptions,
    prepare: () => Promise<Prepared>,
  ): Promise<TokenMade> {
    const secret = newSecret(this.#parts.randomBytes);
    const digest = digestOf(secret);
    const { answer, replayed } = await this.#write(options, {
      call,
      prepare: async () => ({ ...(await prepare()), digest }),
    });
    return { ...answer, token: replayed ? secretMask : secret, replayed };
  }

  async #write(
    given: ServedTokenOptions,
    { call, prepare }: TokenWrite,
  ): Promise<{ readonly answer: TokenAnswer; readonly replayed: boolean }> {
    const options = readOptions(ServedTokenFields, given);
    const before = await this.#answeredByOlder(call, options);
    if (before !== undefined) return { answer: before, replayed: true };
    const asker = { namespace: logNamespace, caller: this.#caller };
    return await this.#parts.units.writeOne(
      asker,
      {
        reason: options.reason,
        precondition: anyVersion,
        call,
        command: preparedOnce(prepare),
        render: async ({ state, replayed }) => ({
          answer: renderToken(stateOfKind("token", state)),
          replayed,
        }),
      },
      options,
    );
  }

  /** Under the same key, by a version that kept the answer itself. @throws IDEMPOTENCY_KEY_REUSED */
  async #answeredByOlder(
    call: JsonValue,
    { idempotencyKey: key, fingerprint = hash("sha256", JSON.stringify(call)) }: ServedTokenOptions,
  ): Promise<TokenAnswer | undefined> {
    if (key === undefined) return undefined;
    const reply = await this.#parts.table.reply(`*/${this.#caller.token ?? ""}`, key);
    const isExpired =
      reply !== undefined && this.#parts.clock() - reply.recordedAt > limits.idempotencyRetentionMs;
    if (reply === undefined || isExpired) return undefined;
    if (reply.fingerprint !== fingerprint) throw keyReused(key);
    return TokenAnswer.parse(reply.answer);
  }

  #creation(document: TokenDocument): Prepared {
    const target = { kind: "new", id: this.#parts.newId("tok") } as const;
    return { target, command: { type: "create_token", document } };
  }

  /** @throws NOT_FOUND, also for one that the operator chose, which no file keeps. */
  async #existing(name: string): Promise<Prepared["target"]> {
    assertText(name, "token");
    const { view, table } = this.#parts;
    const known = await view.holder(tokenReservation(name));
    if (known !== undefined) return { kind: "unowned", id: known };
    const kept = (await table.all()).find((other) => other.name === name);
    if (kept === undefined) {
      throw new BucketsError("NOT_FOUND", `There is no token "${name}".`, { resource: "token" });
    }
    return { kind: "unowned", id: await this.#record(kept) };
  }

  /** Writes the first event of a token that is there without any. @param digest unless its row is there. */
  async #record(kept: TokenRecord, digest?: Uint8Array): Promise<string> {
    const { name, permission, namespaces, createdAt, expiresAt } = kept;
    const creation = this.#creation({
      name,
      permission,
      ...(namespaces !== null && { namespaces }),
      ...(expiresAt !== null && { expires_at: formatTime(expiresAt) }),
      created_at: formatTime(createdAt),
    });
    return await this.#note("it was there before the log told of tokens", { ...creation, digest });
  }

  /** What happens to a token without anybody asking for it. @returns the id of the token. */
  async #note(reason: string, command: Prepared): Promise<string> {
    return await this.#parts.units.writeOne(
      { namespace: logNamespace, caller: this.#caller },
      {
        reason,
        precondition: anyVersion,
        call: [command.command.type],
        command,
        render: async ({ state }) => stateOfKind("token", state).token_id,
      },
      {},
    );
  }

  /** The log knows those that have events; one that the operator chose has none. */
  #assertFree(name: string): void {
    if (!this.#parts.secrets.hasName(name)) return;
    throw new BucketsError("ALREADY_EXISTS", `There is a token "${name}" already.`, { name });
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
