/** `bucketlog export`: the history of a bucket or of a namespace, oldest first. */
import { pipeline } from "node:stream/promises";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import type { BucketStore, HistoryEntry } from "../index.js";
import { print } from "./output.js";
import { replaceFile } from "./replace-file.js";
import { entriesOf, isAfter, isBefore, parseSpan, type Span, type SpanFlags } from "./span.js";
import { openForReading, type StoreFlags } from "./store.js";

export interface ExportFlags extends StoreFlags, SpanFlags {
  readonly format: "ndjson" | "csv";
  readonly output?: string;
}

const pageSize = limits.pageSizeMax;

export async function exportHistory(bucket: string | undefined, flags: ExportFlags): Promise<void> {
  const span = parseSpan(flags);
  await using store = await openForReading(flags);
  const entries =
    bucket === undefined
      ? everyEntry(store, flags.namespace, span)
      : entriesOf(store.namespace(flags.namespace).buckets, bucket, {
          order: "asc",
          span,
          pageSize,
        });
  let events = 0;
  async function* lines(): AsyncIterable<string> {
    for await (const entry of entries) {
      events += 1;
      yield `${JSON.stringify(entry)}\n`;
    }
  }
  const { output } = flags;
  if (output === undefined) return await printAll(lines());
  await replaceFile(output, lines());
  print(`${events} events in ${output}`);
}

/** The whole namespace in commit order, up to what is the end when it is reached. */
async function* everyEntry(
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

async function printAll(lines: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(lines, process.stdout, { end: false });
  } catch (error) {
    // Whoever read the output has gone, as `head` does: that is no failure.
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  }
}
