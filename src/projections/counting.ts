/**
 * The statistics of buckets along the events of a commit, on top of those from before it, which are asked
 * for in one set; the sizes of other objects only when the largest or the smallest one left. What they
 * do to the totals of namespaces comes last, and asks only when it moves some.
 */
import type { Asking } from "../domain/asking.js";
import {
  type BucketStats,
  type Extremes,
  emptyStats,
  moveStats,
  type StatsChange,
} from "../domain/bucket/stats.js";
import { type AppliedEvent, statsChangeOf, taskOf } from "../domain/resource.js";
import {
  movesPresence,
  type NamespaceTotals,
  type StatsAround,
  TotalsMoves,
  type TotalsRow,
} from "./namespace-totals.js";

/** What counting lacks of the view as it is before the events. */
export interface CountsNeeded {
  /** Buckets. */
  readonly stats: ReadonlySet<string>;
  /** Of buckets, the sizes of their objects without those that the events touch. */
  readonly extremes: ReadonlyMap<string, readonly string[]>;
  /** Buckets, of which it has to be known whether they are there. */
  readonly existing: ReadonlySet<string>;
  /** Namespaces. */
  readonly totals: ReadonlySet<string>;
}

export interface KnownCounts {
  readonly stats: ReadonlyMap<string, BucketStats>;
  /** Undefined where there is no other object. */
  readonly extremes: ReadonlyMap<string, Extremes | undefined>;
  /** Those of the buckets that were made, and are not deleted. */
  readonly existing: ReadonlySet<string>;
  readonly totals: ReadonlyMap<string, NamespaceTotals>;
}

export interface StatsRow {
  readonly bucketId: string;
  readonly stats: BucketStats;
}

/** The statistics of buckets before, along and after the events. */
export interface Counted {
  /** One for each event that moved some, in the order of the events. */
  readonly moved: readonly StatsRow[];
  /** The totals after the events, of the namespaces where they moved. */
  readonly totals: readonly TotalsRow[];
  /** How many objects the bucket holds once the event at the position is done. */
  objectCount(bucketId: string, position: number): number;
}

export function* counting(
  events: readonly AppliedEvent[],
): Asking<CountsNeeded, KnownCounts, Counted> {
  const moves = events.flatMap(moveOf);
  const buckets = new Set([...moves, ...events.filter(needsStats)].map(bucketOf));
  if (buckets.size === 0 && !events.some(movesPresence)) return nothingCounted;
  const { stats } = buckets.size === 0 ? nothingKnown : yield { ...nothingNeeded, stats: buckets };
  let extremes: KnownCounts["extremes"] = new Map();
  for (;;) {
    const lacking = new Map<string, readonly string[]>();
    const moved = count(moves, { stats, extremes }, lacking);
    if (lacking.size === 0) {
      const after = new Map(moved.map((row) => [row.bucketId, row.stats]));
      return countedOf(moved, stats, yield* addingUp(events, { before: stats, after }));
    }
    const more = yield { ...nothingNeeded, extremes: lacking };
    extremes = new Map([...extremes, ...more.extremes]);
  }
}

const nothingNeeded: CountsNeeded = {
  stats: new Set(),
  extremes: new Map(),
  existing: new Set(),
  totals: new Set(),
};

const nothingCounted = countedOf([], new Map(), []);

const nothingKnown: Pick<KnownCounts, "stats"> = { stats: new Map() };

function* addingUp(
  events: readonly AppliedEvent[],
  stats: StatsAround,
): Asking<CountsNeeded, KnownCounts, readonly TotalsRow[]> {
  const moves = new TotalsMoves(events, stats);
  if (moves.areNone) return [];
  const asked = { existing: moves.unknown, totals: moves.namespaces };
  const { existing, totals } = yield { ...nothingNeeded, ...asked };
  return moves.rows(existing, totals);
}

interface Move {
  readonly recorded: AppliedEvent["recorded"];
  readonly change: StatsChange;
}

function moveOf(applied: AppliedEvent): readonly Move[] {
  const change = statsChangeOf(applied);
  return change === undefined ? [] : [{ recorded: applied.recorded, change }];
}

/** Whether it has to be known what the bucket of the event holds, though the event moves none of it. */
function needsStats(applied: AppliedEvent): boolean {
  const isMoved = applied.before !== undefined && movesPresence(applied);
  return isMoved || tellsCount(applied);
}

/** Whether what the event leaves as a task tells how much the bucket holds. */
function tellsCount({ after, recorded }: AppliedEvent): boolean {
  let isAsked = false;
  const objectCount = () => {
    isAsked = true;
    return 0;
  };
  taskOf(after, objectCount, recorded.recordedAt);
  return isAsked;
}

function bucketOf({ recorded }: { readonly recorded: AppliedEvent["recorded"] }): string {
  return recorded.bucketId;
}

function countedOf(
  moved: readonly StatsRow[],
  before: KnownCounts["stats"],
  totals: readonly TotalsRow[],
): Counted {
  const objectCount = (bucketId: string, position: number) => {
    const row = moved.findLast(
      (one) => one.bucketId === bucketId && one.stats.position <= position,
    );
    return (row?.stats ?? before.get(bucketId) ?? emptyStats).objectCount;
  };
  return { moved, totals, objectCount };
}

/** @param lacking is told of the buckets whose other objects have to be known. */
function count(
  moves: readonly Move[],
  known: Pick<KnownCounts, "stats" | "extremes">,
  lacking: Map<string, readonly string[]>,
): readonly StatsRow[] {
  const newest = new Map(known.stats);
  const sizes = touchedSizes(moves);
  return moves.flatMap(({ recorded: { bucketId, stream }, change }) => {
    const touched = sizes.get(bucketId) ?? new Map<string, number | undefined>();
    if (change.object !== undefined) touched.set(stream, change.object.is);
    const extremes = () => {
      if (!known.extremes.has(bucketId)) lacking.set(bucketId, [...touched.keys()]);
      return extremesWith(known.extremes.get(bucketId), touched.values());
    };
    const stats = moveStats(newest.get(bucketId) ?? emptyStats, change, extremes);
    if (stats === undefined) return [];
    newest.set(bucketId, stats);
    return [{ bucketId, stats }];
  });
}

/** Of each bucket, the sizes before of the objects that the events touch; undefined where none was. */
function touchedSizes(moves: readonly Move[]): Map<string, Map<string, number | undefined>> {
  const sizes = new Map<string, Map<string, number | undefined>>();
  for (const { recorded, change } of moves) {
    if (change.object === undefined) continue;
    const inBucket = sizes.get(recorded.bucketId) ?? new Map<string, number | undefined>();
    sizes.set(recorded.bucketId, inBucket);
    if (!inBucket.has(recorded.stream)) inBucket.set(recorded.stream, change.object.was);
  }
  return sizes;
}

function extremesWith(
  others: Extremes | undefined,
  touched: Iterable<number | undefined>,
): Extremes {
  const sizes = [...touched].flatMap((size) => size ?? []);
  return (
    extremesAmong(others === undefined ? sizes : [...sizes, others.max, others.min]) ?? {
      max: 0,
      min: 0,
    }
  );
}

/** The greatest and the least of the sizes; undefined when there is none of them. */
export function extremesAmong(sizes: readonly number[]): Extremes | undefined {
  const [first, ...others] = sizes;
  if (first === undefined) return undefined;
  return {
    max: others.reduce((a, b) => Math.max(a, b), first),
    min: others.reduce((a, b) => Math.min(a, b), first),
  };
}
