/** Which of many backups are kept: the newest of each of the last hours, days and weeks that have one. */
import { BucketsError } from "../domain/errors.js";

/** The newest backup of each of so many periods. */
interface Kept {
  readonly count: number;
  readonly periodMs: number;
}

export type Keep = readonly Kept[];

const hourMs = 60 * 60 * 1_000;
const periods: Readonly<Record<string, number>> = {
  h: hourMs,
  d: 24 * hourMs,
  w: 7 * 24 * hourMs,
};

/** @throws BAD_REQUEST for what is not such as `24h,7d,4w`. */
export function parseKeep(text: string): Keep {
  return text.split(",").map((part) => {
    const [, count, unit = ""] = /^([1-9][0-9]{0,3})([hdw])$/.exec(part.trim()) ?? [];
    const periodMs = periods[unit];
    if (count === undefined || periodMs === undefined) {
      throw new BucketsError(
        "BAD_REQUEST",
        `"${text}" does not say what to keep: hours, days and weeks, as 24h,7d,4w.`,
      );
    }
    return { count: Number(count), periodMs };
  });
}

/**
 * The backups that need not be kept, by when they were taken. The newest is always kept, and a period
 * without one does not count: who was off for a month still has as many.
 */
export function outlived(times: readonly number[], keep: Keep): readonly number[] {
  const newestFirst = [...times].sort((a, b) => b - a);
  const kept = new Set(newestFirst.slice(0, 1));
  for (const { count, periodMs } of keep) {
    const ofPeriods = new Map<number, number>();
    for (const time of newestFirst) {
      const period = Math.floor(time / periodMs);
      if (!ofPeriods.has(period) && ofPeriods.size < count) ofPeriods.set(period, time);
    }
    for (const time of ofPeriods.values()) kept.add(time);
  }
  return newestFirst.filter((time) => !kept.has(time));
}
