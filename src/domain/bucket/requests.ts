/**
 * What a request must look like before anything is looked up: its shape, and the fields that it may
 * not set (CONTRACT: conventions). Lenient requests have those ignored by name, strict ones refused.
 */
import { z } from "zod";
import { didYouMean } from "../did-you-mean.js";
import { validationFailed } from "../errors.js";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { parseJsonPatch } from "../json-patch.js";
import { limits } from "../limits.js";
import { type Pointer, parsePointer } from "../pointer.js";
import { parseBody, timestamp } from "../schemas.js";
import {
  CreateBucketRequest,
  ignoredFields,
  PatchBucketRequest,
  readOnlyFields,
  requestFieldNames,
} from "./document.js";
import { type PatchMediaType, requireObject } from "./patch.js";
import { isWebhookSecret, type LeafMapper, mapSecrets, secretMask } from "./secrets.js";
import { WebhookSecret } from "./source-adapter.js";

export const LockBucketRequest = z.object({
  reason: z.string().max(limits.reasonLengthMax).nullish(),
  expires_at: timestamp.nullish(),
});

export const UnlockBucketRequest = z.object({
  reason: z.string().max(limits.reasonLengthMax).nullish(),
});

/** The fields of a resource that only the server sets, and those that a request may send. */
export interface FieldNames {
  readonly readOnly: readonly string[];
  readonly known: readonly string[];
}

const bucketFieldNames: FieldNames = { readOnly: readOnlyFields, known: requestFieldNames };

/** The names of the fields that were ignored. @throws VALIDATION_FAILED for any when strict. */
export function checkFields(
  ignored: readonly string[],
  isStrict: boolean,
  names: FieldNames = bucketFieldNames,
): readonly string[] {
  if (!isStrict || ignored.length === 0) return ignored;
  throw validationFailed(
    ignored.map((field) => {
      const isReadOnly = names.readOnly.includes(field);
      const what = isReadOnly ? "is set by the server alone" : "is not a field of this request";
      const meant = isReadOnly ? undefined : didYouMean(field, names.known);
      const fix = meant ?? "Leave it out, or send the request without strict handling.";
      return {
        type: isReadOnly ? "read_only" : "unknown_field",
        location: ["body", ...field.split(".")],
        message: `"${field}" ${what}. ${fix}`,
      };
    }),
  );
}

/** The names of what a body sends beside the fields of its schema. */
export function strayFields(body: JsonValue, schema: z.ZodObject): readonly string[] {
  return Object.keys(requireObject(body)).filter((key) => !Object.hasOwn(schema.shape, key));
}

export function checkCreate(body: JsonValue, isStrict: boolean) {
  const request = parseBody(CreateBucketRequest, body);
  return { request, ignored: checkFields(ignoredFields(requireObject(body)), isStrict) };
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
      return checkFields(ignoredFields(requireObject(body)), isStrict);
    case "application/merge-patch+json":
      return checkFields(ignoredFields(requireObject(body)), isStrict);
    case "application/json-patch+json":
      parseJsonPatch(body);
      return [];
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
    return { body: setsAdapter ? mapSecrets(body, [], sealLeaf) : body, setsAdapter };
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
  return { ...operation, value: mapSecrets(value, pathOf(operation), seal) };
}

function reachesAdapter(operation: JsonObject): boolean {
  const path = pathOf(operation);
  return path.length === 0 || path[0] === "source_adapter";
}

function pathOf(operation: JsonObject): readonly string[] {
  const path = ownValue(operation, "path");
  return (typeof path === "string" ? parsePointer(path) : undefined) ?? [];
}
