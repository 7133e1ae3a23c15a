/** A moment in the past of a whole namespace, which lists are about: a position or a time. */

import type { AsOf } from "../../api/index.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { BucketsError, invariant } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
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

/** A namespace, or several, as they were: every bucket that there had been by then, also deleted ones. */
export interface NamespacePast {
  readonly point: LogPoint;
  /** The moment that an answer is about, milliseconds. */
  readonly at: number;
  readonly states: readonly BucketState[];
  readonly asOf: AsOf;
}

/** So many states are read in one turn of the event loop. */
const sliceSize = 50;

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
  return {
    point,
    at: point.kind === "time" ? point.time : await timeOf(parts.events, point.position),
    isFinal: point.kind === "position" || point.time < head.recordedAt,
  };
}

/** @throws BAD_REQUEST for a version; NOT_FOUND for what is beyond the end. */
export async function namespacePastAt(
  parts: ReadingParts,
  within: Within,
  asked: AskedPoint,
): Promise<NamespacePast> {
  const known = await knownPoint(parts, onlyOne(within), asked);
  const ids = await idsWithin(parts.view, "bucket", within);
  const states = await statesOf(parts.events, "bucket", ids, known.point);
  return { ...known, states, asOf: await asOfOf(parts.events, states, known.isFinal) };
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

/** How an answer about these states names its moment. */
export async function asOfOf(
  events: EventStore,
  states: readonly ResourceState[],
  isFinal: boolean,
): Promise<AsOf> {
  const newest = await newestPlace(events, states);
  return {
    position: newest?.position ?? 0,
    ...(newest !== undefined && { recorded_at: formatTime(newest.recordedAt) }),
    is_final: isFinal,
  };
}

async function statesAt({ events, view }: ReadingParts, namespace: string, point: StreamPoint) {
  return await statesOf(events, "bucket", await view.idsOf("bucket", namespace), point);
}

/** The states of these resources at a point, as far as they had begun; read in slices. */
export async function statesOf<Kind extends ResourceKind>(
  events: EventStore,
  kind: Kind,
  ids: readonly string[],
  point: StreamPoint,
): Promise<StateOf<Kind>[]> {
  const states: StateOf<Kind>[] = [];
  for (let start = 0; start < ids.length; start += sliceSize) {
    if (start > 0) await nextTurn();
    const slice = await events.statesAt(ids.slice(start, start + sliceSize), point);
    states.push(...slice.map((state) => stateOfKind(kind, state)));
  }
  return states;
}

async function newestPlace(
  events: EventStore,
  states: readonly ResourceState[],
): Promise<EventPlace | undefined> {
  const [first, ...others] = states;
  if (first === undefined) return undefined;
  const newest = others.reduce((a, b) => (a.position > b.position ? a : b), first);
  return await events.placeAt(streamOf(newest), { kind: "version", version: newest.version });
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
  const states = await statesAt(parts, namespace, { kind: "time", time: now });
  const last = await newestPlace(parts.events, states);
  const begun = states.map((state) => state.created_at).sort()[0];
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
