-- What a bucket holds: objects, batches and uploads, each the fold of its own events. As with
-- buckets, indexes are written as UNIQUE constraints, so that they travel with a rebuilt table.
CREATE TABLE objects (
  object_id  TEXT    NOT NULL PRIMARY KEY,
  bucket_id  TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  UNIQUE (bucket_id, is_deleted, created_at DESC, object_id),
  -- For the greatest and the least size, once the object that had it is gone.
  UNIQUE (bucket_id, is_deleted, size_bytes, object_id)
) STRICT;

CREATE TABLE batches (
  batch_id     TEXT    NOT NULL PRIMARY KEY,
  bucket_id    TEXT    NOT NULL,
  namespace    TEXT    NOT NULL,
  created_at   TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  position     INTEGER NOT NULL,
  is_deleted   INTEGER NOT NULL,
  -- Submitted and not finished: what a worker may claim, now or once a lease has run out.
  is_open      INTEGER NOT NULL,
  submitted_at TEXT,
  state        TEXT    NOT NULL,
  UNIQUE (bucket_id, is_deleted, created_at DESC, batch_id),
  UNIQUE (namespace, is_open, submitted_at, batch_id)
) STRICT;

CREATE TABLE uploads (
  upload_id  TEXT    NOT NULL PRIMARY KEY,
  bucket_id  TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  UNIQUE (bucket_id, is_deleted, created_at DESC, upload_id)
) STRICT;

-- A row for each event that moved the statistics of a bucket: as of a position, they are those of
-- the last row at or below it.
CREATE TABLE bucket_stats (
  bucket_id         TEXT    NOT NULL,
  position          INTEGER NOT NULL,
  object_count      INTEGER NOT NULL,
  total_size_bytes  INTEGER NOT NULL,
  max_size_bytes    INTEGER NOT NULL,
  min_size_bytes    INTEGER NOT NULL,
  batches_total     INTEGER NOT NULL,
  batches_active    INTEGER NOT NULL,
  batches_completed INTEGER NOT NULL,
  batches_failed    INTEGER NOT NULL,
  last_upload_at    TEXT,
  updated_at        TEXT    NOT NULL,
  PRIMARY KEY (bucket_id, position),
  UNIQUE (bucket_id, updated_at, position)
) STRICT, WITHOUT ROWID;

-- What lists of buckets add up: the statistics of now, of the buckets that have any.
CREATE TABLE bucket_totals (
  bucket_id        TEXT    NOT NULL PRIMARY KEY,
  object_count     INTEGER NOT NULL,
  total_size_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every content that an event ever referred to: its bytes are never collected.
CREATE TABLE blob_references (
  hash     TEXT    NOT NULL PRIMARY KEY,
  stream   TEXT    NOT NULL,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A state says of which kind it is, now that there are several; and what is kept under a key has room
-- for items that were refused.
UPDATE buckets SET state = '{"kind":"bucket",' || substr(state, 2);
UPDATE snapshots SET state = '{"kind":"bucket",' || substr(state, 2);
UPDATE idempotency SET results = '{"results":' || results || '}';
