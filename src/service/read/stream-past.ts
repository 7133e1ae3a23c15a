/**
 * The past of resources of one kind: finding a moment, and what was there then, what led to it, and
 * who is to blame. It only reads; nothing about the past ever changes.
 */

import { z } from "zod";
import type {
  BlameQuery,
  DiffQuery,
  EventProofOptions,
  HistoryQuery,
  HistoryResponse,
  ReplayLine,
  ReplayRange,
} from "../../api/index.js";
import { assertText } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { type Point, parsePoint } from "../../domain/as-of.js";
import {
  type BlameEntry,
  type BlameResponse,
  blamedLeaves,
  isAskedAbout,
} from "../../domain/blame.js";
import { diff } from "../../domain/changes.js";
import { diffFormats, formatDiff } from "../../domain/diff-formats.js";
import { BucketsError, invariant } from "../../domain/errors.js";
import { formatTime, type RecordedEvent } from "../../domain/event.js";
import { assertEventTypes } from "../../domain/event-types.js";
import { assertReadable, isUnreadable, type UnreadableEvent } from "../../domain/history.js";
import { type HistoryEntry, toHistoryEntry } from "../../domain/history-entry.js";
import type { JsonValue } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { memberNotFound } from "../../domain/not-found.js";
import { isWithin, parsePointer } from "../../domain/pointer.js";
import {
  type BlamedState,
  changesOf,
  documentOf,
  evolve,
  idsOf,
  kindNamed,
  type MemberKind,
  type ResourceKind,
  type ResourceState,
  type StateOf,
  sameState,
  shownDocument,
  stateOfKind,
  streamOf,
} from "../../domain/resource.js";
import { parseQuery } from "../../domain/schemas.js";
import { read } from "../../eventstore/codec.js";
import type { StoredEvent } from "../../eventstore/frame.js";
import type {
  EventPlace,
  EventStore,
  Head,
  LoggedEvent,
  LogPoint,
} from "../../eventstore/store.js";
import type { View } from "../../projections/view.js";
import type { LogProofs } from "../keys/proofs.js";
import { cursorText, decodeCursor, encodeCursor } from "./cursor.js";
import { missingBucket } from "./missing.js";
import { streamEvents, type Versions } from "./stream-events.js";

/** Whose past it is: how a resource of the kind is found. */
export interface Subject<Kind extends ResourceKind> {
  readonly kind: Kind;
  /** Its current state, also if it was deleted. */
  readonly find: (identifier: string) => Promise<StateOf<Kind> | undefined>;
  readonly notFound: (identifier: string) => Promise<BucketsError>;
}

/** The buckets of a namespace, by id or name; their secrets are masked. */
export function bucketSubject({ view }: PastParts, namespace: string): Subject<"bucket"> {
  return {
    kind: "bucket",
    find: (identifier) => view.find(namespace, identifier),
    notFound: (identifier) => missingBucket({ view }, namespace, identifier),
  };
}

/**
 * The objects, batches or uploads of a bucket, by their ids. What a deleted bucket held has a past
 * that is found through the bucket's id.
 */
export function memberSubject<Kind extends MemberKind>(
  { view }: PastParts,
  kind: Kind,
  bucketId: string,
): Subject<Kind> {
  return {
    kind,
    find: async (identifier) => {
      const state = await view.state(identifier);
      if (state?.kind !== kind || state.bucket_id !== bucketId) return undefined;
      return stateOfKind(kind, state);
    },
    notFound: async (identifier) => memberNotFound(kind, identifier, bucketId),
  };
}

export interface PastParts {
  readonly events: EventStore;
  readonly view: View;
  readonly clock: () => number;
  readonly proofs: LogProofs;
}

/** A bucket at a point in the past. */
export interface Located {
  readonly place: EventPlace;
  /** Up to where in the log what belongs to it is counted. */
  readonly upTo: LogPoint;
  /** The moment that an answer about it is about, milliseconds. */
  readonly at: number;
  /** Whether the answer can never change again. */
  readonly isFinal: boolean;
}

const pointerText = z.string().refine((text) => parsePointer(text) !== undefined, {
  error: "Send a JSON Pointer (RFC 6901), such as /metadata/team.",
});

const HistoryRequest = z.object({
  order: z.enum(["asc", "desc"]).default("desc"),
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.historyPageSizeDefault),
  cursor: cursorText,
  from: z.string().optional(),
  to: z.string().optional(),
  type: z.string().optional(),
  actor: z.string().optional(),
  path: pointerText.optional(),
});
type HistoryRequest = z.infer<typeof HistoryRequest>;

const DiffRequest = z.object({ format: z.enum(diffFormats).default("json-patch") });

export class Past<Kind extends ResourceKind> {
  readonly #parts: PastParts;
  readonly #subject: Subject<Kind>;

  constructor(parts: PastParts, subject: Subject<Kind>) {
    this.#parts = parts;
    this.#subject = subject;
  }

  /** The current state, which may say that it was deleted. */
  async lookup(identifier: string): Promise<StateOf<Kind> | undefined> {
    assertText(identifier, this.#subject.kind);
    return await this.#subject.find(identifier);
  }

  /** @throws NOT_FOUND */
  async find(identifier: string): Promise<StateOf<Kind>> {
    const state = await this.lookup(identifier);
    if (state === undefined) throw await this.#subject.notFound(identifier);
    return state;
  }

  /** The state after the event of a version that is known to exist. */
  async stateAt(stream: string, version: number): Promise<StateOf<Kind>> {
    const state = await this.#parts.events.stateAt(stream, version);
    invariant(state !== undefined, `${stream} has lost version ${version}`);
    return stateOfKind(this.#subject.kind, state);
  }

  /** How far times are known: like those of events, that never runs backwards. */
  #timeAt(head: Head): number {
    return Math.max(this.#parts.clock(), head.recordedAt);
  }

  /** @throws NOT_FOUND when the history has nothing there. */
  async locate(current: StateOf<Kind>, { point, text }: AskedPoint): Promise<Located> {
    const { events } = this.#parts;
    const head = await events.head();
    const isKnown =
      point.kind === "version"
        ? point.version <= current.version
        : point.kind === "position"
          ? point.position <= head.position
          : point.time <= this.#timeAt(head);
    const place = isKnown ? await events.placeAt(streamOf(current), point) : undefined;
    if (place === undefined) throw await this.#outsideHistory(current, text);
    switch (point.kind) {
      case "version":
        return {
          place,
          upTo: { kind: "position", position: place.position },
          at: place.recordedAt,
          isFinal: true,
        };
      case "position": {
        const { recordedAt } = await this.#eventAt(point.position);
        return { place, upTo: point, at: recordedAt, isFinal: true };
      }
      case "time":
        return { place, upTo: point, at: point.time, isFinal: point.time < head.recordedAt };
    }
  }

  async history(identifier: string, query: HistoryQuery): Promise<HistoryResponse> {
    assertAsked("history", query);
    const request = parseQuery(HistoryRequest, query);
    if (request.type !== undefined) assertEventTypes([request.type]);
    const { cursor, limit, order, ...filters } = request;
    const asked = askedRange(request);
    const state = await this.find(identifier);
    const { from, to } = await this.#versions(state, asked);
    const scope = `history/${streamOf(state)}/${order}/${JSON.stringify(filters)}`;
    const after = cursor === undefined ? undefined : decodeCursor(scope, z.number().int(), cursor);
    const range =
      order === "asc"
        ? { from: Math.max(from, (after ?? 0) + 1), to }
        : { from, to: Math.min(to, (after ?? Number.POSITIVE_INFINITY) - 1) };
    const found: HistoryEntry[] = [];
    const passed: UnreadableEvent[] = [];
    let shown = limit;
    let bytes = 0;
    const how = { order, firstSlice: limit + 1 };
    for await (const logged of streamEvents(this.#parts.events, streamOf(state), range, how)) {
      if (isUnreadable(logged)) passed.push(logged);
      else if (isWanted(logged.recorded, request)) {
        bytes += logged.bytes;
        // A page that is large enough ends; one event that is larger has a page of its own.
        if (bytes > limits.pageBytesMax && found.length > 0) shown = Math.min(shown, found.length);
        found.push(toEntry(logged));
      }
      if (found.length > shown) break;
    }
    const results = found.slice(0, shown);
    const last = results.at(-1);
    const hasMore = found.length > shown && last !== undefined;
    // What comes after the last result is for the page that it leads to.
    const unreadable = passed.filter(
      ({ version }) =>
        !hasMore || (order === "asc" ? version < last.version : version > last.version),
    );
    return {
      results,
      pagination: { ...(hasMore && { next_cursor: encodeCursor(scope, last.version) }) },
      ...(unreadable.length > 0 && { unreadable }),
    };
  }

  async entry(identifier: string, version: number): Promise<HistoryEntry> {
    if (!Number.isSafeInteger(version) || version < 1) {
      throw new BucketsError("BAD_REQUEST", `${version} is no version: versions count from 1.`);
    }
    const state = await this.find(identifier);
    return toEntry(await this.logged(state, version));
  }

  async proof(identifier: string, version: number, options: EventProofOptions): Promise<string> {
    const { position } = await this.entry(identifier, version);
    return await this.#parts.proofs.event(position, options);
  }

  /** The event of a version. @throws NOT_FOUND beyond the head, GONE for what cannot be read. */
  async logged(state: StateOf<Kind>, version: number): Promise<LoggedEvent> {
    const page = { order: "asc", from: version, to: version, limit: 1 } as const;
    const [logged] = await this.#parts.events.readStream(streamOf(state), page);
    if (logged === undefined) throw await this.#outsideHistory(state, `version ${version}`);
    assertReadable(logged);
    return logged;
  }

  /** The paths that the events of some versions changed. */
  async changedPaths(stream: string, versions: Versions): Promise<ReadonlySet<string>> {
    const paths = new Set<string>();
    for await (const logged of streamEvents(this.#parts.events, stream, versions)) {
      if (isUnreadable(logged)) continue;
      for (const { path } of changesOf(logged.recorded.event)) paths.add(path);
    }
    return paths;
  }

  async *replay(identifier: string, range: ReplayRange): AsyncIterable<ReplayLine> {
    assertAsked("replay", range);
    const asked = askedRange(range);
    const current = await this.find(identifier);
    const { from, to } = await this.#versions(current, asked);
    let folded: ResourceState | undefined;
    const all = { from: 1, to: current.version };
    for await (const logged of streamEvents(this.#parts.events, streamOf(current), all)) {
      const { version } = isUnreadable(logged) ? logged : logged.recorded;
      const isInRange = version >= from && version <= to;
      if (isUnreadable(logged)) {
        if (isInRange) yield { unreadable: logged };
        // It may be but the meta that cannot be read: the store knows.
        folded = await this.#parts.events.stateAt(streamOf(current), version);
        continue;
      }
      folded = evolve(folded, logged.recorded);
      if (!isInRange) continue;
      yield { event: toEntry(logged), document: shownDocument(folded) };
    }
    const matchesView = sameState(folded, current);
    yield { replayed: to - from + 1, version: to, matches_view: matchesView };
  }

  async diff(identifier: string, query: DiffQuery): Promise<JsonValue> {
    assertAsked("diff", query);
    const { begin, end } = askedRange(query);
    const { format } = parseQuery(DiffRequest, query);
    const state = await this.find(identifier);
    const to = end === undefined ? state.version : (await this.locate(state, end)).place.version;
    const from = begin === undefined ? to - 1 : (await this.locate(state, begin)).place.version;
    const before = from === 0 ? {} : documentOf(await this.stateAt(streamOf(state), from));
    const after = documentOf(await this.stateAt(streamOf(state), to));
    const { shown } = kindNamed(this.#subject.kind);
    return formatDiff(shown(diff(before, after)), format);
  }

  async blame(identifier: string, query: BlameQuery): Promise<BlameResponse> {
    assertAsked("blame", query);
    const { path } = parseQuery(z.object({ path: pointerText.optional() }), query);
    const prefix = parsePointer(path ?? "") ?? [];
    const asked = asPoint(query.asOf, "as_of");
    const { state, blame } = await this.#foldedAt(await this.find(identifier), asked);
    const document = documentOf(state);
    const leaves = blamedLeaves(blame, document);
    const wanted = leaves.filter(([leaf]) => isAskedAbout(leaf, prefix, document));
    // One event may have set very many leaves.
    const entries = new Map<number, BlameEntry>();
    for (const position of new Set(wanted.map(([, at]) => at))) {
      entries.set(position, toBlame(await this.#eventAt(position)));
    }
    return Object.fromEntries(
      wanted.flatMap(([pointer, position]) => {
        const entry = entries.get(position);
        return entry === undefined ? [] : [[pointer, entry]];
      }),
    );
  }

  /** What the stream is folded to, now or as of a point. */
  async #foldedAt(current: StateOf<Kind>, asked: AskedPoint | undefined): Promise<BlamedState> {
    const { events, view } = this.#parts;
    const stream = streamOf(current);
    const folded =
      asked === undefined
        ? await view.folded(stream)
        : await events.foldedAt(stream, (await this.locate(current, asked)).place.version);
    invariant(folded !== undefined, `${stream} is folded to nothing`);
    return folded;
  }

  async #eventAt(position: number): Promise<StoredEvent> {
    const [row] = await this.#parts.events.readLog(position - 1, 1);
    invariant(row !== undefined, `the log has lost position ${position}`);
    return row;
  }

  /**
   * The versions from the first event at or after the beginning to the last one at or before the
   * end: none when both are between the same two events.
   *
   * @throws BAD_REQUEST when the end is before the beginning.
   */
  async #versions(state: StateOf<Kind>, { begin, end }: AskedRange): Promise<Versions> {
    const to = end === undefined ? state.version : (await this.locate(state, end)).place.version;
    if (begin === undefined) return { from: 1, to };
    const { place } = await this.locate(state, begin);
    assertOrder(place.version, to);
    const before = await this.#parts.events.placeAt(streamOf(state), justBefore(begin.point));
    return { from: (before?.version ?? 0) + 1, to };
  }

  async #outsideHistory(state: StateOf<Kind>, asked: string): Promise<BucketsError> {
    const { events } = this.#parts;
    const stream = streamOf(state);
    const first = await events.placeAt(stream, { kind: "version", version: 1 });
    const last = await events.placeAt(stream, { kind: "version", version: state.version });
    invariant(first !== undefined && last !== undefined, `${stream} has no events`);
    return new BucketsError(
      "NOT_FOUND",
      `The history of this ${state.kind} has nothing at ${asked}: it begins at version 1 (${formatTime(first.recordedAt)}) and ends at version ${last.version} (${formatTime(last.recordedAt)}).`,
      { ...idsOf(state), first: shownPlace(first), last: shownPlace(last) },
    );
  }
}

/** A point in the past, and how it was asked for. */
export interface AskedPoint {
  readonly point: Point;
  readonly text: string;
}

interface AskedRange {
  readonly begin: AskedPoint | undefined;
  readonly end: AskedPoint | undefined;
}

function askedRange({ from, to }: ReplayRange): AskedRange {
  return { begin: asPoint(from, "from"), end: asPoint(to, "to") };
}

/** @throws BAD_REQUEST for what is no point. */
export function asPoint(text: string | undefined, name: string): AskedPoint | undefined {
  if (text === undefined) return undefined;
  assertText(text, name);
  return { point: parsePoint(text, name), text };
}

/** The last point that is not yet this one; times count in milliseconds. */
function justBefore(point: Point): Point {
  switch (point.kind) {
    case "version":
      return { ...point, version: point.version - 1 };
    case "position":
      return { ...point, position: point.position - 1 };
    case "time":
      return { ...point, time: point.time - 1 };
  }
}

function assertOrder(from: number, to: number): void {
  if (from <= to) return;
  throw new BucketsError("BAD_REQUEST", `from (version ${from}) is after to (version ${to}).`);
}

function isWanted({ event, meta }: RecordedEvent, { type, actor, path }: HistoryRequest): boolean {
  if (type !== undefined && event.type !== type) return false;
  if (actor !== undefined && meta.actor !== actor) return false;
  if (path === undefined) return true;
  const prefix = parsePointer(path) ?? [];
  return changesOf(event).some((change) => {
    const pointer = parsePointer(change.path) ?? [];
    return isWithin(pointer, prefix) || isWithin(prefix, pointer);
  });
}

function toEntry(logged: LoggedEvent): HistoryEntry {
  return toHistoryEntry(logged.recorded, logged);
}

function toBlame(row: StoredEvent) {
  const { version, position, recordedAt } = row;
  const recorded = read(row);
  const { actor, reason } = isUnreadable(recorded) ? { actor: "" } : recorded.meta;
  return {
    version,
    position,
    recorded_at: formatTime(recordedAt),
    actor,
    ...(reason !== undefined && { reason }),
  };
}

function shownPlace(place: EventPlace) {
  return {
    version: place.version,
    position: place.position,
    recorded_at: formatTime(place.recordedAt),
  };
}
