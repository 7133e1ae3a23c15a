/** The commands that look at the past, on a file. `url.test.ts` holds servers to the same output. */
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";

describe.each([["log"], ["show"], ["diff", "1"], ["blame"], ["replay"]])("%s", (name, ...more) => {
  test("of an unknown bucket, or of another namespace, exits 1 and leaves nothing", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    for (const place of [["none"], ["videos", "--namespace", "other"]]) {
      const ran = await bucketlog(folder, [name, ...place, ...more]);
      expect(ran).toMatchObject({ code: 1, out: "" });
      expect(ran.err).toMatch(/^error \[NOT_FOUND\]: There is no bucket/);
    }
  });
});

describe("diff", () => {
  test("between points that are none, or that never were, is refused", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const missing = await bucketlog(folder, ["diff", "videos"]);
    expect(missing).toMatchObject({ code: 2, out: "" });
    expect(missing.err).toContain("missing required argument 'a'");
    const malformed = await bucketlog(folder, ["diff", "videos", "yesterday"]);
    expect(malformed).toMatchObject({ code: 2, out: "" });
    expect(malformed.err).toMatch(/^error \[BAD_REQUEST\]: from=yesterday is no point in time/);
    const beyond = await bucketlog(folder, ["diff", "videos", "1", "9"]);
    expect(beyond).toMatchObject({ code: 1, out: "" });
    expect(beyond.err).toContain("it begins at version 1");
  });

  test("shows what was added, removed and replaced; the second point is now", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const added = await bucketlog(folder, ["diff", "videos", "1"]);
    expect(added).toEqual({ code: 0, out: '+ /description  "second"\n', err: "" });
    const replaced = await bucketlog(folder, ["diff", "videos", "2", "@3"]);
    expect(replaced.out).toBe('~ /description  "first" → "second"\n');
    const removed = await bucketlog(folder, ["diff", "videos", "2", "1"]);
    expect(removed.out).toBe('- /description  "first"\n');
    const same = await bucketlog(folder, ["diff", "videos", "3"]);
    expect(same).toEqual({ code: 0, out: "no difference\n", err: "" });
  });

  test("prints the fields as JSON for programs", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const { out } = await bucketlog(folder, ["diff", "videos", "2", "3", "--json"]);
    expect(out).toBe('[{"path":"/description","was":"first","value":"second"}]\n');
  });
});

describe("blame", () => {
  test("below a path that is none exits 2", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["blame", "videos", "--path", "metadata"]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("Send a JSON Pointer");
  });

  test("shows who last set each field, when and why", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    await bucketlog(folder, ["patch", "videos", '{"metadata": {"team": "a"}}', "--reason", "new"]);
    const { code, out } = await bucketlog(folder, ["blame", "videos"]);
    expect(code).toBe(0);
    const lines = out.replace(/( {3}4 {2})\S+/, "$1NOW").split("\n");
    expect(lines).toEqual([
      "   1  2026-10-01T12:00:00.000Z  ana         /bucket_name",
      "   1  2026-10-01T12:00:00.000Z  ana         /bucket_schema/properties",
      "   3  2026-10-01T12:00:00.000Z  ana         /description",
      "   4  NOW  local       /metadata/team             new",
      "",
    ]);
  });

  test("of some fields only, for programs", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["blame", "videos", "--path", "/description", "--json"]);
    expect(JSON.parse(ran.out)).toEqual({
      "/description": {
        version: 3,
        position: 3,
        recorded_at: "2026-10-01T12:00:00.000Z",
        actor: "ana",
      },
    });
    const none = await bucketlog(folder, ["blame", "videos", "--path", "/metadata/team"]);
    expect(none).toEqual({ code: 0, out: "", err: "" });
  });
});

describe("log", () => {
  test("since what is no point exits 2", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["log", "videos", "--since", "-7y"]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(/^error \[BAD_REQUEST\]: --since=-7y is no point in time/);
  });

  test.for([
    [
      ["--since", "2"],
      [3, 2],
    ],
    [
      ["--until", "@2"],
      [2, 1],
    ],
    [["--since", "2", "--until", "2"], [2]],
    [
      ["--since", "2026-10-01T12:00:00Z"],
      [3, 2, 1],
    ],
    [["--since", "2026-10-01T12:00:01Z"], []],
    [["--until", "2026-10-01T11:59:59Z"], []],
    [
      ["--since", "2000-01-01T00:00:00Z", "--until", "2999-01-01T00:00:00Z"],
      [3, 2, 1],
    ],
    [["--actor", "ana", "--limit", "1"], [3]],
    [["--actor", "ben"], []],
  ] as const)("%s shows the versions %s", async ([args, versions]) => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const { code, out } = await bucketlog(folder, ["log", "videos", "--json", ...args]);
    expect(code).toBe(0);
    const lines = out.split("\n").filter((line) => line !== "");
    expect(lines.map((line) => JSON.parse(line).version)).toEqual(versions);
  });
});

describe("a time ago", () => {
  test("is understood as an argument, an option and an environment twin", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const hour = 60 * 60 * 1000;
    await using store = await openBuckets({ file, clock: () => Date.now() - hour });
    await store.namespace().buckets.patch("videos", { description: "third" });
    const diff = await bucketlog(folder, ["diff", "videos", "-2h"]);
    expect(diff.out).toBe('~ /description  "second" → "third"\n');
    const show = await bucketlog(folder, ["show", "videos", "--as-of", "-59m"]);
    expect(show.out).toContain('"third"');
    const env = { BUCKETLOG_AS_OF: "-7200s" };
    expect((await bucketlog(folder, ["show", "videos"], env)).out).toContain('"second"');
    const log = await bucketlog(folder, ["log", "videos", "--since", "-1w", "--json"]);
    expect(JSON.parse(log.out).version).toBe(4);
    const before = await bucketlog(folder, ["show", "videos", "--as-of", "-999999w"]);
    expect(before.code).toBe(2);
  });
});
