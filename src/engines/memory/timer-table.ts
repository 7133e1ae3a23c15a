/** What is to be done by itself in a store in memory: its states say it. */
import { dueAt } from "../../domain/resource.js";
import type { TimerTable } from "../../projections/timer-table.js";
import { compareTexts } from "./compare-texts.js";
import type { MemoryView } from "./view.js";

export function memoryTimerTable(view: MemoryView): TimerTable {
  return {
    first: async (limit) => {
      const timers = [...view.states()].flatMap(([stream, { state }]) => {
        const due = dueAt(state);
        return due === undefined ? [] : [{ stream, dueAt: due }];
      });
      timers.sort((a, b) => compareTexts(a.dueAt, b.dueAt) || compareTexts(a.stream, b.stream));
      return timers.slice(0, limit);
    },
  };
}
