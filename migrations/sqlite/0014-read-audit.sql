-- Who read what while reads are audited. They are no events, because a read changes nothing: each row
-- has a MAC under a key that is derived from the key of the secrets instead of a place in the chain.
CREATE TABLE reads (
  sequence       INTEGER PRIMARY KEY,
  audit_id       TEXT    NOT NULL UNIQUE,
  recorded_at    INTEGER NOT NULL,
  namespace      TEXT,
  resource_type  TEXT    NOT NULL,
  resource_id    TEXT    NOT NULL,
  action         TEXT    NOT NULL,
  actor          TEXT    NOT NULL,
  changes        TEXT    NOT NULL,
  remote_address TEXT,
  user_agent     TEXT,
  key_id         TEXT    NOT NULL,
  mac            BLOB    NOT NULL
) STRICT;
CREATE INDEX reads_by_time ON reads (recorded_at);

-- Whether they are, and which rows there must be: none can be taken away without a trace.
CREATE TABLE read_auditing (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  is_enabled INTEGER NOT NULL,
  first      INTEGER NOT NULL,
  last       INTEGER NOT NULL,
  key_id     TEXT    NOT NULL,
  mac        BLOB    NOT NULL
) STRICT;
