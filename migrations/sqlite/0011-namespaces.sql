-- The namespaces that somebody made, each the fold of its own events; others are there by what is in
-- them.
CREATE TABLE namespaces (
  namespace_id TEXT    NOT NULL PRIMARY KEY,
  namespace    TEXT    NOT NULL,
  created_at   TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  position     INTEGER NOT NULL,
  is_deleted   INTEGER NOT NULL,
  state        TEXT    NOT NULL,
  UNIQUE (namespace, is_deleted, created_at DESC, namespace_id)
) STRICT;
