/** The whole history of a bucket, where it is short enough: asked for once, for all who look at it. */
import type { HistoryEntry, Namespace } from "../../../client/index.js";

/** Of longer ones nothing is known as a whole. */
export const entriesMax = 1_000;

let last: { readonly key: string; readonly entries: Promise<readonly HistoryEntry[]> } | undefined;

/**
 * Oldest first; empty for a history that is too long.
 * @param newest the version of its newest event.
 */
export function allEntries(
  { name, buckets }: Namespace,
  id: string,
  newest: number,
): Promise<readonly HistoryEntry[]> {
  if (newest > entriesMax) return Promise.resolve([]);
  const key = `${name} ${id} ${newest}`;
  if (last?.key !== key) {
    const asked = buckets.history(id, { order: "asc", limit: entriesMax });
    const entries = asked.then(({ results }) => results);
    last = { key, entries };
    entries.catch(() => {
      last = undefined;
    });
  }
  return last.entries;
}
