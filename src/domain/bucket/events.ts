/** What can have happened to a bucket. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";
import { patchMediaTypes } from "../patch-media-type.js";
import { UniqueKey } from "./bucket-schema.js";

const BucketCreated = z.object({
  type: z.literal("bucket.created"),
  data: z.object({ changes: z.array(Change), unique_key: UniqueKey.optional() }),
});

const BucketPatched = z.object({
  type: z.literal("bucket.patched"),
  data: z.object({ media_type: z.enum(patchMediaTypes), changes: z.array(Change) }),
});

const BucketLocked = z.object({
  type: z.literal("bucket.locked"),
  data: z.object({
    holder: z.string(),
    reason: z.string().optional(),
    expires_at: z.string().optional(),
  }),
});

const BucketUnlocked = z.object({
  type: z.literal("bucket.unlocked"),
  data: z.object({}),
});

const BucketArchived = z.object({
  type: z.literal("bucket.archived"),
  data: z.object({}),
});

const BucketActivated = z.object({
  type: z.literal("bucket.activated"),
  data: z.object({}),
});

const BucketSuspended = z.object({
  type: z.literal("bucket.suspended"),
  data: z.object({}),
});

/** One event, however much the bucket holds: what it holds is hidden through it. */
const BucketDeleted = z.object({
  type: z.literal("bucket.deleted"),
  data: z.object({ task_id: z.string() }),
});

/** The document, or some fields of it, were put back to a version. */
const BucketReverted = z.object({
  type: z.literal("bucket.reverted"),
  data: z.object({ revert_of: z.number(), changes: z.array(Change) }),
});

/** What one event did was taken back. */
const BucketUndone = z.object({
  type: z.literal("bucket.undone"),
  data: z.object({ revert_of: z.number(), changes: z.array(Change) }),
});

/** A deleted bucket is back, under another name if it was given one. */
const BucketRestored = z.object({
  type: z.literal("bucket.restored"),
  data: z.object({ changes: z.array(Change) }),
});

/** A webhook secret that was replaced, and until when it is taken all the same. */
export const RetiredSecret = z.object({ reference: z.string(), valid_until: z.string() });
export type RetiredSecret = Readonly<z.infer<typeof RetiredSecret>>;

/** The webhook secret is another one; those before it overlap. */
const SecretRotated = z.object({
  type: z.literal("bucket.secret_rotated"),
  data: z.object({ changes: z.array(Change), retired: z.array(RetiredSecret) }),
});

export const BucketEvent = z.discriminatedUnion("type", [
  BucketCreated,
  BucketPatched,
  BucketLocked,
  BucketUnlocked,
  BucketArchived,
  BucketActivated,
  BucketSuspended,
  BucketDeleted,
  BucketReverted,
  BucketUndone,
  BucketRestored,
  SecretRotated,
]);
export type BucketEvent = Readonly<z.infer<typeof BucketEvent>>;

/** What the event did to the document. */
export function bucketChanges(event: BucketEvent): readonly Change[] {
  switch (event.type) {
    case "bucket.created":
    case "bucket.patched":
    case "bucket.reverted":
    case "bucket.undone":
    case "bucket.restored":
    case "bucket.secret_rotated":
      return event.data.changes;
    case "bucket.locked":
    case "bucket.unlocked":
    case "bucket.archived":
    case "bucket.activated":
    case "bucket.suspended":
    case "bucket.deleted":
      return [];
  }
}
