/** One end of a stream whose other end is in another thread. */
import { Duplex } from "node:stream";
import type { MessagePort } from "node:worker_threads";

/** The other end has taken what it was sent, and wants more. */
const taken = "taken";
/** Nothing more will be sent. */
const ended = "ended";

/** Bytes cross one chunk at a time: whoever reads slowly slows down who writes. */
export class PortStream extends Duplex {
  readonly #port: MessagePort;
  #written: (() => void) | undefined;
  #owesTaken = false;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on("message", (message: unknown) => this.#receive(message));
    port.on("close", () => this.destroy());
  }

  /** Whether all that came was taken, and more is waited for. */
  get isWaiting(): boolean {
    return !this.#owesTaken;
  }

  #receive(message: unknown): void {
    if (message instanceof Uint8Array) {
      this.#owesTaken = true;
      if (this.push(message)) this.#tellTaken();
    } else if (message === taken) {
      const written = this.#written;
      this.#written = undefined;
      written?.();
    } else {
      this.push(null);
    }
  }

  #tellTaken(): void {
    this.#owesTaken = false;
    this.#port.postMessage(taken);
  }

  override _read(): void {
    if (this.#owesTaken) this.#tellTaken();
  }

  override _write(chunk: Uint8Array, _encoding: string, written: () => void): void {
    this.#written = written;
    // Of its own: a chunk may be a part of bytes that others are in.
    const bytes = new Uint8Array(chunk);
    this.#port.postMessage(bytes, [bytes.buffer]);
  }

  override _final(finished: () => void): void {
    this.#port.postMessage(ended);
    finished();
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#port.close();
    destroyed(error);
  }
}
