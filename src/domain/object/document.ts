/**
 * The patchable document of an object: `key_prefix`, `metadata`, `blobs`, and beside them, flat, the
 * fields of the user that the bucket's schema describes (CONTRACT: objects).
 */
import { z } from "zod";
import { type ValidationIssue, validationFailed } from "../errors.js";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { limits } from "../limits.js";
import type { Pointer } from "../pointer.js";
import { controlsRefused, isNameText, parseWith } from "../schemas.js";
import { assertDocumentFits, keyIssues, metadata } from "../user-data.js";
import { isUserField, ownFields } from "./own-fields.js";

/** The user's fields among the members of a body, a document or an answer. */
export function userFields(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => isUserField(name)));
}

/** True when the pointer names something that the patchable document can have. */
export function isPatchablePointer([root]: Pointer): boolean {
  return root === undefined || isUserField(root) || ownFields.some((name) => name === root);
}

export const keyPrefix = z
  .string()
  .max(limits.keyPrefixLengthMax)
  .refine(isNameText, controlsRefused);
const keyPrefixIfAny = keyPrefix.nullable();

/** The blobs of a document, as they are kept. */
export function blobsOf(document: JsonObject): readonly JsonObject[] {
  const blobs = ownValue(document, "blobs");
  return isJsonArray(blobs) ? blobs.filter(isJsonObject) : [];
}

/**
 * A candidate brought into the form that is kept: nulls at the root mean absence, `metadata` and
 * `blobs` are always there. The user's fields are checked elsewhere (`fields.ts`).
 *
 * @throws VALIDATION_FAILED naming each fault; PAYLOAD_TOO_LARGE beyond 1 MiB.
 */
export function normalizeDocument(candidate: JsonObject, blobs: readonly JsonObject[]): JsonObject {
  const prefix = ownValue(candidate, "key_prefix") ?? null;
  const data = ownValue(candidate, "metadata") ?? {};
  const fields = Object.fromEntries(
    Object.entries(userFields(candidate)).filter(([, value]) => value !== null),
  );
  const issues = [
    ...issuesOf(keyPrefixIfAny, prefix, ["body", "key_prefix"]),
    ...issuesOf(metadata, data, ["body", "metadata"]),
    ...keyIssues(fields, ["body"]),
  ];
  if (issues.length > 0) throw validationFailed(issues);
  const document = {
    ...(prefix !== null && { key_prefix: prefix }),
    metadata: data,
    blobs,
    ...fields,
  };
  assertDocumentFits(document);
  return document;
}

function issuesOf(
  schema: z.ZodType,
  value: JsonValue,
  at: readonly string[],
): readonly ValidationIssue[] {
  return parseWith(schema, value, at).issues ?? [];
}
