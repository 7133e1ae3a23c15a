-- The log: one row for each decided fact, never changed. Columns and their meaning are those of
-- the frame (src/eventstore/frame.ts). Bytes and salts may become NULL once they are erased.
CREATE TABLE events (
  position        INTEGER PRIMARY KEY CHECK (position > 0),
  stream          TEXT    NOT NULL,
  version         INTEGER NOT NULL CHECK (version > 0),
  namespace       TEXT    NOT NULL,
  bucket_id       TEXT    NOT NULL,
  event_id        TEXT    NOT NULL,
  transaction_id  TEXT,
  type            TEXT    NOT NULL,
  schema_version  INTEGER NOT NULL,
  recorded_at     INTEGER NOT NULL,
  meta            TEXT,
  meta_salt       BLOB,
  meta_commitment BLOB    NOT NULL,
  body            TEXT,
  salt            BLOB,
  commitment      BLOB    NOT NULL,
  hash            BLOB    NOT NULL,
  UNIQUE (stream, version)
) STRICT;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
  SELECT RAISE(ABORT, 'events are append-only: they cannot be deleted');
END;

-- INSERT OR REPLACE deletes what is in its way without firing the trigger above.
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
WHEN NEW.position <= (SELECT max(position) FROM events)
  OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
BEGIN
  SELECT RAISE(ABORT, 'events are append-only: they cannot be replaced');
END;

-- Erasing sets bytes and salts to NULL; nothing else may change.
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
WHEN NEW.position IS NOT OLD.position
  OR NEW.stream IS NOT OLD.stream
  OR NEW.version IS NOT OLD.version
  OR NEW.namespace IS NOT OLD.namespace
  OR NEW.bucket_id IS NOT OLD.bucket_id
  OR NEW.event_id IS NOT OLD.event_id
  OR NEW.transaction_id IS NOT OLD.transaction_id
  OR NEW.type IS NOT OLD.type
  OR NEW.schema_version IS NOT OLD.schema_version
  OR NEW.recorded_at IS NOT OLD.recorded_at
  OR NEW.meta_commitment IS NOT OLD.meta_commitment
  OR NEW.commitment IS NOT OLD.commitment
  OR NEW.hash IS NOT OLD.hash
  OR (NEW.meta IS NOT NULL AND NEW.meta IS NOT OLD.meta)
  OR (NEW.meta_salt IS NOT NULL AND NEW.meta_salt IS NOT OLD.meta_salt)
  OR (NEW.body IS NOT NULL AND NEW.body IS NOT OLD.body)
  OR (NEW.salt IS NOT NULL AND NEW.salt IS NOT OLD.salt)
BEGIN
  SELECT RAISE(ABORT, 'events are append-only: they cannot be changed');
END;

-- The end of the log, in one row: where the next event gets its position and previous hash.
CREATE TABLE head (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  position    INTEGER NOT NULL,
  hash        BLOB    NOT NULL,
  recorded_at INTEGER NOT NULL,
  owner_epoch INTEGER NOT NULL
) STRICT;

INSERT INTO head (id, position, hash, recorded_at, owner_epoch) VALUES (1, 0, zeroblob(32), 0, 0);

-- What was answered under an Idempotency-Key, written with the event that it caused.
CREATE TABLE idempotency (
  scope       TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL,
  recorded_at INTEGER NOT NULL,
  results     TEXT    NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- For forgetting keys that are older than they must be kept.
CREATE INDEX idempotency_by_age ON idempotency (recorded_at);

-- Secret values, encrypted; events hold only the reference.
CREATE TABLE secrets (
  reference  TEXT NOT NULL PRIMARY KEY,
  bucket_id  TEXT NOT NULL,
  nonce      BLOB NOT NULL,
  ciphertext BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Access tokens by their digest; the token itself is kept nowhere. NULL namespaces are all of them.
CREATE TABLE tokens (
  digest     BLOB    NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE,
  permission TEXT    NOT NULL,
  namespaces TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT, WITHOUT ROWID;
