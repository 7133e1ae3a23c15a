/** A file whose pages or schema are not what they were is told as that, with what helps, and exits 4. */
import { openSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkPages } from "../../src/engines/sqlite/page-check.js";
import { sqliteBackend } from "../support/backends.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";
import { raw } from "../support/sqlite.js";
import { accept, Units } from "../support/units.js";

const ignore = () => {};

/** A closed file whose tables have more than one page each. */
async function closedFile(): Promise<string> {
  const { file, events, close } = sqliteBackend();
  const units = new Units();
  for (let made = 0; made < 30; made += 1) {
    const metadata = { text: "x".repeat(500) };
    await accept(events, units.of(units.create(`bucket ${made}`, { metadata })));
  }
  await close();
  return file;
}

async function verify(file: string) {
  const { keeper, close } = sqliteBackend({ file, readOnly: true });
  const report = await keeper.verify(undefined, ignore);
  await close();
  return report;
}

const pageBytes = 4_096;

/** Writes garbage over the page that a tree begins with. */
function damageRoot(file: string, name: string): void {
  const root = raw(file, (db) => {
    const rootPage = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").pluck();
    return z.number().parse(rootPage.get(name));
  });
  writeSync(
    openSync(file, "r+"),
    Buffer.alloc(pageBytes, 0xa5),
    0,
    pageBytes,
    (root - 1) * pageBytes,
  );
}

describe("a page that is damaged", () => {
  test("of the view is named with its table, and rebuild is the cure", async () => {
    const file = await closedFile();
    damageRoot(file, "buckets");
    expect(await verify(file)).toMatchObject({
      ok: false,
      events: 30,
      fault: {
        position: 0,
        problem: expect.stringMatching(
          /^page \d+ of the table buckets is damaged: bucketlog rebuild/,
        ),
      },
    });
  });

  test.each([
    ["here", Number.MAX_SAFE_INTEGER],
    ["in a thread", -1],
  ])(
    "is found by a look at the pages %s, which tells the size of the file",
    async (_, threadFromBytes) => {
      const file = await closedFile();
      const { size } = statSync(file);
      expect(await checkPages(file, threadFromBytes)).toEqual({ bytes: size });
      damageRoot(file, "tokens");
      expect(await checkPages(file, threadFromBytes)).toEqual({
        bytes: size,
        problem: expect.stringMatching(
          /^page \d+ of the table tokens is damaged: restore a backup$/,
        ),
      });
    },
  );

  test("of an index that lost a row is named with its table, though every row can be read", async () => {
    const file = await closedFile();
    raw(file, (db) => {
      db.unsafeMode();
      db.pragma("writable_schema = ON");
      const sql = z
        .string()
        .parse(
          db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'events_by_time'").pluck().get(),
        );
      const partial = `${sql} WHERE position <> 7`;
      db.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'events_by_time'").run(partial);
      db.pragma("writable_schema = RESET");
    });
    raw(file, (db) => db.exec("REINDEX events_by_time"));
    raw(file, (db) => {
      db.unsafeMode();
      db.pragma("writable_schema = ON");
      db.exec(
        "UPDATE sqlite_schema SET sql = replace(sql, ' WHERE position <> 7', '') WHERE name = 'events_by_time'",
      );
      db.pragma("writable_schema = RESET");
    });
    expect(await verify(file)).toMatchObject({
      ok: false,
      fault: {
        problem: "the index events_by_time does not fit its table events: restore a backup",
      },
    });
  });

  test("of the log is named with the first position that cannot be read, and a backup is the cure", async () => {
    const file = await closedFile();
    damageRoot(file, "events");
    expect(await verify(file)).toMatchObject({
      ok: false,
      fault: {
        position: 1,
        problem: expect.stringMatching(/page \d+ of the table events is damaged: restore a backup/),
      },
    });
  });

  test("of the head is told, and what is in it that cannot be", async () => {
    const file = await closedFile();
    raw(file, (db) => db.exec("UPDATE head SET hash = x'00', position = 30"));
    expect((await verify(file)).ok).toBe(false);
    const other = await closedFile();
    damageRoot(other, "reservations");
    expect(await verify(other)).toMatchObject({
      fault: { problem: expect.stringMatching(/page \d+ of the table reservations/) },
    });
  });

  test.each(["verify", "doctor"])("is told by %s in a line, which exits 4", async (command) => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    damageRoot(file, "events");
    const ran = await bucketlog(folder, [command]);
    expect(ran.code, ran.err).toBe(4);
    expect(ran.out + ran.err).toMatch(/page \d+ of the table events is damaged: restore a backup/);
    expect(ran.out + ran.err).not.toMatch(/ {4}at |"code": "/);
  });

  test.each(["verify", "doctor"])(
    "of the schema itself is told by %s, which exits 4",
    async (command) => {
      const folder = temporaryFolder();
      const file = await makeFile(folder);
      const bytes = readFileSync(file);
      bytes.fill(0xa5, 100, pageBytes);
      writeFileSync(file, bytes);
      const ran = await bucketlog(folder, [command]);
      expect(ran.code, ran.err).toBe(4);
      expect(ran.out + ran.err).toMatch(
        /buckets\.db is damaged \(SQLITE_\w+\): restore a backup, or/,
      );
      expect(ran.out + ran.err).not.toMatch(/ {4}at /);
    },
  );
});

describe("a schema that is not that of the migrations", () => {
  const faults: readonly [string, string, string | RegExp][] = [
    [
      "a trigger that is gone",
      "DROP TRIGGER events_are_never_deleted",
      /^the trigger events_are_never_deleted is missing/,
    ],
    [
      "a trigger that does nothing",
      "DROP TRIGGER events_are_never_deleted; CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN SELECT 1; END",
      /^the trigger events_are_never_deleted is not what it was made as/,
    ],
    ["an index that is gone", "DROP INDEX events_by_time", /^the index events_by_time is missing/],
    ["a table of somebody else", "CREATE TABLE mine (a)", /^the table mine is none of ours/],
    ["another user_version", "PRAGMA user_version = 3", /^user_version is 3, and \d+ was set/],
  ];

  test.each(faults)("is found: %s", async (_, sql, problem) => {
    const file = await closedFile();
    raw(file, (db) => db.exec(sql));
    expect(await verify(file)).toMatchObject({
      ok: false,
      events: 30,
      fault: { position: 0, problem: expect.stringMatching(problem) },
    });
  });

  test("is not one that a rebuild has left, or one that was brought up to date", async () => {
    const file = await closedFile();
    const { keeper, close } = sqliteBackend({ file });
    await keeper.rebuild(ignore);
    await close();
    expect(await verify(file)).toMatchObject({ ok: true });
  });
});
