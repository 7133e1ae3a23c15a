/** The whole log into a file, and a store of such a file. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { parseSigner } from "../../src/proofs/note.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";

test.each([
  [["export", "videos", "--log"], 2, "--log is all of a file"],
  [["export", "--log", "--url", "http://127.0.0.1:1"], 2, "--log is all of a file"],
  [["import", "none.ndjson", "--log", "--skip", "a.b"], 2, "goes without --url, --skip"],
  [["import", "none.ndjson", "--log", "--file", "new.db"], 1, "none.ndjson cannot be read"],
  [["import", "buckets.db", "--log", "--file", "new.db"], 4, "Line 1 is no UTF-8"],
  [["import", "buckets.db", "--log"], 3, "an import never takes the place"],
] as const)("%s exits with %i", async (args, code, says) => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const ran = await bucketlog(folder, args);
  expect(ran).toMatchObject({ code, out: "" });
  expect(ran.err).toContain(says);
  expect(existsSync(join(folder, "new.db"))).toBe(false);
});

test.each(["log.ndjson", "log.ndjson.gz"])(
  "a log goes through %s into a new store",
  async (name) => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const written = await bucketlog(folder, ["export", "--log", "--output", name]);
    expect(written).toMatchObject({ code: 0, out: `the log up to position 3 is in ${name}\n` });
    const { vkey } = parseSigner(
      readFileSync(join(folder, "buckets.db.sign"), "utf8").trim(),
    ).verifier;
    const read = await bucketlog(folder, [
      "import",
      name,
      "--log",
      "--file",
      "b.db",
      "--key",
      vkey,
    ]);
    expect(read).toMatchObject({ code: 0, err: "" });
    expect(read.out).toMatch(
      /^b.db has the log of bucketlog.local\/log_\S+ up to position 3: every hash holds\nhead 3:/,
    );
    const shown = await bucketlog(folder, ["show", "videos", "--file", "b.db"]);
    expect(JSON.parse(shown.out)).toMatchObject({ description: "second" });
  },
);

test("a line that was changed is named, and no store is made", async () => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const { out } = await bucketlog(folder, ["export", "--log"]);
  writeFileSync(join(folder, "log.ndjson"), out.replace("second", "third"));
  const read = await bucketlog(folder, ["import", "log.ndjson", "--log", "--file", "b.db"]);
  expect(read).toMatchObject({ code: 4, out: "" });
  expect(read.err).toContain("Line 4, at position 3, does not hold: the body is not what was");
  expect(existsSync(join(folder, "b.db"))).toBe(false);
});

test("beside a writer, the log is exported as far as it was signed", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  await using store = await openBuckets({ file });
  const before = await bucketlog(folder, ["export", "--log"]);
  expect(before).toMatchObject({ code: 1, out: "" });
  expect(before.err).toContain("Nothing was signed yet");
  await store.proofs.sign();
  await store.namespace().buckets.archive("videos");
  const ran = await bucketlog(folder, ["export", "--log"]);
  expect(ran.code).toBe(0);
  expect(ran.out.split("\n")).toHaveLength(6);
  expect(ran.err).toContain("it ends at 3 of 4 events");
});
