/** A blob store that lives as long as the process. */
import { Readable } from "node:stream";
import type { ByteRange } from "../../domain/blob.js";
import type { CollectReport } from "../../domain/reports.js";
import {
  assertHash,
  type BlobContent,
  type BlobLimits,
  type BlobStore,
  type BlobWritten,
  type CollectOptions,
  type FindReferenced,
} from "../blob-store.js";
import { Meter } from "../meter.js";
import { NewContents } from "../new-contents.js";

interface Kept {
  readonly bytes: Buffer;
  /** When it was written or renewed. */
  readonly since: number;
}

export class MemoryBlobStore implements BlobStore {
  readonly #clock: () => number;
  readonly #blobs = new Map<string, Kept>();
  readonly #new = new NewContents();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  async write(source: AsyncIterable<Uint8Array>, limits?: BlobLimits): Promise<BlobWritten> {
    const meter = new Meter(limits);
    const chunks: Uint8Array[] = [];
    // Copied, because a source may fill the same buffer again.
    for await (const chunk of meter.pass(source)) chunks.push(Uint8Array.from(chunk));
    const written = meter.result();
    this.#new.noteWritten(written.hash, this.#blobs.has(written.hash));
    this.#blobs.set(written.hash, { bytes: Buffer.concat(chunks), since: this.#clock() });
    return written;
  }

  get sizeBytes(): number {
    return this.#blobs.values().reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  async probe(): Promise<void> {}

  async renew(hash: string): Promise<number | undefined> {
    const kept = this.#find(hash);
    if (kept === undefined) return undefined;
    this.#blobs.set(hash, { ...kept, since: this.#clock() });
    this.#new.noteRenewed(hash);
    return kept.bytes.length;
  }

  async giveUp(hash: string, findReferenced: FindReferenced): Promise<number | undefined> {
    assertHash(hash);
    const referenced = await findReferenced([hash]);
    const isHeld = !this.#new.giveUp(hash);
    if (isHeld || referenced.has(hash)) return undefined;
    const bytesFreed = this.#blobs.get(hash)?.bytes.length;
    this.#blobs.delete(hash);
    return bytesFreed;
  }

  async read(hash: string, range?: ByteRange): Promise<BlobContent | undefined> {
    const bytes = this.#find(hash)?.bytes;
    if (bytes === undefined) return undefined;
    const asked = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    // A copy: what is kept is nobody's to change.
    const own = Buffer.from(asked);
    return { sizeBytes: bytes.length, stream: Readable.from([own], { objectMode: false }) };
  }

  /** Memory does not rot. */
  async verify(hash: string): Promise<"intact" | "missing"> {
    return this.#find(hash) === undefined ? "missing" : "intact";
  }

  async collect({ findReferenced, graceMs }: CollectOptions): Promise<CollectReport> {
    const before = this.#clock() - graceMs;
    const isOld = (hash: string) => (this.#blobs.get(hash)?.since ?? before) < before;
    const candidates = this.#blobs.keys().filter(isOld).toArray();
    const referenced = await findReferenced(candidates);
    let removed = 0;
    let bytesFreed = 0;
    for (const hash of candidates) {
      if (referenced.has(hash) || !isOld(hash)) continue;
      bytesFreed += this.#blobs.get(hash)?.bytes.length ?? 0;
      this.#blobs.delete(hash);
      this.#new.noteRemoved(hash);
      removed += 1;
    }
    return { kept: this.#blobs.size, removed, abandoned: 0, bytesFreed };
  }

  #find(hash: string): Kept | undefined {
    assertHash(hash);
    return this.#blobs.get(hash);
  }
}
