/**
 * Whether whoever reads JSON by one schema can read what is written by another: for two JSON Schemas,
 * what of the one the other would not take. Where a schema leaves open what a value is, it is for the
 * tests of real answers to see.
 */
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../src/domain/json.js";
import { valueAt } from "../../src/domain/pointer.js";

/** A schema, and the document that its references are about. */
export interface Within {
  readonly schema: JsonObject;
  readonly root: JsonObject;
}

interface Reading {
  readonly reader: Within;
  readonly written: Within;
}

const depthMax = 10;

export function misfits(reading: Reading, path = "", depth = 0): readonly string[] {
  const readers = alternatives(reading.reader);
  if (depth > depthMax || readers.some(isOpen)) return [];
  return alternatives(reading.written).flatMap((written) => {
    if (isOpen(written)) return [];
    const tried = readers
      .filter((reader) => takesKind(reader.schema, written.schema))
      .map((reader) => inside({ reader, written }, path, depth))
      .sort((a, b) => a.length - b.length);
    return tried[0] ?? [`${path} ${JSON.stringify(written.schema).slice(0, 60)}`];
  });
}

function inside({ reader, written }: Reading, path: string, depth: number): readonly string[] {
  const bounds = boundsBroken(reader.schema, written.schema).map((name) => `${path} ${name}`);
  const items = [itemsOf(reader), itemsOf(written)] as const;
  if (items[0] !== undefined && items[1] !== undefined) {
    const within = { reader: items[0], written: items[1] };
    return [...bounds, ...misfits(within, `${path}[]`, depth + 1)];
  }
  const [read, wrote] = [membersOf(reader.schema), membersOf(written.schema)];
  if (read === undefined || wrote === undefined) return bounds;
  const sure = stringsOf(written.schema["required"]);
  const unsure = stringsOf(reader.schema["required"]).filter((name) => !sure.includes(name));
  const within = Object.entries(read).flatMap(([name, schema]) => {
    const other = wrote[name];
    if (!isJsonObject(schema) || !isJsonObject(other)) return [];
    const member = { reader: { ...reader, schema }, written: { ...written, schema: other } };
    return misfits(member, `${path}.${name}`, depth + 1);
  });
  return [...bounds, ...unsure.map((name) => `${path}.${name} can be absent`), ...within];
}

/** The names of all fields that there can be. */
export function fieldsOf(within: Within): readonly string[] {
  return alternatives(within).flatMap(({ schema }) => Object.keys(membersOf(schema) ?? {}));
}

/** Every form that a value may have, each by itself. */
function alternatives(within: Within): readonly Within[] {
  const { root } = within;
  const schema = resolved(within);
  const several = [...objectsIn(schema["anyOf"]), ...objectsIn(schema["oneOf"])];
  if (several.length > 0) return several.flatMap((one) => alternatives({ schema: one, root }));
  const { type, enum: values } = schema;
  if (isJsonArray(values)) return values.map((value) => ({ schema: { const: value }, root }));
  if (isJsonArray(type)) return type.map((one) => ({ schema: { ...schema, type: one }, root }));
  return isDryRun(schema) ? [] : [{ schema, root }];
}

/** With all that stands beside each other in one. */
function resolved({ schema, root }: Within): JsonObject {
  const { $ref: reference, allOf, ...rest } = schema;
  const parts = objectsIn(allOf).map((part) => resolved({ schema: part, root }));
  if (typeof reference === "string") {
    const target = valueAt(root, reference.split("/").slice(1));
    if (!isJsonObject(target)) throw new Error(`nothing is at ${reference}`);
    parts.push(resolved({ schema: target, root }));
  }
  if (parts.length === 0) return schema;
  const all = [rest, ...parts];
  const properties: JsonObject = Object.assign({}, ...all.map(membersOf));
  const required = all.flatMap((part) => stringsOf(part["required"]));
  const merged: JsonObject = Object.assign({}, ...all);
  return Object.keys(properties).length === 0 ? merged : { ...merged, properties, required };
}

/** What our writes answer to who only tries them. */
function isDryRun(schema: JsonObject): boolean {
  return valueAt(schema, ["properties", "dry_run", "const"]) === true;
}

function isOpen({ schema }: Within): boolean {
  return !("type" in schema || "const" in schema || "properties" in schema);
}

function takesKind(reader: JsonObject, written: JsonObject): boolean {
  if ("const" in reader) return written["const"] === reader["const"];
  const kind = "const" in written ? typeOf(written["const"]) : written["type"];
  return reader["type"] === kind || (reader["type"] === "number" && kind === "integer");
}

function typeOf(value: JsonValue | undefined): string {
  if (value === null) return "null";
  return Number.isInteger(value) ? "integer" : typeof value;
}

const lowest = ["minimum", "minLength", "minItems"];
const highest = ["maximum", "maxLength", "maxItems"];

/** Where what is written is bounded at all, and further than what is read. */
function boundsBroken(reader: JsonObject, written: JsonObject): readonly string[] {
  const isBroken = (name: string, isWider: (read: number, wrote: number) => boolean) => {
    const [read, wrote] = [reader[name], written[name]];
    return isBound(read) && isBound(wrote) && isWider(read, wrote);
  };
  return [
    ...lowest.filter((name) => isBroken(name, (read, wrote) => wrote < read)),
    ...highest.filter((name) => isBroken(name, (read, wrote) => wrote > read)),
  ];
}

/** What no integer can be beyond is no bound of the field. */
function isBound(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Math.abs(value) !== Number.MAX_SAFE_INTEGER;
}

function itemsOf({ schema, root }: Within): Within | undefined {
  const { items } = schema;
  return isJsonObject(items) ? { schema: items, root } : undefined;
}

function membersOf(schema: JsonObject): JsonObject | undefined {
  const { properties } = schema;
  return isJsonObject(properties) ? properties : undefined;
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

function stringsOf(value: JsonValue | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((one) => typeof one === "string") : [];
}
