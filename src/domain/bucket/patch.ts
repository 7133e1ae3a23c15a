/**
 * The three patch media types over the patchable document (CONTRACT: buckets): the contract's
 * partial update, JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902). All are pure; none
 * validates what the document then holds.
 */
import { BucketsError, invalidAt } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.js";
import { applyJsonPatch } from "../json-patch.js";
import { mergePatch } from "../merge-patch.js";
import type { PatchMediaType } from "../patch-media-type.js";
import { parsePointer } from "../pointer.js";
import { requireObject } from "../schemas.js";
import { fieldNames, isPatchablePointer } from "./document.js";
import { bucketSecrets } from "./secrets.js";

/** The document after the patch, not yet normalised. */
export function patchDocument(
  document: JsonObject,
  mediaType: PatchMediaType,
  patch: JsonValue,
): JsonObject {
  switch (mediaType) {
    case "application/json":
      return partialUpdate(document, requireObject(patch));
    case "application/merge-patch+json": {
      const merged = mergePatch(document, requireObject(patch));
      return isJsonObject(merged) ? merged : {};
    }
    case "application/json-patch+json":
      return jsonPatch(document, patch);
  }
}

/**
 * A field that is present replaces the whole field; null clears it, and leaves the two fields that
 * every bucket has as they are.
 */
function partialUpdate(document: JsonObject, patch: JsonObject): JsonObject {
  const present = Object.entries(patch).filter(
    ([name, value]) =>
      fieldNames.some((field) => field === name) &&
      !(value === null && (name === "bucket_name" || name === "bucket_schema")),
  );
  return keepWebhookSecret(document, { ...document, ...Object.fromEntries(present) });
}

/** An adapter that is replaced without naming a webhook secret keeps the stored one. */
export function keepWebhookSecret(before: JsonObject, after: JsonObject): JsonObject {
  const old = before["source_adapter"];
  const adapter = after["source_adapter"];
  if (!isJsonObject(old) || !isJsonObject(adapter)) return after;
  const stored = old["webhook_secret"];
  if (stored === undefined || (adapter["webhook_secret"] ?? null) !== null) return after;
  return { ...after, source_adapter: { ...adapter, webhook_secret: stored } };
}

function jsonPatch(document: JsonObject, patch: JsonValue): JsonObject {
  const patched = applyJsonPatch(document, patch, (operation, current, index) => {
    assertPatchable(operation.path, ["body", index, "path"]);
    if (operation.from !== undefined) {
      assertPatchable(operation.from, ["body", index, "from"]);
      assertNotSecret(current, operation.from, ["body", index, "from"]);
    }
    if (operation.op === "test") assertNotSecret(current, operation.path, ["body", index, "path"]);
  });
  if (!isJsonObject(patched)) {
    throw invalidAt(["body"], "object_expected", "The patched document must be an object.");
  }
  const strays = Object.keys(patched).filter((key) => !isPatchablePointer([key]));
  if (strays.length > 0) {
    throw new BucketsError("VALIDATION_FAILED", `The document has no field ${strays.join(", ")}.`, {
      validation_errors: strays.map((key) => ({
        type: "not_patchable",
        location: ["body", key],
        message: `The patchable document has no ${key}.`,
      })),
    });
  }
  return patched;
}

function assertPatchable(path: string, location: readonly (string | number)[]): void {
  if (isPatchablePointer(parsePointer(path) ?? [])) return;
  throw invalidAt(
    location,
    "not_patchable",
    `The patchable document has no ${path}; its fields are ${fieldNames.join(", ")}.`,
  );
}

function assertNotSecret(
  document: JsonValue,
  path: string,
  location: readonly (string | number)[],
): void {
  if (!bucketSecrets.isRead(document, parsePointer(path) ?? [])) return;
  throw invalidAt(
    location,
    "secret_not_readable",
    "A secret cannot be tested, copied or moved: set a new value instead.",
  );
}
