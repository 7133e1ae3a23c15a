/** The statistics of buckets: a row for each event that moved them, so that any moment is one seek. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { type BucketStats, type Extremes, emptyStats } from "../../domain/bucket/stats.js";
import { formatTime } from "../../domain/event.js";
import type { LogPoint } from "../../eventstore/store.js";
import type { CountsNeeded, KnownCounts } from "../../projections/counting.js";
import { TotalsTable } from "./totals-table.js";

/** The statistics as JSON by the names of `StatsRow`. */
export const statsJson = (row: string): string => `json_object(
  'position', ${row}.position,
  'objectCount', ${row}.object_count,
  'totalSizeBytes', CAST(${row}.total_size_bytes AS TEXT),
  'maxSizeBytes', ${row}.max_size_bytes,
  'minSizeBytes', ${row}.min_size_bytes,
  'lastUploadAt', ${row}.last_upload_at,
  'updatedAt', ${row}.updated_at,
  'total', ${row}.batches_total,
  'active', ${row}.batches_active,
  'completed', ${row}.batches_completed,
  'failed', ${row}.batches_failed
)`;

const StatsRow = z.object({
  position: z.number(),
  objectCount: z.number(),
  totalSizeBytes: z.string().transform(BigInt),
  maxSizeBytes: z.number(),
  minSizeBytes: z.number(),
  lastUploadAt: z.string().nullable(),
  updatedAt: z.string(),
  total: z.number(),
  active: z.number(),
  completed: z.number(),
  failed: z.number(),
});

const statsTextIfAny = z.string().optional();
const ExtremesRow = z.object({ max: z.number().nullable(), min: z.number().nullable() });

/** The statistics of a row in JSON; those of a bucket that nothing happened in without one. */
export function parseStats(json: string | null | undefined): BucketStats {
  if (json === null || json === undefined) return emptyStats;
  const { total, active, completed, failed, lastUploadAt, ...row } = StatsRow.parse(
    JSON.parse(json),
  );
  return {
    ...row,
    lastUploadAt: lastUploadAt ?? undefined,
    batches: { total, active, completed, failed },
  };
}

export class StatsTable {
  readonly #newest: Database.Statement;
  readonly #atPosition: Database.Statement;
  readonly #atTime: Database.Statement;
  readonly #extremes: Database.Statement;
  readonly #isThere: Database.Statement;
  readonly #totals: TotalsTable;

  constructor(db: Database.Database, suffix = "") {
    const last = (upTo: string, order: string) =>
      db
        .prepare(
          `SELECT ${statsJson("s")} FROM bucket_stats${suffix} s
           WHERE s.bucket_id = ? ${upTo} ORDER BY ${order} LIMIT 1`,
        )
        .pluck();
    this.#newest = last("", "s.position DESC");
    this.#atPosition = last("AND s.position <= ?", "s.position DESC");
    this.#atTime = last("AND s.updated_at <= ?", "s.updated_at DESC, s.position DESC");
    const size = (order: string) =>
      `(SELECT size_bytes FROM objects${suffix}
        WHERE bucket_id = $id AND is_deleted = 0
          AND object_id NOT IN (SELECT value FROM json_each($without))
        ORDER BY size_bytes ${order} LIMIT 1)`;
    this.#extremes = db.prepare(`SELECT ${size("DESC")} AS max, ${size("ASC")} AS min`);
    this.#isThere = db.prepare(
      `SELECT 1 FROM buckets${suffix} WHERE bucket_id = ? AND is_deleted = 0`,
    );
    this.#totals = new TotalsTable(db, suffix);
  }

  /** Those that the last row at or before the point left; now unless given. */
  at(bucketId: string, upTo?: LogPoint): BucketStats {
    return parseStats(statsTextIfAny.parse(this.#row(bucketId, upTo)));
  }

  #row(bucketId: string, upTo: LogPoint | undefined): unknown {
    switch (upTo?.kind) {
      case undefined:
        return this.#newest.get(bucketId);
      case "position":
        return this.#atPosition.get(bucketId, upTo.position);
      case "time":
        return this.#atTime.get(bucketId, formatTime(upTo.time));
    }
  }

  /** What counting needs to know. */
  known({ stats, extremes, existing, totals }: CountsNeeded): KnownCounts {
    return {
      stats: new Map([...stats].map((id) => [id, this.at(id)])),
      extremes: new Map([...extremes].map(([id, without]) => [id, this.#among(id, without)])),
      existing: new Set([...existing].filter((id) => this.#isThere.get(id) !== undefined)),
      totals: new Map([...totals].map((name) => [name, this.#totals.of(name)])),
    };
  }

  /** The greatest and the least size of the objects that are there, each by an index. */
  #among(bucketId: string, without: readonly string[]): Extremes | undefined {
    const asked = { id: bucketId, without: JSON.stringify(without) };
    const { max, min } = ExtremesRow.parse(this.#extremes.get(asked));
    return max === null || min === null ? undefined : { max, min };
  }
}
