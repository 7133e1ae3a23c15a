/**
 * The decider of a batch. Pure.
 *
 * The bucket has its say first: one that is locked or suspended takes no change to its batches, not
 * even the report of a worker, who may repeat it until the lease runs out. An archived bucket goes
 * on taking all of them, because a batch reads objects and writes none.
 */
import { diff } from "../changes.js";
import {
  BucketsError,
  invalidAt,
  invariant,
  type ValidationIssue,
  validationFailed,
} from "../errors.js";
import { formatTime } from "../event.js";
import { limits } from "../limits.js";
import { assertTakesWrites, type OwnedContext } from "../owned.js";
import type {
  AddObjects,
  BatchCommand,
  ClaimBatch,
  CloseWindow,
  CollectObject,
  CompleteBatch,
  CreateBatch,
  FailBatch,
  PatchBatch,
  ProgressBatch,
} from "./commands.js";
import type { BatchEvent } from "./events.js";
import { isLeaseLapsed, statusAt } from "./lease.js";
import type { BatchLease, BatchState } from "./state.js";
import { type BatchPhase, phaseOf } from "./status.js";
import { beginWindow, openWindow } from "./window.js";

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws BUCKET_LOCKED; BAD_REQUEST for a wrong transition, naming the status; CONFLICT for the
 *   report of a worker who lost the batch; VALIDATION_FAILED by rule.
 */
export function decideBatch(
  state: BatchState | undefined,
  command: BatchCommand,
  context: OwnedContext,
): BatchEvent {
  assertTakesWrites(context);
  if (command.type === "create_batch") return create(command, context);
  if (command.type === "collect_object") return collect(state, command, context);
  invariant(state !== undefined, `${command.type} needs a batch`);
  const { now } = context.moment;
  switch (command.type) {
    case "add_batch_objects":
      assertPhase(state, now, ["draft"], "only a draft takes objects");
      return addObjects(state, command, context);
    case "close_window":
      return closeWindow(state, command, now);
    case "patch_batch":
      return patch(state, command);
    case "submit_batch":
      assertPhase(state, now, ["draft"], "only a draft can be submitted");
      return { type: "batch.submitted", data: { task_id: command.taskId } };
    case "cancel_batch":
      assertPhase(state, now, ["waiting", "working"], "only what was submitted can be canceled");
      return { type: "batch.canceled", data: {} };
    case "delete_batch":
      assertPhase(state, now, ["draft", "finished"], "cancel it first");
      return { type: "batch.deleted", data: {} };
    case "claim_batch":
      assertPhase(state, now, ["waiting"], "only one that waits for a worker can be claimed");
      return claim(command, now);
    case "progress_batch":
    case "complete_batch":
    case "fail_batch":
      return report(state, command, now);
  }
}

function assertPhase(
  state: BatchState,
  now: number,
  right: readonly BatchPhase[],
  advice: string,
): void {
  if (!right.includes(phaseOf(statusAt(state, now)))) throw wrongStatus(state, now, advice);
}

function wrongStatus(state: BatchState, now: number, advice: string): BucketsError {
  const status = statusAt(state, now);
  return new BucketsError("BAD_REQUEST", `The batch ${state.batch_id} is ${status}: ${advice}.`, {
    batch_id: state.batch_id,
    status,
  });
}

function create(command: CreateBatch, context: OwnedContext): BatchEvent {
  const { objectIds = [precedingObject(context)] } = command;
  assertObjects(objectIds, context);
  const object_ids = [...new Set(objectIds)];
  return { type: "batch.created", data: { object_ids, metadata: command.metadata } };
}

/** @param holder of the open window of the bucket, if there is one. */
function collect(
  holder: BatchState | undefined,
  { window }: CollectObject,
  context: OwnedContext,
): BatchEvent {
  const object_ids = [precedingObject(context)];
  if (holder !== undefined) {
    return addObjects(holder, { type: "add_batch_objects", objectIds: object_ids }, context);
  }
  assertObjects(object_ids, context);
  const opened = beginWindow(window, context.moment.now);
  return { type: "batch.created", data: { object_ids, metadata: {}, window: opened } };
}

function precedingObject({ precedingObject: id }: OwnedContext): string {
  invariant(id !== undefined, "no command about an object came before");
  return id;
}

function closeWindow(state: BatchState, { taskId }: CloseWindow, now: number): BatchEvent {
  const window = openWindow(state);
  if (window === undefined) throw wrongStatus(state, now, "it is no open window");
  if (window.auto_submit) return { type: "batch.submitted", data: { task_id: taskId } };
  return { type: "batch.window_closed", data: {} };
}

function patch(state: BatchState, command: PatchBatch): BatchEvent {
  const { metadata } = state.document;
  const changes = diff({ metadata }, { metadata: command.metadata ?? metadata });
  return { type: "batch.patched", data: { changes } };
}

/** Objects that are in it already are passed over. */
function addObjects(state: BatchState, command: AddObjects, context: OwnedContext): BatchEvent {
  assertObjects(command.objectIds, context);
  const present = new Set(state.document.object_ids);
  const object_ids = [...new Set(command.objectIds)].filter((id) => !present.has(id));
  if (present.size + object_ids.length > limits.batchObjectsMax) {
    throw invalidAt(
      ["body", "object_ids"],
      "too_many_objects",
      `A batch holds at most ${limits.batchObjectsMax} objects; this one has ${present.size}.`,
    );
  }
  return { type: "batch.objects_added", data: { object_ids } };
}

/** @throws VALIDATION_FAILED naming those that are no objects of the bucket. */
function assertObjects(objectIds: readonly string[], { owner, related }: OwnedContext): void {
  const isThere = (id: string) => {
    const found = related(id);
    const isObject = found?.kind === "object" && found.deleted === undefined;
    return isObject && found.bucket_id === owner.bucket_id;
  };
  const issues = objectIds.flatMap((id, index) =>
    isThere(id) ? [] : [objectNotFound(id, "bucket", ["body", "object_ids", index])],
  );
  if (issues.length > 0) throw validationFailed(issues);
}

function objectNotFound(
  id: string,
  where: "bucket" | "batch",
  location: ValidationIssue["location"],
): ValidationIssue {
  const message = `There is no object "${id}" in this ${where}.`;
  return { type: "object_not_found", location, message };
}

function claim({ worker, claimId, leaseMs }: ClaimBatch, now: number): BatchEvent {
  const expires_at = formatTime(now + leaseMs);
  return { type: "batch.claimed", data: { worker, claim_id: claimId, expires_at } };
}

/** What the worker that holds the batch says about it. */
function report(
  state: BatchState,
  command: ProgressBatch | CompleteBatch | FailBatch,
  now: number,
): BatchEvent {
  const lease = heldLease(state, command.claimId, now);
  const claim_id = command.claimId;
  switch (command.type) {
    case "progress_batch": {
      const { progress, leaseMs } = command;
      assertCounts(state, command);
      const expires_at = leaseMs === undefined ? lease.expires_at : formatTime(now + leaseMs);
      return { type: "batch.progressed", data: { claim_id, progress, expires_at } };
    }
    case "complete_batch": {
      assertErrorsFit(state, command);
      const { result, errors } = command;
      const data = { claim_id, ...(result !== undefined && { result }), errors: [...errors] };
      return { type: "batch.completed", data };
    }
    case "fail_batch":
      return { type: "batch.failed", data: { claim_id, error: command.error } };
  }
}

/**
 * The lease under which a report comes. A worker that lost the batch is fenced off, or it would
 * overwrite what the next one does.
 *
 * @throws CONFLICT when the lease ran out or the batch was claimed again; BAD_REQUEST when it is not
 *   worked on at all.
 */
function heldLease(state: BatchState, claimId: string, now: number): BatchLease {
  const { lease } = state;
  if (lease === undefined) {
    throw wrongStatus(state, now, "only the worker that holds it reports on it");
  }
  const isOwn = lease.claim_id === claimId;
  if (isOwn && !isLeaseLapsed(state, now)) return lease;
  throw new BucketsError(
    "CONFLICT",
    isOwn
      ? `The lease on the batch ${state.batch_id} ran out at ${lease.expires_at}: claim again.`
      : `The batch ${state.batch_id} was claimed by somebody else: claim again.`,
    { batch_id: state.batch_id, status: statusAt(state, now), claim_id: claimId },
  );
}

function assertCounts(state: BatchState, { progress }: ProgressBatch): void {
  const size = state.document.object_ids.length;
  if (progress.processed_count + progress.failed_count <= size) return;
  throw invalidAt(
    ["body", "processed_count"],
    "too_many_objects",
    `The batch has ${size} objects: processed_count and failed_count together cannot be more.`,
  );
}

function assertErrorsFit(state: BatchState, { errors }: CompleteBatch): void {
  const present = new Set(state.document.object_ids);
  const issues = errors.flatMap(({ object_id }, index) =>
    present.has(object_id)
      ? []
      : [objectNotFound(object_id, "batch", ["body", "errors", index, "object_id"])],
  );
  if (issues.length > 0) throw validationFailed(issues);
}
