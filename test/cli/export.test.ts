/** Exports of the history: what they hold, exactly, and that a bad one never replaces a good one. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { csvHeader } from "../../src/domain/history-csv.js";
import { openBuckets } from "../../src/index.js";
import { bucketlog, bucketlogWatched, makeFile, temporaryFolder } from "../support/cli.js";
import { forge } from "../support/forge.js";

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

describe("export", () => {
  test.for([
    { args: ["none"], code: 1, says: /^error \[NOT_FOUND\]: There is no bucket "none"/ },
    { args: ["videos", "--namespace", "*"], code: 2, says: /^error \[BAD_REQUEST\]/ },
    { args: ["videos", "--since", "soon"], code: 2, says: /--since=soon is no point in time/ },
    { args: ["--since", "2"], code: 2, says: /A version is one of a bucket: name the bucket/ },
    { args: ["--format", "xml"], code: 2, says: /Allowed choices are ndjson, csv/ },
    { args: ["--file", "none.db"], code: 1, says: /^error \[FILE_INVALID\]/ },
  ])("of $args exits $code and leaves the last export", async ({ args, code, says }) => {
    const folder = temporaryFolder();
    await makeFile(folder);
    writeFileSync(join(folder, "history"), "the last good one");
    const ran = await bucketlog(folder, ["export", ...args, "--output", "history"]);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toMatch(says);
    expect(readFileSync(join(folder, "history"), "utf8")).toBe("the last good one");
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test.for(["no-such-folder/history", "."])(
    "to %s, which cannot be written, exits 2 and says why",
    async (output) => {
      const folder = temporaryFolder();
      await makeFile(folder);
      const ran = await bucketlog(folder, ["export", "videos", "--output", output]);
      expect(ran).toMatchObject({ code: 2, out: "" });
      const place = resolve(folder, output);
      expect(ran.err).toContain(`error [BAD_REQUEST]: ${place} was not written: `);
      expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
    },
  );

  test("that is not whole leaves the last good file, and nothing beside it, and says why", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    await patchMany(file, 1_200);
    const args = ["export", "videos", "--output", "history.ndjson"];
    expect(await bucketlog(folder, args)).toMatchObject({ code: 0 });
    const good = readFileSync(join(folder, "history.ndjson"), "utf8");
    expect(linesOf(good)).toHaveLength(1_203);
    forge(file, ({ position }) => (position === 1100 ? { body: "torn" } : {}));
    const ran = await bucketlog(folder, args);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(
      /^left out: the event at position 1100 cannot be read: .*\nerror \[GONE\]: The export is not whole: 1 of its events cannot be read, and history\.ndjson was not replaced\.\n {2}to have /,
    );
    expect(readFileSync(join(folder, "history.ndjson"), "utf8")).toBe(good);
    expect(readdirSync(folder).filter((name) => name.startsWith("history"))).toEqual([
      "history.ndjson",
    ]);
  });

  test("prints what can be read around an event that cannot, and exits 1", async () => {
    const folder = temporaryFolder();
    forge(await makeFile(folder), ({ position }) => (position === 2 ? { body: "torn" } : {}));
    for (const where of [[], ["videos"]]) {
      const ran = await bucketlog(folder, ["export", ...where]);
      expect(linesOf(ran.out).map((text) => JSON.parse(text).position)).toEqual([1, 3]);
      expect(ran.code).toBe(1);
      expect(ran.err).toMatch(
        /^left out: the event at position 2 .*\nerror \[GONE\]: .* above\.\n$/,
      );
      // What was not asked for is not missing.
      const since = await bucketlog(folder, ["export", ...where, "--since", "@3"]);
      expect(since).toMatchObject({ code: 0, err: "" });
    }
  });

  test("--actor has only what this one did", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    await bucketlog(folder, ["patch", "videos", '{"description": "third"}', "--as", "bo"]);
    for (const where of [[], ["videos"]]) {
      const positions = async (actor: string) => {
        const { code, out } = await bucketlog(folder, ["export", ...where, "--actor", actor]);
        expect(code).toBe(0);
        return linesOf(out).map((text) => JSON.parse(text).position);
      };
      expect(await positions("ana")).toEqual([1, 2, 3]);
      expect(await positions("bo")).toEqual([4]);
      expect(await positions("nobody")).toEqual([]);
    }
  });

  test("as NDJSON has the entries of the bucket's history, oldest first", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const { code, out } = await bucketlog(folder, ["export", "videos"]);
    expect(code).toBe(0);
    await using store = await openBuckets({ file, readOnly: true });
    const { results } = await store.namespace().buckets.history("videos", { order: "asc" });
    expect(out).toBe(results.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    expect(results).toHaveLength(3);
  });

  test("as CSV has a row for each change, and no formula in it", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const why = '=HYPERLINK("http://evil.example")';
    await bucketlog(folder, ["patch", "videos", '{"description": "a, \\"b\\""}', "--reason", why]);
    const { code, out } = await bucketlog(folder, [
      ...["export", "videos", "--format", "csv", "--since", "4"],
    ]);
    expect(code).toBe(0);
    await using store = await openBuckets({ file, readOnly: true });
    const entry = await store.namespace().buckets.entry("videos", 4);
    expect(out).toBe(
      `${csvHeader}${[
        ...["4", "4", entry.recorded_at, "bucket.patched", "local"],
        ...[`"'=HYPERLINK(""http://evil.example"")"`, "replace", "/description"],
        ...[
          '"""a, \\""b\\"""""',
          '"""second"""',
          "default",
          "videos",
          entry.bucket_id,
          "",
          entry.event_id,
        ],
        ...[entry.request_id, "", "", "", "application/json", ""],
        ...[entry.previous_hash, entry.hash],
      ].join(",")}\r\n`,
    );
  });

  test("as CSV names each event's namespace and bucket, also a deleted one, or that there is none", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const store = await openBuckets({ file });
    await store.namespace().buckets.patch("videos", { bucket_name: "films" });
    const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
    await store.namespace("other").buckets.create(body);
    await store.namespace("other").buckets.delete("videos");
    await store.namespace("other").connections.create({ name: "mux" });
    await store.namespaces.create({ namespace_name: "other" });
    await store.close();
    const { out } = await bucketlog(folder, [
      ...["export", "--namespace", "*", "--format", "csv", "--since", "@4"],
    ]);
    const [header = "", ...rows] = linesOf(out).map((row) => row.split(","));
    const [type, namespace, name] = ["type", "namespace", "bucket_name"].map((column) =>
      Array.from(header).indexOf(column),
    );
    const told = rows.map((row) => [row[type ?? 0], row[namespace ?? 0], row[name ?? 0]]);
    expect(told).toContainEqual(["bucket.patched", "default", "films"]);
    expect(told).toContainEqual(["bucket.deleted", "other", "videos"]);
    expect(told).toContainEqual(["connection.created", "other", ""]);
    expect(told).toContainEqual(["namespace.created", "other", ""]);
  });

  test("as CSV cannot drive a terminal; a pipe or a file gets the exact text", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const why = "red \u009b31m\u202e";
    const store = await openBuckets({ file: join(folder, "buckets.db") });
    await store.namespace().buckets.patch("videos", { description: why });
    await store.close();
    const args = ["export", "videos", "--format", "csv", "--since", "4"];
    expect((await bucketlog(folder, args)).out).toContain(why);
    const onTerminal = await bucketlogWatched(folder, args);
    expect(onTerminal.out).not.toContain("\u009b");
    expect(onTerminal.out).toContain(String.raw`red \u009b31m\u202e`);
    expect(linesOf(onTerminal.out)).toHaveLength(2);
    await bucketlogWatched(folder, [...args, "--output", "history.csv"]);
    expect(readFileSync(join(folder, "history.csv"), "utf8")).toContain(why);
  });

  test("to a file replaces it whole and says so", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    writeFileSync(join(folder, "history.csv"), "x".repeat(100_000));
    const args = ["export", "videos", "--format", "csv", "--output", "history.csv"];
    const ran = await bucketlog(folder, args);
    expect(ran).toEqual({ code: 0, out: "the history is in history.csv\n", err: "" });
    const written = readFileSync(join(folder, "history.csv"), "utf8");
    expect(written).toBe((await bucketlog(folder, ["export", "videos", "--format", "csv"])).out);
    expect(written.startsWith(csvHeader)).toBe(true);
  });

  test("without a bucket is the whole namespace in commit order, or all of them", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const store = await openBuckets({ file });
    const body = { bucket_name: "films", bucket_schema: { properties: {} } };
    await store.namespace().buckets.create(body);
    await store.namespace("other").buckets.create(body);
    await store.close();
    const positions = async (...args: string[]) => {
      const { out } = await bucketlog(folder, ["export", ...args]);
      return linesOf(out).map((line) => JSON.parse(line).position);
    };
    expect(await positions()).toEqual([1, 2, 3, 4]);
    expect(await positions("--namespace", "*")).toEqual([1, 2, 3, 4, 5]);
    expect(await positions("--namespace", "other")).toEqual([5]);
    expect(await positions("--since", "@2", "--until", "@3")).toEqual([2, 3]);
    expect(await positions("--until", "2026-10-01T12:00:00Z")).toEqual([1, 2, 3]);
    expect(await positions("--since", "-1h")).toEqual([4]);
    expect(await positions("videos", "--since", "2", "--until", "2")).toEqual([2]);
  });

  test("of more than a page goes on to the end", async () => {
    const folder = temporaryFolder();
    await patchMany(await makeFile(folder), 1_200);
    const { out } = await bucketlog(folder, ["export"]);
    expect(linesOf(out).map((line) => JSON.parse(line).position)).toEqual(
      Array.from({ length: 1_203 }, (_, index) => index + 1),
    );
  });
});

async function patchMany(file: string, count: number): Promise<void> {
  await using store = await openBuckets({ file, durability: "relaxed" });
  const { buckets } = store.namespace();
  const numbers = Array.from({ length: count }, (_, number) => number);
  await Promise.all(numbers.map((number) => buckets.patch("videos", { metadata: { number } })));
}
