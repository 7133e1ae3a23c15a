/** Goal: a delivery becomes just the object that its adapter describes, or says what does not fit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MappingConfig } from "../../../src/domain/bucket/source-adapter.js";
import { validationFailed } from "../../../src/domain/errors.js";
import { coerced } from "../../../src/domain/ingest/coerce.js";
import { factsOf, mapDelivery } from "../../../src/domain/ingest/mapping.js";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import { requireObject } from "../../../src/domain/schemas.js";
import { anyDocument, anyJson, seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";

const types = ["string", "number", "integer", "boolean", "date", "datetime", "object", "video"];
const schema: JsonObject = {
  properties: Object.fromEntries(types.map((type) => [type, { type }])),
};
const generic = { adapter_type: "generic_webhook" };

function map(config: JsonObject, payload: JsonValue, signedId?: string) {
  const event = requireObject(payload);
  const parsed = MappingConfig.parse(config);
  const { facts, issues } = factsOf(parsed, event, signedId);
  if (issues.length > 0) throw validationFailed(issues);
  return { ...facts, ...mapDelivery(parsed, schema, event) };
}

function faultsOf(config: JsonObject, payload: JsonValue) {
  const refusal = refusalOf(() => map({ ...generic, ...config }, payload));
  expect(refusal.code).toBe("VALIDATION_FAILED");
  return refusal.details["validation_errors"];
}

const fault = (field: string, message: string) =>
  expect.objectContaining({
    location: ["body", field],
    message: expect.stringContaining(message),
  });

describe("a delivery is refused", () => {
  test.each<[string, JsonValue]>([
    ["an array", []],
    ["text", "a"],
    ["null", null],
  ])("when it is %s", (_, payload) => {
    expect(faultsOf({}, payload)).toEqual([expect.objectContaining({ location: ["body"] })]);
  });

  test("with every field that is not in the schema or cannot be of its type", () => {
    const config = {
      field_mapping: { title: "a", integer: "n", constructor: "a", boolean: "n" },
      blob_source: { file_field: "n", target_property: "clip" },
    };
    expect(faultsOf(config, { a: "x", n: 1.5 })).toEqual([
      fault("title", "no field of bucket_schema"),
      fault("integer", "what is at n cannot be that"),
      fault("constructor", "no field of bucket_schema"),
      fault("boolean", "of type boolean"),
      fault("clip", "no field of bucket_schema"),
      fault("clip", "no text"),
    ]);
  });
});

describe("an event is ignored", () => {
  test.each<[string, JsonObject, JsonObject]>([
    ["of another type than mux's default", { adapter_type: "mux" }, { type: "video.upload.ready" }],
    ["without a type", { adapter_type: "mux" }, {}],
    ["of a deletion in supabase", { adapter_type: "supabase" }, { type: "DELETE" }],
    [
      "that the adapter does not name",
      { ...generic, event_filter: { event_types: ["a"] } },
      { type: "A" },
    ],
    [
      "that is in the default, when the adapter names others",
      { adapter_type: "mux", event_filter: { event_types: ["video.upload.ready"] } },
      { type: "video.asset.ready" },
    ],
  ])("%s", (_, config, payload) => {
    expect(map(config, payload)).toMatchObject({ kind: "ignored", reason: expect.any(String) });
  });
});

test("an asset of mux is mapped by its paths, with the id of its event and its own", () => {
  const config = {
    adapter_type: "mux",
    field_mapping: { number: "data.duration", datetime: "data.created_at", string: "data.none" },
    blob_source: { file_field: "data.tracks.0.url", target_property: "video" },
  };
  const payload = {
    type: "video.asset.ready",
    id: "evt-1",
    created_at: "2026-10-01T12:00:00.000000Z",
    data: {
      id: "asset-1",
      duration: 12.5,
      created_at: "1790856000",
      tracks: [{ url: "https://media.example/1.mp4" }],
    },
  };
  expect(map(config, payload, "ignored for mux")).toMatchObject({
    kind: "mapped",
    eventType: "video.asset.ready",
    senderId: "evt-1",
    dedupKey: "evt-1",
    identity: "asset-1",
    fields: { number: 12.5, datetime: "2026-10-01T12:00:00.000Z" },
    blobs: [{ property: "video", type: "video", url: "https://media.example/1.mp4" }],
  });
});

describe("a row of supabase", () => {
  const config = { adapter_type: "supabase", field_mapping: { string: "record.title" } };
  const record = { id: 7, title: null };
  const payload = { type: "UPDATE", schema: "public", table: "videos", record, old_record: null };
  const removal = { ...config, event_filter: { event_types: ["DELETE"] } };

  test("is known by its table and id", () => {
    expect(map(config, payload)).toMatchObject({
      identity: "public.videos/7",
      dedupKey: undefined,
      fields: { string: null },
      blobs: [],
      former: undefined,
    });
  });

  test("is found by what it was, as old_record says, when its key changed or it is gone", () => {
    const former = { identity: "public.videos/6", fields: { string: "was" } };
    const changed = { ...payload, old_record: { id: 6, title: "was" } };
    expect(map(config, changed)).toMatchObject({ identity: "public.videos/7", former });
    const removed = { ...changed, type: "DELETE", record: null };
    expect(map(removal, removed)).toMatchObject({ kind: "removed", former });
  });

  test("that is gone is known by nothing where old_record cannot be read", () => {
    const typed = { ...removal, field_mapping: { number: "record.title", none: "record.id" } };
    const removed = { ...payload, type: "DELETE", record: null, old_record: { title: "x" } };
    const nothing = { kind: "removed", former: { identity: undefined, fields: {} } };
    for (const old_record of [{ title: "x" }, null, 5, []]) {
      expect(map(typed, { ...removed, old_record })).toMatchObject(nothing);
    }
  });
});

test("an asset of mux that was deleted is removed where the adapter names that", () => {
  const types = ["video.asset.ready", "video.asset.deleted"];
  const payload = { type: "video.asset.deleted", data: { id: "asset-1" } };
  const config = { adapter_type: "mux", event_filter: { event_types: types } };
  expect(map(config, payload)).toMatchObject({ kind: "removed", former: { identity: "asset-1" } });
  expect(map({ adapter_type: "mux" }, payload)).toMatchObject({
    kind: "ignored",
    reason: expect.stringContaining("name video.asset.deleted in event_filter"),
  });
});

describe("a generic webhook", () => {
  test("takes every event, and its id from the signature", () => {
    expect(map(generic, {}, "msg_1")).toMatchObject({
      kind: "mapped",
      eventType: undefined,
      senderId: "msg_1",
      dedupKey: "msg_1",
    });
  });

  test("is deduplicated by the path that is configured, where there is something", () => {
    const config = { ...generic, dedup_key: "meta.key" };
    expect(map(config, { meta: { key: 5 } }, "msg_1")).toMatchObject({ dedupKey: "5" });
    expect(map(config, { meta: { key: "" } }, "msg_1")).toMatchObject({ dedupKey: "msg_1" });
    expect(map(config, {})).toMatchObject({ dedupKey: undefined });
  });

  test("has no blob where its payload has no file", () => {
    const blob_source = { file_field: "file", target_property: "video", blob_type: "video" };
    expect(map({ ...generic, blob_source }, { file: null })).toMatchObject({ blobs: [] });
  });

  test("names keys with dots by a pointer, and reads own keys alone", () => {
    const field_mapping = { string: "/a.b/0", object: "__proto__", number: "toString.length" };
    const payload = { "a.b": ["x"], ["__proto__"]: { y: 1 } };
    expect(map({ ...generic, field_mapping }, payload)).toMatchObject({
      fields: { string: "x", object: { y: 1 } },
    });
  });
});

describe("a value is brought into the type of its field where nothing is lost", () => {
  test.each<[JsonValue, string, JsonValue | undefined]>([
    [5, "string", "5"],
    [true, "string", "true"],
    ["5", "string", "5"],
    [{}, "string", undefined],
    [["a"], "text", undefined],
    ["5", "number", 5],
    ["-0.50", "number", -0.5],
    ["1e3", "number", 1000],
    ["0.1", "float", 0.1],
    ["0", "number", 0],
    ["-0", "number", 0],
    ["", "number", undefined],
    [" 5", "number", undefined],
    ["0x10", "number", undefined],
    ["05", "number", undefined],
    ["1e400", "number", undefined],
    ["1e-400", "number", undefined],
    ["9007199254740993", "number", undefined],
    ["0.12345678901234567890", "number", undefined],
    [true, "number", undefined],
    ["5", "integer", 5],
    ["5.0", "integer", 5],
    [5.5, "integer", undefined],
    ["9007199254740992", "integer", undefined],
    ["true", "boolean", true],
    ["false", "boolean", false],
    ["TRUE", "boolean", undefined],
    [1, "boolean", undefined],
    ["2026-10-01", "date", "2026-10-01"],
    ["2026-02-30", "date", undefined],
    ["2026-10-01T02:00:00+02:00", "date", "2026-10-01"],
    ["2026-10-01T12:00:00Z", "date", undefined],
    ["2026-10-01T12:00:00+02:00", "datetime", "2026-10-01T12:00:00+02:00"],
    ["2026-10-01", "datetime", "2026-10-01T00:00:00.000Z"],
    [1_790_856_000, "datetime", "2026-10-01T12:00:00.000Z"],
    ["1790856000", "datetime", "2026-10-01T12:00:00.000Z"],
    [1_790_856_000_000, "datetime", undefined],
    ["tomorrow", "datetime", undefined],
    [{ a: 1 }, "object", { a: 1 }],
    [null, "integer", null],
  ])("%j as %s is %j", (value, type, expected) => {
    expect(coerced(value, type)).toEqual(expected);
  });

  test("any number comes back from its text", () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(doubles, (value) => {
        expect(coerced(String(value), "number")).toBe(value + 0);
      }),
      { seed },
    );
  });

  test("what has its type stays as it is", () => {
    const spellings = fc.constantFrom(...types);
    fc.assert(
      fc.property(anyJson, spellings, (value, type) => {
        const once = coerced(value, type);
        if (once !== undefined) expect(coerced(once, type)).toEqual(once);
      }),
      { seed },
    );
  });
});

test("any payload is mapped, ignored or refused", () => {
  const config = MappingConfig.parse({
    ...generic,
    field_mapping: { string: "a", number: "b.0", date: "__proto__.a", object: "constructor" },
    blob_source: { file_field: "b", target_property: "video" },
    dedup_key: "a.b",
  });
  fc.assert(
    fc.property(anyDocument, (payload) => {
      try {
        expect(mapDelivery(config, schema, payload).kind).toBe("mapped");
      } catch (error) {
        expect(error).toMatchObject({ code: "VALIDATION_FAILED" });
      }
    }),
    { seed },
  );
});
