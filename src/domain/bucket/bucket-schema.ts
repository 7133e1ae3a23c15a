/**
 * The schema that a bucket has for its objects, and the unique key over its fields (CONTRACT:
 * buckets). Extra keys and explicit nulls are kept as they came; types are folded to lower case. A
 * field that is named like one of an object's own is kept and named as ignored (`requests.ts`), for
 * no object can have a value for it; required, or in the unique key, it is refused.
 */
import { z } from "zod";
import { type ValidationIssue, validationFailed } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue, jsonEqual, ownValue } from "../json.js";
import { undescribable } from "../object/own-fields.js";
import { addIssues, jsonObject } from "../schemas.js";
import { fieldTypes, policies, scalarTypes } from "./choices.js";

export const BucketSchema = jsonObject
  .transform((schema, context): JsonObject => {
    const issues: ValidationIssue[] = [];
    const properties = foldProperties(ownValue(schema, "properties"), ["properties"], issues);
    checkKind(schema, "additional_properties", "boolean", [], issues);
    issues.push(...requiredOwnFields(properties));
    addIssues(context, issues);
    return { ...schema, properties };
  })
  .meta({
    type: "object",
    required: ["properties"],
    properties: {
      additional_properties: {
        type: "boolean",
        default: true,
        description: "Whether an object may have fields that the schema does not describe.",
      },
      properties: {
        type: "object",
        additionalProperties: {
          type: "object",
          required: ["type"],
          properties: { type: { type: "string", enum: fieldTypes } },
          additionalProperties: true,
        },
      },
    },
    additionalProperties: true,
  });

function foldProperties(
  properties: JsonValue | undefined,
  at: readonly string[],
  issues: ValidationIssue[],
): JsonObject {
  if (!isJsonObject(properties)) {
    issues.push(fault(at, 'Send an object such as {"title": {"type": "string"}}.'));
    return {};
  }
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [
      name,
      foldField(field, [...at, name], issues),
    ]),
  );
}

function foldField(field: JsonValue, at: readonly string[], issues: ValidationIssue[]): JsonObject {
  if (!isJsonObject(field)) {
    issues.push(fault(at, 'A field is an object with a type, such as {"type": "string"}.'));
    return {};
  }
  const type = ownValue(field, "type");
  const folded = typeof type === "string" ? type.toLowerCase() : undefined;
  if (folded === undefined || !fieldTypes.includes(folded)) {
    issues.push(fault([...at, "type"], `Use one of ${fieldTypes.join(", ")}.`));
    return field;
  }
  const items = ownValue(field, "items") ?? null;
  const properties = ownValue(field, "properties") ?? null;
  checkKind(field, "required", "boolean", at, issues);
  checkKind(field, "description", "string", at, issues);
  const enumeration = ownValue(field, "enum") ?? null;
  if (enumeration !== null && !Array.isArray(enumeration)) {
    issues.push(fault([...at, "enum"], "Send the allowed values as an array."));
  }
  return {
    ...field,
    type: folded,
    ...(items !== null && { items: foldField(items, [...at, "items"], issues) }),
    ...(properties !== null && {
      properties: foldProperties(properties, [...at, "properties"], issues),
    }),
  };
}

function checkKind(
  field: JsonObject,
  key: string,
  kind: "boolean" | "string",
  at: readonly string[],
  issues: ValidationIssue[],
): void {
  const value = ownValue(field, key) ?? null;
  if (value !== null && typeof value !== kind) {
    issues.push(fault([...at, key], `Send a ${kind}.`));
  }
}

function fault(location: readonly string[], message: string): ValidationIssue {
  return { type: "invalid_schema", location, message };
}

/** The root fields that no object can have a value for, because its own have their names. */
function requiredOwnFields(properties: JsonObject): ValidationIssue[] {
  return undescribable.flatMap((name) => {
    const field = ownValue(properties, name) ?? null;
    if (!isJsonObject(field) || ownValue(field, "required") !== true) return [];
    const message = `Every object has a ${name} of its own: require a field of another name.`;
    return [{ type: "own_field", location: ["properties", name], message }];
  });
}

export const UniqueKey = z.object({
  fields: z
    .array(z.string().min(1))
    .min(1)
    .refine((fields) => new Set(fields).size === fields.length, "Name each field once."),
  default_policy: z.enum(policies).nullish(),
});
export type UniqueKey = Readonly<z.infer<typeof UniqueKey>>;

/** Equality of unique keys: the order of the fields does not matter. */
export function sameUniqueKey(a: UniqueKey | undefined, b: UniqueKey | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    jsonEqual([...a.fields].sort(), [...b.fields].sort()) &&
    (a.default_policy ?? null) === (b.default_policy ?? null)
  );
}

/**
 * Each field of the unique key exists in the schema, is a scalar, and is none of an object's own.
 * @throws VALIDATION_FAILED naming each field that does not.
 */
export function assertUniqueKeyFits(
  uniqueKey: UniqueKey,
  schema: JsonObject,
  location: readonly string[],
): void {
  const issues = uniqueKey.fields.flatMap((field) => {
    const message = keyFieldFault(schema, field);
    return message === undefined ? [] : [{ type: "unique_key_field", location, message }];
  });
  if (issues.length > 0) throw validationFailed(issues);
}

function keyFieldFault(schema: JsonObject, field: string): string | undefined {
  if (undescribable.includes(field)) {
    return `Every object has a ${field} of its own: use a field of another name for the unique key.`;
  }
  if (isScalarField(schema, field)) return undefined;
  return `The unique key uses "${field}": keep it in bucket_schema with a scalar type.`;
}

/**
 * A schema change leaves the fields of the unique key as they are.
 * @throws VALIDATION_FAILED when one is dropped or gets another type.
 */
export function assertUniqueKeyKept(
  uniqueKey: UniqueKey,
  before: JsonObject,
  after: JsonObject,
): void {
  const issues = uniqueKey.fields
    .filter((field) => fieldType(before, field) !== fieldType(after, field))
    .map((field) => ({
      type: "unique_key_field",
      location: ["body", "bucket_schema", "properties", field],
      message: `The unique key uses "${field}": it can be neither dropped nor retyped.`,
    }));
  if (issues.length > 0) throw validationFailed(issues);
}

/** The type of a root field, or undefined when the schema has no such field. */
export function fieldType(schema: JsonObject, field: string): string | undefined {
  const properties = ownValue(schema, "properties");
  const definition = isJsonObject(properties) ? ownValue(properties, field) : undefined;
  const type = isJsonObject(definition) ? ownValue(definition, "type") : undefined;
  return typeof type === "string" ? type : undefined;
}

function isScalarField(schema: JsonObject, field: string): boolean {
  const type = fieldType(schema, field);
  return scalarTypes.some((scalar) => scalar === type);
}
