/**
 * The folders of backups on the way to their names and from them. What has the name of a backup is
 * whole, whatever way the process ended that made or removed it.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolderOf } from "../durable-file.js";
import { nameOfPartial, partialOf, removeAbandoned } from "./partials.js";

/** One rename, or where an earlier one is replaced two: either is whole at every moment. */
export function takePlace(partial: string, to: string): void {
  const earlier = existsSync(to) ? `${to}.replaced-${randomUUID()}` : undefined;
  if (earlier !== undefined) renameSync(to, earlier);
  renameSync(partial, to);
  syncFolderOf(to);
  if (earlier !== undefined) removeBackup(earlier);
}

/** Takes its name away first, so that what is half removed has none of a backup. */
export function removeBackup(path: string): void {
  const partial = partialOf(path);
  renameSync(path, partial);
  rmSync(partial, { recursive: true, force: true });
}

/** Removes what processes that died left of backups with that name. @param now milliseconds. */
export function removeLeftovers(to: string, now: number): void {
  const [folder, name] = [dirname(to), basename(to)];
  const isOurs = (other: string) => other === name || other.startsWith(`${name}.replaced-`);
  removeAbandoned(folder, now, isOurs);
  // Where the name is taken, the one that was to be replaced is no longer the newest.
  if (!existsSync(to)) return;
  for (const other of readdirSync(folder)) {
    const isReplaced = other !== name && isOurs(other) && nameOfPartial(other) === undefined;
    if (isReplaced) removeBackup(join(folder, other));
  }
}
