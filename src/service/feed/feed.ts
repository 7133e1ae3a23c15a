/**
 * The change feed: the log from a place on, in commit order, to its end and beyond. Every consumer
 * reads the log itself, in bounded slices, so that a slow one costs no memory and a fast one no
 * order; there is nothing here that could drop or repeat an event.
 */
import { z } from "zod";
import { anyOf, endable } from "../../api/endable.js";
import {
  allNamespaces,
  type Feed,
  type FeedEvent,
  type FeedPage,
  type FeedPageOptions,
  type ServedFeedQuery,
} from "../../api/index.js";
import { BucketsError } from "../../domain/errors.js";
import { assertEventTypes } from "../../domain/event-types.js";
import { isUnreadable, type UnreadableEvent } from "../../domain/history.js";
import { toHistoryEntry } from "../../domain/history-entry.js";
import { limits } from "../../domain/limits.js";
import { assertNamespace } from "../../domain/namespace/name.js";
import { parseQuery } from "../../domain/schemas.js";
import { toHex, toLogged } from "../../eventstore/codec.js";
import type { CommitSignal } from "../../eventstore/commit-signal.js";
import { type StoredEvent, zeroHash } from "../../eventstore/frame.js";
import { sliceBytesMax, storedBytes } from "../../eventstore/slice.js";
import type { EventStore } from "../../eventstore/store.js";
import { nextTurn, type View } from "../../projections/view.js";
import { monotonicNow } from "../../timers.js";
import type { PlaceSeal } from "../keys/place-seal.js";
import { decodeCursor, encodeCursor, isCursorOf } from "../read/cursor.js";
import { missingBucket } from "../read/missing.js";

interface FeedParts {
  readonly events: EventStore;
  readonly placeSeal: PlaceSeal;
  readonly view: View;
  readonly signal: CommitSignal;
}

/** Rows in memory at a time, whatever the size of a page. */
const sliceRows = 64;
/** A page ends once its events weigh so much, however few they are. */
const pageBytesMax = 1024 * 1024;
/** Rows that are looked through for one page; beyond them it ends, and its cursor has moved on. */
const pageRowsMax = 10_000;
/** How long `for await` waits in one go; it then only waits again. */
const patienceMs = 60_000;

/** Hex digits of the hash in a cursor: enough to know the log that it came from. */
const tagLength = 16;
const cursorScope = "events";
const CursorPlace = z.tuple([z.number().int().min(0), z.string()]);
type CursorPlace = z.infer<typeof CursorPlace>;
/** For those who are not to know how long the log is. */
const sealedScope = "sealed events";

/** Every type of event that there is, for those who choose. */
const FeedPageRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.historyPageSizeDefault),
  waitMs: z.number().min(0).max(limits.feedWaitMsMax).default(0),
});

/** A place between two events of the log, known by the hash of the one before it. */
interface Place {
  readonly position: number;
  readonly hash: Uint8Array;
}

interface Filter {
  readonly namespace: string | undefined;
  readonly bucketId: string | undefined;
  readonly types: ReadonlySet<string> | undefined;
}

interface Opened {
  place: Place;
  readonly filter: Filter;
}

export class LogFeed implements Feed {
  readonly #parts: FeedParts;
  readonly #query: ServedFeedQuery;
  #opened: Opened | undefined;

  constructor(parts: FeedParts, query: ServedFeedQuery) {
    this.#parts = parts;
    // A copy: it is read when the feed is, and the query is the caller's.
    this.#query = { ...query, types: query.types && [...query.types] };
  }

  [Symbol.asyncIterator](): AsyncIterator<FeedEvent> {
    return endable((ending) => {
      const query = { ...this.#query, signal: anyOf(this.#query.signal, ending) };
      return new LogFeed(this.#parts, query).#events();
    });
  }

  async *#events(): AsyncGenerator<FeedEvent> {
    for (;;) {
      const page = await this.page({ limit: sliceRows, waitMs: patienceMs });
      if (page === undefined) return;
      for (const event of page.results) {
        if (this.#isOver()) return;
        yield event;
      }
    }
  }

  async page(options: FeedPageOptions = {}): Promise<FeedPage | undefined> {
    const request = parseQuery(FeedPageRequest, options);
    if (this.#isOver()) return undefined;
    // Somebody who asks for page after page must leave turns of the event loop to others.
    if (this.#opened !== undefined) await nextTurn();
    this.#opened ??= await this.#open();
    return await this.#fill(this.#opened, request);
  }

  async #fill(
    opened: Opened,
    { limit, waitMs }: z.infer<typeof FeedPageRequest>,
  ): Promise<FeedPage | undefined> {
    const { events, signal } = this.#parts;
    const deadline = monotonicNow() + waitMs;
    const results: FeedEvent[] = [];
    const unreadable: UnreadableEvent[] = [];
    const page = () => this.#page(opened.place, results, unreadable);
    let bytes = 0;
    let looked = 0;
    let isWaste = true;
    while (!this.#isOver()) {
      const seen = signal.count;
      if (isWaste) opened.place = await this.#passOver(opened);
      isWaste = true;
      const rows = await events.readLog(opened.place.position, sliceRows);
      for (const row of rows) {
        const { hash: previousHash } = opened.place;
        opened.place = { position: row.position, hash: row.hash };
        looked += 1;
        if (!isWanted(row, opened.filter)) continue;
        isWaste = false;
        const event = this.#toFeedEvent(row, previousHash);
        if (isUnreadable(event)) {
          unreadable.push(event);
          continue;
        }
        results.push(event);
        bytes += row.body?.length ?? 0;
        if (results.length === limit || bytes >= pageBytesMax) {
          return await page();
        }
      }
      const isAtEnd = rows.length < sliceRows && sizeOf(rows) < sliceBytesMax;
      const left = deadline - monotonicNow();
      const mayEnd = results.length > 0 || left <= 0;
      if (mayEnd && (isAtEnd || looked >= pageRowsMax)) {
        return await page();
      }
      if (isAtEnd) await signal.wait(seen, left, this.#query.signal);
      else await nextTurn();
    }
    return undefined;
  }

  /** Behind the next events that are all of other namespaces, which may be most of the log. */
  async #passOver({ place, filter: { namespace } }: Opened): Promise<Place> {
    const { events } = this.#parts;
    if (namespace === undefined) return place;
    // First the end: what is committed in the meantime lies behind it.
    const end = await events.head();
    const next = (await events.nextOf(namespace, place.position)) ?? end.position + 1;
    if (next <= place.position + sliceRows) return place;
    const [before] = await events.readLog(next - 2, 1);
    return before?.position === next - 1 ? before : place;
  }

  async #page(
    place: Place,
    results: FeedEvent[],
    unreadable: UnreadableEvent[],
  ): Promise<FeedPage> {
    const head = await this.#parts.events.head();
    return {
      results,
      pagination: { next_cursor: this.#cursorOf(place), has_more: place.position < head.position },
      ...(unreadable.length > 0 && { unreadable }),
    };
  }

  #toFeedEvent(row: StoredEvent, previousHash: Uint8Array): FeedEvent | UnreadableEvent {
    const logged = toLogged(row, previousHash);
    if (isUnreadable(logged)) return logged;
    return {
      ...toHistoryEntry(logged.recorded, logged),
      namespace: row.namespace,
      stream: row.stream,
      cursor: this.#cursorOf(row),
    };
  }

  #cursorOf({ position, hash }: Place): string {
    const place: CursorPlace = [position, position === 0 ? "" : tagOf(hash)];
    if (this.#query.hidesPlaces !== true) return encodeCursor(cursorScope, place);
    return encodeCursor(sealedScope, this.#parts.placeSeal.seal(JSON.stringify(place)));
  }

  /** A cursor, sealed or not, or a position; the beginning unless given. */
  #parseAfter(after: string | number | undefined): AskedPlace {
    if (after === undefined) return { position: 0 };
    const position = parsePosition(after);
    if (position !== undefined) return { position };
    const [at, tag] = this.#readCursor(String(after));
    return { position: at, tag };
  }

  #readCursor(cursor: string): CursorPlace {
    if (!isCursorOf(sealedScope, cursor)) return decodeCursor(cursorScope, CursorPlace, cursor);
    const opened = this.#parts.placeSeal.open(decodeCursor(sealedScope, z.string(), cursor));
    if (opened === undefined)
      throw gone("The cursor is of another log, or its key was changed.", {});
    return CursorPlace.parse(JSON.parse(opened));
  }

  #isOver(): boolean {
    return this.#parts.signal.isClosed || this.#query.signal?.aborted === true;
  }

  async #open(): Promise<Opened> {
    const { after, types, bucket, namespace = "default" } = this.#query;
    if (namespace !== allNamespaces) assertNamespace(namespace);
    assertEventTypes(types ?? []);
    const place = await this.#placeOf(after);
    const bucketId = bucket === undefined ? undefined : await this.#bucketId(namespace, bucket);
    return {
      place,
      filter: {
        namespace: namespace === allNamespaces ? undefined : namespace,
        bucketId,
        types: types === undefined ? undefined : new Set(types),
      },
    };
  }

  /** Once and for all: a bucket that is renamed stays the same bucket. */
  async #bucketId(namespace: string, bucket: string): Promise<string> {
    if (namespace === allNamespaces) {
      if (bucket.startsWith("bkt_")) return bucket;
      throw new BucketsError(
        "BAD_REQUEST",
        `Names belong to a namespace: give the id of "${bucket}", or its namespace.`,
      );
    }
    const state = await this.#parts.view.find(namespace, bucket);
    if (state === undefined) throw await missingBucket(this.#parts, namespace, bucket);
    return state.bucket_id;
  }

  /** Whoever is not to know how long the log is learns of no place but those of its own events. */
  async #hiddenPlaceOf({ position, tag }: AskedPlace): Promise<Place> {
    const [row] = await this.#parts.events.readLog(position - 1, 1);
    const isKnown =
      tag === undefined ? row?.namespace === this.#query.namespace : row && tagOf(row.hash) === tag;
    if (row === undefined || isKnown !== true) {
      throw gone(
        "The log has no such place: it is another one, or was put back to an earlier state.",
        {},
      );
    }
    return { position: row.position, hash: row.hash };
  }

  async #placeOf(after: string | number | undefined): Promise<Place> {
    const asked = this.#parseAfter(after);
    if (asked.position === 0) return { position: 0, hash: zeroHash };
    if (this.#query.hidesPlaces === true) return await this.#hiddenPlaceOf(asked);
    const { events } = this.#parts;
    const [row] = await events.readLog(asked.position - 1, 1);
    if (row === undefined) {
      const { position } = await events.head();
      throw gone(
        `The log ends at ${position}, before ${asked.position}: it is another one, or was put back to an earlier state.`,
        { position: asked.position, head: position },
      );
    }
    if (asked.tag !== undefined && tagOf(row.hash) !== asked.tag) {
      throw gone(
        `The event at ${asked.position} is not the one that the cursor was made at: the log is another one.`,
        { position: asked.position },
      );
    }
    return row;
  }
}

function sizeOf(rows: readonly StoredEvent[]): number {
  return rows.reduce((bytes, row) => bytes + storedBytes(row), 0);
}

interface AskedPlace {
  readonly position: number;
  readonly tag?: string;
}

/** A position as it is in answers; undefined for what may be a cursor. */
function parsePosition(after: string | number): number | undefined {
  const text = String(after);
  const position = Number(text);
  // A cursor begins with a hex digit in base64, which never is a decimal digit.
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(position)) return position;
  if (typeof after === "number" || /^[-+.0-9]/.test(text)) {
    throw new BucketsError("BAD_REQUEST", `${text} is no position: send 0 or a whole number.`);
  }
  return undefined;
}

/** The chain makes the hash of one event vouch for all events before it. */
function tagOf(hash: Uint8Array): string {
  return toHex(hash).slice(0, tagLength);
}

function gone(message: string, details: Readonly<Record<string, unknown>>): BucketsError {
  return new BucketsError("GONE", `${message} Read the buckets anew, and go on without a cursor.`, {
    ...details,
    action: "resync",
  });
}

/** Decided by columns alone: what is not wanted is not decoded. */
function isWanted(row: StoredEvent, { namespace, bucketId, types }: Filter): boolean {
  if (namespace !== undefined && row.namespace !== namespace) return false;
  if (bucketId !== undefined && row.bucketId !== bucketId) return false;
  return types === undefined || types.has(row.type);
}
