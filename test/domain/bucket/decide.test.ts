import { describe, expect, test } from "vitest";
import type { LockBucket } from "../../../src/domain/bucket/commands.js";
import { decideBucket } from "../../../src/domain/bucket/decide.js";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import { bucketReservations } from "../../../src/domain/bucket/reservations.js";
import type { PatchMediaType } from "../../../src/domain/patch-media-type.js";
import {
  actor,
  bucketId,
  create,
  created,
  given,
  locked,
  now,
  patch,
  plainDocument,
  stateAfter,
  unlocked,
} from "../specification.js";

const json = "application/json";
const merge = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";
const inAnHour = "2026-10-01T02:00:00.000Z";

function lock(expiresAt?: string, reason?: string): LockBucket {
  return { type: "lock_bucket", reason, expiresAt };
}
const unlock = { type: "unlock_bucket" } as const;

function unchanged(media_type: PatchMediaType): BucketEvent {
  return { type: "bucket.patched", data: { media_type, changes: [] } };
}

describe("creating a bucket", () => {
  const schema = { properties: { id: { type: "string" }, file: { type: "video" } } };

  test("is refused without a name or a schema", () => {
    given([])
      .when(create({ bucket_schema: schema }))
      .thenInvalid(["bucket_name"], "missing");
    given([])
      .when(create({ bucket_name: "a" }))
      .thenInvalid(["bucket_schema"], "missing");
  });

  test("is refused when the unique key uses a field that is missing or no scalar", () => {
    for (const field of ["gone", "file"]) {
      given([])
        .when(
          create({ bucket_name: "a", bucket_schema: schema }, { uniqueKey: { fields: [field] } }),
        )
        .thenInvalid(["unique_key", "fields"], "unique_key_field");
    }
  });

  test("records the document that is kept, as additions", () => {
    const command = create(
      { bucket_name: "cafe\u0301", bucket_schema: { properties: {} }, description: null },
      {},
    );
    given([])
      .when(command)
      .thenEvent({
        type: "bucket.created",
        data: {
          changes: [
            { op: "add", path: "/bucket_name", value: "caf\u00e9" },
            { op: "add", path: "/metadata", value: {} },
            { op: "add", path: "/bucket_schema", value: { properties: {} } },
          ],
        },
      });
  });

  test("records the unique key", () => {
    const event = decideBucket(
      undefined,
      create({ bucket_name: "a", bucket_schema: schema }, { uniqueKey: { fields: ["id"] } }),
      { now, actor },
    );
    expect(event).toMatchObject({ data: { unique_key: { fields: ["id"] } } });
  });
});

describe("patching a bucket", () => {
  test.each([
    [json, []],
    [merge, null],
    [merge, "text"],
    [json, 1],
  ] as const)("as %s is refused with the body %j, which is no object", (mediaType, body) => {
    given([created()]).when(patch(mediaType, body)).thenInvalid([], "object_expected");
  });

  test.each([json, merge] as const)("as %s names every fault", (mediaType) => {
    given([created()])
      .when(patch(mediaType, { bucket_name: "", description: 1 }))
      .thenRefused("VALIDATION_FAILED", {
        validation_errors: [
          expect.objectContaining({ location: ["body", "bucket_name"] }),
          expect.objectContaining({ location: ["body", "description"] }),
        ],
      });
  });

  test("records the difference, whatever the media type was", () => {
    const changes = [{ op: "replace", path: "/metadata/team", value: "b", was: "a" }] as const;
    const bodies = [
      [json, { metadata: { team: "b" } }],
      [merge, { metadata: { team: "b" } }],
      [jsonPatch, [{ op: "add", path: "/metadata/team", value: "b" }]],
    ] as const;
    for (const [media_type, body] of bodies) {
      given([created()])
        .when(patch(media_type, body))
        .thenEvent({ type: "bucket.patched", data: { media_type, changes: [...changes] } });
    }
  });

  test.each([
    [json, {}],
    [json, { bucket_name: "videos", metadata: { team: "a" } }],
    [json, { is_locked: true, unknown: 1 }],
    [merge, {}],
    [merge, { description: null }],
    [jsonPatch, []],
    [jsonPatch, [{ op: "test", path: "/metadata/team", value: "a" }]],
  ] as const)("as %s with %j changes nothing, and that is an event as well", (media_type, body) => {
    given([created()]).when(patch(media_type, body)).thenEvent(unchanged(media_type));
  });

  test("takes the composed form of a name for the same name", () => {
    given([created({ ...plainDocument, bucket_name: "caf\u00e9" })])
      .when(patch(json, { bucket_name: "cafe\u0301" }))
      .thenEvent(unchanged(json));
  });

  test("is refused when the document would outgrow 1 MiB", () => {
    const half = "a".repeat(600 * 1024);
    given([created({ ...plainDocument, description: half })])
      .when(patch(json, { metadata: { half } }))
      .thenRefused("PAYLOAD_TOO_LARGE");
  });

  test("applies all operations of a JSON Patch or none", () => {
    given([created()])
      .when(
        patch(jsonPatch, [
          { op: "add", path: "/description", value: "d" },
          { op: "test", path: "/metadata/team", value: "b" },
        ]),
      )
      .thenRefused("CONFLICT", { operation_index: 1 });
  });
});

describe("the unique key of a bucket", () => {
  const uniqueKey = { fields: ["video_id", "title"], default_policy: "upsert" } as const;
  const keyed = created(plainDocument, { ...uniqueKey, fields: [...uniqueKey.fields] });
  test.each([json, merge] as const)("is never changed by %s", (mediaType) => {
    for (const other of [
      { fields: ["video_id"], default_policy: "upsert" },
      { fields: ["video_id", "title"], default_policy: "insert" },
    ]) {
      given([keyed])
        .when(patch(mediaType, { unique_key: other, description: "d" }))
        .thenInvalid(["unique_key"], "immutable");
    }
    given([created()])
      .when(patch(mediaType, { unique_key: { fields: ["title"] } }))
      .thenInvalid(["unique_key"], "immutable");
  });

  test("is checked for its shape", () => {
    given([keyed])
      .when(patch(json, { unique_key: { fields: "video_id" } }))
      .thenInvalid(["unique_key", "fields"], "invalid_type");
  });

  test("is not patched by operations", () => {
    for (const operation of [
      { op: "replace", path: "/unique_key", value: uniqueKey },
      { op: "remove", path: "/unique_key/fields/0" },
      { op: "test", path: "/unique_key", value: uniqueKey },
    ]) {
      given([keyed])
        .when(patch(jsonPatch, [operation]))
        .thenInvalid([0, "path"], "not_patchable");
    }
  });

  test("is not removed by the null of a merge patch", () => {
    given([keyed])
      .when(patch(merge, { unique_key: null }))
      .thenInvalid(["unique_key"], "immutable");
    given([keyed])
      .when(patch(merge, { unique_key: { default_policy: null } }))
      .thenInvalid(["unique_key"], "immutable");
  });

  test("may be null in a partial update, as clients send it", () => {
    given([keyed])
      .when(patch(json, { unique_key: null }))
      .thenEvent(unchanged(json));
    given([created()])
      .when(patch(merge, { unique_key: null }))
      .thenEvent(unchanged(merge));
  });

  test("may be repeated, in any order of its fields", () => {
    const repeated = { fields: ["title", "video_id"], default_policy: "upsert" };
    given([keyed])
      .when(patch(json, { unique_key: repeated }))
      .thenEvent(unchanged(json));
    given([keyed])
      .when(patch(merge, { unique_key: repeated }))
      .thenEvent(unchanged(merge));
  });

  test("may be repeated in part by a merge patch", () => {
    given([keyed])
      .when(patch(merge, { unique_key: { default_policy: "upsert" } }))
      .thenEvent(unchanged(merge));
  });

  test("keeps its fields in the schema, with their types", () => {
    const title = { title: { type: "text" } };
    const at = ["bucket_schema", "properties", "video_id"];
    given([keyed])
      .when(patch(json, { bucket_schema: { properties: title } }))
      .thenInvalid(at, "unique_key_field");
    given([keyed])
      .when(patch(merge, { bucket_schema: { properties: { video_id: null } } }))
      .thenInvalid(at, "unique_key_field");
    given([keyed])
      .when(
        patch(jsonPatch, [
          { op: "replace", path: "/bucket_schema/properties/video_id/type", value: "integer" },
        ]),
      )
      .thenInvalid(at, "unique_key_field");
  });

  test("lets other fields come and go, and types be written in upper case", () => {
    const properties = {
      video_id: { type: "STRING" },
      title: { type: "text" },
      n: { type: "float" },
    };
    given([keyed])
      .when(patch(json, { bucket_schema: { properties } }))
      .thenEvent({
        type: "bucket.patched",
        data: {
          media_type: json,
          changes: [{ op: "add", path: "/bucket_schema/properties/n", value: { type: "float" } }],
        },
      });
  });
});

describe("locking a bucket", () => {
  test("is refused while it is locked", () => {
    given([created(), locked()]).when(lock()).thenRefused("BUCKET_LOCKED");
  });

  test.each([
    ["the past", "2026-10-01T00:59:59.999Z"],
    ["this instant", "2026-10-01T01:00:00.000Z"],
  ])("is refused when it would expire in %s", (_, expiresAt) => {
    given([created()]).when(lock(expiresAt)).thenInvalid(["expires_at"], "not_in_the_future");
  });

  test("records holder, reason and expiry", () => {
    given([created()])
      .when(lock(inAnHour, "audit"))
      .thenEvent({
        type: "bucket.locked",
        data: { holder: actor, reason: "audit", expires_at: inAnHour },
      });
    given([created()])
      .when(lock())
      .thenEvent({ type: "bucket.locked", data: { holder: actor } });
  });

  test("is taken again once the lock before has lapsed", () => {
    given([created(), locked(inAnHour)])
      .when(lock(), { now: Date.parse(inAnHour) })
      .thenEvent({ type: "bucket.locked", data: { holder: actor } });
  });
});

describe("a locked bucket", () => {
  test("refuses every change, and says who holds it, why and until when", () => {
    given([created(), locked(inAnHour)])
      .when(patch(json, { description: "d" }))
      .thenRefused("BUCKET_LOCKED", {
        bucket_id: bucketId,
        holder: "grace",
        reason: "audit",
        locked_at: "2026-10-01T00:01:00.000Z",
        expires_at: inAnHour,
      });
  });

  test("refuses before it looks at what the change is", () => {
    given([created(), locked()])
      .when(patch(json, { bucket_name: "" }))
      .thenRefused("BUCKET_LOCKED");
    given([created(), locked()]).when(patch(json, {})).thenRefused("BUCKET_LOCKED");
  });

  test("refuses until the last millisecond and takes changes at the exact instant of expiry", () => {
    const until = Date.parse(inAnHour);
    const command = patch(json, { metadata: { team: "a" } });
    given([created(), locked(inAnHour)])
      .when(command, { now: until - 1 })
      .thenRefused("BUCKET_LOCKED");
    given([created(), locked(inAnHour)])
      .when(command, { now: until })
      .thenEvent(unchanged(json));
  });
});

describe("unlocking a bucket", () => {
  test("is a wrong transition when it is not locked, was unlocked or its lock has lapsed", () => {
    given([created()]).when(unlock).thenRefused("BAD_REQUEST");
    given([created(), locked(), unlocked]).when(unlock).thenRefused("BAD_REQUEST");
    given([created(), locked(inAnHour)])
      .when(unlock, { now: Date.parse(inAnHour) })
      .thenRefused("BAD_REQUEST");
  });

  test("is for anybody, not only for the holder", () => {
    given([created(), locked()]).when(unlock).thenEvent(unlocked);
  });
});

test("a command on a bucket that is not there is a bug of ours", () => {
  expect(() => decideBucket(undefined, unlock, { now, actor })).toThrow("invariant broken");
});

test("a bucket reserves its name in its namespace", () => {
  expect(bucketReservations(stateAfter([created()]))).toEqual([
    { scope: "bucket_name:default", key: "videos" },
  ]);
});
