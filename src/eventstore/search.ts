/** Finding a point of the past in a stream in logarithmic time. */
import type { EventPlace, StreamPoint } from "./store.js";

/**
 * The last event at or before the point. Versions are gapless, and positions and times never run
 * backwards along a stream, so a binary search by version finds each of the three.
 *
 * @param length the newest version of the stream, 0 when it does not exist.
 * @param eventAt the event with that version, 1-based.
 */
export function lastAtOrBefore(
  length: number,
  eventAt: (version: number) => EventPlace | undefined,
  point: StreamPoint,
): EventPlace | undefined {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const event = eventAt(middle);
    if (event !== undefined && isAtOrBefore(event, point)) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? undefined : eventAt(low);
}

function isAtOrBefore(event: EventPlace, point: StreamPoint): boolean {
  switch (point.kind) {
    case "version":
      return event.version <= point.version;
    case "position":
      return event.position <= point.position;
    case "time":
      return event.recordedAt <= point.time;
  }
}
