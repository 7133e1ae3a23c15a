/**
 * A process of its own that holds a store, for tests that need one to kill or to starve. It carries
 * out one word a line and answers each with one line of JSON.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { isBucketsError } from "../../src/domain/errors.js";
import { openSqlite } from "./sqlite.js";
import { idempotencyKey, Units, verdict } from "./units.js";

const [, , file] = process.argv;
if (file === undefined) throw new Error("which file?");

// No id of an event is to be that of one which a process before made.
const units = new Units(process.pid * 1_000_000);
let written = 0;

const answer = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

async function run(): Promise<void> {
  const store = openSqlite({ file: String(file), clock: Date.now });
  written = (await store.head()).position;
  const write = async () => {
    const id = `bkt_${String(written).padStart(26, "0")}`;
    const unit = units.of(
      units.create(`bucket ${written}`, { description: "x".repeat(1_000) }, id),
      { idempotency: idempotencyKey(`write ${written}`) },
    );
    try {
      const [outcome] = await store.commit([unit]);
      written += 1;
      return verdict(outcome);
    } catch (error) {
      if (!isBucketsError(error)) throw error;
      return error.code;
    }
  };
  const commands: Record<string, () => Promise<unknown>> = {
    write,
    head: async () => (await store.head()).position,
    health: () => store.health(),
    untilReady: async () => {
      for (;;) {
        const health = await store.health();
        if (health.ready) return health;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    // The position is told only after the commit that made it.
    appendForEver: async () => {
      for (;;) {
        await write();
        answer(written);
      }
    },
  };
  answer("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    answer(await commands[line]?.());
  }
  await store.close();
}

await run();
