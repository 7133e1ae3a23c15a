/** The thread that checks the pages of a large file: it may be busy for long, and nobody waits for it. */
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import { checkPagesHere } from "./page-check.js";

invariant(parentPort !== null, "this runs in a thread of its own");

// Those who write go before it. On Linux a priority is of the thread; elsewhere of the whole process.
if (process.platform === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

parentPort.postMessage(checkPagesHere(z.string().parse(workerData)));
