/**
 * What a delivery means for a bucket: nothing, the fields and blobs of one object, or that one is
 * gone. The payload came from outside and is only read, by own keys; what it makes is checked like a
 * request after.
 */
import { fieldType } from "../bucket/bucket-schema.js";
import type { MappingConfig } from "../bucket/source-adapter.js";
import type { DeliveryFacts } from "../delivery/commands.js";
import { type ValidationIssue, validationFailed } from "../errors.js";
import { parseField } from "../filter/fields.js";
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { limits } from "../limits.js";
import type { SourceRow } from "../object/commands.js";
import { valueAt } from "../pointer.js";
import { isNameText, timestamp } from "../schemas.js";
import { coerced } from "./coerce.js";
import { eventTypeOf, isRemoval, reasonToIgnore, textOf } from "./event-filter.js";

interface MappedBlob {
  readonly property: string;
  readonly type: string;
  readonly url: string;
}

export type Mapping =
  | { readonly kind: "ignored"; readonly reason: string }
  | {
      readonly kind: "mapped";
      /** What the event is about; events about the same thing change the same object. */
      readonly identity: string | undefined;
      readonly fields: JsonObject;
      readonly blobs: readonly MappedBlob[];
      /** What the same thing was before the event, as far as the sender tells. */
      readonly former: SourceRow | undefined;
    }
  | { readonly kind: "removed"; readonly former: SourceRow };

/** What a delivery is known by, and what of that cannot be kept: it then fails, and is recorded. */
export interface KnownDelivery {
  readonly facts: DeliveryFacts;
  readonly issues: readonly ValidationIssue[];
}

/**
 * What is known of a delivery before it is mapped, and whether or not it can be.
 *
 * @param signedId The id of the delivery, when the signature covered it (`signature.ts`).
 */
export function factsOf(
  config: MappingConfig,
  payload: JsonObject,
  signedId: string | undefined,
): KnownDelivery {
  const isMux = config.adapter_type === "mux";
  const issues: ValidationIssue[] = [];
  const kept = (place: string, text: string | undefined) => {
    const found = nameIssues(place, text);
    issues.push(...found);
    return found.length === 0 ? text : undefined;
  };
  const senderId = kept("id", isMux ? textAt(payload, "id") : signedId);
  const ownKey = kept(config.dedup_key ?? "id", textAt(payload, config.dedup_key ?? undefined));
  const facts = {
    adapterType: config.adapter_type,
    senderId,
    dedupKey: ownKey ?? senderId,
    eventType: kept("type", eventTypeOf(payload)),
    sourceTime: isMux ? timeOf(valueFrom(payload, "created_at")) : undefined,
  };
  return { facts, issues };
}

/** What tells things apart is indexed, and shown in lists. */
function nameIssues(place: string, text: string | undefined): ValidationIssue[] {
  if (text === undefined) return [];
  const longest = limits.uniqueValueLengthMax;
  if ([...text].length > longest) {
    return [fault(place, `Keep what the delivery is known by within ${longest} characters.`)];
  }
  if (isNameText(text) && text.isWellFormed()) return [];
  return [fault(place, "Keep control characters, and what is no Unicode, out of it.")];
}

/** Mux sends times as text, and has sent seconds. */
function timeOf(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : timestamp.safeParse(coerced(value, "datetime")).data;
}

/**
 * Paths are those of the filter language, with indexes for items: `data.tracks.0.url`. What is
 * missing at a path is left out, and null stays null in a field.
 *
 * @throws VALIDATION_FAILED with each field that is not in the schema or cannot be of its type.
 */
export function mapDelivery(
  config: MappingConfig,
  schema: JsonObject,
  payload: JsonObject,
): Mapping {
  const reason = reasonToIgnore(config, eventTypeOf(payload));
  if (reason !== undefined) return { kind: "ignored", reason };
  const former = formerOf(config, schema, payload);
  if (isRemoval(config, eventTypeOf(payload))) {
    return { kind: "removed", former: former ?? rowOf(config, schema, payload) };
  }
  const issues: ValidationIssue[] = [];
  const fields = mapFields(config, schema, payload, issues);
  const blobs = mapBlobs(config, schema, payload, issues);
  const identity = identityOf(config, payload);
  issues.push(...nameIssues("id", identity));
  if (issues.length > 0) throw validationFailed(issues);
  return { kind: "mapped", identity, fields, blobs, former };
}

/** `old_record` is the row as it was: of an UPDATE that changed its key, and of a DELETE. */
function formerOf(
  config: MappingConfig,
  schema: JsonObject,
  payload: JsonObject,
): SourceRow | undefined {
  const record = ownValue(payload, "old_record");
  if (config.adapter_type !== "supabase" || !isJsonObject(record)) return undefined;
  return rowOf(config, schema, { ...payload, record });
}

/** What a thing is known by. A field that cannot be mapped identifies nothing, and is no fault. */
function rowOf(config: MappingConfig, schema: JsonObject, payload: JsonObject): SourceRow {
  const identity = identityOf(config, payload);
  return { identity, fields: mapFields(config, schema, payload, []) };
}

/** A row of Supabase is known by its table and its `id`; a generic event says nothing of it. */
function identityOf(config: MappingConfig, payload: JsonObject): string | undefined {
  switch (config.adapter_type) {
    case "mux":
      return textAt(payload, "data.id");
    case "supabase": {
      const id = textAt(payload, "record.id") ?? textAt(payload, "old_record.id");
      const table = `${textAt(payload, "schema") ?? ""}.${textAt(payload, "table") ?? ""}`;
      return id === undefined ? undefined : `${table}/${id}`;
    }
    case "generic_webhook":
      return undefined;
  }
}

function mapFields(
  config: MappingConfig,
  schema: JsonObject,
  payload: JsonObject,
  issues: ValidationIssue[],
): JsonObject {
  const entries = Object.entries(config.field_mapping ?? {}).flatMap(([field, path]) => {
    const type = fieldType(schema, field);
    if (type === undefined) {
      issues.push(fault(field, `"${field}" is no field of bucket_schema: add it, or map another.`));
      return [];
    }
    const found = typeof path === "string" ? valueFrom(payload, path) : undefined;
    if (found === undefined) return [];
    const value = coerced(found, type);
    if (value !== undefined) return [[field, value] as const];
    issues.push(fault(field, `"${field}" is of type ${type}: what is at ${path} cannot be that.`));
    return [];
  });
  return Object.fromEntries(entries);
}

/** An event without the file has no blob: whether the object needs one is for its schema to say. */
function mapBlobs(
  config: MappingConfig,
  schema: JsonObject,
  payload: JsonObject,
  issues: ValidationIssue[],
): MappedBlob[] {
  const source = config.blob_source;
  if (!source) return [];
  const { target_property: property, blob_type: type, file_field: path } = source;
  if (fieldType(schema, property) === undefined) {
    issues.push(fault(property, `"${property}" is no field of bucket_schema: add it.`));
  }
  const url = valueFrom(payload, path) ?? null;
  if (url === null) return [];
  if (typeof url === "string") return [{ property, type, url }];
  issues.push(fault(property, `"${property}" takes a URL: what is at ${path} is no text.`));
  return [];
}

function valueFrom(payload: JsonObject, path: string): JsonValue | undefined {
  const pointer = parseField(path);
  return pointer && valueAt(payload, pointer);
}

function textAt(payload: JsonObject, path: string | undefined): string | undefined {
  return path === undefined ? undefined : textOf(valueFrom(payload, path));
}

/** The place is that of the object's field, because that is what does not fit. */
function fault(field: string, message: string): ValidationIssue {
  return { type: "mapping", location: ["body", field], message };
}
