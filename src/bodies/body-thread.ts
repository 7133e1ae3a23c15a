/** The thread that looks through large bodies, as the server sees it: begun when there is one. */
import { Worker } from "node:worker_threads";
import { BucketsError } from "../domain/errors.js";
import type { FoundInBody, LargeBodies, LargeBody } from "../http/index.js";
import { packageFile } from "../package-folder.js";
import { Looked, type SentBody } from "./messages.js";

const script = () => packageFile("dist/bodies/thread.js");

/** A body of 16 MiB may become thirty times as much, for a moment. */
const heapMegabytesMax = 768;

interface Waiting {
  readonly resolve: (found: FoundInBody) => void;
  readonly reject: (error: unknown) => void;
}

export class BodyThread implements LargeBodies {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #sent = 0;
  #isClosed = false;

  find({ bytes, mediaType, content }: LargeBody): Promise<FoundInBody> {
    if (this.#isClosed) return Promise.reject(ended());
    this.#worker ??= this.#begin();
    this.#sent += 1;
    const id = this.#sent;
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, bytes, mediaType, content } satisfies SentBody);
    });
  }

  /** What is under way is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #begin(): Worker {
    const worker = new Worker(script(), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    });
    worker.unref();
    worker.on("message", (message: unknown) => this.#receive(Looked.parse(message)));
    let failure: unknown;
    worker.on("error", (error) => {
      failure = error;
    });
    worker.on("exit", () => {
      this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(ended(failure));
      this.#waiting.clear();
    });
    return worker;
  }

  #receive({ id, found }: Looked): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting === undefined) return;
    if ("error" in found) {
      waiting.reject(BucketsError.fromJSON(found.error));
      return;
    }
    const contents = [...found.contents].map(
      ([place, content]) =>
        [
          place,
          "error" in content ? { error: BucketsError.fromJSON(content.error) } : content,
        ] as const,
    );
    waiting.resolve({ ...found, objects: found.objects, contents: new Map(contents) });
  }
}

function ended(cause?: unknown): BucketsError {
  return new BucketsError(
    "OVERLOADED",
    "What looks through large bodies ended: come back in a moment.",
    { retry_after_seconds: 1 },
    cause,
  );
}
