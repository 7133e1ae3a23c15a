/** A bound on how fast something is read: so many bytes a second, on average. */
import { clearTimeout, monotonicNow, setTimeout } from "../../timers.js";

export class Pace {
  readonly #bytesPerSecond: number;
  readonly #signal: AbortSignal;
  #paidUntil = monotonicNow();

  /** @param signal ends the waiting at once. */
  constructor(bytesPerSecond: number, signal: AbortSignal) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#signal = signal;
  }

  /** Resolves once that much more may be read; what was not used before is not saved up. */
  async take(bytes: number): Promise<void> {
    const now = monotonicNow();
    this.#paidUntil = Math.max(now, this.#paidUntil) + (bytes / this.#bytesPerSecond) * 1_000;
    await this.rest(this.#paidUntil - now);
  }

  async rest(milliseconds: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(milliseconds, longestMs)).unref();
      this.#signal.addEventListener("abort", end, { once: true });
    });
  }
}

/** What a timer can wait. */
const longestMs = 2 ** 31 - 1;
