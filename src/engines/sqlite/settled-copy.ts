/**
 * A file that was closed cleanly, in memory: what SQLite calls immutable. better-sqlite3 takes no
 * URIs, so that the bytes are read and marked as those of a database without a WAL, which then asks
 * for nothing beside them.
 */
import { readFileSync, statSync } from "node:fs";

/** What is larger is better read where it lies. */
const copiedBytesMax = 256 * 1024 * 1024;

/** Of the file format: 2 says that there is a WAL, 1 that there is none. */
const formatBytes = [18, 19];

/** Undefined for what is larger, was not closed, or is being written. */
export function settledCopy(file: string): Buffer | undefined {
  const before = stampOf(file);
  if (before === undefined || before.size > copiedBytesMax) return undefined;
  const bytes = readFileSync(file);
  const after = stampOf(file);
  if (after?.size !== before.size || after.writtenAt !== before.writtenAt) return undefined;
  for (const place of formatBytes) bytes[place] = 1;
  return bytes;
}

function stampOf(file: string) {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  const wal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  if (found === undefined || (wal !== undefined && wal.size > 0)) return undefined;
  return { size: found.size, writtenAt: found.mtimeNs };
}
