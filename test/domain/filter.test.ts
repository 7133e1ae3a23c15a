/**
 * Goal: every operator means what `condition.ts` says, and what does not fit is refused by its
 * place. Method: tables on one document, and laws on random ones.
 */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { bucketCatalog } from "../../src/domain/bucket/list.js";
import { compileFilter, operators } from "../../src/domain/filter/condition.js";
import { comparePositions, type ListPosition, sortKeyOf } from "../../src/domain/filter/order.js";
import { parseCriteria, type RawCriteria } from "../../src/domain/filter/parse.js";
import {
  compileSearch,
  compileSearchOfPrepared,
  preparedTexts,
} from "../../src/domain/filter/search.js";
import { compareText, foldCase, hasWord, wordsOf } from "../../src/domain/filter/text.js";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import { limits } from "../../src/domain/limits.js";
import { anyDocument, anyJson, seed } from "./arbitraries.js";
import { refusalOf } from "./refusal.js";

const document: JsonObject = {
  bucket_id: "bkt_01",
  bucket_name: "Product-Videos",
  description: "Straße, ΟΔΟΣ and a naïve café",
  created_at: "2026-10-01T12:00:00.000Z",
  metadata: {
    team: "Growth",
    n: 5,
    text: "5",
    yes: true,
    nothing: null,
    tags: ["Red", "green", 3, { a: 1, b: "X" }],
    nested: { deep: { er: "down" } },
    "a.b": "dotted",
    "": "empty",
    'q"$': "quoted",
    ["__proto__"]: "data",
    emoji: "\u{1F600}",
  },
};

function parse(filters: JsonValue, rest: Omit<RawCriteria, "filters"> = {}) {
  return parseCriteria({ filters, ...rest }, bucketCatalog);
}

function matches(filters: JsonValue, caseSensitive = false): boolean {
  const { filter } = parse(filters, { case_sensitive: caseSensitive });
  return filter === undefined || compileFilter(filter)(document);
}

const condition = (field: string, operator: string, value?: JsonValue): JsonObject => ({
  field,
  operator,
  ...(value !== undefined && { value }),
});

/** Field, operator, value; whether it matches in any case, and when case matters. */
const table: readonly (readonly [string, string, JsonValue | undefined, boolean, boolean])[] = [
  ["metadata.team", "eq", "growth", true, false],
  ["metadata.team", "eq", "Growth", true, true],
  ["metadata.team", "eq", "Grow", false, false],
  ["description", "eq", "STRASSE, οδος AND A NAÏVE CAFÉ", true, false],
  ["metadata.n", "eq", 5, true, true],
  ["metadata.n", "eq", "5", false, false],
  ["metadata.text", "eq", 5, false, false],
  ["metadata.yes", "eq", true, true, true],
  ["metadata.yes", "eq", "true", false, false],
  ["metadata.yes", "eq", 1, false, false],
  ["metadata.nothing", "eq", null, true, true],
  ["metadata.missing", "eq", null, false, false],
  ["metadata.tags", "eq", ["red", "GREEN", 3, { b: "x", a: 1 }], true, false],
  ["metadata.tags", "eq", ["Red"], false, false],
  ["metadata.tags.3", "eq", { b: "X", a: 1 }, true, true],
  ["metadata.tags.1", "eq", "green", true, true],
  ["metadata.tags.01", "exists", true, false, false],
  ["metadata.team", "ne", "growth", false, true],
  ["metadata.n", "ne", "5", true, true],
  ["metadata.missing", "ne", "x", true, true],
  ["metadata.n", "gt", 4.5, true, true],
  ["metadata.n", "gt", 5, false, false],
  ["metadata.n", "gte", 5, true, true],
  ["metadata.n", "lt", 5, false, false],
  ["metadata.n", "lte", 5, true, true],
  ["metadata.n", "gt", "4", false, false],
  ["metadata.text", "lt", 6, false, false],
  ["metadata.team", "gt", "growti", false, false],
  ["metadata.team", "lt", "growti", true, true],
  ["metadata.team", "gte", "growth", true, false],
  ["metadata.emoji", "gt", "\uFFFD", true, true],
  ["metadata.yes", "gt", 0, false, false],
  ["metadata.missing", "lt", 9, false, false],
  ["metadata.team", "in", ["ads", "growth"], true, false],
  ["metadata.team", "in", [], false, false],
  ["metadata.n", "in", ["5", 5], true, true],
  ["metadata.missing", "in", [null], false, false],
  ["metadata.nothing", "in", [null], true, true],
  ["metadata.team", "nin", ["ads", "growth"], false, true],
  ["metadata.missing", "nin", ["x"], true, true],
  ["metadata.team", "contains", "ROW", true, false],
  ["metadata.tags", "contains", "RED", true, false],
  ["metadata.tags", "contains", "gree", false, false],
  ["metadata.tags", "contains", 3, true, true],
  ["metadata.tags", "contains", { b: "X", a: 1 }, true, true],
  ["metadata.nested", "contains", "deep", false, false],
  ["metadata.n", "contains", "5", false, false],
  ["metadata.team", "starts_with", "gro", true, false],
  ["metadata.team", "ends_with", "WTH", true, false],
  ["metadata.tags", "starts_with", "Red", false, false],
  ["metadata.team", "regex", "^g.o", true, false],
  ["metadata.team", "regex", "w(t|x)h$", true, true],
  ["metadata.n", "regex", "5", false, false],
  ["metadata.nothing", "exists", undefined, true, true],
  ["metadata.nothing", "exists", false, false, false],
  ["metadata.missing", "exists", true, false, false],
  ["metadata.missing", "exists", false, true, true],
  ["metadata.nothing", "is_null", true, true, true],
  ["metadata.missing", "is_null", undefined, true, true],
  ["metadata.n", "is_null", false, true, true],
  ["metadata.n", "is_null", true, false, false],
  ["description", "text", "CAFÉ strasse", true, true],
  ["description", "text", "caf", false, false],
  ["bucket_name", "text", "videos product", true, true],
  ["metadata.tags", "text", "green, red!", true, true],
  ["metadata.n", "text", "5", false, false],
  ["metadata.nested.deep.er", "eq", "down", true, true],
  ["metadata.nested.deep.er.more", "exists", true, false, false],
  ["metadata.team.length", "exists", true, false, false],
  ["metadata.a.b", "exists", true, false, false],
  ["/metadata/a.b", "eq", "dotted", true, true],
  ["metadata.", "eq", "empty", true, true],
  ['metadata.q"$', "eq", "quoted", true, true],
  ["metadata.__proto__", "eq", "data", true, true],
  ["metadata.constructor", "exists", true, false, false],
  ["created_at", "eq", "2026-10-01T14:00:00+02:00", true, true],
  ["created_at", "gte", "2026-10-01T12:00:00Z", true, true],
  ["created_at", "gt", "2026-10-01", true, true],
  ["created_at", "in", ["2026-10-01T12:00:00Z"], true, true],
];

describe("a condition", () => {
  test.each(table)("%s %s %j: in any case %s, when case matters %s", (...row) => {
    const [field, operator, value, inAnyCase, exactly] = row;
    expect(matches(condition(field, operator, value))).toBe(inAnyCase);
    expect(matches(condition(field, operator, value), true)).toBe(exactly);
  });

  it("is eq unless it says otherwise", () => {
    expect(matches({ field: "metadata.n", value: 5 })).toBe(true);
    expect(matches({ field: "metadata.n", operator: null, value: 6 })).toBe(false);
  });

  it("ends in linear time whatever its pattern", () => {
    const text = "x".repeat(50_000);
    const { filter } = parse(condition("description", "regex", "(x+x+)+y"));
    // Backtracking would take longer than the world has been there.
    expect(filter && compileFilter(filter)({ description: text })).toBe(false);
  });
});

describe("a group", () => {
  const yes = condition("metadata.n", "eq", 5);
  const no = condition("metadata.n", "eq", 6);
  const groups: readonly (readonly [JsonObject, boolean])[] = [
    [{}, true],
    [{ AND: [], OR: [], NOT: null }, true],
    [{ AND: [yes, yes] }, true],
    [{ AND: [yes, no] }, false],
    [{ OR: [no, yes] }, true],
    [{ OR: [no, no] }, false],
    [{ NOT: [no, no] }, true],
    [{ NOT: [no, yes] }, false],
    [{ NOT: yes }, false],
    [{ AND: [yes], OR: [no] }, false],
    [{ AND: [{ OR: [no, { NOT: [no] }] }] }, true],
    [{ "metadata.team": "growth", "metadata.n": 5 }, true],
    [{ "metadata.team": "growth", "metadata.n": 6 }, false],
    [{ "metadata.team": "growth", NOT: [no] }, true],
    [{ "metadata.team": "growth", case_sensitive: true }, false],
    [{ AND: [{ "metadata.team": "growth" }], case_sensitive: true }, false],
  ];
  test.each(groups)("%j: %s", (filters, expected) => {
    expect(matches(filters)).toBe(expected);
  });
});

describe("what does not fit", () => {
  const deep = (levels: number): JsonObject =>
    levels === 0 ? condition("metadata.n", "eq", 5) : { AND: [deep(levels - 1)] };
  const many = (count: number): JsonObject => ({
    OR: Array.from({ length: count }, () => condition("metadata.n", "eq", 5)),
  });
  const faults: readonly (readonly [RawCriteria, string, RegExp])[] = [
    [{ filters: "x" }, "filters", /condition or a group/],
    [{ filters: [] }, "filters", /condition or a group/],
    [{ filters: { AND: "x" } }, "filters.AND", /condition or a group/],
    [{ filters: { AND: [deep(0), 5] } }, "filters.AND.1", /condition or a group/],
    [{ filters: { metdata: 5 } }, "filters.metdata", /Did you mean "metadata"\?/],
    [{ filters: { and: [] } }, "filters.and", /Did you mean "AND"\?/],
    [{ filters: condition("zzz", "eq", 1) }, "filters.field", /There is no field "zzz"\.$/],
    [{ filters: condition("bucket-name", "eq", 1) }, "filters.field", /"bucket_name"/],
    [{ filters: condition("__proto__.x", "eq", 1) }, "filters.field", /There is no field/],
    [{ filters: condition("", "eq", 1) }, "filters.field", /There is no field/],
    [{ filters: { operator: "eq", value: 1 } }, "filters.field", /Name a field/],
    [{ filters: condition("metadata", "equals", 1) }, "filters.operator", /Use one of eq/],
    [{ filters: condition("metadata", "start_with", 1) }, "filters.operator", /"starts_with"/],
    [{ filters: { ...deep(0), vaule: 1 } }, "filters.vaule", /Did you mean "value"\?/],
    [{ filters: condition("metadata", "eq") }, "filters.value", /needs a value/],
    [{ filters: condition("metadata.n", "gt", true) }, "filters.value", /number or a string/],
    [{ filters: condition("metadata.n", "in", 5) }, "filters.value", /array/],
    [{ filters: condition("metadata.n", "regex", 5) }, "filters.value", /string/],
    [{ filters: condition("metadata.n", "regex", "a(b") }, "filters.value", /RE2/],
    [{ filters: condition("metadata.n", "regex", "(?<=a)b") }, "filters.value", /RE2/],
    [{ filters: condition("metadata.n", "regex", "(a{900}){900}") }, "filters.value", /RE2/],
    [
      { filters: condition("metadata.n", "regex", "a".repeat(501)) },
      "filters.value",
      /at most 500 characters/,
    ],
    [
      { filters: condition("metadata.n", "in", Array(1_001).fill(1)) },
      "filters.value",
      /at most 1000 values/,
    ],
    [{ filters: condition("metadata.n", "exists", "yes") }, "filters.value", /true or false/],
    [{ filters: condition("metadata.n", "text", "?!") }, "filters.value", /at least one word/],
    [{ filters: condition("created_at", "gt", "yesterday") }, "filters.value", /RFC 3339/],
    [{ filters: condition("created_at", "gt", "2026-10-01T00:00:00") }, "filters.value", /offset/],
    [{ filters: condition("updated_at", "in", ["2026-10-01", 5]) }, "filters.value.1", /RFC 3339/],
    [{ filters: { AND: [], case_sensitive: "x" } }, "filters.case_sensitive", /true or false/],
    [{ case_sensitive: 1 }, "case_sensitive", /true or false/],
    [{ search: 5 }, "search", /string/],
    [{ search: "x".repeat(1_001) }, "search", /at most 1000/],
    [{ sort: "bucket_name" }, "sort", /JSON object/],
    [{ sort: {} }, "sort.field", /Name a field/],
    [{ sort: { field: "nmae" } }, "sort.field", /There is no field/],
    [{ sort: { field: "bucket_nam" } }, "sort.field", /Did you mean "bucket_name"\?/],
    [{ sort: { field: "metadata.a", direction: "down" } }, "sort.direction", /"asc" or "desc"/],
    [{ sort: { field: "metadata.a", order: "asc" } }, "sort.order", /Send only/],
  ];
  test.each(faults)("%j is refused at %s", (raw, place, message) => {
    const refusal = refusalOf(() => parseCriteria(raw, bucketCatalog));
    expect(refusal.code).toBe("BAD_REQUEST");
    expect(refusal.message).toMatch(message);
    expect(refusal.message).toContain(`does not fit at ${place}:`);
    expect(refusal.details).toMatchObject({
      validation_errors: [{ location: ["body", ...place.split(".").map(toKey)] }],
    });
  });
  const toKey = (part: string) => (/^\d+$/.test(part) ? Number(part) : part);

  it("is also what is too deep or too much", () => {
    expect(matches(deep(limits.filterDepthMax - 1))).toBe(true);
    expect(refusalOf(() => matches(deep(limits.filterDepthMax))).message).toMatch(/levels deep/);
    expect(matches(many(limits.filterConditionsMax))).toBe(true);
    expect(refusalOf(() => matches(many(limits.filterConditionsMax + 1))).message).toMatch(
      /at most 50 conditions/,
    );
    expect(refusalOf(() => matches(deep(60))).message).toMatch(/levels deep/);
  });
});

describe("a search", () => {
  const searches: readonly (readonly [string, string, boolean])[] = [
    ["video", "Product-Videos", true],
    ["VIDEO", "Product-Videos", true],
    ["product*", "Product-Videos", true],
    ["*videos", "Product-Videos", true],
    ["video*", "Product-Videos", false],
    ["p*t*s", "Product-Videos", true],
    ["*t*-*", "Product-Videos", true],
    ["*", "", true],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a**b", "ab", true],
    ["a*b*b", "ab", false],
    ["caf\u00e9", "Cafe\u0301", true],
    ["straße", "STRASSE", true],
    ["%", "abc", false],
    ["_", "abc", false],
    [".", "abc", false],
    ["[a]", "a", false],
  ];
  test.each(searches)("%j in %j: %s", (text, searched, expected) => {
    expect(compileSearch({ text, caseSensitive: false })(searched)).toBe(expected);
  });

  it("tells cases apart when asked to", () => {
    expect(compileSearch({ text: "video", caseSensitive: true })("Videos")).toBe(false);
  });
});

describe("a search of texts that are prepared", () => {
  const anyText = fc.oneof(
    fc.constantFrom("", "a", "A", "ß", "ab", "a\u0000b", "\u0000", "cafe\u0301"),
    fc.string({ unit: "binary", maxLength: 3 }).map((text) => text.toWellFormed()),
  );
  const anySearched = fc.oneof(anyText, fc.constantFrom("*", "a*", "*b", "s", "b\u0000a", "é"));

  it("finds what a search of each of them finds", () => {
    const cases = fc.property(
      fc.array(anyText, { maxLength: 3 }),
      anySearched,
      fc.boolean(),
      (texts, text, caseSensitive) => {
        const search = { text, caseSensitive };
        const prepared = preparedTexts(texts, caseSensitive);
        expect(compileSearchOfPrepared(search)(prepared)).toBe(texts.some(compileSearch(search)));
      },
    );
    fc.assert(cases, { seed, numRuns: 2_000 });
  });
});

describe("the laws", () => {
  const fields = ["/metadata", "/metadata/a", "/metadata/", "/metadata/__proto__", "/metadata/0"];
  const anyBucket = anyDocument.map((metadata): JsonObject => ({ metadata }));
  const anyField = fc.constantFrom(...fields);
  const run = (filters: JsonValue, bucket: JsonObject, caseSensitive = false) => {
    const { filter } = parse(filters, { case_sensitive: caseSensitive });
    return filter !== undefined && compileFilter(filter)(bucket);
  };

  it("ne and nin are the complements of eq and in, and NOT of everything", () => {
    fc.assert(
      fc.property(anyBucket, anyField, anyJson, fc.boolean(), (bucket, field, value, exact) => {
        const eq = run(condition(field, "eq", value), bucket, exact);
        expect(run(condition(field, "ne", value), bucket, exact)).toBe(!eq);
        expect(run(condition(field, "in", [value]), bucket, exact)).toBe(eq);
        expect(run(condition(field, "nin", [value]), bucket, exact)).toBe(!eq);
        expect(run({ NOT: [condition(field, "eq", value)] }, bucket, exact)).toBe(!eq);
      }),
      { seed },
    );
  });

  it("a value that is there is eq to itself, exists, and is null or is not", () => {
    fc.assert(
      fc.property(anyJson, fc.boolean(), (value, exact) => {
        const bucket = { metadata: { a: value } };
        expect(run(condition("metadata.a", "eq", value), bucket, exact)).toBe(true);
        expect(run(condition("metadata.a", "exists"), bucket)).toBe(true);
        expect(run(condition("metadata.a", "is_null"), bucket)).toBe(value === null);
      }),
      { seed },
    );
  });

  it("no operator ever fails on a value that it does not understand", () => {
    const valued: Readonly<Record<string, JsonValue>> = { in: ["x"], nin: ["x"] };
    fc.assert(
      fc.property(anyBucket, anyField, fc.constantFrom(...operators), (bucket, field, operator) => {
        const value = ["exists", "is_null"].includes(operator) ? true : (valued[operator] ?? "x");
        expect(typeof run(condition(field, operator, value), bucket)).toBe("boolean");
      }),
      { seed },
    );
  });

  it("the order of text is that of its UTF-8 bytes", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 6 });
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareText(a, b))).toBe(bytes);
      }),
      { seed },
    );
  });

  it("sort keys are in the order of their values, types apart", () => {
    const anyNumber = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(anyNumber, anyNumber, (a, b) => {
        const order = compareText(sortKeyOf(a, true) ?? "", sortKeyOf(b, true) ?? "");
        expect(Math.sign(order)).toBe(a === b ? 0 : Math.sign(a - b) || (a < b ? -1 : 1));
      }),
      { seed },
    );
    const ascending = [false, true, -1e9, -0.5, 0, 1e-300, 2, 10, "", "10", "9", "a", {}];
    const keys = ascending.map((value) => sortKeyOf(value, true) ?? "");
    expect(keys.toSorted(compareText)).toEqual(keys);
    expect(sortKeyOf(-0, true)).toBe(sortKeyOf(0, true));
    expect(sortKeyOf(undefined, true)).toBeUndefined();
    expect(sortKeyOf(null, true)).toBeUndefined();
    expect(sortKeyOf("b", false)).toBe(sortKeyOf("B", false));
    expect(sortKeyOf("\u{1F600}".repeat(200), true)?.isWellFormed()).toBe(true);
  });

  it("positions have one order, in which what has no key is last in either direction", () => {
    const place = (sortKey: string | undefined, createdAt: string, id: string): ListPosition => ({
      sortKey,
      createdAt,
      id,
    });
    const [a2, a1, a1b] = [place("a", "2", "x"), place("a", "1", "x"), place("a", "1", "y")];
    const [b, none] = [place("b", "1", "x"), place(undefined, "3", "x")];
    const shuffled = [none, a1b, b, a1, a2];
    const sorted = (direction: "asc" | "desc") =>
      shuffled.toSorted((left, right) => comparePositions(left, right, direction));
    expect(sorted("asc")).toEqual([a2, a1, a1b, b, none]);
    expect(sorted("desc")).toEqual([b, a2, a1, a1b, none]);
  });
});

describe("a regular expression is bounded", () => {
  const regex = (value: string) => parse(condition("description", "regex", value)).filter;

  it("is refused when it is large once its repetitions are written out", () => {
    const { code, details } = refusalOf(() => regex("a.{0,900}.{0,900}c"));
    expect(code).toBe("VALIDATION_FAILED");
    expect(details["validation_errors"]).toMatchObject([
      { type: "pattern_too_large", location: ["body", "filters", "value"] },
    ]);
  });

  it("ends when it has looked at too much text, all documents of a list together", () => {
    const filter = regex("(?:b?){200}c");
    if (filter === undefined) throw new Error("It was read.");
    const isWanted = compileFilter(filter);
    const description = "aab ".repeat(250_000);
    const look = () => {
      for (let at = 0; at < 1_000; at += 1) isWanted({ description });
    };
    expect(refusalOf(look).details["validation_errors"]).toMatchObject([{ type: "too_much_work" }]);
  });
});

const wordy = fc.string({
  unit: fc.constantFrom("a", "b", "é", "\u0301", " ", "-", "𝒳", "😀", "1", "ß"),
});

it("a text has a word when it is among its words, however it is looked for", () => {
  const law = fc.property(wordy, wordy, (text, part) => {
    for (const word of wordsOf(part)) {
      expect(hasWord(foldCase(text), word)).toBe(wordsOf(text).includes(word));
    }
  });
  fc.assert(law, { seed, numRuns: 2_000 });
});
