/**
 * A part of the history. A span may begin before the first event and end after the last one:
 * `--since -7d` of a bucket that was made yesterday is all of it.
 */
import { type Point, parsePoint } from "../domain/as-of.js";
import type { Buckets, HistoryEntry, UnreadableEvent } from "../index.js";

export interface SpanFlags {
  readonly since?: string;
  readonly until?: string;
}

/** Both ends belong to it. */
export interface Span {
  readonly since: Point | undefined;
  readonly until: Point | undefined;
}

/** @throws BAD_REQUEST for what is no point. */
export function parseSpan({ since, until }: SpanFlags): Span {
  return {
    since: since === undefined ? undefined : parsePoint(since, "--since"),
    until: until === undefined ? undefined : parsePoint(until, "--until"),
  };
}

type Placed = Pick<HistoryEntry, "version" | "position" | "recorded_at">;

export function isBefore(entry: Placed, { since }: Span): boolean {
  return since !== undefined && distance(entry, since) < 0;
}

export function isAfter(entry: Placed, { until }: Span): boolean {
  return until !== undefined && distance(entry, until) > 0;
}

export function isIn(entry: Placed, span: Span): boolean {
  return !isBefore(entry, span) && !isAfter(entry, span);
}

/** Negative before the point, positive after it. */
function distance(entry: Placed, point: Point): number {
  switch (point.kind) {
    case "version":
      return entry.version - point.version;
    case "position":
      return entry.position - point.position;
    case "time":
      return Date.parse(entry.recorded_at) - point.time;
  }
}

/** Is told of events of the span that cannot be read, and are passed over. */
export type OnUnreadable = (events: readonly UnreadableEvent[]) => void;

export interface EntriesQuery {
  readonly order: "asc" | "desc";
  readonly span: Span;
  readonly actor?: string | undefined;
  /** A JSON Pointer: changes at it, below it, or above it. */
  readonly path?: string | undefined;
  /** How many are read at once. */
  readonly pageSize: number;
  readonly onUnreadable: OnUnreadable;
}

/** The history of one bucket within a span, page after page. */
export async function* entriesOf(
  buckets: Buckets,
  bucket: string,
  { order, span, actor, path, pageSize: limit, onUnreadable }: EntriesQuery,
): AsyncIterable<HistoryEntry> {
  const [isEarly, isOver] = order === "asc" ? [isBefore, isAfter] : [isAfter, isBefore];
  let cursor: string | undefined;
  do {
    const page = await buckets.history(bucket, { order, limit, cursor, actor, path });
    onUnreadable((page.unreadable ?? []).filter((event) => isIn(event, span)));
    for (const entry of page.results) {
      if (isOver(entry, span)) return;
      if (!isEarly(entry, span)) yield entry;
    }
    cursor = page.pagination.next_cursor;
  } while (cursor !== undefined);
}
