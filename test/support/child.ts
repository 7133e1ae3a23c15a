/**
 * A process of its own that holds a store, for tests that need one to kill or to starve. It carries
 * out one word a line and answers each with one line of JSON.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { isBucketsError } from "../../src/domain/errors.js";
import { openSqlite } from "./sqlite.js";
import { Units, verdict } from "./units.js";

const [, , file] = process.argv;
if (file === undefined) throw new Error("which file?");

const units = new Units();
let written = 0;

const answer = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

async function run(): Promise<void> {
  const store = openSqlite({ file: String(file), clock: Date.now });
  written = (await store.head()).position;
  const write = async () => {
    const fields = { description: "x".repeat(1_000) };
    try {
      const [outcome] = await store.commit([units.of(units.create(`bucket ${written}`, fields))]);
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
