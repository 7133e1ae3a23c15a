/** The events of a stream, however many and however large they are. */
import { isUnreadable, type UnreadableEvent } from "../../domain/history.js";
import type { EventStore, LoggedEvent, StreamPage } from "../../eventstore/store.js";
import { nextTurn } from "../../projections/view.js";

/** Both ends are in it. */
export interface Versions {
  readonly from: number;
  readonly to: number;
}

interface Reading {
  readonly order?: StreamPage["order"];
  /** How many are read at first, where but a few may be wanted. */
  readonly firstSlice?: number;
}

const sliceEvents = 200;

/** Every event between two versions. They are read in slices, and others are let through between. */
export async function* streamEvents(
  events: Pick<EventStore, "readStream">,
  stream: string,
  versions: Versions,
  { order = "asc", firstSlice = sliceEvents }: Reading = {},
): AsyncIterable<LoggedEvent | UnreadableEvent> {
  let { from, to } = versions;
  let limit = Math.min(firstSlice, sliceEvents);
  while (from <= to) {
    const page = await events.readStream(stream, { order, from, to, limit });
    const newest = page.at(-1);
    const last = newest && (isUnreadable(newest) ? newest.version : newest.recorded.version);
    yield* page;
    if (last === undefined) return;
    if (order === "asc") from = last + 1;
    else to = last - 1;
    // What few events in many are wanted of is read in larger slices.
    limit = sliceEvents;
    await nextTurn();
  }
}
