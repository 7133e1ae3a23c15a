/** The engine that is behind a file: the one place that chooses. */
import type { Engine, EngineOptions } from "./engine.js";
import { openMemory } from "./memory/open.js";
import { openSqlite } from "./sqlite/open.js";

/** @throws what opening the engine does. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  return options.file === ":memory:" ? await openMemory(options) : await openSqlite(options);
}
