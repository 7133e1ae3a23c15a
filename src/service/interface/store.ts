/** A store, in this process or behind a server. */
import { z } from "zod";
import type { CollectReport } from "../../blobstore/blob-store.js";
import { answeredTime } from "../../domain/schemas.js";
import type { Health } from "../../eventstore/store.js";
import {
  type BlobCheck,
  blobChecks,
  type ExpectedHead,
  type OnProgress,
  type RebuildReport,
  type ReplayReport,
  type VerifyReport,
} from "../../projections/view.js";
import type { Feed, FeedQuery } from "./feed.js";
import type { IngestResponse, SignedDelivery } from "./ingest.js";
import type { Namespace, ServedNamespace } from "./namespace.js";
import type { TokenGate, Tokens } from "./tokens.js";
import type { ReceivedBytes, SignedBytes } from "./uploads.js";
import type { Caller, ServedCaller } from "./writes.js";

export const HeadAnswer = z.object({
  position: z.number().int(),
  hash: z.string(),
  recorded_at: answeredTime,
});
export type HeadAnswer = Readonly<z.infer<typeof HeadAnswer>>;

export interface VerifyOptions {
  /** A head that was noted elsewhere, which the log must still contain. */
  readonly expected?: ExpectedHead | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** `content` reads and hashes every byte of every blob again; `existence` unless given. */
  readonly blobs?: BlobCheck | undefined;
}

/**
 * A store of buckets, in this process or behind a server. Every promise of a write resolves only
 * once it is durable.
 */
export interface BucketStore extends AsyncDisposable {
  /** @throws BAD_REQUEST for a name that is none. */
  namespace(name?: string, caller?: Caller): Namespace;
  /** The access tokens that open this store to HTTP. */
  readonly tokens: Tokens;
  /** The end of the log; note it elsewhere to prove later that nothing was cut off. */
  head(): Promise<HeadAnswer>;
  /**
   * What changes, as soon as it is committed, by this process or another. Goes on for ever, until
   * the signal aborts or the store closes, which both end it without an error.
   *
   * @example
   * for await (const event of store.events({ after: lastSeen, signal })) {
   *   handle(event);
   *   lastSeen = event.cursor;
   * }
   */
  events(query?: FeedQuery): Feed;
  /**
   * Checks the chain, the commitments, that the view is the fold of the log, and that the bytes of
   * every blob are there.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** Folds the whole log from zero beside the view and compares the two; changes nothing. */
  replay(options?: { onProgress?: OnProgress }): Promise<ReplayReport>;
  /** Folds the view anew from the log, compares row by row, and swaps it in. */
  rebuild(options?: { onProgress?: OnProgress }): Promise<RebuildReport>;
  health(): Promise<Health>;
  /** Refuses new writes, answers those under way, ends feeds, lets go of the store. Idempotent. */
  close(): Promise<void>;
}

/** A store in this process: what a server can be built on. */
export interface EmbeddedStore extends BucketStore {
  namespace(name?: string, caller?: ServedCaller): ServedNamespace;
  readonly tokens: TokenGate;
  /**
   * Closes the windows of batches whose time has come, and submits those that are to be. It happens
   * by itself while the store is open for writing; this is for who goes by another clock.
   * @returns how many were closed.
   */
  closeWindows(): Promise<number>;
  /**
   * Takes a delivery to the source adapter of a bucket in, once however often it comes.
   *
   * @throws NOT_FOUND without an adapter, FORBIDDEN when it is disabled, UNAUTHORIZED for what is not
   * signed, BAD_REQUEST for what is no JSON, all without a trace; and, recorded, what the object is
   * refused with.
   */
  ingest(
    bucketId: string,
    delivery: SignedDelivery,
    caller?: ServedCaller,
  ): Promise<IngestResponse>;
  /**
   * Takes the bytes of an upload that come with a signature in place of a token.
   * @throws FORBIDDEN, with the same words whatever is wrong with the signature.
   */
  receiveUpload(bytes: SignedBytes): Promise<ReceivedBytes>;
  /**
   * Removes the bytes of blobs that no event ever referred to, such as those of writes that were
   * refused, once they have lain for the grace: 24 hours unless given. What an event referred to
   * stays, because the past can be read.
   * @throws READ_ONLY
   */
  collectBlobs(options?: { readonly graceMs?: number }): Promise<CollectReport>;
}

export type {
  CollectReport,
  ExpectedHead,
  Health,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
};
export { blobChecks };
