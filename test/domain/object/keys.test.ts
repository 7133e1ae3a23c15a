/** Unique keys: what makes one, who holds it, and that its text is the key and nothing else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import type { ObjectEvent } from "../../../src/domain/object/events.js";
import {
  objectHolderKeys,
  objectKey,
  objectKeyScope,
  objectReservations,
  resolvePolicy,
} from "../../../src/domain/object/keys.js";
import { seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";
import { bucketId } from "../specification.js";
import { bucket, create, foldObject, objectCreated } from "./specification.js";

const runs = { seed, numRuns: 500 };

function keyOf(document: JsonObject, ...fields: string[]): string | undefined {
  return objectKey({ fields }, { metadata: {}, blobs: [], ...document });
}

function faultOf(value: JsonValue) {
  const { details } = refusalOf(() => keyOf({ a: value }, "a"));
  return details["validation_errors"];
}

describe("a key is refused", () => {
  test.each([null, "", [], ["a"], {}, "a".repeat(256), "😀".repeat(256)])("of %j", (value) => {
    expect(faultOf(value)).toMatchObject([{ location: ["body", "a"], type: "unique_key_value" }]);
  });

  test("at every field without a value", () => {
    const { details } = refusalOf(() => keyOf({ a: 1 }, "b", "a", "c"));
    expect(details["validation_errors"]).toMatchObject([
      { location: ["body", "b"] },
      { location: ["body", "c"] },
    ]);
  });
});

describe("a key is taken", () => {
  test.each([0, false, " ", "a".repeat(255), "😀".repeat(255)])("of %j", (value) => {
    expect(keyOf({ a: value }, "a")).toBe(JSON.stringify({ a: value }));
  });

  test("from the root before metadata, and from metadata where the root has none", () => {
    expect(keyOf({ a: 1, metadata: { a: 2 } }, "a")).toBe('{"a":1}');
    expect(keyOf({ a: null, metadata: { a: 2 } }, "a")).toBe('{"a":2}');
    expect(keyOf({ metadata: { a: 2 } }, "a")).toBe('{"a":2}');
  });

  test("from metadata alone for names that answers use themselves", () => {
    expect(keyOf({ status: "x", metadata: { status: "y" } }, "status")).toBe('{"status":"y"}');
  });

  test("by nobody without a unique key", () => {
    expect(objectKey(undefined, {})).toBeUndefined();
  });
});

const scalar = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string({ minLength: 1, unit: "grapheme" }),
  fc.integer().map(String),
);

describe("the text of a key", () => {
  test("does not depend on the order of fields, in the unique key or in the document", () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), scalar), {
      minLength: 1,
      maxLength: 5,
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(members, (entries) => {
        const fields = entries.map(([name]) => name);
        const forward = objectKey({ fields }, { metadata: Object.fromEntries(entries) });
        const backward = objectKey(
          { fields: fields.toReversed() },
          { metadata: Object.fromEntries(entries.toReversed()) },
        );
        expect(backward).toBe(forward);
      }),
      runs,
    );
  });

  test("is equal for equal values only, whatever their types and texts", () => {
    fc.assert(
      fc.property(fc.tuple(scalar, scalar), fc.tuple(scalar, scalar), ([a, b], [c, d]) => {
        const isEqual = a === c && b === d;
        expect(keyOf({ x: a, y: b }, "x", "y") === keyOf({ x: c, y: d }, "y", "x")).toBe(isEqual);
      }),
      runs,
    );
  });

  test.each([
    [1, "1"],
    [true, "true"],
    ["é", "e\u0301"],
    ["a", "A"],
  ])("differs for %j and %j", (a, b) => {
    expect(keyOf({ x: a }, "x")).not.toBe(keyOf({ x: b }, "x"));
  });

  test.each(["1.0", "1e0", "10e-1"])(
    "is that of 1 for %s, which JSON reads as the same",
    (text) => {
      expect(keyOf({ x: JSON.parse(text) }, "x")).toBe(keyOf({ x: 1 }, "x"));
    },
  );

  test("does not confuse values that run into each other", () => {
    expect(keyOf({ x: 'a","y":"b', y: "c" }, "x", "y")).not.toBe(
      keyOf({ x: "a", y: 'b","y":"c' }, "x", "y"),
    );
  });
});

describe("the policy", () => {
  test.each([
    [undefined, "insert", "insert"],
    ["upsert", "insert", "upsert"],
    ["update", undefined, "update"],
  ] as const)("of the request %j and the bucket %j is %s", (requested, ofBucket, policy) => {
    const uniqueKey = { fields: ["a"], default_policy: ofBucket };
    expect(resolvePolicy(uniqueKey, requested)).toBe(policy);
  });

  test("that nobody names is refused, and so is a null one of the bucket", () => {
    for (const uniqueKey of [{ fields: ["a"] }, { fields: ["a"], default_policy: null }]) {
      expect(refusalOf(() => resolvePolicy(uniqueKey, undefined)).code).toBe("BAD_REQUEST");
    }
  });

  test("is to insert without a unique key", () => {
    expect(resolvePolicy(undefined, undefined)).toBe("insert");
    expect(resolvePolicy(undefined, "insert")).toBe("insert");
  });
});

describe("a reservation", () => {
  const key = '{"video_id":"a"}';
  const reservation = { scope: objectKeyScope(bucketId), key };
  const properties = { video_id: { type: "string" } };
  const owner = bucket({ properties, uniqueKey: { fields: ["video_id"] } });

  test("is held by an object until it is deleted, and again once it is restored", () => {
    const created = objectCreated({ video_id: "a" }, key);
    const deleted: ObjectEvent = { type: "object.deleted", data: {} };
    const restored: ObjectEvent = { type: "object.restored", data: { changes: [] } };
    expect(objectReservations(foldObject([created]))).toEqual([reservation]);
    expect(objectReservations(foldObject([created, deleted]))).toEqual([]);
    expect(objectReservations(foldObject([created, deleted, restored]))).toEqual([reservation]);
  });

  test("is held by no object without a key", () => {
    expect(objectReservations(foldObject([objectCreated()]))).toEqual([]);
  });

  test("is claimed by a creation with the key, and by no other", () => {
    expect(holderKeysOf({ video_id: "a" })).toEqual([reservation]);
    expect(holderKeysOf({ metadata: { video_id: "a" } })).toEqual([reservation]);
    expect(holderKeysOf({ video_id: "" })).toEqual([]);
    expect(holderKeysOf({})).toEqual([]);
    expect(holderKeysOf({ video_id: "a" }, bucket())).toEqual([]);
  });

  test("is claimed by the value that the object would get by default", () => {
    const withDefault = { video_id: { type: "string", default: "a" } };
    const other = bucket({ properties: withDefault, uniqueKey: { fields: ["video_id"] } });
    expect(holderKeysOf({}, other)).toEqual([reservation]);
  });

  test("of what a row was before is claimed before that of what it is, without defaults", () => {
    const withDefault = { video_id: { type: "string", default: "a" } };
    const other = bucket({ properties: withDefault, uniqueKey: { fields: ["video_id"] } });
    const former = (fields: JsonObject) => ({ former: { identity: "t/1", fields } });
    const was = { ...reservation, key: '{"video_id":"was"}' };
    const claims = (fields: JsonObject) =>
      objectHolderKeys({ ...create({ video_id: "a" }), ...former(fields) }, other);
    expect(claims({ video_id: "was" })).toEqual([was, reservation]);
    expect(claims({})).toEqual([reservation]);
    const removal = { type: "remove_object", source: {} } as const;
    expect(objectHolderKeys({ ...removal, ...former({ video_id: "was" }) }, other)).toEqual([was]);
    expect(objectHolderKeys({ ...removal, ...former({}) }, other)).toEqual([]);
    expect(objectHolderKeys({ ...removal, ...former({}) }, bucket())).toEqual([
      { scope: `object_identity:${bucketId}`, key: "t/1" },
    ]);
  });

  function holderKeysOf(fields: JsonObject, of = owner) {
    return objectHolderKeys(create(fields), of);
  }
});
