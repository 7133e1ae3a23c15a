-- Access tokens as their events tell of them; by which digest one opens is in `tokens`.
CREATE TABLE access_tokens (
  token_id   TEXT    NOT NULL PRIMARY KEY,
  namespace  TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  blame      TEXT    NOT NULL DEFAULT '0'
) STRICT;

-- The names of tokens that were made when there were no events of them: each is here until it has its first.
CREATE TABLE unrecorded_tokens (
  name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO unrecorded_tokens (name) SELECT name FROM tokens;
