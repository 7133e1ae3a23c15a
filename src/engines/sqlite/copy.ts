/**
 * A database as one file that needs nothing beside it: what a connection sees of it, without free pages
 * and without a WAL. Others may write meanwhile; they are not seen.
 */
import { closeSync, openSync, rmSync } from "node:fs";
import type Database from "better-sqlite3";
import { z } from "zod";
import { syncFile } from "../../durable-file.js";

/**
 * Writes the copy, durably but for its name, for its owner alone. It is of what the connection holds
 * open: also of a file that has gone from its path. The thread waits for it.
 *
 * @param to is not there yet; what fails leaves nothing of it.
 */
export function copyInto(db: Database.Database, to: string): void {
  // SQLite takes an empty file for none, and makes others with the mode that the umask leaves.
  closeSync(openSync(to, "wx", 0o600));
  const isGuarded = db.pragma("query_only", { simple: true });
  try {
    db.pragma("query_only = OFF");
    db.prepare("VACUUM INTO ?").run(to);
    syncFile(to);
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  } finally {
    db.pragma(`query_only = ${isGuarded}`);
  }
}

/** How large the database is, and its copy at most. */
export function sizeOf(db: Database.Database): number {
  const pages = z.number().parse(db.pragma("page_count", { simple: true }));
  return pages * z.number().parse(db.pragma("page_size", { simple: true }));
}
