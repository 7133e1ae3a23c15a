/**
 * The short way of the read that is asked for most: a bucket that has not changed since it was last
 * answered. Such an answer is sent again, with the headers that it had, to whoever may have it and asks
 * in the plainest way. All else goes the way of all requests, which alone decides what an answer is:
 * nothing is made here.
 */
import type { IncomingMessage } from "node:http";
import type { CurrentBucket, EmbeddedStore } from "../api/index.js";
import { limits } from "../domain/limits.js";
import type { Gate } from "./access.js";
import type { HttpContext } from "./route.js";
import { bucketRoute } from "./routes/buckets.js";

export interface ReadyParts {
  readonly store: Pick<EmbeddedStore, "readyBucket" | "reads">;
  readonly gate: Pick<Gate, "opener">;
  readonly basePath: string;
}

/** What a request in the plainest way asks for. */
interface Asked {
  readonly namespace: string;
  readonly identifier: string;
}

/** How an answer was sent. */
interface Sent {
  /** How the server was reached, which links tell. */
  readonly protocol: string;
  readonly host: string | undefined;
  /** Names and values in turns, without those of one request alone. */
  readonly headers: readonly string[];
  /** Of the text: one byte for each letter is sent faster where that is enough. */
  readonly encoding: "latin1" | "utf8";
}

/** What a plain request may have, each once; other headers may ask for another answer. */
const plainHeaders: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "authorization",
  "connection",
  "host",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "user-agent",
  "x-namespace",
  "x-request-id",
]);
const plainTypes: ReadonlySet<string> = new Set(["*/*", "application/json"]);
/** Not encoded, and without a query behind it. */
const plainIdentifier = /^[\w-]{1,255}$/;

export class ReadyAnswers {
  readonly #parts: ReadyParts;
  readonly #root: string;
  readonly #sent = new WeakMap<CurrentBucket, Sent>();

  constructor(parts: ReadyParts) {
    this.#parts = parts;
    this.#root = parts.basePath + bucketRoute.path.replace(/\{\w+\}$/, "");
  }

  /** Answers what can be; returns false for all else, and has done nothing then. */
  repeat(context: HttpContext): boolean {
    const asked = this.#asked(context);
    if (asked === undefined) return false;
    const current = this.#current(asked);
    const sent = current && this.#sent.get(current);
    const { protocol, req, res, state } = context;
    if (sent?.host !== req.headers.host || sent?.protocol !== protocol) return false;
    const token = this.#parts.gate.opener(bucketRoute, context, asked.namespace);
    if (token === undefined) return false;
    state.route = bucketRoute.path;
    state.actor = token.name;
    // Koa leaves what is sent by ourselves alone.
    context.respond = false;
    res.writeHead(200, ["X-Request-Id", state.requestId, ...sent.headers]);
    res.end(current?.text, sent.encoding);
    return true;
  }

  /** Remembers what is about to be answered, if it can be sent again. */
  note(context: HttpContext): void {
    const { body, protocol, req, res, status } = context;
    if (status !== 200 || typeof body !== "string") return;
    // What is larger has to find its place in memory each time.
    if (body.length >= limits.countedBytesMin) return;
    const asked = this.#asked(context);
    const current = asked && this.#current(asked);
    if (current?.text !== body) return;
    const headers = Object.entries(res.getHeaders())
      .filter(([name]) => name !== "x-request-id")
      .flatMap(([name, values = []]) =>
        [values].flat().flatMap((value) => [asWritten(name), String(value)]),
      );
    const encoding = context.length === body.length ? "latin1" : "utf8";
    this.#sent.set(current, { protocol, host: req.headers.host, headers, encoding });
  }

  /** Undefined while each read has to be told of. */
  #current({ namespace, identifier }: Asked): CurrentBucket | undefined {
    const { store } = this.#parts;
    return store.reads.isOn ? undefined : store.readyBucket(namespace, identifier);
  }

  /** Undefined for what is no plain request for a bucket. */
  #asked({ req }: HttpContext): Asked | undefined {
    const { method, url = "", headers } = req;
    if (method !== "GET" || !url.startsWith(this.#root)) return undefined;
    const { accept = "*/*", "x-namespace": namespace = "default" } = headers;
    if (!hasPlainHeaders(req) || !plainTypes.has(accept)) return undefined;
    const identifier = url.slice(this.#root.length);
    if (!plainIdentifier.test(identifier) || typeof namespace !== "string") return undefined;
    return { namespace, identifier };
  }
}

/** The names of headers as they are written, which every answer shares. */
const writtenNames = new Map([["etag", "ETag"]]);

/** Node tells of headers in small letters. */
function asWritten(name: string): string {
  const known = writtenNames.get(name);
  if (known !== undefined) return known;
  const written = name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
  writtenNames.set(name, written);
  return written;
}

function hasPlainHeaders({ headers, rawHeaders }: IncomingMessage): boolean {
  let count = 0;
  for (const name in headers) {
    if (!plainHeaders.has(name)) return false;
    count += 1;
  }
  // What is sent twice is one header to Node.
  return rawHeaders.length === 2 * count;
}
