/** The change feed. */
import { z } from "zod";
import { UnreadableEvent } from "../domain/history.js";
import { HistoryEntry } from "../domain/history-entry.js";

export { allNamespaces } from "../domain/namespace/name.js";

export interface FeedQuery {
  /**
   * Where to go on: the cursor of the last event that was handled, or a position of the log. From
   * the beginning unless given. A cursor is independent of the filters.
   */
  readonly after?: string | number | undefined;
  /** The one namespace whose events are shown, `default` unless given; `*` for all. */
  readonly namespace?: string | undefined;
  /** Only the events of this bucket, by its id, also if deleted, or its exact name of now. */
  readonly bucket?: string | undefined;
  /** Only events of these types, such as `bucket.patched`. */
  readonly types?: readonly string[] | undefined;
  /** Ends the feed. */
  readonly signal?: AbortSignal | undefined;
}

/** An event of the feed: its history entry, where it belongs, and the cursor to go on after it. */
export const FeedEvent = HistoryEntry.extend({
  namespace: z.string(),
  stream: z.string(),
  cursor: z.string(),
});
/** A union by `type`, as the entries of a history are. */
export type FeedEvent = HistoryEntry & {
  readonly namespace: string;
  readonly stream: string;
  readonly cursor: string;
};

export const FeedPage = z.object({
  results: z.array(FeedEvent),
  pagination: z.object({
    /** Always there, also for an empty page: it has moved past what the filters left out. */
    next_cursor: z.string(),
    /** Whether the log goes on behind the page: ask again at once. */
    has_more: z.boolean(),
  }),
  /** Events that were passed over, if there are any. */
  unreadable: z.array(UnreadableEvent).optional(),
});
export type FeedPage = Omit<z.infer<typeof FeedPage>, "results"> & { results: FeedEvent[] };

/** As the face of a server asks. */
export interface ServedFeedQuery extends FeedQuery {
  /**
   * Cursors are sealed, and no refusal says how long the log is: for callers who are not to know what
   * happens outside of the namespace.
   */
  readonly hidesPlaces?: boolean | undefined;
}

export interface FeedPageOptions {
  /** 1 to 1,000, and 50 unless given; a page of large events may be shorter. */
  readonly limit?: number | undefined;
  /** How long to wait for the first event, at most 60,000; 0 unless given. */
  readonly waitMs?: number | undefined;
}

/**
 * The log from a place on, in commit order, without gap or repeat, also while it grows: event by
 * event with `for await`, which begins at `after` each time, or page by page. It reads on only when
 * it is asked to, so that a slow consumer costs nothing; ask for one page at a time.
 *
 * @throws at the first event or page: GONE for a cursor of another store, or of this one before it
 * was put back to an earlier state; BAD_REQUEST for what is no cursor; NOT_FOUND for the bucket.
 */
export interface Feed extends AsyncIterable<FeedEvent> {
  /** The next page; undefined once the signal has aborted or the store is closed. */
  page(options?: FeedPageOptions): Promise<FeedPage | undefined>;
}
