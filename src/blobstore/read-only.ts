/** The blobs of a store that is open for reading only. */
import { BucketsError } from "../domain/errors.js";
import type { BlobStore } from "./blob-store.js";

/** What reads goes through; what writes is refused with READ_ONLY. */
export function readOnlyBlobs(blobs: BlobStore): BlobStore {
  const refuse = async (): Promise<never> => {
    throw new BucketsError("READ_ONLY", "The store is open for reading only.");
  };
  return {
    read: (hash, range) => blobs.read(hash, range),
    verify: (hash) => blobs.verify(hash),
    get sizeBytes() {
      return blobs.sizeBytes;
    },
    probe: async () => {},
    write: refuse,
    renew: refuse,
    giveUp: refuse,
    collect: refuse,
  };
}
