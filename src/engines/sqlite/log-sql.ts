/** Every SQL statement of the log, prepared once per connection; rows are parsed as they come out. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { FoldedContent } from "../../eventstore/codec.js";
import type { StoredEvent } from "../../eventstore/frame.js";
import { sliceBytesMax, storedBytes } from "../../eventstore/slice.js";
import {
  type CountedEvents,
  type EventFilter,
  type EventPlace,
  type FoundPage,
  type Head,
  type IdempotencyKey,
  type IdempotencyRow,
  RefusedOperation,
  type SealedSecret,
  type StreamPage,
  type TimeFilter,
} from "../../eventstore/store.js";
import type { StoredBody } from "../../eventstore/verify.js";
import { ContentRow, contentColumns, eventColumns, eventOf, loggedOf } from "./event-rows.js";

const bytes = z.instanceof(Uint8Array);

const HeadRow = z.object({ position: z.number(), hash: bytes, recordedAt: z.number() });

const PlaceRow = z.object({
  version: z.number(),
  position: z.number(),
  recordedAt: z.number(),
});

const CountedRow = z.object({ step: z.number(), type: z.string(), count: z.number() });

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

const SecretRow = z
  .object({
    reference: z.string(),
    nonce: bytes,
    ciphertext: bytes,
    keyId: z.string().nullable(),
  })
  .transform((row) => ({ ...row, keyId: row.keyId ?? undefined }));

// Made once: to make a schema for each row costs more than to parse the row by it.
const PlaceRowIfAny = PlaceRow.optional();
const IdempotencyRowIfAny = IdempotencyRowSchema.optional();
const SecretRowIfAny = SecretRow.optional();
const numberIfAny = z.number().optional();
const epochNumber = z.number();

/** What reads the log. */
export class LogReader {
  readonly #db: Database.Database;
  /** Statements of filters, by their text: there are as many as ways to combine filters. */
  readonly #ofFilters = new Map<string, Database.Statement>();
  readonly #head: Database.Statement;
  readonly #place: Database.Statement;
  readonly #nextOf: Database.Statement;
  readonly #newest: Database.Statement;
  readonly #contents: Database.Statement;
  readonly #streamAscending: Database.Statement;
  readonly #streamDescending: Database.Statement;
  readonly #log: Database.Statement;
  readonly #event: Database.Statement;
  readonly #idempotency: Database.Statement;
  readonly #answeredKeys: Database.Statement;
  readonly #countByTime: Database.Statement;
  readonly #secret: Database.Statement;
  readonly #secrets: Database.Statement;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#head = db.prepare("SELECT position, hash, recorded_at AS recordedAt FROM head");
    this.#place = db.prepare(
      `SELECT version, position, recorded_at AS recordedAt FROM events
       WHERE stream = ? AND version = ?`,
    );
    // Positions and times have one order: the time is what the index knows.
    this.#nextOf = db
      .prepare(
        `SELECT position FROM events
         WHERE namespace = @namespace AND +position > @after AND recorded_at >=
           coalesce((SELECT recorded_at FROM events WHERE position = @after), 0)
         ORDER BY recorded_at, position LIMIT 1`,
      )
      .pluck();
    this.#newest = db
      .prepare("SELECT version FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1")
      .pluck();
    this.#contents = db.prepare(
      `SELECT ${contentColumns} FROM events e
       WHERE e.stream = ? AND e.version BETWEEN ? AND ? ORDER BY e.version`,
    );
    const page = (order: "ASC" | "DESC") =>
      db.prepare(
        `SELECT ${eventColumns}, p.hash AS previousHash
         FROM events e LEFT JOIN events p ON p.position = e.position - 1
         WHERE e.stream = ? AND e.version BETWEEN ? AND ?
         ORDER BY e.version ${order} LIMIT ?`,
      );
    this.#event = db.prepare("SELECT 1 FROM events WHERE event_id = ?").pluck();
    this.#streamAscending = page("ASC");
    this.#streamDescending = page("DESC");
    this.#log = db.prepare(
      `SELECT ${eventColumns} FROM events e WHERE e.position > ? ORDER BY e.position LIMIT ?`,
    );
    this.#idempotency = db.prepare(
      `SELECT scope, key, fingerprint, recorded_at AS recordedAt, results
       FROM idempotency WHERE scope = ? AND key = ?`,
    );
    this.#answeredKeys = db.prepare(
      `SELECT scope, key, fingerprint, recorded_at AS recordedAt, results
       FROM idempotency WHERE recorded_at BETWEEN ? AND ? ORDER BY recorded_at, scope, key`,
    );
    this.#countByTime = db.prepare(
      `SELECT (recorded_at - @from) / @stepMs AS step, type, count(*) AS count
       FROM events
       WHERE namespace = @namespace AND recorded_at >= @from AND recorded_at < @to
       GROUP BY step, type ORDER BY step, type`,
    );
    const secrets = "SELECT reference, nonce, ciphertext, key_id AS keyId FROM secrets";
    this.#secrets = db.prepare(`${secrets} ORDER BY reference`);
    this.#secret = db.prepare(`${secrets} WHERE reference = ?`);
  }

  head(): Head {
    return HeadRow.parse(this.#head.get());
  }

  place(stream: string, version: number): EventPlace | undefined {
    return PlaceRowIfAny.parse(this.#place.get(stream, version));
  }

  /** The newest version of the stream; 0 when it does not exist. */
  newestVersion(stream: string): number {
    return numberIfAny.parse(this.#newest.get(stream)) ?? 0;
  }

  /** What folding needs of the events of a stream, and what they committed to. */
  *contents(stream: string, from: number, to: number): Iterable<FoldedContent & StoredBody> {
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
    const rows = statement.iterate(stream, page.from, page.to, page.limit);
    yield* slice(rows, loggedOf, ({ row }) => row);
  }

  logAfter(position: number, limit: number): StoredEvent[] {
    return [...slice(this.#log.iterate(position, limit), eventOf, (row) => row)];
  }

  nextOf(namespace: string, after: number): number | undefined {
    return numberIfAny.parse(this.#nextOf.get({ namespace, after }));
  }

  /** The position of the last event of the namespace; 0 when it has none. */
  endOf(namespace: string): number {
    const found = this.#db.prepare("SELECT max(position) FROM events WHERE namespace = ?").pluck();
    return z.number().nullable().parse(found.get(namespace)) ?? 0;
  }

  /** @param page without its bound of bytes: whoever iterates ends it. */
  *find(filter: EventFilter, { before, skip, limit }: FoundPage) {
    const { where, order } = clausesOf(filter);
    // Positions and times have one order: the time is what the index knows.
    const bound =
      before === undefined ? "" : "AND +e.position < @before AND e.recorded_at <= @until";
    const statement = this.#prepared(
      `SELECT ${eventColumns} FROM events e
       WHERE ${where} ${bound} ORDER BY ${order} LIMIT @limit OFFSET @skip`,
    );
    const place = { before: before?.position, until: before?.recordedAt };
    const parameters = { ...parametersOf(filter), skip, limit, ...place };
    for (const row of statement.iterate(parameters)) yield eventOf(row);
  }

  count(filter: EventFilter): number {
    const { where } = clausesOf(filter);
    const statement = this.#prepared(`SELECT count(*) AS total FROM events e WHERE ${where}`);
    return CountRow.parse(statement.get(parametersOf(filter))).total;
  }

  /** From the index by time alone: no event is read. */
  countByTime(filter: TimeFilter): CountedEvents[] {
    return z.array(CountedRow).parse(this.#countByTime.all(filter));
  }

  #prepared(sql: string): Database.Statement {
    const statement = this.#ofFilters.get(sql) ?? this.#db.prepare(sql);
    this.#ofFilters.set(sql, statement);
    return statement;
  }

  idempotency({ scope, key }: IdempotencyKey): IdempotencyRow | undefined {
    const row = IdempotencyRowIfAny.parse(this.#idempotency.get(scope, key));
    return row && withResults(row);
  }

  answeredKeys(from: number, to: number): IdempotencyRow[] {
    return z.array(IdempotencyRowSchema).parse(this.#answeredKeys.all(from, to)).map(withResults);
  }

  hasEvent(eventId: string): boolean {
    return this.#event.get(eventId) !== undefined;
  }

  secret(reference: string): SealedSecret | undefined {
    return SecretRowIfAny.parse(this.#secret.get(reference));
  }

  secrets(): readonly SealedSecret[] {
    return z.array(SecretRow).parse(this.#secrets.all());
  }
}

function withResults(row: z.infer<typeof IdempotencyRowSchema>): IdempotencyRow {
  return { ...row, ...IdempotencyResults.parse(JSON.parse(row.results)) };
}

/**
 * The narrowest key that is given decides the index; a plus keeps SQLite from choosing that of a
 * wider one. The order is that of the index: nothing is sorted.
 */
function clausesOf({ eventId, stream, within, types, actor }: EventFilter) {
  const others = [
    "e.recorded_at BETWEEN @from AND @to",
    ...(types === undefined ? [] : ["e.type IN (SELECT value FROM json_each(@types))"]),
    ...(actor === undefined
      ? []
      : ["json_valid(e.meta) AND json_extract(e.meta, '$.actor') = @actor"]),
  ].join(" AND ");
  if (eventId !== undefined) {
    const ofStream = stream === undefined ? "" : "AND +e.stream = @stream";
    const where = `e.event_id = @eventId ${ofStream} AND ${isWithin(within, "+")} AND ${others}`;
    return { where, order: "e.position DESC" };
  }
  if (stream !== undefined) {
    const where = `e.stream = @stream AND ${isWithin(within, "+")} AND ${others}`;
    return { where, order: "e.version DESC" };
  }
  // Only within one namespace is the index by time in the order of the log.
  if (within?.length !== 1) {
    return { where: `${isWithin(within, "+")} AND ${others}`, order: "e.position DESC" };
  }
  return {
    where: `${isWithin(within, "")} AND ${others}`,
    order: "e.recorded_at DESC, e.position DESC",
  };
}

function isWithin(within: EventFilter["within"], plus: "+" | ""): string {
  if (within === undefined) return "TRUE";
  if (within.length === 1) return `${plus}e.namespace = @namespace`;
  return `${plus}e.namespace IN (SELECT value FROM json_each(@within))`;
}

function parametersOf({ types, from = 0, to = Number.MAX_SAFE_INTEGER, ...keys }: EventFilter) {
  const { within = [], ...others } = keys;
  const [namespace] = within;
  const lists = { within: JSON.stringify(within), types: JSON.stringify(types ?? []) };
  return { ...others, ...lists, namespace, from, to };
}

/** The rows until they are large together: one at least, so that whoever reads on gets on. */
function* slice<Row>(
  rows: Iterable<unknown>,
  parse: (raw: unknown) => Row,
  eventIn: (row: Row) => StoredEvent,
) {
  let bytes = 0;
  for (const raw of rows) {
    const row = parse(raw);
    yield row;
    bytes += storedBytes(eventIn(row));
    if (bytes >= sliceBytesMax) return;
  }
}

/** What writes the log; every call is inside the write transaction of the engine. */
export class LogWriter {
  readonly #insert: Database.Statement;
  readonly #setHead: Database.Statement;
  readonly #beginEpoch: Database.Statement;
  readonly #epoch: Database.Statement;
  readonly #probe: Database.Statement;
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
    this.#beginEpoch = db
      .prepare("UPDATE head SET owner_epoch = owner_epoch + 1 RETURNING owner_epoch")
      .pluck();
    this.#probe = db.prepare("UPDATE head SET owner_epoch = ?");
    this.#epoch = db.prepare("SELECT owner_epoch FROM head").pluck();
    this.#putIdempotency = db.prepare(
      "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, recorded_at, results) VALUES (?, ?, ?, ?, ?)",
    );
    this.#forgetIdempotency = db.prepare("DELETE FROM idempotency WHERE recorded_at < ?");
    this.#putSecret = db.prepare(
      `INSERT INTO secrets (reference, bucket_id, nonce, ciphertext, key_id)
       VALUES (?, ?, ?, ?, ?)`,
    );
    this.#replaceSecret = db.prepare(
      `INSERT INTO secrets (nonce, ciphertext, key_id, reference, bucket_id)
       VALUES (?, ?, ?, ?, '')
       ON CONFLICT (reference) DO UPDATE SET nonce = excluded.nonce,
         ciphertext = excluded.ciphertext, key_id = excluded.key_id`,
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
  beginEpoch(): number {
    return epochNumber.parse(this.#beginEpoch.get());
  }

  /** Writes what is there already, to see whether it can. */
  probe(epoch: number): void {
    this.#probe.run(epoch);
  }

  epoch(): number {
    return epochNumber.parse(this.#epoch.get());
  }

  putIdempotency(row: IdempotencyRow): void {
    const results = JSON.stringify({ results: row.results, refusals: row.refusals });
    this.#putIdempotency.run(row.scope, row.key, row.fingerprint, row.recordedAt, results);
  }

  forgetIdempotency(before: number): void {
    this.#forgetIdempotency.run(before);
  }

  putSecret(secret: SealedSecret & { readonly bucketId: string }): void {
    const { reference, bucketId, nonce, ciphertext, keyId } = secret;
    this.#putSecret.run(reference, bucketId, nonce, ciphertext, keyId);
  }

  replaceSecret({ reference, nonce, ciphertext, keyId }: SealedSecret): void {
    this.#replaceSecret.run(nonce, ciphertext, keyId, reference);
  }

  dropSecret(reference: string): void {
    this.#dropSecret.run(reference);
  }
}
