/** What is to be done by itself, in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { TimerTable } from "../../projections/timer-table.js";

const TimerRow = z.object({ stream: z.string(), dueAt: z.string() });

export function sqliteTimerTable(reader: Database.Database): TimerTable {
  const first = reader.prepare(
    "SELECT stream, due_at AS dueAt FROM timers ORDER BY due_at, stream LIMIT ?",
  );
  return { first: async (limit) => z.array(TimerRow).parse(first.all(limit)) };
}
