/** The lines of the log of a server, on their way to where they are written. */
import type { Writable } from "node:stream";

/** Of an error, and of what is worse, as pino writes them. */
const errorLine = /^\{"level":[56]/;

/**
 * Writes the lines of one turn of the event loop together: under load, to write each by itself takes a
 * fifth of the time that a read does. An error is written at once, with all that came before it.
 */
export class LogLines implements Disposable {
  readonly #out: Writable;
  #waiting = "";

  constructor(out: Writable) {
    this.#out = out;
  }

  readonly write = (line: string): void => {
    if (this.#waiting === "") setImmediate(() => this.#flush());
    this.#waiting += line;
    if (errorLine.test(line)) this.#flush();
  };

  /** Writes what waits. */
  [Symbol.dispose](): void {
    this.#flush();
  }

  #flush(): void {
    if (this.#waiting === "") return;
    const lines = this.#waiting;
    this.#waiting = "";
    this.#out.write(lines);
  }
}
