/**
 * Goal: what SQLite lists of a bucket's objects, batches and uploads is what the pure `select` says,
 * of which lists of the past are made; and no list or statistic reads more than it must. Method:
 * random members, filters, searches, sorts and pages with a fixed seed; plans as SQLite explains them.
 */

import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { batchCatalog } from "../../src/domain/batch/response.js";
import type { FieldCatalog } from "../../src/domain/filter/fields.js";
import type { ListPosition } from "../../src/domain/filter/order.js";
import { parseCriteria, type RawCriteria } from "../../src/domain/filter/parse.js";
import type { JsonValue } from "../../src/domain/json.js";
import { placeOf, select } from "../../src/domain/listing.js";
import { type MemberState, memberListing } from "../../src/domain/members.js";
import type { PreparedBlob } from "../../src/domain/object/blobs.js";
import { objectCatalog } from "../../src/domain/object/response.js";
import type { MemberKind, ResourceCommand } from "../../src/domain/resource.js";
import { syncCatalog } from "../../src/domain/sync/response.js";
import { uploadCatalog } from "../../src/domain/upload/response.js";
import { StatsTable } from "../../src/engines/sqlite/stats-table.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import type { MemberQuery } from "../../src/projections/view.js";
import { anyDocument, anyJson, seed } from "../domain/arbitraries.js";
import { type SqliteBackend, sqliteBackend } from "../support/backends.js";
import { depth } from "../support/depth.js";
import { accept, Units } from "../support/units.js";
import { criteriaOver } from "./criteria.js";

const at = Date.parse("2026-10-01T12:00:00.000Z");
const bucketSchema = {
  properties: { title: { type: "string" }, rank: { type: "number" }, any: { type: "json" } },
};

interface Made {
  readonly command: ResourceCommand;
  readonly pause: number;
  readonly isDeleted: boolean;
}

const anyMetadata = fc.oneof(
  anyDocument,
  fc.record({ a: fc.constantFrom<JsonValue>("x", "X", "ſ", "K", "ß", "SS", 1, "1", null) }),
);
const anyBlob = fc.nat({ max: 3 }).map(
  (size): PreparedBlob => ({
    blob_id: `blob_${size}`,
    property: "any",
    type: "json",
    properties: {},
    source: { kind: "url", url: "https://example.com/a" },
    details: { size_bytes: size },
  }),
);

/** Deliveries are listed by their status alone. */
type FilteredKind = Exclude<MemberKind, "delivery">;

const anyCommand: Readonly<Record<FilteredKind, fc.Arbitrary<ResourceCommand>>> = {
  object: fc
    .record({
      fields: fc.record(
        {
          title: fc.constantFrom("x", "X", "y x", ""),
          rank: fc.oneof(
            fc.integer({ min: -2, max: 2 }),
            fc.double({ noNaN: true, noDefaultInfinity: true }),
          ),
          any: anyJson.filter((value) => value !== null),
          metadata: anyMetadata,
          key_prefix: fc.constantFrom("a/b", "bucket", "x"),
        },
        { requiredKeys: [] },
      ),
      blobs: fc.array(anyBlob, { maxLength: 1 }),
    })
    .map(({ fields, blobs }) => ({
      type: "create_object",
      policy: undefined,
      fields: { ...fields, blobs: blobs.map(({ blob_id }) => ({ blob_id })) },
      skipDuplicates: false,
      blobs,
    })),
  batch: anyMetadata.map((metadata) => ({
    type: "create_batch",
    objectIds: [member("obj", 1)],
    metadata,
  })),
  upload: fc
    .record({ filename: fc.constantFrom("x.mp4", "X", "bucket 3"), metadata: anyMetadata })
    .map(({ filename, metadata }) => ({
      type: "create_upload",
      filename,
      contentType: "video/mp4",
      sizeBytes: filename.length,
      hash: undefined,
      metadata,
      createObject: false,
      objectMetadata: {},
      blobProperty: undefined,
      blobType: undefined,
      skipDuplicates: true,
      duplicates: {},
      lifetimeMs: 1_000,
    })),
  sync: fc
    .record({
      source_path: fc.constantFrom("x", "X", "films/3"),
      is_active: fc.boolean(),
      metadata: anyMetadata,
    })
    .map((fields) => ({
      type: "create_sync",
      opens: undefined,
      fields: { connection_id: member("conn", 1), ...fields },
    })),
};

const anyMember = (kind: FilteredKind): fc.Arbitrary<Made> =>
  fc.record({
    command: anyCommand[kind],
    pause: fc.constantFrom(0, 0, 1),
    isDeleted: fc.constantFrom(false, false, false, true),
  });

const kinds = [
  ["object", "obj", objectCatalog, { type: "delete_object" }],
  ["batch", "btch", batchCatalog, { type: "delete_batch" }],
  ["upload", "upl", uploadCatalog, { type: "delete_upload" }],
  ["sync", "sync", syncCatalog, { type: "delete_sync" }],
] as const satisfies readonly (readonly [FilteredKind, string, FieldCatalog, ResourceCommand])[];

const anyField: Readonly<Record<FilteredKind, fc.Arbitrary<string>>> = {
  object: fc.constantFrom(
    ...["title", "rank", "any", "any.a", "/any/0", "any.a.b", "metadata", "metadata.a"],
    ...["/metadata/a~1b", "metadata.__proto__", "metadata.0", "blobs.0.property", "blobs"],
    ...["object_id", "key_prefix", "status", "created_at", "bucket_id", "absent", "constructor"],
    "blobs.0.details.size_bytes",
  ),
  batch: fc.constantFrom(
    "metadata.a",
    "metadata",
    "batch_id",
    "status",
    "object_ids.0",
    "created_at",
  ),
  upload: fc.constantFrom("filename", "metadata.a", "upload_id", "status", "created_at"),
  sync: fc.constantFrom("source_path", "metadata.a", "is_active", "status", "paused", "batch_ids"),
};

function member(prefix: string, index: number): string {
  return `${prefix}_${String(index).padStart(26, "0")}`;
}

/** A bucket of the members, and beside it another with one of each; the id of the first. */
async function fill(
  backend: SqliteBackend,
  prefix: string,
  made: readonly Made[],
  deletion: ResourceCommand,
): Promise<string> {
  const units = new Units();
  const [bucket, other] = [units.id("bkt"), units.id("bkt")];
  const account = { type: "create_connection", fields: { name: "mux" }, sealed: [] } as const;
  const newAccount = { kind: "new", id: member("conn", 1) } as const;
  await accept(backend.events, units.of(units.command(newAccount, account)));
  for (const id of [bucket, other]) {
    const fields = { bucket_schema: bucketSchema };
    await accept(backend.events, units.of(units.create(id.slice(-3), fields, id)));
    const target = {
      kind: "new_member",
      bucket: id,
      id: member("obj", id === bucket ? 1 : 2),
    } as const;
    const command = {
      type: "create_object",
      policy: undefined,
      fields: {},
      skipDuplicates: false,
      blobs: [],
    } as const;
    await accept(backend.events, units.of(units.command(target, command)));
  }
  for (const [index, { command, pause, isDeleted }] of made.entries()) {
    const id = member(prefix, index + 10);
    const target = { kind: "new_member", bucket, id } as const;
    await accept(backend.events, units.of(units.command(target, command)));
    const gone = { kind: "member", bucket, id } as const;
    if (isDeleted) await accept(backend.events, units.of(units.command(gone, deletion)));
    backend.clock.advance(pause);
  }
  return bucket;
}

/** What is there, as the log tells it. */
async function statesOf(backend: SqliteBackend, kind: MemberKind, bucket: string) {
  const states: MemberState[] = [];
  for (const id of await backend.view.memberIds(kind, bucket)) {
    const state = await backend.events.stateAt(id, 1);
    const newest = await backend.view.state(id);
    if (state?.kind === kind && newest?.deleted === undefined) states.push(state);
  }
  return states;
}

describe.each(kinds)("a list of members of the kind %s", (kind, prefix, catalog, deletion) => {
  const listing = memberListing(kind, at);

  test("is what the predicate and the order of the domain say, whole and in pages", async () => {
    const cases = fc.asyncProperty(
      fc.array(anyMember(kind), { minLength: 1, maxLength: 12 }),
      fc.array(criteriaOver(anyField[kind]), { minLength: 30, maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 5 }),
      async (made, raws, limit, offset) => {
        const backend = sqliteBackend({ durability: "relaxed" });
        const bucketId = await fill(backend, prefix, made, deletion);
        const states = await statesOf(backend, kind, bucketId);
        for (const raw of raws) {
          const criteria = parseCriteria(raw, catalog);
          const ask = async (page: Pick<MemberQuery, "limit" | "offset" | "after">) => {
            const expected = select(states, criteria, listing, page);
            const found = await backend.view.listMembers(kind, { bucketId, criteria, at, ...page });
            const told = JSON.stringify({ raw, page });
            expect(found.states, told).toEqual(expected.page);
            expect(found.totalCount, told).toBe(expected.all.length);
            return expected;
          };
          const { all } = await ask({ limit: 1_000, offset: 0, after: undefined });
          await ask({ limit, offset, after: undefined });
          for (const last of all) {
            await ask({ limit, offset: 0, after: placeOf(last, criteria, listing) });
          }
        }
        await backend.close();
      },
    );
    const deep = kind === "object" ? 30 : 10;
    await fc.assert(cases, { seed, numRuns: depth({ smoke: 3, deep }) });
  });
});

describe("query plans of objects", () => {
  /** Of every statement that reads objects while something is read. */
  async function plansOf(
    read: (db: Database.Database, bucketId: string) => unknown,
  ): Promise<string[]> {
    const backend = sqliteBackend();
    const bucketId = await fill(backend, "obj", [], { type: "delete_object" });
    await backend.close();
    const executed: string[] = [];
    const db = new Database(backend.file, { verbose: (sql) => executed.push(String(sql)) });
    await read(db, bucketId);
    const plans = executed
      .filter((sql) => /^SELECT[\s\S]*FROM objects/.test(sql))
      .map((sql) => {
        const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
        const details = z.array(z.object({ detail: z.string() })).parse(steps);
        return details.map(({ detail }) => detail).join("; ");
      });
    db.close();
    return plans;
  }

  const list = (raw: RawCriteria, after?: ListPosition) =>
    plansOf((db, bucketId) => {
      const criteria = parseCriteria(raw, objectCatalog);
      const query = { bucketId, criteria, at, limit: 1, offset: 0, after };
      return new SqliteReadView(db).listMembers("object", query);
    });
  const place = { createdAt: "2026-10-01T12:00:00.000Z", id: member("obj", 1) };
  const byTime = "sqlite_autoindex_objects_2 (bucket_id=? AND is_deleted=?";

  test("the default order is that of an index, and no object is counted", async () => {
    expect(await list({})).toEqual([`SEARCH objects USING INDEX ${byTime})`]);
    const [page] = await list({}, place);
    expect(page).toBe(`SEARCH objects USING INDEX ${byTime} AND created_at<?)`);
  });

  test("filters keep the order of the index, times narrow it, and a sort sorts", async () => {
    const [filtered] = await list({ filters: { title: "x" }, search: "y" });
    expect(filtered).toBe(`SEARCH objects USING INDEX ${byTime})`);
    const since = { field: "created_at", operator: "gte", value: "2026-09-01" };
    const [narrowed] = await list({ filters: since });
    expect(narrowed).toBe(`SEARCH objects USING INDEX ${byTime} AND created_at>?)`);
    const [sorted] = await list({ sort: { field: "rank" } });
    expect(sorted).toMatch(/^SEARCH objects USING INDEX .*USE TEMP B-TREE FOR ORDER BY$/);
  });

  test("the greatest and the least size are read off both ends of an index", async () => {
    const [extremes] = await plansOf((db, bucketId) =>
      new StatsTable(db).known({
        stats: new Set(),
        extremes: new Map([[bucketId, []]]),
        existing: new Set(),
        totals: new Set(),
      }),
    );
    const steps = extremes?.match(
      /SEARCH objects USING COVERING INDEX \S+ \(bucket_id=\? AND is_deleted=\?\)/g,
    );
    expect(steps).toHaveLength(2);
    expect(extremes).not.toMatch(/SCAN objects|TEMP B-TREE/);
  });
});
