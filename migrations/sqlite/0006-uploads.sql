-- What arrived for uploads that are not confirmed yet: no event tells of it, and a rebuild leaves it
-- alone. The bytes lie in the blob store, and are kept there as long as the upload may be confirmed.
CREATE TABLE received (
  upload_id  TEXT    NOT NULL PRIMARY KEY,
  hash       TEXT    NOT NULL,
  size_bytes INTEGER NOT NULL,
  -- Milliseconds; nothing needs the row after that.
  expires_at INTEGER NOT NULL,
  UNIQUE (hash, upload_id),
  UNIQUE (expires_at, upload_id)
) STRICT, WITHOUT ROWID;
