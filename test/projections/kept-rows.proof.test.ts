/**
 * Goal: a list that is asked again, which is answered from what is kept of every row, is the list that
 * there is: whatever was written, deleted, put back or made anew in between, and however little may be
 * kept. Method: random stories and criteria with a fixed seed, against the view in memory, which keeps
 * nothing.
 */
import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketCatalog } from "../../src/domain/bucket/list.js";
import { parseCriteria, type RawCriteria } from "../../src/domain/filter/parse.js";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import { objectCatalog } from "../../src/domain/object/response.js";
import type { ResourceCommand } from "../../src/domain/resource.js";
import { type Column, KeptLists } from "../../src/engines/sqlite/kept-rows.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import type { View } from "../../src/projections/view.js";
import { seed } from "../domain/arbitraries.js";
import { type Backend, memoryBackend, sqliteBackend } from "../support/backends.js";
import { depth } from "../support/depth.js";
import { commitOne, Units } from "../support/units.js";
import { criteriaOver } from "./criteria.js";

const at = Date.parse("2026-10-01T12:00:00.000Z");
const bucketSchema = { properties: { title: { type: "string" }, any: { type: "json" } } };
const viewpoint = { at, publicUrl: "https://buckets.example" };

/** What happens, of buckets and objects by their number; much of it is refused, which changes nothing. */
type Step =
  | { readonly does: "create" | "delete" | "restore" | "lock" | "unlock"; readonly bucket: number }
  | { readonly does: "patch"; readonly bucket: number; readonly fields: JsonObject }
  | { readonly does: "store"; readonly bucket: number; readonly object: number }
  | { readonly does: "remove"; readonly object: number }
  | { readonly does: "wait" | "rebuild" };

const anyNumber = fc.nat({ max: 5 });
const anyText = fc.constantFrom("x", "X", "y x", "ß", "SS", "", "bucket 3");
const anyFields: fc.Arbitrary<JsonObject> = fc.record(
  {
    bucket_name: fc.nat({ max: 9 }).map((number) => `Bucket ${number}`),
    description: anyText,
    metadata: fc.record({ a: fc.oneof(anyText, fc.constantFrom<JsonValue>(1, 2, "1", null)) }),
  },
  { requiredKeys: [] },
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant("create" as const), bucket: anyNumber }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant("patch" as const),
      bucket: anyNumber,
      fields: anyFields,
    }),
  },
  fc.record({
    does: fc.constantFrom("delete", "restore", "lock", "unlock"),
    bucket: anyNumber,
  }),
  fc.record({ does: fc.constant("store" as const), bucket: anyNumber, object: anyNumber }),
  fc.record({ does: fc.constant("remove" as const), object: anyNumber }),
  fc.record({ does: fc.constantFrom("wait", "wait", "rebuild") }),
);

const anyBucketCriteria = criteriaOver(
  fc.constantFrom(
    ...["bucket_name", "description", "metadata.a", "status", "is_locked", "created_at"],
    ...["storage_class", "object_count", "total_size_bytes", "bucket_id"],
  ),
);
const anyObjectCriteria = criteriaOver(
  fc.constantFrom("title", "metadata.a", "status", "created_at", "object_id"),
);

const numbered = (prefix: string, number: number) =>
  `${prefix}_${String(number).padStart(26, "0")}`;

/** @param made ids that were given, and where: no id is given twice. */
function unitOf(step: Step, units: Units, made: Map<string, string>) {
  switch (step.does) {
    case "create":
      if (made.has(numbered("bkt", step.bucket))) return undefined;
      made.set(numbered("bkt", step.bucket), "");
      return units.of(createBucket(step.bucket, units));
    case "patch":
      return units.of(units.patch(numbered("bkt", step.bucket), step.fields));
    case "lock":
      return units.of(units.lock(numbered("bkt", step.bucket)));
    case "unlock":
      return units.of(units.unlock(numbered("bkt", step.bucket)));
    case "delete": {
      const target = { kind: "existing", identifier: numbered("bkt", step.bucket) } as const;
      return units.of(units.command(target, { type: "delete_bucket", taskId: units.id("task") }));
    }
    case "restore": {
      const target = { kind: "existing", identifier: numbered("bkt", step.bucket) } as const;
      return units.of(units.command(target, { type: "restore_bucket", bucketName: undefined }));
    }
    case "store": {
      if (made.has(numbered("obj", step.object))) return undefined;
      made.set(numbered("obj", step.object), numbered("bkt", step.bucket));
      const target = {
        kind: "new_member",
        bucket: numbered("bkt", step.bucket),
        id: numbered("obj", step.object),
      } as const;
      return units.of(units.command(target, objectOf(step.object)));
    }
    case "remove": {
      const id = numbered("obj", step.object);
      const target = { kind: "member", bucket: made.get(id) ?? numbered("bkt", 0), id } as const;
      return units.of(units.command(target, { type: "delete_object" }));
    }
    case "wait":
    case "rebuild":
      return undefined;
  }
}

function createBucket(number: number, units: Units) {
  const fields = { description: "x", bucket_schema: bucketSchema };
  return units.create(`Bucket ${number}`, fields, numbered("bkt", number));
}

function objectOf(number: number): ResourceCommand {
  const source = { kind: "url", url: "https://example.com/a" } as const;
  const blob = {
    blob_id: numbered("blob", number),
    property: "any",
    type: "json",
    properties: {},
    source,
    details: { size_bytes: number },
  } as const;
  return {
    type: "create_object",
    policy: undefined,
    fields: { title: `x ${number}`, blobs: [{ blob_id: blob.blob_id }] },
    skipDuplicates: false,
    blobs: [blob],
  };
}

async function take(
  step: Step,
  units: Units,
  made: Map<string, string>,
  backends: readonly Backend[],
): Promise<void> {
  const unit = unitOf(step, units, made);
  for (const { clock, events, keeper } of backends) {
    if (unit !== undefined) await commitOne(events, unit);
    if (step.does === "wait") clock.advance(1);
    if (step.does === "rebuild") await keeper.rebuild(() => {});
  }
}

async function listsOf(view: View, buckets: RawCriteria, objects: RawCriteria) {
  const page = { limit: 100, offset: 0, after: undefined };
  const part = { limit: 2, offset: 1, after: undefined };
  const ofBuckets = {
    namespace: "default",
    viewpoint,
    criteria: parseCriteria(buckets, bucketCatalog),
  };
  const ofObjects = {
    bucketId: numbered("bkt", 1),
    at,
    criteria: parseCriteria(objects, objectCatalog),
  };
  return {
    whole: await view.list({ ...ofBuckets, ...page }),
    part: await view.list({ ...ofBuckets, ...part }),
    objects: await view.listMembers("object", { ...ofObjects, ...page }),
  };
}

describe("a list that is asked again", () => {
  test("is what there is, whatever happened in between", async () => {
    const cases = fc.asyncProperty(
      fc.array(fc.array(anyStep, { minLength: 1, maxLength: 8 }), { minLength: 3, maxLength: 6 }),
      fc.array(fc.tuple(anyBucketCriteria, anyObjectCriteria), { minLength: 8, maxLength: 8 }),
      async (chapters, criteria) => {
        const memory = memoryBackend();
        const sqlite = sqliteBackend({ durability: "relaxed" });
        const units = new Units(1_000);
        const made = new Map<string, string>();
        for (const chapter of chapters) {
          for (const step of chapter) await take(step, units, made, [memory, sqlite]);
          for (const [buckets, objects] of criteria) {
            const expected = await listsOf(memory.view, buckets, objects);
            const told = JSON.stringify([buckets, objects]);
            expect(await listsOf(sqlite.view, buckets, objects), told).toEqual(expected);
          }
        }
        await sqlite.close();
      },
    );
    await fc.assert(cases, { seed, numRuns: depth({ smoke: 12, deep: 150 }) });
  });
});

describe("what is kept of rows", () => {
  const scope = {
    table: "buckets",
    id: "bucket_id",
    where: { sql: "namespace = ? AND is_deleted = 0", values: ["default"] },
  };
  const column = (name: string, path: string): Column => ({
    name,
    sql: "state -> ?",
    values: [path],
    read: (json) => (typeof json === "string" ? JSON.parse(json) : undefined),
  });
  const description = column("description", "$.document.description");
  const name = column("name", "$.document.bucket_name");

  async function filled() {
    const backend = sqliteBackend();
    const units = new Units();
    for (let number = 0; number < 20; number += 1) {
      const fields = { description: "d".repeat(1_000) };
      await commitOne(backend.events, units.of(units.create(`Bucket ${number}`, fields)));
    }
    return { backend, units, db: new Database(backend.file, { readonly: true }) };
  }

  test("is nothing for a list that is asked for once", async () => {
    const { db } = await filled();
    const lists = new KeptLists(db);
    expect(lists.of(scope, [name])).toBeUndefined();
    expect(lists.of(scope, [name])?.ordered(undefined).rows).toHaveLength(20);
    expect(lists.of(scope, [name, description])).toBeUndefined();
    expect(lists.of(scope, [name, description])).toBeDefined();
    db.close();
  });

  test("is nothing where it would be too large, and is not tried again", async () => {
    const { db } = await filled();
    const lists = new KeptLists(db, 30_000);
    for (let times = 0; times < 3; times += 1) {
      expect(lists.of(scope, [name, description])).toBeUndefined();
    }
    expect(lists.of(scope, [name])).toBeUndefined();
    expect(lists.of(scope, [name])).toBeDefined();
    db.close();
  });

  test("goes for what is asked for later, and is not read anew for a single answer", async () => {
    const { db } = await filled();
    const lists = new KeptLists(db, 30_000);
    const of = (namespace: string) =>
      lists.of({ ...scope, where: { ...scope.where, values: [namespace] } }, [name]);
    for (const namespace of ["default", "a", "b", "c"]) {
      expect(of(namespace), namespace).toBeUndefined();
      expect(of(namespace), namespace).toBeDefined();
    }
    expect(of("c")).toBeDefined();
    expect(of("default")).toBeUndefined();
    expect(of("default")).toBeDefined();
    db.close();
  });

  test("goes, once it has grown too large", async () => {
    const { backend, units, db } = await filled();
    const lists = new KeptLists(db, 30_000);
    expect(lists.of(scope, [name])).toBeUndefined();
    expect(lists.of(scope, [name])).toBeDefined();
    for (let number = 100; number < 200; number += 1) {
      await commitOne(backend.events, units.of(units.create(`Bucket ${number}`)));
    }
    for (let times = 0; times < 3; times += 1) {
      expect(lists.of(scope, [name])).toBeUndefined();
    }
    db.close();
  });

  test("is what a rebuild made of rows that were damaged", async () => {
    const { backend, db } = await filled();
    const view = new SqliteReadView(db);
    const asked = { sort: { field: "bucket_name" } };
    const last = async () => {
      const { whole } = await listsOf(view, asked, {});
      return whole.buckets.at(-1)?.state.document["bucket_name"];
    };
    const beside = new Database(backend.file);
    beside.exec("UPDATE buckets SET state = replace(state, 'Bucket 3', 'Damaged')");
    beside.close();
    for (let times = 0; times < 2; times += 1) expect(await last()).toBe("Damaged");
    await backend.keeper.rebuild(() => {});
    expect(await last()).toBe("Bucket 9");
    db.close();
  });

  test.each([1, 40])(
    "has the cells of all rows in the order of the rows, after %i more",
    async (more) => {
      const { backend, units, db } = await filled();
      const lists = new KeptLists(db);
      const cells = () => {
        const kept = lists.of(scope, [name]);
        return [undefined, { column: name, direction: "desc" } as const].map((order) => {
          const ordered = kept?.ordered(order);
          if (kept === undefined || ordered === undefined) return undefined;
          expect(kept.cellsIn(ordered, name)).toEqual(ordered.rows.map(kept.cellOf(name)));
          return ordered.rows.length;
        });
      };
      cells();
      expect(cells()).toEqual([20, 20]);
      for (let number = 50; number < 50 + more; number += 1) {
        await commitOne(backend.events, units.of(units.create(`Bucket ${number}`)));
      }
      expect(cells()).toEqual([20 + more, 20 + more]);
      db.close();
    },
  );

  test("is nothing of what could not be read to its end", async () => {
    const { db } = await filled();
    const lists = new KeptLists(db);
    let isBroken = true;
    const breaking: Column = {
      ...description,
      read: (json) => {
        if (isBroken) throw new Error("the disk fails");
        return description.read(json);
      },
    };
    for (let times = 0; times < 2; times += 1) lists.of(scope, [name]);
    expect(lists.of(scope, [name, breaking])).toBeUndefined();
    expect(() => lists.of(scope, [name, breaking])).toThrow("the disk fails");
    isBroken = false;
    const kept = lists.of(scope, [name, breaking]);
    const cells = kept?.ordered(undefined).rows.map(kept.cellOf(breaking));
    expect(new Set(cells)).toEqual(new Set(["d".repeat(1_000)]));
    db.close();
  });

  test("adds up the objects that buckets have now", async () => {
    const backend = sqliteBackend();
    const units = new Units();
    await commitOne(backend.events, units.of(createBucket(1, units)));
    const totals = async () => {
      const { whole } = await listsOf(backend.view, { filters: { bucket_name: "Bucket 1" } }, {});
      return whole.totals;
    };
    await totals();
    expect(await totals()).toEqual({ objectCount: 0, totalSizeBytes: 0 });
    await take({ does: "store", bucket: 1, object: 5 }, units, new Map(), [backend]);
    expect(await totals()).toEqual({ objectCount: 1, totalSizeBytes: 5 });
  });

  test.each([
    ["few rows have changed", 3],
    ["many rows have changed", 40],
    ["so many have that all is read anew", 1_100],
  ])("is what is there, where %s", async (_, count) => {
    const { backend, units, db } = await filled();
    const view = new SqliteReadView(db);
    const asked = {
      sort: { field: "description" },
      filters: { field: "description", operator: "ne", value: "b5" },
    };
    const seen = async (from: SqliteReadView) => await listsOf(from, asked, {});
    for (let times = 0; times < 2; times += 1) await seen(view);
    const made = Array.from({ length: count }, (_value, number) =>
      units.create(`Made ${number}`, { description: `${number % 2 === 0 ? "b" : "c"}${number}` }),
    );
    for (let start = 0; start < count; start += 100) {
      await commitOne(backend.events, units.of(made.slice(start, start + 100)));
    }
    for (let number = 0; number < Math.min(count, 19); number += 1) {
      const patch = units.patch(`Bucket ${number}`, { description: `d${number}` });
      await commitOne(backend.events, units.of(patch));
    }
    for (let times = 0; times < 3; times += 1) {
      const other = new Database(backend.file, { readonly: true });
      expect(await seen(view)).toEqual(await seen(new SqliteReadView(other)));
      other.close();
    }
    db.close();
  });

  test("is what is there for a view that was opened before the rows were", async () => {
    const { backend, units, db } = await filled();
    const view = new SqliteReadView(db);
    const asked = { sort: { field: "bucket_name", direction: "desc" } };
    const names = async () => {
      const { whole } = await listsOf(view, asked, {});
      return whole.buckets.slice(0, 2).map(({ state }) => state.document["bucket_name"]);
    };
    await names();
    expect(await names()).toEqual(["Bucket 9", "Bucket 8"]);
    await commitOne(backend.events, units.of(units.patch("Bucket 3", { bucket_name: "Z" })));
    expect(await names()).toEqual(["Z", "Bucket 9"]);
    db.close();
  });
});
