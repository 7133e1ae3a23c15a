/** What is common to every write: who asks, how it is meant, and how it went. */

import type { Change } from "../domain/change.js";
import type { TakenContents } from "../domain/object/taken-contents.js";
import type { PatchMediaType } from "../domain/patch-media-type.js";
import type { Precondition } from "../domain/precondition.js";

/** Who is asking, for everything asked through one `namespace(…)`. All have defaults. */
export interface Caller {
  /** The name on every event; the store's own `actor` unless given. */
  readonly actor?: string;
  readonly requestId?: string;
}

/** What a server knows of its caller beside that. */
export interface ServedCaller extends Caller {
  /** What Idempotency-Keys belong to, beside the namespace; the actor unless given. */
  readonly token?: string;
  readonly userAgent?: string;
  readonly remoteAddress?: string;
  /** Of the caller's trace (W3C Trace Context); kept on every event. */
  readonly traceId?: string;
  /** Origin and base path of the server, for `webhook_url`. */
  readonly publicUrl?: string;
  /** The namespaces that are open to the caller; all unless given. */
  readonly opens?: readonly string[];
}

/** How one operation is meant, by itself or in a transaction. */
export interface OperationOptions {
  /** Why: kept on the event, at most 1,000 characters. */
  readonly reason?: string | undefined;
  /** The version that the caller read; another current one is PRECONDITION_FAILED. */
  readonly ifVersion?: number | undefined;
  /** Refuse unknown and read-only fields instead of ignoring them. */
  readonly strict?: boolean | undefined;
}

/** How what is accepted or refused as one is carried out. */
export interface CommitOptions {
  /** The same key with the same request is done once, and answered alike, for 7 days at least. */
  readonly idempotencyKey?: string | undefined;
  /** Check everything, record nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface WriteOptions extends OperationOptions, CommitOptions {}

/** What a server takes from the headers of a write beside that. */
export interface ServedOperationOptions extends OperationOptions {
  /** The full form of `ifVersion`. */
  readonly precondition?: Precondition | undefined;
  /** Of new blobs, where they were taken out of the body. */
  readonly contents?: TakenContents | undefined;
}

export interface ServedCommitOptions extends CommitOptions {
  /** What makes requests under one key the same; of the call itself unless given. */
  readonly fingerprint?: string | undefined;
}

export interface ServedWriteOptions extends ServedOperationOptions, ServedCommitOptions {}

export interface PatchFormat<Media extends PatchMediaType = PatchMediaType> {
  /** How the patch is to be understood; `application/json` is the contract's partial update. */
  readonly mediaType?: Media | undefined;
}

export type PatchOptions = WriteOptions & PatchFormat;

/** Where a write left its bucket, and how it went. */
export interface Written {
  readonly version: number;
  readonly position: number;
  readonly tag: string;
  /** What the write did to the patchable document. */
  readonly changes: readonly Change[];
  /** Fields of the request that were ignored, by name. */
  readonly ignoredFields: readonly string[];
  /**
   * True when the Idempotency-Key was seen before and nothing was done again, also because a client
   * had to send the write again. A secret that the first answer showed is masked in this one.
   */
  readonly replayed: boolean;
  /** True when nothing was recorded: version and position are those it would have got. */
  readonly dryRun: boolean;
}

/**
 * How HTTP answers a write to whom accepts it: all that the library tells, where the contract's
 * body is the bucket alone.
 */
export const writtenMediaType = "application/vnd.bucketlog.written+json";
