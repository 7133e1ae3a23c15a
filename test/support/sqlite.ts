/** Opening the SQLite engine; also used by the child process, where there is no test. */

import { randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import { SqliteEngine, type SqliteEngineOptions } from "../../src/engines/sqlite/engine.js";
import { SqliteView } from "../../src/engines/sqlite/view.js";
import { FixedClock } from "./clock.js";

/** The engine alone, with the options that tests leave alone filled in. */
export function openSqlite(
  options: Partial<SqliteEngineOptions> & { readonly file: string },
): SqliteEngine {
  return new SqliteEngine({
    readOnly: false,
    durability: "full",
    clock: new FixedClock().read,
    newId: (prefix) => `${prefix}_${randomUUID()}`,
    projection: (db) => new SqliteView(db),
    ...options,
  });
}

/** Runs `use` on the file as any other program could. */
export function raw<T>(file: string, use: (db: Database.Database) => T): T {
  const db = new Database(file);
  try {
    return use(db);
  } finally {
    db.close();
  }
}
