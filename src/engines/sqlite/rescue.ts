/** What a connection still holds of a file whose name is gone, under a name again. */
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { BucketsError } from "../../domain/errors.js";
import { syncFolderOf } from "../../durable-file.js";
import type { Rescued } from "../../eventstore/rescued.js";
import { copyInto } from "./copy.js";

/**
 * Copies what the connection sees, durably. On this thread: another could not open the file, which has
 * no name.
 *
 * @throws FILE_INVALID when there can be no copy there.
 */
export function rescue(
  db: Database.Database,
  { file, position }: { readonly file: string; readonly position: number },
): Rescued {
  const copy = `${file}.rescued-${position}`;
  const partial = `${copy}.partial`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    rmSync(partial, { force: true });
    copyInto(db, partial);
    renameSync(partial, copy);
    syncFolderOf(copy);
  } catch (error) {
    rmSync(partial, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError(
      "FILE_INVALID",
      `${copy} cannot be written: ${why}.`,
      { file: copy },
      error,
    );
  }
  return { file: copy, position, bytes: statSync(copy).size };
}
