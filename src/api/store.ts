/** A store, in this process or behind a server. */
/// <reference lib="esnext.disposable" preserve="true" />
import { z } from "zod";
import { durabilities, type Health, HealthCheck } from "../domain/health.js";
import type { CollectReport } from "../domain/reports.js";
import {
  type BlobCheck,
  blobChecks,
  type ExpectedHead,
  type ExpectedRoot,
  type Fault,
  type OnProgress,
  type RebuildReport,
  type ReplayReport,
  type VerifyReport,
} from "../domain/reports.js";
import { answeredTime } from "../domain/schemas.js";
import type { ReadTracker } from "./audit.js";
import type { BackupOptions, BackupReport, OwnBackupOptions } from "./backups.js";
import type { CurrentBucket } from "./buckets.js";
import type { ExtractOptions, ExtractReport } from "./extracts.js";
import type { Feed, ServedFeedQuery } from "./feed.js";
import type { IngestResponse, SignedDelivery } from "./ingest.js";
import type { ExportLogOptions } from "./log-files.js";
import type { Namespace, ServedNamespace } from "./namespace.js";
import type { Namespaces, ServedNamespaces } from "./namespaces.js";
import type { ServedBlob } from "./objects.js";
import type { Organization, ServedOrganization } from "./organization.js";
import type {
  AnchorPlaces,
  AnchorReport,
  ForkOptions,
  ForkReport,
  Proofs,
  RotateOptions,
  RotationReport,
  ServedProofs,
} from "./proofs.js";
import type { TokenGate, Tokens } from "./tokens.js";
import type { ReceivedBytes, SignedBytes, SignedDownload } from "./uploads.js";
import type { Caller, ServedCaller, WriteOptions } from "./writes.js";

export const HeadAnswer = z.object({
  position: z.number().int(),
  hash: z.string(),
  recorded_at: answeredTime,
});
export type HeadAnswer = Readonly<z.infer<typeof HeadAnswer>>;

/** A copy of what was still open of a file that was deleted or replaced. */
export const RescueReport = z.object({
  file: z.string(),
  /** The end of the log in it. */
  position: z.number().int(),
  bytes: z.number().int(),
});
export type RescueReport = Readonly<z.infer<typeof RescueReport>>;

export interface VerifyOptions {
  /** A head that was noted elsewhere, which the log must still contain. */
  readonly expected?: ExpectedHead | undefined;
  /** What a signed checkpoint that was kept elsewhere says, of which the log must be a continuation. */
  readonly checkpoint?: ExpectedRoot | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** `content` reads and hashes every byte of every blob again; `existence` unless given. */
  readonly blobs?: BlobCheck | undefined;
}

/**
 * A store of buckets, in this process or behind a server. Every promise of a write resolves only
 * once it is durable.
 */
export interface BucketStore<Sent = never> extends AsyncDisposable {
  /** @throws BAD_REQUEST for a name that is none. */
  namespace(name?: string, caller?: Caller): Namespace<WriteOptions, Sent>;
  /** What belongs to no namespace alone: connections, tasks and the audit log of all of them. */
  organization(caller?: Caller): Organization<WriteOptions, Sent>;
  /** Every namespace there is, made or not. */
  readonly namespaces: Namespaces<WriteOptions, Sent>;
  /** The access tokens that open this store to HTTP. */
  readonly tokens: Tokens<Sent>;
  /** The end of the log; note it elsewhere to prove later that nothing was cut off. */
  head(): Promise<HeadAnswer>;
  /** What the log has signed, and proofs of what is in it. */
  readonly proofs: Proofs;
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
  events(query?: ServedFeedQuery): Feed;
  /**
   * Checks the chain, the commitments, that the view is the fold of the log, and that the bytes of
   * every blob are there.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** Folds the whole log from zero beside the view and compares the two; changes nothing. */
  replay(options?: { onProgress?: OnProgress }): Promise<ReplayReport>;
  /** Folds the view anew from the log, compares row by row, and swaps it in. */
  rebuild(options?: { onProgress?: OnProgress }): Promise<RebuildReport>;
  /**
   * Copies the whole store while it goes on: the database as it is at one moment, and every blob that
   * this copy refers to; proved, signed, and then given its name. `restoreBackup` opens it.
   *
   * @param to a new folder; of a store behind a server, below its `--backup-root`.
   * @throws CONFLICT while another is taken; ALREADY_EXISTS; STORAGE_FULL; COPY_INVALID when what was
   * copied does not verify; FORBIDDEN outside of the root. Nothing is left behind then.
   */
  backup(to: string, options?: BackupOptions): Promise<BackupReport>;
  health(): Promise<Health>;
  /** Refuses new writes, answers those under way, ends feeds, lets go of the store. Idempotent. */
  close(): Promise<void>;
}

interface ScrubProgress {
  readonly bytes: number;
  readonly faults: number;
  /** In all. */
  readonly rounds: number;
}

/** Once there is a fault, nothing is written: the log was altered. */
export interface LogIntegrity {
  readonly fault: Fault | undefined;
  /** What somebody else found, such as a reader of the same file. */
  report(fault: Fault): void;
  /** How many contents of blobs were found not to be what they were, since the store was opened. */
  readonly damagedBlobs: number;
  /** How much was gone through in the background since then; undefined where that is not done. */
  readonly scrub: ScrubProgress | undefined;
}

/** A store in this process: what a server can be built on. */
export interface EmbeddedStore<Sent = unknown> extends BucketStore<Sent> {
  namespace(name?: string, caller?: ServedCaller): ServedNamespace<Sent>;
  organization(caller?: ServedCaller): ServedOrganization<Sent>;
  /**
   * The bucket of that name or id as it is answered now, if that is at hand: the same object for as long
   * as it is answered so. None is once the store is being closed. It says nothing of who may read it.
   */
  readyBucket(namespace: string, identifier: string): CurrentBucket | undefined;
  /** The audit of reads: a server tells it of each that it answers. */
  readonly reads: ReadTracker;
  readonly namespaces: ServedNamespaces<Sent>;
  readonly tokens: TokenGate<Sent>;
  /** Whether unknown fields are refused, unless a write says otherwise. */
  readonly isStrict: boolean;
  readonly proofs: ServedProofs;
  backup(to: string, options?: OwnBackupOptions): Promise<BackupReport>;
  /**
   * The whole log as lines of text, each with its newline, as `src/eventstore/format.md` says:
   * `importLog` makes a store of them, and programs that are none can check them. It is signed first;
   * of a store that is open for reading it ends at the newest checkpoint.
   *
   * @throws NOT_FOUND when nothing was signed, and nothing can be; FORKED, KEY_MISSING as signing
   * does; TAMPERED before the line of an event that was altered.
   */
  exportLog(options?: ExportLogOptions): AsyncIterable<string>;
  /**
   * Writes a moment into a plain SQLite file for other tools: what there was then, and every change up
   * to then, without secrets and salts. `src/copies/audits.md` says what is in it.
   *
   * @param to a file that is not there yet; it gets its name once it is whole.
   * @throws ALREADY_EXISTS; BAD_REQUEST without a folder for it; STORAGE_FULL; NOT_FOUND for a moment
   * beyond the end, or a namespace that had nothing by then. Nothing is left behind then.
   */
  extract(to: string, options?: ExtractOptions): Promise<ExtractReport>;
  /**
   * Signs the log as it is now, and notes that checkpoint in each of the places that has not got it
   * yet. One that fails is told of, tried again the next time, and keeps nothing else from going on.
   *
   * @throws what signing throws.
   */
  anchor(places?: AnchorPlaces): Promise<AnchorReport>;
  /**
   * Has a log that does not contain what it has signed, because its end is gone or another was put in
   * its place, go on under another name: recorded as `log.forked`, and signed under that name. There
   * are never two histories of one name.
   *
   * @throws CONFLICT when it contains all that it has signed; READ_ONLY; BAD_REQUEST when the signing
   * key that is configured is not of the new name.
   */
  forkLog(options: ForkOptions): Promise<ForkReport>;
  /** Whether the log is what was written, as far as it was read. */
  readonly integrity: LogIntegrity;
  /**
   * How far the newest event was recorded ahead of the clock, milliseconds; 0 while the clock is right.
   * See `src/eventstore/time.md`.
   */
  clockSkewMs(): number;
  /**
   * Has the log sign with another key, which it makes: recorded as `log.key_rotated`. The old one signs
   * along for the overlap, so that whoever has it can check the new one.
   *
   * @throws CONFLICT while nothing was signed, or another change is under way; KEY_MISSING for a key that
   * is lost, unless it is given up as compromised; FORKED; READ_ONLY; BAD_REQUEST where the key is
   * configured and no other stands before it.
   */
  rotateSigningKey(options?: RotateOptions): Promise<RotationReport>;
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
   * The bytes that a signed URL gives.
   * @throws FORBIDDEN, with the same words whatever is wrong with the signature.
   */
  download(signed: SignedDownload): ServedBlob;
  /**
   * Copies what is still open of a file that was deleted or replaced under the store, which takes no
   * writes then, to `<file>.rescued-<position>`. The blobs are where they are.
   * @throws CONFLICT while everything is in place; FILE_INVALID when there can be no copy.
   */
  rescue(): Promise<RescueReport>;
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
export { blobChecks, durabilities, HealthCheck };
