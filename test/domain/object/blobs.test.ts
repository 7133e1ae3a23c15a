/** What data a blob can have, and how the blobs of a write are found again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/domain/json.js";
import { limits } from "../../../src/domain/limits.js";
import {
  BlobRequest,
  base64Bytes,
  classifyBlobData,
  PreparedBlob,
  resolveBlobs,
  staysInEvent,
} from "../../../src/domain/object/blobs.js";
import { parseBody } from "../../../src/domain/schemas.js";
import { seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";
import { blob, kept } from "./specification.js";

function request(fields: JsonObject): BlobRequest {
  return parseBody(BlobRequest, { property: "file", type: "image", ...fields });
}

function classify(type: string, data: JsonValue) {
  return classifyBlobData(request({ type, data }), ["blobs", 0]);
}

describe("a blob in a request is refused", () => {
  test.each([
    ["without data and upload_id", {}, []],
    ["with both", { data: "a", upload_id: "upl_1" }, []],
    ["with null for both", { data: null, upload_id: null }, []],
    ["with a type that is none of blobs", { type: "integer", data: 1 }, ["type"]],
    ["without a property", { property: "", data: "a" }, ["property"]],
    ["with a property of 101 characters", { property: "a".repeat(101), data: "a" }, ["property"]],
    ["with metadata that is no object", { metadata: [], data: "a" }, ["metadata"]],
  ])("%s", (_, fields, at) => {
    expect(refusalOf(() => request(fields)).details["validation_errors"]).toMatchObject([
      { location: ["body", ...at] },
    ]);
  });
});

test("types of blobs are written in either case", () => {
  expect(request({ type: "PDF", data: "a" }).type).toBe("pdf");
});

describe("data is refused", () => {
  const refused: readonly (readonly [string, JsonValue, readonly string[]])[] = [
    ["image", "a.png", []],
    ["image", 1, []],
    ["image", ["https://example.com"], []],
    ["image", { title: "x" }, []],
    ["text", { title: "x" }, []],
    ["text", 5, []],
    ["image", "https://user:password@example.com/a.png", []],
    ["image", `https://example.com/${"a".repeat(8 * 1024)}`, []],
    ["image", { url: "a.png" }, ["url"]],
    ["image", { url: "https://" }, ["url"]],
    ["image", { url: "https://user@example.com/" }, ["url"]],
    ["image", { url: 1 }, ["url"]],
    ["image", { url: "https://example.com", size_bytes: -1 }, ["size_bytes"]],
    ["image", { url: "https://example.com", size_bytes: 1.5 }, ["size_bytes"]],
    ["image", { base64: "a" }, ["base64"]],
    ["image", { base64: 1 }, ["base64"]],
    ["image", "data:image/png;base64,a", []],
    ["image", "data:image/png,%ff", []],
  ];

  test.each(refused)("of a %s blob: %j", (type, data, at) => {
    const { code, details } = refusalOf(() => classify(type, data));
    expect(code).toBe("VALIDATION_FAILED");
    expect(details["validation_errors"]).toMatchObject([
      { location: ["body", "blobs", 0, "data", ...at] },
    ]);
  });
});

describe("data is taken for", () => {
  test("an upload by its id", () => {
    const upload = request({ upload_id: "upl_1", data: null });
    expect(classifyBlobData(upload, [])).toEqual({ kind: "upload", uploadId: "upl_1" });
  });

  test.each(["https://example.com/a.png", "s3://bucket/a", "HTTP://EXAMPLE.COM"])(
    "the URL %s, whatever the type",
    (url) => {
      for (const type of ["image", "text", "json"]) {
        expect(classify(type, url)).toEqual({ kind: "url", url, sizeBytes: 0 });
      }
    },
  );

  test("a URL with what is declared of it", () => {
    const declared = { size_bytes: 5, mime_type: "image/png", filename: "a.png" };
    expect(classify("image", { url: "https://example.com/a", ...declared })).toEqual({
      kind: "url",
      url: "https://example.com/a",
      sizeBytes: 5,
      mimeType: "image/png",
      filename: "a.png",
    });
  });

  test("bytes, with their size once they are decoded", () => {
    expect(classify("image", { base64: "AQI=", filename: "a.png", mime_type: null })).toEqual({
      kind: "inline",
      base64: "AQI=",
      sizeBytes: 2,
      filename: "a.png",
    });
  });

  test.each([
    ["data:image/png;base64,AQI=", { kind: "inline", base64: "AQI=", mimeType: "image/png" }],
    ["data:;base64,AQI=", { kind: "inline", base64: "AQI=", mimeType: "text/plain" }],
    [
      "data:text/plain;charset=UTF-8;base64,AQI=",
      { kind: "inline", mimeType: "text/plain;charset=utf-8" },
    ],
    ["DATA:image/svg+xml,%3Csvg/%3E", { kind: "text", text: "<svg/>", mimeType: "image/svg+xml" }],
    ["data:,", { kind: "text", text: "", sizeBytes: 0 }],
  ])("the data URI %s", (uri, expected) => {
    expect(classify("image", uri)).toMatchObject(expected);
  });

  test("a text, measured in bytes", () => {
    expect(classify("text", "é")).toMatchObject({ kind: "text", text: "é", sizeBytes: 2 });
    for (const text of ["", "see https://example.com", "data: none, so far", "http://a b"]) {
      expect(classify("text", text)).toMatchObject({ kind: "text", text });
    }
  });

  test("a JSON value", () => {
    const values = [1, true, "a", [1], { a: 1 }, { url: "https://example.com", title: "x" }];
    for (const value of values) {
      const sizeBytes = JSON.stringify(value).length;
      expect(classify("json", value)).toMatchObject({ kind: "json", value, sizeBytes });
    }
  });

  test("a URL or bytes of a JSON blob, when it says nothing else", () => {
    expect(classify("json", { url: "https://example.com/a" }).kind).toBe("url");
    expect(classify("json", { base64: "e30=" }).kind).toBe("inline");
  });
});

test("values of up to 16 KiB stay in the event, larger ones and bytes do not", () => {
  const text = "a".repeat(limits.inlineValueBytesMax);
  expect(staysInEvent(classify("text", text))).toBe(true);
  expect(staysInEvent(classify("text", `${text}a`))).toBe(false);
  expect(staysInEvent(classify("json", text.slice(2)))).toBe(true);
  expect(staysInEvent(classify("json", text.slice(1)))).toBe(false);
  expect(staysInEvent(classify("text", { base64: "AQI=" }))).toBe(false);
});

describe("base64", () => {
  test.each([
    "a",
    "ab",
    "abc",
    "=",
    "==",
    "====",
    "a===",
    "ab=c",
    "ab==cdef",
    "a b=",
    "ab-_",
    "é===",
  ])("is not %j", (text) => {
    expect(base64Bytes(text)).toBeUndefined();
  });

  test("is what encodes bytes, and as many of them as were encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(base64Bytes(Buffer.from(bytes).toString("base64"))).toBe(bytes.length);
      }),
      { seed, numRuns: 300 },
    );
  });

  test("is measured up to the largest body", () => {
    const text = "A".repeat(16 * 1024 * 1024);
    expect(base64Bytes(text)).toBe(12 * 1024 * 1024);
    expect(base64Bytes(`${text}AAA*`)).toBeUndefined();
  });
});

describe("the blobs of a write", () => {
  const stored = { metadata: {}, blobs: [kept("blob_1"), kept("blob_2")] };

  function resolve(list: JsonValue, brought: readonly PreparedBlob[] = [], skipDuplicates = false) {
    return resolveBlobs(list, { before: stored, brought, skipDuplicates });
  }

  function idsOf(blobs: readonly JsonObject[]) {
    return blobs.map(({ blob_id }) => blob_id);
  }

  const forged = { blob_id: "blob_9", source: { kind: "stored", hash: "of somebody" } };
  test.each([
    ["are no list", {}, [], "array_type"],
    ["hold one that is not there", [{ blob_id: "blob_9" }], [0], "unknown_blob"],
    ["hold one that was made up", [forged], [0], "unknown_blob"],
    ["hold what is no blob", [{ blob_id: "blob_1" }, 1], [1], "unknown_blob"],
    ["hold one twice", [{ blob_id: "blob_1" }, { blob_id: "blob_1" }], [1], "repeated"],
    [
      "give properties that are none",
      [{ blob_id: "blob_1", properties: 1 }],
      [0, "properties"],
      "custom",
    ],
  ])("are refused when they %s", (_, list, at, type) => {
    expect(refusalOf(() => resolve(list)).details["validation_errors"]).toMatchObject([
      { location: ["body", "blobs", ...at], type },
    ]);
  });

  test("are refused beyond 1,000", () => {
    const blobs = Array.from({ length: 1_001 }, (_, index) => blob(`new_${index}`));
    const list = blobs.map(({ blob_id }) => ({ blob_id }));
    expect(refusalOf(() => resolve(list, blobs)).details["validation_errors"]).toMatchObject([
      { type: "too_many" },
    ]);
    expect(resolve(list.slice(1), blobs)).toHaveLength(1_000);
  });

  test("stay what they are, whatever is sent with them but properties", () => {
    const sent = { ...kept("blob_1"), source: { kind: "url", url: "x" }, details: {}, type: "pdf" };
    expect(resolve([sent])).toEqual([kept("blob_1")]);
    expect(resolve([{ blob_id: "blob_1", properties: { a: 1 } }])).toEqual([
      { ...kept("blob_1"), properties: { a: 1 } },
    ]);
    expect(resolve([{ blob_id: "blob_1", metadata: { a: 1 } }])).toMatchObject([
      { properties: { a: 1 } },
    ]);
  });

  test("are in the order in which they are sent", () => {
    const list = [{ blob_id: "blob_2" }, { blob_id: "blob_3" }, { blob_id: "blob_1" }];
    expect(idsOf(resolve(list, [blob("blob_3")]))).toEqual(["blob_2", "blob_3", "blob_1"]);
  });

  test("are registered again although their content is there, unless that is to be skipped", () => {
    const same = blob("blob_3", "file", "hash of blob_1");
    const list = [{ blob_id: "blob_3" }];
    expect(idsOf(resolve(list, [same]))).toEqual(["blob_3"]);
    expect(idsOf(resolve(list, [same], true))).toEqual(["blob_1"]);
  });

  test("are skipped when one before them in the same list has their content", () => {
    const twins = [blob("blob_3", "file", "same"), blob("blob_4", "file", "same")];
    const list = [{ blob_id: "blob_1" }, { blob_id: "blob_3" }, { blob_id: "blob_4" }];
    expect(idsOf(resolve(list, twins, true))).toEqual(["blob_1", "blob_3"]);
  });

  test("are skipped wherever the one that is there stands in the list", () => {
    const same = blob("blob_3", "file", "hash of blob_1");
    const list = [{ blob_id: "blob_3" }, { blob_id: "blob_1" }];
    expect(idsOf(resolve(list, [same], true))).toEqual(["blob_1"]);
  });

  test("are not skipped for another property or another URL", () => {
    const other = blob("blob_3", "cover", "hash of blob_1");
    const urls = ["https://example.com/a", "https://example.com/b"].map((url, index) => ({
      ...blob(`blob_${index + 4}`),
      source: { kind: "url" as const, url },
      details: { size_bytes: 0 },
    }));
    const list = [{ blob_id: "blob_3" }, { blob_id: "blob_4" }, { blob_id: "blob_5" }];
    expect(resolve(list, [other, ...urls], true)).toHaveLength(3);
  });
});

test("a prepared blob is kept as JSON, and read as it was", () => {
  expect(PreparedBlob.parse(kept("blob_1"))).toEqual(blob("blob_1"));
});
