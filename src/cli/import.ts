/** `bucketlog import`: the changes of a file, or a whole log as a store of its own. */
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { type ImportReport, importChanges } from "../index.js";
import { jsonLine, line } from "./line.js";
import { importLogFile } from "./log-file.js";
import { connect, fileOf, type StoreFlags, tellsUpgrade, withLockHint } from "./store.js";
import type { Terminal } from "./terminal.js";

export interface ImportFlags extends StoreFlags {
  readonly log: boolean;
  readonly key?: readonly string[];
  readonly skip?: readonly string[];
  readonly blobs?: string;
  readonly upTo?: number;
  readonly fromLine?: number;
  readonly resumeTimers: boolean;
  readonly json: boolean;
}

export async function importFile(
  terminal: Terminal,
  from: string,
  flags: ImportFlags,
): Promise<void> {
  assertFitting(flags);
  if (flags.log) return await importLogFile(terminal, from, flags);
  const report = await changeFrom(terminal, from, flags);
  if (flags.json) return terminal.print(jsonLine(report));
  const { changes, skipped, secrets_left_out: secrets, tokens } = report;
  terminal.print(line`${changes} changes of ${from} happened in ${flags.url ?? flags.file}`);
  if (skipped > 0) terminal.print(line`${skipped} were left out (--skip, and what is of tokens)`);
  if (secrets > 0) {
    terminal.print(line`${secrets} secrets are not in it: set them again, where they are needed`);
  }
  for (const { name, token } of tokens) {
    terminal.print(line`token of ${name}, shown this once: ${token}`);
  }
}

async function changeFrom(
  terminal: Terminal,
  from: string,
  { skip, blobs, fromLine, namespace, ...flags }: ImportFlags,
): Promise<ImportReport> {
  const options = {
    namespace,
    skip,
    fromLine,
    blobs: blobs === undefined ? undefined : terminal.path(blobs),
    onLines: (count: number) => terminal.printOver(line`${count} changes`),
  };
  try {
    if (flags.url !== undefined) {
      await using store = connect(flags.url, flags);
      return await importChanges(terminal.path(from), store, options);
    }
    const file = { ...fileOf(terminal, flags), ...tellsUpgrade(terminal) };
    return await withLockHint(() => importChanges(terminal.path(from), file, options));
  } catch (error) {
    throw withWayOn(error, flags);
  } finally {
    terminal.endProgress();
  }
}

/** What was taken before stays: how to go on behind it. */
function withWayOn(error: unknown, { url }: Pick<StoreFlags, "url">): unknown {
  if (!isBucketsError(error)) return error;
  const { from_line: line } = error.details;
  if (typeof line !== "number") return error;
  const hint =
    url === undefined
      ? `what is before it happened; once it is mended, go on:  add --from-line ${line}`
      : "what is before it happened; once it is mended, import it again: nothing happens twice";
  return new BucketsError(error.code, error.message, { ...error.details, hint }, error);
}

/** @throws BAD_REQUEST for what is of the other kind of import alone. */
function assertFitting({ log, url, key, upTo, skip, fromLine, resumeTimers }: ImportFlags): void {
  if (log && (url !== undefined || skip !== undefined || fromLine !== undefined)) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--log makes a file of all that is in it: it goes without --url, --skip and --from-line.",
    );
  }
  if (!log && (key !== undefined || upTo !== undefined || resumeTimers)) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--key, --up-to and --resume-timers are for a whole log, which is signed: add --log.",
    );
  }
}
