/**
 * Whether the paths of a store still lead to the files that it has open. A file that was deleted or
 * replaced under a process goes on taking writes, and all of them are gone when it ends.
 */
import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { monotonicNow } from "../../timers.js";
import { UnchangedFolder } from "./unchanged-folder.js";

/** Of what a path leads to. Inodes of open files are not used again. */
type Identity = string;

interface Watched {
  readonly path: string;
  /** Undefined while nothing is there. */
  readonly identify: (path: string) => Identity | undefined;
  noted: Identity | undefined;
}

export class OpenedFiles {
  readonly #watched: readonly Watched[];
  readonly #open: readonly Watched[];
  readonly #folder: string;
  readonly #unchanged = new UnchangedFolder();

  /** Right after all of them were opened. */
  constructor(file: string) {
    const watch = (path: string) => ({ path, identify: nodeOf, noted: nodeOf(path) });
    this.#open = [watch(file), watch(`${file}-wal`), watch(`${file}.lock`)];
    this.#watched = [
      ...this.#open,
      // Not open all the time, and made when they are needed first.
      { path: `${file}.blobs`, identify: nodeOf, noted: undefined },
      { path: `${file}.key`, identify: contentOf, noted: undefined },
    ];
    this.#folder = dirname(file);
    this.findFault();
  }

  /** What is not where it was; undefined when all is. What is there for the first time is noted. */
  findFault(): string | undefined {
    return this.#find(this.#watched);
  }

  /**
   * The same of what is open alone, cheap enough to be asked before and after every commit: while
   * nothing got or lost its name in the folder, all is where it was. The files are not asked for that:
   * a file whose times were asked for has them written by its next sync, and the WAL is synced by each
   * commit (Linux from 6.13 on; it made a commit an eighth longer).
   */
  findOpenFault(): string | undefined {
    const stamp = stampOf(this.#folder);
    if (this.#unchanged.isSince(stamp)) return undefined;
    const now = monotonicNow();
    const fault = this.#find(this.#open);
    if (fault === undefined) this.#unchanged.looked(stamp, now);
    return fault;
  }

  #find(watched: readonly Watched[]): string | undefined {
    for (const one of watched) {
      const found = one.identify(one.path);
      if (one.noted === undefined) one.noted = found;
      else if (found === undefined) return `${basename(one.path)} is gone`;
      else if (found !== one.noted) return `${basename(one.path)} is not the one that it was`;
    }
    return undefined;
  }
}

function nodeOf(path: string): Identity | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

const nanosecondsPerSecond = 1_000_000_000n;

/**
 * Of the last change of names in a folder, and of which folder it is. Undefined where there is none, or
 * where the file system may count in whole seconds, in which much can happen.
 */
function stampOf(folder: string): string | undefined {
  const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (found === undefined || found.mtimeNs % nanosecondsPerSecond === 0n) return undefined;
  return `${found.dev}:${found.ino}:${found.mtimeNs}:${found.ctimeNs}`;
}

/** It may be written anew, as long as the same is in it. */
function contentOf(path: string): Identity | undefined {
  try {
    return hash("sha256", readFileSync(path));
  } catch {
    return undefined;
  }
}
