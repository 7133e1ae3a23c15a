/** Small files whose content and name survive a power cut once the call returns. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { BucketsError } from "./domain/errors.js";

/** Only its owner reads it. */
const mode = 0o600;

/**
 * The text of a file; undefined when there is none.
 * @throws FILE_INVALID for what is there and cannot be read.
 */
export function readFileIfAny(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    const why = hasCode(error, "EISDIR") ? "it is a folder" : String(error);
    throw new BucketsError("FILE_INVALID", `${file} cannot be read: ${why}.`, { file }, error);
  }
}

/**
 * A new file; one that is there stays, also of two that are made at once. Its name comes last, so that
 * a power cut leaves the whole of it, or nothing of that name. @returns whether it was made.
 */
export function makeFile(file: string, text: string): boolean {
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, text, { mode, flush: true });
  try {
    chmodSync(beside, mode);
    if (!nameIfNew(beside, file)) return false;
  } finally {
    rmSync(beside, { force: true });
  }
  syncFolderOf(file);
  return true;
}

/** @returns whether the name was free. */
function nameIfNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    if (!hasCode(error, "EPERM") && !hasCode(error, "ENOTSUP")) throw error;
    // A file system without links, such as exFAT.
    if (existsSync(to)) return false;
    renameSync(from, to);
  }
  return true;
}

/** The whole of the text takes the place of what was there, or nothing does. One at a time. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const beside = `${file}.next`;
  await writeFile(beside, text, { mode, flush: true });
  await rename(beside, file);
  if (process.platform === "win32") return;
  await using folder = await open(dirname(file));
  await folder.sync();
}

/** The same, at once. */
export function replaceFileSync(file: string, text: string): void {
  const beside = `${file}.next`;
  writeFileSync(beside, text, { mode, flush: true });
  renameSync(beside, file);
  syncFolderOf(file);
}

/**
 * Without it, a power cut may take the new name of a file. Windows cannot sync a folder; there the
 * file system's own journal has to do.
 */
export function syncFolderOf(file: string): void {
  if (process.platform !== "win32") syncFile(dirname(file));
}

/** What was written to it by whatever means is on the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
