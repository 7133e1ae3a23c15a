/** A file that an older version wrote is copied before it is brought up to date, and told of. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";
import { blameApart } from "../support/older.js";

/** Back to how the version before the proofs left its files. */
function makeOlder(file: string): void {
  const db = new Database(file);
  blameApart(db);
  for (const table of [
    "log",
    "tree",
    "checkpoints",
    "anchors",
    "namespaces",
    "syncs",
    "reads",
    "read_auditing",
    "row_macs",
    "table_macs",
    "access_tokens",
    "unrecorded_tokens",
    "namespace_totals",
  ])
    db.exec(`DROP TABLE ${table}`);
  db.exec("ALTER TABLE secrets DROP COLUMN key_id");
  db.exec("DROP TABLE logs");
  db.exec("DELETE FROM migrations WHERE number >= 9");
  db.pragma("user_version = 8");
  db.close();
}

const copyOf = (file: string) => `${file}.before-0009-proofs`;

test("a file of a newer version is refused by the name of its migration, and not copied", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  const db = new Database(file);
  db.exec("INSERT INTO migrations VALUES (9999, '9999-new.sql', 'x', 0)");
  db.close();
  const ran = await bucketlog(folder, ["patch", "videos", '{"description": "x"}']);
  expect(ran.code).toBe(1);
  expect(ran.err).toContain("written by a newer version (migration 9999-new.sql)");
  expect(readdirSync(folder).filter((name) => name.includes("before"))).toEqual([]);
});

test("a new file, and one of this version, are not copied", async () => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const ran = await bucketlog(folder, ["patch", "videos", '{"description": "x"}']);
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(readdirSync(folder).filter((name) => name.includes("before"))).toEqual([]);
});

test("the first command that writes says what was done, how long it took, and where the copy is", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  makeOlder(file);
  const ran = await bucketlog(folder, ["patch", "videos", '{"description": "x"}']);
  expect(ran.code).toBe(0);
  expect(ran.err).toMatch(
    /buckets\.db was brought up to date in \d+ ms \(0009-proofs\.sql(, [\w-]+\.sql)+\); as it was before it is in .*buckets\.db\.before-0009-proofs, \d+ bytes\n$/,
  );
  expect(statSync(copyOf(file)).mode & 0o777).toBe(0o600);
  expect((await bucketlog(folder, ["patch", "videos", '{"description": "y"}'])).err).toBe("");
});

test("the copy is the whole file as it was, and can take its place", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  makeOlder(file);
  const told: string[] = [];
  await (await openBuckets({ file, onUpgrade: ({ copy }) => told.push(copy) })).close();
  expect(told.map((path) => basename(path))).toEqual([basename(copyOf(file))]);
  const copy = new Database(copyOf(file), { readonly: true });
  expect(copy.pragma("user_version", { simple: true })).toBe(8);
  expect(copy.prepare("SELECT count(*) FROM events").pluck().get()).toBe(3);
  expect(copy.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'log'").pluck().get()).toBe(
    0,
  );
  copy.close();
  await using again = await openBuckets({ file: copyOf(file) });
  expect(await again.verify()).toMatchObject({ ok: true, events: 3 });
});

test("without a copy nothing is changed: the file stays as it was", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  makeOlder(file);
  // What is in the way of the copy cannot be taken away.
  const partial = `${copyOf(file)}.partial`;
  mkdirSync(partial);
  writeFileSync(join(partial, "full"), "");
  const ran = await bucketlog(folder, ["patch", "videos", '{"description": "x"}']);
  expect(ran.code).toBe(1);
  const db = new Database(file, { readonly: true });
  expect(db.pragma("user_version", { simple: true })).toBe(8);
  db.close();
  expect(existsSync(copyOf(file))).toBe(false);
});
