/** Statistics over time, for those who look at them: activity of a namespace, contents of a bucket. */
import { z } from "zod";
import type {
  ActivityAnswer,
  ActivityQuery,
  Statistics,
  StatisticsHistoryAnswer,
  StatisticsHistoryQuery,
} from "../../api/index.js";
import type { BucketStats } from "../../domain/bucket/stats.js";
import { BucketsError } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { limits } from "../../domain/limits.js";
import { parseQuery, timestamp } from "../../domain/schemas.js";
import type { CountedEvents } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";
import { findAnyOwner } from "./owners.js";

const range = { from: timestamp.optional(), to: timestamp.optional() };

const ActivityRequest = z.object({
  ...range,
  step: z
    .number()
    .int()
    .min(1)
    .default(60 * 60),
});

const HistoryRequest = z.object({
  ...range,
  points: z.number().int().min(1).max(limits.statisticsPointsMax).default(200),
});

const dayMs = 24 * 60 * 60 * 1_000;

export class StatisticsService implements Statistics {
  readonly #parts: ServiceParts;
  readonly #namespace: string;

  constructor(parts: ServiceParts, namespace: string) {
    this.#parts = parts;
    this.#namespace = namespace;
  }

  async activity(query: ActivityQuery = {}): Promise<ActivityAnswer> {
    const asked = parseQuery(ActivityRequest, { ...query });
    const to = millisecondsOf(asked.to) ?? this.#parts.clock();
    const from = millisecondsOf(asked.from) ?? to - dayMs;
    assertRange(from, to);
    const stepMs = asked.step * 1_000;
    const steps = Math.ceil((to - from) / stepMs);
    if (steps > limits.statisticsPointsMax) {
      throw new BucketsError(
        "BAD_REQUEST",
        `${steps} steps are too many, ${limits.statisticsPointsMax} is the most: take a longer step.`,
      );
    }
    const filter = { namespace: this.#namespace, from, to, stepMs };
    const counted = await this.#parts.events.countByTime(filter);
    return {
      from: formatTime(from),
      to: formatTime(to),
      step_seconds: asked.step,
      results: toSteps(counted).map(([step, types]) => ({
        start: formatTime(from + step * stepMs),
        events: Object.values(types).reduce((sum, count) => sum + count, 0),
        types,
      })),
    };
  }

  async history(
    bucket: string,
    query: StatisticsHistoryQuery = {},
  ): Promise<StatisticsHistoryAnswer> {
    const asked = parseQuery(HistoryRequest, { ...query });
    const { view, clock } = this.#parts;
    const owner = await findAnyOwner({ view }, { namespace: this.#namespace, bucket });
    const to = millisecondsOf(asked.to) ?? clock();
    const from = millisecondsOf(asked.from) ?? Math.min(Date.parse(owner.created_at), to);
    assertRange(from, to);
    const found = new Map<number, BucketStats>();
    for (const time of timesBetween(from, to, asked.points)) {
      const stats = await view.stats(owner.bucket_id, { kind: "time", time });
      found.set(stats.position, stats);
    }
    return {
      from: formatTime(from),
      to: formatTime(to),
      results: [...found.values()].flatMap((stats) => shown(stats)),
    };
  }
}

/** Nothing of a moment before anything was counted. */
function shown(stats: BucketStats): StatisticsHistoryAnswer["results"] {
  const { position, updatedAt: at, objectCount, totalSizeBytes, batches } = stats;
  if (at === undefined) return [];
  const sizes = { object_count: objectCount, total_size_bytes: Number(totalSizeBytes) };
  return [{ at, position, ...sizes, batch_stats: batches }];
}

function toSteps(counted: readonly CountedEvents[]): [number, Record<string, number>][] {
  const steps = Map.groupBy(counted, ({ step }) => step);
  return [...steps].map(([step, ofStep]) => [
    step,
    Object.fromEntries(ofStep.map(({ type, count }) => [type, count])),
  ]);
}

/** The first and the last of them are the ends, but that one alone is the later end. */
function timesBetween(from: number, to: number, count: number): readonly number[] {
  const gap = (to - from) / Math.max(count - 1, 1);
  return Array.from({ length: count }, (_, index) => Math.floor(to - gap * (count - 1 - index)));
}

function millisecondsOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

/** @throws BAD_REQUEST for one that ends before it begins. */
function assertRange(from: number, to: number): void {
  if (from <= to) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `The range ends at ${formatTime(to)}, before it begins at ${formatTime(from)}.`,
  );
}
