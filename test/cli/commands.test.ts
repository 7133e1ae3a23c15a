/** The command line as a whole: what it prints, for people and programs, and how it exits. */
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import {
  bucketlog,
  bucketlogProcess,
  bucketlogReadOnce,
  bucketlogServed,
  makeFile,
  temporaryFolder,
} from "../support/cli.js";

describe("wrong usage", () => {
  test("exits 2 and says what was probably meant", async () => {
    const folder = temporaryFolder();
    const command = await bucketlog(folder, ["serv"]);
    expect(command).toMatchObject({ code: 2, out: "" });
    expect(command.err).toContain("Did you mean serve?");
    const option = await bucketlog(folder, ["serve", "--prt", "1"]);
    expect(option).toMatchObject({ code: 2, out: "" });
    expect(option.err).toContain("Did you mean --port?");
    const port = await bucketlog(folder, ["serve", "--port", "70000"]);
    expect(port).toMatchObject({ code: 2, out: "" });
    expect(port.err).toContain("A port is a number from 0 to 65535.");
  });

  test("of values is an error with its code, and exits 2", async () => {
    const folder = temporaryFolder();
    const point = await bucketlog(folder, [
      "show",
      "videos",
      "--as-of",
      "yesterday",
      "--file",
      await makeFile(folder),
    ]);
    expect(point.code).toBe(2);
    expect(point.err).toMatch(/^error \[BAD_REQUEST\]: as_of=yesterday is no point in time/);
    const open = await bucketlog(folder, ["serve", "--no-auth", "--host", "0.0.0.0"]);
    expect(open.code).toBe(2);
    expect(JSON.parse(open.err)).toMatchObject({
      code: "BAD_REQUEST",
      msg: expect.stringContaining("--no-auth is for loopback only"),
    });
    const token = await bucketlog(folder, ["serve", "--token", "short", "--port", "0"]);
    expect(token.code).toBe(2);
    expect(token.err).toContain("A token has 16 to 512 visible ASCII characters.");
  });

  test("asking for help is none", async () => {
    const help = await bucketlog(temporaryFolder(), ["--help"]);
    expect(help.code).toBe(0);
    for (const command of ["demo", "serve", "log", "show", "verify", "token", "doctor"]) {
      expect(help.out).toContain(command);
    }
  });
});

describe("a process of its own", () => {
  test("exits as it was run", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    expect(await bucketlogProcess(folder, ["show"])).toMatchObject({ code: 2, out: "" });
    expect(await bucketlogProcess(folder, ["show", "none"])).toMatchObject({ code: 1, out: "" });
    const ran = await bucketlogProcess(folder, ["show", "videos", "--json"]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(ran.out)).toMatchObject({ description: "second" });
  });
});

describe("a file that is not there", () => {
  test.for([
    ...[["ls"], ["log"], ["log", "videos"], ["show", "videos"], ["diff", "videos", "1"]],
    ...[["blame", "videos"], ["replay", "videos"], ["tail", "--once"], ["export"]],
    ...[
      ["patch", "videos", "{}"],
      ["patch", "videos", "{}", "--dry-run"],
    ],
    ...[
      ["revert", "videos", "1", "--yes"],
      ["create", "videos", "--dry-run"],
    ],
    ...[["verify"], ["verify", "buckets.db"], ["rebuild"], ["secrets", "rotate-key"]],
    ...[
      ["token", "list"],
      ["token", "rotate", "ana"],
      ["token", "revoke", "ana"],
    ],
  ])("is named by %o, with a fix, and not made", async (args) => {
    const folder = temporaryFolder();
    const ran = await bucketlog(folder, args);
    expect(ran).toEqual({
      code: 1,
      out: "",
      err: `error [FILE_INVALID]: There is no file ${join(folder, "buckets.db")}.\n  name the one that is meant:  --file <file>; \`bucketlog serve\` makes one\n`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is named by serve, which logs, in a line of its log", async () => {
    const folder = temporaryFolder();
    const ran = await bucketlog(folder, ["serve", "--read-only", "--port", "0"]);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(JSON.parse(ran.err)).toMatchObject({
      level: 60,
      code: "FILE_INVALID",
      details: { hint: expect.stringContaining("name the one that is meant") },
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("looking at a file", () => {
  test("shows changes newest first, with actor and reason", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const { code, out } = await bucketlog(folder, ["log", "videos"]);
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, 4)).toEqual([
      "   3  2026-10-01T12:00:00.000Z  ana         bucket.patched /description",
      "   2  2026-10-01T12:00:00.000Z  ana         bucket.patched /description",
      "      a start",
      "   1  2026-10-01T12:00:00.000Z  ana         bucket.created /bucket_name /metadata /bucket_schema",
    ]);
    const json = await bucketlog(folder, ["log", "videos", "--json", "--limit", "1"]);
    expect(JSON.parse(json.out)).toMatchObject({ version: 3, type: "bucket.patched" });
  });

  test("shows the state, now and then, and replays it", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const now = await bucketlog(folder, ["show", "videos", "--json"]);
    expect(JSON.parse(now.out)).toMatchObject({ description: "second" });
    const then = await bucketlog(folder, ["show", "videos", "--as-of", "2"]);
    expect(JSON.parse(then.out)).toMatchObject({ description: "first" });
    const replayed = await bucketlog(folder, ["replay", "videos", "--from", "2"]);
    const lines = replayed.out.trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines.at(-1)).toBe('{"replayed":2,"version":3,"matches_view":true}');
  });

  test("goes well when whoever reads the output stops early", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const store = await openBuckets({ file, durability: "relaxed" });
    const { buckets } = store.namespace();
    const description = "x".repeat(1_000);
    await Promise.all(Array.from({ length: 500 }, () => buckets.patch("videos", { description })));
    await store.close();
    for (const args of [["export"], ["tail", "--after", "0", "--json"]]) {
      const ran = await bucketlogReadOnce(folder, args);
      expect(ran, args[0]).toMatchObject({ code: 0, err: "" });
    }
  });

  test("of an unknown bucket is an error with the code that HTTP has", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["show", "none"]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^error \[NOT_FOUND\]: There is no bucket "none"/);
  });
});

describe("options", () => {
  test("have an environment twin each", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const env = { BUCKETLOG_FILE: file, BUCKETLOG_JSON: "true", BUCKETLOG_AS_OF: "1" };
    const ran = await bucketlog(temporaryFolder(), ["show", "videos"], env);
    expect(JSON.parse(ran.out)).toMatchObject({ bucket_name: "videos" });
    expect(JSON.parse(ran.out)).not.toHaveProperty("description");
    const verified = await bucketlog(temporaryFolder(), ["verify"], { BUCKETLOG_FILE: file });
    expect(verified).toMatchObject({ code: 0 });
  });
});

/** Puts an object with one blob into the file; the hash of its bytes. */
async function addBlob(file: string): Promise<string> {
  await using store = await openBuckets({ file });
  const schema = { properties: { clip: { type: "video" } } };
  await store.namespace().buckets.create({ bucket_name: "clips", bucket_schema: schema });
  const blob = { property: "clip", type: "video", data: { base64: "AAAA" } };
  const { object } = await store
    .namespace()
    .objects("clips")
    .create({ blobs: [blob] });
  return object.blobs[0]?.details.hash ?? "";
}

describe("verify", () => {
  test("exits 4 and names the position where something was altered", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const db = new Database(file);
    db.exec("DROP TRIGGER events_are_never_changed");
    db.exec("UPDATE events SET body = replace(body, 'first', 'other') WHERE position = 2");
    db.close();
    const ran = await bucketlog(folder, ["verify"]);
    expect(ran.code).toBe(4);
    expect(ran.out).toBe("FAULT at position 2: the body is not what was committed to\n");
    const json = await bucketlog(folder, ["verify", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, fault: { position: 2 } });
  });

  test("finds bytes that are gone, and with --content also those that were altered", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const hash = await addBlob(file);
    const bytesFile = join(`${file}.blobs`, hash.slice(0, 2), hash);
    const ran = await bucketlog(folder, ["verify"]);
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringContaining("blobs: 1 are there\nnot checked: the content of blobs"),
    });
    writeFileSync(bytesFile, "other");
    expect(await bucketlog(folder, ["verify"])).toMatchObject({ code: 0 });
    const altered = await bucketlog(folder, ["verify", "--content"]);
    expect(altered).toMatchObject({ code: 4, out: expect.stringContaining("are damaged") });
    rmSync(bytesFile);
    const gone = await bucketlog(folder, ["verify"]);
    expect(gone).toMatchObject({ code: 4, out: expect.stringContaining("are missing") });
  });

  test("finds against a noted head that the end was cut off", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const noted = /head (\S+)/.exec((await bucketlog(folder, ["verify"])).out)?.[1] ?? "";
    expect(await bucketlog(folder, ["verify", "--expect", noted])).toMatchObject({ code: 0 });
    const other = noted.replace(/^3:/, "4:");
    expect(await bucketlog(folder, ["verify", "--expect", other])).toMatchObject({ code: 4 });
    expect(await bucketlog(folder, ["verify", "--expect", "3"])).toMatchObject({ code: 2 });
    expect(statSync(file).size).toBeGreaterThan(0);
  });
});

describe("rebuild", () => {
  test("mends an edited view, and tells of it", async () => {
    const folder = temporaryFolder();
    const db = new Database(await makeFile(folder));
    db.exec("UPDATE buckets SET version = 9");
    db.close();
    expect(await bucketlog(folder, ["verify"])).toMatchObject({ code: 4 });
    const ran = await bucketlog(folder, ["rebuild"]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^rebuilt: 3 events, \d+ rows, 1 differed\n$/);
    expect(await bucketlog(folder, ["verify"])).toMatchObject({ code: 0 });
  });
});

describe("token", () => {
  test("makes, lists and revokes tokens of a file", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const made = await bucketlog(folder, ["token", "create", "ben", "--permission", "read"]);
    expect(made).toMatchObject({ code: 0, err: "This token is shown once and kept nowhere:\n" });
    expect(made.out).toMatch(/^bkl_[\w-]{43}\n$/);
    const again = await bucketlog(folder, ["token", "create", "ben"]);
    expect(again.code).toBe(3);
    expect(again.err).toMatch(/^error \[ALREADY_EXISTS\]/);
    const listed = await bucketlog(folder, ["token", "list"]);
    expect(listed.out).toBe("ben                   read    all namespaces\n");
    expect(await bucketlog(folder, ["token", "revoke", "ben"])).toMatchObject({ code: 0 });
    expect(await bucketlog(folder, ["token", "revoke", "ben"])).toMatchObject({ code: 1 });
  });

  test("tells who had access when, and who gave and took it", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const who = ["--as", "cleo", "--reason", "she left"];
    await bucketlog(folder, ["token", "create", "ben", "--permission", "read", "--as", "cleo"]);
    await bucketlog(folder, ["token", "revoke", "ben", ...who]);
    const listed = async (asOf: string) =>
      (await bucketlog(folder, ["token", "list", "--as-of", asOf])).out;
    expect(await listed("@4")).toBe("ben                   read    all namespaces\n");
    expect([await listed("@3"), await listed("@5")]).toEqual(["", ""]);
    const version = await bucketlog(folder, ["token", "list", "--as-of", "3"]);
    expect(version).toMatchObject({
      code: 2,
      err: expect.stringContaining("as_of=3 is a version"),
    });
    const log = await bucketlog(folder, ["log", "--namespace", "*", "--actor", "cleo", "--json"]);
    const events = log.out.trimEnd().split("\n");
    expect(events.map((event) => JSON.parse(event))).toMatchObject([
      { type: "token.revoked", actor: "cleo", reason: "she left" },
      { type: "token.created", actor: "cleo" },
    ]);
  });

  test("of a file that is held elsewhere exits 5 and names the holder", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    await using store = await openBuckets({ file });
    const ran = await bucketlog(folder, ["token", "create", "ben"]);
    expect(ran.code).toBe(5);
    expect(ran.err).toContain(`open for writing in process ${process.pid}`);
    expect(ran.err).toContain("read it anyway:");
    expect((await store.head()).position).toBe(3);
  });
});

describe("doctor", () => {
  test("finds a good file well, and exits 0", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const ran = await bucketlog(folder, ["doctor"]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("✓ file: buckets.db holds 3 events, and they verify");
  });

  test("tells which files others can read, and mends them when it is asked to", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    expect((await bucketlog(folder, ["doctor"])).out).toContain("✓ modes: ");
    const file = join(folder, "buckets.db");
    mkdirSync(`${file}.blobs`);
    const names = readdirSync(folder).filter((name) => name.startsWith("buckets.db"));
    for (const name of names) chmodSync(join(folder, name), 0o777);
    const told = await bucketlog(folder, ["doctor"]);
    expect(told.code).toBe(1);
    const modes = /✗ modes: others can read or write (.*): bucketlog/.exec(told.out)?.[1];
    expect(modes?.split(", ").toSorted()).toEqual(names.toSorted());
    const mended = await bucketlog(folder, ["doctor", "--repair-modes"]);
    expect(mended.code, mended.out).toBe(0);
    for (const name of names) {
      const mode = name.endsWith(".blobs") ? 0o700 : 0o600;
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, mode]);
    }
  });

  test("names a key that is gone, and leaves everything as it was", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    {
      await using store = await openBuckets({ file });
      await store.namespace().buckets.patch("videos", { source_adapter: { adapter_type: "mux" } });
    }
    rmSync(`${file}.key`);
    // SQLite keeps the WAL and its index there, while and after it reads.
    const files = () => readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name));
    const before = files();
    const ran = await bucketlog(folder, ["doctor"]);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/✗ secrets: .* holds 1 sealed secrets, and there is no .*\.key/);
    expect(files()).toEqual(before);
  });

  test("names what is not well, with a fix, and exits 1", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "buckets.db"), "not a database at all, but some text");
    writeFileSync(join(folder, "buckets.db.key"), "ab".repeat(32), { mode: 0o644 });
    const ran = await bucketlog(folder, ["doctor"]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain("✗ file: ");
    expect(ran.out).toContain("✗ secret key: others can read buckets.db.key: chmod 600");
  });
});

describe("serve", () => {
  test.each([
    ["in a file", ["seeded.db"]],
    ["until it ends", ["--ephemeral"]],
  ])("shows the tokens of a seed to whoever looks on, and to no log, %s", async (_, args) => {
    const folder = temporaryFolder();
    const body = { name: "reader", permission: "read" };
    const seed = JSON.stringify({ command: "create_token", body });
    writeFileSync(join(folder, "seed.ndjson"), seed);
    const served = [...args, "--seed", "seed.ndjson"];
    const unseen = await bucketlogServed(folder, served, { isWatched: false });
    expect(unseen.err).toContain('"tokens":["reader"]');
    expect(unseen.err).not.toContain("shown this once");
    const other = temporaryFolder();
    writeFileSync(join(other, "seed.ndjson"), seed);
    const seen = await bucketlogServed(other, served, { isWatched: true });
    expect(seen.err).toMatch(/^token of reader, shown this once: \S+\n/);
  });

  test("refuses a reset without a store that forgets, and a seed that does not fit", async () => {
    const folder = temporaryFolder();
    const reset = await bucketlog(folder, ["serve", "--allow-reset", "--port", "0"]);
    expect(reset.code).toBe(2);
    expect(reset.err).toContain("--allow-reset needs --ephemeral");
    writeFileSync(join(folder, "seed.ndjson"), '{"command":"create","body":{}}\n');
    const seed = await bucketlog(folder, ["serve", "--ephemeral", "--seed", "seed.ndjson"]);
    expect(seed.code).toBe(2);
    expect(seed.err).toContain("Line 1 of the seed was refused");
  });
});
