/** SQLite does what we think: settings, schema, triggers, migrations, query plans and a full disk. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { applicationId, openReader } from "../../src/engines/sqlite/connection.js";
import type { SqliteEngine } from "../../src/engines/sqlite/engine.js";
import { LogReader, LogWriter } from "../../src/engines/sqlite/log-sql.js";
import { readMigrations } from "../../src/engines/sqlite/migrate.js";
import { SqliteReadView, SqliteView } from "../../src/engines/sqlite/view.js";
import { sqliteBackend, temporaryFile, temporaryFolder } from "../support/backends.js";
import { blameApart } from "../support/older.js";
import { openSqlite, raw } from "../support/sqlite.js";
import { accept, ifMatch, Units } from "../support/units.js";

const pragma = (engine: SqliteEngine, name: string) =>
  engine.exclusive(({ db }) => db.pragma(name, { simple: true }));

/** A file with two events of one bucket, closed. */
async function closedFile(): Promise<string> {
  const { file, events, close } = sqliteBackend();
  const units = new Units();
  await accept(events, units.of(units.create("a")));
  await accept(events, units.of(units.patch("a", { description: "x" })));
  await close();
  return file;
}

describe("the writer's connection", () => {
  const settings: [string, unknown][] = [
    ["journal_mode", "wal"],
    ["synchronous", 2],
    ["wal_autocheckpoint", 8_000],
    ["journal_size_limit", 64 * 1024 * 1024],
    ["busy_timeout", 0],
    ["foreign_keys", 1],
    ["trusted_schema", 0],
    ["secure_delete", 1],
    ["cell_size_check", 1],
    ["mmap_size", 0],
    ["application_id", applicationId],
    ["user_version", readMigrations().length],
  ];

  test.each(settings)("has %s = %s", (name, value) => {
    expect(pragma(sqliteBackend().events, name)).toBe(value);
  });

  test("syncs every commit, also after the first write and after a restart", async () => {
    const { file, events, close } = sqliteBackend();
    const units = new Units();
    await accept(events, units.of(units.create("a")));
    expect(pragma(events, "synchronous")).toBe(2);
    await close();
    const again = sqliteBackend({ file }).events;
    await accept(again, units.of(units.create("b")));
    expect(pragma(again, "synchronous")).toBe(2);
    expect(await again.health()).toMatchObject({ ready: true, durability: "full" });
  });

  test("relaxed durability is asked for and said", async () => {
    const { events } = sqliteBackend({ durability: "relaxed" });
    const units = new Units();
    await accept(events, units.of(units.create("a")));
    expect(pragma(events, "synchronous")).toBe(1);
    expect(await events.health()).toMatchObject({ ready: true, durability: "relaxed" });
  });

  test("writes nothing but its claim when it opens a file that is up to date", async () => {
    const file = await closedFile();
    const rows = () =>
      raw(file, (db) =>
        db.prepare("SELECT * FROM migrations").all().concat(db.pragma("schema_version")),
      );
    const before = rows();
    await sqliteBackend({ file }).close();
    expect(rows()).toEqual(before);
  });
});

describe("a reader's connection", () => {
  test("cannot write", async () => {
    const db = openReader(await closedFile());
    expect(() => db.exec("DELETE FROM buckets")).toThrow(/readonly/);
    expect(db.pragma("query_only", { simple: true })).toBe(1);
    expect(db.pragma("trusted_schema", { simple: true })).toBe(0);
    expect(db.pragma("mmap_size", { simple: true })).toBe(0);
    db.close();
  });
});

describe("the schema", () => {
  test("has only STRICT tables", async () => {
    const tables = raw(await closedFile(), (db) =>
      z
        .array(z.object({ name: z.string(), strict: z.number() }))
        .parse(db.prepare("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").all()),
    ).filter(({ name }) => !name.startsWith("sqlite_"));
    expect(tables.length).toBeGreaterThanOrEqual(8);
    expect(tables.filter(({ strict }) => strict !== 1)).toEqual([]);
  });

  test("keeps small keyed tables without a rowid, and events with one", async () => {
    const withRowid = raw(await closedFile(), (db) =>
      db
        .prepare("SELECT name FROM pragma_table_list WHERE wr = 0 AND type = 'table' ORDER BY name")
        .pluck()
        .all(),
    );
    expect(withRowid).toContain("events");
    expect(withRowid).not.toContain("reservations");
    expect(withRowid).not.toContain("idempotency");
  });
});

describe("the log is append-only:", () => {
  const columns = [
    "position",
    "stream",
    "version",
    "namespace",
    "bucket_id",
    "event_id",
    "transaction_id",
    "type",
    "schema_version",
    "recorded_at",
    "meta",
    "meta_salt",
    "meta_commitment",
    "body",
    "salt",
    "commitment",
    "hash",
  ];
  const numbers = ["position", "version", "schema_version", "recorded_at"];
  const texts = [
    "meta",
    "body",
    "stream",
    "namespace",
    "bucket_id",
    "event_id",
    "transaction_id",
    "type",
  ];

  test("these are all columns of an event", async () => {
    const found = raw(await closedFile(), (db) =>
      db.prepare("SELECT name FROM pragma_table_info('events')").pluck().all(),
    );
    expect([...found].sort()).toEqual([...columns].sort());
  });

  test.each(columns)("%s cannot be changed", async (column) => {
    const value = numbers.includes(column) ? "77" : texts.includes(column) ? "'{}x'" : "x'77'";
    raw(await closedFile(), (db) => {
      expect(() => db.exec(`UPDATE events SET ${column} = ${value} WHERE position = 1`)).toThrow(
        "events are append-only: they cannot be changed",
      );
    });
  });

  test("an event cannot be deleted or replaced", async () => {
    raw(await closedFile(), (db) => {
      expect(() => db.exec("DELETE FROM events WHERE position = 2")).toThrow("cannot be deleted");
      const copy = (position: string, version: string) => {
        const values = columns
          .join(", ")
          .replace("position", position)
          .replace(" version", ` ${version}`);
        return () =>
          db.exec(
            `INSERT OR REPLACE INTO events (${columns}) SELECT ${values} FROM events WHERE position = 2`,
          );
      };
      expect(copy("2", "version")).toThrow("cannot be replaced");
      expect(copy("1", "9")).toThrow("cannot be replaced");
      expect(copy("9", "1")).toThrow("cannot be replaced");
      expect(copy("0", "9")).toThrow("cannot be replaced");
      expect(db.prepare("SELECT count(*) FROM events").pluck().get()).toBe(2);
    });
  });

  test("bytes and salts can be erased, and never come back", async () => {
    raw(await closedFile(), (db) => {
      for (const column of ["meta", "meta_salt", "body", "salt"]) {
        db.exec(`UPDATE events SET ${column} = NULL WHERE position = 1`);
        const value = texts.includes(column) ? "'{}'" : "x'77'";
        expect(() => db.exec(`UPDATE events SET ${column} = ${value} WHERE position = 1`)).toThrow(
          "cannot be changed",
        );
      }
    });
  });
});

describe("opening a file", () => {
  const failure = (file: string, readOnly = false) => {
    try {
      openSqlite({ file, readOnly });
    } catch (error) {
      return error;
    }
    throw new Error("it opened");
  };
  const invalid = (message: RegExp) => ({
    code: "FILE_INVALID",
    message: expect.stringMatching(message),
  });

  test("that is no database is refused, and the file is left as it is", () => {
    const file = join(temporaryFolder(), "notes.txt");
    writeFileSync(file, "my notes ".repeat(1_000));
    expect(failure(file)).toMatchObject(invalid(/is not a SQLite database/));
    expect(failure(file, true)).toMatchObject(invalid(/is not a SQLite database/));
    expect(readFileSync(file, "utf8")).toBe("my notes ".repeat(1_000));
  });

  test("of another program is refused, and the file is left as it is", () => {
    const file = temporaryFile();
    raw(file, (db) => db.exec("CREATE TABLE songs (title TEXT)"));
    const before = readFileSync(file);
    expect(failure(file)).toMatchObject(invalid(/not one of bucketlog/));
    expect(failure(file, true)).toMatchObject(invalid(/not one of bucketlog/));
    expect(readFileSync(file)).toEqual(before);
  });

  test("of a newer version is refused", async () => {
    const file = await closedFile();
    raw(file, (db) => db.exec("INSERT INTO migrations VALUES (9999, '9999-new.sql', 'x', 0)"));
    expect(failure(file)).toMatchObject(invalid(/newer version \(migration 9999-new\.sql\)/));
    expect(failure(file, true)).toMatchObject(invalid(/newer version/));
  });

  test("whose migrations had another text is refused", async () => {
    const file = await closedFile();
    raw(file, (db) => db.exec("UPDATE migrations SET checksum = 'other' WHERE number = 2"));
    expect(failure(file)).toMatchObject(invalid(/another text of migration 0002-view\.sql/));
    expect(failure(file, true)).toMatchObject(invalid(/another text/));
  });

  test("that is not there is refused for reading, and so is a folder that is not there", () => {
    expect(failure(temporaryFile(), true)).toMatchObject(invalid(/There is no file/));
    expect(failure(join(temporaryFolder(), "none", "store.db"))).toMatchObject(
      invalid(/cannot be opened/),
    );
  });

  test("that is a folder is refused", () => {
    const file = temporaryFile();
    mkdirSync(file);
    for (const readOnly of [true, false]) {
      expect(failure(file, readOnly)).toMatchObject(invalid(/cannot be opened: it is a folder/));
    }
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  test("for reading, before a writer has brought it up to date, is refused", () => {
    const file = temporaryFile();
    writeFileSync(file, "");
    expect(failure(file, true)).toMatchObject(invalid(/older version/));
  });

  test("from before there were objects is brought up to date, and verifies", async () => {
    const file = await closedFile();
    const tables = ["objects", "batches", "uploads", "bucket_stats", "bucket_totals", "timers"];
    raw(file, (db) => {
      blameApart(db);
      const later = [
        "blob_references",
        "received",
        "deliveries",
        "connections",
        "namespaces",
        "syncs",
        "reads",
        "read_auditing",
        "logs",
        "row_macs",
        "table_macs",
        "access_tokens",
        "unrecorded_tokens",
        "namespace_totals",
      ];
      const ofProofs = ["log", "tree", "checkpoints", "anchors"];
      for (const table of [...tables, ...later, ...ofProofs]) db.exec(`DROP TABLE ${table}`);
      db.exec("ALTER TABLE secrets DROP COLUMN key_id");
      db.exec("UPDATE buckets SET state = json_remove(state, '$.kind')");
      db.exec("UPDATE idempotency SET results = results -> '$.results'");
      db.exec("DELETE FROM migrations WHERE number >= 4");
      db.pragma("user_version = 3");
    });
    expect(failure(file, true)).toMatchObject(invalid(/older version/));
    const { events, view, keeper } = sqliteBackend({ file });
    await keeper.bringUpToDate(() => {});
    expect((await view.find("default", "a"))?.version).toBe(2);
    expect(await keeper.verify(undefined, () => {})).toMatchObject({ ok: true });
    await accept(events, new Units().of(new Units().patch("a", { description: "later" })));
    expect(await keeper.rebuild(() => {})).toMatchObject({ differences: 0 });
  });

  test("that was refused leaves it free: the next one can open it", async () => {
    const file = await closedFile();
    raw(file, (db) => db.exec("INSERT INTO migrations VALUES (9999, '9999-new.sql', 'x', 0)"));
    failure(file);
    raw(file, (db) => db.exec("DELETE FROM migrations WHERE number = 9999"));
    expect((await sqliteBackend({ file }).events.head()).position).toBe(2);
  });

  test("for reading works after the writer has closed it", async () => {
    const { events, view } = sqliteBackend({ file: await closedFile(), readOnly: true });
    expect((await events.head()).position).toBe(2);
    expect((await view.find("default", "a"))?.version).toBe(2);
    expect(await events.health()).toMatchObject({ ready: true, durability: "full" });
  });
});

describe("migrations", () => {
  test("that were published never change: add a file instead", () => {
    const published = readMigrations().map(({ number, name, checksum }) => [
      number,
      name,
      checksum,
    ]);
    expect(published).toEqual([
      [1, "0001-event-log.sql", "5e0f4e96fbf75e0c2e61863fd563e35e4b411856f992af0dd355bf341a97468c"],
      [2, "0002-view.sql", "b656669117dd36df4deb46528d5b100c19fcca78b4b5adfd07dccf8a8e851af9"],
      [3, "0003-audit.sql", "bba05d9790c59c666a63f9de1d36d503fa60ec31901cedc3fd84a9fb978e5946"],
      [4, "0004-objects.sql", "348d6d7e837bf7e551452a8ae4c47ccf332e47b504184542c184d1d3730055c4"],
      [5, "0005-timers.sql", "e4ebb0dd65a60b0ca439314646d9fe2e4bdf5bd8ff56f55928beae4d0e5067ca"],
      [6, "0006-uploads.sql", "a1a6dc8fcf78b02aaae38b802d9316fb193e7e8c3dc99f29dc31eb2d5f166efc"],
      [
        7,
        "0007-deliveries.sql",
        "81a881dc46d929300424eed1d0365c2392161b7bac8dab781fbb285986a9c29b",
      ],
      [
        8,
        "0008-connections.sql",
        "8f51bde68c72d59721e170844fece398a15579cab085402e6e30401759c982a7",
      ],
      [9, "0009-proofs.sql", "323a3526fd829c6b042ae92cf7bc02736fe7c5a3469d5cdc65fff3f4e924519c"],
      [
        10,
        "0010-secret-keys.sql",
        "0716d79706857b7932cb5a84796f568177e125b020ba2043d1fd67ab1a734b6f",
      ],
      [
        11,
        "0011-namespaces.sql",
        "eec50e0fc3744b056dabdf1d225e68abd58dd67516581572d72121260b956320",
      ],
      [
        12,
        "0012-blame-beside-states.sql",
        "a2080f5e8d74e928437c6e194fdcfe27c810154f964ebf4424cccc504694c94d",
      ],
      [13, "0013-syncs.sql", "ee20d8a1a21c87e540fb0fc1bd9022851d0c23abbb41b649b51a5662c7ec102f"],
      [
        14,
        "0014-read-audit.sql",
        "25d7a22998831d9a8f7bda410cb88cf1040f4a378f91f54f911145a2c0c95a17",
      ],
      [15, "0015-logs.sql", "c4d7036e9e4d0a5731208303f73f18605e918205557404d340222d8907e8e0b7"],
      [
        16,
        "0016-uploads-by-hash.sql",
        "cdb0d40d44d6cc5897bd4d8c3be7c9a075967c193811fd247624e6fdf4c431d8",
      ],
      [17, "0017-row-macs.sql", "99687731c66e54294d5adb4a059b4321407ae9f19bf56b0b70b2831780cce92f"],
      [18, "0018-tokens.sql", "5e185a0dcfa2b82c9995e4cc159e1940e22e813127ab84c2b112d998bc8c514f"],
      [
        19,
        "0019-namespace-totals.sql",
        "46c36a42ca2e532fbc0bc8d4f23e5b4303bafcb2c6ac7536a8769ab730c8e351",
      ],
    ]);
  });
});

describe("query plans", () => {
  /** Every statement that `use` runs, as SQLite ran it, with what it says of how. */
  function plansOf(file: string, use: (db: Database.Database) => void): Map<string, string> {
    const executed: string[] = [];
    const db = new Database(file, { verbose: (sql) => executed.push(String(sql)) });
    use(db);
    const plans = executed
      .filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(sql))
      .map((sql): [string, string] => {
        const steps = z
          .array(z.object({ detail: z.string() }))
          .parse(db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
        return [sql, steps.map(({ detail }) => detail).join("; ")];
      });
    db.close();
    return new Map(plans);
  }

  const withoutHead = (plans: Map<string, string>) =>
    [...plans].filter(([, steps]) => steps !== "SCAN head");

  test("the reads of the log go by key, without scan or sort", async () => {
    const id = "bkt_00000000000000000000000001";
    const plans = plansOf(await closedFile(), (db) => {
      const log = new LogReader(db);
      log.head();
      log.place(id, 1);
      log.newestVersion(id);
      for (const order of ["asc", "desc"] as const) {
        Array.from(log.streamEvents(id, { order, from: 1, to: 9, limit: 9 }));
      }
      log.logAfter(1, 10);
      log.idempotency({ scope: "s", key: "k", fingerprint: "f" });
      log.secret("sec_1");
    });
    expect(plans.size).toBe(8);
    for (const [sql, steps] of withoutHead(plans)) {
      expect(steps, sql).toMatch(/^SEARCH /);
      expect(steps, sql).not.toMatch(/SCAN|TEMP B-TREE/);
    }
  });

  test("events are found by the narrowest key, in the order of its index", async () => {
    const filters = [
      {},
      { types: ["bucket.deleted"] },
      { actor: "alice", from: 1, to: 2 },
      { stream: "bkt_1" },
      { stream: "bkt_1", types: ["bucket.patched"], actor: "alice" },
      { eventId: "evt_1" },
    ];
    const plans = plansOf(await closedFile(), (db) => {
      const log = new LogReader(db);
      for (const filter of filters) {
        Array.from(log.find({ within: ["default"], ...filter }, { skip: 0, limit: 9 }));
        log.count({ within: ["default"], ...filter });
      }
    });
    expect(plans.size).toBe(2 * filters.length);
    for (const [sql, steps] of plans) {
      expect(steps, sql).toMatch(
        sql.includes("e.event_id = ")
          ? /^SEARCH e USING INDEX events_by_id \(event_id=\?\)/
          : sql.includes("e.stream = ")
            ? /^SEARCH e USING INDEX sqlite_autoindex_events_1 \(stream=\?\)/
            : /^SEARCH e USING (COVERING )?INDEX events_by_time \(namespace=\? AND recorded_at>\? AND recorded_at<\?\)/,
      );
      expect(steps, sql).not.toContain("TEMP B-TREE");
    }
    const counts = [...plans].filter(([sql]) => sql.includes("count") && !sql.includes("meta"));
    expect(
      counts.filter(([, steps]) => steps.includes("COVERING INDEX events_by_time")),
    ).toHaveLength(2);
  });

  test("the reads of the view go by key, list pages by their index", async () => {
    const plans = plansOf(await closedFile(), (db) => {
      const view = new SqliteReadView(db);
      const query = {
        namespace: "default",
        viewpoint: { at: 0, publicUrl: "" },
        limit: 10,
        offset: 0,
        after: undefined,
      };
      void view.find("default", "bkt_00000000000000000000000001");
      void view.find("default", "a");
      void view.list(query);
      void view.list({ ...query, after: { createdAt: "2026-10-01", id: "bkt" } });
      const inline = new SqliteView(db);
      inline.loadState("bkt_00000000000000000000000001");
      inline.loadReservation("bucket_name:default", "a");
    });
    expect(plans.size).toBe(6);
    for (const [sql, steps] of plans) {
      expect(steps, sql).toMatch(/^SEARCH /);
      expect(steps, sql).not.toMatch(/SCAN|TEMP B-TREE/);
      if (sql.includes("ORDER BY")) expect(steps).toMatch(/USING INDEX .*namespace=\?/);
    }
  });

  test("forgetting old keys goes by their age", async () => {
    const plans = plansOf(await closedFile(), (db) => new LogWriter(db).forgetIdempotency(1));
    expect([...plans.values()]).toEqual([
      "SEARCH idempotency USING INDEX idempotency_by_age (recorded_at<?)",
    ]);
  });
});

describe("a commit that fails", () => {
  const pages = (engine: SqliteEngine, limit: number) =>
    engine.exclusive(({ db }) => {
      const used = z.number().parse(db.pragma("page_count", { simple: true }));
      db.pragma(`max_page_count = ${used + limit}`);
    });

  test("on a full disk writes nothing; reads go on, and writing resumes when there is room", async () => {
    const { events, view, keeper } = sqliteBackend();
    const units = new Units();
    const { stream } = await accept(events, units.of(units.create("a")));
    pages(events, 2);
    const head = await events.head();
    const large = { metadata: { text: "x".repeat(20_000) } };
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(
        events.commit([units.of(units.create("b")), units.of(units.patch("a", large))]),
      ).rejects.toMatchObject({ code: "STORAGE_FULL", details: { outcome: "not_written" } });
    }
    expect(await events.head()).toEqual(head);
    expect((await view.find("default", "a"))?.version).toBe(1);
    expect(await events.stateAt(stream, 9)).toMatchObject({ version: 1 });
    expect(await events.health()).toMatchObject({
      ready: false,
      reason: expect.stringMatching(/^the disk is full, \d+ MiB free: make room$/),
    });
    // What still fits is still taken.
    await accept(events, units.of(units.patch("a", { description: "small" }, ifMatch(1))));
    expect(await events.health()).toMatchObject({ ready: true });
    pages(events, 1_000);
    const patched = await accept(events, units.of(units.patch("a", large, ifMatch(2))));
    expect(patched).toMatchObject({ version: 3, position: 3 });
    expect(await keeper.verify(undefined, () => {})).toMatchObject({ ok: true, events: 3 });
  });

  test("on a full disk is tried by itself, so that the store is ready again when it can", async () => {
    const { events } = sqliteBackend();
    const units = new Units();
    pages(events, 0);
    const large = units.create("a", { metadata: { text: "x".repeat(20_000) } });
    await expect(events.commit([units.of(large)])).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await events.health()).toMatchObject({ ready: false });
    await expect.poll(() => events.health()).toMatchObject({ ready: true });
    expect((await events.head()).position).toBe(0);
  });

  test("because a read model does leaves neither log nor cache changed", async () => {
    let isBroken = false;
    class FragileView extends SqliteView {
      override apply(...[events]: Parameters<SqliteView["apply"]>): void {
        super.apply(events);
        if (isBroken) throw new Error("the read model is broken");
      }
    }
    const file = temporaryFile();
    const events = openSqlite({ file, projection: (db) => new FragileView(db) });
    const units = new Units();
    await accept(events, units.of(units.create("a")));
    isBroken = true;
    await expect(
      events.commit([units.of(units.patch("a", { description: "lost" }))]),
    ).rejects.toThrow("the read model is broken");
    isBroken = false;
    expect((await events.head()).position).toBe(1);
    const next = await accept(events, units.of(units.patch("a", { metadata: {} }, ifMatch(1))));
    expect(next.state).toMatchObject({ version: 2, position: 2 });
    expect(next.state.document).not.toHaveProperty("description");
    await events.close();
  });

  test("because another program holds the file is answered after 2 s, and waits for nobody else", async () => {
    const { file, events } = sqliteBackend();
    const units = new Units();
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 10);
    await expect(events.commit([units.of(units.create("a"))])).rejects.toMatchObject({
      code: "NOT_READY",
      details: { outcome: "not_written", retry_after_seconds: 1 },
    });
    clearInterval(counting);
    // Others had their turns, and what is not patient is refused at once.
    expect(turns).toBeGreaterThan(20);
    expect(() => events.write(() => {})).toThrow("Another program holds a lock");
    other.exec("ROLLBACK");
    other.close();
    await accept(events, units.of(units.create("a")));
  });

  test("because another program holds the file for a moment is written when it lets go", async () => {
    const { file, events } = sqliteBackend();
    const units = new Units();
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    const written = accept(events, units.of(units.create("a")));
    await new Promise((resolve) => setImmediate(resolve));
    other.exec("ROLLBACK");
    other.close();
    expect(await written).toMatchObject({ position: 1 });
  });

  test("after the store was closed is refused", async () => {
    const { events, close } = sqliteBackend();
    const units = new Units();
    await close();
    await expect(events.commit([units.of(units.create("a"))])).rejects.toMatchObject({
      code: "NOT_READY",
    });
    expect(await events.health()).toMatchObject({ ready: false, reason: "closed" });
  });
});
