import { describe, expect, test } from "vitest";
import {
  CreateBucketRequest,
  ignoredFields,
  isPatchablePointer,
  looksLikeBucketId,
  normalizeDocument,
  PatchBucketRequest,
} from "../../../src/domain/bucket/document.js";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import { limits } from "../../../src/domain/limits.js";
import { refusalOf } from "../refusal.js";

const schema = { properties: {} };

function document(fields: JsonObject): JsonObject {
  return normalizeDocument({ bucket_name: "videos", bucket_schema: schema, ...fields }, {});
}

function faults(fields: JsonObject): unknown {
  const { code, details } = refusalOf(() => document(fields));
  expect(code).toBe("VALIDATION_FAILED");
  return details["validation_errors"];
}

function named(bucket_name: JsonValue): JsonValue | undefined {
  return document({ bucket_name })["bucket_name"];
}

describe("a name is refused", () => {
  test.each([
    ["that is empty", ""],
    ["of 256 characters", "a".repeat(256)],
    ["of 256 characters outside of the basic plane", "😀".repeat(256)],
    ["with a control character", "a\u0000b"],
    ["with a line feed", "a\n"],
    ["with a control character of Latin-1", "a\u0085"],
    ["that looks like an id", "bkt_01kaaaaaaaaaaaaaaaaaaaaaaa"],
    ["that looks like an id in upper case", "BKT_01KAAAAAAAAAAAAAAAAAAAAAAA"],
    ["that is no text", 1],
    ["that becomes longer than 255 by normalisation", "\u0958".repeat(128)],
  ])("%s", (_, name) => {
    expect(faults({ bucket_name: name })).toMatchObject([{ location: ["body", "bucket_name"] }]);
  });
});

describe("a name is taken", () => {
  test.each([
    ["of one character", "a"],
    ["of 255 characters", "a".repeat(255)],
    ["of 255 characters outside of the basic plane", "😀".repeat(255)],
    ["that is shorter than an id", "bkt_01k"],
    ["with spaces and slashes", " a/b "],
  ])("%s", (_, name) => {
    expect(named(name)).toBe(name);
  });

  test("in its composed form", () => {
    expect(named("cafe\u0301")).toBe("caf\u00e9");
    expect(named("e\u0301".repeat(255))).toBe("\u00e9".repeat(255));
  });
});

test("an id is the prefix and 26 letters or digits", () => {
  expect(looksLikeBucketId("bkt_01kaaaaaaaaaaaaaaaaaaaaaaa")).toBe(true);
  expect(looksLikeBucketId("bkt_01kaaaaaaaaaaaaaaaaaaaaaaa\n")).toBe(false);
  expect(looksLikeBucketId("obj_01kaaaaaaaaaaaaaaaaaaaaaaa")).toBe(false);
});

describe("metadata", () => {
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, i]));

  test("is refused with 1,001 keys in one object, also in an array below", () => {
    expect(faults({ metadata: keys(1_001) })).toMatchObject([
      { type: "too_many_keys", location: ["body", "metadata"] },
    ]);
    expect(faults({ metadata: { a: [keys(1_001)] } })).toMatchObject([
      { type: "too_many_keys", location: ["body", "metadata", "a", "0"] },
    ]);
  });

  test("is refused with a key of 1,025 characters", () => {
    expect(faults({ metadata: { a: { ["k".repeat(1_025)]: 1 } } })).toMatchObject([
      { type: "key_too_long", location: ["body", "metadata", "a"] },
    ]);
  });

  test.each([["a"], [1], [[[]]], [true]])("is refused as %j", (metadata) => {
    expect(faults({ metadata })).toMatchObject([{ location: ["body", "metadata"] }]);
  });

  test.each([999, 1_000])("is taken with %i keys in one object", (count) => {
    expect(document({ metadata: keys(count) })["metadata"]).toEqual(keys(count));
  });

  test.each([1_023, 1_024])("is taken with a key of %i characters", (length) => {
    const metadata = { ["k".repeat(length)]: null };
    expect(document({ metadata })["metadata"]).toEqual(metadata);
  });

  test("is always an object", () => {
    expect(document({})["metadata"]).toEqual({});
    expect(document({ metadata: null })["metadata"]).toEqual({});
  });

  test("keeps keys that are special to JavaScript", () => {
    const text = '{"__proto__":{"a":1},"constructor":{"prototype":null},"":[]}';
    expect(JSON.stringify(document({ metadata: JSON.parse(text) })["metadata"])).toBe(text);
  });
});

describe("the document", () => {
  test("cannot be without name and schema, and every fault is named", () => {
    const { details } = refusalOf(() =>
      normalizeDocument({ bucket_schema: null, description: 1, storage_class: "warm" }, {}),
    );
    expect(details["validation_errors"]).toMatchObject([
      { type: "missing", location: ["body", "bucket_name"] },
      { type: "invalid_type", location: ["body", "description"] },
      { type: "missing", location: ["body", "bucket_schema"] },
      { type: "invalid_value", location: ["body", "storage_class"] },
    ]);
  });

  test("leaves out nulls and what it does not know", () => {
    expect(
      document({ description: null, storage_class: null, source_adapter: null, extra: 1 }),
    ).toStrictEqual({ bucket_name: "videos", metadata: {}, bucket_schema: schema });
  });

  test("keeps an unchanged field as it is, even one that today's rules refuse", () => {
    const before = { bucket_name: "", metadata: {}, bucket_schema: schema };
    expect(normalizeDocument({ ...before, description: "d" }, before)["bucket_name"]).toBe("");
  });

  test("has at most 1 MiB", () => {
    const empty = JSON.stringify(document({ description: "" })).length;
    const room = limits.documentBytesMax - empty;
    expect(document({ description: "a".repeat(room) })["description"]).toHaveLength(room);
    const { code, details } = refusalOf(() => document({ description: "a".repeat(room + 1) }));
    expect(code).toBe("PAYLOAD_TOO_LARGE");
    expect(details).toEqual({
      limit_bytes: limits.documentBytesMax,
      actual_bytes: limits.documentBytesMax + 1,
    });
  });

  test("is measured in bytes, not in characters", () => {
    const description = "é".repeat(limits.documentBytesMax / 2);
    expect(refusalOf(() => document({ description })).code).toBe("PAYLOAD_TOO_LARGE");
  });

  test("has at most 64 levels", () => {
    const metadata = (levels: number) =>
      JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
    expect(refusalOf(() => document({ metadata: metadata(64) })).code).toBe("VALIDATION_FAILED");
    expect(document({ metadata: metadata(63) })["metadata"]).toEqual(metadata(63));
  });
});

describe("ignoredFields", () => {
  test("of a body with known fields are none", () => {
    expect(
      ignoredFields({
        bucket_name: "a",
        description: null,
        metadata: { anything: { goes: 1 } },
        bucket_schema: { properties: {}, extra: 1 },
        storage_class: "standard",
        unique_key: { fields: ["a"], default_policy: null },
        source_adapter: {
          adapter_type: "mux",
          connection: { api_base_url: "https://api.example", credentials: { any: 1 } },
          field_mapping: { any: "path" },
        },
      }),
    ).toEqual([]);
  });

  test("are the unknown and the read-only ones, by their dotted names", () => {
    expect(
      ignoredFields({
        bucket_id: "bkt_1",
        is_locked: true,
        constructor: 1,
        unique_key: { fields: [], order: 1 },
        source_adapter: { webhook_url: "https://a.example", batching: { speed: 1 } },
      }),
    ).toEqual([
      "bucket_id",
      "is_locked",
      "constructor",
      "unique_key.order",
      "source_adapter.webhook_url",
      "source_adapter.batching.speed",
    ]);
  });

  test("include an own __proto__", () => {
    expect(ignoredFields(JSON.parse('{"__proto__":{}}'))).toEqual(["__proto__"]);
  });
});

test.each([
  [[], true],
  [["metadata"], true],
  [["metadata", "__proto__", "x"], true],
  [["source_adapter", "batching", "mode"], true],
  [["source_adapter", "connection", "credentials", "token"], true],
  [["source_adapter", "webhook_url"], false],
  [["unique_key"], false],
  [["unique_key", "fields", "0"], false],
  [["bucket_id"], false],
  [["constructor"], false],
  [["__proto__"], false],
  [["source_adapter", "toString"], false],
])("%j can be patched: %s", (pointer, expected) => {
  expect(isPatchablePointer(pointer)).toBe(expected);
});

describe("requests", () => {
  test("a bucket needs a name and a schema", () => {
    expect(CreateBucketRequest.safeParse({ bucket_name: "a" }).success).toBe(false);
    expect(CreateBucketRequest.safeParse({ bucket_schema: schema }).success).toBe(false);
    expect(
      CreateBucketRequest.safeParse({ bucket_name: null, bucket_schema: schema }).success,
    ).toBe(false);
    expect(CreateBucketRequest.safeParse({ bucket_name: "a", bucket_schema: schema }).success).toBe(
      true,
    );
  });

  test("a partial update may be empty or hold nulls only", () => {
    const nulls = {
      bucket_name: null,
      description: null,
      metadata: null,
      bucket_schema: null,
      storage_class: null,
      source_adapter: null,
      unique_key: null,
    };
    expect(PatchBucketRequest.safeParse({}).success).toBe(true);
    expect(PatchBucketRequest.safeParse(nulls).success).toBe(true);
  });
});
