/** What refers to contents of the blob store: the events of the log, and uploads that may yet be confirmed. */
import type { BlobStore, FindReferenced } from "../blobstore/blob-store.js";
import type { CollectReport } from "../domain/reports.js";
import type { ReceivedTable } from "../eventstore/received-table.js";
import type { View } from "../projections/view.js";

interface Referring {
  readonly view: View;
  readonly received: ReceivedTable;
}

/** Asks which contents something refers to, now. */
export function referencesTo({ view, received }: Referring): FindReferenced {
  return async (hashes) =>
    new Set([...(await view.referenced(hashes)), ...(await received.held(hashes))]);
}

/**
 * What was stored or renewed for what was refused, or was replaced, is let go of at once.
 * @returns what that removed.
 */
export async function giveUpContents(
  parts: Referring & { readonly blobs: BlobStore },
  hashes: Iterable<string>,
): Promise<Pick<CollectReport, "removed" | "bytesFreed">> {
  const findReferenced = referencesTo(parts);
  let [removed, bytesFreed] = [0, 0];
  for (const hash of hashes) {
    const bytes = await parts.blobs.giveUp(hash, findReferenced);
    if (bytes === undefined) continue;
    removed += 1;
    bytesFreed += bytes;
  }
  return { removed, bytesFreed };
}
