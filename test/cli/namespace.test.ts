/** The commands about a whole namespace: `ls`, `log` without a bucket, `create`. */
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/** Two more buckets, one of them of another namespace, and a change by another. */
async function makeMore(folder: string): Promise<string> {
  const file = await makeFile(folder);
  await using store = await openBuckets({ file, actor: "ben" });
  const body = { bucket_name: "films", bucket_schema: { properties: {} } };
  await store.namespace().buckets.create(body);
  await store.namespace("other").buckets.create(body);
  await store.namespace().buckets.patch("films", { metadata: { team: "a" } });
  return file;
}

describe("ls", () => {
  test("of a file that is not there exits 1 and says so", async () => {
    const ran = await bucketlog(temporaryFolder(), ["ls"]);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(/^error \[FILE_INVALID\]/);
  });

  test("shows the buckets of the namespace by name, now and then", async () => {
    const folder = temporaryFolder();
    await makeMore(folder);
    const { code, out } = await bucketlog(folder, ["ls"]);
    expect(code).toBe(0);
    expect(lines(out).map((line) => line.split(" ")[0])).toEqual(["films", "videos"]);
    expect(lines(out)[1]).toMatch(/^videos {20}bkt_\w+ {2}2026-10-01T12:00:00\.000Z {2}0 objects/);
    const json = await bucketlog(folder, ["ls", "--json", "--namespace", "other"]);
    expect(JSON.parse(json.out)).toMatchObject({ bucket_name: "films" });
    const then = await bucketlog(folder, ["ls", "--as-of", "@3"]);
    expect(lines(then.out)).toHaveLength(1);
    const found = await bucketlog(folder, ["ls", "--search", "vid"]);
    expect(lines(found.out)).toHaveLength(1);
  });
});

describe("log", () => {
  test.for([
    [["--since", "2"], /A version is one of a bucket/],
    [["--path", "metadata"], /is no JSON Pointer/],
    [["videos", "--path", "metadata"], /JSON Pointer/],
  ] as const)("%s exits 2", async ([args, says]) => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["log", ...args]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(says);
  });

  test.for([
    [[], [6, 4, 3, 2, 1]],
    [
      ["--namespace", "*"],
      [6, 5, 4, 3, 2, 1],
    ],
    [["--namespace", "other"], [5]],
    [
      ["--limit", "2"],
      [6, 4],
    ],
    [
      ["--actor", "ana"],
      [3, 2, 1],
    ],
    [
      ["--path", "/metadata/team"],
      [6, 4, 1],
    ],
    [
      ["--since", "@2", "--until", "@4"],
      [4, 3, 2],
    ],
    [
      ["--until", "2026-10-01T12:00:00Z"],
      [3, 2, 1],
    ],
    [
      ["videos", "--path", "/description"],
      [3, 2],
    ],
  ] as const)("%s shows the positions %s", async ([args, positions]) => {
    const folder = temporaryFolder();
    await makeMore(folder);
    const { code, out } = await bucketlog(folder, ["log", "--json", ...args]);
    expect(code).toBe(0);
    expect(lines(out).map((line) => JSON.parse(line).position)).toEqual(positions);
  });

  test("of a namespace names the bucket of each change", async () => {
    const folder = temporaryFolder();
    await makeMore(folder);
    const { out } = await bucketlog(folder, ["log", "--limit", "1"]);
    expect(out).toMatch(/^ {4}@6 {2}\S+Z {2}ben {9}bkt_\w+ {2}bucket\.patched \/metadata\/team\n$/);
  });

  test("of a long log reads it backwards to its beginning", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const store = await openBuckets({ file, durability: "relaxed" });
    const { buckets } = store.namespace();
    const numbers = Array.from({ length: 900 }, (_, number) => number);
    await Promise.all(numbers.map((number) => buckets.patch("videos", { metadata: { number } })));
    await store.close();
    const { out } = await bucketlog(folder, ["log", "--json", "--limit", "1000"]);
    expect(lines(out).map((line) => JSON.parse(line).position)).toEqual(
      Array.from({ length: 903 }, (_, index) => 903 - index),
    );
  });
});

describe("create", () => {
  test.for([
    [["videos"], 3, /^error \[ALREADY_EXISTS\]/],
    [["films", "{bad"], 2, /The bucket is not valid JSON at line 1, column 2: expected a key/],
    [["films", "[]"], 2, /^error \[VALIDATION_FAILED\]: The bucket is a JSON object/],
    [["films", '{"bucket_schema": 7}'], 2, /^error \[VALIDATION_FAILED\]/],
    [[], 2, /missing required argument 'name'/],
  ] as const)("%j exits %d and makes nothing", async ([args, code, says]) => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const ran = await bucketlog(folder, ["create", ...args]);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toMatch(says);
    await using store = await openBuckets({ file, readOnly: true });
    expect((await store.head()).position).toBe(3);
  });

  test("makes a bucket once, however often it is repeated under a key", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const args = ["create", "films", '{"description": "new"}', "--reason", "why", "--as", "ben"];
    const dry = await bucketlog(folder, [...args, "--dry-run"]);
    expect(dry).toEqual({ code: 0, out: "nothing was recorded\n", err: "" });
    const keyed = [...args, "--idempotency-key", "films-1"];
    const first = await bucketlog(folder, keyed);
    expect(first).toEqual({ code: 0, out: "version 1 at position 4\n", err: "" });
    const again = await bucketlog(folder, keyed);
    expect(again.out).toBe("version 1 at position 4, recorded before\n");
    await using store = await openBuckets({ file, readOnly: true });
    const { results } = await store.namespace().buckets.history("films");
    expect(results).toMatchObject([{ actor: "ben", reason: "why", idempotency_key: "films-1" }]);
  });
});

test("patch under a key changes once, and another patch under it is a conflict", async () => {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  const key = ["--idempotency-key", "launch-1"];
  const args = ["patch", "videos", '{"description": "third"}', ...key];
  expect((await bucketlog(folder, args)).out).toContain("version 4 at position 4\n");
  expect((await bucketlog(folder, args)).out).toContain("recorded before\n");
  const other = await bucketlog(folder, ["patch", "videos", '{"description": "x"}', ...key]);
  expect(other).toMatchObject({ code: 3, out: "" });
  await using store = await openBuckets({ file, readOnly: true });
  expect((await store.head()).position).toBe(4);
});
