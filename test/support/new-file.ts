/** Files for stores that begin with nothing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWriter } from "../../src/engines/sqlite/connection.js";
import { migrate } from "../../src/engines/sqlite/migrate.js";

let empty: Buffer | undefined;

/**
 * Makes a file as opening one does that is not there: its tables are there, and no log yet. The
 * migrations are a quarter of what a store costs a test: each worker applies them once.
 */
export function makeEmptyFile(file: string): void {
  empty ??= migrated();
  writeFileSync(file, empty, { mode: 0o600 });
}

function migrated(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "bucketlog-empty-"));
  try {
    const file = join(folder, "empty.db");
    const db = openWriter(file, "none");
    migrate(db, file, 0);
    db.close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
