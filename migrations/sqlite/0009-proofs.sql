-- Who this log is. One history has one origin, for ever; it is fixed when the log first signs.
CREATE TABLE log (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  log_id   TEXT    NOT NULL,
  origin   TEXT,
  began_at INTEGER NOT NULL
) STRICT;

-- The Merkle tree over the chain hashes: the roots of full tiles of 256, of 256 of those at the next
-- level, and so on. A function of the log, and made from it anew whenever rows are missing.
CREATE TABLE tree (
  level INTEGER NOT NULL CHECK (level > 0),
  idx   INTEGER NOT NULL,
  hash  BLOB    NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- What was signed, as the whole text of its note.
CREATE TABLE checkpoints (
  size      INTEGER PRIMARY KEY,
  root      BLOB    NOT NULL,
  signed_at INTEGER NOT NULL,
  note      TEXT    NOT NULL
) STRICT;

-- Where a checkpoint was noted outside of this machine, and what came back.
CREATE TABLE anchors (
  size    INTEGER NOT NULL,
  kind    TEXT    NOT NULL CHECK (kind IN ('file', 'command')),
  name    TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  ok      INTEGER NOT NULL CHECK (ok IN (0, 1)),
  receipt BLOB,
  PRIMARY KEY (size, kind, name)
) STRICT, WITHOUT ROWID;
