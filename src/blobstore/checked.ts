/**
 * The same blob store, which hashes what is read whole while it is read: the last bytes are given only
 * once all of them are what the name says. Of a range, that cannot be told.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { BlobStream } from "../domain/blob.js";
import { BucketsError } from "../domain/errors.js";
import type { BlobStore } from "./blob-store.js";

/** @param onDamaged told of content that is not what its name says. */
export function checkedBlobs(blobs: BlobStore, onDamaged: (hash: string) => void): BlobStore {
  return {
    write: (source, limits) => blobs.write(source, limits),
    renew: (hash) => blobs.renew(hash),
    giveUp: (hash, findReferenced) => blobs.giveUp(hash, findReferenced),
    get sizeBytes() {
      return blobs.sizeBytes;
    },
    probe: () => blobs.probe(),
    collect: (options) => blobs.collect(options),
    verify: async (hash) => {
      const found = await blobs.verify(hash);
      if (found === "damaged") onDamaged(hash);
      return found;
    },
    read: async (hash, range) => {
      const content = await blobs.read(hash, range);
      if (content === undefined || range !== undefined) return content;
      return { ...content, stream: checked(content.stream, hash, onDamaged) };
    },
  };
}

function checked(source: BlobStream, hash: string, onDamaged: (hash: string) => void): BlobStream {
  const stream = Readable.from(hashed(source, hash, onDamaged), { objectMode: false });
  // What nobody has begun to read is let go of as well.
  return stream.once("close", () => source.destroy());
}

/** Holds one chunk back, so that whoever reads on is told before the end. */
async function* hashed(
  source: BlobStream,
  hash: string,
  onDamaged: (hash: string) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digest = createHash("sha256");
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    digest.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (digest.digest("hex") !== hash) {
    onDamaged(hash);
    throw damaged(hash);
  }
  if (held !== undefined) yield held;
}

function damaged(hash: string): BucketsError {
  return new BucketsError(
    "FILE_INVALID",
    `The bytes of the blob ${hash} are damaged: its operator can bring them back from a backup.`,
    { hash },
  );
}
