/** The buckets of one namespace for one caller: every write is an operation, every read a view. */
import type { BlameResponse } from "../domain/blame.js";
import type { BucketState } from "../domain/bucket/state.js";
import { invariant } from "../domain/errors.js";
import type { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import { bucketDeleted } from "../domain/not-found.js";
import { answerBucket } from "./answers.js";
import type {
  BucketDeleted,
  BucketRead,
  Buckets,
  BucketWritten,
  DiffQuery,
  HistoryQuery,
  HistoryResponse,
  ListBucketsResponse,
  ListQuery,
  PatchFormat,
  ReplayLine,
  ReplayRange,
  ServedNamespace,
  ServedOperation,
  ServedWriteOptions as WriteOptions,
} from "./interface.js";
import { listBuckets } from "./lists.js";
import type { ServiceParts } from "./parts.js";
import { type AskedPoint, asPoint, bucketSubject, Past } from "./past.js";

interface BucketServiceParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  readonly publicUrl: string;
  readonly write: ServedNamespace["write"];
}

export class BucketService implements Buckets<WriteOptions> {
  readonly #service: BucketServiceParts;
  readonly #past: Past<"bucket">;

  constructor(service: BucketServiceParts) {
    this.#service = service;
    this.#past = new Past(service.parts, bucketSubject(service.parts, service.namespace));
  }

  create(body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "create", body }, options);
  }

  patch(
    bucket: string,
    patch: unknown,
    options: WriteOptions & PatchFormat = {},
  ): Promise<BucketWritten> {
    return this.#write({ ...options, type: "patch", bucket, patch }, options);
  }

  lock(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "lock", bucket, body }, options);
  }

  unlock(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "unlock", bucket, body }, options);
  }

  archive(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "archive", bucket }, options);
  }

  activate(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "activate", bucket }, options);
  }

  suspend(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "suspend", bucket }, options);
  }

  revert(bucket: string, body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "revert", bucket, body }, options);
  }

  restore(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "restore", bucket, body }, options);
  }

  rotateSecret(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "rotate_secret", bucket, body }, options);
  }

  async delete(bucket: string, options: WriteOptions = {}): Promise<BucketDeleted> {
    const operation = { ...options, type: "delete", bucket } as const;
    const deleted = await this.#service.write(operation, options);
    invariant("task" in deleted, "a deletion was not answered with its task");
    return deleted;
  }

  async #write(operation: ServedOperation, options: WriteOptions): Promise<BucketWritten> {
    const written = await this.#service.write(operation, options);
    invariant("bucket" in written, `${operation.type} was not answered with its bucket`);
    return written;
  }

  async get(bucket: string, options: { asOf?: string | undefined } = {}): Promise<BucketRead> {
    const point = asPoint(options.asOf, "as_of");
    const { parts, publicUrl } = this.#service;
    const { view } = parts;
    const state = await this.#past.find(bucket);
    if (point !== undefined) return await this.#getAsOf(state, point);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    const stats = await view.stats(state.bucket_id);
    return answerBucket({ state, stats }, await this.#past.now(), publicUrl);
  }

  async #getAsOf(current: BucketState, asOf: AskedPoint): Promise<BucketRead> {
    const { place, upTo, at, isFinal } = await this.#past.locate(current, asOf);
    const state = await this.#past.stateAt(current.bucket_id, place.version);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    const { parts, publicUrl } = this.#service;
    const stats = await parts.view.stats(state.bucket_id, upTo);
    const answer = answerBucket({ state, stats }, at, publicUrl);
    return {
      ...answer,
      past: { recordedAt: place.recordedAt, isFinal, latestVersion: current.version },
    };
  }

  async list(query: ListQuery = {}): Promise<ListBucketsResponse> {
    const { parts } = this.#service;
    return await listBuckets(parts, this.#service, query, await this.#past.now());
  }

  history(bucket: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    return this.#past.history(bucket, query);
  }

  entry(bucket: string, version: number): Promise<HistoryEntry> {
    return this.#past.entry(bucket, version);
  }

  replay(bucket: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    return this.#past.replay(bucket, range);
  }

  diff(bucket: string, query: DiffQuery = {}): Promise<JsonValue> {
    return this.#past.diff(bucket, query);
  }

  blame(
    bucket: string,
    query: { readonly path?: string | undefined } = {},
  ): Promise<BlameResponse> {
    return this.#past.blame(bucket, query);
  }
}
