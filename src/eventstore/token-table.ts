/**
 * The port through which an engine keeps by which secrets access tokens open the store: rows beside the log, each
 * written in the transaction of the event that says so.
 */
import type { JsonValue } from "../domain/json.js";
import type { Permission } from "../domain/permissions.js";
import type { TokenState } from "../domain/token/state.js";

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

/** What an event of a token does to its row. */
export type TokenMove =
  | { readonly kind: "opens"; readonly record: TokenRecord }
  /** The row that is there is that of the token. */
  | { readonly kind: "stays"; readonly name: string }
  | { readonly kind: "closes"; readonly name: string };

/** A row, and what the log tells of the token of that name, as of one moment. */
export interface KeptToken extends TokenRecord {
  readonly told: TokenState | undefined;
  /** Whether it was there before there were events of tokens, and has none yet. */
  readonly isUnrecorded: boolean;
}

/** What an older version answered under an Idempotency-Key; no secret is among it. */
interface TokenReply {
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  readonly answer: JsonValue;
}

export interface TokenTable {
  /** In the order of their names. */
  all(): Promise<readonly KeptToken[]>;
  reply(scope: string, key: string): Promise<TokenReply | undefined>;
}

/** The row of a token with that secret, as its state says. */
export function recordOf(
  { document, created_at: recordedAt }: TokenState,
  digest: Uint8Array,
): TokenRecord {
  const { name, permission, namespaces = null, expires_at: expiresAt } = document;
  return {
    name,
    permission,
    namespaces,
    createdAt: Date.parse(document.created_at ?? recordedAt),
    expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
    digest,
  };
}

/** Whether the row says what the log does; by which secret it opens, the log does not say. */
export function isAsTold(record: TokenRecord, told: TokenState): boolean {
  const said = (one: TokenRecord) =>
    JSON.stringify([one.name, one.permission, one.namespaces, one.createdAt, one.expiresAt]);
  return said(record) === said(recordOf(told, record.digest));
}
