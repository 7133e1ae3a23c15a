import { describe, expect, test } from "vitest";
import { SourceAdapter } from "../../../src/domain/bucket/source-adapter.js";
import type { JsonObject } from "../../../src/domain/json.js";

function parse(fields: JsonObject) {
  return SourceAdapter.parse({ adapter_type: "generic_webhook", ...fields });
}

describe("an adapter is refused", () => {
  const url = "https://api.example";
  test.each([
    ["without a type", { adapter_type: null }],
    ["of an unknown type", { adapter_type: "s3" }],
    [
      "with both connection_id and connection",
      { connection_id: "a", connection: { api_base_url: url } },
    ],
    ["with a connection without URL", { connection: { credentials: {} } }],
    ["with a URL of another scheme", { connection: { api_base_url: "file:///etc/passwd" } }],
    ["with a password in its URL", { connection: { api_base_url: "https://a:b@api.example" } }],
    ["with credentials that are text", { connection: { api_base_url: url, credentials: "a" } }],
    ["with a mapping to a number", { field_mapping: { title: 1 } }],
    ["with a window of no time", { batching: { window_seconds: 0 } }],
    ["with an unknown batching mode", { batching: { mode: "never" } }],
    ["with a blob source without property", { blob_source: { file_field: "a" } }],
    ["with an empty webhook secret", { webhook_secret: "" }],
  ])("%s", (_, fields) => {
    expect(SourceAdapter.safeParse({ adapter_type: "mux", ...fields }).success).toBe(false);
  });
});

test("an adapter is kept without nulls and unknown keys, with its defaults", () => {
  expect(
    parse({
      enabled: null,
      connection_id: null,
      connection: { api_base_url: "https://api.example", credentials: null, extra: 1 },
      event_filter: null,
      blob_source: { file_field: "data.url", target_property: "video" },
      batching: {},
      webhook_url: "https://a.example",
    }),
  ).toStrictEqual({
    adapter_type: "generic_webhook",
    enabled: true,
    connection: { api_base_url: "https://api.example" },
    blob_source: { file_field: "data.url", target_property: "video", blob_type: "video" },
    batching: { mode: "time_window", window_seconds: 30, max_batch_size: 100, auto_submit: true },
  });
});

test("what is kept is kept again as it is", () => {
  const once = parse({
    connection: { api_base_url: "http://a.example", credentials: { a: null } },
    batching: { mode: "size", auto_submit: false },
    field_mapping: JSON.parse('{"__proto__":"data.a"}'),
  });
  expect(JSON.stringify(SourceAdapter.parse(once))).toBe(JSON.stringify(once));
  expect(JSON.stringify(once)).toContain('"__proto__":"data.a"');
});
