/**
 * Whether a store does by itself what its states make due. A copy of one does not, until somebody says that
 * it goes on where the other left off: two that close the same windows and lease the same batches would
 * have everything done twice. A file beside the store says so.
 */
import { existsSync, rmSync } from "node:fs";
import { makeFile, syncFolderOf } from "./durable-file.js";

const markOf = (file: string): string => `${file}.held`;

/** To be called before the copy has its name. */
export function holdTimers(file: string): void {
  makeFile(markOf(file), "A copy: bucketlog serve --resume-timers lets it go on.\n");
}

export function resumeTimers(file: string): void {
  if (!areTimersHeld(file)) return;
  rmSync(markOf(file), { force: true });
  syncFolderOf(file);
}

export function areTimersHeld(file: string): boolean {
  return existsSync(markOf(file));
}
