/** Events that can be read and those that cannot, of which history tells what it can. */
import { z } from "zod";
import { BucketsError } from "./errors.js";
import { answeredTime } from "./schemas.js";

/**
 * An event of the log that its own schema does not take: what its row tells all the same, and why. A
 * log cannot be repaired, so it is passed over and named, and what is around it stays readable.
 */
export const UnreadableEvent = z.object({
  event_id: z.string(),
  stream: z.string(),
  version: z.number().int(),
  position: z.number().int(),
  type: z.string(),
  recorded_at: answeredTime,
  problem: z.string(),
});
export type UnreadableEvent = Readonly<z.infer<typeof UnreadableEvent>>;

export function isUnreadable(event: object): event is UnreadableEvent {
  return "problem" in event;
}

/** Those that can be read, and the others. */
export function parted<Event extends object>(events: readonly (Event | UnreadableEvent)[]) {
  const readable: Event[] = [];
  const unreadable: UnreadableEvent[] = [];
  for (const event of events) {
    if (isUnreadable(event)) unreadable.push(event);
    else readable.push(event);
  }
  return { readable, unreadable };
}

/** @throws GONE naming the event, when it is one that cannot be read. */
export function assertReadable<Event extends object>(
  event: Event | UnreadableEvent,
): asserts event is Event {
  if (!isUnreadable(event)) return;
  const { stream, version, position, problem } = event;
  throw new BucketsError(
    "GONE",
    `The event of version ${version} (position ${position}) cannot be read: ${problem}. Those around it can.`,
    { stream, version, position, problem },
  );
}
