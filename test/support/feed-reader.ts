/** Reads the change feed without a library: what is in it, and how server-sent events are taken. */
import { onTestFinished } from "vitest";
import { z } from "zod";

export const Item = z.looseObject({
  position: z.number(),
  cursor: z.string(),
  namespace: z.string(),
});

/** So many numbers, from 1 unless told. */
export const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, n) => n + from);

/** A reader of server-sent events by hand, as the HTML standard says. */
class Reader {
  readonly events: z.infer<typeof Item>[] = [];
  readonly comments: string[] = [];
  lastId = "";
  retry = 0;
  hasEnded = false;
  #ending = new AbortController();

  async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    this.hasEnded = false;
    this.#ending = new AbortController();
    const response = await fetch(url, {
      headers: {
        Accept: "text/event-stream",
        ...headers,
        ...(this.lastId !== "" && { "Last-Event-ID": this.lastId }),
      },
      signal: this.#ending.signal,
    });
    void this.#read(response);
    return response;
  }

  close(): void {
    this.#ending.abort();
  }

  async #read(response: Response): Promise<void> {
    let rest = "";
    try {
      for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = `${rest}${text}`.split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) this.#take(block);
      }
    } catch {
      // Cut off: what was not complete is not taken.
    }
    this.hasEnded = true;
  }

  #take(block: string): void {
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === "") this.comments.push(value);
      if (name === "retry") this.retry = Number(value);
      if (name === "id") this.lastId = value;
      if (name === "data") data.push(value);
    }
    if (data.length > 0) this.events.push(Item.parse(JSON.parse(data.join("\n"))));
  }

  get positions(): number[] {
    return this.events.map(({ position }) => position);
  }
}

export function reader(): Reader {
  const made = new Reader();
  onTestFinished(() => made.close());
  return made;
}
