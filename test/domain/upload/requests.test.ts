import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { limits } from "../../../src/domain/limits.js";
import { parseBody } from "../../../src/domain/schemas.js";
import {
  ConfirmUploadRequest,
  ConfirmUploadsRequest,
  CreateUploadRequest,
  CreateUploadsRequest,
  uploadsOf,
} from "../../../src/domain/upload/requests.js";
import { refusalOf } from "../refusal.js";

const file = { filename: "a.mp4", content_type: "video/mp4" };
const hash = "ab".repeat(32);
const full = Array.from({ length: limits.uploadsAtOnceMax }, () => file);

describe("an upload is refused", () => {
  test.each<[string, object]>([
    ["of a file without a name", { filename: "" }],
    ["of a file elsewhere", { filename: "../a.mp4" }],
    ["of a file elsewhere on Windows", { filename: "..\\a.mp4" }],
    ["of a folder", { filename: ".." }],
    ["of a name with a line feed", { filename: "a\n.mp4" }],
    ["of a name too long", { filename: "x".repeat(limits.nameLengthMax + 1) }],
    ["of no media type", { content_type: "video" }],
    ["of a media type with a line feed", { content_type: "video/mp4\nX: y" }],
    ["of a media type with one behind", { content_type: "video/mp4;a\n" }],
    ["of less than nothing", { file_size_bytes: -1 }],
    ["of half a byte", { file_size_bytes: 0.5 }],
    ["of no bytes", { file_size_bytes: 0 }],
    ["of a blob of another type than there is", { blob_type: "movie" }],
    ["of too much", { file_size_bytes: limits.uploadBytesMax + 1 }],
    ["with what is no SHA-256", { file_hash: "d41d8cd98f00b204e9800998ecf8427e" }],
    ["for too short a time", { presigned_url_expiration: limits.uploadSecondsMin - 1 }],
    ["for too long a time", { presigned_url_expiration: limits.uploadSecondsMax + 1 }],
    ["for a property without a name", { blob_property: "" }],
  ])("%s", (_, fields) => {
    const refusal = refusalOf(() => parseBody(CreateUploadRequest, { ...file, ...fields }));
    expect(refusal.code).toBe("VALIDATION_FAILED");
    expect(refusal.details["validation_errors"]).toMatchObject([
      { location: ["body", Object.keys(fields)[0]] },
    ]);
  });
});

describe("a request is refused", () => {
  test.each<[string, z.ZodType, unknown]>([
    ["that makes none", CreateUploadsRequest, { uploads: [] }],
    ["that makes too many", CreateUploadsRequest, { uploads: [...full, file] }],
    ["that confirms by no size", ConfirmUploadRequest, { file_size_bytes: "12" }],
    ["that confirms none", ConfirmUploadsRequest, { confirmations: [] }],
    ["that confirms what it does not name", ConfirmUploadsRequest, { confirmations: [{}] }],
  ])("%s", (_, schema, body) => {
    expect(refusalOf(() => parseBody(schema, body)).code).toBe("VALIDATION_FAILED");
  });
});

test("an upload has defaults, also where a client sends null", () => {
  const defaults = {
    ...file,
    metadata: {},
    create_object_on_confirm: true,
    object_metadata: {},
    presigned_url_expiration: 3_600,
    skip_duplicates: true,
  };
  expect(parseBody(CreateUploadRequest, file)).toEqual(defaults);
  const names = ["file_size_bytes", "file_hash", "metadata", "create_object_on_confirm"];
  const more = ["object_metadata", "blob_property", "presigned_url_expiration"];
  const newer = ["blob_type", "skip_duplicates"];
  const nulls = Object.fromEntries([...names, ...more, ...newer].map((name) => [name, null]));
  expect(parseBody(CreateUploadRequest, { ...file, ...nulls })).toEqual(defaults);
});

test.each([
  ["the largest file", { file_size_bytes: limits.uploadBytesMax }],
  ["the smallest file", { file_size_bytes: 1 }],
  ["a media type with parameters", { content_type: 'text/plain; charset="utf-8"' }],
  ["a structured media type", { content_type: "application/vnd.api+json" }],
  ["the shortest time", { presigned_url_expiration: limits.uploadSecondsMin }],
  ["the longest time", { presigned_url_expiration: limits.uploadSecondsMax }],
])("an upload takes %s", (_, fields) => {
  expect(parseBody(CreateUploadRequest, { ...file, ...fields })).toMatchObject(fields);
});

test("hashes and entity tags are compared in lower case and without quotes", () => {
  const body = { etag: `"${hash.toUpperCase()}"`, file_hash: hash.toUpperCase() };
  expect(parseBody(ConfirmUploadRequest, body)).toEqual({ etag: hash, file_hash: hash });
});

test("what uploads share is theirs unless they say otherwise", () => {
  const request = parseBody(CreateUploadsRequest, {
    uploads: [file, { ...file, metadata: { a: 2 }, object_metadata: { c: 4 } }],
    shared_metadata: { a: 1, b: 1 },
    shared_object_metadata: { c: 3 },
  });
  expect(uploadsOf(request)).toMatchObject([
    { metadata: { a: 1, b: 1 }, object_metadata: { c: 3 } },
    { metadata: { a: 2, b: 1 }, object_metadata: { c: 4 } },
  ]);
});

test("as many confirmations are taken as uploads", () => {
  const confirmations = full.map((_, index) => ({ upload_id: `upl_${index}` }));
  expect(parseBody(ConfirmUploadsRequest, { confirmations }).confirmations).toHaveLength(100);
});
