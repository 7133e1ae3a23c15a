/** What everything in a bucket has in common: whether the bucket, its owner, takes a change to it. */
import type { Moment } from "./bucket/decide.js";
import { assertUnlocked, lockAt } from "./bucket/lock.js";
import { type BucketState, nameOf } from "./bucket/state.js";
import { BucketsError } from "./errors.js";

/** As much of another resource as a decision about it needs. */
export interface Related {
  readonly kind: string;
  readonly bucket_id: string;
  readonly deleted?: object | undefined;
}

/** What is known, beside its own state, when a command for something in a bucket is decided. */
export interface OwnedContext {
  /** It exists: that was checked before. */
  readonly owner: BucketState;
  /** What the command names by its id, if there is such a thing. */
  readonly related: (id: string) => Related | undefined;
  /** The id of the object that a command right before, of the same operation, was about. */
  readonly precedingObject: string | undefined;
  readonly moment: Moment;
}

type OwnerNow = Pick<OwnedContext, "owner" | "moment">;

/** @throws BUCKET_LOCKED when the bucket is locked or suspended. */
export function assertTakesWrites({ owner, moment }: OwnerNow): void {
  assertUnlocked(owner, moment.now);
  if (owner.status === "SUSPENDED") throw closed(owner, "suspended");
}

/** Whether `assertTakesWrites` lets it pass. @param now milliseconds. */
export function takesWrites(owner: BucketState, now: number): boolean {
  const isClosed = owner.deleted !== undefined || owner.status === "SUSPENDED";
  return !isClosed && lockAt(owner, now) === undefined;
}

/** @throws BUCKET_LOCKED when the bucket is locked, suspended or archived. */
export function assertTakesObjects(context: OwnerNow): void {
  assertTakesWrites(context);
  if (context.owner.status === "ARCHIVED") throw closed(context.owner, "archived");
}

function closed(owner: BucketState, how: string): BucketsError {
  return new BucketsError(
    "BUCKET_LOCKED",
    `The bucket "${nameOf(owner)}" is ${how}: activate it first.`,
    { status: owner.status, bucket_id: owner.bucket_id },
  );
}
