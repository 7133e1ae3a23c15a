import { expect, test } from "vitest";
import { superfluous } from "../../src/domain/log/checkpoint-thinning.js";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.UTC(2026, 9, 1, 12);

/** One a minute, for so many days. */
const eachMinute = (days: number) =>
  Array.from({ length: days * 24 * 60 }, (_, n) => ({
    size: n + 1,
    signedAt: now - days * day + n * minute,
  }));

test("all of a day are kept, one of each hour for thirty days, and one of each day before", () => {
  const signed = eachMinute(40);
  const gone = new Set(superfluous(signed, now));
  const kept = signed.filter(({ size }) => !gone.has(size));
  const within = (from: number, to: number) =>
    kept.filter(({ signedAt }) => now - from <= signedAt && signedAt < now - to).length;
  expect(within(day, 0)).toBe(24 * 60);
  expect(within(30 * day, day)).toBe(29 * 24);
  // Noon is in the middle of a day, so that there are parts of days at both ends.
  expect(within(41 * day, 30 * day)).toBe(11);
});

test("what is kept is kept again: thinning twice, or later, goes on from there", () => {
  const signed = eachMinute(33);
  const gone = new Set(superfluous(signed, now - day));
  const kept = signed.filter(({ size }) => !gone.has(size));
  expect(superfluous(kept, now - day)).toEqual([]);
  const both = new Set([...gone, ...superfluous(kept, now)]);
  expect([...both].sort((a, b) => a - b)).toEqual(superfluous(signed, now));
});

test("nothing of the last day goes, and of one alone none", () => {
  expect(superfluous(eachMinute(1), now)).toEqual([]);
  expect(superfluous([{ size: 1, signedAt: 0 }], now)).toEqual([]);
});
