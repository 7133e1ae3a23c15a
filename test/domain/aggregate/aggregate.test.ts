/**
 * Goal: an aggregation says what filtering group by group says. Method: tables for what is refused
 * and for each rule, and a naive model, which filters all rows once for each group, on random rows.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AggregateResponse, Aggregator } from "../../../src/domain/aggregate/aggregate.js";
import { AggregateRequest, parseAggregate } from "../../../src/domain/aggregate/request.js";
import type { FieldCatalog } from "../../../src/domain/filter/fields.js";
import { isJsonArray, type JsonObject, type JsonValue } from "../../../src/domain/json.js";
import { limits } from "../../../src/domain/limits.js";
import { canonical, seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";

const catalog: FieldCatalog = {
  names: ["object_id", "team", "size", "at", "created_at", "metadata", "blobs", "tags"],
  times: ["created_at"],
};
const count = { function: "count", alias: "n" };

function run(body: JsonObject, rows: readonly JsonObject[]) {
  const aggregator = new Aggregator(parseAggregate({ aggregations: [count], ...body }, catalog));
  for (const row of rows) aggregator.add(row);
  return aggregator.answer();
}

/** One metric over all rows. */
function metric(name: string, values: readonly JsonValue[]): JsonValue | undefined {
  const rows = values.map((size) => ({ size }));
  const aggregations = [{ function: name, alias: "m", field: "size" }];
  return run({ aggregations }, rows).results[0]?.metrics["m"];
}

/** The values of the groups by one field, with their counts. */
function counts(body: JsonObject, rows: readonly JsonObject[]) {
  return run(body, rows).results.map(({ group, metrics }) => [
    ...Object.values(group),
    metrics["n"],
  ]);
}

describe("a request is refused at the place that does not fit", () => {
  const byTeam = { field: "team" };
  const boundaries = (...bounds: number[]) => ({
    range_buckets: [{ field: "size", boundaries: bounds }],
  });
  test.each<[string, JsonValue, string, string]>([
    ["that is no object", [], "body", ""],
    ["without aggregations", { aggregations: null }, "aggregations", ""],
    ["with none", { aggregations: [] }, "aggregations", ""],
    [
      "with an unknown function",
      { aggregations: [{ function: "cont", alias: "a" }] },
      "aggregations.0.function",
      'Did you mean "count"?',
    ],
    [
      "with a sum of nothing",
      { aggregations: [count, { function: "sum", alias: "a" }] },
      "aggregations.1.field",
      "name the field",
    ],
    [
      "with distinct_field for another function",
      { aggregations: [{ function: "sum", alias: "a", distinct_field: "size" }] },
      "aggregations.0.field",
      "name the field",
    ],
    ["without alias", { aggregations: [{ function: "count" }] }, "aggregations.0.alias", ""],
    [
      "with a dot in an alias",
      { aggregations: [{ function: "count", alias: "a.b" }] },
      "aggregations.0.alias",
      "dots",
    ],
    [
      "with an unknown field",
      { aggregations: [{ function: "sum", alias: "a", field: "sise" }] },
      "aggregations.0.field",
      'Did you mean "size"?',
    ],
    ["with an alias twice", { aggregations: [count, count] }, "aggregations.1.alias", '"n"'],
    [
      "with a group named like a metric",
      { group_by: [{ field: "team", alias: "n" }] },
      "aggregations.0.alias",
      '"n"',
    ],
    [
      "with an unknown group field",
      { group_by: [{ field: "taem.x" }] },
      "group_by.0.field",
      'Did you mean "team"?',
    ],
    [
      "with an unknown date part",
      { group_by: [{ field: "at", date_part: "day_of_week" }] },
      "group_by.0.date_part",
      'Did you mean "dayOfWeek"?',
    ],
    [
      "with an unknown unit",
      { group_by: [{ field: "at", date_trunc: "days" }] },
      "group_by.0.date_trunc",
      'Did you mean "day"?',
    ],
    [
      "with both date_trunc and date_part",
      { group_by: [{ field: "at", date_trunc: "day", date_part: "hour" }] },
      "group_by.0",
      "either",
    ],
    ["with one boundary", boundaries(1), "range_buckets.0.boundaries", ""],
    ["with boundaries that fall", boundaries(1, 0), "range_buckets.0.boundaries", "ascending"],
    ["with equal boundaries", boundaries(1, 1), "range_buckets.0.boundaries", "ascending"],
    ["with an unknown filter field", { filters: { nope: 1 } }, "filters.nope", "no field"],
    [
      "with an unknown operator",
      { having: [{ field: "n", operator: "gtt", value: 1 }] },
      "having.0.operator",
      'Did you mean "gt"?',
    ],
    [
      "with a condition on no metric",
      { group_by: [byTeam], having: [{ field: "team", operator: "eq", value: 1 }] },
      "having.0.field",
      "no field",
    ],
    ["with unwind of an unknown field", { unwind: "tag" }, "unwind", 'Did you mean "tags"?'],
    ["sorted by an unknown result", { sort_by: "m" }, "sort_by", 'Did you mean "n"?'],
    ["sorted sideways", { sort_direction: "up" }, "sort_direction", ""],
    ["with a limit of 0", { limit: 0 }, "limit", ""],
    ["with a limit beyond all groups", { limit: limits.aggregateGroupsMax + 1 }, "limit", ""],
    ["with a negative offset", { offset: -1 }, "offset", ""],
  ])("%s", (_, fields, place, message) => {
    const body = isJsonArray(fields) ? fields : { aggregations: [count], ...Object(fields) };
    const refusal = refusalOf(() => parseAggregate(body, catalog));
    expect(refusal.code).toBe("VALIDATION_FAILED");
    const location = place === "body" ? ["body"] : ["body", ...place.split(".").map(orIndex)];
    expect(refusal.details["validation_errors"]).toEqual([
      expect.objectContaining({ location, message: expect.stringContaining(message) }),
    ]);
  });
});

function orIndex(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

test("every field of the hosted request is known", () => {
  const hosted =
    "group_by aggregations filters having unwind range_buckets sort_by sort_direction limit";
  expect(Object.keys(AggregateRequest.shape)).toEqual(expect.arrayContaining(hosted.split(" ")));
});

describe("a function", () => {
  test.each<[string, readonly JsonValue[], JsonValue]>([
    ["count", [1, "a", null, [], 0, false], 6],
    ["count_distinct", [1, "1", 1, { a: 1, b: 2 }, { b: 2, a: 1 }, null, "A", "a"], 5],
    ["sum", [1, 2.5, "3", null, true], 3.5],
    ["sum", ["a", null], 0],
    ["sum", [0.1, 0.2], 0.30000000000000004],
    ["sum", [2 ** 53 - 1, 1, -1, 2 ** 53 - 1, 2 - 2 ** 53], 2 ** 53],
    ["sum", [2 ** 53, 1, -(2 ** 53)], 1],
    ["sum", [2 ** 53, 0.5, -(2 ** 53)], 0.5],
    ["sum", [1e308, -1e308, 0.1], 0.1],
    ["avg", [2 ** 53 - 1, 2 ** 53 - 1], 2 ** 53 - 1],
    ["avg", [1e308, 1e308], 1e308],
    ["avg", [2 ** 53, 2 ** 53, 2], 6004799503160662],
    ["min", [2 ** 53 - 1, 2 ** 53 - 2], 2 ** 53 - 2],
    ["max", [-1e308, 1e308], 1e308],
    ["avg", [1, 2, "9", null], 1.5],
    ["avg", ["a"], null],
    ["min", [3, 1, 2], 1],
    ["max", [3, 10, 2], 10],
    ["min", ["b", "a"], "a"],
    ["max", ["\u{1F600}", "\uFFFD"], "\u{1F600}"],
    ["min", ["a", 1, true, null], true],
    ["max", ["a", 1, true, null, [9]], "a"],
    ["max", [[1], null], null],
    ["max", [`${"x".repeat(300)}a`, `${"x".repeat(300)}b`], `${"x".repeat(300)}b`],
    ["first", [null, 2, 3], 2],
    ["last", [2, 3, null], 3],
    ["first", [null], null],
    ["push", [2, null, 1, 2], [2, 1, 2]],
    ["push", [null], []],
    ["add_to_set", [2, null, 1, 2], [2, 1]],
  ])("%s of %j is %j", (name, values, result) => {
    expect(metric(name, values)).toEqual(result);
  });

  test.each<[string, readonly number[]]>([
    ["sum", [2 ** 53 - 1, 2 ** 53 - 1, 1]],
    ["sum", [2 ** 53, 1]],
    ["sum", [1e308, 1e308]],
    ["avg", [2 ** 53, 2 ** 53 + 2]],
  ])("%s of %j is refused, for it would have to be rounded", (name, values) => {
    expect(refusalOf(() => metric(name, values))).toMatchObject({
      code: "VALIDATION_FAILED",
      details: { validation_errors: [{ location: ["body", "aggregations", 0] }] },
    });
  });

  test("a sum of integers is exact, or refused, in whatever order they come", () => {
    const integers = fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(integers, (values) => {
        const sum = values.reduce((total, value) => total + BigInt(value), 0n);
        const found = (() => {
          try {
            return metric("sum", values);
          } catch {
            return undefined;
          }
        })();
        if (BigInt(Number(sum)) === sum) expect(found).toBe(Number(sum));
        else expect(found).toBeUndefined();
      }),
      { seed },
    );
  });

  test("without group_by there is one row also of nothing, which having may leave out", () => {
    const aggregations = ["count", "sum", "avg", "min", "push"].map((name) => ({
      function: name,
      alias: name,
      field: "size",
    }));
    const metrics = { count: 0, sum: 0, avg: null, min: null, push: [] };
    const filters = { team: "nobody" };
    for (const [body, rows] of [
      [{}, []],
      [{ filters }, [{ team: "a" }]],
      [{ unwind: "tags" }, [{ team: "a", tags: [] }]],
    ] as const) {
      const answer = run({ ...body, aggregations }, rows);
      expect(answer).toMatchObject({ results: [{ group: {}, metrics }], total_groups: 1 });
    }
    const having = [{ field: "n", operator: "gt", value: 0 }];
    expect(run({ having }, [])).toMatchObject({ results: [], total_groups: 0 });
    expect(run({ group_by: [{ field: "team" }] }, [])).toMatchObject({
      results: [],
      total_groups: 0,
    });
  });

  test("count without a field counts rows", () => {
    expect(run({}, [{}, { size: null }]).results).toEqual([{ group: {}, metrics: { n: 2 } }]);
  });

  test("count_distinct takes its field by either name", () => {
    const aggregations = ["field", "distinct_field"].map((name) => ({
      function: "count_distinct",
      alias: name,
      [name]: "team",
    }));
    const rows = ["a", "b", "a"].map((team) => ({ team }));
    expect(run({ aggregations }, rows).results[0]?.metrics).toEqual({
      field: 2,
      distinct_field: 2,
    });
  });
});

describe("groups", () => {
  test("come in the order of their values, what has none last", () => {
    const rows = [{}, { team: "b" }, { team: "a" }, { team: 2 }, { team: null }, { team: "a" }];
    expect(counts({ group_by: [{ field: "team" }] }, rows)).toEqual([
      [2, 1],
      ["a", 2],
      ["b", 1],
      [null, 2],
    ]);
  });

  test("tell values apart by type and case, and not by the order of keys", () => {
    const rows = [1, "1", "a", "A", { x: 1, y: 2 }, { y: 2, x: 1 }].map((team) => ({ team }));
    expect(counts({ group_by: [{ field: "team" }] }, rows)).toEqual([
      [1, 1],
      ["1", 1],
      ["A", 1],
      ["a", 1],
      [{ x: 1, y: 2 }, 2],
    ]);
  });

  test("are named by alias or field, and inert keys stay data", () => {
    const group_by = [
      { field: "metadata.__proto__", alias: "__proto__" },
      { field: "metadata.constructor" },
    ];
    const [result] = run({ group_by }, [{ metadata: { ["__proto__"]: 1 } }]).results;
    expect(Object.entries(result?.group ?? {})).toEqual([
      ["__proto__", 1],
      ["metadata.constructor", null],
    ]);
  });

  test("are sorted by a metric, most first, then by their values, and paged", () => {
    const rows = ["c", "b", "a", "b"].map((team) => ({ team }));
    const body = { group_by: [{ field: "team" }], sort_by: "n" };
    expect(counts(body, rows)).toEqual([
      ["b", 2],
      ["a", 1],
      ["c", 1],
    ]);
    const page = run({ ...body, offset: 1, limit: 1 }, rows);
    expect(page).toEqual({
      results: [{ group: { team: "a" }, metrics: { n: 1 } }],
      total_groups: 3,
      query_info: { documents_scanned: 4, documents_matched: 4 },
    });
    expect(AggregateResponse.parse(page)).toEqual(page);
  });

  test("without the value that is sorted by come last in either direction", () => {
    const rows = [{ team: "a" }, { team: "b", size: 2 }, { team: "c", size: 1 }];
    const aggregations = [{ function: "max", alias: "m", field: "size" }];
    const inOrder = (sort_direction: string) =>
      run(
        { group_by: [{ field: "team" }], aggregations, sort_by: "m", sort_direction },
        rows,
      ).results.map(({ group }) => group["team"]);
    expect(inOrder("asc")).toEqual(["c", "b", "a"]);
    expect(inOrder("desc")).toEqual(["b", "c", "a"]);
  });

  test("are filtered before and after", () => {
    const rows = ["a", "a", "b", "c", "c"].map((team, size) => ({ team, size }));
    const body = {
      group_by: [{ field: "team" }],
      filters: { NOT: [{ field: "team", operator: "eq", value: "C" }] },
      having: [{ field: "n", operator: "gt", value: 1 }],
    };
    expect(run(body, rows)).toEqual({
      results: [{ group: { team: "a" }, metrics: { n: 2 } }],
      total_groups: 1,
      query_info: { documents_scanned: 5, documents_matched: 3 },
    });
    expect(run({ ...body, case_sensitive: true }, rows).total_groups).toBe(2);
  });
});

describe("a time is grouped in UTC", () => {
  const at = "2026-12-31T23:30:15.250-02:00"; // 2027-01-01T01:30:15.250Z, a Friday of week 53
  test.each<[string, string, JsonValue]>([
    ["date_trunc", "year", "2027-01-01T00:00:00.000Z"],
    ["date_trunc", "quarter", "2027-01-01T00:00:00.000Z"],
    ["date_trunc", "month", "2027-01-01T00:00:00.000Z"],
    ["date_trunc", "week", "2026-12-28T00:00:00.000Z"],
    ["date_trunc", "day", "2027-01-01T00:00:00.000Z"],
    ["date_trunc", "hour", "2027-01-01T01:00:00.000Z"],
    ["date_trunc", "minute", "2027-01-01T01:30:00.000Z"],
    ["date_trunc", "second", "2027-01-01T01:30:15.000Z"],
    ["date_part", "year", 2027],
    ["date_part", "quarter", 1],
    ["date_part", "month", 1],
    ["date_part", "week", 53],
    ["date_part", "day", 1],
    ["date_part", "dayOfWeek", 6],
    ["date_part", "dayOfYear", 1],
    ["date_part", "hour", 1],
    ["date_part", "minute", 30],
    ["date_part", "second", 15],
  ])("by %s %s", (how, unit, expected) => {
    expect(counts({ group_by: [{ field: "at", [how]: unit }] }, [{ at }])).toEqual([[expected, 1]]);
  });

  test.each<[string, number, number]>([
    ["2024-12-30", 1, 365],
    ["2024-12-31", 1, 366],
    ["2021-01-03", 53, 3],
    ["2021-01-04", 1, 4],
    ["2020-02-29", 9, 60],
    ["0050-03-01", 9, 60],
  ])("the day %s is in week %i and is day %i of the year", (day, week, dayOfYear) => {
    const group_by = ["week", "dayOfYear"].map((date_part) => ({
      field: "at",
      alias: date_part,
      date_part,
    }));
    expect(counts({ group_by }, [{ at: day }])).toEqual([[week, dayOfYear, 1]]);
  });

  test("and what is no time is in the group of null", () => {
    const rows = [5, "soon", null, "2026-02-30", "2026-01-01T00:00:00"].map((value) => ({
      at: value,
    }));
    expect(counts({ group_by: [{ field: "at", date_part: "year" }] }, rows)).toEqual([[null, 5]]);
  });
});

describe("range buckets", () => {
  const range = { field: "size", alias: "range", boundaries: [-1, 0, 10] };
  test("hold their lower boundary, and the default all else", () => {
    const rows = [-2, -1, -0.5, 0, 9.9, 10, "5", null].map((size) => ({ size }));
    expect(counts({ range_buckets: [range] }, rows)).toEqual([
      [-1, 2],
      [0, 2],
      ["other", 4],
    ]);
    const elsewhere = { ...range, default_bucket: "elsewhere" };
    expect(counts({ range_buckets: [elsewhere] }, [{}])).toEqual([["elsewhere", 1]]);
  });

  test("stand beside the fields that are grouped by", () => {
    const body = { group_by: [{ field: "team" }], range_buckets: [range] };
    expect(counts(body, [{ team: "a", size: 1 }])).toEqual([["a", 0, 1]]);
  });
});

describe("unwind", () => {
  const rows = [
    { object_id: "1", blobs: [{ type: "video" }, { type: "text" }, null] },
    { object_id: "2", blobs: [] },
    { object_id: "3", blobs: null },
    { object_id: "4" },
    { object_id: "5", blobs: { type: "text" } },
  ];
  test("makes a row of each item, none where there is none, and one of what is no array", () => {
    expect(counts({ unwind: "blobs", group_by: [{ field: "blobs.type" }] }, rows)).toEqual([
      ["text", 2],
      ["video", 1],
      [null, 1],
    ]);
  });

  test("leaves the other fields as they are, and comes after the filters", () => {
    const body = {
      unwind: "blobs",
      filters: { "blobs.0.type": "video" },
      group_by: [{ field: "object_id" }],
    };
    expect(counts(body, rows)).toEqual([["1", 3]]);
  });
});

describe("what an answer holds is limited", () => {
  const rowsOf = (length: number) => Array.from({ length }, (_, size) => ({ size }));
  const bySize = { group_by: [{ field: "size" }] };

  test("to so many groups", () => {
    const atLimit = run({ ...bySize, limit: 1 }, rowsOf(limits.aggregateGroupsMax));
    expect(atLimit.total_groups).toBe(limits.aggregateGroupsMax);
    const refusal = refusalOf(() => run(bySize, rowsOf(limits.aggregateGroupsMax + 1)));
    expect(refusal.code).toBe("VALIDATION_FAILED");
    expect(refusal.message).toContain("narrow the filters");
  });

  test.each(["push", "add_to_set", "count_distinct"])("to so many bytes, by %s", (name) => {
    const aggregations = [{ function: name, alias: "m", field: "metadata" }];
    const text = "x".repeat(1024 * 1024);
    const rows = Array.from({ length: 17 }, (_, index) => ({ metadata: `${index}${text}` }));
    const refusal = refusalOf(() => run({ aggregations }, rows));
    expect(refusal.message).toContain("count, not collect");
  });

  test("but not in how much passes by", () => {
    const text = "x".repeat(1024 * 1024);
    const aggregations = [{ function: "last", alias: "m", field: "metadata" }];
    const rows = Array.from({ length: 40 }, () => ({ metadata: text }));
    expect(run({ aggregations }, rows).results[0]?.metrics).toEqual({ m: text });
  });
});

describe("on random rows", () => {
  const value = fc.oneof(
    fc.constantFrom<JsonValue>(null, true, "a", "A", "5", 5, [1], { a: 1 }),
    fc.integer({ min: -3, max: 3 }),
  );
  const row = fc.record(
    { team: value, size: value, tags: fc.array(value, { maxLength: 3 }) },
    { requiredKeys: [] },
  );
  const rows = fc.array(row, { maxLength: 30 });
  const names = ["count", "count_distinct", "sum", "avg", "min", "max", "first", "last", "push"];
  const aggregations = names.map((name) => ({ function: name, alias: name, field: "size" }));

  test("each group says what its rows say, filtered out by hand", () => {
    fc.assert(
      fc.property(rows, (all: readonly JsonObject[]) => {
        const { results } = run({ group_by: [{ field: "team" }], aggregations }, all);
        const teams = new Set(all.map((each) => canonical(each["team"] ?? null)));
        expect(results.length).toBe(teams.size);
        for (const { group, metrics } of results) {
          const team = canonical(group["team"] ?? null);
          const own = all.filter((each) => canonical(each["team"] ?? null) === team);
          expect(metrics).toEqual(naive(own.map((each) => each["size"] ?? null)));
        }
      }),
      { seed },
    );
  });

  test("the order of rows decides the order of no group", () => {
    fc.assert(
      fc.property(rows, (all: readonly JsonObject[]) => {
        const body = { group_by: [{ field: "team" }, { field: "size" }], sort_by: "n" };
        expect(run(body, all.toReversed())).toEqual(run(body, all));
      }),
      { seed },
    );
  });

  test("unwinding is the same as writing a row for each item", () => {
    fc.assert(
      fc.property(rows, (all: readonly JsonObject[]) => {
        const body = { group_by: [{ field: "tags" }] };
        const written = all.flatMap((each) => {
          const tags = each["tags"];
          return isJsonArray(tags) ? tags.map((tag) => ({ ...each, tags: tag })) : [];
        });
        const { results } = run(body, written);
        expect(run({ ...body, unwind: "tags" }, all).results).toEqual(results);
      }),
      { seed },
    );
  });
});

function naive(found: readonly JsonValue[]): JsonObject {
  const values = found.filter((value) => value !== null);
  const numbers = values.filter((value) => typeof value === "number");
  const sum = numbers.reduce((total, value) => total + value, 0);
  const scalars = ["boolean", "number", "string"].flatMap((type) =>
    values.filter((value) => typeof value === type).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  );
  return {
    count: found.length,
    count_distinct: new Set(values.map(canonical)).size,
    sum,
    avg: numbers.length === 0 ? null : sum / numbers.length,
    min: scalars[0] ?? null,
    max: scalars.at(-1) ?? null,
    first: values[0] ?? null,
    last: values.at(-1) ?? null,
    push: values,
  };
}
