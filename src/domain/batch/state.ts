/** The state of a batch: the fold of its events. */
import { z } from "zod";
import type { Change } from "../change.js";
import { applyChanges } from "../changes.js";
import { invariant } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { isJsonObject } from "../json.js";
import { jsonObject } from "../schemas.js";
import { type BatchEvent, BatchProgress, BatchWindow } from "./events.js";
import { errorCategories, ObjectError } from "./failures.js";
import { type BatchStatus, batchStatuses } from "./status.js";

export const BatchLease = z.object({
  worker: z.string(),
  claim_id: z.string(),
  expires_at: z.string(),
});
export type BatchLease = Readonly<z.infer<typeof BatchLease>>;

export const BatchState = z.object({
  kind: z.literal("batch"),
  batch_id: z.string(),
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  document: z.object({ object_ids: z.array(z.string()), metadata: jsonObject }),
  /** As the last event left it; `statusAt` knows of leases that ran out since. */
  status: z.enum(batchStatuses),
  /** Of a draft that collects what a source adapter makes. */
  window: BatchWindow.optional(),
  /** There while it is worked on, also once it lapsed. */
  lease: BatchLease.optional(),
  /** Those of its objects that had been deleted when a worker last took it. */
  deleted_object_ids: z.array(z.string()).optional(),
  progress: BatchProgress.optional(),
  result: jsonObject.optional(),
  errors: z.array(ObjectError).optional(),
  error: z.string().optional(),
  error_type: z.enum(errorCategories).optional(),
  /** How often it was tried again, and which objects a worker is asked for until it has ended. */
  retry: z.object({ count: z.number(), object_ids: z.array(z.string()).optional() }).optional(),
  task_id: z.string().optional(),
  created_at: z.string(),
  /** The time of the last event, whatever it was about: a batch is work, and this its last sign. */
  updated_at: z.string(),
  submitted_at: z.string().optional(),
  finished_at: z.string().optional(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type BatchState = Readonly<z.infer<typeof BatchState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: BatchEvent };

/** The state after the event. Pure, and the only way that the state of a batch is ever made. */
export function evolveBatch(state: BatchState | undefined, recorded: Recorded): BatchState {
  const { event } = recorded;
  if (state === undefined) return begin(recorded);
  const at = formatTime(recorded.recordedAt);
  const { version, position } = recorded;
  const next = { ...state, version, position, updated_at: at };
  switch (event.type) {
    case "batch.created":
      throw new Error(`invariant broken: ${recorded.stream} was created twice`);
    case "batch.objects_added": {
      const object_ids = [...state.document.object_ids, ...event.data.object_ids];
      return { ...next, document: { ...state.document, object_ids } };
    }
    case "batch.patched":
      return { ...next, document: patched(state.document, event.data.changes) };
    case "batch.window_closed": {
      const { window: _, ...closed } = next;
      return closed;
    }
    case "batch.submitted":
      return { ...next, status: "PENDING", task_id: event.data.task_id, submitted_at: at };
    case "batch.claimed": {
      const { deleted_object_ids, ...lease } = event.data;
      const { progress: _, deleted_object_ids: __, ...claimed } = next;
      return {
        ...claimed,
        status: "IN_PROGRESS",
        lease,
        ...(deleted_object_ids !== undefined && { deleted_object_ids }),
      };
    }
    case "batch.progressed": {
      const { lease } = state;
      invariant(lease !== undefined, `${recorded.stream} progressed without a lease`);
      const { progress, expires_at } = event.data;
      return { ...next, status: "PROCESSING", progress, lease: { ...lease, expires_at } };
    }
    case "batch.completed": {
      const { result } = event.data;
      const errors = [...(state.errors ?? []), ...event.data.errors];
      return {
        ...finished(next, errors.length === 0 ? "COMPLETED" : "COMPLETED_WITH_ERRORS", at),
        ...(result !== undefined && { result }),
        ...(errors.length > 0 && { errors }),
      };
    }
    case "batch.failed": {
      const { error, error_type } = event.data;
      const errors = [...(state.errors ?? []), ...(event.data.errors ?? [])];
      return {
        ...finished(next, "FAILED", at),
        error,
        ...(error_type !== undefined && { error_type }),
        ...(errors.length > 0 && { errors }),
      };
    }
    case "batch.retried":
      return retried(next, event.data.object_ids);
    case "batch.canceled":
      return finished(next, "CANCELED", at);
    case "batch.deleted":
      return { ...next, deleted: { deleted_at: at } };
  }
}

/** What is to be processed: all of it, or what is tried again. */
export function objectsAsked({ document, retry }: BatchState): readonly string[] {
  return retry?.object_ids ?? document.object_ids;
}

/** What a worker is asked for: the objects but for those that were deleted before it took them. */
export function objectsHandedOut(state: BatchState): readonly string[] {
  const { deleted_object_ids } = state;
  const asked = objectsAsked(state);
  if (deleted_object_ids === undefined) return asked;
  const deleted = new Set(deleted_object_ids);
  return asked.filter((id) => !deleted.has(id));
}

function begin({ stream, event, recordedAt, ...recorded }: Recorded): BatchState {
  invariant(event.type === "batch.created", `${stream} does not begin with its creation`);
  const at = formatTime(recordedAt);
  const { window, ...document } = event.data;
  return {
    kind: "batch",
    batch_id: stream,
    bucket_id: recorded.bucketId,
    namespace: recorded.namespace,
    version: recorded.version,
    position: recorded.position,
    document,
    ...(window !== undefined && { window }),
    status: "DRAFT",
    created_at: at,
    updated_at: at,
  };
}

function patched(
  document: BatchState["document"],
  changes: readonly Change[],
): BatchState["document"] {
  const { metadata } = applyChanges({ metadata: document.metadata }, changes);
  invariant(metadata !== undefined && isJsonObject(metadata), "a batch has no metadata");
  return { ...document, metadata };
}

/** What went wrong with objects that are not tried again is told on. */
function retried(state: BatchState, objectIds: readonly string[]): BatchState {
  const { errors = [], error: _, error_type: __, finished_at: ___, ...ended } = state;
  const { progress: ____, deleted_object_ids: _____, ...waiting } = ended;
  const again = new Set(objectIds);
  const kept = errors.filter(({ object_id }) => !again.has(object_id));
  return {
    ...waiting,
    status: "PENDING",
    retry: { count: (state.retry?.count ?? 0) + 1, object_ids: [...objectIds] },
    ...(kept.length > 0 && { errors: kept }),
  };
}

function finished(state: BatchState, status: BatchStatus, at: string): BatchState {
  const { lease: _, retry, ...rest } = state;
  const tried = retry === undefined ? {} : { retry: { count: retry.count } };
  return { ...rest, ...tried, status, finished_at: at };
}
