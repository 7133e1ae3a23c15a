/** The acceptance rows 58 to 62 over HTTP: pages, cursors, filters, and what does not fit. */
import { describe, expect, test } from "vitest";
import { isJsonObject, type JsonValue } from "../../src/domain/json.js";
import { openBuckets } from "../../src/index.js";
import {
  type Answer,
  at,
  expectRefusal,
  listAt,
  makeBucket,
  type Service,
  serveTest,
  TestClock,
  textAt,
} from "../support/server.js";

const path = "/v1/buckets/list";

const namesOf = (answer: Answer): JsonValue[] => {
  expect(answer.status, answer.text).toBe(200);
  return listAt(answer, "results").map((bucket) =>
    isJsonObject(bucket) ? (bucket["bucket_name"] ?? null) : null,
  );
};

async function fill(service: Service, clock: TestClock, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    const metadata = { team: index % 2 === 0 ? "Growth" : "search", rank: index };
    await makeBucket(service, { bucket_name: name, metadata });
    clock.advance(1_000);
  }
}

async function open(names: readonly string[] = ["a", "b", "c", "d", "e"]) {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  await fill(service, clock, names);
  return { service, clock };
}

/** Every page, with what happens between two of them. */
async function walk(service: Service, body: object, between = async (_page: number) => {}) {
  const names: JsonValue[] = [];
  const pages: Answer[] = [];
  for (let cursor: JsonValue | undefined; ; ) {
    const answer = await service.post(path, { ...body, ...(cursor !== undefined && { cursor }) });
    names.push(...namesOf(answer));
    pages.push(answer);
    cursor = at(answer, "pagination", "next_cursor");
    if (cursor === undefined) return { names, pages };
    await between(pages.length);
  }
}

describe("58: the page", () => {
  test("58: an empty list is an empty array, not a 404, with or without a body", async () => {
    const { service } = await open([]);
    for (const sending of [{}, { text: "" }, { json: {} }, { json: { filters: null } }]) {
      const answer = await service.send("POST", path, sending);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        results: [],
        total_count: 0,
        pagination: { total: 0, page: 1, page_size: 10, total_pages: 0 },
        stats: {
          total_objects: 0,
          total_size_bytes: 0,
          avg_objects_per_bucket: 0,
          avg_size_per_bucket: 0,
        },
      });
    }
  });

  test("58: the page size is 10 unless sent, and documented with its bounds", async () => {
    const { service } = await open(Array.from({ length: 11 }, (_, index) => `bucket ${index}`));
    const answer = await service.post(path, {});
    expect(namesOf(answer)).toHaveLength(10);
    expect(at(answer, "pagination")).toMatchObject({ page: 1, page_size: 10, total_pages: 2 });
    const document = await service.get("/openapi.json");
    const place = ["paths", path, "post", "requestBody", "content", "application/json", "schema"];
    expect(at(document, ...place, "properties", "limit")).toMatchObject({
      default: 10,
      anyOf: [{ type: "integer", minimum: 1, maximum: 1_000 }, { type: "null" }],
    });
  });

  test("58: over the maximum, negative, fractional and not a number are a 422", async () => {
    const { service } = await open([]);
    for (const limit of [0, -1, 1_001, 1.5, "ten", "10", true, [10]]) {
      expectRefusal(await service.post(path, { limit }), 422, "ValidationError");
    }
    for (const offset of [-1, 0.5, "x"]) {
      expectRefusal(await service.post(path, { offset }), 422, "ValidationError");
    }
    expectRefusal(await service.post(path, []), 422, "ValidationError");
    expect((await service.post(path, { limit: 1_000, offset: null })).status).toBe(200);
  });

  test("58: a field that the list does not know is a 400 that says what was meant", async () => {
    const { service } = await open();
    const handled = { headers: { Prefer: "handling=lenient" } };
    for (const options of [{}, handled]) {
      const answer = await service.post(path, { filterz: { bucket_name: "a" } }, options);
      expectRefusal(answer, 400, "BadRequestError");
      expect(answer.text).toContain('Did you mean \\"filters\\"?');
    }
  });

  test("58: an operator of another database is a 400 with the form that is taken here", async () => {
    const { service } = await open();
    const cases = [
      [{ "metadata.size": { $gt: 1 } }, '{"field":"metadata.size","operator":"gt","value":"…"}'],
      [{ $and: [{ bucket_name: "a" }] }, '{"AND":[{"field":"metadata.team"}]}'],
      [{ OR: [{ bucket_name: { $regex: "a" } }] }, '"operator":"regex"'],
    ] as const;
    for (const [filters, form] of cases) {
      const answer = await service.post(path, { filters });
      expectRefusal(answer, 400, "BadRequestError");
      expect(String(at(answer, "error", "message"))).toContain(form);
    }
    const literal = { field: "metadata.size", operator: "eq", value: { $gt: 1 } };
    expect((await service.post(path, { filters: literal })).status).toBe(200);
  });
});

describe("59: the cursor", () => {
  test("59: walks every page once, in order, and the last page has none", async () => {
    const { service } = await open();
    const { names, pages } = await walk(service, { limit: 2 });
    expect(names).toEqual(["e", "d", "c", "b", "a"]);
    expect(pages.map((page) => at(page, "pagination", "page"))).toEqual([1, 2, 3]);
    expect(pages.map((page) => at(page, "total_count"))).toEqual([5, 5, 5]);
    const last = at(pages[2] ?? (await service.post(path)), "pagination");
    expect(last).toEqual({
      total: 5,
      page: 3,
      page_size: 2,
      total_pages: 3,
      previous_page: `${path}?limit=2&offset=2`,
    });
    expect((await service.post(`${path}?limit=2&offset=2`)).body).toMatchObject({
      pagination: {
        next_page: `${path}?limit=2&offset=4`,
        previous_page: `${path}?limit=2&offset=0`,
      },
    });
    const full = await service.post(path, { limit: 5 });
    expect(full.text).not.toContain("next_cursor");
  });

  test("59: is opaque, safe in a URL, and a 400 once it was tampered with", async () => {
    const { service } = await open();
    const body = { limit: 2, sort: { field: "metadata.team" } };
    const cursor = textAt(await service.post(path, body), "pagination", "next_cursor");
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    const middle = Math.floor(cursor.length / 2);
    const changed = cursor[middle] === "A" ? "B" : "A";
    const begun = await service.post(path, { ...body, cursor: "" });
    expect(begun.body).toEqual((await service.post(path, body)).body);
    const tampered = [
      "x",
      cursor.slice(0, -1),
      `${cursor}A`,
      `${cursor}=`,
      `${cursor} `,
      `${cursor}!`,
      cursor.slice(0, middle) + changed + cursor.slice(middle + 1),
      cursor.toUpperCase(),
      Buffer.from(`${"0".repeat(12)}{}`).toString("base64url"),
    ];
    for (const wrong of tampered) {
      expectRefusal(await service.post(path, { ...body, cursor: wrong }), 400, "BadRequestError");
    }
    expectRefusal(await service.post(path, { ...body, cursor: 5 }), 400, "BadRequestError");
    expect((await service.post(path, { ...body, cursor })).status).toBe(200);
  });

  test("59: belongs to its filters, search, sort, case and namespace; the limit may change", async () => {
    const { service } = await open();
    const body = { limit: 2, filters: { "metadata.rank": 0, OR: [] } };
    const list = (changes: object, sending = {}) => service.post(path, changes, sending);
    const wide = { limit: 2, filters: { field: "metadata.rank", operator: "gte", value: 0 } };
    const cursor = textAt(await list(wide), "pagination", "next_cursor");
    const others = [
      { ...body, cursor },
      { limit: 2, cursor },
      { ...wide, search: "a", cursor },
      { ...wide, sort: { field: "bucket_name" }, cursor },
      { ...wide, case_sensitive: true, cursor },
    ];
    for (const other of others) expectRefusal(await list(other), 400, "BadRequestError");
    const elsewhere = await list({ ...wide, cursor }, { namespace: "other" });
    expectRefusal(elsewhere, 400, "BadRequestError");
    expect(namesOf(await list({ ...wide, limit: 1_000, cursor }))).toEqual(["c", "b", "a"]);
  });

  test("59: carries what was sorted by, also a long text, and stays short", async () => {
    const { service, clock } = await open([]);
    for (const name of ["x", "y", "z"]) {
      const description = `${"\u{1F600}".repeat(5_000)}${name}`;
      await makeBucket(service, { bucket_name: name, description });
      clock.advance(1);
    }
    const { names, pages } = await walk(service, { limit: 1, sort: { field: "description" } });
    expect(names).toEqual(["z", "y", "x"]);
    const cursors = pages.map((page) => at(page, "pagination", "next_cursor"));
    expect(JSON.stringify(cursors).length).toBeLessThan(5_000);
  });
});

test("60: the next page is named in the body: a list is a POST, which a Link cannot carry", async () => {
  const { service } = await open();
  const answer = await service.post(path, { limit: 2 });
  expect(answer.headers.get("Link")).toBeNull();
  expect(textAt(answer, "pagination", "next_cursor")).not.toBe("");
});

describe("61: writes while paging", () => {
  for (const sort of [
    undefined,
    { field: "bucket_name", direction: "asc" },
    { field: "metadata.rank", direction: "desc" },
    { field: "metadata.missing" },
  ]) {
    test(`61: no duplicate and no skip, sorted by ${JSON.stringify(sort)}`, async () => {
      const names = Array.from({ length: 12 }, (_, index) => `k${String(index).padStart(2, "0")}`);
      const { service, clock } = await open(names);
      const doomed = ["k00", "k11", "k05", "k06"];
      const body = { limit: 3, ...(sort && { sort }) };
      const walked = await walk(service, body, async (page) => {
        const gone = doomed.pop();
        if (gone !== undefined) await service.send("DELETE", `/v1/buckets/${gone}`);
        for (const name of [`a${page}`, `k05 ${page}`, `z${page}`]) {
          await makeBucket(service, { bucket_name: name, metadata: { rank: page * 2 } });
          clock.advance(1);
        }
        const patched = await service.patch("/v1/buckets/k07", { description: `${page}` });
        expect(patched.status).toBe(200);
      });
      expect(new Set(walked.names).size).toBe(walked.names.length);
      const stayed = names.filter((name) => !["k00", "k11", "k05", "k06"].includes(name));
      expect(walked.names).toEqual(expect.arrayContaining(stayed));
    });
  }
});

describe("62: filters and sorts", () => {
  test("62: find by field, group, shorthand, search and time, with real totals", async () => {
    const { service } = await open();
    const found = async (body: object) => {
      const answer = await service.post(path, body);
      expect(at(answer, "total_count")).toBe(namesOf(answer).length);
      return namesOf(answer);
    };
    expect(await found({ filters: { "metadata.team": "growth" } })).toEqual(["e", "c", "a"]);
    expect(await found({ filters: { "metadata.team": "growth" }, case_sensitive: true })).toEqual(
      [],
    );
    const filters = {
      AND: [
        { field: "metadata.rank", operator: "gt", value: 0 },
        { NOT: [{ field: "metadata.team", operator: "starts_with", value: "s" }] },
      ],
    };
    expect(await found({ filters })).toEqual(["e", "c"]);
    expect(await found({ search: "B" })).toEqual(expect.arrayContaining(["b"]));
    expect(await found({ search: "bkt_*" })).toHaveLength(5);
    const since = { field: "created_at", operator: "gte", value: "2026-10-01T14:00:02+02:00" };
    expect(await found({ filters: since })).toEqual(["e", "d", "c"]);
    expect(await found({ sort: { field: "metadata.team" }, filters: null })).toEqual([
      "e",
      "c",
      "a",
      "d",
      "b",
    ]);
    const { status } = await service.post(path, { sort: { field: "object_count" } });
    expect(status).toBe(200);
  });

  test("62: an unknown field is a 400 with what was meant, a misfit one with its place", async () => {
    const { service } = await open([]);
    const refusal = await service.post(path, { filters: { AND: [{ field: "metdata.x" }] } });
    expectRefusal(refusal, 400, "BadRequestError");
    expect(textAt(refusal, "error", "message")).toBe(
      'The query does not fit at filters.AND.0.field: There is no field "metdata.x". Did you mean "metadata"?',
    );
    expect(at(refusal, "error", "details", "validation_errors", "0", "location")).toEqual([
      "body",
      "filters",
      "AND",
      0,
      "field",
    ]);
    for (const body of [
      { filters: "x" },
      { filters: { OR: [1] } },
      { filters: { field: "metadata.a", operator: "~", value: 1 } },
      { filters: { field: "metadata.a", operator: "regex", value: "(" } },
      { sort: "bucket_name" },
      { sort: { field: "namespace" } },
      { sort: { field: "bucket_name", direction: "up" } },
      { search: 5 },
      { case_sensitive: "yes" },
    ]) {
      expectRefusal(await service.post(path, body), 400, "BadRequestError");
    }
  });

  test("62: injection strings are inert, as values, as keys and as patterns", async () => {
    const { service } = await open(["it's", "b"]);
    const strings = [
      "' OR '1'='1",
      "'; DROP TABLE buckets; --",
      "1; ATTACH DATABASE 'x' AS y",
      '") OR 1=1 --',
      "$.document",
      '$."a"',
      'a"]',
      "\\",
      "%",
      "%_%",
      "__proto__",
      "constructor.prototype",
      "\u0000",
      "#{7*7}",
      "{{7*7}}",
      "<script>",
      "?1 @a :b",
      "🦄\u202Etest",
      "(((((((((((a*)*)*)*",
    ];
    for (const text of strings) {
      for (const body of [
        { search: text },
        { filters: { "metadata.team": text } },
        { filters: { [`metadata.${text}`]: "x" } },
        { filters: { [`/metadata/${text.replaceAll("~", "~0")}`]: { a: text } } },
        { filters: { field: "metadata.team", operator: "in", value: [text] } },
        { filters: { field: `source_adapter.${text}`, value: text } },
      ]) {
        const answer = await service.post(path, body);
        expect(namesOf(answer), JSON.stringify(body)).toEqual([]);
      }
      const sorted = await service.post(path, { sort: { field: `metadata.${text}` } });
      expect(namesOf(sorted)).toEqual(["b", "it's"]);
      expectRefusal(await service.post(path, { filters: { [text]: 1 } }), 400, "BadRequestError");
    }
    expect(namesOf(await service.post(path, { search: "t's" }))).toEqual(["it's"]);
  });

  test("62: the cost is bounded: too deep, too many, too long are a 400", async () => {
    const { service } = await open([]);
    const deep = (levels: number): object =>
      levels === 0 ? { "metadata.a": 1 } : { NOT: [deep(levels - 1)] };
    const wide = { OR: Array.from({ length: 51 }, () => ({ "metadata.a": 1 })) };
    for (const filters of [deep(8), wide]) {
      expectRefusal(await service.post(path, { filters }), 400, "BadRequestError");
    }
    const long = { field: "metadata.a", operator: "regex", value: "a".repeat(501) };
    expectRefusal(await service.post(path, { filters: long }), 400, "BadRequestError");
    expectRefusal(await service.post(path, { search: "a".repeat(1_001) }), 400, "BadRequestError");
  });

  test("62: a secret is compared by its mask", async () => {
    const { service } = await open([]);
    const adapter = { adapter_type: "mux", webhook_secret: "whsec_of_mine_alone" };
    await makeBucket(service, { source_adapter: adapter });
    const count = async (operator: string, value: string) => {
      const filters = { field: "source_adapter.webhook_secret", operator, value };
      return at(await service.post(path, { filters }), "total_count");
    };
    expect(await count("eq", "whsec_of_mine_alone")).toBe(0);
    expect(await count("starts_with", "whsec")).toBe(0);
    expect(await count("starts_with", "sec_")).toBe(0);
    expect(await count("eq", "********")).toBe(1);
    expect(at(await service.post(path, { search: "whsec" }), "total_count")).toBe(0);
  });
});

test("the library takes the same query", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const { buckets } = store.namespace();
  const schema = { bucket_schema: { properties: {} } };
  await buckets.create({ bucket_name: "B", metadata: { team: "x" }, ...schema });
  await buckets.create({ bucket_name: "a", metadata: { team: "x" }, ...schema });
  const sort = { field: "bucket_name" } as const;
  const filters = { "metadata.team": "X" };
  const first = await buckets.list({ filters, sort, limit: 1 });
  expect(first.results.map(({ bucket_name: name }) => name)).toEqual(["a"]);
  const { next_cursor: cursor } = first.pagination;
  const second = await buckets.list({ filters, sort, limit: 1, cursor });
  expect(second.results.map(({ bucket_name: name }) => name)).toEqual(["B"]);
  expect(second.pagination.next_cursor).toBeUndefined();
  const exact = await buckets.list({ sort, caseSensitive: true, search: "*" });
  expect(exact.results.map(({ bucket_name: name }) => name)).toEqual(["B", "a"]);
});
