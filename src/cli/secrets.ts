/** The command that puts another key in the place of the one that secrets are sealed with. */
import { BucketsError } from "../domain/errors.js";
import { rotateSecretKey } from "../secret-keys.js";
import { line } from "./line.js";
import { existingFileOf } from "./store.js";
import type { Terminal } from "./terminal.js";

/** @throws LOCKED while a server holds the file. */
export async function rotateKey(
  terminal: Terminal,
  flags: { readonly file: string },
): Promise<void> {
  const { file, secretKey } = existingFileOf(terminal, flags);
  const newSecretKey = terminal.io.env["BUCKETLOG_NEW_SECRET_KEY"];
  if (secretKey !== undefined && newSecretKey === undefined) {
    throw new BucketsError(
      "BAD_REQUEST",
      "The key is in BUCKETLOG_SECRET_KEY: put the new one into BUCKETLOG_NEW_SECRET_KEY.",
    );
  }
  const count = await rotateSecretKey({ file, secretKey, newSecretKey });
  const where =
    newSecretKey === undefined
      ? `${flags.file}.key; back it up with the database`
      : "BUCKETLOG_NEW_SECRET_KEY; make it BUCKETLOG_SECRET_KEY from now on";
  terminal.print(line`${count} secrets are sealed with the new key in ${where}`);
}
