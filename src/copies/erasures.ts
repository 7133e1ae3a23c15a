/**
 * The register of erasures: what has to be erased again in a backup that was made before. Erasing is
 * not there yet, so that a register is a line that names its log; one that holds more was written by
 * a version that erases, and only that one may restore what it is about.
 */
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";

const Header = z.object({ format: z.literal("bucketlog-erasures/1"), log_id: z.string() });

/** Beside the file of a store. */
export const erasuresOf = (file: string): string => `${file}.erasures.ndjson`;

export function emptyRegister(logId: string): string {
  return `${JSON.stringify({ format: "bucketlog-erasures/1", log_id: logId })}\n`;
}

/** @throws COPY_INVALID for a register of another log, or one that this version cannot obey. */
export function assertNothingErased(register: string, from: string, logId: string): void {
  const [first = "", ...entries] = register.split("\n").filter((line) => line !== "");
  const header = Header.safeParse(jsonIn(first));
  if (!header.success) throw refused(from, "is no register of erasures");
  if (header.data.log_id !== logId) {
    throw refused(from, `is of the log ${header.data.log_id}, and the backup of ${logId}`);
  }
  if (entries.length > 0) {
    throw refused(from, "names erasures, which only a newer version can do again: restore with it");
  }
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function refused(from: string, why: string): BucketsError {
  return new BucketsError("COPY_INVALID", `${from} ${why}.`, { register: from });
}
