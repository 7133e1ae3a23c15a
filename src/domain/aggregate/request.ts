/**
 * What an aggregation asks for, in the shape of the hosted API (CONTRACT: objects). Ours beyond it:
 * `group_by` may be left out (one group of all); `quarter`; an `alias` for range buckets; `offset`;
 * `case_sensitive`; and every operator of the filter language in `having`.
 */
import { z } from "zod";
import { didYouMean } from "../did-you-mean.js";
import { BucketsError, invalidAt, isBucketsError } from "../errors.js";
import type { Filter } from "../filter/condition.js";
import type { FieldCatalog } from "../filter/fields.js";
import { parseFilter, pathAt } from "../filter/parse.js";
import type { JsonValue } from "../json.js";
import { limits } from "../limits.js";
import type { Pointer } from "../pointer.js";
import { jsonObject, parseBody } from "../schemas.js";
import { type PartUnit, partUnits, type TruncUnit, truncUnits } from "./dates.js";

const functions = [
  "count",
  "count_distinct",
  "sum",
  "avg",
  "min",
  "max",
  "first",
  "last",
  "push",
  "add_to_set",
] as const;
export type AggregateFunction = (typeof functions)[number];

const fieldName = z.string().min(1).max(limits.keyLengthMax);
const resultName = z.string().min(1).max(limits.keyLengthMax);

const GroupByField = z
  .object({
    field: fieldName,
    alias: resultName.nullish(),
    date_trunc: oneOf(truncUnits).nullish(),
    date_part: oneOf(partUnits).nullish(),
  })
  .refine(
    ({ date_trunc, date_part }) => !(date_trunc && date_part),
    "Send either date_trunc or date_part, not both.",
  );
type GroupByField = z.infer<typeof GroupByField>;

const Operation = z
  .object({
    function: oneOf(functions),
    /** A condition of `having` names it like a field, where dots and slashes have a meaning. */
    alias: resultName.regex(/^[^./]+$/, "Leave dots and slashes out of an alias."),
    field: fieldName.nullish(),
    distinct_field: fieldName.nullish(),
  })
  .refine((operation) => operation.function === "count" || fieldOf(operation) !== undefined, {
    path: ["field"],
    error: "Only count goes without a field: name the field to aggregate.",
  });

const RangeBucket = z.object({
  field: fieldName,
  alias: resultName.nullish(),
  boundaries: z
    .array(z.number())
    .min(2)
    .max(limits.aggregateBoundariesMax)
    .refine(
      (all) => all.every((bound, index) => index === 0 || bound > (all[index - 1] ?? bound)),
      "Send the boundaries in ascending order, each once.",
    ),
  default_bucket: z.string().max(limits.keyLengthMax).nullish(),
});
type RangeBucket = z.infer<typeof RangeBucket>;

export const AggregateRequest = z.object({
  group_by: z.array(GroupByField).max(limits.aggregateKeysMax).nullish(),
  aggregations: z.array(Operation).min(1).max(limits.aggregateMetricsMax),
  filters: jsonObject.nullish(),
  having: z.array(jsonObject).max(limits.filterConditionsMax).nullish(),
  unwind: fieldName.nullish(),
  range_buckets: z.array(RangeBucket).max(limits.aggregateKeysMax).nullish(),
  sort_by: resultName.nullish(),
  sort_direction: z.enum(["asc", "desc"]).nullish(),
  limit: z.number().int().min(1).max(limits.aggregateGroupsMax).nullish(),
  offset: z.number().int().min(0).nullish(),
  case_sensitive: z.boolean().nullish(),
});
type AggregateRequest = z.infer<typeof AggregateRequest>;

/** What a value is made into before rows are grouped by it. */
export type Grouping =
  | { readonly kind: "value" }
  | { readonly kind: "date_trunc"; readonly unit: TruncUnit }
  | { readonly kind: "date_part"; readonly unit: PartUnit }
  | { readonly kind: "range"; readonly boundaries: readonly number[]; readonly otherwise: string };

export interface GroupKey {
  readonly name: string;
  readonly path: Pointer;
  readonly grouping: Grouping;
}

interface Metric {
  readonly name: string;
  readonly function: AggregateFunction;
  /** Undefined for a count, which is of rows. */
  readonly path: Pointer | undefined;
}

/** A request that was understood. */
export interface Aggregation {
  readonly filter: Filter | undefined;
  readonly unwind: Pointer | undefined;
  readonly keys: readonly GroupKey[];
  readonly metrics: readonly Metric[];
  readonly having: Filter;
  readonly sort: { readonly name: string; readonly direction: "asc" | "desc" } | undefined;
  readonly offset: number;
  readonly limit: number;
}

/**
 * The catalog says which root fields the rows have.
 * @throws VALIDATION_FAILED with the place of what does not fit.
 */
export function parseAggregate(body: JsonValue, catalog: FieldCatalog): Aggregation {
  const request = parseBody(AggregateRequest, body);
  assertNames(request);
  return withValidation(() => ({
    filter: parseFilter(request.filters ?? null, ["filters"], isCaseSensitive(request), catalog),
    unwind: request.unwind ? pathAt(request.unwind, ["unwind"], catalog) : undefined,
    keys: keysOf(request, catalog),
    metrics: metricsOf(request, catalog),
    having: havingOf(request),
    sort: request.sort_by
      ? { name: request.sort_by, direction: request.sort_direction ?? "desc" }
      : undefined,
    offset: request.offset ?? 0,
    limit: request.limit ?? limits.aggregateGroupsMax,
  }));
}

function keysOf(request: AggregateRequest, catalog: FieldCatalog): GroupKey[] {
  const fields = (request.group_by ?? []).map((key, index) => ({
    name: nameOf(key),
    path: pathAt(key.field, ["group_by", index, "field"], catalog),
    grouping: groupingOf(key),
  }));
  const ranges = (request.range_buckets ?? []).map((range, index) => ({
    name: nameOf(range),
    path: pathAt(range.field, ["range_buckets", index, "field"], catalog),
    grouping: {
      kind: "range" as const,
      boundaries: range.boundaries,
      otherwise: range.default_bucket ?? "other",
    },
  }));
  return [...fields, ...ranges];
}

function groupingOf({ date_trunc, date_part }: GroupByField): Grouping {
  if (date_trunc) return { kind: "date_trunc", unit: date_trunc };
  if (date_part) return { kind: "date_part", unit: date_part };
  return { kind: "value" };
}

function metricsOf(request: AggregateRequest, catalog: FieldCatalog): Metric[] {
  return request.aggregations.map((operation, index) => {
    const field = fieldOf(operation);
    const at = ["aggregations", index, field === operation.field ? "field" : "distinct_field"];
    const path = field === undefined ? undefined : pathAt(field, at, catalog);
    const counted = operation.function === "count" ? undefined : path;
    return { name: operation.alias, function: operation.function, path: counted };
  });
}

function havingOf(request: AggregateRequest): Filter {
  const names = request.aggregations.map(({ alias }) => alias);
  const of = (request.having ?? []).flatMap((condition, index) => {
    const at = ["having", index];
    const filter = parseFilter(condition, at, isCaseSensitive(request), { names, times: [] });
    return filter ?? [];
  });
  return { kind: "all", of };
}

/** Each name stands once in an answer, so that `sort_by` can mean only one thing. */
function assertNames(request: AggregateRequest): void {
  const names = new Set<string>();
  const named = [
    ...(request.group_by ?? []).map((key, index) => ({
      name: nameOf(key),
      at: ["group_by", index],
    })),
    ...(request.range_buckets ?? []).map((range, index) => ({
      name: nameOf(range),
      at: ["range_buckets", index],
    })),
    ...request.aggregations.map(({ alias }, index) => ({
      name: alias,
      at: ["aggregations", index],
    })),
  ];
  for (const { name, at } of named) {
    if (names.has(name)) {
      const message = `"${name}" is the name of another result: give each an alias of its own.`;
      throw invalidAt(["body", ...at, "alias"], "duplicate_name", message);
    }
    names.add(name);
  }
  const sortBy = request.sort_by ?? undefined;
  if (sortBy === undefined || names.has(sortBy)) return;
  const fix = didYouMean(sortBy, [...names]) ?? `Sort by one of ${[...names].join(", ")}.`;
  throw invalidAt(["body", "sort_by"], "unknown_field", `There is no result "${sortBy}". ${fix}`);
}

function nameOf({ alias, field }: GroupByField | RangeBucket): string {
  return alias ?? field;
}

/** The hosted API has a field of its own for `count_distinct`; either name will do. */
function fieldOf(operation: {
  readonly field?: string | null | undefined;
  readonly distinct_field?: string | null | undefined;
  readonly function: AggregateFunction;
}): string | undefined {
  const distinct = operation.function === "count_distinct" ? operation.distinct_field : undefined;
  return distinct ?? operation.field ?? undefined;
}

function isCaseSensitive(request: AggregateRequest): boolean {
  return request.case_sensitive ?? false;
}

function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, {
    error: ({ input }) => {
      const meant = typeof input === "string" ? didYouMean(input, names) : undefined;
      return `Use one of ${names.join(", ")}.${meant === undefined ? "" : ` ${meant}`}`;
    },
  });
}

/** In a list a field or filter that does not fit is a bad query; here the body is what is wrong. */
function withValidation<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "BAD_REQUEST") throw error;
    throw new BucketsError("VALIDATION_FAILED", error.message, error.details, error);
  }
}
