/**
 * The folders of backups on the way to their names and from them. Each that is not whole says so by
 * its name, `NAME.partial-ID`, whatever way the process ended that made or removed it.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolderOf } from "../durable-file.js";

/** What is younger may be somebody's who is at work. */
const abandonedMs = 24 * 60 * 60 * 1_000;

const partialPattern = /^(.+)\.partial-[^.]+$/;

/** Where the backup is made, or removed, that has or had that name. */
export const partialOf = (to: string): string => `${to}.partial-${randomUUID()}`;

/** One rename, or where an earlier one is replaced two: either is whole at every moment. */
export function takePlace(partial: string, to: string): void {
  const earlier = existsSync(to) ? `${to}.replaced-${randomUUID()}` : undefined;
  if (earlier !== undefined) renameSync(to, earlier);
  renameSync(partial, to);
  syncFolderOf(to);
  if (earlier !== undefined) removeBackup(earlier);
}

/** What is half removed has no longer the name of a backup. */
export function removeBackup(path: string): void {
  const partial = partialOf(path);
  renameSync(path, partial);
  rmSync(partial, { recursive: true, force: true });
}

/** Removes what processes that died left of backups with that name. @param now milliseconds. */
export function removeLeftovers(to: string, now: number): void {
  const name = basename(to);
  removeAbandoned(dirname(to), now, (of) => of === name || isReplaced(of, name));
  if (!existsSync(to)) return;
  for (const other of readdirSync(dirname(to))) {
    if (isReplaced(other, name)) removeBackup(join(dirname(to), other));
  }
}

const isReplaced = (other: string, name: string): boolean =>
  other.startsWith(`${name}.replaced-`) && !partialPattern.test(other);

/**
 * Removes the folders that died on the way to a name, or from it.
 * @param now milliseconds.
 * @param isOurs whether they are of that name.
 */
export function removeAbandoned(
  folder: string,
  now: number,
  isOurs: (name: string) => boolean,
): void {
  for (const found of readdirSync(folder)) {
    const name = partialPattern.exec(found)?.[1];
    if (name === undefined || !isOurs(name)) continue;
    const path = join(folder, found);
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - changedMs > abandonedMs) rmSync(path, { recursive: true, force: true });
  }
}
