/**
 * What a request about an object must look like before anything is looked up: its shape, and the
 * fields that it may not set (CONTRACT: objects). The user's fields are checked against the schema
 * of the bucket when the command is decided.
 */
import { z } from "zod";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { parseJsonPatch } from "../json-patch.js";
import { limits } from "../limits.js";
import type { PatchMediaType } from "../patch-media-type.js";
import { parsePointer } from "../pointer.js";
import { checkFields, type FieldNames, strayFields } from "../request-fields.js";
import { jsonObject, jsonValue, parseBody, requireObject } from "../schemas.js";
import { metadata } from "../user-data.js";
import { BlobRequest, type Location, sourceHandling } from "./blobs.js";
import { keyPrefix } from "./document.js";
import type { SentHandling, SourceHandling } from "./events.js";
import { ownFields, readOnlyFields, requestFields, sourceHandlingFields } from "./own-fields.js";

const ownShape = {
  key_prefix: keyPrefix.nullish(),
  metadata: metadata.nullish(),
  skip_duplicates: z.boolean().nullish(),
  ...sourceHandling,
};

export const CreateObjectRequest = z
  .object({ ...ownShape, blobs: z.array(BlobRequest).max(limits.blobsPerObjectMax).nullish() })
  .catchall(jsonValue);

/** A blob that the object has is sent as it was read, or as its `blob_id` alone. */
const KeptBlob = z.object({ blob_id: z.string() });

/** Of a PATCH with `application/json`, and of a PUT. */
export const PatchObjectRequest = z
  .object({
    ...ownShape,
    blobs: z
      .array(z.union([BlobRequest, KeptBlob]))
      .max(limits.blobsPerObjectMax)
      .nullish(),
  })
  .catchall(jsonValue);

/** Each object is checked by itself, because each has an outcome of its own. */
export const CreateManyRequest = z.object({
  objects: z.array(jsonObject).min(1).max(limits.objectsPerRequestMax),
});

const fieldNames: FieldNames = {
  readOnly: readOnlyFields,
  known: [...ownFields, ...requestFields],
};

/** The shape of a creation. Returns the names of the fields that are ignored. */
export function checkCreateObject(body: JsonValue, isStrict: boolean): readonly string[] {
  parseBody(CreateObjectRequest, requireObject(body));
  return checkFields(ignoredFields(requireObject(body)), isStrict, fieldNames);
}

/** The shape of a patch, by its media type; what it does to the document is decided later. */
export function checkPatchObject(
  mediaType: PatchMediaType,
  body: JsonValue,
  isStrict: boolean,
): readonly string[] {
  switch (mediaType) {
    case "application/json":
      parseBody(PatchObjectRequest, requireObject(body));
      return checkFields(ignoredFields(requireObject(body)), isStrict, fieldNames);
    case "application/merge-patch+json":
      return checkFields(ignoredFields(requireObject(body)), isStrict, fieldNames);
    case "application/json-patch+json":
      parseJsonPatch(body);
      return [];
  }
}

/** Read-only fields, and what no new blob has; any other root key is a field of the user. */
function ignoredFields(body: JsonObject): string[] {
  const blobs = ownValue(body, "blobs") ?? null;
  const strays = (isJsonArray(blobs) ? blobs : []).flatMap((blob, index) =>
    isNewBlob(blob) ? strayFields(blob, BlobRequest).map((key) => `blobs.${index}.${key}`) : [],
  );
  return [...readOnlyFields.filter((name) => Object.hasOwn(body, name)), ...strays];
}

function isNewBlob(item: JsonValue): item is JsonObject {
  if (!isJsonObject(item)) return false;
  const brings = ["data", "upload_id"].some((name) => (ownValue(item, name) ?? null) !== null);
  // A blob that was read has its URL beside its id.
  return brings || (typeof ownValue(item, "url") === "string" && !Object.hasOwn(item, "blob_id"));
}

/** A blob that a request brings, and the id that stands for it in the body from here on. */
interface BroughtBlob {
  readonly blobId: string;
  readonly request: BlobRequest;
  /** Where it is in the body, for faults of its data. */
  readonly at: Location;
}

/** A request whose new blobs were taken out. */
interface TakenBlobs {
  readonly body: JsonValue;
  readonly blobs: readonly BroughtBlob[];
  readonly skipDuplicates: boolean;
  readonly sourceHandling: SentHandling | undefined;
}

/**
 * Takes every new blob out of a request and puts the reference `{blob_id}` in its place, so that the
 * service can store it before the command queues. A JSON Patch is searched operation by operation.
 *
 * @throws VALIDATION_FAILED for a blob that does not fit.
 */
export function takeBlobs(
  mediaType: PatchMediaType,
  body: JsonValue,
  newId: () => string,
): TakenBlobs {
  const blobs: BroughtBlob[] = [];
  const taken = replaceNewBlobs(mediaType, body, (item, at) => {
    const blobId = newId();
    blobs.push({ blobId, request: parseBody(BlobRequest, item, at), at });
    return { blob_id: blobId };
  });
  const skipDuplicates = isJsonObject(body) && ownValue(body, "skip_duplicates") === true;
  return { body: taken, blobs, skipDuplicates, sourceHandling: sentHandling(body, blobs) };
}

/** The body with something else in the place of every new blob. */
export function replaceNewBlobs(
  mediaType: PatchMediaType,
  body: JsonValue,
  replace: (blob: JsonObject, at: Location) => JsonValue,
): JsonValue {
  const take = (item: JsonValue, at: Location) => (isNewBlob(item) ? replace(item, at) : item);
  const isPatch = mediaType === "application/json-patch+json" && isJsonArray(body);
  return isPatch
    ? body.map((operation, index) => takeOfOperation(operation, take, index))
    : takeOfDocument(body, take, []);
}

/** What was sent of how to fetch sources; undefined when nothing was. */
function sentHandling(body: JsonValue, blobs: readonly BroughtBlob[]): SentHandling | undefined {
  const ofBlobs = blobs.flatMap(({ blobId, request }) => {
    const handling = handlingOf(request);
    return handling === undefined ? [] : [[blobId, handling] as const];
  });
  const own = isJsonObject(body) ? handlingOf(body) : undefined;
  if (own === undefined && ofBlobs.length === 0) return undefined;
  return { ...own, ...(ofBlobs.length > 0 && { blobs: Object.fromEntries(ofBlobs) }) };
}

function handlingOf(sent: Readonly<Record<string, unknown>>): SourceHandling | undefined {
  const said = sourceHandlingFields.flatMap((name) => {
    const value = sent[name];
    return typeof value === "boolean" ? [[name, value] as const] : [];
  });
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

type Take = (item: JsonValue, at: Location) => JsonValue;

function takeOfDocument(body: JsonValue, take: Take, at: Location): JsonValue {
  if (!isJsonObject(body) || !Object.hasOwn(body, "blobs")) return body;
  return { ...body, blobs: takeOfList(ownValue(body, "blobs") ?? null, take, [...at, "blobs"]) };
}

function takeOfList(list: JsonValue, take: Take, at: Location): JsonValue {
  return isJsonArray(list) ? list.map((item, index) => take(item, [...at, index])) : list;
}

/** The value of an operation is the document, its blobs, or one of them, by the path. */
function takeOfOperation(operation: JsonValue, take: Take, index: number): JsonValue {
  if (!isJsonObject(operation) || ownValue(operation, "op") === "test") return operation;
  const path = ownValue(operation, "path");
  const pointer = typeof path === "string" ? parsePointer(path) : undefined;
  const value = ownValue(operation, "value");
  if (pointer === undefined || value === undefined) return operation;
  const at = [index, "value"];
  if (pointer.length === 0) return { ...operation, value: takeOfDocument(value, take, at) };
  if (pointer[0] !== "blobs" || pointer.length > 2) return operation;
  const taken = pointer.length === 1 ? takeOfList(value, take, at) : take(value, at);
  return { ...operation, value: taken };
}
