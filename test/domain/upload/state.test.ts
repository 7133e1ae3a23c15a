import { expect, test } from "vitest";
import { uploadChanges } from "../../../src/domain/upload/events.js";
import { renderUpload, uploadCatalog, uploadFields } from "../../../src/domain/upload/response.js";
import { UploadState, uploadStatusAt } from "../../../src/domain/upload/state.js";
import { bucketId, now } from "../specification.js";
import {
  announced,
  confirmed,
  expiresAt,
  hash,
  otherHash,
  uploadAfter,
  uploadId,
} from "./specification.js";

const createdAt = new Date(now).toISOString();
const deleted = { type: "upload.deleted" as const, data: {} };
const presignedUrl = "https://buckets.example/v1/uploads/x?signature=y";

test("an upload begins with its creation, once", () => {
  expect(() => uploadAfter(confirmed)).toThrow(/does not begin with its creation/);
  expect(() => uploadAfter(announced(), announced())).toThrow(/was created twice/);
});

test.each([
  ["announced", uploadAfter(announced(12, hash))],
  ["confirmed", uploadAfter(announced(), confirmed)],
  ["deleted", uploadAfter(announced(), deleted)],
])("one that was %s is of the shape that is stored", (_, state) => {
  expect(UploadState.parse(state)).toStrictEqual(state);
});

test("it expires at the instant and not before, unless it was confirmed", () => {
  const waiting = uploadAfter(announced());
  expect(uploadStatusAt(waiting, expiresAt - 1)).toBe("PENDING");
  expect(uploadStatusAt(waiting, expiresAt)).toBe("FAILED");
  expect(uploadStatusAt(uploadAfter(announced(), confirmed), expiresAt)).toBe("COMPLETED");
});

test("a deleted upload says when", () => {
  expect(uploadAfter(announced(), deleted).deleted).toStrictEqual({ deleted_at: createdAt });
});

const waiting = {
  upload_id: uploadId,
  bucket_id: bucketId,
  filename: "title.mp4",
  content_type: "video/mp4",
  metadata: { source: "camera" },
  create_object_on_confirm: true,
  object_metadata: {},
  blob_property: "title",
  s3_key: `${bucketId}/${uploadId}/title.mp4`,
  skip_duplicates: true,
  is_duplicate: false,
  skipped_unique_key: false,
  presigned_url_expiration: 3_600,
  status: "PENDING",
  created_at: createdAt,
  updated_at: createdAt,
  expires_at: new Date(expiresAt).toISOString(),
};

test("an upload that waits shows its URL to whom it is given", () => {
  const state = uploadAfter(announced());
  expect(renderUpload(state, { at: now })).toStrictEqual(waiting);
  expect(renderUpload(state, { at: now, presignedUrl })).toStrictEqual({
    ...waiting,
    presigned_url: presignedUrl,
  });
});

test("one that waits no longer shows no URL", () => {
  const expired = renderUpload(uploadAfter(announced()), { at: expiresAt, presignedUrl });
  expect(expired).toStrictEqual({ ...waiting, status: "FAILED" });
});

test("a confirmed upload shows what arrived and not what was announced", () => {
  const state = uploadAfter(announced(1, otherHash), confirmed);
  expect(renderUpload(state, { at: now, presignedUrl })).toStrictEqual({
    ...waiting,
    status: "COMPLETED",
    file_size_bytes: 12,
    file_hash: hash,
    etag: hash,
    object_id: "obj_a",
    completed_at: createdAt,
    verified_at: createdAt,
  });
});

test("one from before duplicates were looked for says that they were not", () => {
  const event = announced();
  if (event.type !== "upload.created") throw new Error("an upload begins with its creation");
  const { skip_duplicates: _, ...document } = event.data.document;
  const state = uploadAfter({ ...event, data: { ...event.data, document } });
  expect(renderUpload(state, { at: now })).toStrictEqual({ ...waiting, skip_duplicates: false });
});

test("filters know every field and every time", () => {
  const fields = uploadFields(uploadAfter(announced(), confirmed), { at: now, presignedUrl });
  expect(uploadCatalog.names).toEqual(expect.arrayContaining(Object.keys(fields)));
  const times = Object.keys(fields).filter((name) => name.endsWith("_at"));
  expect(uploadCatalog.times).toEqual(expect.arrayContaining(times));
});

test("history shows what was announced, and nothing for the rest", () => {
  expect(uploadChanges(announced(12))).toContainEqual({
    op: "add",
    path: "/file_size_bytes",
    value: 12,
  });
  expect(uploadChanges(announced())).toHaveLength(7);
  expect(uploadChanges(confirmed)).toStrictEqual([]);
  expect(uploadChanges(deleted)).toStrictEqual([]);
});
