/** The engine that is behind a file: the one place that chooses. */
import type { TokenRecord } from "../eventstore/token-table.js";
import type { Engine, EngineOptions } from "./engine.js";
import { openMemory } from "./memory/open.js";
import { openSqlite } from "./sqlite/open.js";

/**
 * @param records the tokens of a store in memory before, which go on to open this one.
 * @throws what opening the engine does.
 */
export async function openEngine(
  options: EngineOptions,
  records?: Map<string, TokenRecord>,
): Promise<Engine> {
  return options.file === ":memory:"
    ? await openMemory(options, records)
    : await openSqlite(options);
}
