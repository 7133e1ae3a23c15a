/** The bytes that a log speaks of, in a folder of their own, each by its hash. */
import type { BlobStore } from "../blobstore/blob-store.js";
import { FileBlobStore } from "../blobstore/file/blob-store.js";
import { BucketsError } from "../domain/errors.js";
import type { View } from "../projections/view.js";

interface BlobExport {
  readonly blobs: BlobStore;
  readonly view: Pick<View, "references">;
  readonly clock: () => number;
  /** Called before each. @throws to end it */
  readonly onNext: () => void;
}

/**
 * What is in the folder already stays.
 * @throws COPY_INVALID for bytes that are lost, STORAGE_FULL.
 */
export async function exportBlobs(
  folder: string,
  { blobs, view, clock, onNext }: BlobExport,
): Promise<void> {
  const to = new FileBlobStore(folder, clock);
  for await (const { hash } of view.references()) {
    onNext();
    if ((await to.renew(hash)) !== undefined) continue;
    const content = await blobs.read(hash);
    if (content === undefined) throw lost(hash, "are lost");
    const written = await to.write(content.stream);
    if (written.hash !== hash) throw lost(hash, "are not what their name says");
  }
}

function lost(hash: string, problem: string): BucketsError {
  return new BucketsError(
    "COPY_INVALID",
    `The bytes of the blob ${hash} ${problem}: verify --content tells of all such.`,
    { hash },
  );
}
