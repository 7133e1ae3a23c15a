/**
 * Rows of the log as they are read. All that is bytes of an event comes as one blob, which is taken apart
 * here: each blob that SQLite hands over costs more than all the columns beside it.
 */
import { z } from "zod";
import { type StoredEvent, zeroHash } from "../../eventstore/frame.js";

const bytes = z.instanceof(Uint8Array);
const size = z.number();

const header = {
  position: z.number(),
  stream: z.string(),
  version: z.number(),
  namespace: z.string(),
  bucketId: z.string(),
  eventId: z.string(),
  transactionId: z.string().nullable(),
  type: z.string(),
  schemaVersion: z.number(),
  recordedAt: z.number(),
};

const headerColumns = `
  e.position, e.stream, e.version, e.namespace, e.bucket_id AS bucketId, e.event_id AS eventId,
  e.transaction_id AS transactionId, e.type, e.schema_version AS schemaVersion,
  e.recorded_at AS recordedAt`;

/** Of events named `e`; the large ones last, since they are copied with each that is put behind them. */
export const eventColumns = `${headerColumns},
  ${packed("e.meta_salt", "e.meta_commitment", "e.salt", "e.commitment", "e.hash", "e.meta", "e.body")} AS bytes,
  octet_length(e.meta_salt) AS metaSaltSize, octet_length(e.meta_commitment) AS metaCommitmentSize,
  octet_length(e.salt) AS saltSize, octet_length(e.commitment) AS commitmentSize,
  octet_length(e.hash) AS hashSize, octet_length(e.meta) AS metaSize,
  octet_length(e.body) AS bodySize`;

/** What of them is folded. */
export const contentColumns = `${headerColumns},
  CAST(e.body AS BLOB) AS body, e.salt, e.commitment`;

/** A row of `contentColumns`. */
export const ContentRow = z.object({
  ...header,
  body: bytes.nullable(),
  salt: bytes.nullable(),
  commitment: bytes,
});

/** The columns one behind the other, exactly as they lie there, also when tampered with. */
function packed(...columns: readonly string[]): string {
  return `CAST(${columns.map((column) => `coalesce(${column}, '')`).join(" || ")} AS BLOB)`;
}

const PackedEvent = z.object({
  ...header,
  bytes,
  metaSaltSize: size.nullable(),
  metaCommitmentSize: size,
  saltSize: size.nullable(),
  commitmentSize: size,
  hashSize: size,
  metaSize: size.nullable(),
  bodySize: size.nullable(),
});

/** @param raw a row of `eventColumns`. */
export function eventOf(raw: unknown): StoredEvent {
  return unpacked(PackedEvent.parse(raw));
}

function unpacked(row: z.infer<typeof PackedEvent>): StoredEvent {
  const parts = new Parts(row.bytes);
  return {
    position: row.position,
    stream: row.stream,
    version: row.version,
    namespace: row.namespace,
    bucketId: row.bucketId,
    eventId: row.eventId,
    transactionId: row.transactionId,
    type: row.type,
    schemaVersion: row.schemaVersion,
    recordedAt: row.recordedAt,
    metaSalt: parts.nextOrNull(row.metaSaltSize),
    metaCommitment: parts.next(row.metaCommitmentSize),
    salt: parts.nextOrNull(row.saltSize),
    commitment: parts.next(row.commitmentSize),
    hash: parts.next(row.hashSize),
    meta: parts.nextOrNull(row.metaSize),
    body: parts.nextOrNull(row.bodySize),
  };
}

const PackedLogged = PackedEvent.extend({ previousHash: bytes.nullable() });

/** @param raw the same, with the hash of the event before it. */
export function loggedOf(raw: unknown) {
  const row = PackedLogged.parse(raw);
  return { row: unpacked(row), previousHash: row.previousHash ?? zeroHash };
}

/** Takes apart what lies one behind the other. */
class Parts {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(all: Uint8Array) {
    this.#bytes = all;
  }

  next(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  /** The same of a column that may be null. */
  nextOrNull(length: number | null): Uint8Array | null {
    return length === null ? null : this.next(length);
  }
}
