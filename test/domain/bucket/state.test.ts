import { describe, expect, test } from "vitest";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import type { Change } from "../../../src/domain/change.js";
import { evolve, fold } from "../../../src/domain/resource.js";
import {
  bucketId,
  created,
  locked,
  plainDocument,
  record,
  stateAfter,
  unlocked,
} from "../specification.js";

function patched(...changes: Change[]): BucketEvent {
  return { type: "bucket.patched", data: { media_type: "application/json", changes } };
}

const renamed = patched({ op: "replace", path: "/bucket_name", value: "clips", was: "videos" });

test("a stream that does not begin with its creation is a bug of ours", () => {
  expect(() => evolve(undefined, record(renamed, 1))).toThrow("invariant broken");
});

test("a bucket that is created twice is a bug of ours", () => {
  expect(() => stateAfter([created(), created()])).toThrow("invariant broken");
});

test("no events, no state", () => {
  expect(fold([])).toBeUndefined();
});

test("a bucket begins as its creation says", () => {
  expect(stateAfter([created(plainDocument, { fields: ["video_id"] })])).toStrictEqual({
    kind: "bucket",
    bucket_id: bucketId,
    namespace: "default",
    version: 1,
    position: 1,
    document: plainDocument,
    unique_key: { fields: ["video_id"] },
    status: "ACTIVE",
    created_at: "2026-10-01T00:00:00.000Z",
    updated_at: "2026-10-01T00:00:00.000Z",
  });
});

describe("updated_at", () => {
  test("moves when the document changed", () => {
    const state = stateAfter([created(), renamed]);
    expect(state.document["bucket_name"]).toBe("clips");
    expect(state.updated_at).toBe("2026-10-01T00:01:00.000Z");
    expect(state.created_at).toBe("2026-10-01T00:00:00.000Z");
  });

  test.each([
    ["a patch that changes nothing", patched()],
    ["a lock", locked()],
  ])("stays on %s, which is a version all the same", (_, event) => {
    const state = stateAfter([created(), event]);
    expect(state.updated_at).toBe("2026-10-01T00:00:00.000Z");
    expect(state.version).toBe(2);
    expect(state.position).toBe(2);
  });

  test("stays on an unlock", () => {
    expect(stateAfter([created(), locked(), unlocked]).updated_at).toBe("2026-10-01T00:00:00.000Z");
  });
});

test("a lock is kept with its time until it is taken off", () => {
  expect(stateAfter([created(), locked("2026-10-01T02:00:00.000Z")]).lock).toStrictEqual({
    holder: "grace",
    reason: "audit",
    expires_at: "2026-10-01T02:00:00.000Z",
    locked_at: "2026-10-01T00:01:00.000Z",
  });
  expect("lock" in stateAfter([created(), locked(), unlocked])).toBe(false);
});

test("a later lock replaces one that lapsed", () => {
  const again: BucketEvent = { type: "bucket.locked", data: { holder: "ada" } };
  const state = stateAfter([created(), locked("2026-10-01T00:01:30.000Z"), again]);
  expect(state.lock).toStrictEqual({ holder: "ada", locked_at: "2026-10-01T00:02:00.000Z" });
});

test("folding in two parts is folding the whole, and changes neither part", () => {
  const events = [created(), renamed, locked(), unlocked, patched()].map((event, index) =>
    record(event, index + 1),
  );
  const whole = fold(events);
  for (let cut = 0; cut <= events.length; cut += 1) {
    const first = fold(events.slice(0, cut));
    const text = JSON.stringify(first);
    expect(fold(events.slice(cut), first)).toStrictEqual(whole);
    expect(JSON.stringify(first)).toBe(text);
  }
});
