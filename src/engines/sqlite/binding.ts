/** The native binding of SQLite: whether it loads here. */
import Database from "better-sqlite3";
import { BucketsError } from "../../domain/errors.js";

/**
 * Loads the binding, if it was not yet. A database in memory asks nothing of any file, so that what
 * fails here is the binding.
 *
 * @returns the version of SQLite.
 * @throws RUNTIME_UNSUPPORTED when it is missing, or made for another platform or Node.
 */
export function loadSqlite(): string {
  try {
    const db = new Database(":memory:");
    const version = db.prepare("SELECT sqlite_version()").pluck().get();
    db.close();
    return String(version);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new BucketsError(
      "RUNTIME_UNSUPPORTED",
      `The native binding of SQLite does not load (${why}): install better-sqlite3 anew on this machine.`,
      { node: process.versions.node, platform: process.platform, arch: process.arch },
      error,
    );
  }
}
