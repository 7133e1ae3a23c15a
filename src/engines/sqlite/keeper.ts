/**
 * Verifying and rebuilding the view in SQLite. A rebuild never disturbs the service: it folds into
 * tables beside the live ones in slices, and swaps them in one transaction once it has caught up.
 */
import Database from "better-sqlite3";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import type {
  ExpectedHead,
  Fault,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
} from "../../domain/reports.js";
import { toHex } from "../../eventstore/codec.js";
import { zeroHash } from "../../eventstore/frame.js";
import { GrowingTree } from "../../eventstore/tree.js";
import type { KnownRoot } from "../../eventstore/tree-check.js";
import { type Table, viewTables } from "../../projections/projections.js";
import {
  foldInto,
  replay,
  sliceEvents,
  type VerifySource,
  verify,
} from "../../projections/verify.js";
import { nextTurn, type ProjectionKeeper } from "../../projections/view.js";
import { monotonicNow, setTimeout } from "../../timers.js";
import { openReader } from "./connection.js";
import { damageOf } from "./damage.js";
import type { SqliteEngine } from "./engine.js";
import { writtenByOlder } from "./faults.js";
import { whenUnlocked } from "./foreign-lock.js";
import { readKnownHead } from "./known-head.js";
import { LogReader } from "./log-sql.js";
import { readKeptTree } from "./log-tree.js";
import { checkPages, type PageCheckReport } from "./page-check.js";
import { findSchemaFault } from "./schema-check.js";
import { StateTables } from "./state-tables.js";
import { SqliteView } from "./view.js";

const suffix = "_rebuild";
const scratchKib = 32 * 1024;
/** How long a slice of a rebuild may keep others from writing, and how many events it has at least. */
const sliceMs = 5;
const sliceEventsMin = 10;
const pagesAtOnce = 256;

/** Counts the changes to what the tables hold of the same events: those of another are made anew. */
const viewVersion = 2;

/** A row that was slipped in before position 1 must be seen. */
const beforeAll = Number.MIN_SAFE_INTEGER;

export class SqliteKeeper implements ProjectionKeeper {
  readonly #engine: SqliteEngine;
  readonly #file: string;
  #rebuilding: Promise<RebuildReport> | undefined;

  constructor(engine: SqliteEngine, file: string) {
    this.#engine = engine;
    this.#file = file;
  }

  /**
   * Makes the read models anew where an older version left others.
   * @throws FILE_INVALID when that is to be done to a file that is open for reading alone.
   */
  async bringUpToDate(onProgress: OnProgress): Promise<void> {
    const current = this.#engine.readerDb
      .prepare("SELECT 1 FROM projections WHERE name = 'view' AND version = ?")
      .get(viewVersion);
    if (current !== undefined) return;
    if (this.#engine.isReadOnly) throw writtenByOlder(this.#file);
    await this.rebuild(onProgress);
  }

  verify(
    expected: ExpectedHead | undefined,
    onProgress: OnProgress,
    root?: KnownRoot,
  ): Promise<VerifyReport> {
    // Before the snapshot is taken: a server may move it on.
    const known = readKnownHead(this.#file);
    return this.#onSnapshot(
      (source) => verify(source, expected ?? known, onProgress, root),
      damaged,
    );
  }

  replay(onProgress: OnProgress): Promise<ReplayReport> {
    return this.#onSnapshot(
      (source) => replay(source, onProgress),
      (fault) => ({ replayed: 0, matches_view: false, fault }),
    );
  }

  /** Works on one snapshot of the file, on a connection of its own, beside whatever is written. */
  async #onSnapshot<T>(
    work: (source: VerifySource) => Promise<T>,
    without: (fault: Fault) => T,
  ): Promise<T> {
    const live = openReader(this.#file);
    const beside = openScratch();
    try {
      live.exec("BEGIN");
      const log = new LogReader(live);
      for (const { name } of viewTables) beside.exec(tableSql(live, name));
      return await work({
        head: log.head(),
        folded: new SqliteView(beside),
        tree: readKeptTree(live),
        logAfter: async (position, limit) =>
          log.logAfter(position === 0 ? beforeAll : position, limit),
        firstDifference: () => firstDifference(live, beside),
        structure: async () => {
          const problem = findSchemaFault(live) ?? (await this.checkPages()).problem;
          return problem === undefined ? undefined : { position: 0, problem };
        },
        explain: (error, position) => damageOf(live, error, position),
      });
    } catch (error) {
      const fault = damageOf(live, error, 0);
      if (fault === undefined) throw error;
      return without(fault);
    } finally {
      live.close();
      beside.close();
    }
  }

  checkPages(): Promise<PageCheckReport> {
    return checkPages(this.#file);
  }

  /** A rebuild that is asked for while one runs is the same rebuild. */
  rebuild(onProgress: OnProgress): Promise<RebuildReport> {
    this.#rebuilding ??= this.#rebuild(onProgress).finally(() => {
      this.#rebuilding = undefined;
    });
    return this.#rebuilding;
  }

  async #rebuild(onProgress: OnProgress): Promise<RebuildReport> {
    try {
      this.#engine.exclusive(({ db }) => {
        for (const { name } of viewTables) {
          db.exec(`DROP TABLE IF EXISTS ${name}${suffix}`);
          db.exec(tableSql(db, name, suffix));
        }
      });
      const unreadable: Fault[] = [];
      let size = sliceEventsMin;
      for (let replayed = 0; ; ) {
        const began = monotonicNow();
        const slice = await whenUnlocked(() =>
          this.#engine.exclusive(({ db, reader }) => foldSlice(db, reader, replayed, size)),
        );
        const tookMs = monotonicNow() - began;
        size = nextSize(size, tookMs);
        replayed += slice.folded;
        unreadable.push(...slice.unreadable);
        onProgress({ done: replayed, total: slice.total });
        if (slice.report !== undefined) {
          await this.#giveBackPages();
          return { ...slice.report, ...(unreadable.length > 0 && { unreadable }) };
        }
        // Those who write have as much time as it takes.
        await pause(tookMs);
      }
    } catch (error) {
      this.#dropLeftovers();
      throw error;
    }
  }

  /** The file grew by the tables that were beside those that are gone now. */
  async #giveBackPages(): Promise<void> {
    for (;;) {
      const before = freePages(this.#engine.readerDb);
      await whenUnlocked(() =>
        this.#engine.write(({ db }) => db.pragma(`incremental_vacuum(${pagesAtOnce})`)),
      );
      if (freePages(this.#engine.readerDb) >= before) return;
      await nextTurn();
    }
  }

  /** Half a rebuild takes up room, and running out of it may be why the rebuild failed. */
  #dropLeftovers(): void {
    try {
      this.#engine.exclusive(({ db }) => {
        for (const { name } of viewTables) db.exec(`DROP TABLE IF EXISTS ${name}${suffix}`);
      });
    } catch {
      // The next rebuild drops them first.
    }
  }
}

/**
 * Where the log is folded into beside the live view: in memory up to a budget, and beyond it in a file of the
 * system's temporary folder, which has no name and is gone with the connection.
 */
function openScratch(): Database.Database {
  const db = new Database("");
  db.pragma("journal_mode = OFF");
  db.pragma("synchronous = OFF");
  db.pragma(`cache_size = -${scratchKib}`);
  return db;
}

/** A file of which not even the head can be read. */
function damaged(fault: Fault): VerifyReport {
  return {
    ok: false,
    events: 0,
    head: { position: 0, hash: toHex(zeroHash) },
    tree: { root: toHex(new GrowingTree().root()), checkpoints: 0 },
    fault,
  };
}

interface Slice {
  readonly folded: number;
  readonly unreadable: readonly Fault[];
  /** The events of the log as it is now. */
  readonly total: number;
  /** There once the log was folded to its end and the tables were swapped. */
  readonly report: RebuildReport | undefined;
}

function foldSlice(db: Database.Database, reader: LogReader, after: number, size: number): Slice {
  const { position: total } = reader.head();
  const rows = reader.logAfter(after, size);
  const unreadable = foldInto(new SqliteView(db, suffix), rows);
  const reached = after + rows.length;
  const isGapless = (rows.at(-1)?.position ?? after) === reached;
  invariant(
    isGapless && (rows.length > 0 || reached === total),
    `the log has a gap after ${after}, or does not reach its head: verify it`,
  );
  return {
    folded: rows.length,
    unreadable,
    total,
    report: reached === total ? swap(db, total) : undefined,
  };
}

/** As many events as can be folded in the time, by how long the last slice took. */
function nextSize(size: number, tookMs: number): number {
  const fitting = Math.round((size * sliceMs) / Math.max(tookMs, 0.1));
  return Math.min(sliceEvents, Math.max(sliceEventsMin, Math.min(fitting, size * 2)));
}

function freePages(db: Database.Database): number {
  return z.number().parse(db.pragma("freelist_count", { simple: true }));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Compares every row, then puts the folded tables in the place of the live ones. */
function swap(db: Database.Database, replayed: number): RebuildReport {
  let rows = 0;
  let differences = 0;
  for (const { name, key } of viewTables) {
    const folded = `${name}${suffix}`;
    const keys = key.join(", ");
    rows += count(db, `SELECT count(*) FROM ${folded}`);
    differences += count(
      db,
      `SELECT count(*) FROM (SELECT * FROM ${folded} EXCEPT SELECT * FROM ${name})`,
    );
    differences += count(
      db,
      `SELECT count(*) FROM ${name} WHERE (${keys}) NOT IN (SELECT ${keys} FROM ${folded})`,
    );
    db.exec(`DROP TABLE ${name}`);
    db.exec(`ALTER TABLE ${folded} RENAME TO ${name}`);
  }
  db.prepare("INSERT OR REPLACE INTO projections (name, version) VALUES ('view', ?)").run(
    viewVersion,
  );
  return { replayed, rows, differences };
}

function count(db: Database.Database, sql: string): number {
  return z.number().parse(db.prepare(sql).pluck().get());
}

/** The statement that makes a table like the live one. */
function tableSql(db: Database.Database, table: string, tableSuffix = ""): string {
  const sql = z
    .string()
    .parse(
      db
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?")
        .pluck()
        .get(table),
    );
  return sql.replace(/^CREATE TABLE "?\w+"?/, `CREATE TABLE ${table}${tableSuffix}`);
}

/** The difference at the lowest position, found row by row: the views may be large. */
async function firstDifference(
  live: Database.Database,
  folded: Database.Database,
): Promise<Fault | undefined> {
  const states = new StateTables(folded);
  let first: Fault | undefined;
  for (const table of viewTables) {
    for await (const { key, stream } of differingRows(table, live, folded)) {
      const position = states.state(stream)?.position ?? 0;
      if (first !== undefined && first.position <= position) continue;
      const problem = `the row ${key} of ${table.name} is not the fold of the events of ${stream}`;
      first = { position, problem };
    }
  }
  return first;
}

interface DifferingRow {
  readonly key: string;
  /** The stream that the row is made from. */
  readonly stream: string;
}

/** Rows that are not the same in both, are missing in the live view, or should not be there. */
async function* differingRows(
  table: Table,
  live: Database.Database,
  folded: Database.Database,
): AsyncIterable<DifferingRow> {
  for await (const { row, other, where } of pairs(table, folded, live)) {
    if (JSON.stringify(row) !== JSON.stringify(other)) yield where;
  }
  for await (const { other, where } of pairs(table, live, folded)) {
    if (other === undefined) yield where;
  }
}

interface Pair {
  readonly row: unknown;
  /** The row of the same key in the other database. */
  readonly other: unknown;
  readonly where: DifferingRow;
}

/** Every row of the one database, with the row of the same key in the other. */
async function* pairs(
  viewTable: Table,
  from: Database.Database,
  to: Database.Database,
): AsyncIterable<Pair> {
  const { name: table, key, stream } = viewTable;
  const find = to.prepare(
    `SELECT * FROM ${table} WHERE ${key.map((name) => `${name} = ?`).join(" AND ")}`,
  );
  let seen = 0;
  for (const raw of from.prepare(`SELECT * FROM ${table}`).iterate()) {
    const row = Row.parse(raw);
    const values = key.map((name) => row[name]);
    const where = { key: JSON.stringify(values), stream: String(row[stream]) };
    yield { row, other: find.get(values), where };
    seen += 1;
    if (seen % sliceEvents === 0) await nextTurn();
  }
}

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
