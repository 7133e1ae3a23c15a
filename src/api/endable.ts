/** What is waited for with `for await`, so that leaving it ends the waiting. */

/**
 * An iterator whose `return()` takes effect at once. A generator would first wait for what it waits
 * for, which is perhaps for ever: breaking off, or destroying a stream that is made of it, would leave
 * its timers behind.
 *
 * @param open begins; what it gives must end, without an error, once the signal aborts.
 */
export function endable<T>(open: (ending: AbortSignal) => AsyncGenerator<T>): AsyncGenerator<T> {
  const ending = new AbortController();
  const items = open(ending.signal);
  const iterator: AsyncGenerator<T> = {
    next: () => items.next(),
    return: (value) => {
      ending.abort();
      return items.return(value);
    },
    throw: (error) => {
      ending.abort();
      return items.throw(error);
    },
    [Symbol.asyncIterator]: () => iterator,
    [Symbol.asyncDispose]: async () => {
      await iterator.return(undefined);
    },
  };
  return iterator;
}

/** A signal that aborts when any of them does. */
export function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
