/**
 * Goal: both engines give the same list, whatever is in the buckets and whatever is asked, and SQLite
 * reads no more than it must. Method: random buckets, filters, searches, sorts and pages with a
 * fixed seed; plans as SQLite explains them.
 */
import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { bucketCatalog, bucketListing } from "../../src/domain/bucket/list.js";
import type { ListPosition } from "../../src/domain/filter/order.js";
import { parseCriteria, type RawCriteria } from "../../src/domain/filter/parse.js";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import { placeOf } from "../../src/domain/listing.js";
import { secretMask } from "../../src/domain/secrets.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import type { BucketPage, ListQuery, View } from "../../src/projections/view.js";
import { anyDocument, seed } from "../domain/arbitraries.js";
import { type Backend, memoryBackend, sqliteBackend } from "../support/backends.js";
import { depth } from "../support/depth.js";
import { accept, Units } from "../support/units.js";
import { criteriaOver } from "./criteria.js";

const startedAt = Date.parse("2026-10-01T12:00:00.000Z");

type Selection = Pick<ListQuery, "criteria" | "viewpoint">;

function viewpointAt(at: number) {
  return { at, publicUrl: "https://buckets.example" };
}

function select(raw: RawCriteria, at = startedAt): Selection {
  return { criteria: parseCriteria(raw, bucketCatalog), viewpoint: viewpointAt(at) };
}

const query = (overrides: Partial<ListQuery> = {}): ListQuery => ({
  namespace: "default",
  viewpoint: viewpointAt(startedAt),
  limit: 1_000,
  offset: 0,
  after: undefined,
  ...overrides,
});

const idsOf = ({ buckets }: BucketPage) => buckets.map(({ state }) => state.bucket_id);

const adapter: JsonObject = {
  adapter_type: "generic_webhook",
  enabled: true,
  webhook_secret: "sec_unused",
};

interface Made {
  readonly fields: JsonObject;
  readonly pause: number;
  readonly end: "none" | "lock" | "delete";
}

const anyBucket: fc.Arbitrary<Made> = fc.record({
  fields: fc.record(
    {
      description: fc.string({ unit: "binary", maxLength: 6 }),
      storage_class: fc.constantFrom("standard", "archive"),
      metadata: fc.oneof(
        anyDocument,
        fc.record({ a: fc.constantFrom<JsonValue>("x", "X", "ſ", "K", "ß", "SS", 1, "1", null) }),
        fc.record({ tags: fc.array(fc.constantFrom<JsonValue>("x", "y", "x y", 1, ["x"])) }),
      ),
      source_adapter: fc.constant(adapter),
    },
    { requiredKeys: [] },
  ),
  pause: fc.constantFrom(0, 0, 1),
  end: fc.constantFrom("none", "none", "none", "lock", "delete"),
});

const anyField = fc.oneof(
  fc.constantFrom(
    "/metadata/a",
    "metadata.tags",
    "metadata.tags.0",
    "metadata",
    "metadata.",
    "/metadata/a~1b",
    "metadata.__proto__",
    "metadata.constructor",
    "metadata.0",
    "metadata.a.b",
    'metadata."a"',
    "metadata.$",
    "metadata.a[0]",
    "bucket_id",
    "bucket_name",
    "description",
    "storage_class",
    "status",
    "is_locked",
    "created_at",
    "object_count",
    "bucket_schema.properties.title.type",
    "source_adapter",
    "source_adapter.enabled",
    "source_adapter.webhook_secret",
    "source_adapter.webhook_url",
  ),
  fc
    .array(fc.constantFrom("", "a", "b", "a/b", "~", "0", "é", "toString"), { maxLength: 3 })
    .map((keys) =>
      ["", "metadata", ...keys.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1"))].join(
        "/",
      ),
    ),
);

const anyCriteria = criteriaOver(anyField);

/** The same events in both engines. */
async function fill(backend: Backend, buckets: readonly Made[]): Promise<void> {
  const units = new Units();
  for (const [index, { fields, pause, end }] of buckets.entries()) {
    const name = `Bucket ${index}`;
    const create = units.create(name, fields);
    const { target, command } = create;
    const isNew = target.kind === "new" && command.type === "create_bucket";
    const references = { sealed: ["sec_unused"], generated: "sec_unused" };
    await accept(
      backend.events,
      units.of(isNew ? { ...create, command: { ...command, secrets: references } } : create),
    );
    if (end === "lock") await accept(backend.events, units.of(units.lock(name)));
    if (end === "delete") {
      const command = { type: "delete_bucket", taskId: units.id("task") } as const;
      const target = { kind: "existing", identifier: name } as const;
      await accept(backend.events, units.of(units.command(target, command)));
    }
    backend.clock.advance(pause);
  }
}

/** Every page by the place of the last bucket of the one before. */
async function walk(view: View, selection: Selection, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let after: ListPosition | undefined;
  for (;;) {
    const page = await view.list(query({ ...selection, limit, after }));
    const last = page.buckets.at(-1);
    if (last === undefined) return ids;
    ids.push(...idsOf(page));
    after = placeOf(last, selection.criteria, bucketListing(selection.viewpoint));
  }
}

describe("a list", () => {
  test("is the same in memory and in SQLite, whole and in pages", async () => {
    const cases = fc.asyncProperty(
      fc.array(anyBucket, { minLength: 1, maxLength: 12 }),
      fc.array(anyCriteria, { minLength: 40, maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 5 }),
      async (buckets, criteria, limit, offset) => {
        const memory = memoryBackend();
        const sqlite = sqliteBackend({ durability: "relaxed" });
        await fill(memory, buckets);
        await fill(sqlite, buckets);
        for (const raw of criteria) {
          const selection = select(raw);
          const told = JSON.stringify(raw);
          const expected = await memory.view.list(query(selection));
          expect(await sqlite.view.list(query(selection)), told).toEqual(expected);
          const part = query({ ...selection, limit, offset });
          const expectedPart = await memory.view.list(part);
          expect(await sqlite.view.list(part), told).toEqual(expectedPart);
          expect(expectedPart.totalCount).toBe(expected.totalCount);
          expect(idsOf(expectedPart)).toEqual(idsOf(expected).slice(offset, offset + limit));
          expect(await walk(memory.view, selection, limit), told).toEqual(idsOf(expected));
          expect(await walk(sqlite.view, selection, limit), told).toEqual(idsOf(expected));
        }
        await sqlite.close();
      },
    );
    await fc.assert(cases, { seed, numRuns: depth({ smoke: 6, deep: 40 }) });
  });

  test.each([
    ["memory", () => memoryBackend()],
    ["sqlite", () => sqliteBackend()],
  ])("tells nothing of a secret but its mask, on %s", async (_, open) => {
    const backend = open();
    const made = { fields: { source_adapter: adapter }, pause: 1, end: "none" } as const;
    await fill(backend, [made, { ...made, fields: {} }]);
    const found = async (operator: string, value: JsonValue, field = "webhook_secret") => {
      const filters = { field: `source_adapter.${field}`, operator, value };
      return (await backend.view.list(query(select({ filters })))).totalCount;
    };
    expect(await found("eq", "sec_unused")).toBe(0);
    expect(await found("starts_with", "sec")).toBe(0);
    expect(await found("regex", "[a-z]")).toBe(0);
    expect(await found("eq", secretMask)).toBe(1);
    expect(await found("exists", true)).toBe(1);
    expect(await found("exists", true, "webhook_secret.0")).toBe(0);
    const search = select({ search: "sec_unused" });
    expect((await backend.view.list(query(search))).totalCount).toBe(0);
  });

  test.each([
    ["memory", () => memoryBackend()],
    ["sqlite", () => sqliteBackend()],
  ])("tells a lock that has lapsed from one that holds, on %s", async (_, open) => {
    const backend = open();
    const units = new Units();
    await accept(backend.events, units.of(units.create("a")));
    const expiresAt = new Date(startedAt + 1_000).toISOString();
    await accept(backend.events, units.of(units.lock("a", expiresAt)));
    const locked = async (at: number) => {
      const selection = select({ filters: { is_locked: true } }, at);
      return (await backend.view.list(query(selection))).totalCount;
    };
    expect(await locked(startedAt + 999)).toBe(1);
    expect(await locked(startedAt + 1_000)).toBe(0);
  });
});

/** Of the statistics of each bucket that is shown: one seek. */
const statsSteps = /^(CORRELATED SCALAR SUBQUERY|SEARCH s USING PRIMARY KEY \(bucket_id=\?\))/;

describe("query plans", () => {
  /** The statements of one list, with their plans. */
  async function plansOf(raw: RawCriteria | undefined, after?: ListPosition): Promise<string[]> {
    const backend = sqliteBackend();
    await fill(backend, [{ fields: {}, pause: 1, end: "none" }]);
    await backend.close();
    const executed: string[] = [];
    const db = new Database(backend.file, { verbose: (sql) => executed.push(String(sql)) });
    const selection = raw === undefined ? undefined : select(raw);
    await new SqliteReadView(db).list(query({ ...selection, limit: 10, after }));
    const plans = executed
      .filter((sql) => sql.startsWith("SELECT"))
      .map((sql) => {
        const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
        return z
          .array(z.object({ detail: z.string() }))
          .parse(steps)
          .map(({ detail }) => detail)
          .filter((detail) => !statsSteps.test(detail))
          .join("; ");
      });
    db.close();
    return plans;
  }

  const place = { createdAt: "2026-10-01T12:00:00.000Z", id: "bkt_1" };
  const kept = "SEARCH namespace_totals USING PRIMARY KEY (namespace=?)";
  /** Begins with the buckets that something happened in. */
  const totals =
    "SCAN bucket_totals; SEARCH buckets USING INDEX sqlite_autoindex_buckets_1 (bucket_id=?)";
  const byTime = "sqlite_autoindex_buckets_2 (namespace=? AND is_deleted=?";

  test("the default list is read in the order of its index, without a sort", async () => {
    expect(await plansOf(undefined)).toEqual([kept, `SEARCH buckets USING INDEX ${byTime})`]);
  });

  test("a later page begins at its place in the index, and nothing is counted", async () => {
    expect(await plansOf({}, place)).toEqual([
      kept,
      `SEARCH buckets USING INDEX ${byTime} AND created_at<?)`,
    ]);
  });

  test("a list of some counts by the index alone, and adds up what has statistics", async () => {
    const since = { field: "created_at", operator: "gte", value: "2026-09-01" };
    expect(await plansOf({ filters: since }, place)).toEqual([
      `SEARCH buckets USING INDEX ${byTime} AND created_at>? AND created_at<?)`,
      `SEARCH buckets USING COVERING INDEX ${byTime} AND created_at>?)`,
      totals,
    ]);
  });

  test("filters and searches keep the order of the index; times narrow it", async () => {
    const [filtered] = await plansOf({ filters: { "metadata.team": "x" }, search: "y" });
    expect(filtered).toBe(`SEARCH buckets USING INDEX ${byTime})`);
    const since = { field: "created_at", operator: "gte", value: "2026-09-01" };
    const [narrowed] = await plansOf({ filters: since });
    expect(narrowed).toBe(`SEARCH buckets USING INDEX ${byTime} AND created_at>?)`);
  });

  test("a sort by a field sorts", async () => {
    const [total, sorted] = await plansOf({ sort: { field: "bucket_name" } });
    expect(total).toBe(kept);
    expect(sorted).toMatch(/^SEARCH buckets .*USE TEMP B-TREE FOR ORDER BY$/);
  });
});
