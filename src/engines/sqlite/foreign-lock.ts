/**
 * Another program may hold a lock on the file, such as a shell that was left in a transaction. Waiting
 * for it in SQLite would keep every request from its turn.
 */
import { isBucketsError } from "../../domain/errors.js";
import { monotonicNow, setTimeout } from "../../timers.js";
import { isBusy } from "./faults.js";

const waitMs = 2_000;
const pauseMs = 5;

/**
 * Does the work, again until the lock is gone: what a lock keeps from beginning has done nothing.
 * @throws NOT_READY when it stays.
 */
export async function whenUnlocked<T>(work: () => T): Promise<T> {
  const until = monotonicNow() + waitMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const isLocked = isBucketsError(error) && isBusy(error.cause);
      if (!isLocked || monotonicNow() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
