/** The buckets of one namespace for one caller: every write is an operation, every read a view. */

import type {
  BlameQuery,
  BucketAnswer,
  BucketDeleted,
  BucketRead,
  Buckets,
  BucketWritten,
  CurrentBucket,
  DiffQuery,
  EventProofOptions,
  HistoryQuery,
  HistoryResponse,
  ListBucketsResponse,
  ListQuery,
  PatchFormat,
  ReplayLine,
  ReplayRange,
  ServedOperation,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { assertAsked } from "../../api/questions.js";
import type { BlameResponse } from "../../domain/blame.js";
import type { CountedBucket } from "../../domain/bucket/list.js";
import { isLasting } from "../../domain/bucket/response.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { invariant } from "../../domain/errors.js";
import type { HistoryEntry } from "../../domain/history-entry.js";
import type { JsonValue } from "../../domain/json.js";
import { bucketDeleted } from "../../domain/not-found.js";
import type { InNamespace } from "../parts.js";
import { listBuckets, ownQuery } from "../read/lists.js";
import { type AskedPoint, asPoint, bucketSubject, Past } from "../read/stream-past.js";
import { answerBucket } from "./answers.js";

export class BucketService implements Buckets<WriteOptions> {
  readonly #service: InNamespace;

  constructor(service: InNamespace) {
    this.#service = service;
  }

  get #past(): Past<"bucket"> {
    const { parts, namespace } = this.#service;
    return new Past(parts, bucketSubject(parts, namespace));
  }

  get #publicUrl(): string {
    return this.#service.asker.caller.publicUrl;
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
    const { task, ...written } = deleted;
    invariant(task.task_type === "api_buckets_delete", `a deletion is no ${task.task_type}`);
    return { ...written, task };
  }

  async #write(operation: ServedOperation, options: WriteOptions): Promise<BucketWritten> {
    const written = await this.#service.write(operation, options);
    invariant("bucket" in written, `${operation.type} was not answered with its bucket`);
    return written;
  }

  async get(bucket: string, options: { asOf?: string | undefined } = {}): Promise<BucketRead> {
    assertAsked("get", options);
    const point = asPoint(options.asOf, "as_of");
    if (point === undefined) return this.#answer(await this.#counted(bucket));
    return await this.#getAsOf(await this.#past.find(bucket), point);
  }

  /** The same of now, as it is sent. */
  async current(bucket: string): Promise<CurrentBucket> {
    const { parts, namespace } = this.#service;
    return await parts.current.get(namespace, bucket, async () => {
      const counted = await this.#counted(bucket);
      const { bucket: shown, ...place } = this.#answer(counted);
      return {
        current: { ...place, bucketId: shown.bucket_id, text: JSON.stringify(shown) },
        isLasting: isLasting(counted.state),
      };
    });
  }

  async #counted(bucket: string): Promise<CountedBucket> {
    const state = await this.#past.find(bucket);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    return { state, stats: await this.#service.parts.view.stats(state.bucket_id) };
  }

  #answer(counted: CountedBucket): BucketAnswer {
    return answerBucket(counted, this.#service.parts.clock(), this.#publicUrl);
  }

  async #getAsOf(current: BucketState, asOf: AskedPoint): Promise<BucketRead> {
    const past = this.#past;
    const { place, upTo, at, isFinal } = await past.locate(current, asOf);
    const state = await past.stateAt(current.bucket_id, place.version);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    const stats = await this.#service.parts.view.stats(state.bucket_id, upTo);
    const answer = answerBucket({ state, stats }, at, this.#publicUrl);
    return {
      ...answer,
      past: { recordedAt: place.recordedAt, isFinal, latestVersion: current.version },
    };
  }

  async list(given: ListQuery = {}): Promise<ListBucketsResponse> {
    const query = ownQuery(given);
    const { parts, namespace } = this.#service;
    const where = { namespace, publicUrl: this.#publicUrl };
    return await listBuckets(parts, where, query, parts.clock());
  }

  history(bucket: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    return this.#past.history(bucket, query);
  }

  entry(bucket: string, version: number): Promise<HistoryEntry> {
    return this.#past.entry(bucket, version);
  }

  proof(bucket: string, version: number, options: EventProofOptions = {}): Promise<string> {
    return this.#past.proof(bucket, version, options);
  }

  replay(bucket: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    return this.#past.replay(bucket, range);
  }

  diff(bucket: string, query: DiffQuery = {}): Promise<JsonValue> {
    return this.#past.diff(bucket, query);
  }

  blame(bucket: string, query: BlameQuery = {}): Promise<BlameResponse> {
    return this.#past.blame(bucket, query);
  }
}
