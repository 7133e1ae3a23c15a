/**
 * Every page, index and reference of a file, as SQLite checks them: what a bad sector or a hand changed
 * beside the log shows here. A large file is looked at in a thread, so that nobody waits for it.
 */
import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { packageFile } from "../../package-folder.js";
import { openReader } from "./connection.js";
import { findPageFault } from "./damage.js";

export const PageCheckReport = z.object({
  bytes: z.number(),
  /** What is wrong, and what helps; there is nothing when all is well. */
  problem: z.string().exactOptional(),
});
export type PageCheckReport = Readonly<z.infer<typeof PageCheckReport>>;

/** What is looked at within some 100 ms. */
const inlineBytesMax = 16 * 1024 * 1024;

const script = () => packageFile("dist/engines/sqlite/page-thread.js");

export async function checkPages(
  file: string,
  threadFromBytes = inlineBytesMax,
): Promise<PageCheckReport> {
  return statSync(file).size <= threadFromBytes ? checkPagesHere(file) : await inThread(file);
}

/** On the thread that asks. */
export function checkPagesHere(file: string): PageCheckReport {
  const db = openReader(file);
  try {
    const problem = findPageFault(db);
    return { bytes: statSync(file).size, ...(problem !== undefined && { problem }) };
  } finally {
    db.close();
  }
}

function inThread(file: string): Promise<PageCheckReport> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(script(), { workerData: file, execArgv: [] });
    thread.unref();
    thread.once("message", (report: unknown) => resolve(PageCheckReport.parse(report)));
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new Error(`the check of the pages ended with ${code}`)));
  });
}
