/** The port through which an engine keeps access tokens with the store that they open. */
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

export interface TokenTable {
  all(): readonly TokenRecord[];
  /** Durable when it returns. */
  insert(record: TokenRecord): void;
  /** Durable when it returns; of a name that is not there nothing happens. */
  remove(name: string): void;
}

/** Tokens of a store that does not outlive the process. */
export function memoryTokenTable(): TokenTable {
  const records = new Map<string, TokenRecord>();
  return {
    all: () => [...records.values()],
    insert: (record) => records.set(record.name, record),
    remove: (name) => records.delete(name),
  };
}
