/**
 * What a write makes of the document of an object: the three patch media types as for buckets, and
 * the merging PUT (CONTRACT: objects). All are pure; none checks what the document then holds.
 *
 * In `application/json` and in a PUT a null clears a field, but leaves `blobs`, because clients send
 * the null of a list that they did not set; an empty list clears them.
 */

import { invalidAt } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { applyJsonPatch, type Guard } from "../json-patch.js";
import { mergePatch } from "../merge-patch.js";
import type { PatchMediaType } from "../patch-media-type.js";
import { type Pointer, parsePointer } from "../pointer.js";
import { requireObject } from "../schemas.js";
import { isPatchablePointer } from "./document.js";

/** The document after the patch, not yet normalised. */
export function patchDocument(
  document: JsonObject,
  mediaType: PatchMediaType,
  patch: JsonValue,
): JsonObject {
  switch (mediaType) {
    case "application/json":
      return { ...document, ...sentFields(requireObject(patch)) };
    case "application/merge-patch+json":
      return requireObject(mergePatch(document, patchable(requireObject(patch))));
    case "application/json-patch+json": {
      const patched = requireObject(applyJsonPatch(document, patch, assertPatchable));
      assertKnownRoot(patched);
      return patched;
    }
  }
}

/** The document with the fields put into it: `metadata` key by key, others as wholes. */
export function putDocument(document: JsonObject, fields: JsonObject): JsonObject {
  const sent = sentFields(fields);
  const metadata = ownValue(sent, "metadata") ?? {};
  const before = ownValue(document, "metadata");
  const isMerged = isJsonObject(metadata) && isJsonObject(before);
  return { ...document, ...sent, metadata: isMerged ? { ...before, ...metadata } : metadata };
}

function sentFields(fields: JsonObject): JsonObject {
  const sent = Object.entries(patchable(fields));
  return Object.fromEntries(sent.filter(([name, value]) => name !== "blobs" || value !== null));
}

/** Read-only fields and what is only said to the request are no part of the document. */
function patchable(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isPatchablePointer([name])));
}

const assertPatchable: Guard = ({ op, path, from }, _, index) => {
  const reads = op === "test";
  assertReachable(path, reads, op === "remove", ["body", index, "path"]);
  if (from !== undefined)
    assertReachable(from, op === "copy", op === "move", ["body", index, "from"]);
};

/** Of a blob, only `properties` can be changed in place: other content is another blob. */
function assertReachable(
  path: string,
  onlyReads: boolean,
  removes: boolean,
  location: readonly (string | number)[],
): void {
  const pointer = parsePointer(path) ?? [];
  if (!isPatchablePointer(pointer)) {
    throw invalidAt(location, "not_patchable", `The patchable document has no ${path}.`);
  }
  if (onlyReads || !isInsideBlob(pointer)) return;
  const [, , member] = pointer;
  if (member === "properties" && !(removes && pointer.length === 3)) return;
  const message = "Only the properties of a blob can be changed in place: replace the blob.";
  throw invalidAt(location, "not_patchable", message);
}

function isInsideBlob(pointer: Pointer): boolean {
  return pointer[0] === "blobs" && pointer.length > 2;
}

function assertKnownRoot(document: JsonObject): void {
  const stray = Object.keys(document).find((name) => !isPatchablePointer([name]));
  if (stray === undefined) return;
  const message = `The patchable document has no ${stray}.`;
  throw invalidAt(["body", stray], "not_patchable", message);
}
