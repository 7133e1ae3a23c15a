/**
 * What the buckets of a namespace come to together, kept along the events of commits instead of counted by
 * lists. Pure: what has to be known from before them is asked for by counting.
 */
import { type BucketStats, emptyStats } from "../domain/bucket/stats.js";
import type { AppliedEvent, ResourceState } from "../domain/resource.js";

/** Of the buckets that are there: those that were made, and are not deleted. */
export interface NamespaceTotals {
  readonly bucketCount: number;
  readonly objectCount: number;
  /** Exact also beyond the 2^63 where the total of one bucket stays. */
  readonly totalSizeBytes: bigint;
}

/** Those of a namespace without a bucket, which has no row. */
export const noTotals: NamespaceTotals = { bucketCount: 0, objectCount: 0, totalSizeBytes: 0n };

export interface TotalsRow {
  readonly namespace: string;
  readonly totals: NamespaceTotals;
}

/** Whether a bucket is there before the events, and after them. */
interface Presence {
  readonly was: boolean;
  readonly is: boolean;
}

/** The statistics of buckets around the events; a bucket in neither has those of an empty one. */
export interface StatsAround {
  readonly before: ReadonlyMap<string, BucketStats>;
  /** Of those that moved. */
  readonly after: ReadonlyMap<string, BucketStats>;
}

/** Whether the event makes, deletes or restores a bucket. */
export function movesPresence({ before, after }: AppliedEvent): boolean {
  return after.kind === "bucket" && isThere(before) !== isThere(after);
}

function isThere(state: ResourceState | undefined): boolean {
  return state !== undefined && state.deleted === undefined;
}

/** How the events move the totals of namespaces. */
export class TotalsMoves {
  /** The buckets that they may move them by, with their namespaces. */
  readonly #buckets: ReadonlyMap<string, string>;
  readonly #presences: ReadonlyMap<string, Presence>;
  readonly #stats: StatsAround;

  constructor(events: readonly AppliedEvent[], stats: StatsAround) {
    this.#stats = stats;
    this.#presences = presencesIn(events);
    const moving = new Set([...this.#presences.keys(), ...resized(stats)]);
    this.#buckets = new Map(
      events.flatMap(({ recorded: { bucketId, namespace } }) =>
        moving.has(bucketId) ? [[bucketId, namespace] as const] : [],
      ),
    );
  }

  get areNone(): boolean {
    return this.#buckets.size === 0;
  }

  get namespaces(): ReadonlySet<string> {
    return new Set(this.#buckets.values());
  }

  /** The buckets of which the events do not tell whether they are there. */
  get unknown(): ReadonlySet<string> {
    return new Set([...this.#buckets.keys()].filter((id) => !this.#presences.has(id)));
  }

  /**
   * The totals after the events.
   *
   * @param existing which of the unknown buckets are there.
   * @param before the totals of the namespaces before.
   */
  rows(
    existing: ReadonlySet<string>,
    before: ReadonlyMap<string, NamespaceTotals>,
  ): readonly TotalsRow[] {
    const totals = new Map(before);
    for (const [bucketId, namespace] of this.#buckets) {
      const isThroughout = existing.has(bucketId);
      const { was, is } = this.#presences.get(bucketId) ?? { was: isThroughout, is: isThroughout };
      const statsBefore = this.#stats.before.get(bucketId) ?? emptyStats;
      const statsAfter = this.#stats.after.get(bucketId) ?? statsBefore;
      const without = added(totals.get(namespace) ?? noTotals, was ? statsBefore : undefined, -1);
      totals.set(namespace, added(without, is ? statsAfter : undefined, 1));
    }
    return [...totals].map(([namespace, after]) => ({ namespace, totals: after }));
  }
}

/** Of the buckets that the events make, delete or restore. */
function presencesIn(events: readonly AppliedEvent[]): ReadonlyMap<string, Presence> {
  const presences = new Map<string, Presence>();
  for (const { recorded, before, after } of events.filter(movesPresence)) {
    const was = presences.get(recorded.bucketId)?.was ?? isThere(before);
    presences.set(recorded.bucketId, { was, is: isThere(after) });
  }
  return presences;
}

/** The buckets that hold more or less than before. */
function resized({ before, after }: StatsAround): readonly string[] {
  return [...after].flatMap(([bucketId, { objectCount, totalSizeBytes }]) => {
    const was = before.get(bucketId) ?? emptyStats;
    const isSame = was.objectCount === objectCount && was.totalSizeBytes === totalSizeBytes;
    return isSame ? [] : [bucketId];
  });
}

/** The totals with a bucket, or without it. */
function added(
  totals: NamespaceTotals,
  bucket: BucketStats | undefined,
  sign: 1 | -1,
): NamespaceTotals {
  if (bucket === undefined) return totals;
  return {
    bucketCount: totals.bucketCount + sign,
    objectCount: totals.objectCount + sign * bucket.objectCount,
    totalSizeBytes: totals.totalSizeBytes + BigInt(sign) * bucket.totalSizeBytes,
  };
}
