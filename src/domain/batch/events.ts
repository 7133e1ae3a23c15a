/** What can have happened to a batch. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";
import { diff } from "../changes.js";
import { jsonObject } from "../schemas.js";
import { errorCategories, ObjectError } from "./failures.js";

export const BatchProgress = z.object({
  processed_count: z.number(),
  failed_count: z.number(),
});
export type BatchProgress = Readonly<z.infer<typeof BatchProgress>>;

/** How long a draft collects what a source adapter makes, and what becomes of it then. */
export const BatchWindow = z.object({
  closes_at: z.string().optional(),
  max_objects: z.number(),
  auto_submit: z.boolean(),
});
export type BatchWindow = Readonly<z.infer<typeof BatchWindow>>;

/** Which of the objects that failed are tried again. */
export const retryModes = ["transient_only", "all"] as const;

const objectIds = z.array(z.string());
/** Whose claim it is: a fencing token against mistakes, no secret. */
const claimId = z.string();

export const BatchEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("batch.created"),
    data: z.object({
      object_ids: objectIds,
      metadata: jsonObject,
      window: BatchWindow.optional(),
    }),
  }),
  /** Only what is new, so that a batch that is filled one by one stays small in the log. */
  z.object({ type: z.literal("batch.objects_added"), data: z.object({ object_ids: objectIds }) }),
  z.object({ type: z.literal("batch.patched"), data: z.object({ changes: z.array(Change) }) }),
  /** It stays a draft, and collects no more. */
  z.object({ type: z.literal("batch.window_closed"), data: z.object({}) }),
  z.object({ type: z.literal("batch.submitted"), data: z.object({ task_id: z.string() }) }),
  z.object({ type: z.literal("batch.canceled"), data: z.object({}) }),
  z.object({
    type: z.literal("batch.claimed"),
    data: z.object({
      worker: z.string(),
      claim_id: claimId,
      expires_at: z.string(),
      /** Objects of it that were deleted before: the worker is not asked for them. */
      deleted_object_ids: objectIds.optional(),
    }),
  }),
  z.object({
    type: z.literal("batch.progressed"),
    data: z.object({ claim_id: claimId, progress: BatchProgress, expires_at: z.string() }),
  }),
  z.object({
    type: z.literal("batch.completed"),
    data: z.object({
      claim_id: claimId,
      result: jsonObject.optional(),
      /** Any at all make it COMPLETED_WITH_ERRORS. */
      errors: z.array(ObjectError),
    }),
  }),
  z.object({
    type: z.literal("batch.failed"),
    data: z.object({
      claim_id: claimId,
      error: z.string(),
      error_type: z.enum(errorCategories).optional(),
      /** Of the objects with which something of their own was wrong. */
      errors: z.array(ObjectError).optional(),
    }),
  }),
  /** It waits for a worker again, who is asked for these objects alone. */
  z.object({
    type: z.literal("batch.retried"),
    data: z.object({ object_ids: objectIds, retry_mode: z.enum(retryModes) }),
  }),
  z.object({ type: z.literal("batch.deleted"), data: z.object({}) }),
]);
export type BatchEvent = Readonly<z.infer<typeof BatchEvent>>;

/** What the event did to the document, for history. Objects are only ever added at the end. */
export function batchChanges(event: BatchEvent): readonly Change[] {
  switch (event.type) {
    case "batch.created": {
      const { window: _, ...document } = event.data;
      return diff({}, document);
    }
    case "batch.objects_added":
      return event.data.object_ids.map((value) => ({ op: "add", path: "/object_ids/-", value }));
    case "batch.patched":
      return event.data.changes;
    case "batch.window_closed":
    case "batch.submitted":
    case "batch.canceled":
    case "batch.claimed":
    case "batch.progressed":
    case "batch.completed":
    case "batch.failed":
    case "batch.retried":
    case "batch.deleted":
      return [];
  }
}
