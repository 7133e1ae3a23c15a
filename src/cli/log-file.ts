/** The commands that write a whole log into a file, and make a store of such a file. */
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { type EmbeddedStore, importLog, openBuckets } from "../index.js";
import { jsonLine, line } from "./line.js";
import { replaceFile } from "./replace-file.js";
import type { SpanFlags } from "./span.js";
import { existingFileOf, type StoreFlags, tellsUpgrade } from "./store.js";
import type { Terminal } from "./terminal.js";

/** Those of an export of any kind: what is of a part of the log goes with none of all of it. */
interface ExportLogFlags extends StoreFlags, SpanFlags {
  readonly format: "ndjson" | "csv";
  readonly output?: string;
  readonly actor?: string;
  readonly blobs?: string;
}

/** Signs the log and writes all of it, or up to its newest checkpoint where a server holds the file. */
export async function exportLog(
  terminal: Terminal,
  bucket: string | undefined,
  flags: ExportLogFlags,
): Promise<void> {
  const { output } = flags;
  const isOfPart = [bucket, flags.since, flags.until, flags.actor].some((one) => one !== undefined);
  if (
    flags.url !== undefined ||
    isOfPart ||
    flags.format !== "ndjson" ||
    flags.namespace !== "default"
  ) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--log is all of a file: it goes with --file, --output and --blobs alone.",
    );
  }
  await using store = await openToExport(terminal, flags);
  const lines = store.exportLog({
    blobs: flags.blobs === undefined ? undefined : terminal.path(flags.blobs),
    onProgress: terminal.printProgress,
  });
  const through = output?.endsWith(".gz") === true ? [createGzip()] : [];
  if (output === undefined) await pipeline(lines, terminal.io.stdout, { end: false });
  else await replaceFile(terminal.path(output), lines, through);
  terminal.endProgress();
  const [{ position }, { size }] = [await store.head(), await store.proofs.checkpoint()];
  if (size < position) {
    terminal.printError(
      line`it ends at ${size} of ${position} events, which is what the server has signed (bucketlog checkpoint --sign)`,
    );
  }
  if (output !== undefined) terminal.print(line`the log up to position ${size} is in ${output}`);
}

/** For writing, so that it can be signed; beside a server that writes to it, for reading. */
async function openToExport(terminal: Terminal, flags: ExportLogFlags): Promise<EmbeddedStore> {
  const options = existingFileOf(terminal, flags);
  try {
    return await openBuckets({ ...options, ...tellsUpgrade(terminal) });
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "LOCKED") throw error;
    return await openBuckets({ ...options, readOnly: true });
  }
}

interface ImportLogFlags {
  readonly file: string;
  readonly key?: readonly string[];
  readonly upTo?: number;
  readonly blobs?: string;
  readonly resumeTimers: boolean;
  readonly json: boolean;
}

/** Of what is made of a backup or a log. */
export const heldLine = line`It is a copy: it closes no window and hands out no batch until it is served with --resume-timers.`;

export async function importLogFile(
  terminal: Terminal,
  from: string,
  flags: ImportLogFlags,
): Promise<void> {
  const { key: keys, upTo, blobs, resumeTimers } = flags;
  const report = await importLog(terminal.path(from), terminal.path(flags.file), {
    keys,
    upTo,
    blobs: blobs === undefined ? undefined : terminal.path(blobs),
    resumeTimers,
    onProgress: terminal.printProgress,
  });
  terminal.endProgress();
  if (flags.json) return terminal.print(jsonLine(report));
  terminal.print(
    line`${flags.file} has the log of ${report.origin} up to position ${report.position}: every hash holds`,
  );
  terminal.print(line`head ${report.position}:${report.hash}`);
  if (report.blobs !== undefined) {
    terminal.print(line`${report.blobs.count} blobs, ${report.blobs.bytes} bytes`);
  }
  if (!resumeTimers) terminal.print(heldLine);
  if (!report.is_trusted) {
    terminal.print(
      line`Nobody's signature was checked: name the key of the log, as you noted it (--key).`,
    );
  }
}
