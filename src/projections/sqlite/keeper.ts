/**
 * Verifying and rebuilding the view in SQLite. A rebuild never disturbs the service: it folds into
 * tables beside the live ones in slices, and swaps them in one transaction once it has caught up.
 */
import Database from "better-sqlite3";
import { z } from "zod";
import { evolve } from "../../domain/bucket/state.js";
import { decode } from "../../eventstore/codec.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import { openReader } from "../../eventstore/sqlite/connection.js";
import type { SqliteEngine } from "../../eventstore/sqlite/engine.js";
import { LogReader } from "../../eventstore/sqlite/log-sql.js";
import type { Fault } from "../../eventstore/verify.js";
import { verify } from "../verify.js";
import {
  type ExpectedHead,
  nextTurn,
  type OnProgress,
  type ProjectionKeeper,
  type RebuildReport,
  type VerifyReport,
} from "../view.js";
import { SqliteView, viewTables } from "./view.js";

const sliceEvents = 500;
const suffix = "_rebuild";

type TableName = (typeof viewTables)[number];

export class SqliteKeeper implements ProjectionKeeper {
  readonly #engine: SqliteEngine;
  readonly #file: string;
  #rebuilding: Promise<RebuildReport> | undefined;

  constructor(engine: SqliteEngine, file: string) {
    this.#engine = engine;
    this.#file = file;
  }

  /** Works on one snapshot of the file, on a connection of its own, beside whatever is written. */
  async verify(expected: ExpectedHead | undefined, onProgress: OnProgress): Promise<VerifyReport> {
    const live = openReader(this.#file);
    const beside = new Database(":memory:");
    try {
      live.exec("BEGIN");
      const log = new LogReader(live);
      for (const table of viewTables) beside.exec(tableSql(live, table));
      const source = {
        head: log.head(),
        folded: new SqliteView(beside),
        logAfter: async (position: number, limit: number) => log.logAfter(position, limit),
        firstDifference: () => firstDifference(live, beside),
      };
      return await verify(source, expected, onProgress);
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
    this.#engine.exclusive(({ db }) => {
      for (const table of viewTables) {
        db.exec(`DROP TABLE IF EXISTS ${table}${suffix}`);
        db.exec(tableSql(db, table, suffix));
      }
    });
    for (let replayed = 0; ; ) {
      const slice = this.#engine.exclusive(({ db, reader }) => {
        const { position } = reader.head();
        const folded = foldSlice(reader, new SqliteView(db, suffix), replayed);
        const hasCaughtUp = replayed + folded === position;
        return { folded, position, report: hasCaughtUp ? swap(db, position) : undefined };
      });
      replayed += slice.folded;
      onProgress({ done: replayed, total: slice.position });
      if (slice.report !== undefined) return slice.report;
      await nextTurn();
    }
  }
}

function foldSlice(reader: LogReader, view: InlineProjection, after: number): number {
  const rows = reader.logAfter(after, sliceEvents);
  for (const row of rows) {
    const recorded = decode(row);
    const before = view.loadState(recorded.stream);
    view.apply([{ recorded, before, after: evolve(before, recorded) }]);
  }
  return rows.length;
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
      return "bucket_id";
    case "reservations":
      return "scope, key";
    case "tasks":
      return "task_id";
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

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
type Row = z.infer<typeof Row>;

/** Walks the rows of both views in the order of their keys; the difference at the lowest position. */
function firstDifference(live: Database.Database, folded: Database.Database): Fault | undefined {
  const faults = viewTables.flatMap((table) => {
    const sql = `SELECT * FROM ${table} ORDER BY ${keyOf(table)}`;
    return differences(table, rowsByKey(live, sql, table), rowsByKey(folded, sql, table), folded);
  });
  return faults.sort((a, b) => a.position - b.position)[0];
}

function rowsByKey(db: Database.Database, sql: string, table: TableName): Map<string, Row> {
  const rows = z.array(Row).parse(db.prepare(sql).all());
  const key = keyOf(table).split(", ");
  return new Map(rows.map((row) => [JSON.stringify(key.map((name) => row[name])), row]));
}

function differences(
  table: TableName,
  live: ReadonlyMap<string, Row>,
  folded: ReadonlyMap<string, Row>,
  foldedDb: Database.Database,
): Fault[] {
  const keys = new Set([...folded.keys(), ...live.keys()]);
  return [...keys]
    .filter((key) => JSON.stringify(live.get(key)) !== JSON.stringify(folded.get(key)))
    .map((key) => {
      const row = folded.get(key) ?? live.get(key);
      const stream = row?.["bucket_id"] ?? row?.["stream"];
      return {
        position: positionOf(foldedDb, stream),
        problem: `the row ${key} of ${table} is not the fold of the events of ${stream}`,
      };
    });
}

/** The newest event of the stream: the one that the view should show. */
function positionOf(folded: Database.Database, stream: unknown): number {
  const position = folded
    .prepare("SELECT position FROM buckets WHERE bucket_id = ?")
    .pluck()
    .get(stream);
  return z.number().optional().parse(position) ?? 0;
}
