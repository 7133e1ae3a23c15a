import { describe, expect, test } from "vitest";
import { compileFilter } from "../../../src/domain/filter/condition.js";
import { parseCriteria } from "../../../src/domain/filter/parse.js";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import { ownFields, readOnlyFields } from "../../../src/domain/object/own-fields.js";
import {
  ObjectResponse,
  objectCatalog,
  objectFields,
  objectSize,
  renderObject,
} from "../../../src/domain/object/response.js";
import { refusalOf } from "../refusal.js";
import { bucketId } from "../specification.js";
import { foldObject, kept, objectCreated, objectId } from "./specification.js";

test("an answer has what is patched and what only the server sets, and nothing else of its own", () => {
  const names = [...ownFields, ...readOnlyFields];
  expect(Object.keys(ObjectResponse.shape).sort()).toEqual([...names].sort());
});

function state(document: JsonObject) {
  return foldObject([objectCreated(document)]);
}

const url: JsonObject = {
  blob_id: "blob_2",
  property: "file",
  type: "video",
  properties: { a: null },
  key_prefix: "/a",
  source: { kind: "url", url: "https://example.com/a" },
  details: { size_bytes: 5 },
};
const value: JsonObject = {
  blob_id: "blob_3",
  property: "specs",
  type: "json",
  properties: {},
  source: { kind: "value", value: { a: 1 } },
  details: { size_bytes: 7, mime_type: "application/json", hash: "ab" },
};

describe("the answer about an object", () => {
  test("leaves out what it does not have", () => {
    expect(renderObject(state({}))).toStrictEqual({
      bucket_id: bucketId,
      object_id: objectId,
      metadata: {},
      blobs: [],
      source_details: [{ type: "bucket", source_id: bucketId }],
      status: "DRAFT",
      created_at: "2026-10-01T00:00:00.000Z",
      updated_at: "2026-10-01T00:00:00.000Z",
    });
  });

  test("has the user's fields beside its own, nulls within them included", () => {
    const fields = Object.fromEntries<JsonValue>([
      ["o", { a: null }],
      ["__proto__", 1],
      ["constructor", 2],
    ]);
    const answer = renderObject(state({ ...fields, key_prefix: "/a" }));
    expect(answer.key_prefix).toBe("/a");
    for (const [name, sent] of Object.entries(fields)) {
      expect(Object.getOwnPropertyDescriptor(answer, name)?.value).toEqual(sent);
    }
  });

  test("shows where a blob is, or what it is, but not how it is stored", () => {
    const { blobs } = renderObject(state({ blobs: [kept("blob_1"), url, value] }));
    expect(blobs).toStrictEqual([
      {
        blob_id: "blob_1",
        property: "file",
        type: "video",
        properties: {},
        details: { size_bytes: 10, hash: "hash of blob_1" },
      },
      {
        blob_id: "blob_2",
        property: "file",
        type: "video",
        properties: { a: null, url: "https://example.com/a" },
        key_prefix: "/a",
        url: "https://example.com/a",
        details: { size_bytes: 5 },
      },
      {
        blob_id: "blob_3",
        property: "specs",
        type: "json",
        properties: {},
        value: { a: 1 },
        details: { size_bytes: 7, mime_type: "application/json", hash: "ab" },
      },
    ]);
  });

  test("fits its own description", () => {
    const answer = renderObject(state({ title: "x", blobs: [url] }));
    expect(ObjectResponse.parse(answer)).toEqual(answer);
  });
});

test("the size of an object is the sum of its blobs' sizes", () => {
  expect(objectSize(state({}))).toBe(0);
  expect(objectSize(state({ blobs: [kept("blob_1"), url, value] }))).toBe(22);
});

describe("a filter on objects", () => {
  const fields = objectFields(state({ title: "x", metadata: { team: "a" }, blobs: [kept("b")] }));

  function matches(filters: JsonValue): boolean {
    const { filter } = parseCriteria({ filters }, objectCatalog);
    return filter === undefined || compileFilter(filter)(fields);
  }

  test.each([
    [{ and: [{ title: "x" }] }],
    [{ field: "created_at", operator: "gt", value: "yesterday" }],
  ])("is refused as %j", (filters) => {
    expect(refusalOf(() => matches(filters)).code).toBe("BAD_REQUEST");
  });

  test("finds own fields, fields of the user and metadata", () => {
    expect(matches({ title: "x", "metadata.team": "a", status: "DRAFT" })).toBe(true);
    expect(matches({ field: "created_at", operator: "lte", value: "2026-10-01" })).toBe(true);
    expect(matches({ "blobs.0.property": "file" })).toBe(true);
    expect(matches({ title: "y" })).toBe(false);
    expect(matches({ gone: "x" })).toBe(false);
  });

  test("does not see how a blob is stored", () => {
    expect(matches({ field: "blobs.0.source", operator: "exists", value: false })).toBe(true);
  });
});
