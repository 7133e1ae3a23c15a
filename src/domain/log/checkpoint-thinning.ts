/** Which checkpoints are kept: the nearer, the more; the first of each hour or day, so that it stays. */

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

/** All that were signed since are kept. */
export const keptWholeMs = dayMs;
/** One an hour is kept since, and one a day before. */
export const keptHourlyMs = 30 * dayMs;

interface Signed {
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
}

/**
 * The sizes of those that may go.
 * @param signed those that are noted nowhere else, by size; without the newest, which stays.
 */
export function superfluous(signed: readonly Signed[], now: number): readonly number[] {
  const [hours, days] = [new Set<number>(), new Set<number>()];
  const sizes: number[] = [];
  for (const { size, signedAt } of signed) {
    const isFirstOfHour = addsTo(hours, Math.floor(signedAt / hourMs));
    const isFirstOfDay = addsTo(days, Math.floor(signedAt / dayMs));
    const age = now - signedAt;
    if (age <= keptWholeMs) continue;
    if (age <= keptHourlyMs ? !isFirstOfHour : !isFirstOfDay) sizes.push(size);
  }
  return sizes;
}

function addsTo(set: Set<number>, value: number): boolean {
  const isNew = !set.has(value);
  set.add(value);
  return isNew;
}
