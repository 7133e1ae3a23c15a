/** `bucketlog extract`: a moment of a store as a file for other tools. */
import { openBuckets } from "../index.js";
import { jsonLine, line } from "./line.js";
import { existingFileOf } from "./store.js";
import type { Terminal } from "./terminal.js";

interface ExtractFlags {
  readonly file: string;
  readonly asOf?: string;
  readonly namespace?: string;
  readonly json: boolean;
}

/** Beside a server that writes to the file, or without one. */
export async function extract(terminal: Terminal, out: string, flags: ExtractFlags): Promise<void> {
  const { asOf, namespace } = flags;
  await using store = await openBuckets({ ...existingFileOf(terminal, flags), readOnly: true });
  const { printProgress: onProgress } = terminal;
  const report = await store.extract(terminal.path(out), { asOf, namespace, onProgress });
  terminal.endProgress();
  if (flags.json) return terminal.print(jsonLine(report));
  const { buckets, objects, batches, deliveries, changes, position, hash, unreadable } = report;
  terminal.print(
    line`${out} has ${buckets} buckets, ${objects} objects, ${batches} batches, ${deliveries} deliveries, and ${changes} changes`,
  );
  terminal.print(line`head ${position}:${hash}`);
  if (unreadable > 0) {
    terminal.printError(line`${unreadable} events cannot be read: the table unreadable names them`);
  }
}
