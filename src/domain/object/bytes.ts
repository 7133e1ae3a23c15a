/** The bytes that an object holds or refers to. */
import { isJsonObject, type JsonObject } from "../json.js";
import { blobsOf } from "./document.js";
import type { ObjectState } from "./state.js";

/** True when the event between the two added a blob whose bytes came with it. */
export function bringsBytes(before: ObjectState | undefined, after: ObjectState): boolean {
  const known = new Set(blobsOf(before?.document ?? {}).map((blob) => blob["blob_id"]));
  return blobsOf(after.document).some((blob) => !known.has(blob["blob_id"]) && holdsBytes(blob));
}

function holdsBytes(blob: JsonObject): boolean {
  const kind = sourceOf(blob)["kind"];
  return kind === "stored" || kind === "value";
}

/** The stored contents that the document refers to, by their hashes. */
export function storedHashes(document: JsonObject): readonly string[] {
  return blobsOf(document).flatMap((blob) => {
    const hash = sourceOf(blob)["hash"];
    return typeof hash === "string" ? [hash] : [];
  });
}

function sourceOf(blob: JsonObject): JsonObject {
  const source = blob["source"];
  return source !== undefined && isJsonObject(source) ? source : {};
}
