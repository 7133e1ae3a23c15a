-- What a source adapter was sent, each the fold of its own events.
CREATE TABLE deliveries (
  delivery_id TEXT    NOT NULL PRIMARY KEY,
  bucket_id   TEXT    NOT NULL,
  created_at  TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  is_deleted  INTEGER NOT NULL,
  status      TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  UNIQUE (bucket_id, is_deleted, created_at DESC, delivery_id),
  UNIQUE (bucket_id, status, delivery_id)
) STRICT;
