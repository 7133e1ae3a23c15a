/** `bucketlog export`: the history of a bucket or of a namespace, oldest first. */
import { pipeline } from "node:stream/promises";
import { BucketsError } from "../domain/errors.js";
import { csvHeader, toCsvRows } from "../domain/history-csv.js";
import { limits } from "../domain/limits.js";
import { escapeUnprintable, printableJson } from "../domain/printable.js";
import type { BucketStore, FeedEvent, HistoryEntry } from "../index.js";
import { lastNames } from "../service/read/last-name.js";
import { line } from "./line.js";
import { exportLog } from "./log-file.js";
import { oldestFirst } from "./namespace-log.js";
import { tellLeftOut } from "./output.js";
import { replaceFile } from "./replace-file.js";
import { entriesOf, type OnUnreadable, parseSpan, type SpanFlags } from "./span.js";
import { openForReading, type StoreFlags } from "./store.js";
import type { Terminal } from "./terminal.js";

export interface ExportFlags extends StoreFlags, SpanFlags {
  readonly log: boolean;
  readonly format: "ndjson" | "csv";
  readonly output?: string;
  readonly actor?: string;
}

/**
 * Events that cannot be read are left out and named. What is printed goes on around them; a file is
 * the whole history, or is not replaced.
 *
 * @throws GONE at the end, when some were left out.
 */
export async function exportHistory(
  terminal: Terminal,
  bucket: string | undefined,
  flags: ExportFlags,
): Promise<void> {
  if (flags.log) return await exportLog(terminal, bucket, flags);
  const { output } = flags;
  await using store = await openForReading(terminal, flags);
  const tell = tellLeftOut(terminal);
  let leftOut = 0;
  const entries = entriesFrom(store, bucket, flags, (events) => {
    leftOut += events.length;
    tell(events);
  });
  const text =
    flags.format === "ndjson"
      ? ndjson(entries)
      : csv(entries, store, flags, shownOn(terminal, output));
  if (output === undefined) {
    await pipeline(text, terminal.io.stdout, { end: false });
    assertWhole(leftOut);
    return;
  }
  const whole = async function* () {
    yield* text;
    assertWhole(leftOut, output);
  };
  await replaceFile(terminal.path(output), whole());
  terminal.print(line`the history is in ${output}`);
}

function entriesFrom(
  store: BucketStore,
  bucket: string | undefined,
  flags: ExportFlags,
  onUnreadable: OnUnreadable,
): AsyncIterable<HistoryEntry | FeedEvent> {
  const { namespace, actor } = flags;
  const query = { span: parseSpan(flags), actor, onUnreadable };
  if (bucket === undefined) return oldestFirst(store, { ...query, namespace });
  const { buckets } = store.namespace(namespace);
  return entriesOf(buckets, bucket, { ...query, order: "asc", pageSize: limits.pageSizeMax });
}

/** @throws GONE */
function assertWhole(leftOut: number, output?: string): void {
  if (leftOut === 0) return;
  const what = `The export is not whole: ${leftOut} of its events cannot be read`;
  if (output === undefined) throw new BucketsError("GONE", `${what}, and those around are above.`);
  const hint = "to have what can be read, print it: leave out --output";
  throw new BucketsError("GONE", `${what}, and ${output} was not replaced.`, { hint });
}

/** One line for each event. */
async function* ndjson(entries: AsyncIterable<HistoryEntry>): AsyncIterable<string> {
  for await (const entry of entries) yield `${printableJson(entry)}\n`;
}

/** One line for each change. */
async function* csv(
  entries: AsyncIterable<HistoryEntry | FeedEvent>,
  store: BucketStore,
  flags: ExportFlags,
  shown: (text: string) => string,
): AsyncIterable<string> {
  const nameOf = lastNames();
  yield csvHeader;
  for await (const entry of entries) {
    const namespace = "namespace" in entry ? entry.namespace : flags.namespace;
    const name = await nameOf(store.namespace(namespace).buckets, entry.bucket_id);
    yield toCsvRows(entry, { namespace, bucket_name: name }, shown);
  }
}

/** A file or a program gets the exact text; a terminal, text that cannot drive it. */
function shownOn({ io }: Terminal, output: string | undefined): (text: string) => string {
  return output === undefined && io.stdout.isTTY === true ? escapeUnprintable : (text) => text;
}
