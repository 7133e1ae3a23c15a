/** Whether a folder that looks unchanged is: by what its file system would stamp, in ticks. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UnchangedFolder } from "../../src/engines/sqlite/unchanged-folder.js";

const stampOf = (change: number, tickMs: number) => `${Math.floor(change / tickMs)}`;

test("nothing is taken for unchanged before it was looked at, nor without a stamp", () => {
  const unchanged = new UnchangedFolder();
  expect(unchanged.isSince("1")).toBe(false);
  expect(unchanged.isSince(undefined)).toBe(false);
  for (const now of [0, 100, 200]) unchanged.looked(undefined, now);
  expect(unchanged.isSince(undefined)).toBe(false);
});

test("a stamp is trusted once somebody has looked after its tick was over", () => {
  const unchanged = new UnchangedFolder();
  unchanged.looked("1", 0);
  unchanged.looked("1", 5);
  expect(unchanged.isSince("1")).toBe(false);
  unchanged.looked("1", 25);
  expect(unchanged.isSince("1")).toBe(true);
  expect(unchanged.isSince("2")).toBe(false);
});

test("no change is missed, however changes and looks fall into ticks", () => {
  // Mostly some in one tick.
  const after = fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, fc.nat(30));
  const steps = fc.array(fc.record({ after, changes: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 10 }), (all, tickMs) => {
      const unchanged = new UnchangedFolder();
      let now = 0;
      let change = 0;
      let isSeen = false;
      for (const { after, changes } of all) {
        now += after;
        if (changes) {
          change = now;
          isSeen = false;
          continue;
        }
        const stamp = stampOf(change, tickMs);
        if (unchanged.isSince(stamp)) expect(isSeen).toBe(true);
        else unchanged.looked(stamp, now);
        isSeen = true;
      }
    }),
    { numRuns: 5_000 },
  );
});
