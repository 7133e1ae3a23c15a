/** The token that `serve` makes of a store that has none: for whoever looks on, or in a file of theirs, and in no log. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import type { EmbeddedStore } from "../index.js";
import { line } from "./line.js";
import type { Terminal } from "./terminal.js";

interface FirstToken {
  readonly terminal: Terminal;
  readonly store: EmbeddedStore;
  readonly logger: Logger;
  /** That of the store, which it lies beside; none of a store in memory. */
  readonly file: string | undefined;
}

/** @returns takes away what is not to outlive the server. */
export async function giveFirstToken(given: FirstToken): Promise<() => void> {
  const { terminal, store, logger, file } = given;
  const { token } = await store.tokens.create({ name: "admin", permission: "admin" });
  if (terminal.io.stderr.isTTY === true) {
    terminal.printError(line`admin token, shown this once: ${token}`);
    return () => {};
  }
  const path = file === undefined ? join(ownFolder(), "token") : `${file}.token`;
  // That of an earlier store of the same name opens nothing any more.
  rmSync(path, { force: true });
  writeFileSync(path, `${token}\n`, { flag: "wx", mode: 0o600 });
  logger.warn(
    { token_file: path },
    "an admin token was made: take it out of its file, and remove that",
  );
  return () => {
    if (file === undefined) rmSync(dirname(path), { recursive: true, force: true });
  };
}

/** For its owner alone. */
function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), "bucketlog-"));
}
