import { describe, expect, test } from "vitest";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import { bucketId, created, locked, stateAfter } from "../specification.js";
import {
  announced,
  confirmCommand,
  confirmed,
  createCommand,
  expiresAt,
  given,
  hash,
  otherHash,
  uploadAfter,
  uploadId,
} from "./specification.js";

const every = [createCommand, confirmCommand, { type: "delete_upload" } as const];

describe("a bucket that is", () => {
  test.each(every)("locked takes no $type", (command) => {
    given(uploadAfter(announced(), confirmed), stateAfter([created(), locked()]))
      .when(command)
      .thenRefused("BUCKET_LOCKED", { holder: "grace" });
  });

  test.each(
    every.flatMap((command) => [
      { command, how: "suspended" as const },
      { command, how: "archived" as const },
    ]),
  )("$how takes no $command.type", ({ command, how }) => {
    const closed: BucketEvent = { type: `bucket.${how}`, data: {} };
    given(uploadAfter(announced(), confirmed), stateAfter([created(), closed]))
      .when(command)
      .thenRefused("BUCKET_LOCKED", { status: how.toUpperCase(), bucket_id: bucketId });
  });
});

describe("creating an upload", () => {
  test.each<[string, Partial<typeof createCommand>]>([
    ["named by its file", { filename: "holiday.mp4" }],
    ["named", { blobProperty: "holiday" }],
    ["inherited from every object", { blobProperty: "toString" }],
  ])("for a property that the schema lacks, %s, is refused", (_, fields) => {
    given(undefined)
      .when({ ...createCommand, ...fields })
      .thenInvalid("blob_property", "unknown_property");
  });

  test("announces the file, for a property of its name", () => {
    given(undefined).when(createCommand).thenEvent(announced());
    given(undefined)
      .when({ ...createCommand, sizeBytes: 12, hash })
      .thenEvent(announced(12, hash));
  });

  test.each([
    ["a.tar.gz", "a.tar"],
    [".profile", ".profile"],
    ["plain", "plain"],
  ])("of %s that becomes no object asks for no property of the schema", (filename, property) => {
    const { outcome } = given(undefined).when({ ...createCommand, filename, createObject: false });
    expect(outcome).toMatchObject({ data: { document: { blob_property: property } } });
  });
});

describe("confirming an upload is refused", () => {
  test("when it was confirmed already", () => {
    const twice = given(uploadAfter(announced(), confirmed)).when(confirmCommand);
    twice.thenRefused("BAD_REQUEST", { upload_id: uploadId, status: "COMPLETED" });
  });

  test("from the instant on that it expires at", () => {
    const upload = given(uploadAfter(announced()));
    expect(upload.when(confirmCommand, expiresAt - 1).outcome).not.toBeInstanceOf(Error);
    const late = upload.when(confirmCommand, expiresAt);
    late.thenRefused("BAD_REQUEST", { upload_id: uploadId, status: "FAILED" });
    expect(late.outcome).toHaveProperty("message", expect.stringContaining("it expired at"));
  });

  test("when no bytes arrived", () => {
    given(uploadAfter(announced()))
      .when({ ...confirmCommand, stored: undefined })
      .thenRefused("BAD_REQUEST", { upload_id: uploadId, status: "PENDING" });
  });

  test.each<[string, ReturnType<typeof announced>, Partial<typeof confirmCommand>]>([
    ["file_size_bytes", announced(13), {}],
    ["file_size_bytes", announced(12), { sizeBytes: 13 }],
    ["file_size_bytes", announced(), { sizeBytes: 0 }],
    ["file_hash", announced(12, otherHash), {}],
    ["file_hash", announced(12, hash), { hash: otherHash }],
    ["etag", announced(12, hash), { etag: otherHash }],
  ])("when other bytes arrived by %s", (field, announcement, said) => {
    given(uploadAfter(announcement))
      .when({ ...confirmCommand, ...said })
      .thenInvalid(field, "mismatch");
  });
});

test("what is confirmed is what arrived, with the object that is made of it", () => {
  given(uploadAfter(announced()))
    .when(confirmCommand)
    .thenEvent({ type: "upload.confirmed", data: { hash, size_bytes: 12 } });
  given(uploadAfter(announced(12, hash)))
    .when({ ...confirmCommand, etag: hash, hash, sizeBytes: 12 }, undefined, "obj_a")
    .thenEvent(confirmed);
});

test.each<[string, ReturnType<typeof uploadAfter>]>([
  ["waits", uploadAfter(announced())],
  ["was confirmed", uploadAfter(announced(), confirmed)],
])("an upload that %s can be deleted", (_, state) => {
  const command = { type: "delete_upload" } as const;
  given(state).when(command, expiresAt).thenEvent({ type: "upload.deleted", data: {} });
});
