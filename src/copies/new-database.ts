/** The files of a database that is being made, before it gets its name. */
import { existsSync, rmSync } from "node:fs";
import { BucketsError } from "../domain/errors.js";

/**
 * A WAL of another database would become part of this one.
 * @param what is being made, such as a restore.
 * @throws ALREADY_EXISTS
 */
export function assertFree(file: string, what: string): void {
  for (const path of [file, `${file}-wal`, `${file}-journal`]) {
    if (!existsSync(path)) continue;
    throw new BucketsError(
      "ALREADY_EXISTS",
      `${path} is there, and ${what} never takes the place of anything: move it away, or name another.`,
      { file: path },
    );
  }
}

export function removeDatabase(file: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal", ".lock", ".head"])
    rmSync(`${file}${suffix}`, { force: true });
}
