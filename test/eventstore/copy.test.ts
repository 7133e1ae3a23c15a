/** A copy of what a connection holds open, as one file that needs nothing beside it. */
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openReader, openWriter } from "../../src/engines/sqlite/connection.js";
import { copyInto } from "../../src/engines/sqlite/copy.js";
import { temporaryFile } from "../support/server.js";
import { openSqlite } from "../support/sqlite.js";
import { Units } from "../support/units.js";

function fileOf(): string {
  const { file, remove } = temporaryFile();
  onTestFinished(remove);
  return file;
}

test("a copy that cannot be written leaves nothing, and touches nothing that is there", async () => {
  const file = fileOf();
  await openSqlite({ file }).close();
  const db = openReader(file);
  const there = join(dirname(file), "there");
  writeFileSync(there, "not a database, and longer than nothing");
  expect(() => copyInto(db, there)).toThrow("EEXIST");
  expect(statSync(there).size).toBeGreaterThan(0);
  expect(() => copyInto(db, join(dirname(file), "no folder", "copy"))).toThrow();
  expect(existsSync(join(dirname(file), "no folder"))).toBe(false);
  db.close();
});

test("a copy has what lies in the WAL alone, for its owner alone, also of a file that was deleted", async () => {
  const file = fileOf();
  const store = openSqlite({ file });
  const units = new Units();
  await store.commit([units.of(units.create("videos", {}, `bkt_${"0".repeat(26)}`))]);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`);
  const copy = `${file}.copy`;
  copyInto(store.readerDb, copy);
  expect(store.readerDb.pragma("query_only", { simple: true })).toBe(1);
  await store.close();
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  const found = openWriter(copy, "full");
  expect(found.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(found.prepare("SELECT position FROM head").pluck().get()).toBe(1);
  found.close();
});
