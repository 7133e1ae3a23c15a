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
import { viewTables } from "../../projections/projections.js";
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
import { FoldedView, RecentRows } from "./folded-view.js";
import { whenUnlocked } from "./foreign-lock.js";
import { readKnownHead } from "./known-head.js";
import { LogReader } from "./log-sql.js";
import { readKeptTree } from "./log-tree.js";
import { checkPages, type PageCheckReport } from "./page-check.js";
import { findSchemaFault } from "./schema-check.js";
import { StateTables } from "./state-tables.js";
import { type Side, ViewComparison } from "./view-comparison.js";

const suffix = "_rebuild";
/** Of the tables that others have taken the place of, until they are gone. */
const replacedSuffix = "_replaced";
const scratchKib = 32 * 1024;
/** How long a slice of a rebuild may keep others from writing, and how many events it has at least. */
const sliceMs = 5;
const sliceMin = 10;
/** So many rows are compared at once when nobody waits. */
const sliceRows = 500;
const pagesAtOnce = 64;

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
    if (!this.#engine.isReadOnly) this.#dropLeftovers();
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
      const folded = new FoldedView(beside);
      return await work({
        head: log.head(),
        folded,
        tree: readKeptTree(live),
        logAfter: async (position, limit) =>
          log.logAfter(position === 0 ? beforeAll : position, limit),
        firstDifference: async () => {
          folded.settle();
          return folded.faults[0] ?? (await firstDifference(live, beside));
        },
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
      this.#dropLeftovers();
      this.#engine.exclusive(({ db }) => {
        for (const { name } of viewTables) db.exec(tableSql(db, name, suffix));
      });
      const fold = new Fold();
      const comparison = new ViewComparison();
      let differences = 0;
      const told = { afterEach: () => onProgress(fold.progress) };
      await this.#inSlices(({ db, reader }, size) => fold.next(db, reader, size), told);
      await this.#inSlices(({ db, reader }, size) => {
        // Rows are compared as of one position, whatever is written between two slices.
        if (!fold.next(db, reader, size)) return false;
        differences += comparison.next({ db, suffix }, { db, suffix: "" }, size).length;
        return comparison.isDone;
      });
      await this.#inSlices(
        ({ db, reader }, size) => {
          if (!fold.next(db, reader, size)) return false;
          swap(db);
          return true;
        },
        { how: "exclusive" },
      );
      await this.#dropReplaced();
      await this.#giveBackPages();
      const { replayed, unreadable } = fold;
      const report = { replayed, rows: comparison.rows, differences };
      return { ...report, ...(unreadable.length > 0 && { unreadable }) };
    } catch (error) {
      this.#dropLeftovers();
      throw error;
    }
  }

  /**
   * Does something in transactions that take some milliseconds, and leaves those who write as much time in
   * between; while nobody writes, others at least get their turn.
   * @param slice does so much of it; whether that was the last.
   */
  async #inSlices(
    slice: (writer: SliceWriter, size: number) => boolean,
    { how = "write", afterEach = () => {} }: SliceOptions = {},
  ): Promise<void> {
    let head = await this.#engine.head();
    for (let size = sliceMin; ; ) {
      const began = monotonicNow();
      const isDone = await whenUnlocked(() => this.#engine[how]((writer) => slice(writer, size)));
      const tookMs = monotonicNow() - began;
      afterEach();
      if (isDone) return;
      size = nextSize(size, tookMs);
      await nextTurn();
      const now = await this.#engine.head();
      if (now.position > head.position) await pause(tookMs);
      head = now;
    }
  }

  /** To drop a large table at once would take long: each of its pages is overwritten. */
  async #dropReplaced(): Promise<void> {
    for (const { name, key } of viewTables) {
      const table = `${name}${replacedSuffix}`;
      const keys = key.join(", ");
      await this.#inSlices(({ db }, size) => {
        const { changes } = db
          .prepare(
            `DELETE FROM ${table} WHERE (${keys}) IN (SELECT ${keys} FROM ${table} ORDER BY ${keys} LIMIT ?)`,
          )
          .run(size);
        if (changes === size) return false;
        db.exec(`DROP TABLE ${table}`);
        return true;
      });
    }
  }

  /** The file grew by the tables that were beside those that are gone now. */
  async #giveBackPages(): Promise<void> {
    for (;;) {
      const before = freePages(this.#engine.readerDb);
      const began = monotonicNow();
      await whenUnlocked(() =>
        this.#engine.write(({ db }) => db.pragma(`incremental_vacuum(${pagesAtOnce})`)),
      );
      if (freePages(this.#engine.readerDb) >= before) return;
      await pause(monotonicNow() - began);
    }
  }

  /** Half a rebuild takes up room, and running out of it may be why the rebuild failed. */
  #dropLeftovers(): void {
    try {
      const left = leftovers(this.#engine.readerDb);
      if (left.length === 0) return;
      this.#engine.exclusive(({ db }) => {
        for (const name of left) db.exec(`DROP TABLE ${name}`);
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

interface SliceOptions {
  /** Whether states that are known in memory are forgotten afterwards. */
  readonly how?: "write" | "exclusive";
  /** Outside of the transaction. */
  readonly afterEach?: () => void;
}

type SliceWriter = Parameters<Parameters<SqliteEngine["exclusive"]>[0]>[0];

/** Folds the log into the tables beside the live ones, as far as it goes. */
class Fold {
  readonly unreadable: Fault[] = [];
  #replayed = 0;
  #total = 0;
  readonly #rows = new RecentRows();
  #into: { readonly db: Database.Database; readonly view: FoldedView } | undefined;

  get replayed(): number {
    return this.#replayed;
  }

  get progress(): Parameters<OnProgress>[0] {
    return { done: this.#replayed, total: this.#total };
  }

  /** @returns whether all of the log is folded now, and in the tables. */
  next(db: Database.Database, reader: LogReader, size: number): boolean {
    const { position: total } = reader.head();
    this.#total = total;
    // The connection is another one after a fault of the disk.
    if (this.#into?.db !== db) this.#into = { db, view: new FoldedView(db, suffix, this.#rows) };
    const { view } = this.#into;
    if (this.#replayed < total) this.#fold(view, reader, size);
    const isSettled = this.#replayed === total && view.settle(size);
    this.unreadable.push(...view.faults.splice(0));
    return isSettled;
  }

  #fold(view: FoldedView, reader: LogReader, size: number): void {
    const rows = reader.logAfter(this.#replayed, size);
    this.unreadable.push(...foldInto(view, rows));
    const reached = this.#replayed + rows.length;
    invariant(
      rows.length > 0 && rows.at(-1)?.position === reached,
      `the log has a gap after ${this.#replayed}, or does not reach its head: verify it`,
    );
    this.#replayed = reached;
  }
}

/** As many events or rows as fit into the time, by how long the last slice took. */
function nextSize(size: number, tookMs: number): number {
  const fitting = Math.round((size * sliceMs) / Math.max(tookMs, 0.1));
  return Math.min(sliceEvents, Math.max(sliceMin, Math.min(fitting, size * 2)));
}

function freePages(db: Database.Database): number {
  return z.number().parse(db.pragma("freelist_count", { simple: true }));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Puts the folded tables in the place of the live ones. */
function swap(db: Database.Database): void {
  for (const { name } of viewTables) {
    db.exec(`ALTER TABLE ${name} RENAME TO ${name}${replacedSuffix}`);
    db.exec(`ALTER TABLE ${name}${suffix} RENAME TO ${name}`);
  }
  db.prepare("INSERT OR REPLACE INTO projections (name, version) VALUES ('view', ?)").run(
    viewVersion,
  );
}

/** What a rebuild left behind that did not end. */
function leftovers(db: Database.Database): readonly string[] {
  const ours = viewTables.flatMap(({ name }) => [`${name}${suffix}`, `${name}${replacedSuffix}`]);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  return ours.filter((name) => tables.includes(name));
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

/** The difference at the lowest position. */
async function firstDifference(
  live: Database.Database,
  folded: Database.Database,
): Promise<Fault | undefined> {
  const sides: [Side, Side] = [
    { db: folded, suffix: "" },
    { db: live, suffix: "" },
  ];
  const states = new StateTables(folded);
  const log = new LogReader(live);
  const comparison = new ViewComparison();
  let first: Fault | undefined;
  while (!comparison.isDone) {
    for (const { table, key, stream } of comparison.next(...sides, sliceRows)) {
      const { name, isOfNamespace = false } = table;
      const position = isOfNamespace ? log.endOf(stream) : (states.state(stream)?.position ?? 0);
      if (first !== undefined && first.position <= position) continue;
      const row = `the row ${JSON.stringify(key)} of ${name}`;
      const source = isOfNamespace ? `the namespace ${stream}` : stream;
      first = { position, problem: `${row} is not the fold of the events of ${source}` };
    }
    await nextTurn();
  }
  return first;
}
