/** What is kept of a token beside the log: by which secret it opens, and what. */
import type { Permission } from "../permissions.js";
import type { TokenState } from "./state.js";

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
