/** The port through which an engine keeps access tokens with the store that they open. */
import type { Permission } from "../domain/permissions.js";

export interface TokenRecord {
  readonly name: string;
  readonly permission: Permission;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** SHA-256 of the secret, which is kept nowhere. */
  readonly digest: Uint8Array;
}

export interface TokenTable {
  all(): readonly TokenRecord[];
  /** Durable when it returns. */
  insert(record: TokenRecord): void;
}

/** Tokens of a store that does not outlive the process. */
export function memoryTokenTable(): TokenTable {
  const records: TokenRecord[] = [];
  return { all: () => records, insert: (record) => records.push(record) };
}
