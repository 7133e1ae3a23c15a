/** Threads that use SQLite are ended only where that ends nothing else. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { endingOf, loaded } from "../../src/engines/sqlite/threads.js";

/** Tells that it has loaded once it is told to, and notes before that that it goes on. */
function begin(): { readonly thread: Worker; readonly steps: Int32Array } {
  const steps = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { parentPort, workerData: steps } = require("node:worker_threads");
    parentPort.once("message", () => {
      Atomics.add(steps, 0, 1);
      parentPort.postMessage(${JSON.stringify(loaded)});
      setInterval(() => {}, 1_000);
    });`;
  return { thread: new Worker(code, { eval: true, workerData: steps }), steps };
}

test("one that is loading is not ended before it has loaded", async () => {
  const { thread, steps } = begin();
  const end = endingOf(thread);
  const ended = end();
  await once(thread, "online");
  thread.postMessage("load");
  await ended;
  expect(Atomics.load(steps, 0)).toBe(1);
});

test("one that ends by itself before that is waited for no longer", async () => {
  const thread = new Worker("process.exit(3)", { eval: true });
  const end = endingOf(thread);
  await Promise.all([end(), once(thread, "exit")]);
  await end();
});
