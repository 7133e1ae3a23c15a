/** A file is replaced whole or not at all: an export that fails leaves the last good one. */
import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { BucketsError } from "../domain/errors.js";

/**
 * Writes beside the file, and takes its place once all is on the disk.
 * @throws BAD_REQUEST when it cannot be written there, STORAGE_FULL; and what the lines throw.
 */
export async function replaceFile(file: string, lines: AsyncIterable<string>): Promise<void> {
  const beside = `${file}.${process.pid}.partial`;
  try {
    await pipeline(lines, createWriteStream(beside, { flush: true }));
    await rename(beside, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(beside, { force: true });
    throw notWritten(file, error);
  }
}

/** Without it, a power cut may take the new name of the file. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync();
  await handle.close();
}

function notWritten(file: string, error: unknown): unknown {
  const isOfTheSystem = error instanceof Error && "syscall" in error && "code" in error;
  if (!isOfTheSystem) return error;
  const code = error.code === "ENOSPC" ? "STORAGE_FULL" : "BAD_REQUEST";
  return new BucketsError(code, `${file} was not written: ${error.message}.`, {}, error);
}
