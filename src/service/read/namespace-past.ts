/** A moment in the past of a whole namespace, which lists are about: a position or a time. */

import type { AsOf } from "../../api/index.js";
import { BucketsError, invariant } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { roughBytes } from "../../domain/measure.js";
import { onlyOne, type Within } from "../../domain/namespace/within.js";
import {
  type ResourceKind,
  type ResourceState,
  type StateOf,
  stateOfKind,
  streamOf,
} from "../../domain/resource.js";
import type { EventPlace, EventStore, LogPoint, StreamPoint } from "../../eventstore/store.js";
import { nextTurn, type UnownedKind, type View } from "../../projections/view.js";
import type { ReadingParts } from "../parts.js";
import type { AskedPoint } from "./stream-past.js";

/** A moment of a namespace, or of several, and how answers about it name it. */
export interface NamespacePast extends KnownPoint {
  readonly asOf: AsOf;
}

/** So many states are read in one turn of the event loop: fewer where they are large. */
const sliceSizeMax = 64;
const sliceBytesMax = 1024 * 1024;

/** A point of the log that is known, and the moment that it stands for. */
export interface KnownPoint {
  readonly point: LogPoint;
  readonly at: number;
  readonly isFinal: boolean;
}

/**
 * @param namespace whose history is told of where it has nothing; undefined for all.
 * @throws BAD_REQUEST for a version; NOT_FOUND for what is beyond the end.
 */
export async function knownPoint(
  parts: ReadingParts,
  namespace: string | undefined,
  { point, text }: AskedPoint,
): Promise<KnownPoint> {
  if (point.kind === "version") {
    throw new BucketsError(
      "BAD_REQUEST",
      `as_of=${text} is a version, which only one bucket has: use a position (@${text}) or a time.`,
    );
  }
  const head = await parts.events.head();
  const now = Math.max(parts.clock(), head.recordedAt);
  const isKnown = point.kind === "position" ? point.position <= head.position : point.time <= now;
  if (!isKnown) throw await beyondTheEnd(parts, namespace, text, now);
  const isFinal = point.kind === "position" || point.time < head.recordedAt;
  return {
    // What comes later may have the same time.
    point: isFinal ? point : { kind: "position", position: head.position },
    at: point.kind === "time" ? point.time : await timeOf(parts.events, point.position),
    isFinal,
  };
}

/** What there is now, also once there is more. */
export async function presentPoint({
  events,
  clock,
}: Pick<ReadingParts, "events" | "clock">): Promise<KnownPoint> {
  const { position } = await events.head();
  return { point: { kind: "position", position }, at: clock(), isFinal: false };
}

/** @throws BAD_REQUEST for a version; NOT_FOUND for what is beyond the end. */
export async function namespacePastAt(
  parts: ReadingParts,
  within: Within,
  asked: AskedPoint,
): Promise<NamespacePast> {
  const known = await knownPoint(parts, onlyOne(within), asked);
  const ids = await idsWithin(parts.view, "bucket", within);
  const newest = new Newest();
  for await (const state of statesOf(parts.events, "bucket", ids, known.point)) newest.add(state);
  return { ...known, asOf: await newest.asOf(parts.events, known.isFinal) };
}

/** Of everything of a kind that there ever was in these namespaces. */
export async function idsWithin(
  view: View,
  kind: UnownedKind,
  within: Within,
): Promise<readonly string[]> {
  if (within === undefined) return await view.idsOf(kind);
  const ids: string[] = [];
  for (const namespace of within) ids.push(...(await view.idsOf(kind, namespace)));
  return ids;
}

/** The event that was the newest of all states that were looked at: how answers name their moment. */
export class Newest {
  #newest: { stream: string; version: number; position: number } | undefined;

  add(state: ResourceState): void {
    const { version, position } = state;
    if (position <= (this.#newest?.position ?? 0)) return;
    this.#newest = { stream: streamOf(state), version, position };
  }

  /** Undefined when there was none. */
  async place(events: EventStore): Promise<EventPlace | undefined> {
    if (this.#newest === undefined) return undefined;
    const { stream, version } = this.#newest;
    return await events.placeAt(stream, { kind: "version", version });
  }

  async asOf(events: EventStore, isFinal: boolean): Promise<AsOf> {
    const place = await this.place(events);
    return {
      position: place?.position ?? 0,
      ...(place !== undefined && { recorded_at: formatTime(place.recordedAt) }),
      is_final: isFinal,
    };
  }
}

/** The states of these resources at a point, as far as they had begun; no more of them than a slice is kept. */
export async function* statesOf<Kind extends ResourceKind>(
  events: EventStore,
  kind: Kind,
  ids: readonly string[],
  point: StreamPoint,
): AsyncIterable<StateOf<Kind>> {
  let size = 1;
  for (let start = 0; start < ids.length; ) {
    if (start > 0) await nextTurn();
    const slice = await events.statesAt(ids.slice(start, start + size), point);
    start += size;
    let bytes = 0;
    for (const state of slice) {
      bytes += roughBytes(state);
      yield stateOfKind(kind, state);
    }
    const isLarge = bytes > sliceBytesMax;
    size = isLarge ? Math.max(1, size >> 1) : Math.min(2 * size, sliceSizeMax);
  }
}

async function timeOf(events: EventStore, position: number): Promise<number> {
  const [row] = await events.readLog(position - 1, 1);
  invariant(row !== undefined, `the log has lost position ${position}`);
  return row.recordedAt;
}

/** Tells of the namespace alone: the log goes on in others. */
async function beyondTheEnd(
  parts: ReadingParts,
  namespace: string | undefined,
  text: string,
  now: number,
): Promise<BucketsError> {
  if (namespace === undefined) {
    return new BucketsError("NOT_FOUND", `The log has nothing at ${text} yet.`);
  }
  const ids = await parts.view.idsOf("bucket", namespace);
  const newest = new Newest();
  let begun: string | undefined;
  for await (const state of statesOf(parts.events, "bucket", ids, { kind: "time", time: now })) {
    newest.add(state);
    if (begun === undefined || state.created_at < begun) begun = state.created_at;
  }
  const last = await newest.place(parts.events);
  const where =
    last === undefined
      ? "it has not begun"
      : `it begins at ${begun} and ends at @${last.position} (${formatTime(last.recordedAt)})`;
  return new BucketsError(
    "NOT_FOUND",
    `The history of this namespace has nothing at ${text} yet: ${where}.`,
    {
      namespace,
      ...(last !== undefined && {
        first: { recorded_at: begun },
        last: { position: last.position, recorded_at: formatTime(last.recordedAt) },
      }),
    },
  );
}
