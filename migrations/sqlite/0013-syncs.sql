-- What buckets are to be filled from, each the fold of its own events; nothing pulls.
CREATE TABLE syncs (
  sync_config_id TEXT    NOT NULL PRIMARY KEY,
  bucket_id      TEXT    NOT NULL,
  created_at     TEXT    NOT NULL,
  version        INTEGER NOT NULL,
  position       INTEGER NOT NULL,
  is_deleted     INTEGER NOT NULL,
  state          TEXT    NOT NULL,
  blame          TEXT    NOT NULL,
  UNIQUE (bucket_id, is_deleted, created_at DESC, sync_config_id)
) STRICT;
