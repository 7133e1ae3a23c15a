/**
 * Verifying and rebuilding the view in SQLite. A rebuild never disturbs the service: it folds into
 * tables beside the live ones in slices, and swaps them in one transaction once it has caught up.
 */
import Database from "better-sqlite3";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import { openReader } from "../../eventstore/sqlite/connection.js";
import type { SqliteEngine } from "../../eventstore/sqlite/engine.js";
import { LogReader } from "../../eventstore/sqlite/log-sql.js";
import type { Fault } from "../../eventstore/verify.js";
import { foldInto, replay, sliceEvents, type VerifySource, verify } from "../verify.js";
import {
  type ExpectedHead,
  nextTurn,
  type OnProgress,
  type ProjectionKeeper,
  type RebuildReport,
  type ReplayReport,
  type VerifyReport,
} from "../view.js";
import { SqliteView, viewTables } from "./view.js";

const suffix = "_rebuild";

/** A row that was slipped in before position 1 must be seen. */
const beforeAll = Number.MIN_SAFE_INTEGER;

type TableName = (typeof viewTables)[number];

export class SqliteKeeper implements ProjectionKeeper {
  readonly #engine: SqliteEngine;
  readonly #file: string;
  #rebuilding: Promise<RebuildReport> | undefined;

  constructor(engine: SqliteEngine, file: string) {
    this.#engine = engine;
    this.#file = file;
  }

  verify(expected: ExpectedHead | undefined, onProgress: OnProgress): Promise<VerifyReport> {
    return this.#onSnapshot((source) => verify(source, expected, onProgress));
  }

  replay(onProgress: OnProgress): Promise<ReplayReport> {
    return this.#onSnapshot((source) => replay(source, onProgress));
  }

  /** Works on one snapshot of the file, on a connection of its own, beside whatever is written. */
  async #onSnapshot<T>(work: (source: VerifySource) => Promise<T>): Promise<T> {
    const live = openReader(this.#file);
    const beside = new Database(":memory:");
    try {
      live.exec("BEGIN");
      const log = new LogReader(live);
      for (const table of viewTables) beside.exec(tableSql(live, table));
      return await work({
        head: log.head(),
        folded: new SqliteView(beside),
        logAfter: async (position, limit) =>
          log.logAfter(position === 0 ? beforeAll : position, limit),
        firstDifference: () => firstDifference(live, beside),
      });
    } finally {
      live.close();
      beside.close();
    }
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
        for (const table of viewTables) {
          db.exec(`DROP TABLE IF EXISTS ${table}${suffix}`);
          db.exec(tableSql(db, table, suffix));
        }
      });
      for (let replayed = 0; ; ) {
        const slice = this.#engine.exclusive(({ db, reader }) => foldSlice(db, reader, replayed));
        replayed += slice.folded;
        onProgress({ done: replayed, total: slice.total });
        if (slice.report !== undefined) return slice.report;
        await nextTurn();
      }
    } catch (error) {
      this.#dropLeftovers();
      throw error;
    }
  }

  /** Half a rebuild takes up room, and running out of it may be why the rebuild failed. */
  #dropLeftovers(): void {
    try {
      this.#engine.exclusive(({ db }) => {
        for (const table of viewTables) db.exec(`DROP TABLE IF EXISTS ${table}${suffix}`);
      });
    } catch {
      // The next rebuild drops them first.
    }
  }
}

interface Slice {
  readonly folded: number;
  /** The events of the log as it is now. */
  readonly total: number;
  /** There once the log was folded to its end and the tables were swapped. */
  readonly report: RebuildReport | undefined;
}

function foldSlice(db: Database.Database, reader: LogReader, after: number): Slice {
  const { position: total } = reader.head();
  const rows = reader.logAfter(after, sliceEvents);
  foldInto(new SqliteView(db, suffix), rows);
  const reached = after + rows.length;
  const isGapless = (rows.at(-1)?.position ?? after) === reached;
  invariant(
    isGapless && (rows.length > 0 || reached === total),
    `the log has a gap after ${after}, or does not reach its head: verify it`,
  );
  return { folded: rows.length, total, report: reached === total ? swap(db, total) : undefined };
}

/** Compares every row, then puts the folded tables in the place of the live ones. */
function swap(db: Database.Database, replayed: number): RebuildReport {
  let rows = 0;
  let differences = 0;
  for (const table of viewTables) {
    const folded = `${table}${suffix}`;
    rows += count(db, `SELECT count(*) FROM ${folded}`);
    differences += count(
      db,
      `SELECT count(*) FROM (SELECT * FROM ${folded} EXCEPT SELECT * FROM ${table})`,
    );
    differences += count(
      db,
      `SELECT count(*) FROM ${table} WHERE (${keyOf(table)}) NOT IN (SELECT ${keyOf(table)} FROM ${folded})`,
    );
    db.exec(`DROP TABLE ${table}`);
    db.exec(`ALTER TABLE ${folded} RENAME TO ${table}`);
  }
  return { replayed, rows, differences };
}

function count(db: Database.Database, sql: string): number {
  return z.number().parse(db.prepare(sql).pluck().get());
}

function keyOf(table: TableName): string {
  switch (table) {
    case "buckets":
    case "bucket_totals":
      return "bucket_id";
    case "objects":
      return "object_id";
    case "batches":
      return "batch_id";
    case "uploads":
      return "upload_id";
    case "connections":
      return "connection_id";
    case "deliveries":
      return "delivery_id";
    case "bucket_stats":
      return "bucket_id, position";
    case "blob_references":
      return "hash";
    case "reservations":
      return "scope, key";
    case "timers":
      return "stream";
    case "tasks":
      return "task_id";
    case "blame":
      return "stream, pointer";
    case "snapshots":
      return "stream, version";
  }
}

/** The statement that makes a table like the live one. */
function tableSql(db: Database.Database, table: TableName, tableSuffix = ""): string {
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
  const positionOf = folded.prepare("SELECT position FROM buckets WHERE bucket_id = ?").pluck();
  let first: Fault | undefined;
  for (const table of viewTables) {
    for await (const { key, stream } of differingRows(table, live, folded)) {
      const position = z.number().optional().parse(positionOf.get(stream)) ?? 0;
      if (first !== undefined && first.position <= position) continue;
      const problem = `the row ${key} of ${table} is not the fold of the events of ${stream}`;
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
  table: TableName,
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
  table: TableName,
  from: Database.Database,
  to: Database.Database,
): AsyncIterable<Pair> {
  const key = keyOf(table).split(", ");
  const find = to.prepare(
    `SELECT * FROM ${table} WHERE ${key.map((name) => `${name} = ?`).join(" AND ")}`,
  );
  let seen = 0;
  for (const raw of from.prepare(`SELECT * FROM ${table}`).iterate()) {
    const row = Row.parse(raw);
    const values = key.map((name) => row[name]);
    const stream = String(row["bucket_id"] ?? row["stream"]);
    yield { row, other: find.get(values), where: { key: JSON.stringify(values), stream } };
    seen += 1;
    if (seen % sliceEvents === 0) await nextTurn();
  }
}

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
