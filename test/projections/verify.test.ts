/**
 * Tampering: whoever can write the file can drop its triggers and change anything. Each change to a
 * log of 40 events must be found, at the position where it is; then rebuilding mends the view.
 */
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { chainHash, commit, type StoredEvent, zeroHash } from "../../src/eventstore/frame.js";
import { LogReader, LogWriter } from "../../src/eventstore/sqlite/log-sql.js";
import { viewTables } from "../../src/projections/sqlite/view.js";
import type { ExpectedHead, VerifyReport } from "../../src/projections/view.js";
import { sqliteBackend } from "../support/backends.js";
import { dayMs } from "../support/clock.js";
import { accept, Units } from "../support/units.js";

const ignore = () => {};
const eventsMade = 40;

/** Buckets "0" to "7", five events each, in turn: bucket n has the positions n + 1, n + 9, ... */
async function write40(): Promise<string> {
  const { file, events, clock, close } = sqliteBackend();
  const units = new Units();
  const names = ["0", "1", "2", "3", "4", "5", "6", "7"];
  const rounds = [
    (name: string) => units.create(name, { metadata: { team: "vision" } }),
    (name: string) => units.patch(name, { description: "second" }),
    (name: string) => units.lock(name),
    (name: string) => units.unlock(name),
    (name: string) => units.patch(name, { metadata: { team: "search" } }),
  ];
  for (const make of rounds) {
    await events.commit(
      names.map((name) => units.of(make(name), { transactionId: units.id("txn") })),
    );
    clock.advance(1_000);
  }
  await close();
  return file;
}

/** Changes the closed file as somebody who knows SQLite would. */
function tamper<T>(file: string, change: (db: Database.Database) => T): T {
  const db = new Database(file);
  db.pragma("ignore_check_constraints = ON");
  const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck();
  for (const name of triggers.all()) db.exec(`DROP TRIGGER ${name}`);
  const result = change(db);
  db.close();
  return result;
}

async function verify(file: string, expected?: ExpectedHead): Promise<VerifyReport> {
  const { keeper, close } = sqliteBackend({ file, readOnly: true });
  const report = await keeper.verify(expected, ignore);
  await close();
  return report;
}

const foundAt = (position: number, problem = "") => ({
  ok: false,
  fault: { position, problem: expect.stringContaining(problem) },
});

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function headOf(file: string): ExpectedHead {
  return tamper(file, (db) => {
    const { position, hash } = new LogReader(db).head();
    return { position, hash: toHex(hash) };
  });
}

test("an untouched log verifies, all of it", async () => {
  const file = await write40();
  const report = await verify(file, headOf(file));
  expect(report).toEqual({ ok: true, events: eventsMade, head: headOf(file) });
});

describe("one byte changed in", () => {
  const flipText = "CAST(substr(CAST(# AS BLOB), 1, length(CAST(# AS BLOB)) - 1) || '~' AS TEXT)";
  const flipBlob = "CAST(substr(#, 1, 7) || x'00' || substr(#, 9) AS BLOB)";
  const flips: [column: string, expression: string][] = [
    ["position", "# + 1000"],
    ["stream", flipText],
    ["version", "# + 1000"],
    ["namespace", flipText],
    ["bucket_id", flipText],
    ["event_id", flipText],
    ["transaction_id", flipText],
    ["type", flipText],
    ["schema_version", "# + 1"],
    ["recorded_at", "# - 1"],
    ["meta", flipText],
    ["meta_salt", flipBlob],
    ["meta_commitment", flipBlob],
    ["body", flipText],
    ["salt", flipBlob],
    ["commitment", flipBlob],
    ["hash", flipBlob],
  ];

  test("any column of an event is found at its position", async () => {
    const file = await write40();
    const columns = tamper(file, (db) =>
      db.prepare("SELECT name FROM pragma_table_info('events')").pluck().all(),
    );
    expect(flips.map(([column]) => column).sort()).toEqual(columns.sort());
    for (const [column, expression] of flips) {
      for (const position of [1, 12, 27, eventsMade]) {
        const value = expression.replaceAll("#", column);
        tamper(file, (db) => {
          db.exec(
            `CREATE TABLE kept AS SELECT rowid AS at, * FROM events WHERE position = ${position}`,
          );
          db.exec(`UPDATE events SET ${column} = ${value} WHERE position = ${position}`);
        });
        expect(await verify(file), `${column} at ${position}`).toMatchObject(foundAt(position));
        tamper(file, (db) => {
          const where = column === "position" ? position + 1_000 : position;
          db.exec(
            `UPDATE events SET ${column} = (SELECT ${column} FROM kept) WHERE position = ${where}`,
          );
          db.exec("DROP TABLE kept");
        });
      }
    }
    expect(await verify(file)).toMatchObject({ ok: true });
  });

  test("a transaction id that is emptied or taken away is found", async () => {
    for (const value of ["''", "NULL"]) {
      const file = await write40();
      tamper(file, (db) =>
        db.exec(`UPDATE events SET transaction_id = ${value} WHERE position = 12`),
      );
      expect(await verify(file)).toMatchObject(foundAt(12, "hash"));
    }
  });

  test.each(["meta", "meta_salt", "body", "salt"])(
    "%s, erased without an event that says so, is found",
    async (column) => {
      const file = await write40();
      tamper(file, (db) => db.exec(`UPDATE events SET ${column} = NULL WHERE position = 12`));
      expect(await verify(file)).toMatchObject(foundAt(12, "bytes are missing"));
    },
  );
});

describe("the order of events:", () => {
  test.each([1, 20, 39])("a deleted event is found at %i", async (position) => {
    const file = await write40();
    tamper(file, (db) => db.exec(`DELETE FROM events WHERE position = ${position}`));
    expect(await verify(file)).toMatchObject(foundAt(position, "missing"));
  });

  test("a deleted event is found also when those after it close up", async () => {
    const file = await write40();
    tamper(file, (db) => {
      db.exec("DELETE FROM events WHERE position = 20");
      for (let at = 21; at <= eventsMade; at += 1) {
        db.exec(`UPDATE events SET position = ${at - 1} WHERE position = ${at}`);
      }
    });
    expect(await verify(file)).toMatchObject(foundAt(20));
  });

  test("two events that trade places are found at the first of them", async () => {
    const file = await write40();
    tamper(file, (db) =>
      db.exec(`UPDATE events SET position = 99 WHERE position = 20;
               UPDATE events SET position = 20 WHERE position = 21;
               UPDATE events SET position = 21 WHERE position = 99;`),
    );
    expect(await verify(file)).toMatchObject(foundAt(20));
  });

  const insert = (file: string, position: number, version: number) =>
    tamper(file, (db) => {
      const [last] = new LogReader(db).logAfter(eventsMade - 1, 1);
      if (last === undefined) throw new Error("the log is empty");
      new LogWriter(db).append({ ...last, position, version });
    });

  test("an event that was slipped in before the first one is found", async () => {
    const file = await write40();
    insert(file, -5, 6);
    expect(await verify(file)).toMatchObject(foundAt(1));
  });

  test("an event that was added after the head is found", async () => {
    const file = await write40();
    insert(file, eventsMade + 1, 6);
    expect(await verify(file)).toMatchObject(foundAt(eventsMade + 1));
  });
});

describe("the end of the log:", () => {
  test("a tail that was cut off is found by the head, which points beyond", async () => {
    const file = await write40();
    tamper(file, (db) => db.exec("DELETE FROM events WHERE position > 35"));
    expect(await verify(file)).toMatchObject(foundAt(36, "the log ends at 35"));
  });

  test("a head with another hash is found", async () => {
    const file = await write40();
    tamper(file, (db) => db.exec("UPDATE head SET hash = zeroblob(32)"));
    expect(await verify(file)).toMatchObject(foundAt(eventsMade, "head"));
  });

  test("with the head edited too, a cut is found by the view", async () => {
    const file = await write40();
    cut(file, 35);
    expect(await verify(file)).toMatchObject(foundAt(28, "fold"));
  });

  test("with the view rebuilt too, a cut is found only by a head that was noted elsewhere", async () => {
    const file = await write40();
    const noted = headOf(file);
    cut(file, 35);
    const { keeper, close } = sqliteBackend({ file });
    await keeper.rebuild(ignore);
    await close();
    expect(await verify(file)).toMatchObject({ ok: true, events: 35 });
    expect(await verify(file, noted)).toMatchObject(foundAt(36, "cut off"));
  });

  function cut(file: string, at: number): void {
    tamper(file, (db) => {
      db.exec(`DELETE FROM events WHERE position > ${at}`);
      db.exec(
        `UPDATE head SET position = ${at}, hash = (SELECT hash FROM events WHERE position = ${at})`,
      );
    });
  }
});

describe("a log that was forged with all its hashes", () => {
  /** Rewrites every event from what `edit` makes of it, with commitments, chain and head. */
  function forge(file: string, edit: (event: StoredEvent, body: string) => string): void {
    tamper(file, (db) => {
      const log = new LogWriter(db);
      const events = new LogReader(db).logAfter(0, 100);
      db.exec("DELETE FROM events");
      let previous = zeroHash;
      let last: StoredEvent | undefined;
      for (const event of events) {
        const body = Buffer.from(edit(event, Buffer.from(event.body ?? []).toString()));
        const salt = event.salt ?? new Uint8Array();
        const row = { ...event, body, commitment: commit(salt, body) };
        last = { ...row, hash: chainHash(previous, row) };
        previous = last.hash;
        log.append(last);
      }
      if (last !== undefined) log.setHead(last);
    });
  }

  test("and tells what cannot have happened is found there", async () => {
    const file = await write40();
    forge(file, ({ position }, body) =>
      // The second bucket takes the name of the first.
      position === 2 ? body.replace('"1"', '"0"') : body,
    );
    expect(await verify(file)).toMatchObject(foundAt(2, "cannot have happened"));
  });

  test("and cannot be read is found there", async () => {
    const file = await write40();
    forge(file, ({ position }, body) => (position === 20 ? "{}" : body));
    expect(await verify(file)).toMatchObject(foundAt(20, "cannot be read"));
  });

  test("and is consistent in itself is found by the view, and by a noted head", async () => {
    const file = await write40();
    const noted = headOf(file);
    forge(file, (_, body) => body.replace("vision", "vanity").replace("search", "vanity"));
    expect(await verify(file)).toMatchObject(foundAt(33, "fold"));
    expect(await verify(file, noted)).toMatchObject(foundAt(eventsMade, "not the expected"));
  });
});

describe("the view:", () => {
  const edits: [name: string, sql: string, position: number, differences: number][] = [
    [
      "an edited state",
      "UPDATE buckets SET state = replace(state, 'search', 'secret') WHERE position = 36",
      36,
      1,
    ],
    ["an edited column", "UPDATE buckets SET version = 4 WHERE position = 36", 36, 1],
    ["an edited position", "UPDATE buckets SET position = 99 WHERE position = 36", 36, 1],
    [
      "an edited time of creation",
      "UPDATE buckets SET created_at = '2020-01-01T00:00:00.000Z' WHERE position = 36",
      36,
      1,
    ],
    ["two edited rows", "UPDATE buckets SET state = '{}' WHERE position IN (34, 37)", 34, 2],
    ["a deleted row", "DELETE FROM buckets WHERE position = 36", 36, 1],
    ["all rows deleted", "DELETE FROM buckets", 33, 8],
    [
      "an extra row",
      `INSERT INTO buckets SELECT 'bkt_extra', namespace, created_at, version, position, is_deleted, state
       FROM buckets WHERE position = 36`,
      0,
      1,
    ],
    [
      "an edited reservation",
      "UPDATE reservations SET stream = 'bkt_extra' WHERE key = '3'",
      36,
      1,
    ],
    ["a renamed reservation", "UPDATE reservations SET key = 'other' WHERE key = '3'", 36, 2],
    ["a deleted reservation", "DELETE FROM reservations WHERE key = '3'", 36, 1],
    [
      "an extra reservation",
      "INSERT INTO reservations SELECT scope, 'extra', stream FROM reservations WHERE key = '3'",
      36,
      1,
    ],
  ];

  test.each(edits)(
    "%s is found, and mended by a rebuild that tells of it",
    async (_, sql, position, differences) => {
      const file = await write40();
      const untouched = dump(file);
      tamper(file, (db) => db.exec(sql));
      expect(await verify(file)).toMatchObject(foundAt(position, "fold"));
      const { keeper, view, close } = sqliteBackend({ file });
      expect(await keeper.rebuild(ignore)).toEqual({ replayed: eventsMade, rows: 48, differences });
      expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
      expect(await view.find("default", "3")).toMatchObject({ version: 5, position: 36 });
      await close();
      expect(dump(file)).toEqual(untouched);
    },
  );

  test("that was edited is seen by a replay, which leaves the chain to verify", async () => {
    const file = await write40();
    tamper(file, (db) => {
      db.exec("UPDATE events SET hash = zeroblob(32) WHERE position = 3");
      db.exec("UPDATE buckets SET version = 4 WHERE position = 36");
    });
    const { keeper, close } = sqliteBackend({ file, readOnly: true });
    expect(await keeper.replay(ignore)).toMatchObject({
      replayed: eventsMade,
      matches_view: false,
      fault: { position: 36 },
    });
    expect(await keeper.verify(undefined, ignore)).toMatchObject(foundAt(3));
    await close();
  });

  test("is not replayed past a gap, or an event that cannot have happened", async () => {
    for (const [sql, position] of [
      ["DELETE FROM events WHERE position = 5", 5],
      ["UPDATE events SET body = '{}' WHERE position = 9", 9],
    ] as const) {
      const file = await write40();
      tamper(file, (db) => db.exec(sql));
      const { keeper, close } = sqliteBackend({ file, readOnly: true });
      expect(await keeper.replay(ignore)).toMatchObject({
        matches_view: false,
        fault: { position },
      });
      await close();
    }
  });

  test("rebuilt, is the same row for row as the live one, indexes included, twice and a day later", async () => {
    const file = await write40();
    const before = dump(file);
    const { clock, events, close } = sqliteBackend({ file });
    const units = new Units();
    const expiresAt = new Date(clock.now + 1_000_000).toISOString();
    await accept(events, units.of(units.lock("2", expiresAt)));
    await close();
    const locked = dump(file);
    expect(locked).not.toEqual(before);
    const later = sqliteBackend({ file, clock });
    clock.advance(dayMs);
    expect(await later.keeper.rebuild(ignore)).toMatchObject({ differences: 0 });
    expect(await later.keeper.rebuild(ignore)).toMatchObject({ differences: 0 });
    await later.close();
    expect(dump(file)).toEqual(locked);
  });

  test("that was edited under a running store is mended for its next write too", async () => {
    const file = await write40();
    const { events, keeper } = sqliteBackend({ file });
    const units = new Units();
    tamper(file, (db) =>
      db.exec("UPDATE buckets SET state = replace(state, 'second', 'forged') WHERE position = 36"),
    );
    const misled = await accept(events, units.of(units.patch("3", { metadata: { n: 1 } })));
    expect(misled.state.document["description"]).toBe("forged");
    expect(await keeper.rebuild(ignore)).toMatchObject({ differences: 1 });
    const mended = await accept(events, units.of(units.patch("3", { metadata: { n: 2 } })));
    expect(mended.state.document["description"]).toBe("second");
    expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
  });

  test("is not rebuilt from a log that has a gap or does not reach its head", async () => {
    for (const where of ["position = 20", "position > 35"]) {
      const file = await write40();
      const before = dump(file);
      tamper(file, (db) => db.exec(`DELETE FROM events WHERE ${where}`));
      const { keeper, close } = sqliteBackend({ file });
      await expect(keeper.rebuild(ignore)).rejects.toThrow("verify it");
      await close();
      expect(dump(file)).toEqual(before);
    }
  });

  /** The schema and every row of the view. */
  function dump(file: string): unknown {
    const db = new Database(file, { readonly: true });
    const rows = viewTables.map((table) =>
      db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all(),
    );
    const indexes = db
      .prepare("SELECT tbl_name, name FROM sqlite_schema WHERE type = 'index' ORDER BY name")
      .all();
    const tables = z
      .array(z.string())
      .parse(
        db
          .prepare(
            "SELECT sql FROM sqlite_schema WHERE name IN ('buckets', 'reservations') ORDER BY name",
          )
          .pluck()
          .all(),
      )
      .map((sql) => sql.replaceAll('"', ""));
    const names = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all();
    db.close();
    return { rows, indexes, tables, names };
  }
});
