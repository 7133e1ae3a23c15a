/**
 * The port of the blob store: the bytes of objects, each content kept once under its SHA-256. It
 * knows nothing of buckets and objects; whoever does says what is referred to.
 *
 * Bytes are written before the command that refers to them commits. Between the two they are
 * covered by a period of grace, which begins when content is written or renewed. So whoever commits
 * a reference, also an old one that comes back, writes or renews the content first, and commits
 * within the period; then nothing that is referred to is ever collected.
 */
import type { BlobStream, ByteRange } from "../domain/blob.js";
import { BucketsError } from "../domain/errors.js";
import type { CollectReport } from "../domain/reports.js";

/** SHA-256 in lower-case hex: the name of some content. */
export interface BlobWritten {
  readonly hash: string;
  readonly sizeBytes: number;
}

export interface BlobLimits {
  readonly maxBytes?: number;
  /** No more and no less. */
  readonly expectedBytes?: number;
}

export interface BlobContent {
  /** Of all of it, also when a range was asked for. */
  readonly sizeBytes: number;
  /** Holds a file open until it ends or is destroyed. */
  readonly stream: BlobStream;
}

export interface CollectOptions {
  /** Which of these hashes something refers to, now. Asked for some hundred at a time. */
  readonly findReferenced: (hashes: readonly string[]) => Promise<ReadonlySet<string>>;
  /** How long content may lie unreferenced. */
  readonly graceMs: number;
}

export type FindReferenced = CollectOptions["findReferenced"];

/** Every method that takes a hash throws BAD_REQUEST for what is not 64 lower-case hex digits. */
export interface BlobStore {
  /**
   * Keeps the bytes of the source, durably once it resolves. The same content again is kept once,
   * and its grace begins anew. When it throws, nothing of the source is kept, unless the disk failed
   * at the very end; that is collected. An error of the source is thrown as it is.
   *
   * @throws PAYLOAD_TOO_LARGE, BAD_REQUEST for another size than the expected, STORAGE_FULL.
   */
  write(source: AsyncIterable<Uint8Array>, limits?: BlobLimits): Promise<BlobWritten>;
  /**
   * Begins the grace of content anew: called before a reference to it commits.
   *
   * @returns its size, or undefined when it is not there.
   */
  renew(hash: string): Promise<number | undefined>;
  /**
   * For whoever wrote or renewed content and will not refer to it after all, once for each time. It is
   * removed at once where it came here lately, nobody else holds it, and nothing refers to it; else it
   * is for the collection.
   *
   * @returns how many bytes that freed, undefined when it stays.
   */
  giveUp(hash: string, findReferenced: FindReferenced): Promise<number | undefined>;
  /** Of all contents together; undefined while they are not counted yet. */
  readonly sizeBytes: number | undefined;
  /** Undefined when it is not there. A range ends with the content, however far it reaches. */
  read(hash: string, range?: ByteRange): Promise<BlobContent | undefined>;
  /** Whether it can be used now. @throws what keeps it from that, as the system says it */
  probe(): Promise<void>;
  /** Reads all of it again: whether the content is what its name says. */
  verify(hash: string): Promise<"intact" | "damaged" | "missing">;
  /**
   * Removes what nothing has referred to since before the grace. Content is looked at, asked about,
   * and looked at again in one step with its removal, so that what was renewed in between stays.
   */
  collect(options: CollectOptions): Promise<CollectReport>;
}

/** The only way from a hash to a place: what is not one cannot name a file. */
export function assertHash(hash: string): void {
  if (isHash(hash)) return;
  throw new BucketsError("BAD_REQUEST", "A hash is a SHA-256 as 64 lower-case hex digits.");
}

export function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
