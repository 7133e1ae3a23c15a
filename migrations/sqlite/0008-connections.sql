-- Where else a namespace has accounts, each the fold of its own events; no secret is among it.
CREATE TABLE connections (
  connection_id TEXT    NOT NULL PRIMARY KEY,
  namespace     TEXT    NOT NULL,
  created_at    TEXT    NOT NULL,
  version       INTEGER NOT NULL,
  position      INTEGER NOT NULL,
  is_deleted    INTEGER NOT NULL,
  state         TEXT    NOT NULL,
  UNIQUE (namespace, is_deleted, created_at DESC, connection_id)
) STRICT;
