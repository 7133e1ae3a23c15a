/** What happened in a namespace, counted by time, and what a bucket held from moment to moment. */

import { z } from "zod";
import { BatchStats } from "../domain/bucket/stats.js";
import { answeredTime, totalBytes } from "../domain/schemas.js";

const count = z.number().int();

export const ActivityAnswer = z.object({
  from: answeredTime,
  to: answeredTime,
  step_seconds: count,
  results: z
    .array(
      z.object({
        start: answeredTime,
        events: count,
        types: z.record(z.string(), count).meta({ description: "How many of each type." }),
      }),
    )
    .meta({ description: "The steps in which something happened, oldest first." }),
});
export type ActivityAnswer = Readonly<z.infer<typeof ActivityAnswer>>;

export interface ActivityQuery {
  /** RFC 3339, inclusive; a day before `to` unless given. */
  readonly from?: string | undefined;
  /** RFC 3339, exclusive; now unless given. */
  readonly to?: string | undefined;
  /** The length of a step in seconds; an hour unless given. */
  readonly step?: number | undefined;
}

export const StatisticsHistoryAnswer = z.object({
  from: answeredTime,
  to: answeredTime,
  results: z
    .array(
      z.object({
        at: answeredTime.meta({ description: "When the event was recorded that led to them." }),
        position: count,
        object_count: count,
        total_size_bytes: totalBytes,
        batch_stats: BatchStats,
      }),
    )
    .meta({ description: "The statistics at moments between, oldest first, each told once." }),
});
export type StatisticsHistoryAnswer = Readonly<z.infer<typeof StatisticsHistoryAnswer>>;

export interface StatisticsHistoryQuery {
  /** RFC 3339; when the bucket was made unless given. */
  readonly from?: string | undefined;
  /** RFC 3339; now unless given. */
  readonly to?: string | undefined;
  /** At how many moments between, evenly spaced; 200 unless given. */
  readonly points?: number | undefined;
}

export interface Statistics {
  /** The events of the namespace by time. The cost is that of counting those in the range. */
  activity(query?: ActivityQuery): Promise<ActivityAnswer>;
  /**
   * What the bucket held, also one that was deleted. The cost is that of the points, however long the
   * history is; what happened between two of them may not show.
   * @throws NOT_FOUND
   */
  history(bucket: string, query?: StatisticsHistoryQuery): Promise<StatisticsHistoryAnswer>;
}
