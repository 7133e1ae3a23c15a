/**
 * An event store with its view and keeper, for each engine. Each is real: SQLite works on a file in
 * a temporary folder that is removed when the test is over.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { MemoryEngine } from "../../src/engines/memory/engine.js";
import { MemoryKeeper } from "../../src/engines/memory/keeper.js";
import { MemoryView } from "../../src/engines/memory/view.js";
import { openReader } from "../../src/engines/sqlite/connection.js";
import type { SqliteEngine } from "../../src/engines/sqlite/engine.js";
import { SqliteKeeper } from "../../src/engines/sqlite/keeper.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import type { EventStore } from "../../src/eventstore/store.js";
import type { ProjectionKeeper, View } from "../../src/projections/view.js";
import { FixedClock } from "./clock.js";
import { makeEmptyFile } from "./new-file.js";
import { openSqlite } from "./sqlite.js";

export interface Backend {
  readonly clock: FixedClock;
  readonly events: EventStore;
  readonly view: View;
  readonly keeper: ProjectionKeeper;
}

export interface SqliteBackend extends Backend {
  readonly file: string;
  readonly events: SqliteEngine;
  readonly keeper: SqliteKeeper;
  /** Lets go of everything; the file stays until the test is over. */
  close(): Promise<void>;
}

/** A folder that is removed when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bucketlog-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function temporaryFile(): string {
  return join(temporaryFolder(), "store.db");
}

function emptyFile(): string {
  const file = temporaryFile();
  makeEmptyFile(file);
  return file;
}

export function memoryBackend(clock = new FixedClock()): Backend {
  const view = new MemoryView();
  const events = new MemoryEngine({
    projection: view,
    clock: clock.read,
    newId: (prefix) => `${prefix}_1`,
  });
  return { clock, events, view, keeper: new MemoryKeeper(events, view) };
}

export interface SqliteBackendOptions {
  readonly file?: string;
  readonly clock?: FixedClock;
  readonly readOnly?: boolean;
  readonly durability?: "full" | "relaxed";
}

export function sqliteBackend(options: SqliteBackendOptions = {}): SqliteBackend {
  const { file = emptyFile(), clock = new FixedClock(), ...rest } = options;
  const events = openSqlite({ file, clock: clock.read, ...rest });
  const reader = openReader(file);
  const close = async () => {
    reader.close();
    await events.close();
  };
  onTestFinished(close);
  const keeper = new SqliteKeeper(events, file);
  return { file, clock, events, view: new SqliteReadView(reader), keeper, close };
}

export const engines = { memory: () => memoryBackend(), sqlite: () => sqliteBackend() };
