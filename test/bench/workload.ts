/**
 * What every benchmark writes, written down: buckets, and merge patches of 259 bytes that change
 * three leaves of whatever the patch before them left. It never changes, or figures of different
 * days could not be compared.
 */

export const bucketCount = 1_000;
export const mediaType = "application/merge-patch+json";
export const patchBytes = 259;

const filler = "Product films in their final cut, with subtitles in eleven languages. ".repeat(3);

/** A bucket as it is made before anything is measured. */
export function bucketOf(index: number) {
  return {
    bucket_name: `product-videos-${index}`,
    description: `Videos of product number ${index}, as they were uploaded.`,
    metadata: { team: teamOf(index), rank: index % 1_000, season: 0, region: "eu-west-1" },
    bucket_schema: { properties: { video: { type: "video" }, title: { type: "string" } } },
  };
}

const teams = ["growth", "search", "ads", "core", "video", "music", "maps", "mail"];

function teamOf(index: number): string {
  return teams[index % teams.length] ?? "";
}

/** The patch of that turn; no two turns below ten million are alike. */
export function patchOf(turn: number) {
  const season = 10_000_000 + turn;
  return {
    description: `Videos of season ${season}. ${filler}`.slice(0, 183),
    metadata: { season, editor: `editor-${season}` },
  };
}

/** An object of a bucket, as batches of a hundred write it. */
export function objectOf(index: number) {
  return {
    title: `Video number ${index}`,
    metadata: { team: teamOf(index), rank: index % 1_000, note: "as it was uploaded" },
  };
}

/** The bucket that takes them. */
export const objectBucket = {
  bucket_name: "objects",
  bucket_schema: { properties: { title: { type: "string" } } },
};
