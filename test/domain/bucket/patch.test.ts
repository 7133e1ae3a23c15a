/** The rules of the three media types, as far as they differ, by the document that they leave. */
import { describe, test } from "vitest";
import type { JsonObject } from "../../../src/domain/json.js";
import { created, given, patch, plainDocument } from "../specification.js";

const json = "application/json";
const merge = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";

const adapter: JsonObject = {
  adapter_type: "mux",
  enabled: true,
  field_mapping: { title: "data.title" },
  webhook_secret: "sec_stored",
};

const full: JsonObject = {
  bucket_name: "videos",
  description: "Films",
  metadata: { team: "a", nested: { x: 1, y: 2 } },
  bucket_schema: { properties: { title: { type: "text" } } },
  storage_class: "standard",
  source_adapter: adapter,
};

const { description: _, ...withoutDescription } = full;
const { storage_class: __, ...withoutStorageClass } = full;
const { source_adapter: ___, ...withoutAdapter } = full;

describe("a partial update (application/json)", () => {
  const when = (body: JsonObject) => given([created(full)]).when(patch(json, body));

  test("refuses what does not fit a field", () => {
    when({ storage_class: "warm" }).thenInvalid(["storage_class"], "invalid_value");
    when({ bucket_schema: {} }).thenInvalid(["bucket_schema", "properties"], "invalid_schema");
  });

  test("leaves absent fields as they are", () => {
    when({}).thenDocument(full);
  });

  test("ignores unknown and read-only fields", () => {
    when({ unknown: 1, object_count: 5, constructor: 1 }).thenDocument(full);
    when(JSON.parse('{"__proto__":{"description":"no"}}')).thenDocument(full);
  });

  test("replaces the whole of a field", () => {
    when({ metadata: { nested: { z: null } } }).thenDocument({
      ...full,
      metadata: { nested: { z: null } },
    });
    when({ bucket_schema: { properties: {} } }).thenDocument({
      ...full,
      bucket_schema: { properties: {} },
    });
  });

  test("clears description, storage class and source adapter by null", () => {
    when({ description: null }).thenDocument(withoutDescription);
    when({ storage_class: null }).thenDocument(withoutStorageClass);
    when({ source_adapter: null }).thenDocument(withoutAdapter);
  });

  test("empties metadata by null", () => {
    when({ metadata: null }).thenDocument({ ...full, metadata: {} });
  });

  test("leaves name and schema as they are by null", () => {
    when({ bucket_name: null, bucket_schema: null }).thenDocument(full);
  });

  test("replaces the adapter whole and keeps its webhook secret, absent, null or masked", () => {
    const sent = { adapter_type: "mux", enabled: true, field_mapping: { id: "data.id" } };
    const after = { ...full, source_adapter: { ...sent, webhook_secret: "sec_stored" } };
    when({ source_adapter: sent }).thenDocument(after);
    when({ source_adapter: { ...sent, webhook_secret: null } }).thenDocument(after);
    when({ source_adapter: { ...sent, webhook_secret: "********" } }).thenDocument(after);
    when({ source_adapter: { adapter_type: "supabase" } }).thenDocument({
      ...full,
      source_adapter: { adapter_type: "supabase", enabled: true, webhook_secret: "sec_stored" },
    });
  });
});

describe("a merge patch", () => {
  const when = (body: JsonObject) => given([created(full)]).when(patch(merge, body));

  test("refuses to remove or break a required field", () => {
    when({ bucket_name: null }).thenInvalid(["bucket_name"], "missing");
    when({ bucket_schema: null }).thenInvalid(["bucket_schema"], "missing");
    when({ bucket_schema: { properties: null } }).thenInvalid(
      ["bucket_schema", "properties"],
      "invalid_schema",
    );
    when({ bucket_schema: { properties: { title: { type: null } } } }).thenInvalid(
      ["bucket_schema", "properties", "title", "type"],
      "invalid_schema",
    );
    when({ source_adapter: { adapter_type: null } }).thenInvalid(
      ["source_adapter", "adapter_type"],
      "invalid_value",
    );
  });

  test("merges below and removes by null", () => {
    when({ metadata: { nested: { x: null, z: 3 } } }).thenDocument({
      ...full,
      metadata: { team: "a", nested: { y: 2, z: 3 } },
    });
    when({ description: null }).thenDocument(withoutDescription);
    when({ storage_class: null }).thenDocument(withoutStorageClass);
    when({ source_adapter: null }).thenDocument(withoutAdapter);
  });

  test("leaves an empty object where metadata was removed", () => {
    when({ metadata: null }).thenDocument({ ...full, metadata: {} });
  });

  test("ignores unknown and read-only fields", () => {
    when({ unknown: { deep: 1 }, created_at: null }).thenDocument(full);
  });

  test("keeps what it does not name in the adapter, and makes a new secret for a removed one", () => {
    when({ source_adapter: { enabled: false } }).thenDocument({
      ...full,
      source_adapter: { ...adapter, enabled: false },
    });
    when({ source_adapter: { webhook_secret: null } }).thenDocument({
      ...full,
      source_adapter: { ...adapter, webhook_secret: "sec_generated" },
    });
  });
});

describe("a JSON Patch", () => {
  const when = (...operations: JsonObject[]) =>
    given([created(full)]).when(patch(jsonPatch, operations));

  test("refuses unknown and read-only fields, as path and as from", () => {
    for (const path of [
      "/unknown",
      "/object_count",
      "/unique_key",
      "/constructor",
      "/__proto__/x",
    ]) {
      when({ op: "add", path, value: 1 }).thenInvalid([0, "path"], "not_patchable");
      when({ op: "copy", from: path, path: "/metadata/x" }).thenInvalid(
        [0, "from"],
        "not_patchable",
      );
      when({ op: "move", from: path, path: "/metadata/x" }).thenInvalid(
        [0, "from"],
        "not_patchable",
      );
    }
    when({ op: "add", path: "", value: { ...plainDocument, unknown: 1 } }).thenInvalid(
      ["unknown"],
      "not_patchable",
    );
  });

  test("refuses to remove or break a required field", () => {
    when({ op: "remove", path: "/bucket_name" }).thenInvalid(["bucket_name"], "missing");
    when({ op: "remove", path: "/bucket_schema" }).thenInvalid(["bucket_schema"], "missing");
    when({ op: "replace", path: "/bucket_name", value: null }).thenInvalid(
      ["bucket_name"],
      "missing",
    );
    when({ op: "replace", path: "/bucket_name", value: 1 }).thenInvalid(
      ["bucket_name"],
      "invalid_type",
    );
    when({ op: "remove", path: "" }).thenInvalid([], "object_expected");
    when({ op: "replace", path: "", value: [] }).thenInvalid([], "object_expected");
  });

  test("answers a malformed operation and a missing path by its index", () => {
    when(
      { op: "test", path: "/metadata/team", value: "a" },
      { op: "spam", path: "/a" },
    ).thenRefused("BAD_REQUEST", { operation_index: 1 });
    when({ op: "remove", path: "/metadata/gone" }).thenRefused("CONFLICT", { operation_index: 0 });
    given([created()])
      .when(patch(jsonPatch, [{ op: "replace", path: "/description", value: "d" }]))
      .thenRefused("CONFLICT", { operation_index: 0 });
  });

  test("changes, moves and removes", () => {
    when(
      { op: "test", path: "/metadata/team", value: "a" },
      { op: "move", from: "/description", path: "/metadata/description" },
      { op: "remove", path: "/storage_class" },
      { op: "add", path: "/metadata/__proto__", value: { x: 1 } },
      { op: "remove", path: "/metadata/__proto__" },
    ).thenDocument({
      bucket_name: "videos",
      metadata: { team: "a", nested: { x: 1, y: 2 }, description: "Films" },
      bucket_schema: { properties: { title: { type: "text" } } },
      source_adapter: adapter,
    });
  });

  test("leaves an empty object where metadata was removed or made null", () => {
    when({ op: "remove", path: "/metadata" }).thenDocument({ ...full, metadata: {} });
    when({ op: "replace", path: "/metadata", value: null }).thenDocument({ ...full, metadata: {} });
  });

  test("may remove a required field as long as it is there in the end", () => {
    when(
      { op: "move", from: "/bucket_name", path: "/metadata/old_name" },
      { op: "add", path: "/bucket_name", value: "clips" },
    ).thenDocument({
      ...full,
      bucket_name: "clips",
      metadata: { team: "a", nested: { x: 1, y: 2 }, old_name: "videos" },
    });
  });
});
