/**
 * Locking (CONTRACT: buckets): a lock holds at a time t when it is present and does not expire
 * before or at t. It lapses by itself; no event says so, because the lock's own event already did.
 */
import { BucketsError } from "../errors.js";
import { type BucketLock, type BucketState, nameOf } from "./state.js";

/** The lock that holds at the time (milliseconds), if any. */
export function lockAt(state: Pick<BucketState, "lock">, time: number): BucketLock | undefined {
  const { lock } = state;
  if (lock?.expires_at === undefined) return lock;
  return Date.parse(lock.expires_at) > time ? lock : undefined;
}

/** True when a lock is still recorded but no longer holds. */
export function isLockLapsed(state: BucketState, time: number): boolean {
  return state.lock !== undefined && lockAt(state, time) === undefined;
}

/** @throws BUCKET_LOCKED with reason, holder and expiry. */
export function assertUnlocked(state: BucketState, time: number): void {
  const lock = lockAt(state, time);
  if (lock === undefined) return;
  const until = lock.expires_at === undefined ? "until it is unlocked" : `until ${lock.expires_at}`;
  throw new BucketsError(
    "BUCKET_LOCKED",
    `The bucket "${nameOf(state)}" is locked by ${lock.holder} ${until}.`,
    { ...lock, bucket_id: state.bucket_id },
  );
}
