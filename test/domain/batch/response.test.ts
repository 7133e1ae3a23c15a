import { describe, expect, test } from "vitest";
import type { BatchEvent } from "../../../src/domain/batch/events.js";
import {
  batchCatalog,
  batchFields,
  batchTag,
  renderBatch,
} from "../../../src/domain/batch/response.js";
import type { BatchState } from "../../../src/domain/batch/state.js";
import { batchStatuses } from "../../../src/domain/batch/status.js";
import { batchTask, deletionTask, TaskResponse } from "../../../src/domain/task.js";
import { bucketId, created, now, stateAfter } from "../specification.js";
import {
  batchAfter,
  batchId,
  batchThatIs,
  claimed,
  claimId,
  draft,
  lapsesAt,
  objectError,
  submitted,
} from "./specification.js";

const time = (ago: number) => new Date(now - ago).toISOString();

test("a draft leaves out what it does not have", () => {
  expect(renderBatch(batchThatIs("DRAFT"), { at: now })).toStrictEqual({
    batch_id: batchId,
    bucket_id: bucketId,
    type: "BUCKET",
    status: "DRAFT",
    object_ids: ["obj_a"],
    retry_count: 0,
    total_tiers: 1,
    tier_tasks: [],
    metadata: { run: 1 },
    created_at: time(0),
    updated_at: time(0),
  });
});

test("a batch that is worked on shows by whom and how far, until the lease runs out", () => {
  const state = batchThatIs("PROCESSING");
  expect(renderBatch(state, { at: lapsesAt - 1 })).toMatchObject({
    status: "PROCESSING",
    lease: { worker: "w1", claim_id: claimId, expires_at: new Date(lapsesAt).toISOString() },
    progress: { processed_count: 1, failed_count: 0 },
  });
  const lapsed = renderBatch(state, { at: lapsesAt });
  expect(lapsed.status).toBe("PENDING");
  expect(lapsed).not.toHaveProperty("lease");
  expect(lapsed).not.toHaveProperty("progress");
});

test("the tag tells a batch whose lease ran out from the one before", () => {
  expect(batchTag(batchThatIs("PROCESSING"), lapsesAt - 1)).toBe("4");
  expect(batchTag(batchThatIs("PROCESSING"), lapsesAt)).toBe("4.l");
});

test("its one tier has its task, its status at the moment, and every fault of objects and whole", () => {
  const tierAt = (state: BatchState, at: number) => renderBatch(state, { at }).tier_tasks[0];
  expect(tierAt(batchThatIs("PROCESSING"), lapsesAt - 1)).toMatchObject({ status: "PROCESSING" });
  expect(tierAt(batchThatIs("PROCESSING"), lapsesAt)).toMatchObject({ status: "PENDING" });
  expect(renderBatch(batchThatIs("PROCESSING"), { at: now }).current_tier).toBe(0);
  expect(renderBatch(batchThatIs("FAILED"), { at: now })).not.toHaveProperty("current_tier");
  const ofDocuments = { ...objectError, affected_document_ids: ["doc_1", "doc_2"] };
  const failed: BatchEvent = {
    type: "batch.failed",
    data: { claim_id: claimId, error: "no disk", error_type: "resource", errors: [ofDocuments] },
  };
  expect(tierAt(batchAfter([draft, submitted, claimed, failed]), now)).toStrictEqual({
    tier_num: 0,
    task_id: "task_1",
    status: "FAILED",
    source_type: "bucket",
    completed_at: time(0),
    errors: [
      {
        error_type: "runtime",
        message: "not a video",
        timestamp: time(0),
        affected_document_ids: ["doc_1", "doc_2"],
        affected_count: 2,
      },
      {
        error_type: "resource",
        message: "no disk",
        timestamp: time(0),
        affected_document_ids: [],
        affected_count: 1,
      },
    ],
    error_summary: { runtime: 1 },
  });
});

test("how it ended is shown", () => {
  expect(renderBatch(batchThatIs("COMPLETED_WITH_ERRORS"), { at: now })).toMatchObject({
    status: "COMPLETED_WITH_ERRORS",
    errors: [objectError],
    finished_at: time(0),
  });
  expect(renderBatch(batchThatIs("FAILED"), { at: now })).toMatchObject({ error: "no disk" });
});

test.each([...batchStatuses])("filters know every field of one that is %s", (status) => {
  const fields = batchFields(batchThatIs(status), { at: now });
  expect(batchCatalog.names).toEqual(expect.arrayContaining(Object.keys(fields)));
  const times = Object.keys(fields).filter((name) => name.endsWith("_at"));
  expect(batchCatalog.times).toEqual(expect.arrayContaining(times));
});

describe("the task of a batch", () => {
  test("is not there before it is submitted, nor that of a bucket before it is deleted", () => {
    expect(batchTask(batchThatIs("DRAFT"), now)).toBeUndefined();
    expect(deletionTask(stateAfter([created()]), () => 0)).toBeUndefined();
  });

  test("is where clients of the hosted API look for it", () => {
    const task = batchTask(batchAfter([draft, submitted]), now);
    expect(task).toStrictEqual({
      task_id: "task_1",
      task_type: "api_buckets_batches_process",
      status: "PENDING",
      bucket_id: bucketId,
      batch_id: batchId,
      object_count: 1,
      inputs: [batchId],
      additional_data: {
        batch_id: batchId,
        bucket_id: bucketId,
        namespace_id: "default",
        object_count: 1,
      },
      created_at: time(0),
      updated_at: time(0),
    });
    expect(TaskResponse.parse(task)).toStrictEqual(task);
  });

  test("has the status of the batch, also after a lease ran out", () => {
    expect(batchTask(batchThatIs("IN_PROGRESS"), lapsesAt - 1)?.status).toBe("IN_PROGRESS");
    expect(batchTask(batchThatIs("IN_PROGRESS"), lapsesAt)?.status).toBe("PENDING");
    expect(batchTask(batchThatIs("FAILED"), now)).toMatchObject({
      status: "FAILED",
      error: "no disk",
    });
  });
});

test("the task of deleting a bucket is a task as well", () => {
  const task = deletionTask(
    stateAfter([created(), { type: "bucket.deleted", data: { task_id: "task_2" } }]),
    () => 3,
  );
  expect(task).toMatchObject({
    task_type: "api_buckets_delete",
    bucket_name: "videos",
    object_count: 3,
  });
  expect(TaskResponse.parse(task)).toStrictEqual(task);
});
