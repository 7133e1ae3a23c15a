/** The end of the log is known outside of the database: one that ends before it is not opened. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openWriter } from "../../src/engines/sqlite/connection.js";
import { readKnownHead } from "../../src/engines/sqlite/known-head.js";
import { WalKeeper } from "../../src/engines/sqlite/wal-keeper.js";
import { openBuckets } from "../../src/index.js";
import { sqliteBackend, temporaryFile, temporaryFolder } from "../support/backends.js";
import { accept, Units } from "../support/units.js";

/** A closed file with so many events, as its copy and its later self. */
async function grown(units = new Units()) {
  const first = sqliteBackend();
  await accept(first.events, units.of(units.create("a")));
  await first.close();
  const { file } = first;
  copyFileSync(file, `${file}.old`);
  const second = sqliteBackend({ file });
  await accept(second.events, units.of(units.patch("a", { description: "later" })));
  await second.close();
  return { file, old: `${file}.old` };
}

function refusal(file: string, readOnly = false): unknown {
  try {
    sqliteBackend({ file, readOnly });
  } catch (error) {
    return error;
  }
  throw new Error("it opened");
}

const headOf = (file: string) => JSON.parse(readFileSync(`${file}.head`, "utf8"));
const truncated = (message: RegExp) => ({
  code: "LOG_TRUNCATED",
  message: expect.stringMatching(message),
});

describe("a log that ends before the head that was known", () => {
  test("is noted when the store closes, for its owner alone", async () => {
    const { file } = await grown();
    const { events } = sqliteBackend({ file });
    const head = await events.head();
    const { logId } = await events.tree.identity();
    expect(headOf(file)).toEqual({
      log_id: logId,
      position: 2,
      hash: Buffer.from(head.hash).toString("hex"),
      recorded_at: head.recordedAt,
    });
    expect(statSync(`${file}.head`).mode & 0o777).toBe(0o600);
  });

  test("because an old copy took its place, is opened by nobody, and left as it is", async () => {
    const { file, old } = await grown();
    copyFileSync(old, file);
    const before = readFileSync(file);
    for (const readOnly of [false, true]) {
      expect(refusal(file, readOnly)).toMatchObject({
        ...truncated(/ends at position 1, and 2 was on the disk .*put back/),
        details: { position: 1, known_position: 2 },
      });
    }
    expect(readFileSync(file)).toEqual(before);
  });

  test("because one went on that was older, is known by the hash", async () => {
    const units = new Units();
    const { file, old } = await grown(units);
    const head = readFileSync(`${file}.head`);
    copyFileSync(old, file);
    rmSync(`${file}.head`);
    const other = sqliteBackend({ file });
    for (const description of ["other", "and more"]) {
      await accept(other.events, units.of(units.patch("a", { description })));
    }
    await other.close();
    writeFileSync(`${file}.head`, head);
    expect(refusal(file)).toMatchObject(truncated(/has another history than the one/));
  });

  test("because it is another store, is known by the id of the log", async () => {
    const [one, other] = [await grown(), await grown(new Units(0))];
    copyFileSync(other.file, one.file);
    expect(refusal(one.file)).toMatchObject(truncated(/has another history than the one/));
  });

  test("because a bit of its WAL flipped, is opened by nobody, who would take the rest away", async () => {
    const { file, events } = sqliteBackend();
    const units = new Units();
    for (const name of ["a", "b", "c", "d"]) await accept(events, units.of(units.create(name)));
    await expect.poll(() => existsSync(`${file}.head`)).toBe(true);
    const copy = join(temporaryFolder(), "store.db");
    for (const suffix of ["", "-wal", ".head"]) copyFileSync(file + suffix, copy + suffix);
    const whole = sqliteBackend({ file: copy, readOnly: true });
    expect((await whole.events.head()).position).toBe(4);
    await whole.close();
    const wal = readFileSync(`${copy}-wal`);
    const middle = middleOf(wal);
    wal[middle] = (wal[middle] ?? 0) ^ 1;
    writeFileSync(`${copy}-wal`, wal);
    rmSync(`${copy}-shm`, { force: true });
    for (const readOnly of [false, true, false]) {
      expect(refusal(copy, readOnly)).toMatchObject(truncated(/and 4 was on the disk/));
    }
    expect(readFileSync(`${copy}-wal`)).toEqual(wal);
  });

  describe("because its WAL was cut behind the newest note", () => {
    /** What a process leaves that was killed before it noted anything; of the WAL, what is left of it. */
    async function cut(keep: (wal: Buffer) => Buffer) {
      const { file, events } = sqliteBackend();
      const units = new Units();
      for (const name of ["a", "b", "c"]) await accept(events, units.of(units.create(name)));
      const copy = join(temporaryFolder(), "store.db");
      for (const suffix of ["", ".last"]) copyFileSync(file + suffix, copy + suffix);
      writeFileSync(`${copy}-wal`, keep(readFileSync(`${file}-wal`)));
      return copy;
    }
    const withoutEnd = (wal: Buffer) => wal.subarray(0, endOf(wal) - frameBytesOf(wal));

    test("is opened by nobody", async () => {
      const file = await cut(withoutEnd);
      for (const readOnly of [true, false]) {
        expect(refusal(file, readOnly)).toMatchObject({
          ...truncated(/ends at position 2, and 3 was on the disk/),
          details: { position: 2, known_position: 3 },
        });
      }
      await (await openBuckets({ file, acceptTruncation: true })).close();
      expect((await sqliteBackend({ file, readOnly: true }).events.head()).position).toBe(3);
    });

    test("is told from one that is whole", async () => {
      const file = await cut((wal) => wal);
      expect((await sqliteBackend({ file }).events.head()).position).toBe(3);
    });

    test.each([
      ["was torn", (text: string) => text.replace('"position":3', '"position":9')],
      ["is half there", (text: string) => text.slice(0, 40)],
      ["is empty", () => ""],
    ])("is not told by what %s", async (_, change) => {
      const file = await cut(withoutEnd);
      const last = `${file}.last`;
      writeFileSync(last, change(readFileSync(last, "utf8")));
      expect((await sqliteBackend({ file }).events.head()).position).toBe(2);
    });
  });

  test("is found by verify, of a file whose end was cut off under its reader", async () => {
    const { file } = await grown();
    const { keeper } = sqliteBackend({ file });
    const known = headOf(file);
    writeFileSync(`${file}.head`, JSON.stringify({ ...known, position: 3 }));
    expect(await keeper.verify(undefined, () => {})).toMatchObject({
      ok: false,
      fault: { position: 3, problem: expect.stringContaining("cut off") },
    });
  });

  test.each(["", "{}", "not JSON"])("cannot be told where the note is %j", async (text) => {
    const { file } = await grown();
    writeFileSync(`${file}.head`, text);
    expect(refusal(file)).toMatchObject({
      code: "FILE_INVALID",
      message: expect.stringMatching(/\.head is damaged: .*--expect.* remove it/),
    });
  });
});

describe("a truncation that is accepted", () => {
  test("is the first thing that the log says from then on, and the view is its fold", async () => {
    const { file, old } = await grown();
    copyFileSync(old, file);
    const { known_hash: knownHash } = z
      .object({ known_hash: z.string() })
      .parse(Reflect.get(Object(refusal(file)), "details"));
    for (const time of ["first", "again"]) {
      await using store = await openBuckets({ file, acceptTruncation: true, actor: "ana" });
      expect(await store.head(), time).toMatchObject({ position: 2 });
      const page = await store.events({ after: 1, namespace: "*" }).page();
      expect(page?.results).toMatchObject([
        {
          type: "log.truncated",
          namespace: "_log",
          actor: "ana",
          stream: expect.stringMatching(/^log_/),
          changes: [
            {
              path: "/truncations",
              value: [{ position: 1, known_position: 2, known_hash: knownHash }],
            },
          ],
        },
      ]);
      expect(await store.verify()).toMatchObject({ ok: true, events: 2 });
      expect(await store.rebuild()).toMatchObject({ differences: 0 });
    }
    expect(headOf(file).position).toBe(2);
    const { events } = sqliteBackend({ file });
    expect((await events.head()).position).toBe(2);
  });

  test("for reading changes nothing", async () => {
    const { file, old } = await grown();
    copyFileSync(old, file);
    {
      await using store = await openBuckets({ file, acceptTruncation: true, readOnly: true });
      expect(await store.head()).toMatchObject({ position: 1 });
    }
    expect(refusal(file)).toMatchObject({ code: "LOG_TRUNCATED" });
  });

  test("a second time is said beside the first", async () => {
    const { file, old } = await grown();
    for (const known of [1, 2]) {
      const before = readFileSync(file);
      {
        await using store = await openBuckets({ file });
        await store.namespace().buckets.patch("a", { metadata: { known } });
      }
      writeFileSync(file, before);
      await (await openBuckets({ file, acceptTruncation: true })).close();
    }
    expect(existsSync(old)).toBe(true);
    const { events } = sqliteBackend({ file });
    const { logId } = await events.tree.identity();
    expect(await events.stateAt(logId, 2)).toMatchObject({
      kind: "log",
      document: { truncations: [{ position: 2 }, { position: 3 }] },
    });
  });

  test("can be named by no user: its namespace is none", async () => {
    await using store = await openBuckets({ file: ":memory:" });
    expect(() => store.namespace("_log")).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });
});

describe("a file without a log", () => {
  const beside: readonly [string, (file: string) => void][] = [
    [".blobs", (file) => mkdirSync(`${file}.blobs/ab`, { recursive: true })],
    [".key", (file) => writeFileSync(`${file}.key`, "")],
    [".sign", (file) => writeFileSync(`${file}.sign`, "")],
    [
      ".head",
      (file) =>
        writeFileSync(
          `${file}.head`,
          JSON.stringify({ log_id: "log_1", position: 1, hash: "", recorded_at: 0 }),
        ),
    ],
  ];

  describe.each(beside)("beside which lies a %s", (suffix, make) => {
    test.each([
      ["0 bytes", (file: string) => appendFileSync(file, "")],
      ["no tables", (file: string) => openWriter(file, "full").close()],
    ])("that has %s is not begun anew", (_, begin) => {
      const file = temporaryFile();
      make(file);
      begin(file);
      const before = readdirSync(join(file, ".."));
      expect(refusal(file)).toMatchObject({
        ...truncated(/holds no log, and .* is of one: put the database back/),
        details: { beside: `${file}${suffix}` },
      });
      const added = readdirSync(join(file, "..")).filter((name) => !before.includes(name));
      // Of the lock, and of SQLite's reading.
      expect(added.filter((name) => !/\.lock$|-wal$|-shm$/.test(name))).toEqual([]);
    });
  });

  test("may begin beside a key alone, when it is not there, and beside an empty folder", async () => {
    const file = temporaryFile();
    writeFileSync(`${file}.key`, "ab".repeat(32));
    mkdirSync(`${file}.blobs`);
    expect((await sqliteBackend({ file }).events.head()).position).toBe(0);
  });
});

describe("the WAL", () => {
  test("is copied right after the tables were made: the database alone is one", async () => {
    const { file } = sqliteBackend();
    const copy = join(temporaryFolder(), "copy.db");
    copyFileSync(file, copy);
    expect((await sqliteBackend({ file: copy, readOnly: true }).events.head()).position).toBe(0);
  });

  function keeping(durability: "full" | "relaxed") {
    const file = temporaryFile();
    const db = openWriter(file, durability);
    let now = 0;
    const keeper = new WalKeeper({ file, durability, logId: "log_1", now: () => now });
    const write = (position: number) => {
      db.exec("CREATE TABLE IF NOT EXISTS t (a INTEGER) STRICT");
      db.exec(`INSERT INTO t VALUES (${position})`);
      keeper.committed({ position, hash: Buffer.of(position), recordedAt: position });
    };
    const pass = async (ms: number, connection = db) => {
      now += ms;
      keeper.keepUp(connection);
      await keeper.noted();
    };
    /** What the database holds without its WAL. */
    const copied = () => {
      const copy = join(temporaryFolder(), "copy.db");
      copyFileSync(file, copy);
      const alone = new Database(copy);
      const there = alone.prepare("SELECT 1 FROM sqlite_schema WHERE name = 't'").get();
      const newest = there === undefined ? 0 : alone.prepare("SELECT max(a) FROM t").pluck().get();
      alone.close();
      return newest;
    };
    const known = () => (existsSync(`${file}.head`) ? headOf(file).position : 0);
    const last = () => readKnownHead(file)?.position ?? 0;
    return { file, db, keeper, write, pass, copied, known, last };
  }

  test("is copied once nothing was written for 5 s, and each minute while something is", async () => {
    const { db, write, pass, copied } = keeping("full");
    write(1);
    await pass(4_999);
    expect(copied()).toBe(0);
    await pass(1);
    expect(copied()).toBe(1);
    for (let position = 2; position < 17; position += 1) {
      write(position);
      await pass(4_000);
    }
    expect(copied()).toBe(16);
    db.close();
  });

  test("is on the disk with every commit, and the head noted with the next second", async () => {
    const { file, db, keeper, write, pass, copied, known, last } = keeping("full");
    write(1);
    expect([known(), last()]).toEqual([0, 1]);
    expect(statSync(`${file}.last`).mode & 0o777).toBe(0o600);
    await pass(1_000);
    expect([known(), copied()]).toEqual([1, 0]);
    write(2);
    expect([known(), last()]).toEqual([1, 2]);
    await keeper.settle(db);
    expect([known(), existsSync(`${file}.last`)]).toEqual([2, false]);
    write(3);
    expect([known(), last()]).toEqual([2, 3]);
    db.close();
  });

  test("may be behind an unsynced note after a power cut, with relaxed durability: there is none", () => {
    const { file, db, write, last } = keeping("full");
    write(1);
    const relaxed = new WalKeeper({ file, durability: "relaxed", logId: "log_1" });
    relaxed.committed({ position: 2, hash: Buffer.of(2), recordedAt: 2 });
    expect(last()).toBe(0);
    db.close();
  });

  test("goes on where the last commit cannot be noted", () => {
    const { file, db, write, last } = keeping("full");
    mkdirSync(`${file}.last`);
    write(1);
    rmSync(`${file}.last`, { recursive: true });
    write(2);
    expect(last()).toBe(2);
    db.close();
  });

  test("is not, with relaxed durability: the head is what was copied", async () => {
    const { db, write, pass, known } = keeping("relaxed");
    write(1);
    await pass(1_000);
    expect(known()).toBe(0);
    await pass(4_000);
    expect(known()).toBe(1);
    write(2);
    await pass(1_000);
    expect(known()).toBe(1);
    db.close();
  });

  test("that cannot be copied is told at once, until it can", async () => {
    const { file, db, keeper, write, pass, copied } = keeping("full");
    write(1);
    const broken = new Database(file);
    broken.close();
    await pass(5_000, broken);
    expect(keeper.check()).toMatchObject({
      status: "fail",
      says: expect.stringMatching(/in the WAL alone, which cannot be copied/),
    });
    expect(copied()).toBe(0);
    await pass(1_000);
    expect(keeper.check()).toMatchObject({ status: "pass" });
    expect(copied()).toBe(1);
    db.close();
  });

  test("that a reader keeps from being copied is told after 30 s", async () => {
    const { file, db, keeper, write, pass } = keeping("full");
    write(1);
    const reader = new Database(file, { readonly: true });
    reader.exec("BEGIN");
    expect(reader.prepare("SELECT max(a) FROM t").pluck().get()).toBe(1);
    write(2);
    await pass(5_000);
    await pass(29_999);
    expect(keeper.check()).toMatchObject({ status: "pass" });
    await pass(1);
    expect(keeper.check()).toMatchObject({
      status: "warn",
      says: expect.stringMatching(/last copied 35 s ago: somebody reads an old state/),
    });
    reader.close();
    await pass(1_000);
    expect(keeper.check()).toMatchObject({ status: "pass" });
    db.close();
  });

  test("that cannot be noted is told, until it can", async () => {
    const { file, db, keeper, write, pass, known } = keeping("full");
    mkdirSync(`${file}.head.next`);
    write(1);
    await pass(1_000);
    expect(keeper.check()).toMatchObject({
      status: "fail",
      says: expect.stringMatching(/in the WAL alone, .*: EISDIR/),
    });
    rmSync(`${file}.head.next`, { recursive: true });
    await pass(1_000);
    expect(keeper.check()).toMatchObject({ status: "pass" });
    expect(known()).toBe(1);
    db.close();
  });
});

function middleOf(wal: Buffer): number {
  return Math.floor(endOf(wal) / 2);
}

/** Of the frames that count: behind them lie those of before the last checkpoint, with other salts. */
function endOf(wal: Buffer): number {
  const salts = wal.subarray(16, 24);
  let end = 32;
  while (end < wal.length && wal.subarray(end + 8, end + 16).equals(salts))
    end += frameBytesOf(wal);
  return end;
}

function frameBytesOf(wal: Buffer): number {
  return 24 + wal.readUInt32BE(8);
}
