/** What `importChanges` puts together: a store to change, and the one reader of seeds and histories. */
import { buffer } from "node:stream/consumers";
import type { BucketStore, ImportOptions, ImportReport } from "./api/index.js";
import { FileBlobStore } from "./blobstore/file/blob-store.js";
import { ofText, readLines } from "./copies/read-lines.js";
import { type OpenOptions, openStore } from "./open.js";
import type { BytesOf } from "./service/seeds/kept-blobs.js";
import { loadSeed, type SeedLoading } from "./service/seeds/load-seed.js";
import { SeedPast } from "./service/seeds/seed-past.js";

/** @throws what `importChanges` of the library does. */
export async function importChanges(
  from: string,
  to: BucketStore | OpenOptions,
  { skip, blobs, ...options }: ImportOptions = {},
): Promise<ImportReport> {
  const load = (store: BucketStore, past: SeedLoading["past"]) =>
    loadSeed(store, readLines(from, ofText), {
      ...options,
      name: from,
      past,
      skip: new Set(skip),
      bytesOf: blobs === undefined ? undefined : bytesIn(blobs),
    });
  if ("namespace" in to) return await load(to, undefined);
  const past = new SeedPast();
  await using store = await openStore({ ...to, clock: past.now, newId: past.newId });
  return await load(store, past);
}

function bytesIn(folder: string): BytesOf {
  const blobs = new FileBlobStore(folder, Date.now);
  return async (hash) => {
    const content = await blobs.read(hash);
    return content === undefined ? undefined : await buffer(content.stream);
  };
}
