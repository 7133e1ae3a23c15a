/** How long to wait: between two tries, and for one of them. */
import { clearTimeout, setTimeout } from "../timers.js";

const firstDelayMs = 100;
const delayMsMax = 5_000;
/** A server that wants to be left alone for longer gets no other try. */
export const retryAfterMsMax = 60_000;

/** Exponential, with full jitter: many callers that fail together do not come back together. */
export function delayMs(attempt: number): number {
  return Math.random() * Math.min(delayMsMax, firstDelayMs * 2 ** (attempt - 1));
}

/** @throws the reason of the signal, once it has aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
}

/** Does the work with a signal that aborts with the other one, or when the time is over. */
export async function within<T>(
  milliseconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = () => ending.abort(signal.reason);
  const late = new Error(`no answer within ${milliseconds} ms`);
  const timer = setTimeout(() => ending.abort(late), milliseconds);
  signal.addEventListener("abort", end);
  try {
    signal.throwIfAborted();
    return await work(ending.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
