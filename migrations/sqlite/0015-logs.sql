-- What happened to the log as a whole, the fold of its own events; empty for most.
CREATE TABLE logs (
  log_id     TEXT    NOT NULL PRIMARY KEY,
  namespace  TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  blame      TEXT    NOT NULL DEFAULT '0'
) STRICT;
