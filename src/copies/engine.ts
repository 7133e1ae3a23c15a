/** The engine on a copy, which no server has: read as it is, or brought up to date. */
import { rmSync } from "node:fs";
import type Database from "better-sqlite3";
import { SqliteEngine } from "../engines/sqlite/engine.js";
import { SqliteKeeper } from "../engines/sqlite/keeper.js";
import { SqliteView } from "../engines/sqlite/view.js";

/** Nobody writes to it. */
export function openCopy(file: string): SqliteEngine {
  return open(file, true);
}

/** Runs the work on a copy that is ours to change, once it is as this version has it. */
export async function onOwnCopy<T>(
  file: string,
  work: (engine: SqliteEngine, keeper: SqliteKeeper) => Promise<T>,
): Promise<T> {
  const engine = open(file, false);
  try {
    const keeper = new SqliteKeeper(engine, file);
    await keeper.bringUpToDate(() => {});
    return await work(engine, keeper);
  } finally {
    await engine.close();
  }
}

function open(file: string, readOnly: boolean): SqliteEngine {
  return new SqliteEngine({
    file,
    readOnly,
    durability: "full",
    clock: Date.now,
    newId: (prefix) => `${prefix}_copy`,
    // What it was before is what it was copied from.
    onUpgrade: ({ copy }) => rmSync(copy, { force: true }),
    projection: (db: Database.Database) => new SqliteView(db),
  });
}
