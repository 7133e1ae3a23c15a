/** Statistics by example, and the law that a fold of moves is what a naive recount says. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BatchStatus, batchStatuses } from "../../../src/domain/batch/status.js";
import {
  type BucketStats,
  emptyStats,
  moveStats,
  type StatsChange,
} from "../../../src/domain/bucket/stats.js";
import { formatTime } from "../../../src/domain/event.js";
import { seed } from "../arbitraries.js";

const at = Date.parse("2026-10-01T00:00:00.000Z");
const time = "2026-10-01T00:00:00.000Z";

function unasked(): never {
  throw new Error("The extremes were asked for although they could be folded.");
}

function change(moved: Partial<StatsChange>): StatsChange {
  return { position: 7, recordedAt: at, ...moved };
}

function withObjects(...sizes: readonly number[]): BucketStats {
  return sizes.reduce(
    (stats, is) => moveStats(stats, change({ object: { was: undefined, is } }), unasked) ?? stats,
    emptyStats,
  );
}

describe("nothing moves", () => {
  test.each<[string, Partial<StatsChange>]>([
    ["by an event that is about neither", {}],
    ["by an object of the same size", { object: { was: 3, is: 3 } }],
    ["by a batch that stays active", { batch: { was: "PENDING", is: "IN_PROGRESS" } }],
    ["by a canceled batch that stays so", { batch: { was: "CANCELED", is: "CANCELED" } }],
    ["without bytes", { broughtBytes: false }],
  ])("%s", (_, moved) => {
    expect(moveStats(withObjects(3), change(moved), unasked)).toBeUndefined();
  });
});

test("an empty object counts, and is the smallest", () => {
  expect(withObjects(5, 0)).toMatchObject({
    objectCount: 2,
    totalSizeBytes: 5n,
    maxSizeBytes: 5,
    minSizeBytes: 0,
  });
});

test("the move says where and when", () => {
  expect(withObjects(5)).toMatchObject({ position: 7, updatedAt: time, lastUploadAt: undefined });
});

test("bytes that arrive move the last upload, and an object that goes does not", () => {
  const brought = moveStats(emptyStats, change({ broughtBytes: true }), unasked);
  expect(brought).toStrictEqual({
    ...emptyStats,
    position: 7,
    lastUploadAt: time,
    updatedAt: time,
  });
});

describe("the extremes are asked for", () => {
  const stats = withObjects(1, 5, 9);
  const answer = () => ({ max: 6, min: 2 });
  test.each<[string, number, number | undefined, boolean]>([
    ["when the largest leaves", 9, undefined, true],
    ["when the largest shrinks", 9, 4, true],
    ["when the smallest leaves", 1, undefined, true],
    ["when the smallest grows", 1, 4, true],
    ["not when the largest grows", 9, 12, false],
    ["not when the smallest shrinks", 1, 0, false],
    ["not when one between leaves", 5, undefined, false],
  ])("%s", (_, was, is, isAsked) => {
    let asked = 0;
    const moved = moveStats(stats, change({ object: { was, is } }), () => {
      asked += 1;
      return answer();
    });
    expect(asked).toBe(isAsked ? 1 : 0);
    if (isAsked) expect(moved).toMatchObject({ maxSizeBytes: 6, minSizeBytes: 2 });
  });
});

test("the last object takes the extremes with it, and nobody is asked", () => {
  expect(
    moveStats(withObjects(5), change({ object: { was: 5, is: undefined } }), unasked),
  ).toMatchObject({ objectCount: 0, totalSizeBytes: 0n, maxSizeBytes: 0, minSizeBytes: 0 });
});

test.each<[BatchStatus, Partial<BucketStats["batches"]>]>([
  ["DRAFT", { active: 1 }],
  ["PENDING", { active: 1 }],
  ["QUEUED", { active: 1 }],
  ["IN_PROGRESS", { active: 1 }],
  ["PROCESSING", { active: 1 }],
  ["COMPLETED", { completed: 1 }],
  ["COMPLETED_WITH_ERRORS", { completed: 1 }],
  ["FAILED", { failed: 1 }],
  ["CANCELED", {}],
  ["INTERRUPTED", {}],
])("a batch that is %s counts as such, and no longer once it is deleted", (status, counted) => {
  const made = moveStats(emptyStats, change({ batch: { was: undefined, is: status } }), unasked);
  expect(made?.batches).toStrictEqual({ ...emptyStats.batches, total: 1, ...counted });
  const gone = change({ batch: { was: status, is: undefined } });
  expect(moveStats(made ?? emptyStats, gone, unasked)?.batches).toStrictEqual(emptyStats.batches);
});

/** One event of a random history: some object, or some batch, becomes this. */
interface Step {
  readonly id: number;
  readonly size?: number | undefined;
  readonly status?: BatchStatus | undefined;
  readonly kind: "object" | "batch";
  readonly broughtBytes: boolean;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("object" as const),
    id: fc.nat(4),
    size: fc.option(fc.nat(5), { nil: undefined }),
    broughtBytes: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("batch" as const),
    id: fc.nat(3),
    status: fc.option(fc.constantFrom(...batchStatuses), { nil: undefined }),
    broughtBytes: fc.constant(false),
  }),
);

test("folding the moves of any history equals a recount at every position", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = { objects: new Map<number, number>(), batches: new Map<number, BatchStatus>() };
      let stats = emptyStats;
      let last: Pick<BucketStats, "position" | "updatedAt" | "lastUploadAt"> = emptyStats;
      for (const [index, taken] of steps.entries()) {
        const before = recount(world);
        const moved = take(world, taken, index);
        stats = moveStats(stats, moved, () => extremesOf(world)) ?? stats;
        const recounted = recount(world);
        const isMoved = taken.broughtBytes || !equal(before, recounted);
        if (isMoved) {
          const updatedAt = formatTime(at + index);
          const lastUploadAt = taken.broughtBytes ? updatedAt : last.lastUploadAt;
          last = { position: index + 1, updatedAt, lastUploadAt };
        }
        expect(stats).toStrictEqual({ ...recounted, ...last });
      }
    }),
    { seed, numRuns: 300 },
  );
});

interface World {
  readonly objects: Map<number, number>;
  readonly batches: Map<number, BatchStatus>;
}

function take(world: World, taken: Step, index: number): StatsChange {
  const place = { position: index + 1, recordedAt: at + index, broughtBytes: taken.broughtBytes };
  return taken.kind === "object"
    ? { ...place, object: put(world.objects, taken.id, taken.size) }
    : { ...place, batch: put(world.batches, taken.id, taken.status) };
}

function put<Value>(map: Map<number, Value>, id: number, is: Value | undefined) {
  const was = map.get(id);
  if (is === undefined) map.delete(id);
  else map.set(id, is);
  return { was, is };
}

function extremesOf({ objects }: World) {
  const sizes = [...objects.values()];
  return { max: Math.max(...sizes), min: Math.min(...sizes) };
}

/** Counted from what is there, with the words of the contract. */
function recount(world: World) {
  const sizes = [...world.objects.values()];
  const among = (...wanted: readonly string[]) =>
    [...world.batches.values()].filter((status) => wanted.includes(status)).length;
  const { max, min } = sizes.length === 0 ? { max: 0, min: 0 } : extremesOf(world);
  return {
    objectCount: sizes.length,
    totalSizeBytes: sizes.reduce((total, size) => total + BigInt(size), 0n),
    maxSizeBytes: max,
    minSizeBytes: min,
    batches: {
      total: world.batches.size,
      active: among("DRAFT", "PENDING", "QUEUED", "IN_PROGRESS", "PROCESSING"),
      completed: among("COMPLETED", "COMPLETED_WITH_ERRORS"),
      failed: among("FAILED"),
    },
  };
}

function equal(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}
