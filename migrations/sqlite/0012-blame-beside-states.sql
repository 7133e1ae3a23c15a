-- Which events set what the document of a state has, beside the state in its row, as JSON of the form
-- of the document: once for each event instead of once for each leaf.
ALTER TABLE buckets     ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE objects     ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE batches     ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE uploads     ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE deliveries  ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE connections ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE namespaces  ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
ALTER TABLE snapshots   ADD COLUMN blame TEXT NOT NULL DEFAULT '0';
DROP TABLE blame;

-- Which version of the read models the tables hold: those of another are made anew from the log when
-- the file is opened, because rows like those above can come from nowhere else.
CREATE TABLE projections (
  name    TEXT    NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Of an empty log every version is the same.
INSERT INTO projections SELECT 'view', 2 WHERE NOT EXISTS (SELECT 1 FROM events);
