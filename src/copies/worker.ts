/** The thread of a backup: it may be busy for as long as the copy takes, and nobody waits for it. */
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { BucketsError, invariant, isBucketsError } from "../domain/errors.js";
import { loadInThread } from "../engines/sqlite/threads.js";
import { CopyRequest, copyStore } from "./copy-store.js";
import type { CopyMessage } from "./thread.js";

invariant(parentPort !== null, "this runs in a thread of its own");
const port = parentPort;
const tell = (message: CopyMessage) => port.postMessage(message);

loadInThread(port);

// Those who write go before it. On Linux a priority is of the thread; elsewhere of the whole process.
if (process.platform === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

try {
  const copy = await copyStore(CopyRequest.parse(workerData), (progress) =>
    tell({ kind: "progress", progress }),
  );
  tell({ kind: "done", copy });
} catch (error) {
  if (!isBucketsError(error)) throw error;
  const { code, message, details } = error;
  tell({ kind: "refused", error: new BucketsError(code, message, details).toJSON() });
}
