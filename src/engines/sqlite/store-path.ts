/** Where a store lies: one file has one path, by whatever name it was opened. */
import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { BucketsError } from "../../domain/errors.js";

const linksMax = 40;

/**
 * The path without links, from the root on, also of a file that is not there yet. The lock, the blobs
 * and the key lie beside the file by its path: a link, or a relative path after `process.chdir()`,
 * would give it others, and let a second writer in.
 *
 * @throws FILE_INVALID when there is no folder for it.
 */
export function settledPath(file: string): string {
  let path = resolve(file);
  for (let links = 0; links < linksMax; links += 1) {
    const target = linkTarget(path);
    if (target === undefined) return join(folderOf(path), basename(path));
    path = resolve(dirname(path), target);
  }
  throw new BucketsError("FILE_INVALID", `${file} is a link that leads to itself.`, { file });
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or nothing there.
    return undefined;
  }
}

function folderOf(path: string): string {
  try {
    return realpathSync(dirname(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `There is no folder for ${path}: make it first (${why}).`;
    throw new BucketsError("FILE_INVALID", message, { file: path }, error);
  }
}
