/**
 * Groups rows and computes over each group, in one pass that keeps the groups and no rows.
 *
 * 1. `filters` chooses among the objects as they are answered.
 * 2. `unwind` makes one row of each item of an array, under the same field. Without items there is
 *    no row; what is no array, and not null, is a row as it is. What is above that field is read as
 *    it stands.
 * 3. Rows are alike when the values they are grouped by are equal, with regard to case; missing is
 *    null. Date parts are about RFC 3339 times in UTC; of anything else they are null. A range is
 *    named by its lower boundary, which lies in it; the upper does not. What is in no range, or no
 *    number, is in the default bucket.
 * 4. `having` chooses among groups. A group exists because of a row, but for the one of all rows,
 *    which is there without any: it counts 0.
 * 5. Groups come in the order of their values, or by `sort_by` (and then by their values).
 */
import { z } from "zod";
import { type BucketsError, invalidAt } from "../errors.js";
import { canonical, compileFilter } from "../filter/condition.js";
import { compareText, foldingOf } from "../filter/text.js";
import { isJsonArray, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { limits } from "../limits.js";
import { isWithin, type Pointer, valueAt } from "../pointer.js";
import { jsonObject } from "../schemas.js";
import { type Accumulator, accumulatorOf } from "./accumulators.js";
import { partOf, timeOf, truncated } from "./dates.js";
import type { Aggregation, Grouping, GroupKey } from "./request.js";
import { compareNullable } from "./values.js";

const count = z.number().int().min(0);

/** `total_groups` counts the groups that `having` let through, before `offset` and `limit`. */
export const AggregateResponse = z.object({
  results: z.array(z.object({ group: jsonObject, metrics: jsonObject })),
  total_groups: z.number().int().min(0),
  query_info: z.object({ documents_scanned: count, documents_matched: count }),
});
export type AggregateResponse = Readonly<z.infer<typeof AggregateResponse>>;

type Result = AggregateResponse["results"][number];

/** One pass over the rows of a list; however many they are, only the groups are kept. */
export class Aggregator {
  readonly #aggregation: Aggregation;
  readonly #isWanted: (row: JsonObject) => boolean;
  readonly #groups: Groups;
  #scanned = 0;
  #matched = 0;

  constructor(aggregation: Aggregation) {
    const { filter } = aggregation;
    this.#aggregation = aggregation;
    this.#isWanted = filter === undefined ? () => true : compileFilter(filter);
    this.#groups = new Groups(aggregation);
  }

  /**
   * The rows are objects as they are answered, oldest first (created_at, then id): `first`, `last`,
   * `push` and `add_to_set` keep that order.
   * @throws VALIDATION_FAILED when there are more groups or kept values than the limits allow.
   */
  add(row: JsonObject): void {
    this.#scanned += 1;
    if (!this.#isWanted(row)) return;
    this.#matched += 1;
    for (const read of readers(row, this.#aggregation.unwind)) this.#groups.add(read);
  }

  /** @throws VALIDATION_FAILED for a sum or average that no JSON number is: it is never rounded. */
  answer(): AggregateResponse {
    const { having, offset, limit } = this.#aggregation;
    const hasIt = compileFilter(having);
    const results = this.#groups.results().filter(({ metrics }) => hasIt(metrics));
    return {
      results: sorted(results, this.#aggregation).slice(offset, offset + limit),
      total_groups: results.length,
      query_info: { documents_scanned: this.#scanned, documents_matched: this.#matched },
    };
  }
}

/** How the fields of one row are read; null where one is missing. */
type Read = (path: Pointer) => JsonValue;

function readers(row: JsonObject, unwind: Pointer | undefined): readonly Read[] {
  const readRow: Read = (path) => valueAt(row, path) ?? null;
  if (unwind === undefined) return [readRow];
  const value = readRow(unwind);
  if (value === null) return [];
  if (!isJsonArray(value)) return [readRow];
  return value.map((item): Read => {
    return (path) =>
      isWithin(path, unwind) ? (valueAt(item, path.slice(unwind.length)) ?? null) : readRow(path);
  });
}

interface Group {
  readonly values: readonly JsonValue[];
  readonly accumulators: readonly Accumulator[];
}

class Groups {
  readonly #aggregation: Aggregation;
  readonly #groups = new Map<string, Group>();
  #bytes = 0;

  constructor(aggregation: Aggregation) {
    this.#aggregation = aggregation;
    if (aggregation.keys.length === 0) this.#groupOf([]);
  }

  add(read: Read): void {
    const { keys, metrics } = this.#aggregation;
    const values = keys.map(({ path, grouping }) => grouped(read(path), grouping));
    const { accumulators } = this.#groupOf(values);
    for (const [index, { path }] of metrics.entries()) {
      const value = path === undefined ? true : read(path);
      if (value !== null) accumulators[index]?.add(value);
    }
  }

  results(): Result[] {
    const { keys, metrics } = this.#aggregation;
    return [...this.#groups.values()].map(({ values, accumulators }) => ({
      group: named(keys, values),
      metrics: named(
        metrics,
        accumulators.map((accumulator, index) => exactResult(accumulator.result(), index)),
      ),
    }));
  }

  #groupOf(values: readonly JsonValue[]): Group {
    const key = canonical(values, foldingOf(true));
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= limits.aggregateGroupsMax) throw tooManyGroups();
    this.#hold(values);
    const accumulators = this.#aggregation.metrics.map((metric) =>
      accumulatorOf(metric.function, (kept, instead) => this.#hold(kept, instead)),
    );
    const group = { values, accumulators };
    this.#groups.set(key, group);
    return group;
  }

  #hold(kept: JsonValue, instead?: JsonValue): void {
    this.#bytes += sizeOf(kept) - (instead === undefined ? 0 : sizeOf(instead));
    if (this.#bytes > limits.aggregateBytesMax) throw tooMuchKept();
  }
}

/** What a row is grouped by. */
function grouped(value: JsonValue, grouping: Grouping): JsonValue {
  switch (grouping.kind) {
    case "value":
      return value;
    case "date_trunc": {
      const time = timeOf(value);
      return time && truncated(time, grouping.unit);
    }
    case "date_part": {
      const time = timeOf(value);
      return time && partOf(time, grouping.unit);
    }
    case "range":
      return rangeOf(value, grouping.boundaries) ?? grouping.otherwise;
  }
}

function rangeOf(value: JsonValue, boundaries: readonly number[]): number | undefined {
  if (typeof value !== "number") return undefined;
  const above = boundaries.findIndex((boundary) => value < boundary);
  return above > 0 ? boundaries[above - 1] : undefined;
}

function named(names: readonly { readonly name: string }[], values: readonly JsonValue[]) {
  return Object.fromEntries(names.map(({ name }, index) => [name, values[index] ?? null]));
}

function sorted(results: readonly Result[], { keys, sort }: Aggregation): Result[] {
  return results.toSorted((a, b) => {
    const bySort =
      sort && compareNullable(resultNamed(a, sort.name), resultNamed(b, sort.name), sort.direction);
    return bySort || compareGroups(a.group, b.group, keys);
  });
}

/** A group value or a metric: no name means both. */
function resultNamed({ group, metrics }: Result, name: string): JsonValue {
  return ownValue(metrics, name) ?? ownValue(group, name) ?? null;
}

function compareGroups(a: JsonObject, b: JsonObject, keys: readonly GroupKey[]): number {
  for (const { name } of keys) {
    const order = compareNullable(ownValue(a, name) ?? null, ownValue(b, name) ?? null);
    if (order !== 0) return order;
  }
  // Arrays and objects are alike in order, and still must not depend on which came first.
  return compareText(canonical(a, foldingOf(true)), canonical(b, foldingOf(true)));
}

/** About what a value takes in memory and in the answer. */
function sizeOf(value: JsonValue): number {
  return JSON.stringify(value).length;
}

function tooManyGroups(): BucketsError {
  return invalidAt(
    ["body", "group_by"],
    "too_many_groups",
    `Group into at most ${limits.aggregateGroupsMax} groups: narrow the filters, or group coarser.`,
  );
}

function exactResult(result: JsonValue | undefined, index: number): JsonValue {
  if (result !== undefined) return result;
  throw invalidAt(
    ["body", "aggregations", index],
    "inexact",
    "The result is an integer beyond 2^53 that no JSON number is exactly: narrow the filters.",
  );
}

function tooMuchKept(): BucketsError {
  return invalidAt(
    ["body", "aggregations"],
    "too_much_kept",
    `Keep at most ${limits.aggregateBytesMax} bytes: narrow the filters, or count, not collect.`,
  );
}
