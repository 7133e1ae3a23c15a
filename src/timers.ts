/**
 * The timers of the process as they are when this is loaded: a program that replaces them later, as
 * fake timers in its tests do, must not stop commits, feeds and `close()`.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;

// Not there in browsers, where nothing that needs it runs.
const { setImmediate } = globalThis;

/** Milliseconds that never run backwards. */
export const monotonicNow: () => number = performance.now.bind(performance);

/** Resolves once the event loop has let others through. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The same after work that was long, wherever in its turn the event loop is: one that has just read
 * from sockets comes to what `nextTurn` waits for before it reads from others.
 */
export async function wholeTurn(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
