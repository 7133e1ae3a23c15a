/**
 * The columns of the tables that an extract has. A column says what of a row stands in it, so that a
 * table is data, and a row is whatever it is made of.
 */

import { fieldType } from "../domain/bucket/bucket-schema.js";
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "../domain/json.js";
import { isUserField } from "../domain/object/own-fields.js";

/** SQLite keeps a number that comes as `number` as a float, and one that comes as `bigint` as it is. */
type SqlValue = string | number | bigint | null;
type SqlType = "TEXT" | "INTEGER" | "REAL";

export interface Column<Row> {
  readonly name: string;
  readonly type: SqlType;
  readonly of: (row: Row) => SqlValue;
}

export function text<Row>(name: string, of: (row: Row) => string | undefined): Column<Row> {
  return { name, type: "TEXT", of: (row) => of(row) ?? null };
}

/** Of a whole number. */
export function integer<Row>(name: string, of: (row: Row) => number | undefined): Column<Row> {
  return { name, type: "INTEGER", of: (row) => wholeOf(of(row)) };
}

/** JSON as text, as SQLite, DuckDB and others read it. */
export function json<Row>(name: string, of: (row: Row) => unknown): Column<Row> {
  return text(name, (row) => {
    const value = of(row);
    return value === undefined ? undefined : JSON.stringify(value);
  });
}

function wholeOf(value: JsonValue | undefined): bigint | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : null;
}

/** A field that schemas describe, and its column. */
export interface FieldColumn {
  readonly field: string;
  /** As the schemas of different buckets call them. */
  readonly types: readonly string[];
  readonly name: string;
  readonly type: SqlType;
}

/** Of the 2,000 that SQLite allows; a field beyond them is in the document alone. */
const fieldColumnsMax = 1_000;

/** Collects the root fields of the schemas of many buckets, which share one table of objects. */
export class FieldColumns {
  readonly #types = new Map<string, Set<string>>();

  /** @param schema a `bucket_schema`. */
  add(schema: JsonObject): void {
    const properties = ownValue(schema, "properties");
    if (!isJsonObject(properties)) return;
    for (const field of Object.keys(properties).filter(isUserField)) {
      const type = fieldType(schema, field);
      if (type === undefined) continue;
      const types = this.#types.get(field) ?? new Set();
      this.#types.set(field, types.add(type));
    }
  }

  /** @param taken names of other columns of the table. */
  beside(taken: readonly string[]): readonly FieldColumn[] {
    const names = new Set(taken.map(folded));
    return [...this.#types].slice(0, fieldColumnsMax).map(([field, found]) => {
      const name = freeName(field, names);
      names.add(folded(name));
      const types = [...found].sort();
      return { field, types, name, type: sqlTypeOf(types) };
    });
  }
}

/** SQLite takes names that differ in the case of their letters for one. */
const folded = (name: string): string => name.toLowerCase();

/** No SQL can name what has a control character, or half of a pair, in it. */
function freeName(field: string, taken: ReadonlySet<string>): string {
  const base = field.replaceAll(/[\p{Cc}\p{Cs}]/gu, "_") || "_";
  let name = base;
  for (let next = 2; taken.has(folded(name)); next += 1) name = `${base}_${next}`;
  return name;
}

/** What schemas do not agree on is text. */
function sqlTypeOf(types: readonly string[]): SqlType {
  if (types.every((type) => integers.has(type))) return "INTEGER";
  return types.every((type) => integers.has(type) || reals.has(type)) ? "REAL" : "TEXT";
}

const integers: ReadonlySet<string> = new Set(["integer", "boolean"]);
const reals: ReadonlySet<string> = new Set(["number", "float"]);

/**
 * The value of a field in a column of that type. One that does not fit it, which an object of an earlier
 * schema may have, is left out, since tools go by the type; the document beside has it.
 */
export function fieldValue(value: JsonValue | undefined, type: SqlType): SqlValue {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "TEXT":
      return typeof value === "string" ? value : JSON.stringify(value);
    case "INTEGER":
      return typeof value === "boolean" ? BigInt(value) : wholeOf(value);
    case "REAL":
      return typeof value === "number" || typeof value === "boolean" ? Number(value) : null;
  }
}
