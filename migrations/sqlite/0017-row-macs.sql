-- What authenticates the rows that are no fold of the log: a MAC for each, under a key that is derived from
-- the key of the secrets, and for each table how many there are, with the sum of their MACs under one
-- as well, so that none can be taken away. A table without a seal is not checked.
CREATE TABLE row_macs (
  of_table TEXT NOT NULL,
  row_key  TEXT NOT NULL,
  mac      BLOB NOT NULL,
  PRIMARY KEY (of_table, row_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE table_macs (
  of_table TEXT    NOT NULL PRIMARY KEY,
  count    INTEGER NOT NULL,
  sum      BLOB    NOT NULL,
  key_id   TEXT,
  seal     BLOB
) STRICT, WITHOUT ROWID;

INSERT INTO table_macs (of_table, count, sum)
VALUES ('tokens', 0, zeroblob(32)), ('idempotency', 0, zeroblob(32)), ('secrets', 0, zeroblob(32)),
  ('received', 0, zeroblob(32)), ('anchors', 0, zeroblob(32));
