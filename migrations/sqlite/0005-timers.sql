-- What is to be done at a time, as the states say: windows of batches that close. A row is there as
-- long as its state is waiting, whatever the process did meanwhile.
CREATE TABLE timers (
  stream TEXT NOT NULL PRIMARY KEY,
  due_at TEXT NOT NULL,
  UNIQUE (due_at, stream)
) STRICT, WITHOUT ROWID;
