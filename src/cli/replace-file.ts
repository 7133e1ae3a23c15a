/** A file is replaced whole or not at all: an export that fails leaves the last good one. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BucketsError } from "../domain/errors.js";
import { syncFolderOf } from "../durable-file.js";

/**
 * Writes beside the file, and takes its place once all is on the disk.
 * @param through what the lines pass on their way, such as a compressor.
 * @throws BAD_REQUEST when it cannot be written there, STORAGE_FULL; and what the lines throw.
 */
export async function replaceFile(
  file: string,
  lines: AsyncIterable<string>,
  through: readonly Transform[] = [],
): Promise<void> {
  const beside = `${file}.${process.pid}.partial`;
  try {
    await pipeline([Readable.from(lines), ...through, createWriteStream(beside, { flush: true })]);
    await rename(beside, file);
    syncFolderOf(file);
  } catch (error) {
    await rm(beside, { force: true });
    throw notWritten(file, error);
  }
}

function notWritten(file: string, error: unknown): unknown {
  const isOfTheSystem = error instanceof Error && "syscall" in error && "code" in error;
  if (!isOfTheSystem) return error;
  const code = error.code === "ENOSPC" ? "STORAGE_FULL" : "BAD_REQUEST";
  return new BucketsError(code, `${file} was not written: ${error.message}.`, {}, error);
}

/** The same, of a text that is there. */
export async function replaceText(file: string, text: string): Promise<void> {
  await replaceFile(file, oneOf(text));
}

async function* oneOf(text: string): AsyncIterable<string> {
  yield text;
}
