/**
 * Tampering: whoever can write the file can drop its triggers and change anything. Each change to a
 * log of 40 events must be found, at the position where it is; then rebuilding mends the view.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ExpectedHead, VerifyReport } from "../../src/domain/reports.js";
import { documentOf } from "../../src/domain/resource.js";
import { LogReader, LogWriter } from "../../src/engines/sqlite/log-sql.js";
import { openBuckets } from "../../src/index.js";
import { viewTables } from "../../src/projections/projections.js";
import { nextTurn } from "../../src/timers.js";
import { sqliteBackend, temporaryFile } from "../support/backends.js";
import { dayMs } from "../support/clock.js";
import { deepTest, isDeep } from "../support/depth.js";
import { forge, tamper } from "../support/forge.js";
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
  expect(report).toMatchObject({ ok: true, events: eventsMade, head: headOf(file) });
});

describe("a rebuild", () => {
  /** Rows enough for many slices. */
  async function large() {
    const backend = sqliteBackend();
    const units = new Units();
    const metadata = { text: "x".repeat(1_000) };
    for (let made = 0; made < 1_500; made += 500) {
      const create = (_: unknown, n: number) => units.of(units.create(`${made + n}`, { metadata }));
      await backend.events.commit(Array.from({ length: 500 }, create));
    }
    return { ...backend, units };
  }
  const pages = (file: string, pragma: string) => {
    const db = new Database(file, { readonly: true });
    const count = z.number().parse(db.pragma(pragma, { simple: true }));
    db.close();
    return count;
  };

  deepTest("gives the pages back that it needed, and leaves no table", async () => {
    const { file, keeper } = await large();
    const before = pages(file, "page_count");
    expect(await keeper.rebuild(ignore)).toMatchObject({ differences: 0 });
    expect(pages(file, "freelist_count")).toBe(0);
    expect(pages(file, "page_count")).toBeLessThan(before * 1.1);
    expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
    const tables = tamper(file, (db) => db.prepare("SELECT name FROM sqlite_schema").pluck().all());
    expect(tables.filter((name) => /_(rebuild|replaced)$/.test(String(name)))).toEqual([]);
  });

  deepTest(
    "compares while others write, and what they wrote meanwhile is in its view",
    async () => {
      const { file, events, keeper, units } = await large();
      tamper(file, (db) => db.exec("UPDATE buckets SET state = '{}' WHERE rowid = 7"));
      let writes = 0;
      let isOver = false;
      const writing = (async () => {
        while (!isOver) {
          writes += 1;
          const created = await events.commit([units.of(units.create(`meanwhile ${writes}`))]);
          expect(created).toMatchObject([{ kind: "committed" }]);
          await nextTurn();
        }
      })();
      const report = await keeper.rebuild(ignore);
      isOver = true;
      await writing;
      expect(report.differences).toBe(1);
      expect(report.replayed).toBeGreaterThan(1_500);
      expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
    },
  );

  test("that was cut short is cleared away by the next opening", async () => {
    const { file, close } = await large();
    await close();
    tamper(file, (db) => {
      db.exec("CREATE TABLE buckets_rebuild (a TEXT) STRICT");
      db.exec("CREATE TABLE objects_replaced (a TEXT) STRICT");
    });
    expect(await verify(file)).toMatchObject({ ok: true });
    const { keeper } = sqliteBackend({ file });
    await keeper.bringUpToDate(ignore);
    const left = tamper(file, (db) =>
      db.prepare("SELECT count(*) FROM sqlite_schema WHERE name GLOB '*_re[bp]*'").pluck().get(),
    );
    expect(left).toBe(0);
  });
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
      for (const position of isDeep ? [1, 12, 27, eventsMade] : [12]) {
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
  test("and tells what cannot have happened is found there", async () => {
    const file = await write40();
    // The second bucket takes the name of the first.
    forge(file, ({ position }, body) => ({
      body: position === 2 ? body.replace('"1"', '"0"') : body,
    }));
    expect(await verify(file)).toMatchObject(foundAt(2, "cannot have happened"));
  });

  test("and cannot be read is found there", async () => {
    const file = await write40();
    forge(file, ({ position }, body) => ({ body: position === 20 ? "{}" : body }));
    expect(await verify(file)).toMatchObject(foundAt(20, "cannot be read"));
  });

  test("and is consistent in itself is found by the view, and by a noted head", async () => {
    const file = await write40();
    const noted = headOf(file);
    forge(file, (_, body) => ({
      body: body.replace("vision", "vanity").replace("search", "vanity"),
    }));
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
    ["an edited blame", "UPDATE buckets SET blame = '7' WHERE position = 36", 36, 1],
    ["an edited column", "UPDATE buckets SET version = 4 WHERE position = 36", 36, 1],
    ["an edited total", "UPDATE namespace_totals SET bucket_count = 9", eventsMade, 1],
    ["a deleted total", "DELETE FROM namespace_totals", eventsMade, 1],
    ["an extra total", "INSERT INTO namespace_totals VALUES ('nobody', 1, 1, '1')", 0, 1],
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
      `INSERT INTO buckets SELECT 'bkt_extra', namespace, created_at, version, position, is_deleted, state, blame
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

  test.each(isDeep ? edits : edits.slice(0, 4))(
    "%s is found, and mended by a rebuild that tells of it",
    async (_, sql, position, differences) => {
      const file = await write40();
      const untouched = dump(file);
      tamper(file, (db) => db.exec(sql));
      expect(await verify(file)).toMatchObject(foundAt(position, "fold"));
      const { keeper, view, close } = sqliteBackend({ file });
      expect(await keeper.rebuild(ignore)).toEqual({ replayed: eventsMade, rows: 17, differences });
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

  deepTest(
    "rebuilt, is the same row for row as the live one, indexes included, twice and a day later",
    async () => {
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
    },
  );

  test("that was edited under a running store is mended for its next write too", async () => {
    const file = await write40();
    const { events, keeper } = sqliteBackend({ file });
    const units = new Units();
    tamper(file, (db) =>
      db.exec("UPDATE buckets SET state = replace(state, 'second', 'forged') WHERE position = 36"),
    );
    const misled = await accept(events, units.of(units.patch("3", { metadata: { n: 1 } })));
    expect(documentOf(misled.state)["description"]).toBe("forged");
    expect(await keeper.rebuild(ignore)).toMatchObject({ differences: 1 });
    const mended = await accept(events, units.of(units.patch("3", { metadata: { n: 2 } })));
    expect(documentOf(mended.state)["description"]).toBe("second");
    expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
  });

  deepTest(
    "tells, of a row of any kind, whose events it is not made from and where they end",
    async () => {
      const { file, ids } = await writeEveryKind();
      const names = viewTables.map(({ name }) => name);
      const tables = names.filter((table) => rowsOf(file, table) > 0);
      expect(names.filter((table) => !tables.includes(table))).toEqual(["snapshots"]);
      for (const table of tables) {
        const copy = `${file}.${table}`;
        copyFileSync(file, copy);
        tamper(copy, (db) => db.exec(`DELETE FROM ${table}`));
        const { fault } = await verify(copy);
        const told = /the fold of the events of (the namespace )?(\w+)$/;
        const [, isNamespace, stream = ""] = told.exec(fault?.problem ?? "") ?? [];
        const column = isNamespace === undefined ? "stream" : "namespace";
        const position = lastPosition(file, column, stream);
        expect({ table, fault }).toMatchObject({ table, fault: { position } });
        const own = ids[table];
        if (own !== undefined) expect(stream, table).toBe(own);
      }
    },
  );

  /** A store with a resource of every kind, and what makes a row in every table but of snapshots. */
  async function writeEveryKind() {
    const file = temporaryFile();
    const store = await openBuckets({ file });
    const namespace = store.namespace();
    const { bucket } = await namespace.buckets.create({
      bucket_name: "clips",
      bucket_schema: { properties: { note: { type: "text" } } },
      source_adapter: {
        adapter_type: "generic_webhook",
        webhook_secret: "secret-of-the-test",
        batching: {},
      },
    });
    const id = bucket.bucket_id;
    const blobs = [{ property: "note", type: "text", data: "n".repeat(20_000) }];
    const { object } = await namespace.objects(id).create({ blobs });
    const objects = { object_ids: [object.object_id] };
    const { batch } = await namespace.batches(id).create(objects);
    const announced = { filename: "a.txt", content_type: "text/plain", blob_property: "note" };
    const { upload } = await namespace.uploads(id).create(announced);
    const { connection } = await namespace.connections.create({ name: "mux" });
    const source = { connection_id: connection.connection_id, source_path: "films" };
    const { sync } = await namespace.syncs(id).create(source);
    const made = await store.namespaces.create({ namespace_name: "default" });
    const guest = await store.tokens.create({ name: "guest", permission: "read" });
    const headers = { "x-mixpeek-secret": ["secret-of-the-test"] };
    await store.ingest(id, { headers, body: Buffer.from("{}") });
    const { results } = await namespace.sourceAdapter(id).deliveries();
    await namespace.buckets.create({ bucket_name: "b", bucket_schema: { properties: {} } });
    await namespace.buckets.delete("b");
    await store.close();
    const known = z
      .looseObject({ log_id: z.string(), position: z.number() })
      .parse(JSON.parse(readFileSync(`${file}.head`, "utf8")));
    writeFileSync(`${file}.head`, JSON.stringify({ ...known, position: known.position + 1 }));
    await (await openBuckets({ file, acceptTruncation: true })).close();
    const ids: Readonly<Record<string, string | undefined>> = {
      objects: object.object_id,
      batches: batch.batch_id,
      uploads: upload.upload_id,
      deliveries: results[0]?.delivery_id,
      connections: connection.connection_id,
      syncs: sync.sync_config_id,
      namespaces: made.namespace.namespace_id,
      logs: known.log_id,
      access_tokens: guest.token_id,
    };
    return { file, ids };
  }

  function rowsOf(file: string, table: string): number {
    const rows = tamper(file, (db) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    return z.number().parse(rows);
  }

  function lastPosition(file: string, column: "stream" | "namespace", value: string): number {
    const sql = `SELECT max(position) FROM events WHERE ${column} = ?`;
    return z.number().parse(tamper(file, (db) => db.prepare(sql).pluck().get(value)));
  }

  test("is not rebuilt from a log that has a gap or does not reach its head", async () => {
    for (const where of ["position = 20", "position > 35"]) {
      const file = await write40();
      const before = dump(file);
      tamper(file, (db) => db.exec(`DELETE FROM events WHERE ${where}`));
      const { keeper, close } = sqliteBackend({ file });
      await expect(keeper.rebuild(ignore)).rejects.toMatchObject({ code: "TAMPERED" });
      await close();
      expect(dump(file)).toEqual(before);
    }
  });

  /** The schema and every row of the view. */
  function dump(file: string): unknown {
    const db = new Database(file, { readonly: true });
    const rows = viewTables.map(({ name: table }) =>
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
