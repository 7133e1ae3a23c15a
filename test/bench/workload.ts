/** What every benchmark writes: small merge patches, spread over the buckets of one store. */
import type { BucketStore } from "../../src/index.js";

export const bucketCount = 200;
export const mediaType = "application/merge-patch+json";

/** A patch that changes two fields, whatever the patch before it was. */
export function patchOf(turn: number) {
  return { description: `Videos of season ${turn}`, metadata: { season: turn, team: "growth" } };
}

/** Makes the buckets and returns their ids. */
export async function seed(store: BucketStore): Promise<string[]> {
  const { buckets } = store.namespace();
  const written = await Promise.all(
    Array.from({ length: bucketCount }, (_, index) =>
      buckets.create({
        bucket_name: `bucket-${index}`,
        description: "Product videos",
        metadata: { season: 0, team: "growth", region: "eu-west-1", owner: "catalogue" },
        bucket_schema: {
          properties: { video: { type: "video" }, title: { type: "string" } },
        },
      }),
    ),
  );
  return written.map(({ bucket }) => bucket.bucket_id);
}
