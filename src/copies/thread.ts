/** Runs the copying of a store in a thread of its own, and tells how far it is. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { BackupProgress } from "../api/backups.js";
import { BucketsError, errorCodes } from "../domain/errors.js";
import { endingOf, loaded } from "../engines/sqlite/threads.js";
import { packageFile } from "../package-folder.js";
import { clearInterval, setInterval } from "../timers.js";
import { type CopyRequest, StoreCopy } from "./copy-store.js";
import { backupNames } from "./manifest.js";

/** What tells of the copying. */
const CopyMessage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("progress"), progress: BackupProgress }),
  z.object({ kind: z.literal("done"), copy: StoreCopy }),
  z.object({
    kind: z.literal("refused"),
    error: z.object({
      name: z.literal("BucketsError"),
      code: z.enum(errorCodes),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  }),
]);
export type CopyMessage = z.infer<typeof CopyMessage>;

interface ThreadOptions {
  /** How large the database is: its copy will be about as large. */
  readonly bytes: number;
  /** What it throws ends the thread, and is thrown. */
  readonly onProgress: (progress: BackupProgress) => void;
}

interface Ran {
  readonly copy: StoreCopy;
  /** How large the WAL of the store became meanwhile. */
  readonly walBytes: number;
}

const lookEveryMs = 200;

const script = () => packageFile("dist/copies/worker.js");

/** @throws what `copyStore` does. */
export function copyInThread(
  request: CopyRequest,
  { bytes, onProgress }: ThreadOptions,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(script(), { workerData: request, execArgv: [] });
    const endThread = endingOf(thread);
    let walBytes = 0;
    let isCopying = true;
    let isOver = false;
    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      clearInterval(looking);
      void endThread().then(settle);
    };
    const told = (progress: BackupProgress) => {
      try {
        onProgress(progress);
      } catch (error) {
        end(() => reject(error));
      }
    };
    // SQLite tells nothing while it copies; the file does.
    const looking = setInterval(() => {
      walBytes = Math.max(walBytes, sizeOf(`${request.file}-wal`));
      const done = Math.min(sizeOf(join(request.to, backupNames.database)), bytes);
      if (isCopying) told({ step: "database", done, total: bytes });
    }, lookEveryMs);
    thread.on("message", (sent: unknown) => {
      if (sent === loaded) return;
      const message = CopyMessage.parse(sent);
      switch (message.kind) {
        case "progress":
          isCopying = false;
          told(message.progress);
          return;
        case "done":
          end(() => resolve({ copy: message.copy, walBytes }));
          return;
        case "refused":
          end(() => reject(BucketsError.fromJSON(message.error)));
          return;
      }
    });
    thread.on("error", (error) => end(() => reject(error)));
    thread.on("exit", (code) => end(() => reject(new Error(`the copying ended with ${code}`))));
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
