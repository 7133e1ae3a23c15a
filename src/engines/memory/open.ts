/** The engine in memory: it lives as long as the process, and has nothing to be brought up to date. */

import { nothingToRescue } from "../../eventstore/rescued.js";
import { noRowSeals } from "../../eventstore/row-seals.js";
import type { Engine, EngineOptions } from "../engine.js";
import { MemoryEngine } from "./engine.js";
import { MemoryKeeper } from "./keeper.js";
import { memoryReadTable } from "./read-table.js";
import { memoryReceivedTable } from "./received-table.js";
import { memoryTimerTable } from "./timer-table.js";
import { MemoryView } from "./view.js";

export async function openMemory({
  clock,
  newId,
}: Pick<EngineOptions, "clock" | "newId">): Promise<Engine> {
  const view = new MemoryView();
  const events = new MemoryEngine({ projection: view, clock, newId });
  return {
    events,
    view,
    upkeep: new MemoryKeeper(events, view),
    tokens: events.tokens,
    received: memoryReceivedTable(),
    reads: memoryReadTable(),
    secrets: events.secrets,
    seals: noRowSeals,
    timers: memoryTimerTable(view),
    tree: events.tree,
    rescue: async () => {
      throw nothingToRescue();
    },
  };
}
