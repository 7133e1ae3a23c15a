import { describe, expect, test } from "vitest";
import {
  batchCatalog,
  batchFields,
  batchTag,
  renderBatch,
} from "../../../src/domain/batch/response.js";
import { batchStatuses } from "../../../src/domain/batch/status.js";
import { batchTask, deletionTask, TaskResponse } from "../../../src/domain/task.js";
import { bucketId, created, now, stateAfter } from "../specification.js";
import {
  batchAfter,
  batchId,
  batchThatIs,
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
