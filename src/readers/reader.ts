/** A reader as the server sees it: a thread that answers requests until it is ended. */
import { type IncomingMessage, request } from "node:http";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { limits } from "../domain/limits.js";
import type { Fault } from "../domain/reports.js";
import { endingOf, loaded } from "../engines/sqlite/threads.js";
import type { AskedRead } from "../http/index.js";
import { packageFile } from "../package-folder.js";
import { clearTimeout, setTimeout } from "../timers.js";
import { PortStream } from "./port-stream.js";
import { FromReader, type ReaderSettings, type ToReader } from "./settings.js";

export interface ReaderOptions {
  /** Asked for when it begins. */
  readonly settings: () => ReaderSettings;
  /** How long it may look without giving anything of its answer. */
  readonly timeoutMs: number;
  readonly heapMegabytesMax: number;
  /** Told each line that it logs. */
  readonly onLine: (line: string) => void;
  /** Told what it found of the log that is not what was written. */
  readonly onAltered: (fault: Fault) => void;
}

/** Why a thread ended before an answer began. */
export class ReaderEnded extends Error {
  constructor(
    readonly why: "timeout" | "memory" | "closed" | "other",
    options?: ErrorOptions,
  ) {
    super(`The reader ended: ${why}.`, options);
  }
}

const script = () => packageFile("dist/readers/thread.js");

/** How long a reader that nobody waits for may need to notice. */
const wakingMs = 1_000;

/** How long a thread that has broken off a connection may need to end. */
const endingMs = 5_000;

/** What is of the connection to the server, and not of the request. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "te",
  "transfer-encoding",
  "upgrade",
]);

export class Reader {
  readonly #options: ReaderOptions;
  readonly #worker: Worker;
  readonly #end: () => Promise<void>;
  readonly #exited: Promise<unknown>;
  #ended: ReaderEnded | undefined;
  #open = 0;
  #waking: NodeJS.Timeout | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#worker = new Worker(script(), {
      workerData: options.settings(),
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: options.heapMegabytesMax },
    });
    this.#worker.unref();
    this.#end = endingOf(this.#worker);
    this.#exited = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.on("message", (message: unknown) => {
      if (message === loaded) return;
      const told = FromReader.parse(message);
      if (told === "awake") clearTimeout(this.#waking);
      else if ("line" in told) options.onLine(told.line);
      else options.onAltered(told.altered);
    });
    this.#worker.on("error", (error) => {
      const isMemory = "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
      this.#ended ??= new ReaderEnded(isMemory ? "memory" : "other", { cause: error });
    });
    this.#worker.on("exit", () => {
      this.#ended ??= new ReaderEnded("other");
    });
  }

  /** How many answers it has under way. */
  get open(): number {
    return this.#open;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Whatever it is doing, once it has begun to. */
  async end(why: "timeout" | "closed"): Promise<void> {
    this.#ended ??= new ReaderEnded(why);
    await this.#end();
  }

  /** @throws ReaderEnded when the thread does, before the answer has begun. */
  answer(asked: AskedRead): Promise<IncomingMessage> {
    const { port1, port2 } = new MessageChannel();
    const { name, permission, namespaces } = asked.token;
    const token = { name, permission, namespaces: namespaces === null ? null : [...namespaces] };
    this.#tell({ port: port1, token }, [port1]);
    const stream = new PortStream(port2);
    this.#watch(stream, asked.signal);
    return new Promise((resolve, reject) => {
      const sent = request({
        createConnection: () => stream,
        method: asked.method,
        path: asked.url,
        headers: headersOf(asked),
        maxHeaderSize: limits.headerSectionBytesMax * 4,
        setDefaultHeaders: false,
      });
      sent.on("response", resolve);
      sent.on("error", (error) => {
        void this.#whyBroken(error).then(reject);
      });
      sent.end(asked.body);
    });
  }

  /** A thread that ends breaks its connections off before it tells that it has, and why. */
  async #whyBroken(error: Error): Promise<Error> {
    if (this.#ended === undefined) {
      let timer: NodeJS.Timeout | undefined;
      const waited = new Promise((resolve) => {
        timer = setTimeout(resolve, endingMs);
      });
      await Promise.race([this.#exited, waited]);
      clearTimeout(timer);
    }
    return this.#ended ?? error;
  }

  /** Ends the thread when it gives nothing for too long, and the stream when nobody waits for it. */
  #watch(stream: PortStream, signal: AbortSignal): void {
    this.#open += 1;
    const { timeoutMs } = this.#options;
    const look = () => {
      if (stream.isWaiting) void this.end("timeout");
      // Who asked has taken nothing for as long: others wait for its place.
      else stream.destroy();
    };
    const timer = setTimeout(look, timeoutMs);
    stream.on("data", () => timer.refresh());
    const leave = () => stream.destroy();
    signal.addEventListener("abort", leave, { once: true });
    stream.once("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      this.#open -= 1;
      if (signal.aborted && this.#open === 0) this.#assertAwake();
    });
  }

  /** In the middle of long work that nobody waits for any more, it is ended. */
  #assertAwake(): void {
    clearTimeout(this.#waking);
    this.#waking = setTimeout(() => {
      if (this.#open === 0) void this.end("timeout");
    }, wakingMs);
    this.#tell("awake?");
  }

  #tell(message: ToReader, ports: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, ports);
  }
}

function headersOf({ headers, body }: AskedRead) {
  const own = Object.entries(headers).filter(([name]) => !ofConnection.has(name));
  return {
    ...Object.fromEntries(own),
    connection: "close",
    ...(body !== undefined && { "content-length": String(body.length) }),
  };
}
