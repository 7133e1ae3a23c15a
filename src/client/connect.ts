/**
 * Connects to a server. The client has the interface of the library, needs nothing but `fetch`, and
 * knows neither engines nor Node.
 */

import type { BucketStore } from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import { RemoteStore } from "./store.js";
import { Transport } from "./transport.js";

export interface ConnectOptions {
  /** Where the server is, with its base path if it has one: `http://127.0.0.1:8787`. */
  readonly baseUrl: string;
  /** The access token; none for a server without authentication. */
  readonly token?: string;
  /** Where `namespace()` and `events()` are at home unless they are told; `default` unless given. */
  readonly namespace?: string;
  /** The name on events, for an admin token that speaks for somebody; else the token's. */
  readonly actor?: string;
  /** Tries after the first, of reads and of writes, which are done once all the same; 4. */
  readonly retries?: number;
  /** How long one try may take, milliseconds; 30,000. Streams may go on for longer. */
  readonly timeoutMs?: number;
  /** Ends everything at once: whatever is under way is rejected with its reason. */
  readonly signal?: AbortSignal;
  /** The one of the platform unless given. */
  readonly fetch?: typeof fetch;
}

const retriesDefault = 4;
const timeoutMsDefault = 30_000;

/**
 * The store behind a server, by the same interface as the one that `openBuckets` opens. Nothing is
 * sent before it is asked for something.
 *
 * Refusals are the errors of the library, with the `request_id` of the server in their details. A
 * read, and a write under its idempotencyKey, which gets one unless it has one, is tried again when
 * the connection breaks or the server is busy, and so is done once. Making and revoking tokens and
 * rebuilding are tried once. What is sent is typed; `connectBuckets<unknown>` takes what others sent.
 *
 * @throws BAD_REQUEST for what is no base URL. Every method: UNREACHABLE when no bucketlog answers;
 * OUTCOME_UNKNOWN when a write was given up that may have been done.
 *
 * @example
 * const store = connectBuckets({ baseUrl: "http://127.0.0.1:8787", token });
 * try {
 *   await store.namespace().buckets.patch("product-videos", { description: "Q4" });
 * } finally {
 *   await store.close();
 * }
 */
export function connectBuckets<Sent = never>(options: ConnectOptions): BucketStore<Sent> {
  const { namespace = "default", actor, signal = new AbortController().signal } = options;
  const transport = new Transport({
    baseUrl: parseBaseUrl(options.baseUrl),
    token: options.token,
    fetch: options.fetch ?? ((...sent) => fetch(...sent)),
    retries: options.retries ?? retriesDefault,
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    signal,
  });
  return new RemoteStore(transport, { namespace, actor, signal });
}

/** Without what it ends in; a password in it would show up in errors. */
function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === "";
  if (isPlain) return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  throw new BucketsError(
    "BAD_REQUEST",
    "The base URL is none: give scheme, host and base path, as in http://127.0.0.1:8787.",
  );
}
