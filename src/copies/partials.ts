/** What is on its way to a name, or from it: it says that it is not whole by being `NAME.partial-ID`. */
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** What is younger may be somebody's who is at work. */
const abandonedMs = 24 * 60 * 60 * 1_000;

const partialPattern = /^(.+)\.partial-[^.]+$/;

/** Where the file or folder is made, or removed, that has or had that name. */
export const partialOf = (path: string): string => `${path}.partial-${randomUUID()}`;

/** The name that it was to have; undefined for what is no partial. */
export const nameOfPartial = (name: string): string | undefined => partialPattern.exec(name)?.[1];

/**
 * Removes what processes that died left in a folder. What cannot be removed stays: it is in nobody's way.
 * @param now milliseconds.
 * @param isOurs whether what was to have that name is.
 */
export function removeAbandoned(
  folder: string,
  now: number,
  isOurs: (name: string) => boolean,
): void {
  for (const found of namesIn(folder)) {
    const name = nameOfPartial(found);
    if (name !== undefined && isOurs(name)) removeIfOld(join(folder, found), now);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder may take files and show none.
    return [];
  }
}

function removeIfOld(path: string, now: number): void {
  try {
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - changedMs > abandonedMs) rmSync(path, { recursive: true, force: true });
  } catch {
    // Such as that of another user.
  }
}
