import { describe, expect, test } from "vitest";
import { batchChanges } from "../../../src/domain/batch/events.js";
import { isClaimable, isLeaseLapsed, statusAt } from "../../../src/domain/batch/lease.js";
import { BatchState } from "../../../src/domain/batch/state.js";
import { batchStatuses } from "../../../src/domain/batch/status.js";
import { bucketId, now } from "../specification.js";
import {
  batchAfter,
  batchId,
  batchThatIs,
  canceled,
  claimed,
  claimedBy,
  completed,
  draft,
  failed,
  lapsesAt,
  objectError,
  progressed,
  submitted,
} from "./specification.js";

const time = (ago: number) => new Date(now - ago).toISOString();

test("a batch begins with its creation, once", () => {
  expect(() => batchAfter([submitted])).toThrow(/does not begin with its creation/);
  expect(() => batchAfter([draft, draft])).toThrow(/was created twice/);
});

test("a draft is what was created", () => {
  expect(batchThatIs("DRAFT")).toStrictEqual({
    kind: "batch",
    batch_id: batchId,
    bucket_id: bucketId,
    namespace: "default",
    version: 1,
    position: 11,
    document: { object_ids: ["obj_a"], metadata: { run: 1 } },
    status: "DRAFT",
    created_at: time(0),
    updated_at: time(0),
  });
});

test.each([...batchStatuses])("a batch that is %s is of the shape that is stored", (status) => {
  const state = batchThatIs(status);
  expect(BatchState.parse(state)).toStrictEqual(state);
});

test("objects are added at the end, and a patch leaves them", () => {
  const state = batchAfter([
    draft,
    { type: "batch.objects_added", data: { object_ids: ["obj_b"] } },
    {
      type: "batch.patched",
      data: { changes: [{ op: "replace", path: "/metadata/run", value: 2, was: 1 }] },
    },
  ]);
  expect(state.document).toStrictEqual({ object_ids: ["obj_a", "obj_b"], metadata: { run: 2 } });
});

test("a key named __proto__ is data", () => {
  const metadata = JSON.parse('{"__proto__":{"a":1}}');
  const state = batchAfter([{ type: "batch.created", data: { object_ids: [], metadata } }]);
  expect(JSON.stringify(state.document.metadata)).toBe('{"__proto__":{"a":1}}');
});

test("submitting, claiming and completing leave their marks, and the lease goes", () => {
  expect(batchAfter([draft, submitted, claimed, progressed, completed()])).toMatchObject({
    status: "COMPLETED",
    task_id: "task_1",
    progress: { processed_count: 1, failed_count: 0 },
    created_at: time(4_000),
    submitted_at: time(3_000),
    updated_at: time(0),
    finished_at: time(0),
    version: 5,
  });
  expect(batchThatIs("COMPLETED")).not.toHaveProperty("lease");
  expect(batchThatIs("COMPLETED")).not.toHaveProperty("errors");
  expect(batchThatIs("COMPLETED_WITH_ERRORS")).toHaveProperty("errors", [objectError]);
  expect(batchThatIs("FAILED")).toHaveProperty("error", "no disk");
});

test("a second claim begins anew", () => {
  const state = batchAfter([draft, submitted, claimed, progressed, claimedBy("w2", "clm_second")]);
  expect(state).toMatchObject({ status: "IN_PROGRESS", lease: { claim_id: "clm_second" } });
  expect(state).not.toHaveProperty("progress");
});

test("what worked on a batch that is canceled holds it no longer", () => {
  const state = batchAfter([draft, submitted, claimed, canceled]);
  expect(state).toMatchObject({ status: "CANCELED", finished_at: time(0) });
  expect(state).not.toHaveProperty("lease");
});

test("a deleted batch says when", () => {
  const deleted = { type: "batch.deleted" as const, data: {} };
  expect(batchAfter([draft, deleted]).deleted).toStrictEqual({ deleted_at: time(0) });
});

describe("a lease", () => {
  const state = batchThatIs("PROCESSING");

  test("holds before the instant it expires and not at it", () => {
    expect(isLeaseLapsed(state, lapsesAt - 1)).toBe(false);
    expect(statusAt(state, lapsesAt - 1)).toBe("PROCESSING");
    expect(isClaimable(state, lapsesAt - 1)).toBe(false);
    expect(isLeaseLapsed(state, lapsesAt)).toBe(true);
    expect(statusAt(state, lapsesAt)).toBe("PENDING");
    expect(isClaimable(state, lapsesAt)).toBe(true);
  });

  test("that never was cannot lapse", () => {
    expect(isLeaseLapsed(batchThatIs("PENDING"), Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

test.each([...batchStatuses])("whether one that is %s can be claimed", (status) => {
  expect(isClaimable(batchThatIs(status), now)).toBe(status === "PENDING" || status === "QUEUED");
});

test("history shows what an event did to the document, and nothing for the rest", () => {
  expect(batchChanges(draft)).toStrictEqual([
    { op: "add", path: "/object_ids", value: ["obj_a"] },
    { op: "add", path: "/metadata", value: { run: 1 } },
  ]);
  expect(
    batchChanges({ type: "batch.objects_added", data: { object_ids: ["obj_b", "obj_c"] } }),
  ).toStrictEqual([
    { op: "add", path: "/object_ids/-", value: "obj_b" },
    { op: "add", path: "/object_ids/-", value: "obj_c" },
  ]);
  for (const event of [submitted, claimed, progressed, completed(), failed, canceled]) {
    expect(batchChanges(event)).toStrictEqual([]);
  }
});
