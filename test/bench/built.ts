/** The compiled package, which is what a user runs; only the types come from the sources. */
function built(path: string) {
  return import(new URL(`../../dist/${path}`, import.meta.url).href);
}

export const { openBuckets }: typeof import("../../src/index.js") = await built("index.js");
export const { createApp }: typeof import("../../src/http/app.js") = await built("http/app.js");
export const { readJsonBody }: typeof import("../../src/http/body.js") =
  await built("http/body.js");
export const { PatchBucketRequest }: typeof import("../../src/domain/bucket/document.js") =
  await built("domain/bucket/document.js");
