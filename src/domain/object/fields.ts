/**
 * The user's fields and the properties of blobs, against the schema of the bucket (CONTRACT:
 * buckets, schema).
 *
 * - A field that the schema does not describe is kept as it was sent, at the root and below it, as in
 *   JSON Schema. At the root strict handling refuses one, so that a mistyped name is found, and so
 *   does a schema that closes itself with `additional_properties: false`.
 * - A blob needs a property that the schema describes, unless it describes none.
 * - Null is absence: it clears an optional field and is missing where the field is required.
 * - Defaults are filled in when an object is created, and never later.
 * - A schema change applies to later writes only: a new object is checked in every field, an object
 *   that is there in those fields, as wholes, that the write changes. One that no longer fits can be
 *   changed elsewhere, and a field that became required is asked for once it is touched.
 * - A required field of a type that blobs can have is there as well when a blob has its property.
 */
import { z } from "zod";
import { blobTypes } from "../bucket/choices.js";
import { didYouMean } from "../did-you-mean.js";
import { BucketsError, invalidAt, type ValidationIssue, validationFailed } from "../errors.js";
import { canonical } from "../filter/condition.js";
import { foldingOf } from "../filter/text.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonEqual,
  ownValue,
} from "../json.js";
import { limits } from "../limits.js";
import { roughBytesOf } from "../measure.js";
import { timestamp } from "../schemas.js";
import { blobsOf, userFields } from "./document.js";
import { isUserField } from "./own-fields.js";

type Location = readonly (string | number)[];

/** What a value of a type is, and what to say when it is not. */
interface Shape {
  readonly matches: (value: JsonValue) => boolean;
  readonly fix: string;
}

const text: Shape = { matches: (value) => typeof value === "string", fix: "Send a string." };
const number: Shape = { matches: (value) => typeof value === "number", fix: "Send a number." };

/** The types that a field can have; those that are not here are for blobs alone. */
const shapes: ReadonlyMap<string, Shape> = new Map([
  ["string", text],
  ["text", text],
  ["number", number],
  ["float", number],
  ["integer", { matches: Number.isInteger, fix: "Send an integer." }],
  ["boolean", { matches: (value) => typeof value === "boolean", fix: "Send true or false." }],
  ["object", { matches: isJsonObject, fix: "Send a JSON object." }],
  ["array", { matches: isJsonArray, fix: "Send an array." }],
  ["date", { matches: isText(z.iso.date()), fix: "Send a day such as 2026-10-01." }],
  [
    "datetime",
    { matches: isText(timestamp), fix: "Send a time as in RFC 3339, with its offset, or a day." },
  ],
  ["uuid", { matches: isText(z.guid()), fix: "Send a UUID." }],
  ["json", { matches: () => true, fix: "Send any JSON." }],
]);

function isText(schema: z.ZodType): (value: JsonValue) => boolean {
  return (value) => schema.safeParse(value).success;
}

/**
 * The fields of a new object with the defaults of the schema where nothing was sent.
 * @throws VALIDATION_FAILED where the schema has too many fields for the items of long arrays;
 * PAYLOAD_TOO_LARGE where its defaults would make more of them than a document has.
 */
export function withDefaults(schema: JsonObject, fields: JsonObject): JsonObject {
  return filled(rootFieldsOf(schema), fields, new Lookups());
}

/** The same at the root alone: what a unique key can be made of. */
export function withRootDefaults(schema: JsonObject, fields: JsonObject): JsonObject {
  const lookups = new Lookups();
  const members = takingValues(rootFieldsOf(schema)).flatMap((taking): [string, JsonValue][] => {
    const value = sentOrDefault(taking, fields, lookups);
    return value === null ? [] : [[taking.name, value]];
  });
  return { ...fields, ...Object.fromEntries(members) };
}

/** By the schema itself, which a state keeps: each object of its bucket asks for them. */
const rootFields = new WeakMap<JsonObject, JsonObject>();

function rootFieldsOf(schema: JsonObject): JsonObject {
  const known = rootFields.get(schema);
  if (known !== undefined) return known;
  const properties = Object.entries(propertiesOf(schema));
  const fields = Object.fromEntries(properties.filter(([name]) => isUserField(name)));
  rootFields.set(schema, fields);
  return fields;
}

/** What one write may look up in the schema: its fields are looked for in each item of an array. */
class Lookups {
  #left: number = limits.schemaLookupsMax;
  #bytesLeft: number = limits.documentBytesMax;

  /** @throws VALIDATION_FAILED */
  spend(count: number): void {
    this.assertLeft(count);
    this.#left -= count;
  }

  /** Before so many are begun, which would be for nothing. @throws VALIDATION_FAILED */
  assertLeft(count: number): void {
    if (count <= this.#left) return;
    const message = `The bucket_schema has too many fields for arrays that are so long: one write looks for at most ${limits.schemaLookupsMax}.`;
    throw invalidAt(["body"], "too_many_lookups", message);
  }

  /** @param bytes of a default with its name. @throws PAYLOAD_TOO_LARGE */
  fill(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft >= 0) return;
    throw new BucketsError(
      "PAYLOAD_TOO_LARGE",
      `With the defaults of the bucket_schema the document would have more than ${limits.documentBytesMax} bytes.`,
      { limit_bytes: limits.documentBytesMax },
    );
  }
}

function filled(properties: JsonObject, object: JsonObject, lookups: Lookups): JsonObject {
  const fields = takingValues(properties);
  lookups.spend(fields.length);
  const members: [string, JsonValue][] = [];
  for (const taking of fields) {
    const value = sentOrDefault(taking, object, lookups);
    if (value === null) continue;
    const whole = filledWithin(value, taking.field, lookups);
    if (whole !== ownValue(object, taking.name)) members.push([taking.name, whole]);
  }
  if (members.length === 0) return object;
  const changed = Object.fromEntries(members);
  // Of very many items nothing was sent, and they are not made a second time.
  return Object.keys(object).length === 0 ? changed : { ...object, ...changed };
}

/** What the field has, or its default; null where there is neither. */
function sentOrDefault(taking: TakesValue, object: JsonObject, lookups: Lookups): JsonValue {
  const sent = ownValue(object, taking.name) ?? null;
  if (sent !== null) return sent;
  if (taking.fallback !== null) lookups.fill(taking.fallbackBytes);
  return taking.fallback;
}

interface TakesValue {
  readonly name: string;
  readonly field: JsonObject;
  /** What stands in for a value that was not sent, or null. */
  readonly fallback: JsonValue;
  /** About as many as it has as JSON text, with its name. */
  readonly fallbackBytes: number;
}

/** By the properties themselves, of a schema that a state keeps: they are asked about for each of many items. */
const taking = new WeakMap<JsonObject, readonly TakesValue[]>();

/** The fields that values are sent for, and not blobs alone. */
function takingValues(properties: JsonObject): readonly TakesValue[] {
  const known = taking.get(properties);
  if (known !== undefined) return known;
  const fields = Object.entries(properties).flatMap(([name, field]) => {
    if (!isJsonObject(field) || !shapes.has(typeOf(field))) return [];
    const fallback = ownValue(field, "default") ?? null;
    return [{ name, field, fallback, fallbackBytes: name.length + roughBytesOf(fallback) }];
  });
  taking.set(properties, fields);
  return fields;
}

function hasDefault(field: JsonObject): boolean {
  return (ownValue(field, "default") ?? null) !== null;
}

function filledWithin(value: JsonValue, field: JsonObject, lookups: Lookups): JsonValue {
  if (typeof value !== "object" || !fillsBelow(field)) return value;
  if (isJsonObject(value)) return filled(propertiesOf(field), value, lookups);
  const items = ownValue(field, "items");
  if (!isJsonArray(value) || !isJsonObject(items)) return value;
  lookups.assertLeft(value.length * takingValues(propertiesOf(items)).length);
  return value.map((item) => filledWithin(item, items, lookups));
}

/** By the field itself, of a schema that a state keeps: it is asked about for each of many items. */
const filling = new WeakMap<JsonObject, boolean>();

/** Whether anything below it has a default. */
function fillsBelow(field: JsonObject): boolean {
  const known = filling.get(field);
  if (known !== undefined) return known;
  const isFilled = (nested: JsonValue | undefined) =>
    nested !== undefined && isJsonObject(nested) && (hasDefault(nested) || fillsBelow(nested));
  const items = ownValue(field, "items");
  const fills =
    Object.values(propertiesOf(field)).some(isFilled) ||
    (items !== undefined && isJsonObject(items) && fillsBelow(items));
  filling.set(field, fills);
  return fills;
}

/** What the fields of an object are checked against. */
interface Terms {
  readonly declared: JsonObject;
  /** Whether the schema takes at the root only what it describes. */
  readonly isClosed: boolean;
  readonly isStrict: boolean;
  readonly lookups: Lookups;
}

/** The document that a write leaves, and the one that it changes; undefined for a new object. */
interface Write {
  readonly after: JsonObject;
  readonly before: JsonObject | undefined;
}

/**
 * @param isStrict whether a field that the schema does not describe is refused although it is open.
 * @throws VALIDATION_FAILED naming each field that does not fit, or where there are too many to look for.
 */
export function assertFieldsFit(
  schema: JsonObject,
  { after, before }: Write,
  isStrict = false,
): void {
  const declared = propertiesOf(schema);
  const isClosed = ownValue(schema, "additional_properties") === false;
  const terms = { declared, isClosed, isStrict, lookups: new Lookups() };
  const now = contentsOf(after);
  const earlier = before && contentsOf(before);
  const names = new Set([...Object.keys(declared), ...now.keys(), ...(earlier?.keys() ?? [])]);
  const issues: ValidationIssue[] = [];
  for (const name of names) {
    const content = now.get(name) ?? absent;
    const isTouched = earlier === undefined || !sameContent(content, earlier.get(name) ?? absent);
    if (isTouched) issues.push(...contentIssues(name, terms, content));
    // More are not shown, and to describe each may take long: one more tells that there are.
    if (issues.length > limits.validationIssuesMax) break;
  }
  if (issues.length > 0) throw validationFailed(issues);
}

/** What an object has under one name: the value of a field, and the blobs with that property. */
interface Content {
  readonly value?: JsonValue;
  readonly blobs: readonly PlacedBlob[];
}
interface PlacedBlob {
  readonly index: number;
  readonly blob: JsonObject;
}

const absent: Content = { blobs: [] };

function contentsOf(document: JsonObject): ReadonlyMap<string, Content> {
  const contents = new Map<string, Content>();
  for (const [name, value] of Object.entries(userFields(document))) {
    contents.set(name, { value, blobs: [] });
  }
  for (const [index, blob] of blobsOf(document).entries()) {
    const name = String(ownValue(blob, "property"));
    const content = contents.get(name) ?? absent;
    contents.set(name, { ...content, blobs: [...content.blobs, { index, blob }] });
  }
  return contents;
}

function sameContent(a: Content, b: Content): boolean {
  return (
    jsonEqual(a.value, b.value) &&
    a.blobs.length === b.blobs.length &&
    a.blobs.every(({ blob }, index) => jsonEqual(blob, b.blobs[index]?.blob))
  );
}

function contentIssues(name: string, terms: Terms, content: Content): ValidationIssue[] {
  const { value, blobs } = content;
  const field = ownValue(terms.declared, name);
  if (!isJsonObject(field)) return undeclaredIssues(name, terms, content);
  if (value === undefined && blobs.length === 0) {
    return isUserField(name) ? requiredIssues(field, ["body", name]) : [];
  }
  return [
    ...(value === undefined ? [] : valueIssues(value, field, ["body", name], terms.lookups)),
    ...blobs.flatMap((placed) => blobIssues(placed, field)),
  ];
}

function undeclaredIssues(
  name: string,
  { declared, isClosed, isStrict }: Terms,
  content: Content,
): ValidationIssue[] {
  const asksNothing = Object.keys(declared).length === 0;
  if (asksNothing && !isClosed) return [];
  const hint =
    didYouMean(name, Object.keys(declared)) ?? "Add it there, or send it within metadata.";
  const message = `The bucket_schema has no field "${name}". ${hint}`;
  const places: Location[] = content.blobs.map(({ index }) => ["body", "blobs", index, "property"]);
  if (content.value !== undefined && (isClosed || isStrict)) places.unshift(["body", name]);
  return places.map((location) => ({ type: "unknown_field", location, message }));
}

function requiredIssues(field: JsonObject, location: Location): ValidationIssue[] {
  if (ownValue(field, "required") !== true) return [];
  return [{ type: "missing", location, message: "The bucket_schema requires this field." }];
}

function blobIssues({ index, blob }: PlacedBlob, field: JsonObject): ValidationIssue[] {
  const type = String(ownValue(blob, "type"));
  if (takesBlob(field, type)) return [];
  const message = `The bucket_schema has type "${typeOf(field)}" here, which takes no ${type} blob.`;
  return [{ type: "blob_type", location: ["body", "blobs", index, "type"], message }];
}

/** Types that are wider than a single type of blob. */
const widerTypes: Readonly<Record<string, readonly string[]>> = {
  string: ["text"],
  object: ["json"],
  document: ["pdf", "excel", "text"],
};

function takesBlob(field: JsonObject, type: string): boolean {
  const expected = typeOf(field);
  if (expected === type || expected === "binary") return true;
  const items = ownValue(field, "items");
  if (expected === "array") return isJsonObject(items) && takesBlob(items, type);
  return Object.hasOwn(widerTypes, expected) && widerTypes[expected]?.includes(type) === true;
}

/** The type of the blobs that the schema takes at the property; undefined when it takes none. */
export function blobTypeOf(
  schema: JsonObject,
  property: string,
): (typeof blobTypes)[number] | undefined {
  return blobTypeOfField(ownValue(propertiesOf(schema), property));
}

function blobTypeOfField(field: JsonValue | undefined): ReturnType<typeof blobTypeOf> {
  if (field === undefined || !isJsonObject(field)) return undefined;
  const expected = typeOf(field);
  if (expected === "array") return blobTypeOfField(ownValue(field, "items"));
  const isOwn = (type: string) => type === expected;
  return blobTypes.find(isOwn) ?? blobTypes.find((type) => takesBlob(field, type));
}

/** Whether the schema has a field of that name, of a type that values can have. */
export function takesValue(schema: JsonObject, name: string): boolean {
  const field = ownValue(propertiesOf(schema), name);
  return isUserField(name) && isJsonObject(field) && shapes.has(typeOf(field));
}

function valueIssues(
  value: JsonValue,
  field: JsonObject,
  at: Location,
  lookups: Lookups,
): ValidationIssue[] {
  const type = typeOf(field);
  const shape = shapes.get(type);
  if (shape === undefined) {
    const message = `A field of type "${type}" takes no value: send it in blobs.`;
    return [{ type: "blob_expected", location: at, message }];
  }
  if (!shape.matches(value)) return [{ type: `${type}_type`, location: at, message: shape.fix }];
  return [...enumIssues(value, field, at), ...nestedIssues(value, field, at, lookups)];
}

function enumIssues(value: JsonValue, field: JsonObject, at: Location): ValidationIssue[] {
  const allowed = ownValue(field, "enum");
  if (!isJsonArray(allowed) || valuesOf(allowed).has(comparable(value))) return [];
  const shown = allowed.slice(0, enumValuesShown).map(shownValue);
  const more = allowed.length > shown.length ? `, or ${allowed.length - shown.length} more` : "";
  return [{ type: "enum", location: at, message: `Send one of ${shown.join(", ")}${more}.` }];
}

const enumValuesShown = 20;
const valueLengthShown = 100;

function shownValue(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length <= valueLengthShown
    ? text
    : `${text.slice(0, valueLengthShown).toWellFormed()}…`;
}

/** By the list itself: a state keeps its schema, so that thousands of values are looked up in one. */
const enumSets = new WeakMap<readonly JsonValue[], ReadonlySet<JsonValue>>();

function valuesOf(allowed: readonly JsonValue[]): ReadonlySet<JsonValue> {
  const known = enumSets.get(allowed);
  const values = known ?? new Set(allowed.map(comparable));
  if (known === undefined) enumSets.set(allowed, values);
  return values;
}

/** The same for equal values: a scalar is itself, and marked where it could be the text of another. */
function comparable(value: JsonValue): JsonValue {
  if (typeof value === "string") return `"${value}`;
  return typeof value === "object" ? canonical(value, foldingOf(true)) : value;
}

/** Whether there is nothing to say of a value: of very many items most fit, and have no place named. */
function fitTest(field: JsonObject, lookups: Lookups): (value: JsonValue) => boolean {
  const shape = shapes.get(typeOf(field));
  const allowed = ownValue(field, "enum");
  const values = isJsonArray(allowed) ? valuesOf(allowed) : undefined;
  const below = Object.entries(propertiesOf(field)).flatMap(([name, nested]) => {
    if (!isJsonObject(nested)) return [];
    const isRequired = ownValue(nested, "required") === true;
    return [{ name, isRequired, fits: fitTest(nested, lookups) }];
  });
  const items = ownValue(field, "items");
  const itemFits =
    items !== undefined && isJsonObject(items) ? fitTest(items, lookups) : () => true;
  const memberFits = (object: JsonObject) => {
    lookups.spend(below.length);
    return below.every(({ name, isRequired, fits }) => {
      const member = ownValue(object, name) ?? null;
      return member === null ? !isRequired : fits(member);
    });
  };
  return (value) => {
    if (shape?.matches(value) !== true) return false;
    if (values !== undefined && !values.has(comparable(value))) return false;
    if (isJsonArray(value)) return value.every(itemFits);
    return !isJsonObject(value) || memberFits(value);
  };
}

function nestedIssues(
  value: JsonValue,
  field: JsonObject,
  at: Location,
  lookups: Lookups,
): ValidationIssue[] {
  if (isJsonObject(value)) {
    const fields = Object.entries(propertiesOf(field));
    lookups.spend(fields.length);
    return fields.flatMap(([name, nested]) => {
      if (!isJsonObject(nested)) return [];
      const member = ownValue(value, name) ?? null;
      const place = [...at, name];
      return member === null
        ? requiredIssues(nested, place)
        : valueIssues(member, nested, place, lookups);
    });
  }
  const items = ownValue(field, "items");
  if (!isJsonArray(value) || !isJsonObject(items)) return [];
  const issues: ValidationIssue[] = [];
  const isFitting = fitTest(items, lookups);
  for (let index = 0; index < value.length; index += 1) {
    const item = value[index];
    if (item === undefined || isFitting(item)) continue;
    issues.push(...valueIssues(item, items, [...at, index], lookups));
    if (issues.length > limits.validationIssuesMax) break;
  }
  return issues;
}

function propertiesOf(field: JsonObject): JsonObject {
  const properties = ownValue(field, "properties");
  return isJsonObject(properties) ? properties : {};
}

function typeOf(field: JsonObject): string {
  return String(ownValue(field, "type"));
}
