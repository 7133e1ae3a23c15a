/** The commands that look: `ls`, `log`, `show`, `diff`, `blame`, `replay`. They leave no trace. */
import { diffFields } from "../domain/diff-response.js";
import { limits } from "../domain/limits.js";
import type { BucketResponse, BucketStore, HistoryEntry } from "../index.js";
import { jsonLine, type Line, line, padded } from "./line.js";
import { newestFirst } from "./namespace-log.js";
import { changeLine, eventLine, tellLeftOut } from "./output.js";
import { entriesOf, parseSpan, type SpanFlags } from "./span.js";
import { openForReading, reading, type StoreFlags } from "./store.js";
import type { Terminal } from "./terminal.js";

export interface LookFlags extends StoreFlags {
  readonly json: boolean;
}

export interface LogFlags extends LookFlags, SpanFlags {
  readonly limit: number;
  readonly actor?: string;
  readonly path?: string;
}

/** Changes of a bucket, or of the namespace, newest first. */
export async function log(
  terminal: Terminal,
  bucket: string | undefined,
  flags: LogFlags,
): Promise<void> {
  await using store = await openForReading(terminal, flags);
  let left = flags.limit;
  for await (const told of logLines(terminal, store, bucket, flags)) {
    terminal.print(told);
    left -= 1;
    if (left === 0) return;
  }
}

async function* logLines(
  terminal: Terminal,
  store: BucketStore,
  bucket: string | undefined,
  flags: LogFlags,
): AsyncIterable<Line> {
  const { actor, path, namespace, json, limit: pageSize } = flags;
  const query = { actor, path, span: parseSpan(flags), onUnreadable: tellLeftOut(terminal) };
  if (bucket === undefined) {
    for await (const event of newestFirst(store, { ...query, namespace })) {
      yield json ? jsonLine(event) : eventLine(terminal, event);
    }
    return;
  }
  const { buckets } = store.namespace(namespace);
  for await (const entry of entriesOf(buckets, bucket, { ...query, order: "desc", pageSize })) {
    yield json ? jsonLine(entry) : logLine(terminal, entry);
  }
}

export interface ListFlags extends LookFlags {
  readonly search?: string;
  readonly asOf?: string;
}

/** The buckets of the namespace, by name. */
export function ls(terminal: Terminal, flags: ListFlags): Promise<void> {
  const { search, asOf } = flags;
  return reading(terminal, flags, async (buckets) => {
    let cursor: string | undefined;
    do {
      const page = await buckets.list({
        search,
        asOf,
        cursor,
        sort: { field: "bucket_name", direction: "asc" },
        limit: limits.pageSizeMax,
      });
      for (const bucket of page.results) {
        terminal.print(flags.json ? jsonLine(bucket) : listLine(terminal, bucket));
      }
      cursor = page.pagination.next_cursor;
    } while (cursor !== undefined);
  });
}

function listLine(terminal: Terminal, bucket: BucketResponse): Line {
  const { bucket_name: name, bucket_id: id, status, updated_at: updated } = bucket;
  const state = terminal.styled("yellow", bucket.is_locked ? `${status} locked` : status);
  return line`${padded(name, 24)}  ${id}  ${updated}  ${bucket.object_count} objects  ${state}`;
}

function logLine(terminal: Terminal, entry: HistoryEntry): Line {
  const paths = entry.changes.map(({ path }) => path).join(" ");
  const what = paths === "" ? entry.type : `${entry.type} ${paths}`;
  const why =
    entry.reason === undefined ? line`` : line`\n      ${terminal.styled("dim", entry.reason)}`;
  const version = terminal.styled("yellow", String(entry.version).padStart(4));
  return line`${version}  ${entry.recorded_at}  ${padded(entry.actor, 10)}  ${what}${why}`;
}

/** The state, now or then. */
export function show(
  terminal: Terminal,
  bucket: string,
  flags: LookFlags & { readonly asOf?: string },
): Promise<void> {
  return reading(terminal, flags, async (buckets) => {
    const read = await buckets.get(bucket, { asOf: flags.asOf });
    terminal.printJson(read.bucket, flags);
  });
}

/** What changed between two points; the second is now unless given. */
export function diff(
  terminal: Terminal,
  bucket: string,
  from: string,
  to: string | undefined,
  flags: LookFlags,
): Promise<void> {
  return reading(terminal, flags, async (buckets) => {
    const fields = diffFields.parse(await buckets.diff(bucket, { from, to, format: "fields" }));
    if (flags.json) terminal.printJson(fields, flags);
    else if (fields.length === 0) terminal.print(line`no difference`);
    else for (const field of fields) terminal.print(changeLine(terminal, field));
  });
}

/** Who last set each field, now or then. */
export function blame(
  terminal: Terminal,
  bucket: string,
  flags: LookFlags & { readonly path?: string; readonly asOf?: string },
): Promise<void> {
  return reading(terminal, flags, async (buckets) => {
    const blamed = await buckets.blame(bucket, { path: flags.path, asOf: flags.asOf });
    if (flags.json) {
      terminal.printJson(blamed, flags);
      return;
    }
    const width = Math.max(...Object.keys(blamed).map(({ length }) => length));
    for (const [path, { version, recorded_at: at, actor, reason }] of Object.entries(blamed)) {
      const number = terminal.styled("yellow", String(version).padStart(4));
      const who = line`${number}  ${at}  ${padded(actor, 10)}`;
      terminal.print(
        reason === undefined
          ? line`${who}  ${path}`
          : line`${who}  ${padded(path, width)}  ${terminal.styled("dim", reason)}`,
      );
    }
  });
}

/** Each event and the document after it, folded from the log. */
export function replay(
  terminal: Terminal,
  bucket: string,
  flags: LookFlags & { readonly from?: string; readonly to?: string },
): Promise<void> {
  return reading(terminal, flags, async (buckets) => {
    for await (const replayed of buckets.replay(bucket, { from: flags.from, to: flags.to })) {
      terminal.print(jsonLine(replayed));
    }
  });
}
