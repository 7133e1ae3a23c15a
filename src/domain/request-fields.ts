/**
 * Reading the bodies of requests: their shape, and what they send that nobody takes (CONTRACT:
 * conventions). Lenient requests have such fields ignored by name, strict ones refused.
 */
import type { z } from "zod";
import { didYouMean } from "./did-you-mean.js";
import { validationFailed } from "./errors.js";
import { type JsonObject, type JsonValue, toJson } from "./json.js";
import { limits } from "./limits.js";
import { parseBody, requireObject } from "./schemas.js";

/** The fields of a resource that only the server sets, and those that a request may send. */
export interface FieldNames {
  readonly readOnly: readonly string[];
  readonly known: readonly string[];
}

/** The names of the fields that were ignored. @throws VALIDATION_FAILED for any when strict. */
export function checkFields(
  ignored: readonly string[],
  isStrict: boolean,
  names: FieldNames,
): readonly string[] {
  if (!isStrict || ignored.length === 0) return ignored;
  // To look for what was meant is dear: only where it will be read.
  const shown = ignored.slice(0, limits.validationIssuesMax);
  throw validationFailed(
    shown.map((field) => {
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
    ignored.length,
  );
}

/** The names of what a body sends beside the fields of its schema. */
export function strayFields(body: JsonValue, schema: z.ZodObject): readonly string[] {
  return Object.keys(requireObject(body)).filter((key) => !Object.hasOwn(schema.shape, key));
}

/** The names of those fields. @throws VALIDATION_FAILED for any when strict. */
export function checkStrays(
  body: JsonValue,
  schema: z.ZodObject,
  isStrict: boolean,
): readonly string[] {
  const names = { readOnly: [], known: Object.keys(schema.shape) };
  return checkFields(strayFields(body, schema), isStrict, names);
}

/** The fields of the body that its schema has, as they were sent. */
export function knownFields(body: JsonValue, schema: z.ZodObject): JsonObject {
  const sent = Object.entries(requireObject(body));
  return Object.fromEntries(sent.filter(([name]) => Object.hasOwn(schema.shape, name)));
}

/** A body that may be left out, and the names of its fields that are ignored. */
export interface ReadBody<Request> {
  readonly json: JsonValue;
  readonly request: Request;
  readonly ignoredFields: readonly string[];
}

/** @throws VALIDATION_FAILED for what does not fit, and for fields that nobody takes when strict. */
export function readBody<Schema extends z.ZodObject>(
  schema: Schema,
  body: unknown,
  strict: boolean | undefined,
): ReadBody<z.output<Schema>> {
  const json = toJson(body ?? {});
  return {
    json,
    request: parseBody(schema, json),
    ignoredFields: checkStrays(json, schema, strict === true),
  };
}
