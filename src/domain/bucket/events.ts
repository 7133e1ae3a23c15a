/** What can have happened to a bucket. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../changes.js";
import { UniqueKey } from "./bucket-schema.js";
import { patchMediaTypes } from "./patch.js";

export const BucketCreated = z.object({
  type: z.literal("bucket.created"),
  data: z.object({ changes: z.array(Change), unique_key: UniqueKey.optional() }),
});

export const BucketPatched = z.object({
  type: z.literal("bucket.patched"),
  data: z.object({ media_type: z.enum(patchMediaTypes), changes: z.array(Change) }),
});

export const BucketLocked = z.object({
  type: z.literal("bucket.locked"),
  data: z.object({
    holder: z.string(),
    reason: z.string().optional(),
    expires_at: z.string().optional(),
  }),
});

export const BucketUnlocked = z.object({
  type: z.literal("bucket.unlocked"),
  data: z.object({}),
});

export const BucketArchived = z.object({
  type: z.literal("bucket.archived"),
  data: z.object({}),
});

export const BucketActivated = z.object({
  type: z.literal("bucket.activated"),
  data: z.object({}),
});

export const BucketSuspended = z.object({
  type: z.literal("bucket.suspended"),
  data: z.object({}),
});

/** One event, however much the bucket holds: what it holds is hidden through it. */
export const BucketDeleted = z.object({
  type: z.literal("bucket.deleted"),
  data: z.object({ task_id: z.string() }),
});

export type BucketEvent =
  | z.infer<typeof BucketCreated>
  | z.infer<typeof BucketPatched>
  | z.infer<typeof BucketLocked>
  | z.infer<typeof BucketUnlocked>
  | z.infer<typeof BucketArchived>
  | z.infer<typeof BucketActivated>
  | z.infer<typeof BucketSuspended>
  | z.infer<typeof BucketDeleted>;
