/**
 * What a request must look like before anything is looked up: its shape, and the fields that it may
 * not set (CONTRACT: conventions). Lenient requests have those ignored by name, strict ones refused.
 */
import { z } from "zod";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { parseJsonPatch } from "../json-patch.js";
import { limits } from "../limits.js";
import { undescribable } from "../object/own-fields.js";
import type { PatchMediaType } from "../patch-media-type.js";
import { type Pointer, parsePointer, valueAt } from "../pointer.js";
import { checkFields, type FieldNames } from "../request-fields.js";
import { parseBody, requireObject, timestamp } from "../schemas.js";
import { type LeafMapper, secretMask } from "../secrets.js";
import {
  CreateBucketRequest,
  ignoredFields,
  PatchBucketRequest,
  requestFieldNames,
} from "./document.js";
import { readOnlyFields } from "./response.js";
import { bucketSecrets, isWebhookSecret } from "./secrets.js";
import { WebhookSecret } from "./source-adapter.js";

export const LockBucketRequest = z.object({
  reason: z.string().max(limits.reasonLengthMax).nullish(),
  expires_at: timestamp.nullish(),
});

export const UnlockBucketRequest = z.object({
  reason: z.string().max(limits.reasonLengthMax).nullish(),
});

const schemaFields = ["bucket_schema", "properties"] as const;

function schemaFieldName(field: string): string {
  return [...schemaFields, field].join(".");
}

const bucketFieldNames: FieldNames = {
  readOnly: [...readOnlyFields, ...undescribable.map(schemaFieldName)],
  known: requestFieldNames,
};

/** As much of an operation of a JSON Patch, or of a change, as says what it sets. */
interface Setting {
  readonly op: string;
  readonly path: string;
  readonly value?: JsonValue | undefined;
}

/**
 * The names of the schema's fields that are set and that no object can have a value for: its own
 * fields have these names.
 */
export function ignoredSchemaFields(settings: readonly Setting[]): readonly string[] {
  const set = settings
    .filter(({ op }) => op !== "test" && op !== "remove")
    .flatMap(({ path, value }) => fieldsSet(parsePointer(path) ?? [], value));
  return undescribable.filter((name) => set.includes(name)).map(schemaFieldName);
}

/** The names of the schema's fields that a value at the pointer sets. */
function fieldsSet(pointer: Pointer, value: JsonValue | undefined): readonly string[] {
  if (!schemaFields.every((key, index) => (pointer[index] ?? key) === key)) return [];
  const [, , name] = pointer;
  if (name !== undefined) return [name];
  const below = schemaFields.slice(pointer.length);
  const fields = value === undefined ? undefined : valueAt(value, below);
  return isJsonObject(fields)
    ? Object.keys(fields).filter((key) => ownValue(fields, key) !== null)
    : [];
}

/** What a body sends and nobody takes. @throws VALIDATION_FAILED for any when strict. */
function checkBucketFields(body: JsonObject, isStrict: boolean): readonly string[] {
  const schemas = ignoredSchemaFields([{ op: "replace", path: "", value: body }]);
  return checkFields([...ignoredFields(body), ...schemas], isStrict, bucketFieldNames);
}

export function checkCreate(body: JsonValue, isStrict: boolean) {
  const request = parseBody(CreateBucketRequest, body);
  return {
    request,
    ignored: checkBucketFields(requireObject(body), isStrict),
  };
}

/** The shape of a patch, by its media type; what it does to the document is decided later. */
export function checkPatch(
  mediaType: PatchMediaType,
  body: JsonValue,
  isStrict: boolean,
): readonly string[] {
  switch (mediaType) {
    case "application/json":
      parseBody(PatchBucketRequest, requireObject(body));
      return checkBucketFields(requireObject(body), isStrict);
    case "application/merge-patch+json":
      return checkBucketFields(requireObject(body), isStrict);
    case "application/json-patch+json":
      return checkFields(ignoredSchemaFields(parseJsonPatch(body)), isStrict, bucketFieldNames);
  }
}

export const RotateSecretRequest = z.object({
  /** One is made, and shown once, unless given. */
  webhook_secret: WebhookSecret.refine(
    (secret) => secret !== secretMask,
    "The mask is no secret: send one, or leave it out to have one made.",
  ).nullish(),
  overlap_seconds: z
    .number()
    .int()
    .min(0)
    .max(limits.overlapSecondsMax)
    .nullish()
    .transform((seconds) => seconds ?? limits.overlapSecondsDefault)
    .meta({ description: "How long the old secret is taken as well; a day unless given." }),
});

/** A request with its secrets taken out, and whether it may leave an adapter without one. */
export interface SealedRequest {
  readonly body: JsonValue;
  readonly setsAdapter: boolean;
}

/**
 * Hands every plain secret of a request to `seal` and puts the reference that it returns in its
 * place; masks stay. A JSON Patch is searched operation by operation, by the path of each.
 */
export function sealRequest(
  mediaType: PatchMediaType,
  body: JsonValue,
  seal: (value: JsonValue) => string,
): SealedRequest {
  const sealLeaf = (leaf: JsonValue, pointer: Pointer) => {
    if (leaf === secretMask) return leaf;
    // Once it is sealed nobody can see any more whether it fits.
    if (isWebhookSecret(pointer)) parseBody(WebhookSecret, leaf, pointer);
    return seal(leaf);
  };
  if (mediaType !== "application/json-patch+json") {
    const setsAdapter = isJsonObject(body) && (ownValue(body, "source_adapter") ?? null) !== null;
    return { body: setsAdapter ? bucketSecrets.map(body, [], sealLeaf) : body, setsAdapter };
  }
  const operations = isJsonArray(body) ? body.filter(isJsonObject) : [];
  return {
    body: operations.map((operation) => sealOperation(operation, sealLeaf)),
    setsAdapter: operations.some((operation) => reachesAdapter(operation)),
  };
}

function sealOperation(operation: JsonObject, seal: LeafMapper): JsonObject {
  const value = ownValue(operation, "value");
  const isTest = ownValue(operation, "op") === "test";
  if (value === undefined || isTest || !reachesAdapter(operation)) return operation;
  return { ...operation, value: bucketSecrets.map(value, pathOf(operation), seal) };
}

function reachesAdapter(operation: JsonObject): boolean {
  const path = pathOf(operation);
  return path.length === 0 || path[0] === "source_adapter";
}

function pathOf(operation: JsonObject): readonly string[] {
  const path = ownValue(operation, "path");
  return (typeof path === "string" ? parsePointer(path) : undefined) ?? [];
}
