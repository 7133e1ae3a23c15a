/** The commands that copy a store, and make one of a copy. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";

test("what cannot be done is told with an exit code, and makes nothing", async () => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const refused = async (args: readonly string[], code: number, told: string) => {
    const ran = await bucketlog(folder, args);
    expect(ran.err).toContain(told);
    expect(ran.code).toBe(code);
  };
  await refused(["backup", "new", "--file", "none.db"], 1, "There is no file");
  await refused(["backup", "buckets.db"], 3, "ALREADY_EXISTS");
  await refused(["backup", "new", "--with-keys"], 2, "--passphrase-file");
  await refused(["backup", "new", "--with-keys", "--passphrase-file", "none"], 2, "cannot be read");
  await refused(["backup", "new", "--url", "http://127.0.0.1:1", "--link"], 2, "--link");
  await refused(["restore", "none", "restored.db"], 4, "is no backup");
  await refused(["restore", "new"], 2, "missing required argument");
  expect(readdirSync(folder).filter((name) => /new|restored[.]db$/.test(name))).toEqual([]);
});

test("a backup of a file that a server holds becomes a store, also as it was before", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  writeFileSync(join(folder, "passphrase"), "correct horse battery\n");
  await using store = await openBuckets({ file });
  const { hash } = await store.head();
  const keyed = ["--with-keys", "--passphrase-file", "passphrase"];
  const taken = await bucketlog(folder, ["backup", "monday", ...keyed]);
  expect(taken).toMatchObject({ code: 0, err: "" });
  expect(taken.out).toContain("monday has the log up to position 3");
  expect(taken.out).toContain(`head 3:${hash}`);

  const { signed_by: key } = JSON.parse(readFileSync(join(folder, "monday/manifest.json"), "utf8"));
  const restored = await bucketlog(folder, [
    "restore",
    "monday",
    "a.db",
    "--key",
    key,
    ...keyed.slice(1),
  ]);
  expect(restored).toMatchObject({ code: 0, err: "" });
  expect(restored.out).toBe(
    `a.db has the log up to position 3, and it verifies; 0 blobs, 0 bytes\nhead 3:${hash}\nIt is a copy: it closes no window and hands out no batch until it is served with --resume-timers.\n`,
  );
  const before = await bucketlog(folder, ["restore", "monday", "b.db", "--at", "@2", "--json"]);
  expect(JSON.parse(before.out)).toMatchObject({ position: 2, is_trusted: false });
  const shown = await bucketlog(folder, ["show", "videos", "--file", "b.db", "--json"]);
  expect(JSON.parse(shown.out)).toMatchObject({ description: "first" });

  const again = await bucketlog(folder, ["restore", "monday", "a.db"]);
  expect(again.code).toBe(3);
  appendFileSync(join(folder, "monday/buckets.db"), "x");
  const damaged = await bucketlog(folder, ["restore", "monday", "c.db"]);
  expect(damaged.code).toBe(4);
  expect(damaged.err).toContain("buckets.db in");
});

test("a namespace is put back once somebody has seen what that does", async () => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const put = ["restore-namespace", "--as-of", "@2"];
  expect((await bucketlog(folder, ["restore-namespace"])).code).toBe(2);
  const shown = await bucketlog(folder, [...put, "--dry-run"]);
  expect(shown.out).toContain("1 change, 0 come back, 0 are deleted\nnothing was recorded");
  const unasked = await bucketlog(folder, put);
  expect(unasked.err).toContain("there is no terminal to ask on");
  expect(unasked.code).toBe(2);
  const done = await bucketlog(folder, [...put, "--yes", "--reason", "a mistake", "--as", "ben"]);
  expect(done.out).toContain("put back, in 1 transactions");
  const log = await bucketlog(folder, ["log", "videos", "--limit", "1", "--json"]);
  expect(JSON.parse(log.out)).toMatchObject({ actor: "ben", reason: "a mistake" });
  const again = await bucketlog(folder, [...put, "--json"]);
  expect(JSON.parse(again.out)).toMatchObject({ resources: [] });
});
