/** The room on the disk of a store, a part of which is kept free: SQLite is not to find out first. */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { BucketsError } from "./domain/errors.js";
import { monotonicNow } from "./timers.js";

/** What a disk has free changes slowly, and is asked about before every write. */
const knownMs = 250;

export interface RoomOptions {
  readonly file: string;
  /** What is kept free; nothing unless given. */
  readonly minFreeBytes?: number | undefined;
  /** How many bytes are free where that path is to be; for tests. */
  readonly look?: (path: string) => number;
  /** Milliseconds that never run backwards; for tests. */
  readonly now?: () => number;
}

export class Room {
  readonly minFreeBytes: number;
  readonly #look: () => number;
  readonly #now: () => number;
  #known: { readonly bytes: number | undefined; readonly at: number } | undefined;

  constructor({ file, minFreeBytes = 0, look = roomFor, now = monotonicNow }: RoomOptions) {
    this.minFreeBytes = minFreeBytes;
    this.#look = () => look(file);
    this.#now = now;
  }

  /** Undefined when the place is gone. */
  get freeBytes(): number | undefined {
    const at = this.#now();
    if (this.#known === undefined || at - this.#known.at >= knownMs) {
      this.#known = { bytes: this.#lookIfThere(), at };
    }
    return this.#known.bytes;
  }

  #lookIfThere(): number | undefined {
    try {
      return this.#look();
    } catch {
      return undefined;
    }
  }

  /** Whether less is free than is to be. */
  get isShort(): boolean {
    return this.minFreeBytes > 0 && (this.freeBytes ?? this.minFreeBytes) < this.minFreeBytes;
  }

  /** @throws STORAGE_FULL when less is free than is to be. */
  assertEnough(): void {
    if (!this.isShort) return;
    throw new BucketsError(
      "STORAGE_FULL",
      `The disk has ${mebibytes(this.freeBytes ?? 0)} MiB free, and ${mebibytes(this.minFreeBytes)} are kept free: nothing was written. Make room, and try again.`,
      { outcome: "not_written", free_bytes: this.freeBytes, min_free_bytes: this.minFreeBytes },
    );
  }
}

export function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}

/** How many bytes the disk has room for where that path is to be. */
export function roomFor(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}
