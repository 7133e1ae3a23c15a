/**
 * The statistics of a bucket, folded from the events of its objects, uploads and batches. Bytes count
 * as an upload once, when they arrive: in an object write that holds them, or when an upload is
 * confirmed. An object that refers to a confirmed upload, or to a URL, brings none.
 */
import { z } from "zod";
import type { BatchStatus } from "../batch/status.js";
import { formatTime } from "../event.js";

const count = z.number().int().min(0);

export const BatchStats = z.object({
  total: count,
  active: count,
  completed: count,
  failed: count,
});
type BatchStats = Readonly<z.infer<typeof BatchStats>>;

/** The statistics of a bucket at a moment, and the position of the event that last moved them. */
export interface BucketStats {
  /** 0 when no event moved them yet. */
  readonly position: number;
  readonly objectCount: number;
  /** Exact also beyond 2^53, up to the 2^63 that every engine holds, where it stays. */
  readonly totalSizeBytes: bigint;
  /** 0, like the smallest, while there is no object. */
  readonly maxSizeBytes: number;
  readonly minSizeBytes: number;
  readonly lastUploadAt: string | undefined;
  /** When they last moved; undefined when no event moved them yet. */
  readonly updatedAt: string | undefined;
  readonly batches: BatchStats;
}

export const emptyStats: BucketStats = {
  position: 0,
  objectCount: 0,
  totalSizeBytes: 0n,
  maxSizeBytes: 0,
  minSizeBytes: 0,
  lastUploadAt: undefined,
  updatedAt: undefined,
  batches: { total: 0, active: 0, completed: 0, failed: 0 },
};

/** A value before and after an event; undefined where the resource is not there. */
interface Move<Value> {
  readonly was: Value | undefined;
  readonly is: Value | undefined;
}

/** What one event of something in the bucket did. */
export interface StatsChange {
  readonly position: number;
  readonly recordedAt: number;
  /** The size of the object in bytes. */
  readonly object?: Move<number>;
  readonly batch?: Move<BatchStatus>;
  readonly broughtBytes?: boolean;
}

export interface Extremes {
  readonly max: number;
  readonly min: number;
}

type Sizes = Pick<BucketStats, "objectCount" | "totalSizeBytes" | "maxSizeBytes" | "minSizeBytes">;

/**
 * The statistics after the event; undefined when it moved none, so that no row is written.
 *
 * @param extremes the greatest and the least size of the objects that are there after the event.
 *   Asked only when the object that was one of them left or changed, for that cannot be folded.
 */
export function moveStats(
  stats: BucketStats,
  change: StatsChange,
  extremes: () => Extremes,
): BucketStats | undefined {
  const { object, batch, broughtBytes } = change;
  const movesSizes = object !== undefined && object.was !== object.is;
  const movesBatches = batch !== undefined && weighs(batch.was) !== weighs(batch.is);
  if (!movesSizes && !movesBatches && broughtBytes !== true) return undefined;
  const at = formatTime(change.recordedAt);
  return {
    ...stats,
    ...(movesSizes && moveSizes(stats, object, extremes)),
    ...(movesBatches && { batches: moveBatches(stats.batches, batch) }),
    ...(broughtBytes === true && { lastUploadAt: at }),
    position: change.position,
    updatedAt: at,
  };
}

function moveSizes(stats: Sizes, { was, is }: Move<number>, extremes: () => Extremes): Sizes {
  const objectCount = stats.objectCount + presence(is) - presence(was);
  const { max, min } = objectCount === 0 ? { max: 0, min: 0 } : range(stats, { was, is }, extremes);
  return {
    objectCount,
    totalSizeBytes: held(stats.totalSizeBytes + BigInt(is ?? 0) - BigInt(was ?? 0)),
    maxSizeBytes: max,
    minSizeBytes: min,
  };
}

const totalBytesMax = 2n ** 63n - 1n;

function held(total: bigint): bigint {
  if (total < 0n) return 0n;
  return total > totalBytesMax ? totalBytesMax : total;
}

function presence(size: number | undefined): number {
  return size === undefined ? 0 : 1;
}

function range(stats: Sizes, { was, is }: Move<number>, extremes: () => Extremes): Extremes {
  if (is !== undefined && stats.objectCount === 0) return { max: is, min: is };
  const leavesMax = was === stats.maxSizeBytes && (is === undefined || is < was);
  const leavesMin = was === stats.minSizeBytes && (is === undefined || is > was);
  if (leavesMax || leavesMin) return extremes();
  return {
    max: Math.max(stats.maxSizeBytes, is ?? 0),
    min: Math.min(stats.minSizeBytes, is ?? Number.POSITIVE_INFINITY),
  };
}

type Weight = Exclude<keyof BatchStats, "total"> | "total only";

const weights: Readonly<Record<BatchStatus, Weight>> = {
  DRAFT: "active",
  PENDING: "active",
  QUEUED: "active",
  IN_PROGRESS: "active",
  PROCESSING: "active",
  COMPLETED: "completed",
  COMPLETED_WITH_ERRORS: "completed",
  FAILED: "failed",
  CANCELED: "total only",
  INTERRUPTED: "total only",
};

/** What a batch counts as beside the total; undefined for none. */
function weighs(status: BatchStatus | undefined): Weight | undefined {
  return status === undefined ? undefined : weights[status];
}

function moveBatches(stats: BatchStats, { was, is }: Move<BatchStatus>): BatchStats {
  return addBatch(addBatch(stats, weighs(was), -1), weighs(is), 1);
}

function addBatch(stats: BatchStats, weight: Weight | undefined, by: 1 | -1): BatchStats {
  if (weight === undefined) return stats;
  const total = stats.total + by;
  return weight === "total only"
    ? { ...stats, total }
    : { ...stats, total, [weight]: stats[weight] + by };
}
