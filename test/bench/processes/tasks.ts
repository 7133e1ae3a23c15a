/** The other side of a worker: answers each task that it is asked for, one at a time. */
import { z } from "zod";
import type { Sample } from "../bench.js";

const Asked = z.object({ task: z.string(), amount: z.number() });

export type Tasks = Readonly<Record<string, (amount: number) => Promise<Sample> | Sample>>;

export function serveTasks(tasks: Tasks): void {
  process.on("message", async (message) => {
    const { task, amount } = Asked.parse(message);
    try {
      const run = tasks[task];
      if (run === undefined) throw new Error(`There is no task "${task}".`);
      process.send?.({ sample: await run(amount) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : "thrown" });
    }
  });
}
