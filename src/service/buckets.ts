/** The buckets of one namespace for one caller: every write is an operation, every read a view. */
import type { BlameResponse } from "../domain/blame.js";
import type { BucketState } from "../domain/bucket/state.js";
import { invariant } from "../domain/errors.js";
import type { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import { bucketDeleted } from "../eventstore/planner.js";
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
  Namespace,
  Operation,
  PatchOptions,
  ReplayLine,
  ReplayRange,
  WriteOptions,
} from "./interface.js";
import { listBuckets } from "./lists.js";
import type { ServiceParts } from "./parts.js";
import { type AskedPoint, asPoint, BucketPast } from "./past.js";

interface BucketServiceParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  readonly publicUrl: string;
  readonly write: Namespace["write"];
}

export class BucketService implements Buckets {
  readonly #service: BucketServiceParts;
  readonly #past: BucketPast;

  constructor(service: BucketServiceParts) {
    this.#service = service;
    this.#past = new BucketPast(service.parts, service.namespace);
  }

  create(body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ ...options, type: "create", body }, options);
  }

  patch(bucket: string, patch: unknown, options: PatchOptions = {}): Promise<BucketWritten> {
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

  async delete(bucket: string, options: WriteOptions = {}): Promise<BucketDeleted> {
    const operation = { ...options, type: "delete", bucket } as const;
    const deleted = await this.#service.write(operation, options);
    invariant("task" in deleted, "a deletion was not answered with its task");
    return deleted;
  }

  async #write(operation: Operation, options: WriteOptions): Promise<BucketWritten> {
    const written = await this.#service.write(operation, options);
    invariant("bucket" in written, `${operation.type} was not answered with its bucket`);
    return written;
  }

  async get(bucket: string, options: { asOf?: string | undefined } = {}): Promise<BucketRead> {
    const point = asPoint(options.asOf, "as_of");
    const state = await this.#past.find(bucket);
    if (point !== undefined) return await this.#getAsOf(state, point);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    return answerBucket(state, await this.#past.now(), this.#service.publicUrl);
  }

  async #getAsOf(current: BucketState, asOf: AskedPoint): Promise<BucketRead> {
    const { place, at, isFinal } = await this.#past.locate(current, asOf);
    const state = await this.#past.stateAt(current.bucket_id, place.version);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    const answer = answerBucket(state, at, this.#service.publicUrl);
    const past = { recordedAt: place.recordedAt, isFinal, latestVersion: current.version };
    return { ...answer, past };
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
