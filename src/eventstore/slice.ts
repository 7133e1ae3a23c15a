/** How much of the log is read at once. */
import type { StoredEvent } from "./frame.js";

/** So much of the log is read at once: of large events fewer than were asked for, but always one. */
export const sliceBytesMax = 4 * 1024 * 1024;

/** The first of the rows, until they would be larger together; one at least. */
export function cutAt<Row extends StoredEvent>(
  rows: Iterable<Row>,
  bytesMax = Number.POSITIVE_INFINITY,
): { readonly rows: readonly Row[]; readonly isCut: boolean } {
  const taken: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += storedBytes(row);
    if (taken.length > 0 && bytes > bytesMax) return { rows: taken, isCut: true };
    taken.push(row);
  }
  return { rows: taken, isCut: false };
}

/** What an event takes beside its header. */
export function storedBytes({ body, meta }: Pick<StoredEvent, "body" | "meta">): number {
  return (body?.length ?? 0) + (meta?.length ?? 0);
}
