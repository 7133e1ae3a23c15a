/**
 * What it means that a store is closed: whatever is asked from then on is NOT_READY, alike on every
 * engine. Writes that were begun are answered first; long work is told to end instead.
 */
import { BucketsError } from "../domain/errors.js";

type Explain = (error: unknown) => unknown;

export class OpenGate {
  readonly #underWay = new Set<Promise<unknown>>();
  #takesWork = true;
  #isOpen = true;

  /** @throws NOT_READY once it is closing: long work looks here as it goes. */
  assertTakesWork(): void {
    if (!this.#takesWork) throw closed();
  }

  /** Does what closing has to wait for. @throws NOT_READY once it is closing. */
  run = async <T>(work: () => Promise<T>): Promise<T> => {
    this.assertTakesWork();
    const running = work();
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  };

  /** Takes no more work, and resolves once none is under way. */
  async settle(): Promise<void> {
    this.#takesWork = false;
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /** From now on, what is guarded is NOT_READY. */
  close(): void {
    this.#isOpen = false;
  }

  /**
   * The same, whose methods are NOT_READY once it is closed, whatever they would do without it.
   * @param explain makes of what they throw what callers are told.
   */
  guard<Part extends object>(part: Part, explain: Explain): Part {
    const get = (target: Part, name: PropertyKey): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        this.#assertOpen();
        const result = explained(explain, () => Reflect.apply(member, target, given));
        if (isAsyncIterable(result)) return this.#checked(result, explain);
        if (!(result instanceof Promise)) return result;
        return result.catch((error: unknown) => {
          throw explain(error);
        });
      };
    };
    return new Proxy(part, { get });
  }

  /** What is read bit by bit is found closed before the next bit. */
  async *#checked(items: AsyncIterable<unknown>, explain: Explain): AsyncIterable<unknown> {
    try {
      for await (const item of items) {
        yield item;
        this.#assertOpen();
      }
    } catch (error) {
      throw explain(error);
    }
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw closed();
  }
}

function explained(explain: Explain, work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    throw explain(error);
  }
}

function closed(): BucketsError {
  return new BucketsError("NOT_READY", "The store is closed.");
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
