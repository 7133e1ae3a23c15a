import { describe, expect, test } from "vitest";
import type { BatchCommand, WindowTerms } from "../../../src/domain/batch/commands.js";
import type { BatchEvent } from "../../../src/domain/batch/events.js";
import { batchReservations, windowDueAt, windowOf } from "../../../src/domain/batch/window.js";
import { holderKeysOf } from "../../../src/domain/resource.js";
import { bucketId, created, locked, now, stateAfter } from "../specification.js";
import { batchAfter, batchThatIs, commands, context, given, submitted } from "./specification.js";

const closesAt = new Date(now + 30_000).toISOString();
const terms: WindowTerms = { windowMs: 30_000, maxObjects: 2, autoSubmit: true };
const collect = (window = terms): BatchCommand => ({ type: "collect_object", window });
const following = (objectId: string, state?: ReturnType<typeof batchAfter>) =>
  given(state, context.owner, objectId);
const close: BatchCommand = { type: "close_window", taskId: "task_9" };

function opened(window: object = {}): BatchEvent {
  const whole = { closes_at: closesAt, max_objects: 2, auto_submit: true, ...window };
  return { type: "batch.created", data: { object_ids: ["obj_a"], metadata: {}, window: whole } };
}
const added: BatchEvent = { type: "batch.objects_added", data: { object_ids: ["obj_b"] } };
const closed: BatchEvent = { type: "batch.window_closed", data: {} };

describe("collecting", () => {
  test("an object that is not there opens no window and joins none", () => {
    following("obj_none").when(collect()).thenInvalid(["object_ids", 0], "object_not_found");
    following("obj_deleted", batchAfter([opened()]))
      .when(collect())
      .thenInvalid(["object_ids", 0], "object_not_found");
  });

  test("nothing in particular is a fault of ours", () => {
    expect(() => given(undefined).when(collect())).toThrow(/invariant/);
  });

  test("is refused while the bucket is locked", () => {
    const owner = stateAfter([created(), locked()]);
    given(undefined, owner).when(collect()).thenRefused("BUCKET_LOCKED");
    given(batchAfter([opened()]), owner)
      .when(close)
      .thenRefused("BUCKET_LOCKED");
  });

  test("opens a window that closes so long after its first object", () => {
    following("obj_a").when(collect()).thenEvent(opened());
  });

  test("opens one without an end where only its size counts", () => {
    following("obj_a")
      .when(collect({ windowMs: undefined, maxObjects: 2, autoSubmit: false }))
      .thenEvent({
        type: "batch.created",
        data: {
          object_ids: ["obj_a"],
          metadata: {},
          window: { max_objects: 2, auto_submit: false },
        },
      });
  });

  test("puts the next object into the window that is open", () => {
    following("obj_b", batchAfter([opened()]))
      .when(collect())
      .thenEvent(added);
  });

  test("adds nothing for an object that is in it already", () => {
    following("obj_a", batchAfter([opened()]))
      .when(collect())
      .thenEvent({ type: "batch.objects_added", data: { object_ids: [] } });
  });

  test("is about whoever holds the window of the bucket", () => {
    expect(holderKeysOf({ type: "collect_object", window: terms }, context.owner)).toEqual([
      windowOf(bucketId),
    ]);
  });
});

describe("a window is reserved", () => {
  test.each<[string, readonly BatchEvent[]]>([
    ["that is full", [opened(), added]],
    ["that was closed", [opened(), closed]],
    ["that was submitted by hand", [opened(), submitted]],
    ["that was deleted", [opened(), { type: "batch.deleted", data: {} }]],
  ])("not by one %s", (_, events) => {
    expect(batchReservations(batchAfter(events))).toEqual([]);
  });

  test("not by a draft that somebody made", () => {
    expect(batchReservations(batchThatIs("DRAFT"))).toEqual([]);
  });

  test("by the draft that collects", () => {
    expect(batchReservations(batchAfter([opened()]))).toEqual([windowOf(bucketId)]);
  });
});

describe("a window is due", () => {
  test("never, for one that waits until it is full, or is none any more", () => {
    expect(windowDueAt(batchAfter([opened({ closes_at: undefined })]))).toBeUndefined();
    expect(windowDueAt(batchAfter([opened(), submitted]))).toBeUndefined();
    expect(windowDueAt(batchAfter([opened(), closed]))).toBeUndefined();
  });

  test("when it closes", () => {
    expect(windowDueAt(batchAfter([opened()]))).toBe(closesAt);
  });

  test("at once when it is full", () => {
    const full = batchAfter([opened(), added]);
    expect(windowDueAt(full)).toBe(full.updated_at);
  });
});

describe("closing a window", () => {
  test.each<[string, readonly BatchEvent[]]>([
    ["was submitted", [opened(), submitted]],
    ["was closed", [opened(), closed]],
  ])("that %s meanwhile is refused: it happens once", (_, events) => {
    given(batchAfter(events)).when(close).thenRefused("BAD_REQUEST");
  });

  test("that is none is refused", () => {
    given(batchThatIs("DRAFT")).when(close).thenRefused("BAD_REQUEST");
  });

  test("submits the batch", () => {
    given(batchAfter([opened()]))
      .when(close)
      .thenEvent({ type: "batch.submitted", data: { task_id: "task_9" } });
  });

  test("leaves it as a draft where nothing is submitted by itself", () => {
    const state = batchAfter([opened({ auto_submit: false })]);
    given(state).when(close).thenEvent(closed);
    expect(batchAfter([opened({ auto_submit: false }), closed])).toMatchObject({
      status: "DRAFT",
      document: state.document,
    });
  });

  test("leaves the rest of its life as that of any batch", () => {
    const state = batchAfter([opened(), submitted]);
    given(state)
      .when(commands.claim_batch)
      .thenEvent({
        type: "batch.claimed",
        data: {
          worker: "w2",
          claim_id: "clm_second",
          expires_at: new Date(now + 60_000).toISOString(),
        },
      });
  });
});
