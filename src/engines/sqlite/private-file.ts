/**
 * What belongs to a store is for its owner alone. SQLite makes files as the umask leaves them, and
 * gives the WAL and its index the mode of the database.
 */
import { chmodSync, closeSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";

const fileMode = 0o600;
const folderMode = 0o700;
const ofOthers = 0o077;

/** Makes an empty file, which SQLite takes for a new database; what is wrong with its place SQLite tells. */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, "ax", fileMode));
  } catch {
    // It is there, or cannot be: in either case the next to open it says what there is to say.
  }
}

/** The code of the system for what keeps a file from being written, or others from being made beside it. */
export function findObstacle(file: string): string | undefined {
  const beside = `${file}.${process.pid}.try`;
  try {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) closeSync(openSync(file, "r+"));
    writeFileSync(beside, "try", { flag: "wx", mode: fileMode });
    rmSync(beside);
    return undefined;
  } catch (error) {
    removeIfPossible(beside);
    return error instanceof Error && "code" in error ? String(error.code) : undefined;
  }
}

/** Where even that fails, what failed before is what there is to say. */
function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {}
}

/** Those of the files and the folder of a store that others can read or write. Windows has no modes. */
export function findWide(file: string): readonly string[] {
  if (process.platform === "win32") return [];
  const signing = [".sign", ".sign.next", ".sign.before"];
  const notes = [".head", ".last", ".scrub"];
  return ["", "-wal", "-shm", ".lock", ".blobs", ".key", ".token", ...signing, ...notes]
    .map((suffix) => `${file}${suffix}`)
    .filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & ofOthers) !== 0);
}

/** Takes what others may do away. */
export function narrow(path: string): void {
  chmodSync(path, statSync(path).isDirectory() ? folderMode : fileMode);
}
