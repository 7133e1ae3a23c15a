/**
 * Windows (CONTRACT: source adapters): a draft that collects the objects of a source adapter until
 * it is full or its time has come. A bucket has one open window at most: the draft reserves it.
 */

import { formatTime } from "../event.js";
import type { Reservation } from "../reservation.js";
import type { WindowTerms } from "./commands.js";
import type { BatchWindow } from "./events.js";
import type { BatchState } from "./state.js";

/** The open window of a bucket, whose holder collects. */
export function windowOf(bucketId: string): Reservation {
  return { scope: "batch_window", key: bucketId };
}

/** A draft that does not collect any more gives the window to the next one. */
export function batchReservations(state: BatchState): readonly Reservation[] {
  return isCollecting(state) ? [windowOf(state.bucket_id)] : [];
}

function isCollecting(state: BatchState): boolean {
  return openWindow(state) !== undefined && !isFull(state);
}

/**
 * When the window is to be closed: RFC 3339, in the past for one that is full; undefined for what is
 * no open window, and for one that waits for its last object however long that takes.
 */
export function windowDueAt(state: BatchState): string | undefined {
  const window = openWindow(state);
  if (window === undefined) return undefined;
  return isFull(state) ? state.updated_at : window.closes_at;
}

/** A window as it is opened. @param now milliseconds. */
export function beginWindow({ windowMs, maxObjects, autoSubmit }: WindowTerms, now: number) {
  return {
    ...(windowMs !== undefined && { closes_at: formatTime(now + windowMs) }),
    max_objects: maxObjects,
    auto_submit: autoSubmit,
  };
}

export function openWindow(state: BatchState): BatchWindow | undefined {
  const isOpen = state.deleted === undefined && state.status === "DRAFT";
  return isOpen ? state.window : undefined;
}

/** Whether there is room for no more: then it is due, whatever the time. */
export function isFull({ window, document }: BatchState): boolean {
  return window !== undefined && document.object_ids.length >= window.max_objects;
}
