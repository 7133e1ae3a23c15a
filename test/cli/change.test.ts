/** The commands that change a bucket, on a file. `url.test.ts` holds servers to the same. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import {
  bucketlog,
  bucketlogOnTerminal,
  bucketlogTyped,
  makeFile,
  temporaryFolder,
} from "../support/cli.js";

const change = '{"description": "third"}';

/** Runs a command that must be refused, and holds it to leave no event behind. */
async function refused(args: readonly string[], code: number, input = ""): Promise<string> {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  const ran = await bucketlog(folder, args, {}, input);
  expect(ran, args.join(" ")).toMatchObject({ code });
  await using store = await openBuckets({ file, readOnly: true });
  expect((await store.head()).position).toBe(3);
  return ran.err;
}

describe("patch", () => {
  test.for([
    { args: ["none", change], code: 1, says: /^error \[NOT_FOUND\]: There is no bucket "none"/ },
    { args: ["videos"], code: 2, says: /missing required argument 'json'/ },
    { args: ["videos", "{bad"], code: 2, says: /^error \[BAD_REQUEST\]: .* not valid JSON/ },
    { args: ["videos", "-"], code: 2, says: /^error \[BAD_REQUEST\]: .* not valid JSON/ },
    { args: ["videos", "[]"], code: 2, says: /^error \[VALIDATION_FAILED\]/ },
    { args: ["videos", "{}", "--type", "xml"], code: 2, says: /Allowed choices are merge/ },
    { args: ["videos", change, "--type", "json-patch"], code: 2, says: /an array of operations/ },
    { args: ["videos", change, "--if-version", "x"], code: 2, says: /A version is a number/ },
    { args: ["videos", change, "--file", "none.db", "--dry-run"], code: 1, says: /FILE_INVALID/ },
  ])("$args exits $code and changes nothing", async ({ args, code, says }) => {
    expect(await refused(["patch", ...args], code)).toMatch(says);
  });

  test("of another version is a conflict that says how to go on", async () => {
    const err = await refused(["patch", "videos", change, "--if-version", "2"], 3);
    expect(err).toMatch(/^error \[PRECONDITION_FAILED\]: .* the bucket is at version 3/);
    expect(err).toContain("\n  read it, and if your change still fits:  --if-version 3\n");
  });

  test("changes the bucket, says what changed, and keeps who and why", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const ran = await bucketlog(folder, [
      ...["patch", "videos", '{"description": "third", "colour": 1}'],
      ...["--reason", "launch", "--as", "ben", "--if-version", "3"],
    ]);
    expect(ran).toEqual({
      code: 0,
      out: '~ /description  "second" → "third"\nversion 4 at position 4\n',
      err: "ignored: colour\n",
    });
    await using store = await openBuckets({ file, readOnly: true });
    const entry = await store.namespace().buckets.entry("videos", 4);
    expect(entry).toMatchObject({ actor: "ben", reason: "launch", type: "bucket.patched" });
  });

  test("understands both patch formats, and reads standard input", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const merge = '{"metadata": {"team": "a", "tier": 1}}';
    const merged = await bucketlog(folder, ["patch", "videos", merge, "--type", "merge"]);
    expect(merged.out).toBe(
      '+ /metadata/team  "a"\n+ /metadata/tier  1\nversion 4 at position 4\n',
    );
    const operations = '[{"op": "remove", "path": "/metadata/tier"}]';
    const args = ["patch", "videos", "-", "--type", "json-patch"];
    const patched = await bucketlog(folder, args, {}, operations);
    expect(patched.out).toBe("- /metadata/tier  1\nversion 5 at position 5\n");
  });

  test("as a dry run shows the same and records nothing", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const ran = await bucketlog(folder, ["patch", "videos", change, "--dry-run"]);
    const out = '~ /description  "second" → "third"\nnothing was recorded\n';
    expect(ran).toEqual({ code: 0, out, err: "" });
    await using store = await openBuckets({ file });
    expect((await store.head()).position).toBe(3);
    const json = await bucketlog(folder, ["patch", "videos", change, "--dry-run", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      dry_run: true,
      version: 4,
      changes: [{ op: "replace", path: "/description" }],
      bucket: { description: "third" },
    });
    expect((await store.head()).position).toBe(3);
  });

  test("shows a webhook secret that was made, this once", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const adapter = '{"source_adapter": {"adapter_type": "mux"}}';
    const ran = await bucketlog(folder, ["patch", "videos", adapter]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.err).toMatch(/^webhook secret, shown this once: whsec_\S+\n$/);
    expect(ran.out).not.toContain("whsec_");
    const again = await bucketlog(folder, ["patch", "videos", change]);
    expect(again).toMatchObject({ code: 0, err: "" });
  });
});

describe("revert", () => {
  test.for([
    { args: ["none", "1", "--yes"], code: 1, says: /^error \[NOT_FOUND\]/ },
    { args: ["videos", "--yes"], code: 2, says: /missing required argument 'point'/ },
    {
      args: ["videos", "0", "--yes"],
      code: 2,
      says: /^error \[BAD_REQUEST\]: point=0 is no point/,
    },
    { args: ["videos", "9", "--yes"], code: 1, says: /nothing at version 9/ },
    { args: ["videos", "@9", "--yes"], code: 1, says: /nothing at @9/ },
    { args: ["videos", "1", "--yes", "--field", "tier"], code: 2, says: /"tier" names no field/ },
    { args: ["videos", "2", "--yes", "--undo"], code: 3, says: /^error \[CONFLICT\]/ },
    { args: ["videos", "2", "--yes", "--if-version", "2"], code: 3, says: /PRECONDITION_FAILED/ },
  ])("$args exits $code and changes nothing", async ({ args, code, says }) => {
    expect(await refused(["revert", ...args], code)).toMatch(says);
  });

  test("shows the difference and then, with nobody to ask, needs --yes", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["revert", "videos", "2"]);
    expect(ran).toMatchObject({ code: 2, out: '~ /description  "second" → "first"\n' });
    expect(ran.err).toMatch(/^error \[BAD_REQUEST\]: Nothing was changed/);
    expect(ran.err).toContain("\n  do what is shown above:  add --yes\n");
    await refused(["revert", "videos", "2"], 2, "y\n");
  });

  test("puts back a version, a position or a moment, as a new event with its reason", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const args = ["revert", "videos", "@2", "--yes", "--reason", "it was right"];
    expect(await bucketlog(folder, args)).toEqual({
      code: 0,
      out: '~ /description  "second" → "first"\nversion 4 at position 4\n',
      err: "",
    });
    const then = ["revert", "videos", "2026-10-01T12:00:00Z", "--yes", "--json"];
    const { out, err } = await bucketlog(folder, then);
    expect(JSON.parse(out)).toMatchObject({ dry_run: false, version: 5 });
    expect(err).toBe('~ /description  "first" → "second"\n');
    await using store = await openBuckets({ file, readOnly: true });
    const entry = await store.namespace().buckets.entry("videos", 4);
    expect(entry).toMatchObject({ revert_of: 2, reason: "it was right" });
  });

  test("puts back some fields only", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const rest = '{"metadata": {"team": "a"}, "bucket_name": "films"}';
    await bucketlog(folder, ["patch", "videos", rest]);
    const fields = ["--field", "/description", "--field", "/metadata/team"];
    const ran = await bucketlog(folder, ["revert", "films", ...fields, "1", "--yes"]);
    expect(ran.out).toBe(
      '- /metadata/team  "a"\n- /description  "second"\nversion 5 at position 5\n',
    );
  });

  test("takes back one event", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["revert", "videos", "3", "--undo", "--yes"]);
    expect(ran.out).toBe('~ /description  "second" → "first"\nversion 4 at position 4\n');
  });

  test("records nothing as a dry run, and where nothing differs", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const dry = await bucketlog(folder, ["revert", "videos", "2", "--dry-run"]);
    expect(dry.out).toBe('~ /description  "second" → "first"\nnothing was recorded\n');
    const same = await bucketlog(folder, ["revert", "videos", "3", "--yes"]);
    expect(same).toEqual({ code: 0, out: "no difference\nnothing was recorded\n", err: "" });
    await using store = await openBuckets({ file, readOnly: true });
    expect((await store.head()).position).toBe(3);
  });
});

const answers = [
  { typed: "n\n", code: 3, ends: "Nothing was changed: the answer was not yes.\n" },
  { typed: "", code: 3, ends: "Nothing was changed: the answer was not yes.\n" },
  { typed: "y\n", code: 0, ends: "Put this back? [y/N] " },
];

test.for(answers)("revert asks, and does what is answered: $typed", async (answer) => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  const ran = await bucketlogTyped(folder, ["revert", "videos", "2"], answer.typed);
  expect(ran.code, ran.err).toBe(answer.code);
  expect(ran.out).toContain(`~ /description  "second" → "first"\n`);
  expect(ran.err.startsWith("Put this back? [y/N] ")).toBe(true);
  expect(ran.err.endsWith(answer.ends), ran.err).toBe(true);
  await using store = await openBuckets({ file, readOnly: true });
  expect((await store.head()).position).toBe(answer.code === 0 ? 4 : 3);
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

test.skipIf(!hasScript)("revert asks on a real terminal (needs script of util-linux)", async () => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const ran = await bucketlogOnTerminal(folder, ["revert", "videos", "2"], "y\n");
  expect(ran.code, ran.out).toBe(0);
  expect(ran.out).toContain(`~ /description  "second" → "first"`);
  expect(ran.out).toContain("Put this back? [y/N] ");
  expect(ran.out.trim().endsWith("version 4 at position 4"), ran.out).toBe(true);
});

describe.each([
  ["patch", "videos", change],
  ["revert", "videos", "2", "--yes"],
])("%s of a file that a server holds", (...args) => {
  test("exits 5 and says to ask the server; a dry run works beside it", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    await using store = await openBuckets({ file });
    const ran = await bucketlog(folder, args);
    expect(ran).toMatchObject({ code: 5, out: "" });
    expect(ran.err).toContain(`open for writing in process ${process.pid}`);
    expect(ran.err).toMatch(/\n {2}change it through the server: {2}add --url/);
    expect(await bucketlog(folder, [...args, "--dry-run"])).toMatchObject({ code: 0, err: "" });
    expect((await store.head()).position).toBe(3);
  });
});
