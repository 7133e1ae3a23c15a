/**
 * Which contents came to be here lately, and how many of those who wrote or renewed them may still
 * refer to them: one that all of them gave up need not wait for its grace to be over.
 */

/** What was pushed out waits for its grace, like everything of before this process. */
const trackedMax = 10_000;

export class NewContents {
  /** In the order in which they came. */
  readonly #holders = new Map<string, number>();

  /** @param wasThere whether there was such content before. */
  noteWritten(hash: string, wasThere: boolean): void {
    if (wasThere) this.noteRenewed(hash);
    else this.#begin(hash);
  }

  noteRenewed(hash: string): void {
    const holders = this.#holders.get(hash);
    if (holders !== undefined) this.#holders.set(hash, holders + 1);
  }

  #begin(hash: string): void {
    this.#holders.set(hash, 1);
    if (this.#holders.size <= trackedMax) return;
    const [oldest] = this.#holders.keys();
    if (oldest !== undefined) this.#holders.delete(oldest);
  }

  /** One that held it gives it up. @returns whether nobody is known to hold it any more. */
  giveUp(hash: string): boolean {
    const holders = this.#holders.get(hash);
    if (holders === undefined) return false;
    if (holders > 1) this.#holders.set(hash, holders - 1);
    else this.#holders.delete(hash);
    return holders === 1;
  }

  noteRemoved(hash: string): void {
    this.#holders.delete(hash);
  }
}
