/**
 * Goal: an extract says what there was at a moment and what had changed up to then, in tables that need
 * nothing of ours. Method: real files, read by SQLite alone, and held to what the store answers.
 */
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { type EmbeddedStore, openBuckets } from "../../src/index.js";
import { temporaryFolder } from "../support/backends.js";
import { bucketlog, makeFile } from "../support/cli.js";
import { filledStore } from "../support/filled-store.js";
import { forge, tamper } from "../support/forge.js";
import { TestClock } from "../support/server.js";

type Row = Readonly<Record<string, unknown>>;

function ask(file: string, sql: string): Row[] {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare<[], Row>(sql).all();
  } finally {
    db.close();
  }
}

const newFile = () => join(temporaryFolder(), "out.db");

async function extracted(store: EmbeddedStore, options = {}) {
  const file = newFile();
  const report = await store.extract(file, options);
  return { report, ask: (sql: string) => ask(file, sql) };
}

describe("an extract is refused", () => {
  test.each([
    ["of a version", { asOf: "3" }, "BAD_REQUEST"],
    ["of what is no point", { asOf: "yesterday" }, "BAD_REQUEST"],
    ["beyond the end", { asOf: "@9999" }, "NOT_FOUND"],
    ["of a namespace that is none", { namespace: "a b" }, "BAD_REQUEST"],
    ["of a namespace with nothing in it", { namespace: "elsewhere" }, "NOT_FOUND"],
    ["with an option that there is not", { asOf: "@1", at: "@1" }, "BAD_REQUEST"],
  ] as const)("%s, and nothing is left", async (_, options, code) => {
    await using store = (await filledStore()).store;
    const file = newFile();
    await expect(store.extract(file, options)).rejects.toMatchObject({ code });
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  test("over a file that is there, and into a folder that is not", async () => {
    await using store = (await filledStore()).store;
    const file = newFile();
    writeFileSync(file, "mine");
    await expect(store.extract(file)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect(readFileSync(file, "utf8")).toBe("mine");
    const nowhere = join(dirname(file), "none", "out.db");
    await expect(store.extract(nowhere)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect(readdirSync(dirname(file))).toEqual(["out.db"]);
  });

  test("of a log that was altered", async () => {
    const { file, store } = await filledStore();
    await store.close();
    tamper(file, (db) => db.exec("UPDATE events SET body = '{}' WHERE position = 2"));
    await using altered = await openBuckets({ file, readOnly: true });
    const error = altered.extract(newFile());
    await expect(error).rejects.toMatchObject({ code: "TAMPERED", details: { position: 2 } });
  });

  test("once the store is closed", async () => {
    const { store } = await filledStore();
    await store.close();
    await expect(store.extract(newFile())).rejects.toMatchObject({ code: "NOT_READY" });
  });
});

test("an extract removes what processes that died left of its name, a day later", async () => {
  await using store = (await filledStore()).store;
  const file = newFile();
  const old = Date.now() / 1_000 - 25 * 60 * 60;
  const left = ["out.db.partial-dead", "out.db.partial-at-work", "other.db.partial-dead"];
  for (const name of left) writeFileSync(join(dirname(file), name), "");
  for (const name of [left[0], left[2]]) utimesSync(join(dirname(file), String(name)), old, old);
  await store.extract(file);
  expect(readdirSync(dirname(file)).sort()).toEqual([left[2], "out.db", left[1]]);
});

test("an extract has what the store answers", async () => {
  await using store = (await filledStore()).store;
  const { report, ask: from } = await extracted(store);
  const { position, hash } = await store.head();
  expect(report).toMatchObject({ position, hash, unreadable: 0 });
  expect(from("SELECT position, hash, namespace FROM about")).toEqual([
    { position, hash, namespace: null },
  ]);
  const { results: buckets } = await store.namespace().buckets.list();
  expect(from("SELECT bucket_id, bucket_name, status FROM buckets ORDER BY bucket_id")).toEqual(
    buckets
      .map(({ bucket_id, bucket_name, status }) => ({ bucket_id, bucket_name, status }))
      .sort((a, b) => (a.bucket_id < b.bucket_id ? -1 : 1)),
  );
  const { results: objects } = await store.namespace().objects("clips").list({ limit: 100 });
  const rows = from("SELECT object_id, title, n, document FROM objects ORDER BY object_id");
  expect(rows.length).toBe(report.objects);
  expect(rows.map(({ object_id, title, n }) => ({ object_id, title, n }))).toEqual(
    objects
      .map(({ object_id, title = null, n = null }) => ({ object_id, title, n }))
      .sort((a, b) => (String(a.object_id) < String(b.object_id) ? -1 : 1)),
  );
  expect(from("SELECT count(*) AS n FROM changes")).toEqual([{ n: report.changes }]);
  expect(from("SELECT count(DISTINCT position) AS n FROM changes")).toEqual([{ n: position }]);
  expect(statSync(report.file).mode & 0o777).toBe(0o600);
});

test("an extract of a moment is the same whenever it is made", async () => {
  const clock = new TestClock();
  await using store = await openBuckets({ file: ":memory:", clock: clock.read, actor: "ana" });
  const { buckets } = store.namespace();
  const schema = { properties: { title: { type: "string" } } };
  await buckets.create({ bucket_name: "films", bucket_schema: schema });
  const films = store.namespace().objects("films");
  const { object } = await films.create({ title: "first" });
  clock.advance(1_000);
  const then = clock.text;
  const before = await extracted(store);
  clock.advance(1_000);
  await films.patch(object.object_id, { title: "second" }, { reason: "better" });
  await buckets.patch("films", { bucket_name: "movies" });
  await store.namespace().objects("movies").delete(object.object_id);
  for (const asOf of ["@2", then]) {
    const after = await extracted(store, { asOf });
    expect({ ...after.report, file: "" }).toEqual({ ...before.report, file: "" });
    for (const table of ["buckets", "objects", "changes"]) {
      const all = `SELECT * FROM ${table}`;
      expect(after.ask(all)).toEqual(before.ask(all));
    }
  }
  const now = await extracted(store);
  expect(now.ask("SELECT bucket_name FROM buckets")).toEqual([{ bucket_name: "movies" }]);
  expect(now.report).toMatchObject({ objects: 0, position: 5 });
  const changed =
    "SELECT actor, reason, op, path, was, value FROM changes WHERE version = 2 AND object_id IS NOT NULL";
  expect(now.ask(changed)).toEqual([
    {
      actor: "ana",
      reason: "better",
      op: "replace",
      path: "/title",
      was: '"first"',
      value: '"second"',
    },
  ]);
  expect(now.ask("SELECT type, path FROM changes WHERE position = 5")).toEqual([
    { type: "object.deleted", path: null },
  ]);
});

test("what is in a bucket that was deleted is not there", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  await store.namespace().objects("films").create({ title: "first" });
  await buckets.delete("films");
  expect((await extracted(store)).report).toMatchObject({ buckets: 0, objects: 0, changes: 7 });
});

test("a namespace is extracted alone", async () => {
  await using store = (await filledStore()).store;
  const other = store.namespace("other");
  await other.buckets.create({ bucket_name: "books", bucket_schema: { properties: {} } });
  const { report, ask: from } = await extracted(store, { namespace: "other" });
  expect(report).toMatchObject({ buckets: 1, objects: 0 });
  expect(from("SELECT DISTINCT namespace FROM changes")).toEqual([{ namespace: "other" }]);
  expect(from("SELECT namespace FROM about")).toEqual([{ namespace: "other" }]);
});

test("each field has a column of its type, and of its name where that is free", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const { buckets } = store.namespace();
  const typed = (fields: Readonly<Record<string, string>>) => ({
    properties: Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { type }])),
  });
  const first = {
    n: "integer",
    x: "number",
    ok: "boolean",
    Version: "string",
    a: "array",
    mixed: "integer",
    '"': "string",
    metadata: "object",
  };
  await buckets.create({ bucket_name: "a", bucket_schema: typed(first) });
  await buckets.create({
    bucket_name: "b",
    bucket_schema: typed({ N: "string", mixed: "string", x: "integer" }),
  });
  const fields = { n: 1, x: 0.5, ok: true, Version: "v", a: [1, "two"], mixed: 7, '"': "quoted" };
  await store.namespace().objects("a").create(fields);
  await store.namespace().objects("b").create({ N: "big", mixed: "seven", x: 2 });
  await buckets.patch("a", { bucket_schema: typed({ ...first, n: "integer", ok: "integer" }) });
  const { ask: from } = await extracted(store);
  const columns =
    'SELECT n, N_2, x, ok, Version_2, a, mixed, """" AS quote FROM objects ORDER BY position';
  expect(from(columns)).toEqual([
    { n: 1, N_2: null, x: 0.5, ok: 1, Version_2: "v", a: '[1,"two"]', mixed: "7", quote: "quoted" },
    { n: null, N_2: "big", x: 2, ok: null, Version_2: null, a: null, mixed: "seven", quote: null },
  ]);
  expect(
    from("SELECT * FROM object_fields WHERE field <> column_name OR types LIKE '%,%'"),
  ).toEqual([
    { field: "x", column_name: "x", types: "integer, number" },
    { field: "Version", column_name: "Version_2", types: "string" },
    { field: "mixed", column_name: "mixed", types: "integer, string" },
    { field: "N", column_name: "N_2", types: "string" },
  ]);
  expect(
    from("SELECT type FROM pragma_table_info('objects') WHERE name IN ('n', 'x', 'mixed')"),
  ).toEqual([{ type: "INTEGER" }, { type: "REAL" }, { type: "TEXT" }]);
});

test("no secret and no salt is in it", async () => {
  const { file, store } = await filledStore();
  const { report } = await extracted(store);
  await store.close();
  const bytes = readFileSync(report.file);
  expect(bytes.includes("a secret of ours")).toBe(false);
  expect(bytes.includes("sec_")).toBe(false);
  const db = new Database(file, { readonly: true });
  const salts = db
    .prepare<[], { salt: Buffer; meta_salt: Buffer }>("SELECT salt, meta_salt FROM events")
    .all();
  db.close();
  for (const { salt, meta_salt } of salts) {
    expect(bytes.includes(salt) || bytes.includes(meta_salt)).toBe(false);
  }
});

test("an event that cannot be read is named", async () => {
  const { file, store } = await filledStore();
  await store.close();
  forge(file, ({ position }) => (position === 2 ? { body: '{"changes":"all"}' } : {}));
  await using spoilt = await openBuckets({ file, readOnly: true });
  const { report, ask: from } = await extracted(spoilt);
  expect(report.unreadable).toBe(1);
  expect(from("SELECT position, type, problem FROM unreadable")).toEqual([
    { position: 2, type: "bucket.patched", problem: expect.stringContaining("changes") },
  ]);
  expect(from("SELECT count(*) AS n FROM changes WHERE position = 2")).toEqual([{ n: 0 }]);
});

test("the command extracts beside a writer", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  await using store = await openBuckets({ file });
  await store.namespace().buckets.archive("videos");
  const ran = await bucketlog(folder, ["extract", "out.db", "--as-of", "@3"]);
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out).toMatch(/^out.db has 1 buckets, 0 objects, .* 5 changes\nhead 3:[0-9a-f]{64}\n$/);
  const again = await bucketlog(folder, ["extract", "out.db", "--json"]);
  expect(again).toMatchObject({ code: 3, out: "" });
  const json = await bucketlog(folder, ["extract", "other.db", "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({ position: 4, buckets: 1 });
  const missing = await bucketlog(folder, ["extract", "x.db", "--file", "none.db"]);
  expect(missing).toMatchObject({ code: 1, out: "" });
});
