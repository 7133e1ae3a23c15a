/**
 * The patchable document of a bucket and the requests that make and change it: each field's schema
 * once, for requests, patches and documents alike, and beside it how the field is answered (CONTRACT:
 * buckets).
 */
import { z } from "zod";
import { type ValidationIssue, validationFailed } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue, jsonEqual, ownValue } from "../json.js";
import { limits } from "../limits.js";
import { controlsRefused, isNameText, jsonObject, parseWith } from "../schemas.js";
import { assertDocumentFits, metadata } from "../user-data.js";
import { BucketSchema, UniqueKey } from "./bucket-schema.js";
import { storageClasses } from "./choices.js";
import { SourceAdapter, sourceAdapterKeys } from "./source-adapter.js";

const bucketName = z
  .string()
  .transform((name) => name.normalize("NFC"))
  .pipe(
    z
      .string()
      .refine((name) => isNameLength(name), `Use 1 to ${limits.nameLengthMax} characters.`)
      .refine(isNameText, controlsRefused)
      .refine((name) => !looksLikeBucketId(name), "A name must not look like an id."),
  );

function isNameLength(name: string): boolean {
  const length = [...name].length;
  return length >= 1 && length <= limits.nameLengthMax;
}

/** True for what a client may take for an id: `bucket_identifier` is either. */
export function looksLikeBucketId(text: string): boolean {
  return /^bkt_[0-9a-z]{26}$/i.test(text);
}

/** The fields of the patchable document, as requests send them: null is the same as absent. */
const fields = {
  bucket_name: bucketName.nullish(),
  description: z.string().nullish(),
  metadata: metadata.nullish(),
  bucket_schema: BucketSchema.nullish(),
  storage_class: z.enum(storageClasses).nullish(),
  source_adapter: SourceAdapter.nullish(),
};

/** The same as they are kept and answered. */
export const keptFields = {
  bucket_name: z.string(),
  description: z.string().optional(),
  bucket_schema: jsonObject,
  metadata: jsonObject,
  storage_class: z.enum(storageClasses).optional(),
  source_adapter: jsonObject.optional(),
} satisfies Readonly<Record<FieldName, z.ZodType>>;

export type FieldName = keyof typeof fields;
function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(fields, name);
}

export const fieldNames: readonly FieldName[] = Object.keys(fields).filter(isFieldName);

/** A document as it is kept: absent instead of null, `metadata` always an object. */
export type BucketDocument = JsonObject;

export const CreateBucketRequest = z.object({
  ...fields,
  bucket_name: bucketName,
  bucket_schema: BucketSchema,
  unique_key: UniqueKey.nullish(),
});
export type CreateBucketRequest = z.infer<typeof CreateBucketRequest>;

export const PatchBucketRequest = z.object({ ...fields, unique_key: UniqueKey.nullish() });
export type PatchBucketRequest = z.infer<typeof PatchBucketRequest>;

type KeyTree = { readonly [key: string]: true | KeyTree };

/** What can be patched, as a tree: `true` where whatever is below is the user's own. */
const patchableKeys: KeyTree = {
  ...Object.fromEntries(fieldNames.map((name) => [name, true] as const)),
  source_adapter: sourceAdapterKeys,
};

const requestKeys: KeyTree = {
  ...patchableKeys,
  unique_key: { fields: true, default_policy: true },
};

/** The dotted names of what a request sends and we do not take: unknown and read-only fields. */
export function ignoredFields(body: JsonObject): string[] {
  return strayKeys(body, requestKeys, "");
}

/** The dotted names of everything that a request may send, for suggesting what was meant. */
export const requestFieldNames: readonly string[] = namesOf(requestKeys, "");

function namesOf(known: KeyTree, prefix: string): string[] {
  return Object.entries(known).flatMap(([key, below]) => {
    const name = `${prefix}${key}`;
    return below === true ? [name] : [name, ...namesOf(below, `${name}.`)];
  });
}

function strayKeys(object: JsonObject, known: KeyTree, prefix: string): string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const below = Object.hasOwn(known, key) ? known[key] : undefined;
    if (below === undefined) return [`${prefix}${key}`];
    if (below === true || !isJsonObject(value)) return [];
    return strayKeys(value, below, `${prefix}${key}.`);
  });
}

/** True when the pointer names something that the patchable document can have. */
export function isPatchablePointer(pointer: readonly string[]): boolean {
  let known: true | KeyTree | undefined = patchableKeys;
  for (const token of pointer) {
    if (known === true) return true;
    known = Object.hasOwn(known, token) ? known[token] : undefined;
    if (known === undefined) return false;
  }
  return true;
}

/**
 * A patched document brought into the form that is kept: changed fields are checked and normalised,
 * nulls are left out, `metadata` is there.
 *
 * @throws VALIDATION_FAILED naming each fault; PAYLOAD_TOO_LARGE beyond 1 MiB.
 */
export function normalizeDocument(candidate: JsonObject, before: JsonObject): BucketDocument {
  let issues: readonly ValidationIssue[] = [];
  const members: [string, JsonValue][] = [];
  for (const name of fieldNames) {
    const sent = ownValue(candidate, name) ?? null;
    const checked = checkField(name, sent, ownValue(before, name));
    if (checked.issues.length > 0) issues = [...issues, ...checked.issues];
    if (checked.value !== null) members.push([name, checked.value]);
  }
  if (issues.length > 0) throw validationFailed(issues);
  const document = Object.fromEntries(members);
  assertDocumentFits(document);
  return document;
}

/** A field in the form that is kept, null when the document goes without it, or its faults. */
interface CheckedField {
  readonly value: JsonValue;
  readonly issues: readonly ValidationIssue[];
}

function checkField(
  name: FieldName,
  value: JsonValue,
  before: JsonValue | undefined,
): CheckedField {
  if (value === null) return emptyField(name);
  if (jsonEqual(value, before)) return { value, issues: [] };
  const schema: z.ZodType<JsonValue | undefined> = fields[name];
  const fitted = parseWith(schema, value, ["body", name]);
  if (fitted.issues !== undefined) return { value: null, issues: fitted.issues };
  return { value: fitted.data ?? null, issues: [] };
}

function emptyField(name: FieldName): CheckedField {
  if (name === "metadata") return { value: {}, issues: [] };
  if (name !== "bucket_name" && name !== "bucket_schema") return { value: null, issues: [] };
  const message = `A bucket cannot be without ${name}.`;
  return { value: null, issues: [{ type: "missing", location: ["body", name], message }] };
}
