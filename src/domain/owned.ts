/** What everything in a bucket has in common: whether the bucket, its owner, takes a change to it. */
import { assertUnlocked, lockAt } from "./bucket/lock.js";
import { type BucketState, nameOf } from "./bucket/state.js";
import { BucketsError, invariant } from "./errors.js";
import type { DecisionContext, OwnerTakes } from "./kind.js";

/** What is known, beside its own state, when a command for something in a bucket is decided. */
export interface OwnedContext extends DecisionContext {
  readonly owner: BucketState;
}

/** The context of something in a bucket, which is always decided with its bucket. */
export function owned({ owner, ...context }: DecisionContext): OwnedContext {
  invariant(owner !== undefined, "a member of a bucket is decided with its bucket");
  return { ...context, owner };
}

/** @throws BUCKET_LOCKED when the bucket is locked or suspended, or, for objects, archived. */
export function assertTakes(needed: OwnerTakes, owner: BucketState, now: number): void {
  if (needed === "anything") return;
  assertUnlocked(owner, now);
  const closed = closedFor(needed, owner);
  if (closed === undefined) return;
  throw new BucketsError(
    "BUCKET_LOCKED",
    `The bucket "${nameOf(owner)}" is ${closed}: activate it first.`,
    { status: owner.status, bucket_id: owner.bucket_id },
  );
}

/** Whether `assertTakes` lets it pass. @param now milliseconds. */
export function takes(needed: OwnerTakes, owner: BucketState, now: number): boolean {
  if (needed === "anything") return true;
  return lockAt(owner, now) === undefined && closedFor(needed, owner) === undefined;
}

function closedFor(needed: OwnerTakes, { status }: BucketState): string | undefined {
  if (status === "SUSPENDED") return "suspended";
  return needed === "objects" && status === "ARCHIVED" ? "archived" : undefined;
}
