import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import {
  CreateManyRequest,
  CreateObjectRequest,
  checkCreateObject,
  checkPatchObject,
  PatchObjectRequest,
  takeBlobs,
} from "../../../src/domain/object/requests.js";
import { parseBody } from "../../../src/domain/schemas.js";
import { refusalOf } from "../refusal.js";

const json = "application/json";
const merge = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";
const file = { property: "file", type: "video", data: "https://example.com/a.mp4" };

function faults(act: () => unknown) {
  return refusalOf(act).details["validation_errors"];
}

describe("a creation", () => {
  test.each([
    ["that is no object", [], []],
    ["with metadata that is none", { metadata: 1 }, ["metadata"]],
    ["with a list of blobs that is none", { blobs: {} }, ["blobs"]],
    ["with a blob of no type", { blobs: [{ ...file, type: null }] }, ["blobs", 0, "type"]],
    [
      "with a blob that is only named",
      { blobs: [{ blob_id: "blob_1" }] },
      ["blobs", 0, "property"],
    ],
    ["with skip_duplicates that is no boolean", { skip_duplicates: 1 }, ["skip_duplicates"]],
  ])("is refused %s", (_, body: JsonValue, at) => {
    const issues = faults(() => checkCreateObject(body, false));
    expect(issues).toContainEqual(expect.objectContaining({ location: ["body", ...at] }));
  });

  test("has what it cannot set ignored by name, or refused when it is strict", () => {
    const body = { object_id: "a", status: "x", blobs: [{ ...file, blob_id: "b", hash: 1 }], n: 1 };
    const ignored = ["object_id", "status", "blobs.0.blob_id", "blobs.0.hash"];
    expect(checkCreateObject(body, false)).toEqual(ignored);
    expect(faults(() => checkCreateObject(body, true))).toMatchObject([
      { type: "read_only", location: ["body", "object_id"] },
      { type: "read_only", location: ["body", "status"] },
      { type: "unknown_field", location: ["body", "blobs", "0", "blob_id"] },
      { type: "unknown_field", location: ["body", "blobs", "0", "hash"] },
    ]);
  });

  test("takes any other root field, and nulls", () => {
    const body = {
      title: "x",
      metadata: null,
      blobs: null,
      key_prefix: null,
      skip_duplicates: null,
    };
    expect(checkCreateObject(body, true)).toEqual([]);
  });
});

describe("a patch", () => {
  test("is refused where its shape does not fit its media type", () => {
    expect(faults(() => checkPatchObject(json, { blobs: [1] }, false))).toMatchObject([
      { location: ["body", "blobs", 0] },
    ]);
    expect(refusalOf(() => checkPatchObject(merge, [], false)).code).toBe("VALIDATION_FAILED");
    expect(refusalOf(() => checkPatchObject(jsonPatch, {}, false)).code).toBe("BAD_REQUEST");
  });

  test("may send blobs back as they were read", () => {
    const read = {
      blob_id: "blob_1",
      property: "file",
      type: "video",
      properties: {},
      details: {},
    };
    expect(checkPatchObject(json, { blobs: [read, { blob_id: "blob_2" }, file] }, true)).toEqual(
      [],
    );
  });

  test("has what it cannot set ignored by name", () => {
    expect(checkPatchObject(json, { created_at: "x" }, false)).toEqual(["created_at"]);
    expect(checkPatchObject(merge, { created_at: null }, false)).toEqual(["created_at"]);
    expect(checkPatchObject(jsonPatch, [], true)).toEqual([]);
  });
});

test.each([CreateObjectRequest, PatchObjectRequest])(
  "a request is described as open for the user's fields",
  (schema) => {
    const described = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    expect(Object.keys(described.properties ?? {})).toEqual([
      "key_prefix",
      "metadata",
      "skip_duplicates",
      "canonicalize_source",
      "force_remirror",
      "blobs",
    ]);
    expect(described.additionalProperties).toMatchObject({ description: "Any JSON value." });
  },
);

test.each([
  ["none", []],
  ["101", Array.from({ length: 101 }, () => ({}))],
  ["what is no object", [{}, 1]],
])("a batch of %s is refused", (_, objects) => {
  expect(refusalOf(() => parseBody(CreateManyRequest, { objects })).code).toBe("VALIDATION_FAILED");
});

test("a batch takes 100 objects, and looks into none", () => {
  const objects = Array.from({ length: 100 }, () => ({ blobs: 1 }));
  expect(parseBody(CreateManyRequest, { objects }).objects).toHaveLength(100);
});

describe("the new blobs of a request", () => {
  function take(mediaType: Parameters<typeof takeBlobs>[0], body: JsonValue) {
    let count = 0;
    return takeBlobs(mediaType, body, () => {
      count += 1;
      return `new_${count}`;
    });
  }
  const kept = { blob_id: "blob_1", property: "file", type: "video" };

  test("are refused where they do not fit, at their place", () => {
    const body = [{ op: "add", path: "/blobs/-", value: { ...file, type: "x" } }];
    expect(faults(() => take(jsonPatch, body))).toMatchObject([
      { location: ["body", 0, "value", "type"] },
    ]);
  });

  test.each([json, merge] as const)("of %s are taken out, and references put in", (mediaType) => {
    const upload = { property: "file", type: "video", upload_id: "upl_1" };
    const body = { title: "x", skip_duplicates: true, blobs: [file, kept, upload] };
    const taken = take(mediaType, body);
    expect(taken.body).toEqual({
      ...body,
      blobs: [{ blob_id: "new_1" }, kept, { blob_id: "new_2" }],
    });
    expect(taken.blobs).toMatchObject([
      { blobId: "new_1", request: file, at: ["blobs", 0] },
      { blobId: "new_2", request: upload, at: ["blobs", 2] },
    ]);
    expect(taken.skipDuplicates).toBe(true);
  });

  test("of a JSON Patch are found by the path of each operation", () => {
    const reference: JsonObject = { blob_id: "new_1" };
    const cases: readonly (readonly [JsonObject, JsonValue])[] = [
      [{ op: "add", path: "/blobs/-", value: file }, reference],
      [{ op: "replace", path: "/blobs/0", value: file }, reference],
      [{ op: "add", path: "/blobs", value: [kept, file] }, [kept, reference]],
      [{ op: "replace", path: "", value: { blobs: [file] } }, { blobs: [reference] }],
    ];
    for (const [operation, value] of cases) {
      const taken = take(jsonPatch, [operation]);
      expect(taken.body).toEqual([{ ...operation, value }]);
      expect(taken.blobs).toHaveLength(1);
      expect(taken.skipDuplicates).toBe(false);
    }
  });

  test.each([
    [{ op: "test", path: "/blobs/0", value: file }],
    [{ op: "add", path: "/metadata/blobs", value: [file] }],
    [{ op: "add", path: "/blobs/0/properties", value: file }],
    [{ op: "remove", path: "/blobs/0" }],
  ])("are not what %j has", (operation) => {
    expect(take(jsonPatch, [operation])).toMatchObject({ body: [operation], blobs: [] });
  });

  test("are none where a request says nothing of blobs", () => {
    for (const body of [{}, { blobs: null }, { blobs: "x" }, { metadata: { blobs: [file] } }]) {
      expect(take(json, body)).toEqual({ body, blobs: [], skipDuplicates: false });
    }
  });
});
