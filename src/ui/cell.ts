/** A value that is watched: what many components show and something outside of them changes. */
import { useEffect, useState } from "preact/hooks";

export class Cell<T> {
  #value: T;
  readonly #watchers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** @returns what ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}

/** The value of the cell, drawn anew when it changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [, setShown] = useState(cell.value);
  useEffect(() => {
    const show = () => setShown(() => cell.value);
    show();
    return cell.watch(show);
  }, [cell]);
  return cell.value;
}
