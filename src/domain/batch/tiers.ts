/**
 * The tiers of a batch, as the hosted API tells of its stages. Here a batch is processed in one, which
 * takes objects from the bucket; it has the faults that workers reported.
 */
import { z } from "zod";
import { type JsonObject, withoutAbsent } from "../json.js";
import { answeredTime } from "../schemas.js";
import { categoryOf, errorCategories, failedObjects, summaryOf } from "./failures.js";
import type { BatchState } from "./state.js";
import { type BatchStatus, batchStatuses, phaseOf } from "./status.js";

const count = z.number().int();

const TierError = z.object({
  error_type: z.enum(errorCategories),
  message: z.string(),
  component: z.string().optional(),
  stage: z.string().optional(),
  recovery_suggestion: z.string().optional(),
  timestamp: answeredTime.optional(),
  /** What the worker makes of the object, or else the object. */
  affected_document_ids: z.array(z.string()),
  affected_count: count,
});

const TierTask = z.object({
  tier_num: z.literal(0),
  task_id: z.string().optional(),
  status: z.enum(batchStatuses),
  source_type: z.literal("bucket"),
  completed_at: answeredTime.optional(),
  errors: z.array(TierError),
  error_summary: z.partialRecord(z.enum(errorCategories), count).optional(),
});

/** What a batch is answered with about them. */
export const tierFields = {
  total_tiers: z.literal(1),
  /** While it is submitted and has not finished. */
  current_tier: z.literal(0).optional(),
  /** Once it was submitted. */
  tier_tasks: z.array(TierTask),
  /** What only a batch of the hosted API has, where collections take what it makes. */
  collection_ids: z.array(z.string()).optional(),
  dag_tiers: z.array(z.array(z.string())).optional(),
  manifest_key: z.string().optional(),
  loaded_object_ids: z.array(z.string()).optional(),
  internal_metadata: z.record(z.string(), z.unknown()).optional(),
} as const;

/** @param status of the moment that the answer is about. */
export function tiersOf(state: BatchState, status: BatchStatus): JsonObject {
  const isOpen = ["waiting", "working"].includes(phaseOf(status));
  return withoutAbsent({
    total_tiers: 1,
    current_tier: isOpen ? 0 : undefined,
    tier_tasks: state.task_id === undefined ? [] : [tierTask(state, status)],
  });
}

function tierTask(state: BatchState, status: BatchStatus): JsonObject {
  return withoutAbsent({
    tier_num: 0,
    task_id: state.task_id,
    status,
    source_type: "bucket",
    completed_at: state.finished_at,
    errors: errorsOf(state),
    error_summary: summaryOf(failedObjects(state)),
  });
}

/** Each that is of an object, and then that of the whole. */
function errorsOf(state: BatchState): JsonObject[] {
  const { errors = [], error, finished_at: timestamp, document } = state;
  const own = errors.map((fault) => {
    const affected = fault.affected_document_ids ?? [fault.object_id];
    return withoutAbsent({
      error_type: categoryOf(fault),
      message: fault.message,
      component: fault.component,
      stage: fault.stage,
      recovery_suggestion: fault.recovery_suggestion,
      timestamp,
      affected_document_ids: affected,
      affected_count: Math.max(1, affected.length),
    });
  });
  if (error === undefined) return own;
  const whole = {
    error_type: categoryOf(state),
    message: error,
    timestamp,
    affected_document_ids: [],
    affected_count: Math.max(1, document.object_ids.length - own.length),
  };
  return [...own, withoutAbsent(whole)];
}
