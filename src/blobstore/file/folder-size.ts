/**
 * How many bytes the contents in a folder of blobs have: counted once, part after part in turns of their
 * own, when it is first asked, and then as they come and go.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { nextTurn } from "../../timers.js";
import { isHash } from "../blob-store.js";
import { hasCode } from "./faults.js";

const shards = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, "0"));

export class FolderSize {
  readonly #folder: string;
  /** What comes into others, or goes, is seen when they are counted. */
  readonly #counted = new Set<string>();
  #bytes = 0;
  #counting: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined until all of it was counted. */
  get bytes(): number | undefined {
    this.#counting ??= this.#count().catch(() => {
      // Whoever asks next has it counted again; what fails is told by whoever reads and writes there.
      this.#counting = undefined;
    });
    return this.#counted.size === shards.length ? this.#bytes : undefined;
  }

  /** @param bytes more than before, or fewer. */
  noteChange(hash: string, bytes: number): void {
    if (this.#counted.has(hash.slice(0, 2))) this.#bytes += bytes;
  }

  async #count(): Promise<void> {
    // Most stores have few: what is not there is empty, and what comes is noted from here on.
    const there = new Set(namesIn(this.#folder));
    for (const shard of shards) if (!there.has(shard)) this.#counted.add(shard);
    for (const shard of shards) {
      if (this.#counted.has(shard)) continue;
      // At a stretch, so that nothing is counted twice or not at all.
      this.#bytes += bytesIn(join(this.#folder, shard));
      this.#counted.add(shard);
      await nextTurn();
    }
  }
}

function bytesIn(shard: string): number {
  return namesIn(shard)
    .filter(isHash)
    .reduce((bytes, name) => bytes + statSync(join(shard, name)).size, 0);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
