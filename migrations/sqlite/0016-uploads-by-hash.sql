-- Uploads are found by the bytes that they brought and by the request that confirmed them, and are
-- counted by their status. Indexes travel with a rebuilt table only as its constraints.
CREATE TABLE uploads_anew (
  upload_id  TEXT    NOT NULL PRIMARY KEY,
  bucket_id  TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  -- Of the bytes that were confirmed.
  hash       TEXT,
  -- Of the request that confirmed it together with others.
  task_id    TEXT,
  status     TEXT    NOT NULL,
  expires_at TEXT    NOT NULL,
  size_bytes INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  blame      TEXT    NOT NULL DEFAULT '0',
  UNIQUE (bucket_id, is_deleted, created_at DESC, upload_id),
  UNIQUE (bucket_id, is_deleted, hash, upload_id),
  UNIQUE (task_id, upload_id),
  UNIQUE (bucket_id, is_deleted, status, expires_at, size_bytes, upload_id)
) STRICT;
INSERT INTO uploads_anew
SELECT upload_id, bucket_id, created_at, version, position, is_deleted,
       state ->> '$.hash', NULL, state ->> '$.status', state ->> '$.expires_at',
       coalesce(state ->> '$.size_bytes', state ->> '$.document.file_size_bytes', 0),
       state, blame
FROM uploads;
DROP TABLE uploads;
ALTER TABLE uploads_anew RENAME TO uploads;
