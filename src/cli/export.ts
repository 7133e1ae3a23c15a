/** `bucketlog export`: the history of a bucket or of a namespace, oldest first. */
import { pipeline } from "node:stream/promises";
import { BucketsError } from "../domain/errors.js";
import { csvHeader, toCsvRows } from "../domain/history-csv.js";
import { limits } from "../domain/limits.js";
import type { BucketStore, HistoryEntry } from "../index.js";
import { print } from "./output.js";
import { replaceFile } from "./replace-file.js";
import { entriesOf, isAfter, isBefore, parseSpan, type Span, type SpanFlags } from "./span.js";
import { openForReading, type StoreFlags } from "./store.js";

/** One line for each event, or one for each change. */
const formats = {
  ndjson: { header: "", toText: (entry: HistoryEntry) => `${JSON.stringify(entry)}\n` },
  csv: { header: csvHeader, toText: toCsvRows },
} as const;
type Format = (typeof formats)[keyof typeof formats];

export interface ExportFlags extends StoreFlags, SpanFlags {
  readonly format: keyof typeof formats;
  readonly output?: string;
}

const pageSize = limits.pageSizeMax;

export async function exportHistory(bucket: string | undefined, flags: ExportFlags): Promise<void> {
  const { namespace, output } = flags;
  const span = parseSpan(flags);
  await using store = await openForReading(flags);
  const entries =
    bucket === undefined
      ? entriesOfAll(store, namespace, span)
      : entriesOf(store.namespace(namespace).buckets, bucket, { order: "asc", span, pageSize });
  const text = format(entries, formats[flags.format]);
  if (output === undefined) {
    await pipeline(text, process.stdout, { end: false });
    return;
  }
  await replaceFile(output, text);
  print(`the history is in ${output}`);
}

async function* format(
  entries: AsyncIterable<HistoryEntry>,
  { header, toText }: Format,
): AsyncIterable<string> {
  yield header;
  for await (const entry of entries) yield toText(entry);
}

/** The whole namespace in commit order, up to what is the end when it is reached. */
async function* entriesOfAll(
  store: BucketStore,
  namespace: string,
  span: Span,
): AsyncIterable<HistoryEntry> {
  assertNoVersion(span);
  const { since } = span;
  const after = since?.kind === "position" ? since.position - 1 : 0;
  const feed = store.events({ namespace, after });
  for (;;) {
    const page = await feed.page({ limit: pageSize });
    for (const entry of page?.results ?? []) {
      if (isAfter(entry, span)) return;
      if (!isBefore(entry, span)) yield entry;
    }
    if (page?.pagination.has_more !== true) return;
  }
}

function assertNoVersion({ since, until }: Span): void {
  if (since?.kind !== "version" && until?.kind !== "version") return;
  throw new BucketsError(
    "BAD_REQUEST",
    "A version is one of a bucket: name the bucket, or give a position (@12) or a time.",
  );
}
