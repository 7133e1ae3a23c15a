/** The port through which an engine keeps access tokens with the store that they open. */
import type { JsonValue } from "../domain/json.js";
import type { Permission } from "../domain/permissions.js";

export interface TokenRecord {
  readonly name: string;
  readonly permission: Permission;
  /** The namespaces that it opens; null for all. */
  readonly namespaces: readonly string[] | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; null for never. */
  readonly expiresAt: number | null;
  /** SHA-256 of the secret, which is kept nowhere. */
  readonly digest: Uint8Array;
}

/** What was answered under an Idempotency-Key; no secret is among it. */
export interface TokenReply {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  readonly answer: JsonValue;
}

/** Every change is durable when it resolves, together with the reply that tells of it. */
export interface TokenTable {
  all(): Promise<readonly TokenRecord[]>;
  insert(record: TokenRecord, reply?: TokenReply): Promise<void>;
  /** Puts the record in the place of the one of its name. */
  replace(record: TokenRecord, reply?: TokenReply): Promise<void>;
  /** Of a name that is not there nothing happens. */
  remove(name: string, reply?: TokenReply): Promise<void>;
  reply(scope: string, key: string): Promise<TokenReply | undefined>;
}
