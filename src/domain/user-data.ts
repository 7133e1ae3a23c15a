/** What the users of resources fill in as they like, and the limits that it keeps. */
import { BucketsError, type ValidationIssue } from "./errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonBytes,
  tooDeep,
  tooManyValues,
} from "./json.js";
import { limits } from "./limits.js";
import { measureOf } from "./measure.js";
import { addIssues, jsonObject } from "./schemas.js";

export const metadata = jsonObject.superRefine((value, context) => {
  addIssues(context, keyIssues(value, []));
});

/** @throws VALIDATION_FAILED for one that is nested too deep or has too many values; PAYLOAD_TOO_LARGE beyond 1 MiB. */
export function assertDocumentFits(document: JsonObject): void {
  const { depth, bytesAtMost, values } = measureOf(document);
  if (depth > limits.jsonDepthMax) throw tooDeep();
  if (values > limits.valuesMax) throw tooManyValues();
  // Nearly all are far below the limit, and need not be written to know it.
  if (bytesAtMost <= limits.documentBytesMax) return;
  const bytes = jsonBytes(document);
  if (bytes <= limits.documentBytesMax) return;
  throw new BucketsError(
    "PAYLOAD_TOO_LARGE",
    `The document would have ${bytes} bytes; at most ${limits.documentBytesMax} are kept.`,
    { limit_bytes: limits.documentBytesMax, actual_bytes: bytes },
  );
}

/** What the users fill in keeps the limits on its keys at every level. */
export function keyIssues(value: JsonValue, at: readonly string[]): readonly ValidationIssue[] {
  const issues = issuesWithin(value);
  return issues.map((issue) => ({ ...issue, location: [...at, ...issue.location] }));
}

const none: readonly ValidationIssue[] = [];

/** Very many members have none: nothing is made for them, nor are they given a place. */
function issuesWithin(value: JsonValue): readonly ValidationIssue[] {
  if (isJsonArray(value)) {
    let issues = none;
    for (let index = 0; index < value.length; index += 1) {
      const item = value[index];
      if (typeof item === "object") issues = together(issues, String(index), issuesWithin(item));
    }
    return issues;
  }
  if (!isJsonObject(value)) return none;
  let issues = ownKeyIssues(value);
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (typeof member === "object") issues = together(issues, key, issuesWithin(member));
  }
  return issues;
}

function together(
  issues: readonly ValidationIssue[],
  key: string,
  below: readonly ValidationIssue[],
): readonly ValidationIssue[] {
  if (below.length === 0) return issues;
  return [...issues, ...below.map((issue) => ({ ...issue, location: [key, ...issue.location] }))];
}

function ownKeyIssues(value: JsonObject): readonly ValidationIssue[] {
  const keys = Object.keys(value);
  const isTooLong = keys.some((key) => key.length > limits.keyLengthMax);
  if (keys.length <= limits.objectKeysMax && !isTooLong) return none;
  const issues: ValidationIssue[] = [];
  if (keys.length > limits.objectKeysMax) {
    const message = `Keep at most ${limits.objectKeysMax} keys in one object; here are ${keys.length}.`;
    issues.push({ type: "too_many_keys", location: [], message });
  }
  if (isTooLong) {
    const message = `Keep keys within ${limits.keyLengthMax} characters.`;
    issues.push({ type: "key_too_long", location: [], message });
  }
  return issues;
}
