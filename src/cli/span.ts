/**
 * A part of the history, and how points of time are said on the command line. A span may begin
 * before the first event and end after the last one: `--since -7d` of a bucket that was made
 * yesterday is all of it.
 */
import { type Point, parsePoint } from "../domain/as-of.js";
import type { Buckets, HistoryEntry } from "../index.js";

const unitMs = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

/** `-2h` as the time that it stands for now; every other text as it is. */
export function resolveAgo(text: string): string {
  const [, count, name] = /^-([0-9]{1,6})([smhdw])$/.exec(text) ?? [];
  const unit = Object.entries(unitMs).find(([letter]) => letter === name);
  if (unit === undefined) return text;
  return new Date(Date.now() - Number(count) * unit[1]).toISOString();
}

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

export interface EntriesQuery {
  readonly order: "asc" | "desc";
  readonly span: Span;
  readonly actor?: string | undefined;
  /** How many are read at once. */
  readonly pageSize: number;
}

/** The history of one bucket within a span, page after page. */
export async function* entriesOf(
  buckets: Buckets,
  bucket: string,
  { order, span, actor, pageSize: limit }: EntriesQuery,
): AsyncIterable<HistoryEntry> {
  const [isEarly, isOver] = order === "asc" ? [isBefore, isAfter] : [isAfter, isBefore];
  let cursor: string | undefined;
  do {
    const page = await buckets.history(bucket, { order, limit, cursor, actor });
    for (const entry of page.results) {
      if (isOver(entry, span)) return;
      if (!isEarly(entry, span)) yield entry;
    }
    cursor = page.pagination.next_cursor;
  } while (cursor !== undefined);
}
