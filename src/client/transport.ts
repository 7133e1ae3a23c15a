/**
 * Sends requests, again where that is safe, and reads answers. Whatever it throws is an error of
 * the library, or the reason of a signal that aborted; none of them holds the token.
 */
import type { ReceiveOptions, UploadBytes } from "../api/index.js";
import { partsOf } from "../api/upload-bytes.js";
import { BucketsError } from "../domain/errors.js";
import type { JsonValue } from "../domain/json.js";
import {
  brokenOff,
  type Failure,
  foreignAnswer,
  outcomeUnknown,
  parseJson,
  refusalOf,
} from "./errors.js";
import { readChunks, readLines } from "./lines.js";
import { delayMs, pause, retryAfterMsMax, within } from "./patience.js";
import { canPutBlobs, putBlob } from "./put-blob.js";
import { read, type Shape } from "./shapes.js";

export interface TransportOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From `/v1` on, percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly json?: JsonValue;
  readonly kind: "read" | "write";
  /** Under which a write is done once, however often it is sent. */
  readonly idempotencyKey?: string | undefined;
  /** Those of the client unless given: none for a write without a key. */
  readonly retries?: number;
  /** How long the server may wait on purpose before it answers. */
  readonly waitMs?: number;
  /** The one of the client unless given. */
  readonly signal?: AbortSignal | undefined;
}

export interface SentBytes extends ReceiveOptions {
  /** As the server gave it. */
  readonly url: string;
  readonly contentType: string;
  readonly bytes: UploadBytes;
}

/** An answer and what its headers say. */
export interface Answer<T> {
  readonly body: T;
  readonly headers: Headers;
}

type Tried<T> = { readonly kind: "done"; readonly value: T } | FailedTry;
type FailedTry = Failure & { readonly kind: "failed" };
type Reader<T> = (response: Response) => Promise<Tried<T>>;

export class Transport {
  readonly #options: TransportOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Refuses new calls, and resolves once those under way have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  /** The answer as JSON of that shape. */
  json<Answered>(call: Call, shape: Shape<Answered>): Promise<Answer<Answered>> {
    return this.#send(call, (response) => this.#readJson(response, shape));
  }

  /** The same where there may be nothing to answer. */
  jsonOrNothing<Answered>(
    call: Call,
    shape: Shape<Answered>,
  ): Promise<Answer<Answered> | undefined> {
    return this.#send<Answer<Answered> | undefined>(call, async (response) =>
      response.status === 204
        ? { kind: "done", value: undefined }
        : await this.#readJson(response, shape),
    );
  }

  /** The answer as text. */
  text(call: Call): Promise<string> {
    return this.#send(call, async (response) => ({ kind: "done", value: await response.text() }));
  }

  async #readJson<Answered>(
    response: Response,
    shape: Shape<Answered>,
  ): Promise<Tried<Answer<Answered>>> {
    const body = shape(parseJson(await response.text()));
    if (body !== undefined) return { kind: "done", value: { body, headers: response.headers } };
    return { kind: "failed", ...foreignAnswer(response, this.#options.baseUrl) };
  }

  /** Sends bytes, once, to a URL of the server that carries its own signature. */
  async sendBytes<Answered>(
    { url, contentType, bytes, onProgress }: SentBytes,
    shape: Shape<Answered>,
  ): Promise<Answered> {
    const { baseUrl, signal } = this.#options;
    // Behind a proxy the server may be reached elsewhere than it thinks.
    const { pathname, search } = new URL(url);
    const reachable = `${baseUrl}${pathname.slice(pathname.indexOf("/v1/uploads/"))}${search}`;
    try {
      const response =
        bytes instanceof Blob && canPutBlobs()
          ? await putBlob(reachable, contentType, bytes, { onProgress, signal })
          : await this.#options.fetch(reachable, {
              method: "PUT",
              headers: { "Content-Type": contentType },
              body: streamOf(partsOf(bytes, onProgress)),
              // What streams is sent before it is answered; the types of browsers lack the word.
              ...{ duplex: "half" },
              redirect: "manual",
              signal,
            });
      if (!response.ok) throw (await refusalOf(response, baseUrl)).error;
      return read(shape, parseJson(await response.text()));
    } catch (error) {
      if (error instanceof BucketsError || signal.aborted) throw error;
      throw brokenOff(error, baseUrl).error;
    }
  }

  /** For an answer without a body. */
  async nothing(call: Call): Promise<Headers> {
    return await this.#send(call, async ({ headers }) => ({ kind: "done", value: headers }));
  }

  /**
   * The answer line by line. Once it has begun nothing is sent again: what breaks it is thrown. The
   * caller knows the line that must be the last.
   */
  async *lines<Answered>(call: Call, shape: Shape<Answered>): AsyncGenerator<Answered, void> {
    const { baseUrl, signal } = this.#options;
    const response = await this.#send(call, async (value) => ({ kind: "done", value }));
    try {
      for await (const text of readLines(response.body, call.signal ?? signal)) {
        const line = shape(parseJson(text));
        if (line === undefined) throw foreignAnswer(response, baseUrl).error;
        yield line;
      }
    } catch (error) {
      if (error instanceof BucketsError || signal.aborted) throw error;
      throw brokenOff(error, baseUrl).error;
    }
  }

  /** The answer as bytes. Once it has begun nothing is sent again: what breaks it is thrown. */
  async bytes(call: Call): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send(call, async (value) => ({ kind: "done", value }));
    return this.#chunksOf(response);
  }

  async *#chunksOf(response: Response): AsyncGenerator<Uint8Array, void> {
    const { baseUrl, signal } = this.#options;
    try {
      yield* readChunks(response.body, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw brokenOff(error, baseUrl).error;
    }
  }

  /** For an answer without its last line. */
  cutShort(): BucketsError {
    return brokenOff("the answer ends before its last line", this.#options.baseUrl).error;
  }

  async #send<T>(call: Call, read: Reader<T>): Promise<T> {
    if (this.#isClosed) throw new BucketsError("NOT_READY", "The store is closed.");
    const sending = this.#persist(call, read);
    this.#underWay.add(sending);
    try {
      return await sending;
    } finally {
      this.#underWay.delete(sending);
    }
  }

  async #persist<T>(call: Call, read: Reader<T>): Promise<T> {
    const signal = call.signal ?? this.#options.signal;
    let mayBeDone = false;
    for (let attempt = 1; ; attempt += 1) {
      const tried = await this.#try(call, read, signal);
      if (tried.kind === "done") return tried.value;
      mayBeDone ||= tried.mayBeDone;
      if (!this.#mayTryAgain(call, attempt, tried)) throw givenUp(call, tried, mayBeDone);
      await pause(tried.retryAfterMs + delayMs(attempt), signal);
    }
  }

  #mayTryAgain(call: Call, attempt: number, { isTransient, retryAfterMs }: Failure): boolean {
    const { retries = this.#options.retries } = call;
    return isTransient && attempt <= retries && retryAfterMs <= retryAfterMsMax;
  }

  async #try<T>(call: Call, read: Reader<T>, signal: AbortSignal): Promise<Tried<T>> {
    const { baseUrl, timeoutMs } = this.#options;
    const headers = this.#headersOf(call);
    const init = {
      method: call.method,
      headers,
      // Followed, a redirect would turn writes into reads, or take the token elsewhere.
      redirect: "manual",
      ...(call.json !== undefined && { body: JSON.stringify(call.json) }),
    } as const;
    try {
      return await within(timeoutMs + (call.waitMs ?? 0), signal, async (ending) => {
        const response = await this.#options.fetch(urlOf(baseUrl, call), {
          ...init,
          signal: ending,
        });
        if (response.ok) return await read(response);
        return { kind: "failed", ...(await refusalOf(response, baseUrl)) };
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      return { kind: "failed", ...brokenOff(error, baseUrl) };
    }
  }

  /** @throws BAD_REQUEST for what no header can carry; `fetch` itself would show the token. */
  #headersOf({ headers, json, idempotencyKey }: Call): Record<string, string> {
    const { token } = this.#options;
    const all = {
      Accept: "application/json",
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...headers,
      ...(idempotencyKey !== undefined && { "Idempotency-Key": `"${idempotencyKey}"` }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const present: Record<string, string> = {};
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined) continue;
      if (!/^[\x20-\x7e]*$/.test(value)) {
        throw new BucketsError("BAD_REQUEST", `${name} takes visible ASCII characters only.`);
      }
      present[name] = value;
    }
    return present;
  }
}

/** Not every browser has `ReadableStream.from`. */
function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await iterator.return?.();
    },
  });
}

function givenUp({ kind, idempotencyKey }: Call, failure: Failure, mayBeDone: boolean) {
  // What the server refuses under the key was not done by an earlier try either.
  const isRefused = !failure.isTransient && failure.error.code !== "UNREACHABLE";
  const isSettled = kind === "read" || !mayBeDone || isRefused;
  return isSettled ? failure.error : outcomeUnknown(failure, idempotencyKey);
}

function urlOf(baseUrl: string, { path, query = {} }: Call): string {
  const present = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const text = new URLSearchParams(present).toString();
  return `${baseUrl}${path}${text === "" ? "" : `?${text}`}`;
}
