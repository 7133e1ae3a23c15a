/** What the users of resources fill in as they like, and the limits that it keeps. */
import { BucketsError, type ValidationIssue } from "./errors.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonBytes,
  jsonDepth,
  tooDeep,
} from "./json.js";
import { limits } from "./limits.js";
import { addIssues, jsonObject } from "./schemas.js";

export const metadata = jsonObject.superRefine((value, context) => {
  addIssues(context, keyIssues(value, []));
});

/** @throws VALIDATION_FAILED for one that is nested too deep; PAYLOAD_TOO_LARGE beyond 1 MiB. */
export function assertDocumentFits(document: JsonObject): void {
  if (jsonDepth(document) > limits.jsonDepthMax) throw tooDeep();
  const bytes = jsonBytes(document);
  if (bytes <= limits.documentBytesMax) return;
  throw new BucketsError(
    "PAYLOAD_TOO_LARGE",
    `The document would have ${bytes} bytes; at most ${limits.documentBytesMax} are kept.`,
    { limit_bytes: limits.documentBytesMax, actual_bytes: bytes },
  );
}

/** What the users fill in keeps the limits on its keys at every level. */
export function keyIssues(value: JsonValue, at: readonly string[]): ValidationIssue[] {
  if (typeof value !== "object" || value === null) return [];
  const issues: ValidationIssue[] = [];
  if (isJsonObject(value)) {
    const keys = Object.keys(value);
    if (keys.length > limits.objectKeysMax) {
      issues.push({
        type: "too_many_keys",
        location: at,
        message: `Keep at most ${limits.objectKeysMax} keys in one object; here are ${keys.length}.`,
      });
    }
    if (keys.some((key) => key.length > limits.keyLengthMax)) {
      issues.push({
        type: "key_too_long",
        location: at,
        message: `Keep keys within ${limits.keyLengthMax} characters.`,
      });
    }
  }
  for (const [key, item] of Object.entries(value)) {
    // Most are scalars, which have no keys, and of very many none gets a place.
    if (typeof item === "object") issues.push(...keyIssues(item, [...at, key]));
  }
  return issues;
}
