/** How much of the log is read at once. */
import type { StoredEvent } from "./frame.js";

/** So much of the log is read at once: of large events fewer than were asked for, but always one. */
export const sliceBytesMax = 4 * 1024 * 1024;

/** What an event takes beside its header. */
export function storedBytes({ body, meta }: Pick<StoredEvent, "body" | "meta">): number {
  return (body?.length ?? 0) + (meta?.length ?? 0);
}
