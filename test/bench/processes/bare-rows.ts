/**
 * The rows of the service, written and read by bare SQL: they are given, nothing is decided, hashed
 * or checked. The tables are those that the service had when this was written down; neither they
 * nor the rows follow it, so that figures of different days can be compared.
 */
import Database from "better-sqlite3";
import { bucketCount, bucketOf, objectOf, patchOf } from "../workload.js";

const schema = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY CHECK (position > 0), stream TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0), namespace TEXT NOT NULL, bucket_id TEXT NOT NULL,
    event_id TEXT NOT NULL, transaction_id TEXT, type TEXT NOT NULL, schema_version INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL, meta TEXT, meta_salt BLOB, meta_commitment BLOB NOT NULL,
    body TEXT, salt BLOB, commitment BLOB NOT NULL, hash BLOB NOT NULL, UNIQUE (stream, version)
  ) STRICT;
  CREATE INDEX events_by_time ON events (namespace, recorded_at, position, type);
  CREATE INDEX events_by_id ON events (event_id);
  CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
  WHEN NEW.position <= (SELECT max(position) FROM events)
    OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
  BEGIN
    SELECT RAISE(ABORT, 'events are append-only: they cannot be replaced');
  END;
  CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL, hash BLOB NOT NULL,
    recorded_at INTEGER NOT NULL, owner_epoch INTEGER NOT NULL
  ) STRICT;
  INSERT INTO head VALUES (1, 0, zeroblob(32), 0, 0);
  CREATE TABLE buckets (
    bucket_id TEXT NOT NULL PRIMARY KEY, namespace TEXT NOT NULL, created_at TEXT NOT NULL,
    version INTEGER NOT NULL, position INTEGER NOT NULL, is_deleted INTEGER NOT NULL,
    state TEXT NOT NULL, UNIQUE (namespace, is_deleted, created_at DESC, bucket_id)
  ) STRICT;
  CREATE TABLE objects (
    object_id TEXT NOT NULL PRIMARY KEY, bucket_id TEXT NOT NULL, created_at TEXT NOT NULL,
    version INTEGER NOT NULL, position INTEGER NOT NULL, is_deleted INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL, state TEXT NOT NULL,
    UNIQUE (bucket_id, is_deleted, created_at DESC, object_id),
    UNIQUE (bucket_id, is_deleted, size_bytes, object_id)
  ) STRICT;
  CREATE TABLE blame (
    stream TEXT NOT NULL, pointer TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (stream, pointer)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE bucket_stats (
    bucket_id TEXT NOT NULL, position INTEGER NOT NULL, object_count INTEGER NOT NULL,
    total_size_bytes INTEGER NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (bucket_id, position),
    UNIQUE (bucket_id, updated_at, position)
  ) STRICT, WITHOUT ROWID;`;

const createdAt = "2026-10-01T12:00:00.000Z";
const salt = Buffer.alloc(16, 7);
const digest = Buffer.alloc(32, 7);
const patchedLeaves = ["/description", "/metadata/season", "/metadata/editor"];
const objectLeaves = ["/title", "/metadata/team", "/metadata/rank", "/metadata/note", "/blobs"];

/** An id like those of the service: `prefix` and 26 characters. */
function idOf(prefix: string, number: number): string {
  return `${prefix}_01m8hykx2${String(number).padStart(17, "0")}`;
}

export const bareBucketId = (index: number) => idOf("bkt", index % bucketCount);

/** The event that a patch becomes, with what was there before. */
export function eventBodyOf(turn: number): string {
  const [now, then] = [patchOf(turn), patchOf(turn - 1)];
  const change = (path: string, value: unknown, was: unknown) => ({
    op: "replace",
    path,
    value,
    was,
  });
  return JSON.stringify({
    media_type: "application/merge-patch+json",
    changes: [
      change("/description", now.description, then.description),
      change("/metadata/season", now.metadata.season, then.metadata.season),
      change("/metadata/editor", now.metadata.editor, then.metadata.editor),
    ],
  });
}

/** The state that a patch leaves. */
export function bucketStateOf(turn: number): string {
  const document = { ...bucketOf(turn % bucketCount), ...patchOf(turn) };
  return JSON.stringify({
    kind: "bucket",
    bucket_id: bareBucketId(turn),
    namespace: "default",
    version: 2,
    position: turn,
    document,
    status: "ACTIVE",
    created_at: createdAt,
    updated_at: createdAt,
  });
}

function objectStateOf(index: number): string {
  return JSON.stringify({
    kind: "object",
    object_id: idOf("obj", index),
    bucket_id: bareBucketId(0),
    namespace: "default",
    version: 1,
    position: index,
    document: { blobs: [], ...objectOf(index) },
    status: "DRAFT",
    created_at: createdAt,
    updated_at: createdAt,
  });
}

export class BareRows {
  readonly db: Database.Database;
  readonly #event: Database.Statement;
  readonly #bucket: Database.Statement;
  readonly #object: Database.Statement;
  readonly #blame: Database.Statement;
  readonly #stats: Database.Statement;
  readonly #head: Database.Statement;
  readonly #meta = JSON.stringify({ actor: "local", request_id: idOf("req", 1) });
  readonly #body = eventBodyOf(1);
  readonly #bucketState = bucketStateOf(1);
  readonly #objectState = objectStateOf(1);
  #position = 0;

  constructor(file: string) {
    this.db = new Database(file);
    this.db.pragma("journal_mode = WAL");
    this.db.pragma("synchronous = FULL");
    this.db.pragma("wal_autocheckpoint = 8000");
    this.db.exec(schema);
    this.#event = this.db.prepare(
      `INSERT INTO events VALUES (?, ?, ?, 'default', ?, ?, NULL, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#bucket = this.db.prepare(
      `INSERT INTO buckets VALUES (?, 'default', '${createdAt}', ?, ?, 0, ?)
       ON CONFLICT (bucket_id) DO UPDATE SET version = excluded.version,
         position = excluded.position, state = excluded.state`,
    );
    this.#object = this.db.prepare(
      `INSERT INTO objects VALUES (?, ?, '${createdAt}', 1, ?, 0, 0, ?)`,
    );
    this.#blame = this.db.prepare(
      `INSERT INTO blame VALUES (?, ?, ?)
       ON CONFLICT (stream, pointer) DO UPDATE SET position = excluded.position`,
    );
    this.#stats = this.db.prepare(`INSERT INTO bucket_stats VALUES (?, ?, ?, 0, '${createdAt}')`);
    this.#head = this.db.prepare("UPDATE head SET position = ?, hash = ?, recorded_at = ?");
    this.patch = this.db.transaction((count: number) => this.#patches(count)).immediate;
    this.create = this.db.transaction((count: number) => this.#objects(count)).immediate;
  }

  /** So many patches in one transaction, each of the next bucket. */
  readonly patch: (count: number) => void;
  /** So many objects of one bucket in one transaction. */
  readonly create: (count: number) => void;

  #patches(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const position = this.#append("bucket.patched", this.#body, undefined);
      const bucket = bareBucketId(position);
      this.#bucket.run(bucket, Math.ceil(position / bucketCount), position, this.#bucketState);
      for (const leaf of patchedLeaves) this.#blame.run(bucket, leaf, position);
    }
    this.#head.run(this.#position, digest, Date.now());
  }

  #objects(count: number): void {
    const bucket = bareBucketId(0);
    for (let index = 0; index < count; index += 1) {
      const object = idOf("obj", this.#position + 1);
      const position = this.#append("object.created", this.#objectState, object);
      this.#object.run(object, bucket, position, this.#objectState);
      for (const leaf of objectLeaves) this.#blame.run(object, leaf, position);
      this.#stats.run(bucket, position, position);
    }
    this.#head.run(this.#position, digest, Date.now());
  }

  /** Appends the next event, to that stream or to the one of the next bucket; its position. */
  #append(type: string, body: string, stream: string | undefined): number {
    this.#position += 1;
    const position = this.#position;
    const bucket = bareBucketId(stream === undefined ? position : 0);
    const version = stream === undefined ? Math.ceil(position / bucketCount) : 1;
    const eventId = idOf("evt", position);
    const meta = [this.#meta, salt, digest] as const;
    const content = [body, salt, digest] as const;
    const now = Date.now();
    this.#event.run(
      position,
      stream ?? bucket,
      version,
      bucket,
      eventId,
      type,
      now,
      ...meta,
      ...content,
      digest,
    );
    return position;
  }
}
