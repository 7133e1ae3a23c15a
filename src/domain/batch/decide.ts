/** The decider of a batch. Pure. */
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
import type { OwnedContext } from "../owned.js";
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
  RetryBatch,
} from "./commands.js";
import type { BatchEvent } from "./events.js";
import { failedObjects, isTransient, summaryOf } from "./failures.js";
import { isLeaseLapsed, statusAt } from "./lease.js";
import { type BatchLease, type BatchState, objectsHandedOut } from "./state.js";
import { type BatchPhase, phaseOf } from "./status.js";
import { beginWindow, openWindow } from "./window.js";

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws BAD_REQUEST for a wrong transition, naming the status; CONFLICT for the
 *   report of a worker who lost the batch; VALIDATION_FAILED by rule.
 */
export function decideBatch(
  state: BatchState | undefined,
  command: BatchCommand,
  context: OwnedContext,
): BatchEvent {
  if (command.type === "create_batch") return create(command, context);
  if (command.type === "collect_object") return collect(state, command, context);
  invariant(state !== undefined, `${command.type} needs a batch`);
  const { now } = context.moment;
  switch (command.type) {
    case "add_batch_objects":
      assertPhase(state, now, ["draft"], "only a draft takes objects");
      return addObjects(state, command, context);
    case "close_window":
      return closeWindow(state, command, context);
    case "patch_batch":
      return patch(state, command);
    case "submit_batch":
      assertPhase(state, now, ["draft"], "only a draft can be submitted");
      assertAnyObject(state, context);
      return { type: "batch.submitted", data: { task_id: command.taskId } };
    case "cancel_batch":
      assertPhase(state, now, ["waiting", "working"], "only what was submitted can be canceled");
      return { type: "batch.canceled", data: {} };
    case "delete_batch":
      assertPhase(state, now, ["draft", "finished"], "cancel it first");
      return { type: "batch.deleted", data: {} };
    case "retry_batch":
      return retry(state, command, context);
    case "claim_batch":
      assertPhase(state, now, ["waiting"], "only one that waits for a worker can be claimed");
      return claim(state, command, context);
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

/** One of which every object was deleted meanwhile is left as a draft: nobody could process it. */
function closeWindow(
  state: BatchState,
  { taskId }: CloseWindow,
  context: OwnedContext,
): BatchEvent {
  const window = openWindow(state);
  if (window === undefined) throw wrongStatus(state, context.moment.now, "it is no open window");
  const isEmpty = deletedObjects(state, context).length === state.document.object_ids.length;
  if (window.auto_submit && !isEmpty) return { type: "batch.submitted", data: { task_id: taskId } };
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
function assertObjects(objectIds: readonly string[], context: OwnedContext): void {
  const issues = objectIds.flatMap((id, index) =>
    isObject(id, context) ? [] : [objectNotFound(id, "bucket", ["body", "object_ids", index])],
  );
  if (issues.length > 0) throw validationFailed(issues);
}

/** Whether it is an object of the bucket that is there. */
function isObject(id: string, { owner, related }: OwnedContext): boolean {
  const found = related(id);
  const isThere = found?.kind === "object" && found.deleted === undefined;
  return isThere && found.bucket_id === owner.bucket_id;
}

/** Objects of the batch that were deleted since they were put into it. */
function deletedObjects({ document }: BatchState, context: OwnedContext): string[] {
  return document.object_ids.filter((id) => !isObject(id, context));
}

/** @throws BAD_REQUEST when there is nothing to process any more. */
function assertAnyObject(state: BatchState, context: OwnedContext): void {
  const deleted = deletedObjects(state, context);
  if (deleted.length < state.document.object_ids.length) return;
  const { batch_id } = state;
  const named = deleted.slice(0, limits.validationIssuesMax);
  throw new BucketsError(
    "BAD_REQUEST",
    `Every object of the batch ${batch_id} was deleted (${named.slice(0, 3).join(", ")}` +
      `${deleted.length > 3 ? ", ..." : ""}): restore one, or delete the batch.`,
    { batch_id, status: state.status, deleted_object_ids: named },
  );
}

function objectNotFound(
  id: string,
  where: "bucket" | "batch",
  location: ValidationIssue["location"],
): ValidationIssue {
  const message = `There is no object "${id}" in this ${where}.`;
  return { type: "object_not_found", location, message };
}

/** What was deleted since it was submitted is told, and not handed out. */
function claim(
  state: BatchState,
  { worker, claimId, leaseMs }: ClaimBatch,
  context: OwnedContext,
): BatchEvent {
  const expires_at = formatTime(context.moment.now + leaseMs);
  const deleted_object_ids = deletedObjects(state, context);
  const told = deleted_object_ids.length > 0 && { deleted_object_ids };
  return { type: "batch.claimed", data: { worker, claim_id: claimId, expires_at, ...told } };
}

/** What failed waits for a worker again; the rest stays as it is. */
function retry(
  state: BatchState,
  { mode, retriesMax }: RetryBatch,
  context: OwnedContext,
): BatchEvent {
  const { batch_id, status } = state;
  const failed = failedObjects(state);
  if (phaseOf(status) !== "finished" || failed.length === 0) {
    throw wrongStatus(state, context.moment.now, "only what failed can be tried again");
  }
  const count = state.retry?.count ?? 0;
  if (count >= retriesMax) {
    throw new BucketsError(
      "BAD_REQUEST",
      `The batch ${batch_id} was tried again ${count} times: send a larger max_retry_count.`,
      { batch_id, status, retry_count: count },
    );
  }
  const tried = mode === "all" ? failed : failed.filter(isTransient);
  const object_ids = [...new Set(tried.map(({ object_id }) => object_id))].filter((id) =>
    isObject(id, context),
  );
  if (object_ids.length > 0) {
    return { type: "batch.retried", data: { object_ids, retry_mode: mode } };
  }
  const fix =
    tried.length === 0
      ? 'none of its faults passes by itself: send retry_mode "all"'
      : "every object that failed was deleted";
  throw new BucketsError("BAD_REQUEST", `The batch ${batch_id} is not tried again: ${fix}.`, {
    batch_id,
    status,
    error_summary: summaryOf(failed),
  });
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
    case "fail_batch": {
      assertErrorsFit(state, command);
      const { error, errorType: error_type, errors } = command;
      const kind = error_type !== undefined && { error_type };
      const own = errors.length > 0 && { errors: [...errors] };
      return { type: "batch.failed", data: { claim_id, error, ...kind, ...own } };
    }
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
  const size = objectsHandedOut(state).length;
  if (progress.processed_count + progress.failed_count <= size) return;
  throw invalidAt(
    ["body", "processed_count"],
    "too_many_objects",
    `The batch has ${size} objects: processed_count and failed_count together cannot be more.`,
  );
}

function assertErrorsFit(state: BatchState, { errors }: CompleteBatch | FailBatch): void {
  const present = new Set(objectsHandedOut(state));
  const issues = errors.flatMap(({ object_id }, index) =>
    present.has(object_id)
      ? []
      : [objectNotFound(object_id, "batch", ["body", "errors", index, "object_id"])],
  );
  if (issues.length > 0) throw validationFailed(issues);
}
