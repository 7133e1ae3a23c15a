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
  get(uploadId: string): Promise<ReceivedRow | undefined>;
  /** In place of what arrived before, which is given. Durable when it resolves. */
  put(row: ReceivedRow): Promise<ReceivedRow | undefined>;
  /** So many whose uploads come after that one, in the order of their ids. */
  after(uploadId: string, limit: number): Promise<readonly ReceivedRow[]>;
  remove(uploadIds: readonly string[]): Promise<void>;
  /** Those of the hashes that arrived for an upload. */
  held(hashes: readonly string[]): Promise<ReadonlySet<string>>;
}
