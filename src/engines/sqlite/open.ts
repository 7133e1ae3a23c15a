/** The engine on one SQLite file. */
import type Database from "better-sqlite3";
import type { Upgrade } from "../../eventstore/upgrade.js";
import { monotonicNow } from "../../timers.js";
import type { Engine, EngineOptions } from "../engine.js";
import { SqliteEngine } from "./engine.js";
import { SqliteKeeper } from "./keeper.js";
import { sqliteTimerTable } from "./timer-table.js";
import { SqliteReadView, SqliteView } from "./view.js";

/**
 * @throws LOCKED when another process writes to the file; FILE_INVALID when it is not ours, of a newer
 * version, or of an older one that may only be read; STORAGE_FULL.
 */
export async function openSqlite(options: EngineOptions): Promise<Engine> {
  const { onUpgrade, onUpgradeProgress = () => {}, ...own } = options;
  let upgrade: Upgrade | undefined;
  const events = new SqliteEngine({
    ...own,
    onUpgrade: (done) => {
      upgrade = done;
    },
    projection: (db: Database.Database) => new SqliteView(db),
  });
  const upkeep = new SqliteKeeper(events, options.file);
  const began = monotonicNow();
  try {
    await upkeep.bringUpToDate(onUpgradeProgress);
  } catch (error) {
    await events.close();
    throw error;
  } finally {
    if (upgrade !== undefined) {
      const milliseconds = Math.round(upgrade.milliseconds + monotonicNow() - began);
      onUpgrade?.({ ...upgrade, milliseconds });
    }
  }
  return {
    events,
    view: new SqliteReadView(events.readerDb),
    upkeep,
    tokens: events.tokens,
    received: events.received,
    reads: events.reads,
    secrets: events.secrets,
    seals: events.seals,
    timers: sqliteTimerTable(events.readerDb),
    tree: events.tree,
    truncation: events.truncation && {
      missing: events.truncation,
      settle: () => events.settle(),
    },
    rescue: () => events.rescue(),
  };
}
