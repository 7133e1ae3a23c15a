/**
 * When the clock is behind the newest event, because it leapt ahead and back: that event's time is
 * ahead of now, and stands still until now has caught up. `eventstore/time.md` says what goes by what.
 */
import { type HealthCheck, passes, warns } from "./health.js";

/** What clocks of one machine may differ by without a word. */
export const skewTaken = 2_000;

/** Milliseconds that the time of the newest event is ahead of the clock; 0 when it is not. */
export function clockSkew(recordedAt: number, now: number): number {
  return Math.max(0, recordedAt - now);
}

export function checkClock(skewMs: number): HealthCheck {
  if (skewMs <= skewTaken) return passes("clock", "the newest event is not ahead of it");
  const seconds = Math.round(skewMs / 1_000);
  return warns(
    "clock",
    `the newest event was recorded ${seconds} s ahead of the clock: recorded_at stands still until then; set the clock right`,
  );
}
