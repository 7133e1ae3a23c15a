/** A reader of the change feed that comes back with the last id that it saw, however often it is cut off. */
import { setTimeout as wait } from "node:timers/promises";
import { type Address, token } from "./service.js";

const pauseMs = 20;

export class FeedReader {
  /** In the order in which they came. */
  readonly positions: number[] = [];
  readonly #ending = new AbortController();
  #lastId = "";
  #running: Promise<void> = Promise.resolve();

  start(address: Address): void {
    this.#running = this.#run(address);
  }

  /** Resolves once everything up to the position was seen. */
  async until(position: number): Promise<void> {
    while ((this.positions.at(-1) ?? 0) < position) await wait(pauseMs);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(address: Address): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#read(await address.url(), signal);
      } catch {
        // Cut off: what had not come whole comes again.
      }
      await wait(pauseMs);
    }
  }

  async #read(url: string, signal: AbortSignal): Promise<void> {
    const response = await fetch(`${url}/v1/events`, {
      headers: {
        Accept: "text/event-stream",
        Authorization: `Bearer ${token}`,
        "X-Namespace": "*",
        ...(this.#lastId !== "" && { "Last-Event-ID": this.#lastId }),
      },
      signal,
    });
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = `${rest}${text}`.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const id = /^id: ?(.*)$/m.exec(block)?.[1];
    const position = /^data: ?.*?"position":(\d+)/m.exec(block)?.[1];
    if (id === undefined || position === undefined) return;
    this.positions.push(Number(position));
    this.#lastId = id;
  }
}

/** @returns where a reader missed something or got something twice, one line each. */
export function checkFeed(positions: readonly number[]): string[] {
  const faults: string[] = [];
  for (const [index, position] of positions.entries()) {
    const before = positions[index - 1] ?? 0;
    if (position !== before + 1)
      faults.push(`the feed went from position ${before} to ${position}`);
  }
  return faults.slice(0, 20);
}
