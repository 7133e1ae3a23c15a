/** Files as versions before this one left them. */
import type Database from "better-sqlite3";

const tables = [
  "buckets",
  "objects",
  "batches",
  "uploads",
  "deliveries",
  "connections",
  "namespaces",
  "snapshots",
] as const;

/** Blame in rows of its own, as before 0012. */
export function blameApart(db: Database.Database): void {
  for (const table of tables) db.exec(`ALTER TABLE ${table} DROP COLUMN blame`);
  db.exec("DROP TABLE projections");
  db.exec(`CREATE TABLE blame (
    stream TEXT NOT NULL, pointer TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (stream, pointer)
  ) STRICT, WITHOUT ROWID`);
}
