/** The port through which an engine keeps what arrived for uploads that are not confirmed yet. */
export interface ReceivedRow {
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
  /** Of one that is not there nothing happens. */
  remove(uploadId: string): void;
  /** Those of the hashes that an upload may still be confirmed with. */
  held(hashes: readonly string[]): ReadonlySet<string>;
  /** Forgets what expired before. @param time milliseconds. */
  removeExpired(time: number): void;
}

/** Of a store that does not outlive the process. */
export function memoryReceivedTable(): ReceivedTable {
  const rows = new Map<string, ReceivedRow>();
  return {
    get: (uploadId) => rows.get(uploadId),
    put: (row) => rows.set(row.uploadId, row),
    remove: (uploadId) => rows.delete(uploadId),
    held: (hashes) => {
      const held = new Set([...rows.values()].map(({ hash }) => hash));
      return new Set(hashes.filter((hash) => held.has(hash)));
    },
    removeExpired: (time) => {
      for (const { uploadId, expiresAt } of rows.values()) {
        if (expiresAt < time) rows.delete(uploadId);
      }
    },
  };
}
