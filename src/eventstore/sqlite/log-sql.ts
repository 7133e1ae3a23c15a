/** Every SQL statement of the log, prepared once per connection; rows are parsed as they come out. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { EventContent } from "../codec.js";
import { type StoredEvent, zeroHash } from "../frame.js";
import type { IdempotencyRow } from "../planner.js";
import {
  type EventFilter,
  type EventPlace,
  type Head,
  type IdempotencyKey,
  RefusedOperation,
  type SealedSecret,
  type StreamPage,
} from "../store.js";

const bytes = z.instanceof(Uint8Array);

const HeadRow = z.object({ position: z.number(), hash: bytes, recordedAt: z.number() });

const EventRow = z.object({
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
  meta: bytes.nullable(),
  metaSalt: bytes.nullable(),
  metaCommitment: bytes,
  body: bytes.nullable(),
  salt: bytes.nullable(),
  commitment: bytes,
  hash: bytes,
});

const ContentRow = EventRow.omit({
  metaSalt: true,
  metaCommitment: true,
  salt: true,
  commitment: true,
  hash: true,
});

const LoggedRow = EventRow.extend({ previousHash: bytes.nullable() });

const PlaceRow = z.object({
  version: z.number(),
  position: z.number(),
  recordedAt: z.number(),
});

const CountRow = z.object({ total: z.number() });

const PlacementRow = z.object({ stream: z.string(), version: z.number(), position: z.number() });

/** What was done under a key, and of a unit whose commands are accepted one by one, what was not. */
const IdempotencyResults = z.object({
  results: z.array(PlacementRow),
  refusals: z.array(RefusedOperation).exactOptional(),
});
const IdempotencyRowSchema = z.object({
  scope: z.string(),
  key: z.string(),
  fingerprint: z.string(),
  recordedAt: z.number(),
  results: z.string(),
});

/** Bytes are cast, so that they are read exactly as they lie there, also when tampered with. */
const columns = `
  e.position, e.stream, e.version, e.namespace, e.bucket_id AS bucketId, e.event_id AS eventId,
  e.transaction_id AS transactionId, e.type, e.schema_version AS schemaVersion,
  e.recorded_at AS recordedAt, CAST(e.meta AS BLOB) AS meta, e.meta_salt AS metaSalt,
  e.meta_commitment AS metaCommitment, CAST(e.body AS BLOB) AS body, e.salt, e.commitment, e.hash`;

const contentColumns = `
  position, stream, version, namespace, bucket_id AS bucketId, event_id AS eventId,
  transaction_id AS transactionId, type, schema_version AS schemaVersion,
  recorded_at AS recordedAt, CAST(meta AS BLOB) AS meta, CAST(body AS BLOB) AS body`;

const SecretRow = z.object({ reference: z.string(), nonce: bytes, ciphertext: bytes });

/** What reads the log. */
export class LogReader {
  readonly #db: Database.Database;
  /** Statements of filters, by their text: there are as many as ways to combine filters. */
  readonly #ofFilters = new Map<string, Database.Statement>();
  readonly #head: Database.Statement;
  readonly #place: Database.Statement;
  readonly #newest: Database.Statement;
  readonly #contents: Database.Statement;
  readonly #streamAscending: Database.Statement;
  readonly #streamDescending: Database.Statement;
  readonly #log: Database.Statement;
  readonly #idempotency: Database.Statement;
  readonly #secret: Database.Statement;
  readonly #secrets: Database.Statement;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#head = db.prepare("SELECT position, hash, recorded_at AS recordedAt FROM head");
    this.#place = db.prepare(
      `SELECT version, position, recorded_at AS recordedAt FROM events
       WHERE stream = ? AND version = ?`,
    );
    this.#newest = db
      .prepare("SELECT version FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1")
      .pluck();
    this.#contents = db.prepare(
      `SELECT ${contentColumns} FROM events
       WHERE stream = ? AND version BETWEEN ? AND ? ORDER BY version`,
    );
    const page = (order: "ASC" | "DESC") =>
      db.prepare(
        `SELECT ${columns}, p.hash AS previousHash
         FROM events e LEFT JOIN events p ON p.position = e.position - 1
         WHERE e.stream = ? AND e.version BETWEEN ? AND ?
         ORDER BY e.version ${order} LIMIT ?`,
      );
    this.#streamAscending = page("ASC");
    this.#streamDescending = page("DESC");
    this.#log = db.prepare(
      `SELECT ${columns} FROM events e WHERE e.position > ? ORDER BY e.position LIMIT ?`,
    );
    this.#idempotency = db.prepare(
      `SELECT scope, key, fingerprint, recorded_at AS recordedAt, results
       FROM idempotency WHERE scope = ? AND key = ?`,
    );
    this.#secrets = db.prepare(
      "SELECT reference, nonce, ciphertext FROM secrets ORDER BY reference",
    );
    this.#secret = db.prepare(
      "SELECT reference, nonce, ciphertext FROM secrets WHERE reference = ?",
    );
  }

  head(): Head {
    return HeadRow.parse(this.#head.get());
  }

  place(stream: string, version: number): EventPlace | undefined {
    return PlaceRow.optional().parse(this.#place.get(stream, version));
  }

  /** The newest version of the stream; 0 when it does not exist. */
  newestVersion(stream: string): number {
    return z.number().optional().parse(this.#newest.get(stream)) ?? 0;
  }

  /** What folding needs of the events of a stream, which is a fraction of their rows. */
  *contents(stream: string, from: number, to: number): Iterable<EventContent> {
    for (const raw of this.#contents.iterate(stream, from, to)) yield ContentRow.parse(raw);
  }

  *streamEvents(
    stream: string,
    page: StreamPage,
  ): Iterable<{
    readonly row: StoredEvent;
    readonly previousHash: Uint8Array;
  }> {
    const statement = page.order === "asc" ? this.#streamAscending : this.#streamDescending;
    for (const raw of statement.iterate(stream, page.from, page.to, page.limit)) {
      const { previousHash, ...row } = LoggedRow.parse(raw);
      yield { row, previousHash: previousHash ?? zeroHash };
    }
  }

  logAfter(position: number, limit: number): StoredEvent[] {
    return z.array(EventRow).parse(this.#log.all(position, limit));
  }

  find(filter: EventFilter, page: { readonly skip: number; readonly limit: number }) {
    const { where, order } = clausesOf(filter);
    const statement = this.#prepared(
      `SELECT ${columns} FROM events e WHERE ${where} ORDER BY ${order} LIMIT @limit OFFSET @skip`,
    );
    return z.array(EventRow).parse(statement.all({ ...parametersOf(filter), ...page }));
  }

  count(filter: EventFilter): number {
    const { where } = clausesOf(filter);
    const statement = this.#prepared(`SELECT count(*) AS total FROM events e WHERE ${where}`);
    return CountRow.parse(statement.get(parametersOf(filter))).total;
  }

  #prepared(sql: string): Database.Statement {
    const statement = this.#ofFilters.get(sql) ?? this.#db.prepare(sql);
    this.#ofFilters.set(sql, statement);
    return statement;
  }

  idempotency({ scope, key }: IdempotencyKey): IdempotencyRow | undefined {
    const row = IdempotencyRowSchema.optional().parse(this.#idempotency.get(scope, key));
    return row && { ...row, ...IdempotencyResults.parse(JSON.parse(row.results)) };
  }

  secret(reference: string): SealedSecret | undefined {
    return SecretRow.optional().parse(this.#secret.get(reference));
  }

  secrets(): readonly SealedSecret[] {
    return z.array(SecretRow).parse(this.#secrets.all());
  }
}

/**
 * The narrowest key that is given decides the index; a plus keeps SQLite from choosing that of a
 * wider one. The order is that of the index: nothing is sorted.
 */
function clausesOf({ eventId, stream, types, actor }: EventFilter) {
  const others = [
    "e.recorded_at BETWEEN @from AND @to",
    ...(types === undefined ? [] : ["e.type IN (SELECT value FROM json_each(@types))"]),
    ...(actor === undefined ? [] : ["json_extract(e.meta, '$.actor') = @actor"]),
  ].join(" AND ");
  if (eventId !== undefined) {
    const ofStream = stream === undefined ? "" : "AND +e.stream = @stream";
    const where = `e.event_id = @eventId ${ofStream} AND +e.namespace = @namespace AND ${others}`;
    return { where, order: "e.position DESC" };
  }
  if (stream !== undefined) {
    const where = `e.stream = @stream AND +e.namespace = @namespace AND ${others}`;
    return { where, order: "e.version DESC" };
  }
  return {
    where: `e.namespace = @namespace AND ${others}`,
    order: "e.recorded_at DESC, e.position DESC",
  };
}

function parametersOf({ types, from = 0, to = Number.MAX_SAFE_INTEGER, ...keys }: EventFilter) {
  return { ...keys, from, to, types: JSON.stringify(types ?? []) };
}

/** What writes the log; every call is inside the write transaction of the engine. */
export class LogWriter {
  readonly #insert: Database.Statement;
  readonly #setHead: Database.Statement;
  readonly #claimEpoch: Database.Statement;
  readonly #epoch: Database.Statement;
  readonly #putIdempotency: Database.Statement;
  readonly #forgetIdempotency: Database.Statement;
  readonly #putSecret: Database.Statement;
  readonly #dropSecret: Database.Statement;
  readonly #replaceSecret: Database.Statement;

  constructor(db: Database.Database) {
    this.#insert = db.prepare(
      `INSERT INTO events (position, stream, version, namespace, bucket_id, event_id,
         transaction_id, type, schema_version, recorded_at, meta, meta_salt, meta_commitment,
         body, salt, commitment, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?, ?, ?)`,
    );
    this.#setHead = db.prepare("UPDATE head SET position = ?, hash = ?, recorded_at = ?");
    this.#claimEpoch = db
      .prepare("UPDATE head SET owner_epoch = owner_epoch + 1 RETURNING owner_epoch")
      .pluck();
    this.#epoch = db.prepare("SELECT owner_epoch FROM head").pluck();
    this.#putIdempotency = db.prepare(
      "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, recorded_at, results) VALUES (?, ?, ?, ?, ?)",
    );
    this.#forgetIdempotency = db.prepare("DELETE FROM idempotency WHERE recorded_at < ?");
    this.#putSecret = db.prepare(
      "INSERT INTO secrets (reference, bucket_id, nonce, ciphertext) VALUES (?, ?, ?, ?)",
    );
    this.#replaceSecret = db.prepare(
      "UPDATE secrets SET nonce = ?, ciphertext = ? WHERE reference = ?",
    );
    this.#dropSecret = db.prepare("DELETE FROM secrets WHERE reference = ?");
  }

  append(event: StoredEvent): void {
    this.#insert.run(
      event.position,
      event.stream,
      event.version,
      event.namespace,
      event.bucketId,
      event.eventId,
      event.transactionId,
      event.type,
      event.schemaVersion,
      event.recordedAt,
      event.meta,
      event.metaSalt,
      event.metaCommitment,
      event.body,
      event.salt,
      event.commitment,
      event.hash,
    );
  }

  setHead(head: Head): void {
    this.#setHead.run(head.position, head.hash, head.recordedAt);
  }

  /** Counts the owners of the file; a writer that finds another epoch than its own must stop. */
  claimEpoch(): number {
    return z.number().parse(this.#claimEpoch.get());
  }

  epoch(): number {
    return z.number().parse(this.#epoch.get());
  }

  putIdempotency(row: IdempotencyRow): void {
    const results = JSON.stringify({ results: row.results, refusals: row.refusals });
    this.#putIdempotency.run(row.scope, row.key, row.fingerprint, row.recordedAt, results);
  }

  forgetIdempotency(before: number): void {
    this.#forgetIdempotency.run(before);
  }

  putSecret(secret: SealedSecret & { readonly bucketId: string }): void {
    this.#putSecret.run(secret.reference, secret.bucketId, secret.nonce, secret.ciphertext);
  }

  replaceSecret({ reference, nonce, ciphertext }: SealedSecret): void {
    this.#replaceSecret.run(nonce, ciphertext, reference);
  }

  dropSecret(reference: string): void {
    this.#dropSecret.run(reference);
  }
}
