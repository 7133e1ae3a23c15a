/**
 * One accumulator for each function: it sees the values of a group one by one, in the order of the
 * rows. Null and missing are no values, and are seen by none.
 *
 * - `count` counts rows, also with a field.
 * - `sum` and `avg` are about numbers and ignore whatever else there is (`exact-sum.ts`). Fractions
 *   are doubles: 0.1 and 0.2 make 0.30000000000000004. What no number of JSON holds is undefined.
 * - `min` and `max` know booleans, then numbers, then strings by code points, as a sort does.
 * - `count_distinct` and `add_to_set` tell values apart as `eq` does, with regard to case.
 * - Of no values a count and a sum are 0, the lists empty, and the others null.
 */
import { canonical } from "../filter/condition.js";
import { foldingOf } from "../filter/text.js";
import type { JsonValue } from "../json.js";
import { ExactSum } from "./exact-sum.js";
import type { AggregateFunction } from "./request.js";
import { compareValues } from "./values.js";

export interface Accumulator {
  add(value: JsonValue): void;
  /** Undefined for a number that could only be answered as another one. */
  result(): JsonValue | undefined;
}

/** Told of each value that is kept, and of the one it takes the place of; throws beyond a limit. */
export type Hold = (kept: JsonValue, instead?: JsonValue) => void;

export function accumulatorOf(name: AggregateFunction, hold: Hold): Accumulator {
  switch (name) {
    case "count":
      return counting();
    case "count_distinct":
      return distinct(hold, (values) => values.length);
    case "add_to_set":
      return distinct(hold, (values) => values);
    case "sum":
      return summing((sum) => sum.total());
    case "avg":
      return summing((sum) => sum.average());
    case "min":
      return choosing(
        hold,
        (value, least) =>
          isScalar(value) && (least === undefined || compareValues(value, least) < 0),
      );
    case "max":
      return choosing(
        hold,
        (value, most) => isScalar(value) && (most === undefined || compareValues(value, most) > 0),
      );
    case "first":
      return choosing(hold, (_, chosen) => chosen === undefined);
    case "last":
      return choosing(hold, () => true);
    case "push":
      return pushing(hold);
  }
}

function counting(): Accumulator {
  let count = 0;
  return {
    add() {
      count += 1;
    },
    result: () => count,
  };
}

function summing(finish: (sum: ExactSum) => JsonValue | undefined): Accumulator {
  const sum = new ExactSum();
  return {
    add(value) {
      if (typeof value === "number") sum.add(value);
    },
    result: () => finish(sum),
  };
}

type IsChosen = (value: JsonValue, chosen: JsonValue | undefined) => boolean;

function choosing(hold: Hold, isChosen: IsChosen): Accumulator {
  let chosen: JsonValue | undefined;
  return {
    add(value) {
      if (!isChosen(value, chosen)) return;
      hold(value, chosen);
      chosen = value;
    },
    result: () => chosen ?? null,
  };
}

function isScalar(value: JsonValue): boolean {
  return typeof value !== "object";
}

function distinct(hold: Hold, finish: (values: readonly JsonValue[]) => JsonValue): Accumulator {
  const values = new Map<string, JsonValue>();
  return {
    add(value) {
      const key = canonical(value, foldingOf(true));
      if (values.has(key)) return;
      hold(value);
      values.set(key, value);
    },
    result: () => finish([...values.values()]),
  };
}

function pushing(hold: Hold): Accumulator {
  const values: JsonValue[] = [];
  return {
    add(value) {
      hold(value);
      values.push(value);
    },
    result: () => values,
  };
}
