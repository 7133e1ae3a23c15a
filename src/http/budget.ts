/** So much of something may be taken at once; who finds too little left waits for a while. */
import type { BucketsError } from "../domain/errors.js";
import { clearTimeout, setTimeout } from "../timers.js";

interface Waiting {
  readonly size: number;
  readonly begin: () => void;
}

/** A part of the budget, until it is given back. */
export class Share {
  readonly #budget: Budget;
  #size: number;

  constructor(budget: Budget, size: number) {
    this.#budget = budget;
    this.#size = size;
  }

  /** Keeps no more than that. */
  shrinkTo(size: number): void {
    if (size >= this.#size) return;
    this.#budget.giveBack(this.#size - size);
    this.#size = size;
  }

  release(): void {
    this.shrinkTo(0);
  }
}

export class Budget {
  readonly #max: number;
  readonly #waitMs: number;
  readonly #refusal: () => BucketsError;
  readonly #waiting = new Set<Waiting>();
  #taken = 0;

  /** @param refusal what those are told who have waited for nothing. */
  constructor(max: number, waitMs: number, refusal: () => BucketsError) {
    this.#max = max;
    this.#waitMs = waitMs;
    this.#refusal = refusal;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * A share of that size, or all there is where that is less, in the order of those who ask.
   * @throws the refusal when none was free in time
   */
  async take(wanted: number): Promise<Share> {
    const size = Math.min(wanted, this.#max);
    if (this.#waiting.size > 0 || this.#taken + size > this.#max) await this.#wait(size);
    else this.#taken += size;
    return new Share(this, size);
  }

  giveBack(size: number): void {
    this.#taken -= size;
    for (const waiting of this.#waiting) {
      if (this.#taken + waiting.size > this.#max) return;
      this.#waiting.delete(waiting);
      this.#taken += waiting.size;
      waiting.begin();
    }
  }

  #wait(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = {
        size,
        begin: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(this.#refusal());
      }, this.#waitMs);
      this.#waiting.add(waiting);
    });
  }
}
