-- The view: the current state of every bucket, a fold of its events. Indexes are written as
-- UNIQUE constraints, so that they travel with the table when a rebuild swaps it.
CREATE TABLE buckets (
  bucket_id  TEXT    NOT NULL PRIMARY KEY,
  namespace  TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  UNIQUE (namespace, is_deleted, created_at DESC, bucket_id)
) STRICT;

-- Names and keys that belong to one stream at a time.
CREATE TABLE reservations (
  scope  TEXT NOT NULL,
  key    TEXT NOT NULL,
  stream TEXT NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- States along the way of long streams, so that an answer about the past folds few events. They are
-- made from the log like the rest of the view, and can be made again; one of another reducer counts
-- for nothing.
CREATE TABLE snapshots (
  stream          TEXT    NOT NULL,
  version         INTEGER NOT NULL,
  reducer_version INTEGER NOT NULL,
  state           TEXT    NOT NULL,
  PRIMARY KEY (stream, version)
) STRICT;

-- What was asked for and went on by itself, such as the deletion of a bucket.
CREATE TABLE tasks (
  task_id    TEXT NOT NULL PRIMARY KEY,
  namespace  TEXT NOT NULL,
  created_at TEXT NOT NULL,
  bucket_id  TEXT NOT NULL,
  task       TEXT NOT NULL,
  UNIQUE (namespace, created_at DESC, task_id)
) STRICT;

-- The event that last set each leaf of a document, so that blame folds nothing.
CREATE TABLE blame (
  stream   TEXT    NOT NULL,
  pointer  TEXT    NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (stream, pointer)
) STRICT, WITHOUT ROWID;
