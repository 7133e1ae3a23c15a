import { describe, expect, test } from "vitest";
import {
  assertUniqueKeyFits,
  assertUniqueKeyKept,
  BucketSchema,
  sameUniqueKey,
  UniqueKey,
} from "../../../src/domain/bucket/bucket-schema.js";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import { limits } from "../../../src/domain/limits.js";
import { parseBody } from "../../../src/domain/schemas.js";
import { refusalOf } from "../refusal.js";

function faults(schema: JsonValue): unknown {
  return refusalOf(() => parseBody(BucketSchema, schema)).details["validation_errors"];
}

function field(definition: JsonObject): JsonObject {
  return { properties: { a: definition } };
}

describe("a schema is refused", () => {
  test.each([[null], [[]], ["text"], [{}], [{ properties: null }], [{ properties: [] }]])(
    "as %j",
    (schema) => {
      expect(refusalOf(() => parseBody(BucketSchema, schema)).code).toBe("VALIDATION_FAILED");
    },
  );

  test.each([
    [
      "that is no object",
      field({ type: "object", properties: { b: "text" } }),
      ["a", "properties", "b"],
    ],
    ["without type", field({}), ["a", "type"]],
    ["with the type null", field({ type: null }), ["a", "type"]],
    ["of an unknown type", field({ type: "vector" }), ["a", "type"]],
    ["of an inherited type", field({ type: "constructor" }), ["a", "type"]],
    ["whose required is no boolean", field({ type: "text", required: "yes" }), ["a", "required"]],
    ["whose description is no text", field({ type: "text", description: 1 }), ["a", "description"]],
    ["whose enum is no array", field({ type: "text", enum: "a" }), ["a", "enum"]],
    ["whose items are of no type", field({ type: "array", items: {} }), ["a", "items", "type"]],
    [
      "whose properties are an array",
      field({ type: "object", properties: [] }),
      ["a", "properties"],
    ],
  ])("with a field %s", (_, schema, at) => {
    expect(faults(schema)).toMatchObject([
      { type: "invalid_schema", location: ["body", "properties", ...at] },
    ]);
  });

  test("with each faulty field named", () => {
    expect(faults({ properties: { a: {}, b: { type: "text" }, c: 1 } })).toMatchObject([
      { location: ["body", "properties", "a", "type"] },
      { location: ["body", "properties", "c"] },
    ]);
  });

  test("with very many faulty fields, of which the first are named", () => {
    const properties = Object.fromEntries(Array.from({ length: 150_000 }, (_, i) => [`f${i}`, 1]));
    expect(faults({ properties })).toHaveLength(limits.validationIssuesMax);
  });
});

describe("a schema is kept as it came", () => {
  test.each([
    ..."string number integer float boolean object array date datetime".split(" "),
    ..."text image audio video pdf excel json binary document uuid".split(" "),
  ])("with the type %s, which is folded to lower case", (type) => {
    expect(parseBody(BucketSchema, field({ type }))).toEqual(field({ type }));
    expect(parseBody(BucketSchema, field({ type: type.toUpperCase() }))).toEqual(field({ type }));
  });

  test("with nulls and extra keys", () => {
    const schema = {
      properties: {
        a: {
          type: "string",
          default: null,
          items: null,
          properties: null,
          examples: null,
          description: null,
          enum: null,
          required: null,
          "x-unit": { any: [null] },
        },
      },
      title: "extra",
      nothing: null,
    };
    expect(parseBody(BucketSchema, schema)).toStrictEqual(schema);
  });

  test("with nested items and properties, whose types are folded as well", () => {
    const nested = (type: string) =>
      field({
        type: "array",
        items: { type: "object", properties: { b: { type, items: { type } } } },
      });
    expect(parseBody(BucketSchema, nested("TEXT"))).toEqual(nested("text"));
  });

  test("with fields whose names are special to JavaScript", () => {
    const text = '{"properties":{"__proto__":{"type":"text"},"constructor":{"type":"text"}}}';
    expect(JSON.stringify(parseBody(BucketSchema, JSON.parse(text)))).toBe(text);
  });
});

describe("a unique key", () => {
  const schema = {
    properties: { id: { type: "string" }, at: { type: "datetime" }, blob: { type: "video" } },
  };

  test.each([
    {},
    { fields: [] },
    { fields: [""] },
    { fields: ["a", "a"] },
    { fields: ["a"], default_policy: "replace" },
  ])("is refused as %j", (key) => {
    expect(UniqueKey.safeParse(key).success).toBe(false);
  });

  test.each(["missing", "blob", "constructor", "__proto__"])(
    "does not fit with the field %s",
    (name) => {
      const { code, details } = refusalOf(() =>
        assertUniqueKeyFits({ fields: ["id", name] }, schema, ["body", "unique_key", "fields"]),
      );
      expect(code).toBe("VALIDATION_FAILED");
      expect(details["validation_errors"]).toMatchObject([
        { type: "unique_key_field", location: ["body", "unique_key", "fields"] },
      ]);
    },
  );

  test("fits with scalar fields of the schema", () => {
    expect(() => assertUniqueKeyFits({ fields: ["id", "at"] }, schema, [])).not.toThrow();
  });

  test.each([
    ["dropped", { properties: { at: { type: "datetime" } } }],
    ["retyped", { properties: { id: { type: "integer" }, at: { type: "datetime" } } }],
  ])("does not let its field be %s", (_, after) => {
    const { details } = refusalOf(() =>
      assertUniqueKeyKept({ fields: ["id", "at"] }, schema, after),
    );
    expect(details["validation_errors"]).toMatchObject([
      { type: "unique_key_field", location: ["body", "bucket_schema", "properties", "id"] },
    ]);
  });

  test("lets its field be described and others come and go", () => {
    const after = {
      properties: { id: { type: "string", description: "d" }, more: { type: "text" } },
    };
    expect(() => assertUniqueKeyKept({ fields: ["id"] }, schema, after)).not.toThrow();
  });

  test("is the same in any order, and with a policy that is null or absent", () => {
    expect(
      sameUniqueKey({ fields: ["a", "b"] }, { fields: ["b", "a"], default_policy: null }),
    ).toBe(true);
    expect(sameUniqueKey(undefined, undefined)).toBe(true);
  });

  test("is another with other fields, another policy or none at all", () => {
    expect(sameUniqueKey({ fields: ["a"] }, { fields: ["a", "b"] })).toBe(false);
    expect(sameUniqueKey({ fields: ["a"] }, { fields: ["a"], default_policy: "insert" })).toBe(
      false,
    );
    expect(sameUniqueKey({ fields: ["a"] }, undefined)).toBe(false);
  });
});
