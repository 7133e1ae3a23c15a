/**
 * Before a file is brought to the schema of this version, it is copied as it is: an upgrade that has
 * to be taken back, for whatever reason, is a file that is put in the place of another.
 */
import { renameSync, rmSync } from "node:fs";
import type Database from "better-sqlite3";
import { BucketsError } from "../../domain/errors.js";
import { syncFolderOf } from "../../durable-file.js";
import type { Upgrade } from "../../eventstore/upgrade.js";
import { roomFor } from "../../room.js";
import { copyInto, sizeOf } from "./copy.js";

/**
 * Copies the file, durably, beside itself; a copy of an earlier attempt is replaced.
 * @param first the name of the first migration that is to come.
 * @throws STORAGE_FULL when there is not enough room; nothing has changed then.
 */
export function copyBeforeUpgrade(
  db: Database.Database,
  file: string,
  first: string,
): Pick<Upgrade, "copy" | "bytes"> {
  const copy = `${file}.before-${first.replace(/\.sql$/, "")}`;
  const bytes = sizeOf(db);
  assertRoom(file, bytes);
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  copyInto(db, partial);
  renameSync(partial, copy);
  syncFolderOf(copy);
  return { copy, bytes };
}

function assertRoom(file: string, bytes: number): void {
  const room = roomFor(file);
  if (room >= bytes) return;
  throw new BucketsError(
    "STORAGE_FULL",
    `${file} was written by an older version and is copied before it is brought up to date: that ` +
      `needs ${bytes} bytes beside it, and there are ${room}.`,
    { file, needed_bytes: bytes, free_bytes: room },
  );
}
