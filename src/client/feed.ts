/**
 * The change feed over HTTP: pages that wait for their first event, each asked for from the cursor
 * of the one before, so that a connection or a server that comes and goes costs no event and
 * repeats none.
 */

import { anyOf, endable } from "../api/endable.js";
import type { Feed, FeedEvent, FeedPage, FeedPageOptions, FeedQuery } from "../api/index.js";
import { isBucketsError } from "../domain/errors.js";
import { delayMs, pause } from "./patience.js";
import { answerWith } from "./shapes.js";
import type { Transport } from "./transport.js";

/** Within the patience of the proxies that there are. */
const pageWaitMs = 25_000;
const pageEvents = 100;
/** What a server that is away, or restarts, fails with. */
const absences: readonly string[] = ["UNREACHABLE", "NOT_READY", "OVERLOADED", "TOO_MANY_REQUESTS"];

const Page = answerWith<FeedPage>({ results: "list", pagination: "object" });

/** The query with what the client has to add: every feed has a namespace and an end. */
export interface OpenQuery extends FeedQuery {
  readonly namespace: string;
  readonly signal: AbortSignal;
}

export class RemoteFeed implements Feed {
  readonly #transport: Transport;
  readonly #query: OpenQuery;
  #after: string | number | undefined;

  constructor(transport: Transport, query: OpenQuery) {
    this.#transport = transport;
    this.#query = query;
    this.#after = query.after;
  }

  [Symbol.asyncIterator](): AsyncIterator<FeedEvent> {
    return endable((ending) => {
      const query = { ...this.#query, signal: anyOf(this.#query.signal, ending) };
      return new RemoteFeed(this.#transport, query).#events();
    });
  }

  async *#events(): AsyncGenerator<FeedEvent> {
    const options = { limit: pageEvents, waitMs: pageWaitMs };
    // A server that was never there is told at once; one that goes away is waited for.
    for (let page = await this.page(options); page !== undefined; ) {
      for (const event of page.results) {
        if (this.#query.signal.aborted) return;
        yield event;
      }
      page = await this.#pageInTime(options);
    }
  }

  async page(options: FeedPageOptions = {}): Promise<FeedPage | undefined> {
    const { signal } = this.#query;
    if (signal.aborted) return undefined;
    try {
      const page = await this.#ask(options);
      this.#after = page.pagination.next_cursor;
      return page;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  async #pageInTime(options: FeedPageOptions): Promise<FeedPage | undefined> {
    const { signal } = this.#query;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.page(options);
      } catch (error) {
        if (!isBucketsError(error) || !absences.includes(error.code)) throw error;
      }
      await pause(delayMs(failures), signal).catch(() => {});
    }
  }

  async #ask({ limit, waitMs = 0 }: FeedPageOptions): Promise<FeedPage> {
    const { namespace, bucket, types, signal } = this.#query;
    const call = {
      kind: "read",
      method: "GET",
      path: "/v1/events",
      query: {
        after: this.#after,
        bucket,
        limit,
        types: types?.join(","),
        wait: Math.ceil(waitMs / 1_000),
      },
      headers: { "X-Namespace": namespace },
      waitMs,
      signal,
    } as const;
    return (await this.#transport.json(call, Page)).body;
  }
}
