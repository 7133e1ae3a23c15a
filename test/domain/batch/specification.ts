/**
 * Tests of the batch's decider in the words of its rules: a batch that was brought to a status, a
 * command, and the event or refusal that follows. Everything happens within one hour.
 */
import { expect } from "vitest";
import type { BatchCommand } from "../../../src/domain/batch/commands.js";
import { decideBatch } from "../../../src/domain/batch/decide.js";
import type { BatchEvent } from "../../../src/domain/batch/events.js";
import type { ObjectError } from "../../../src/domain/batch/failures.js";
import { type BatchState, evolveBatch } from "../../../src/domain/batch/state.js";
import type { BatchStatus } from "../../../src/domain/batch/status.js";
import type { BucketState } from "../../../src/domain/bucket/state.js";
import { BucketsError, type ErrorCode, isBucketsError } from "../../../src/domain/errors.js";
import type { Related } from "../../../src/domain/kind.js";
import type { OwnedContext } from "../../../src/domain/owned.js";
import { assertOwnerTakes } from "../../../src/domain/resource.js";
import { actor, bucketId, created, now, stateAfter } from "../specification.js";

export const batchId = "btch_01kbbbbbbbbbbbbbbbbbbbbbbb";
export const claimId = "clm_first";
export const leaseMs = 60_000;
/** When the lease of `claimed` runs out. */
export const lapsesAt = now + leaseMs;
const time = (milliseconds: number) => new Date(milliseconds).toISOString();

const objects: ReadonlyMap<string, Related> = new Map([
  ["obj_a", { kind: "object", bucket_id: bucketId }],
  ["obj_b", { kind: "object", bucket_id: bucketId }],
  ["obj_deleted", { kind: "object", bucket_id: bucketId, deleted: {} }],
  ["obj_elsewhere", { kind: "object", bucket_id: "bkt_other" }],
  ["upl_a", { kind: "upload", bucket_id: bucketId }],
]);

export const context: OwnedContext = {
  owner: stateAfter([created()]),
  related: (id) => objects.get(id),
  precedingObject: undefined,
  moment: { now, actor },
};

export const draft: BatchEvent = {
  type: "batch.created",
  data: { object_ids: ["obj_a"], metadata: { run: 1 } },
};
export const submitted: BatchEvent = { type: "batch.submitted", data: { task_id: "task_1" } };
export function claimedBy(worker: string, claim: string): BatchEvent {
  return {
    type: "batch.claimed",
    data: { worker, claim_id: claim, expires_at: time(lapsesAt) },
  };
}

export const claimed = claimedBy("w1", claimId);
export const progressed: BatchEvent = {
  type: "batch.progressed",
  data: {
    claim_id: claimId,
    progress: { processed_count: 1, failed_count: 0 },
    expires_at: time(lapsesAt),
  },
};
export const canceled: BatchEvent = { type: "batch.canceled", data: {} };
export const failed: BatchEvent = {
  type: "batch.failed",
  data: { claim_id: claimId, error: "no disk" },
};

export function completed(...errors: ObjectError[]): BatchEvent {
  return { type: "batch.completed", data: { claim_id: claimId, errors } };
}

export const objectError = { object_id: "obj_a", message: "not a video" };

/** The batch after the events, which are a second apart; the last happened now. */
export function batchAfter(events: readonly BatchEvent[]): BatchState {
  const state = events.reduce<BatchState | undefined>(
    (before, event, index) =>
      evolveBatch(before, {
        position: index + 11,
        stream: batchId,
        version: index + 1,
        namespace: "default",
        bucketId,
        eventId: `evt_${index}`,
        transactionId: undefined,
        recordedAt: now - (events.length - 1 - index) * 1_000,
        meta: { actor, request_id: `req_${index}` },
        event,
      }),
    undefined,
  );
  if (state === undefined) throw new Error("No event, no state.");
  return state;
}

const histories: Readonly<Partial<Record<BatchStatus, readonly BatchEvent[]>>> = {
  DRAFT: [draft],
  PENDING: [draft, submitted],
  IN_PROGRESS: [draft, submitted, claimed],
  PROCESSING: [draft, submitted, claimed, progressed],
  COMPLETED: [draft, submitted, claimed, completed()],
  COMPLETED_WITH_ERRORS: [draft, submitted, claimed, completed(objectError)],
  FAILED: [draft, submitted, claimed, failed],
  CANCELED: [draft, submitted, canceled],
};

/** A batch with that status; of the two that no event leads to, one that says so. */
export function batchThatIs(status: BatchStatus): BatchState {
  const history = histories[status];
  return history === undefined
    ? { ...batchAfter([draft, submitted]), status }
    : batchAfter(history);
}

export const commands = {
  add_batch_objects: { type: "add_batch_objects", objectIds: ["obj_b"] },
  patch_batch: { type: "patch_batch", metadata: { run: 2 } },
  submit_batch: { type: "submit_batch", taskId: "task_2" },
  cancel_batch: { type: "cancel_batch" },
  delete_batch: { type: "delete_batch" },
  claim_batch: { type: "claim_batch", worker: "w2", claimId: "clm_second", leaseMs },
  progress_batch: {
    type: "progress_batch",
    claimId,
    progress: { processed_count: 0, failed_count: 1 },
    leaseMs: undefined,
  },
  complete_batch: { type: "complete_batch", claimId, result: undefined, errors: [] },
  fail_batch: {
    type: "fail_batch",
    claimId,
    error: "no disk",
    errorType: undefined,
    errors: [],
  },
  retry_batch: { type: "retry_batch", mode: "all", retriesMax: 3 },
} as const satisfies Readonly<Record<string, BatchCommand>>;

/** @param precedingObject what a command right before was about. */
export function given(
  state: BatchState | undefined,
  owner: BucketState = context.owner,
  precedingObject?: string,
) {
  return {
    when(command: BatchCommand, at: number = now) {
      const moment = { now: at, actor };
      const outcome = outcomeOf(state, command, { ...context, owner, moment, precedingObject });
      return {
        outcome,
        thenEvent(expected: BatchEvent): void {
          if (outcome instanceof BucketsError) throw outcome;
          expect(outcome).toStrictEqual(expected);
        },
        thenRefused(code: ErrorCode, details: Readonly<Record<string, unknown>> = {}): void {
          expect(outcome).toMatchObject({ code, details });
        },
        thenInvalid(location: readonly (string | number)[], type: string): void {
          expect(outcome).toMatchObject({
            code: "VALIDATION_FAILED",
            details: { validation_errors: [{ location: ["body", ...location], type }] },
          });
        },
      };
    },
  };
}

function outcomeOf(state: BatchState | undefined, command: BatchCommand, known: OwnedContext) {
  try {
    assertOwnerTakes("batch", known.owner, known.moment.now);
    return decideBatch(state, command, known);
  } catch (error) {
    if (isBucketsError(error)) return error;
    throw error;
  }
}
