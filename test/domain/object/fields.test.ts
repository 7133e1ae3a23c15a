/** The user's fields against the schema of the bucket: by examples, and by a law over random patches. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBucketsError } from "../../../src/domain/errors.js";
import { type JsonObject, type JsonValue, jsonEqual } from "../../../src/domain/json.js";
import { decideObject } from "../../../src/domain/object/decide.js";
import { assertFieldsFit, withDefaults } from "../../../src/domain/object/fields.js";
import { evolveObject } from "../../../src/domain/object/state.js";
import { anyJson, seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";
import { actor, now } from "../specification.js";
import { bucket, foldObject, kept, objectCreated, patch, put, record } from "./specification.js";

/** A new object with those fields, in a bucket whose schema has those properties. */
function check(
  properties: JsonObject,
  fields: JsonObject,
  before?: JsonObject,
  isStrict = true,
): void {
  const after = { metadata: {}, blobs: [], ...fields };
  assertFieldsFit({ properties }, { after, before }, isStrict);
}

function faults(properties: JsonObject, fields: JsonObject, before?: JsonObject): unknown {
  return refusalOf(() => check(properties, fields, before)).details["validation_errors"];
}

/** A field of each type, what it refuses, and what it takes. */
const types: readonly (readonly [string, readonly JsonValue[], readonly JsonValue[]])[] = [
  ["string", [1, true, [], {}], ["", "a"]],
  ["text", [1], ["a"]],
  ["number", ["1", true], [1, 1.5, -1e300]],
  ["float", ["1"], [1, 1.5]],
  ["integer", [1.5, "1", true], [1, -1, 1e3]],
  ["boolean", [0, "true"], [true, false]],
  ["object", [[], "a"], [{}, { a: [1] }]],
  ["array", [{}, "a"], [[], [1, "a"]]],
  ["date", ["2026-02-30", "2026-1-1", "2026-01-01T00:00:00Z", 1], ["2026-01-31"]],
  [
    "datetime",
    ["2026-02-30", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", 1],
    ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.123+02:00", "2026-01-01"],
  ],
  [
    "uuid",
    ["a", "123e4567e89b12d3a456426614174000", 1],
    ["123e4567-e89b-12d3-a456-426614174000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"],
  ],
  ["json", [], ["a", 1, false, [null], { a: null }]],
];

describe.each(types)("a field of type %s", (type, refused, taken) => {
  test.each(refused.map((value) => [value]))("refuses %j", (value) => {
    expect(faults({ f: { type } }, { f: value })).toMatchObject([
      { location: ["body", "f"], type: `${type}_type` },
    ]);
  });

  test.each(taken.map((value) => [value]))("takes %j", (value) => {
    expect(() => check({ f: { type } }, { f: value })).not.toThrow();
  });
});

test.each(["image", "video", "audio", "pdf", "excel", "binary", "document"])(
  "a field of type %s takes no value: it is for blobs",
  (type) => {
    expect(faults({ f: { type } }, { f: "https://example.com/a" })).toMatchObject([
      { location: ["body", "f"], type: "blob_expected" },
    ]);
  },
);

describe("a name that the schema does not have", () => {
  test("is refused at the root, with the nearest that it has", () => {
    expect(faults({ title: { type: "string" } }, { titel_: 1, Title: 1 })).toMatchObject([
      { location: ["body", "titel_"], type: "unknown_field" },
      {
        location: ["body", "Title"],
        message: 'The bucket_schema has no field "Title". Did you mean "title"?',
      },
    ]);
  });

  test("is kept as it is, unless the request is strict or the schema closes itself", () => {
    expect(() =>
      check({ title: { type: "string" } }, { Title: 1 }, undefined, false),
    ).not.toThrow();
    const properties = { title: { type: "string" } };
    for (const declared of [properties, {}]) {
      const schema = { properties: declared, additional_properties: false };
      const after = { metadata: {}, blobs: [], Title: 1 };
      const refusal = refusalOf(() => assertFieldsFit(schema, { after, before: undefined }));
      expect(refusal.details["validation_errors"]).toMatchObject([{ location: ["body", "Title"] }]);
    }
  });

  test("is refused as the property of a blob", () => {
    const blobs = [kept("blob_1", "file"), kept("blob_2", "gone")];
    expect(faults({ file: { type: "video" } }, { blobs })).toMatchObject([
      { location: ["body", "blobs", 1, "property"], type: "unknown_field" },
    ]);
  });

  test("is taken by a schema that declares nothing", () => {
    expect(() => check({}, { any: 1, blobs: [kept("blob_1")] })).not.toThrow();
  });

  test("is taken below the root", () => {
    const o = { type: "object", properties: { a: { type: "string" } } };
    expect(() => check({ o }, { o: { b: 1 } })).not.toThrow();
  });

  test.each(["__proto__", "constructor", "toString"])("is no inherited one such as %s", (name) => {
    const fields = Object.fromEntries([[name, 1]]);
    expect(faults({ a: { type: "integer" } }, fields)).toMatchObject([
      { location: ["body", name], type: "unknown_field" },
    ]);
  });
});

describe("a required field", () => {
  const required = { a: { type: "integer", required: true } };

  test("is asked for when it is missing", () => {
    expect(faults(required, {})).toMatchObject([{ location: ["body", "a"], type: "missing" }]);
  });

  test("is asked for within objects and items, null and missing alike", () => {
    const o = { type: "object", properties: required };
    const properties = { o, list: { type: "array", items: o } };
    expect(faults(properties, { o: {}, list: [{ a: 1 }, { a: null }] })).toMatchObject([
      { location: ["body", "o", "a"], type: "missing" },
      { location: ["body", "list", 1, "a"], type: "missing" },
    ]);
  });

  test("is there when a blob has its property", () => {
    const file = { type: "video", required: true };
    expect(faults({ file }, {})).toMatchObject([{ type: "missing" }]);
    expect(() => check({ file }, { blobs: [kept("blob_1")] })).not.toThrow();
  });

  test("is not asked for where its name is one that answers use themselves", () => {
    expect(() => check({ status: { type: "string", required: true } }, {})).not.toThrow();
  });
});

test("an optional field within an object may be null", () => {
  const o = { type: "object", properties: { a: { type: "string" } } };
  expect(() => check({ o }, { o: { a: null } })).not.toThrow();
});

test("items are checked one by one, and null is no item of theirs", () => {
  const list = { type: "array", items: { type: "integer" } };
  expect(faults({ list }, { list: [1, "2", null] })).toMatchObject([
    { location: ["body", "list", 1], type: "integer_type" },
    { location: ["body", "list", 2], type: "integer_type" },
  ]);
});

test("an enum takes equal values alone, also objects, and a null enum takes all", () => {
  const one = { type: "json", enum: ["a", 1, { b: 1, c: 2 }] };
  expect(faults({ one }, { one: "1" })).toMatchObject([
    { location: ["body", "one"], type: "enum" },
  ]);
  for (const value of ["a", 1, { c: 2, b: 1 }]) {
    expect(() => check({ one }, { one: value })).not.toThrow();
  }
  expect(() => check({ one: { type: "json", enum: null } }, { one: 5 })).not.toThrow();
});

describe("a blob", () => {
  const fits: readonly (readonly [string, readonly string[]])[] = [
    ["video", ["video"]],
    ["string", ["text"]],
    ["text", ["text"]],
    ["object", ["json"]],
    ["json", ["json"]],
    ["document", ["document", "pdf", "excel", "text"]],
    ["binary", ["text", "image", "audio", "video", "pdf", "excel", "json", "binary", "document"]],
    ["integer", []],
    ["array", []],
  ];

  test.each(fits)("of a property of type %s is one of %j", (type, taken) => {
    for (const blobType of fits.at(6)?.[1] ?? []) {
      const blobs = [{ ...kept("blob_1", "f"), type: blobType }];
      const act = () => check({ f: { type } }, { blobs });
      if (taken.includes(blobType)) expect(act).not.toThrow();
      else {
        expect(refusalOf(act).details["validation_errors"]).toMatchObject([
          { location: ["body", "blobs", 0, "type"], type: "blob_type" },
        ]);
      }
    }
  });

  test("of an array is what its items are", () => {
    const f = { type: "array", items: { type: "video" } };
    expect(() => check({ f }, { blobs: [kept("a", "f"), kept("b", "f")] })).not.toThrow();
  });
});

describe("defaults", () => {
  const o = {
    type: "object",
    default: {},
    properties: { n: { type: "integer", default: 1 }, m: { type: "integer" } },
  };

  test("are filled in where nothing or null was sent, within objects and items as well", () => {
    const properties = {
      o,
      list: { type: "array", items: o },
      t: { type: "string", default: "t" },
    };
    expect(withDefaults({ properties }, { list: [{ n: 2 }, { m: 1 }], t: null })).toEqual({
      o: { n: 1 },
      list: [{ n: 2 }, { m: 1, n: 1 }],
      t: "t",
    });
  });

  test("are not filled in over what was sent, nor where the type is for blobs", () => {
    const properties = {
      t: { type: "string", default: "t" },
      file: { type: "video", default: "https://example.com/a" },
      status: { type: "string", default: "x" },
    };
    expect(withDefaults({ properties }, { t: "" })).toEqual({ t: "" });
  });

  test("that do not fit are refused like what was sent", () => {
    const properties = { n: { type: "integer", default: "one" } };
    expect(faults(properties, withDefaults({ properties }, {}))).toMatchObject([
      { location: ["body", "n"], type: "integer_type" },
    ]);
  });
});

describe("an object from before a schema change", () => {
  const old = [objectCreated({ n: "one", gone: 1, blobs: [kept("blob_1", "lost")] })];
  const owner = bucket({
    properties: { n: { type: "integer" }, added: { type: "string", required: true } },
  });

  function documentAfter(...commands: ReturnType<typeof patch>[]): JsonObject {
    let state = foldObject(old);
    for (const command of commands) {
      const event = decideObject(state, command, {
        owner,
        moment: { now, actor },
        related: () => undefined,
      });
      state = evolveObject(state, record(event, state.version + 1));
    }
    return state.document;
  }

  const strictly = (body: JsonObject) => patch(body, "application/json", { isStrict: true });

  test("is refused in the fields that a write touches", () => {
    for (const body of [{ n: "two" }, { gone: 2 }]) {
      expect(refusalOf(() => documentAfter(strictly(body))).code).toBe("VALIDATION_FAILED");
    }
  });

  test("is asked for a new required field once that is touched", () => {
    expect(documentAfter(patch({ added: "x" }))["added"]).toBe("x");
    const taken = () => documentAfter(patch({ added: "x" }), patch({ added: null }));
    expect(refusalOf(taken).details["validation_errors"]).toMatchObject([{ type: "missing" }]);
  });

  test("can be changed elsewhere", () => {
    expect(documentAfter(patch({ metadata: { a: 1 } }), patch({ n: 2 }))).toMatchObject({
      metadata: { a: 1 },
      n: 2,
      gone: 1,
    });
  });

  test("can be sent back whole, as it was read", () => {
    const document = foldObject(old).document;
    expect(documentAfter(put({ ...document, metadata: { a: 1 } }))).toMatchObject({
      metadata: { a: 1 },
    });
    expect(documentAfter(patch(document))).toEqual(document);
  });

  test("can lose what the schema does not have any more", () => {
    expect(documentAfter(patch({ gone: null, blobs: [] }))).toEqual({
      n: "one",
      metadata: {},
      blobs: [],
    });
  });
});

describe("over random patches", () => {
  const properties = {
    s: { type: "string", enum: ["a", "b"] },
    n: { type: "integer" },
    r: { type: "boolean", required: true },
    o: { type: "object", properties: { x: { type: "number", required: true } } },
    l: { type: "array", items: { type: "string" } },
  };
  const value = fc.oneof(
    anyJson,
    fc.constantFrom<JsonValue>(null, "a", "c", 1, 1.5, true, { x: 1 }, { x: "1" }, ["a"], [1]),
  );
  const name = fc.constantFrom("s", "n", "r", "o", "l", "z", "metadata");
  const body = fc.array(fc.tuple(name, value), { maxLength: 3 }).map(Object.fromEntries<JsonValue>);
  const mediaType = fc.constantFrom("application/json", "application/merge-patch+json");

  /** The rule once more, written for these properties alone. */
  const models: Readonly<Record<string, (now: JsonValue | undefined) => boolean>> = {
    s: (now) => now === undefined || now === "a" || now === "b",
    n: (now) => now === undefined || (typeof now === "number" && Math.floor(now) === now),
    r: (now) => typeof now === "boolean",
    o: (now) =>
      now === undefined ||
      (typeof now === "object" &&
        now !== null &&
        !Array.isArray(now) &&
        typeof Object.getOwnPropertyDescriptor(now, "x")?.value === "number"),
    l: (now) =>
      now === undefined || (Array.isArray(now) && now.every((i) => typeof i === "string")),
    z: (now) => now === undefined,
  };

  test("a document never violates the schema in what was touched", () => {
    const owner = bucket({ properties });
    let taken = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(mediaType, body), { maxLength: 6 }), (patches) => {
        // It fits the schema nowhere, as an object from before a change of it.
        let state = foldObject([objectCreated({ s: 1, n: "1", o: [], l: {}, z: 0 })]);
        for (const [type, sent] of patches) {
          const before = state.document;
          const command = patch(
            sent,
            type === "application/json" ? type : "application/merge-patch+json",
            { isStrict: true },
          );
          try {
            const event = decideObject(state, command, {
              owner,
              moment: { now, actor },
              related: () => undefined,
            });
            state = evolveObject(state, record(event, state.version + 1));
            taken += 1;
          } catch (error) {
            if (!isBucketsError(error)) throw error;
          }
          for (const [field, fits] of Object.entries(models)) {
            const isTouched = !jsonEqual(before[field], state.document[field]);
            if (isTouched) expect(fits(state.document[field])).toBe(true);
          }
        }
      }),
      { seed, numRuns: 500 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

describe("of very many faults only those that are shown are described", () => {
  const many = Array.from({ length: 5_000 }, (_, index) => index);

  test("of fields that nobody knows", () => {
    const fields = Object.fromEntries(many.map((index) => [`field_${index}`, index]));
    expect(faults({ title: { type: "string" } }, fields)).toHaveLength(100);
  });

  test("of items that do not fit", () => {
    const tags = { type: "array", items: { type: "string" } };
    expect(faults({ tags }, { tags: many })).toHaveLength(100);
  });
});

describe("a list of allowed values", () => {
  const properties = { code: { type: "integer", enum: [...Array(1_000).keys()] } };

  test("is told in part where it is long", () => {
    expect(faults(properties, { code: -1 })).toMatchObject([
      { type: "enum", message: expect.stringMatching(/^Send one of 0, 1, .*19, or 980 more\.$/) },
    ]);
    const long = { code: { type: "string", enum: ["x".repeat(10_000)] } };
    expect(faults(long, { code: "y" })).toMatchObject([
      { message: `Send one of "${"x".repeat(99)}….` },
    ]);
  });

  test("takes each of them, whatever the order of its keys", () => {
    check(properties, { code: 999 });
    check({ f: { type: "json", enum: [{ a: 1, b: [2] }] } }, { f: { b: [2], a: 1 } });
    expect(faults({ f: { type: "json", enum: ["1"] } }, { f: 1 })).toMatchObject([
      { type: "enum" },
    ]);
  });
});

describe("what a schema asks of long arrays", () => {
  const many = (count: number, value: JsonValue) => Array.from({ length: count }, () => value);
  /** An array of objects, which the schema knows so many fields of. */
  const asking = (count: number, first: JsonObject = { type: "integer" }): JsonObject => {
    const others = Array.from({ length: count - 1 }, (_, at) => [`f${at}`, { type: "integer" }]);
    const properties = { first, ...Object.fromEntries(others) };
    return { tags: { type: "array", items: { type: "object", properties } } };
  };

  test("more fields in all their items than one write looks for are refused", () => {
    expect(faults(asking(100), { tags: many(501, {}) })).toMatchObject([
      { location: ["body"], type: "too_many_lookups" },
    ]);
    expect(() => check(asking(100), { tags: many(500, { f0: 1 }) })).not.toThrow();
  });

  test("so are they where defaults are filled in", () => {
    const properties = asking(100, { type: "integer", default: 1 });
    const refusal = refusalOf(() => withDefaults({ properties }, { tags: many(501, {}) }));
    expect(refusal.details["validation_errors"]).toMatchObject([{ type: "too_many_lookups" }]);
  });

  test("defaults that would outgrow a document are refused before they are there", () => {
    const properties = asking(1, { type: "string", default: "x".repeat(100_000) });
    const refusal = refusalOf(() => withDefaults({ properties }, { tags: many(11, {}) }));
    expect(refusal.code).toBe("PAYLOAD_TOO_LARGE");
    const sent = { tags: many(11, { first: "a" }) };
    expect(withDefaults({ properties }, sent)).toEqual(sent);
  });

  test("what needs no default stays the same value", () => {
    const tags = many(3, { f0: 1 });
    expect(withDefaults({ properties: asking(2) }, { tags })["tags"]).toBe(tags);
  });

  test("an item fits in an array if, and only if, it fits in a field of its own", () => {
    const field = fc.constantFrom<JsonObject>(
      { type: "integer" },
      { type: "string", enum: ["a", "b"], required: true },
      { type: "array", items: { type: "integer" } },
      { type: "image" },
      { type: "json", enum: [{ a: 1 }, [1]] },
    );
    const names = fc.constantFrom("a", "b");
    const member = fc.constantFrom<JsonValue>(1, "a", "c", null, [1], [null], ["a"], {}, { a: 1 });
    const item = fc.oneof(member, fc.dictionary(names, member)).filter((value) => value !== null);
    const isTaken = (properties: JsonObject, fields: JsonObject) => {
      try {
        check(properties, fields);
        return true;
      } catch (error) {
        if (isBucketsError(error)) return false;
        throw error;
      }
    };
    const taken = fc.property(fc.dictionary(names, field), item, (properties, value) => {
      const items = { type: "object", properties };
      const list = { type: "array", items };
      expect(isTaken({ list }, { list: [value] })).toBe(isTaken({ items }, { items: value }));
    });
    fc.assert(taken, { seed, numRuns: 1_000 });
  });
});
