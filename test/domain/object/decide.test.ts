import { describe, expect, test } from "vitest";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import type { ObjectCommand } from "../../../src/domain/object/commands.js";
import { decideObject } from "../../../src/domain/object/decide.js";
import type { ObjectEvent } from "../../../src/domain/object/events.js";
import { actor, locked, now } from "../specification.js";
import {
  becoming,
  blob,
  bucket,
  create,
  foldObject,
  given,
  kept,
  objectCreated,
  objectId,
  patch,
  put,
} from "./specification.js";

const open = bucket();
const videos = { file: { type: "video" }, cover: { type: "image" } };
const key = { fields: ["video_id"] };
const keyed = { properties: { video_id: { type: "string" } }, uniqueKey: key };
const keyOfA = '{"video_id":"a"}';
const merge = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";

const commands: readonly ObjectCommand[] = [
  create(),
  put({}),
  patch({}),
  { type: "delete_object" },
  { type: "revert_object", to: 1, document: {}, fields: undefined },
  { type: "undo_object", undo: 1, event: objectCreated(), laterPaths: [], readAt: 1 },
  { type: "restore_object" },
];

describe("a bucket that takes no object writes", () => {
  test.each(commands)("refuses $type while it is locked, and says by whom", (command) => {
    given(bucket({ later: [locked()] }), [objectCreated()])
      .when(command)
      .thenRefused("BUCKET_LOCKED", { holder: "grace", reason: "audit" });
  });

  test.each([
    ["archived", "ARCHIVED"],
    ["suspended", "SUSPENDED"],
  ] as const)("refuses every command while it is %s", (name, status) => {
    const event: BucketEvent = { type: `bucket.${name}`, data: {} };
    for (const command of commands) {
      given(bucket({ later: [event] }), [objectCreated()])
        .when(command)
        .thenRefused("BUCKET_LOCKED", { status });
    }
  });

  test("is asked before anything else is looked at", () => {
    given(bucket({ ...keyed, later: [locked()] }))
      .when(create())
      .thenRefused("BUCKET_LOCKED");
  });
});

describe("creating an object", () => {
  test("keeps a field that the schema does not have as it was sent", () => {
    const owner = bucket({ properties: { title: { type: "string" } } });
    given(owner)
      .when(create({ titles: ["x", 1] }))
      .thenDocument({ metadata: {}, blobs: [], titles: ["x", 1] });
  });

  test("is refused with such a field when strict, naming the nearest", () => {
    const owner = bucket({ properties: { title: { type: "string" } } });
    given(owner)
      .when(create({ titles: "x" }, { isStrict: true }))
      .thenRefused("VALIDATION_FAILED", {
        validation_errors: [
          {
            type: "unknown_field",
            location: ["body", "titles"],
            message: expect.stringContaining('Did you mean "title"?'),
          },
        ],
      });
  });

  test("is refused beyond 1 MiB", () => {
    given(open)
      .when(create({ text: "a".repeat(1024 * 1024) }))
      .thenRefused("PAYLOAD_TOO_LARGE");
  });

  test.each([
    ["metadata", 1],
    ["key_prefix", 1],
    ["key_prefix", "a\u0000"],
    ["key_prefix", "a".repeat(1_025)],
  ])("is refused with the %s %j", (name, value) => {
    given(open)
      .when(create({ [name]: value }))
      .thenRefused("VALIDATION_FAILED", {
        validation_errors: [expect.objectContaining({ location: ["body", name] })],
      });
  });

  test("is refused with a blob that it does not bring", () => {
    given(open)
      .when(create({ blobs: [{ blob_id: "blob_1" }] }))
      .thenInvalid(["blobs", 0], "unknown_blob");
  });

  test("records the document that is kept, as additions", () => {
    given(open)
      .when(create({ title: "x", note: null, key_prefix: null, object_id: "mine" }))
      .thenEvent({
        type: "object.created",
        data: {
          changes: [
            { op: "add", path: "/metadata", value: {} },
            { op: "add", path: "/blobs", value: [] },
            { op: "add", path: "/title", value: "x" },
          ],
        },
      });
  });

  test("brings its blobs", () => {
    given(bucket({ properties: videos }))
      .when(create({ blobs: [{ blob_id: "blob_1" }] }, { blobs: [blob("blob_1")] }))
      .thenDocument({ metadata: {}, blobs: [kept("blob_1")] });
  });

  test("fills in defaults", () => {
    const properties = { n: { type: "integer", default: 3 }, m: { type: "integer", default: 1 } };
    given(bucket({ properties }))
      .when(create({ m: 2 }))
      .thenDocument({ metadata: {}, blobs: [], n: 3, m: 2 });
  });
});

describe("a unique key", () => {
  const owner = bucket(keyed);
  const stored = [objectCreated({ video_id: "a", metadata: { team: "x" } }, keyOfA)];

  test("needs a policy, of the request or of the bucket", () => {
    given(owner)
      .when(create({ video_id: "a" }))
      .thenRefused("BAD_REQUEST");
    given(bucket({ ...keyed, uniqueKey: { ...key, default_policy: "insert" } }))
      .when(create({ video_id: "a" }))
      .thenEvent({
        type: "object.created",
        data: {
          changes: [
            { op: "add", path: "/metadata", value: {} },
            { op: "add", path: "/blobs", value: [] },
            { op: "add", path: "/video_id", value: "a" },
          ],
          unique_key_value: keyOfA,
        },
      });
  });

  test.each(["update", "upsert"] as const)("is what ?policy=%s needs", (policy) => {
    given(open).when(create({}, { policy })).thenRefused("BAD_REQUEST", { policy });
    given(open)
      .when(create({}, { policy: "insert" }))
      .thenDocument({ metadata: {}, blobs: [] });
  });

  test.each([
    ["is missing", {}],
    ["is null", { video_id: null }],
    ["is empty", { video_id: "" }],
    ["is too long", { video_id: "a".repeat(256) }],
    ["is no single value", { metadata: { video_id: ["a"] } }],
  ])("is refused when it %s", (_, fields) => {
    given(owner)
      .when(create(fields, { policy: "upsert" }))
      .thenInvalid(["video_id"], "unique_key_value");
  });

  test("that is taken refuses an insert, and names who has it", () => {
    given(owner, stored)
      .when(create({ video_id: "a" }, { policy: "insert" }))
      .thenRefused("ALREADY_EXISTS", { object_id: objectId, unique_key_value: keyOfA });
  });

  test("that nobody has refuses an update", () => {
    given(owner)
      .when(create({ video_id: "a" }, { policy: "update" }))
      .thenRefused("NOT_FOUND", { unique_key_value: keyOfA });
  });

  test("is made by an upsert that finds nobody", () => {
    expect(
      given(owner)
        .when(create({ video_id: "a" }, { policy: "upsert" }))
        .thenState(),
    ).toMatchObject({ version: 1, unique_key_value: keyOfA });
  });

  test.each(["update", "upsert"] as const)(
    "that is taken is merged into by ?policy=%s",
    (policy) => {
      expect(
        given(owner, stored)
          .when(create({ video_id: "a", metadata: { year: 1 } }, { policy }))
          .thenState(),
      ).toMatchObject({
        object_id: objectId,
        version: 2,
        unique_key_value: keyOfA,
        document: { video_id: "a", metadata: { team: "x", year: 1 } },
      });
    },
  );

  test("moves with a patch of its field", () => {
    const moved = given(owner, stored)
      .when(patch({ video_id: "b" }))
      .thenState();
    expect(moved.unique_key_value).toBe('{"video_id":"b"}');
  });

  test("is not said again by a patch that leaves it", () => {
    given(owner, stored)
      .when(patch({ metadata: { team: "x" } }))
      .thenEvent({
        type: "object.patched",
        data: { media_type: "application/json", changes: [] },
      });
  });

  test("cannot be taken away", () => {
    given(owner, stored)
      .when(patch({ video_id: null }))
      .thenInvalid(["video_id"], "unique_key_value");
  });

  test("comes back with a revert", () => {
    const moved = given(owner, stored).when(patch({ video_id: "b" }));
    const { document, unique_key_value } = foldObject(stored);
    expect(moved.thenState().unique_key_value).not.toBe(unique_key_value);
    const second: ObjectEvent = {
      type: "object.patched",
      data: {
        media_type: "application/json",
        changes: [{ op: "replace", path: "/video_id", value: "b", was: "a" }],
        unique_key_value: '{"video_id":"b"}',
      },
    };
    const back = given(owner, [...stored, second]).when({
      type: "revert_object",
      to: 1,
      document,
      fields: undefined,
    });
    expect(back.thenState().unique_key_value).toBe(keyOfA);
  });
});

describe("patching an object", () => {
  const stored = [objectCreated({ title: "x", key_prefix: "/a", metadata: { a: 1, b: 2 } })];

  test.each([
    ["/object_id", "not_patchable"],
    ["/status", "not_patchable"],
    ["/blobs/0/source", "not_patchable"],
    ["/blobs/0/details/size_bytes", "not_patchable"],
  ])("by JSON Patch is refused at %s", (path, type) => {
    given(open, [objectCreated({ blobs: [kept("blob_1")] })])
      .when(patch([{ op: "add", path, value: 1 }], jsonPatch))
      .thenInvalid([0, "path"], type);
  });

  test("by JSON Patch is refused where it takes the properties of a blob away", () => {
    const events = [objectCreated({ blobs: [kept("blob_1")] })];
    for (const operation of [
      { op: "remove", path: "/blobs/0/properties" },
      { op: "move", from: "/blobs/0/properties", path: "/title" },
    ]) {
      given(open, events)
        .when(patch([operation], jsonPatch))
        .thenRefused("VALIDATION_FAILED");
    }
  });

  test("by JSON Patch is refused when it makes the document another thing", () => {
    given(open, stored)
      .when(patch([{ op: "replace", path: "", value: { status: "COMPLETED" } }], jsonPatch))
      .thenInvalid(["status"], "not_patchable");
    given(open, stored)
      .when(patch([{ op: "replace", path: "", value: [] }], jsonPatch))
      .thenInvalid([], "object_expected");
  });

  test("replaces the fields that are sent, and leaves the others", () => {
    given(open, stored)
      .when(patch({ metadata: { c: 3 }, year: 1 }))
      .thenDocument({ key_prefix: "/a", metadata: { c: 3 }, blobs: [], title: "x", year: 1 });
  });

  test("clears what is null, but leaves the blobs", () => {
    given(open, [objectCreated({ title: "x", key_prefix: "/a", blobs: [kept("blob_1")] })])
      .when(patch({ title: null, key_prefix: null, metadata: null, blobs: null }))
      .thenDocument({ metadata: {}, blobs: [kept("blob_1")] });
  });

  test("merges as RFC 7396 says", () => {
    given(open, stored)
      .when(patch({ metadata: { a: null }, title: "y" }, merge))
      .thenDocument({ key_prefix: "/a", metadata: { b: 2 }, blobs: [], title: "y" });
  });

  test("applies operations", () => {
    given(open, stored)
      .when(patch([{ op: "move", from: "/metadata/a", path: "/a" }], jsonPatch))
      .thenDocument({ key_prefix: "/a", metadata: { b: 2 }, blobs: [], title: "x", a: 1 });
  });

  test.each([patch({ object_id: "obj_2", status: "x" }), patch({ status: "x" }, merge), put({})])(
    "leaves what only the server sets, and is an event all the same",
    (command) => {
      const { version, updated_at } = given(open, stored).when(command).thenState();
      expect({ version, updated_at }).toEqual({
        version: 2,
        updated_at: "2026-10-01T00:00:00.000Z",
      });
    },
  );
});

describe("the PUT of an object", () => {
  test("is refused with metadata that is no object", () => {
    given(open, [objectCreated()])
      .when(put({ metadata: [] }))
      .thenInvalid(["metadata"], "custom");
  });

  test("merges metadata key by key, and replaces other fields", () => {
    given(open, [objectCreated({ metadata: { a: { b: 1 }, c: 1 }, o: { x: 1 }, t: "t" })])
      .when(put({ metadata: { a: { d: 2 } }, o: { y: 2 } }))
      .thenDocument({ metadata: { a: { d: 2 }, c: 1 }, blobs: [], o: { y: 2 }, t: "t" });
  });

  test("replaces the blobs of the properties that it sends", () => {
    given(bucket({ properties: videos }), [
      objectCreated({ blobs: [kept("blob_1", "file"), kept("blob_2", "file")] }),
    ])
      .when(put({ blobs: [{ blob_id: "blob_3" }] }, { blobs: [blob("blob_3", "file")] }))
      .thenDocument({ metadata: {}, blobs: [kept("blob_3", "file")] });
  });

  test("leaves the blobs of other properties", () => {
    given(open, [objectCreated({ blobs: [kept("blob_1", "cover")] })])
      .when(put({ blobs: [{ blob_id: "blob_2" }] }, { blobs: [blob("blob_2", "file")] }))
      .thenDocument({ metadata: {}, blobs: [kept("blob_1", "cover"), kept("blob_2", "file")] });
  });
});

describe("deleting and restoring an object", () => {
  const deleted: ObjectEvent = { type: "object.deleted", data: {} };
  const restore: ObjectCommand = { type: "restore_object" };

  test("restoring is refused for one that is there", () => {
    given(open, [objectCreated()]).when(restore).thenRefused("CONFLICT", { object_id: objectId });
  });

  test("are events of their own", () => {
    given(open, [objectCreated()]).when({ type: "delete_object" }).thenEvent(deleted);
    given(open, [objectCreated(), deleted])
      .when(restore)
      .thenEvent({ type: "object.restored", data: { changes: [] } });
  });
});

describe("reverting an object", () => {
  const stored = [objectCreated({ n: 1, metadata: { a: 1 } })];
  const events = [...stored, becoming(stored, { n: 2, metadata: { a: 2 }, blobs: [] })];
  const { document } = foldObject(stored);

  test.each(["/status", "", "n"])("is refused for the field %j", (field) => {
    given(open, events)
      .when({ type: "revert_object", to: 1, document, fields: [field] })
      .thenInvalid(["fields"], "not_patchable");
  });

  test("is refused where the earlier value does not fit the schema of today", () => {
    given(bucket({ properties: { n: { type: "integer", enum: [2] } } }), events)
      .when({ type: "revert_object", to: 1, document, fields: undefined })
      .thenInvalid(["n"], "enum");
  });

  test("puts the document back, or some fields of it", () => {
    given(open, events)
      .when({ type: "revert_object", to: 1, document, fields: undefined })
      .thenDocument(document);
    given(open, events)
      .when({ type: "revert_object", to: 1, document, fields: ["/metadata/a"] })
      .thenEvent({
        type: "object.reverted",
        data: {
          revert_of: 1,
          changes: [{ op: "replace", path: "/metadata/a", value: 1, was: 2 }],
        },
      });
  });
});

describe("undoing an event", () => {
  const first = objectCreated({ n: 1 });
  const second = becoming([first], { n: 2, metadata: {}, blobs: [] });
  const undo = { type: "undo_object", undo: 2, event: second, laterPaths: [], readAt: 2 } as const;

  test("is refused when the object was changed meanwhile", () => {
    given(open, [first, second])
      .when({ ...undo, readAt: 1 })
      .thenRefused("CONFLICT", { stale: true, current_version: 2 });
  });

  test("is refused when later events touched what it did", () => {
    given(open, [first, second])
      .when({ ...undo, laterPaths: ["/n"] })
      .thenRefused("CONFLICT", { paths: ["/n"] });
  });

  test.each([first, { type: "object.deleted", data: {} } as const])(
    "is refused for $type",
    (event) => {
      given(open, [first, second])
        .when({ ...undo, event })
        .thenRefused("BAD_REQUEST");
    },
  );

  test("takes back what it did", () => {
    given(open, [first, second]).when(undo).thenDocument({ n: 1, metadata: {}, blobs: [] });
  });
});

test("a command on an object that is not there is a bug of ours", () => {
  expect(() =>
    decideObject(
      undefined,
      { type: "delete_object" },
      { owner: open, moment: { now, actor }, related: () => undefined },
    ),
  ).toThrow("invariant broken");
});
