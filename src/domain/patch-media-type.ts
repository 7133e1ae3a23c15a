/** How a patch is to be understood: partial update, RFC 7396, RFC 6902 (CONTRACT: buckets). */
export const patchMediaTypes = [
  "application/json",
  "application/merge-patch+json",
  "application/json-patch+json",
] as const;
export type PatchMediaType = (typeof patchMediaTypes)[number];
