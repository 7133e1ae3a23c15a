/**
 * How many requests a caller may send in a minute. Each key has a window of its own that begins with
 * its first request; what is remembered is bounded, and the oldest window makes room.
 */
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";

interface Window {
  readonly startedAt: number;
  count: number;
}

/** What is left of a key's quota. */
export interface Quota {
  readonly isExceeded: boolean;
  readonly remaining: number;
  /** Until the quota is whole again; rounded up, so that nobody comes back too early. */
  readonly resetSeconds: number;
}

const windowSeconds = limits.rateWindowMs / 1000;

export class RateLimiter {
  readonly #quota: number;
  /** Milliseconds that never run backwards. */
  readonly #clock: () => number;
  readonly #keysMax: number;
  /** In the order in which the windows began, so that the first is always the oldest. */
  readonly #windows = new Map<string, Window>();

  constructor(quota: number, clock: () => number, keysMax: number = limits.rateKeysMax) {
    this.#quota = quota;
    this.#clock = clock;
    this.#keysMax = keysMax;
  }

  /** The number of keys that are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Counts one request of the key. */
  count(key: string): Quota {
    const now = this.#clock();
    const window = this.#current(key, now) ?? this.#begin(key, now);
    window.count += 1;
    const endsInMs = window.startedAt + limits.rateWindowMs - now;
    return {
      isExceeded: window.count > this.#quota,
      remaining: Math.max(0, this.#quota - window.count),
      resetSeconds: Math.max(1, Math.ceil(endsInMs / 1000)),
    };
  }

  /** The headers that tell a caller where it stands (draft-ietf-httpapi-ratelimit-headers). */
  headers({ remaining, resetSeconds }: Quota): Record<string, string> {
    return {
      "RateLimit-Policy": `"default";q=${this.#quota};w=${windowSeconds}`,
      RateLimit: `"default";r=${remaining};t=${resetSeconds}`,
    };
  }

  refusal({ resetSeconds }: Quota): BucketsError {
    return new BucketsError(
      "TOO_MANY_REQUESTS",
      `More than ${this.#quota} requests in ${windowSeconds} seconds: come back in ${resetSeconds}.`,
      { retry_after_seconds: resetSeconds, quota: this.#quota, window_seconds: windowSeconds },
    );
  }

  #current(key: string, now: number): Window | undefined {
    const window = this.#windows.get(key);
    return window === undefined || hasEnded(window, now) ? undefined : window;
  }

  #begin(key: string, now: number): Window {
    this.#windows.delete(key);
    for (const [oldest, window] of this.#windows) {
      if (!hasEnded(window, now) && this.#windows.size < this.#keysMax) break;
      this.#windows.delete(oldest);
    }
    const window = { startedAt: now, count: 0 };
    this.#windows.set(key, window);
    return window;
  }
}

function hasEnded({ startedAt }: Window, now: number): boolean {
  return now - startedAt >= limits.rateWindowMs;
}
