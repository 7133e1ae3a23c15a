/**
 * Ending threads that use SQLite. One that is ended in the middle of loading the binding takes the whole
 * process with it: there is an error to tell of, and no code may run any more that could be told.
 */
import type { MessagePort, Worker } from "node:worker_threads";
import { loadSqlite } from "./binding.js";

/** What such a thread sends first. */
export const loaded = "loaded";

/** For the thread, before all else that it does. */
export function loadInThread(port: MessagePort): void {
  loadSqlite();
  port.postMessage(loaded);
}

/**
 * To be called where the thread is begun.
 * @returns what ends it, and resolves once it has ended: as soon as it has loaded the binding.
 */
export function endingOf(thread: Worker): () => Promise<void> {
  const mayEnd = new Promise<void>((resolve) => {
    thread.on("message", (sent: unknown) => {
      if (sent === loaded) resolve();
    });
    thread.once("exit", () => resolve());
  });
  return async () => {
    await mayEnd;
    await thread.terminate();
  };
}
