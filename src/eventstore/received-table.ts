/** The port through which an engine keeps what arrived for uploads that are not confirmed yet. */
interface ReceivedRow {
  readonly uploadId: string;
  /** SHA-256 of the bytes, lower-case hex: where the blob store has them. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch; nothing needs the row after that. */
  readonly expiresAt: number;
}

export interface ReceivedTable {
  get(uploadId: string): ReceivedRow | undefined;
  /** In place of what arrived before. Durable when it returns. */
  put(row: ReceivedRow): void;
  all(): readonly ReceivedRow[];
  remove(uploadIds: readonly string[]): void;
  /** Those of the hashes that arrived for an upload. */
  held(hashes: readonly string[]): ReadonlySet<string>;
}

/** Of a store that does not outlive the process. */
export function memoryReceivedTable(): ReceivedTable {
  const rows = new Map<string, ReceivedRow>();
  return {
    get: (uploadId) => rows.get(uploadId),
    put: (row) => rows.set(row.uploadId, row),
    all: () => [...rows.values()],
    remove: (uploadIds) => {
      for (const id of uploadIds) rows.delete(id);
    },
    held: (hashes) => {
      const held = new Set([...rows.values()].map(({ hash }) => hash));
      return new Set(hashes.filter((hash) => held.has(hash)));
    },
  };
}
