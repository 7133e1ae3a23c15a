/** The batches of one bucket for one caller: every write is an operation, every read a view. */
import { batchCatalog, batchTag, renderBatch } from "../domain/batch/response.js";
import type { BatchState } from "../domain/batch/state.js";
import type { BlameResponse } from "../domain/blame.js";
import { invariant } from "../domain/errors.js";
import type { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import { memberDeleted } from "../domain/not-found.js";
import type {
  BatchDeleted,
  Batches,
  BatchOperation,
  BatchRead,
  BatchSubmitted,
  BatchWritten,
  DiffQuery,
  HistoryQuery,
  HistoryResponse,
  ListBatchesResponse,
  ListQuery,
  ReplayLine,
  ReplayRange,
  ServedNamespace,
  ServedWriteOptions as WriteOptions,
} from "./interface.js";
import { listMembers } from "./member-lists.js";
import { findAnyOwner, findOwner, findOwnerAt } from "./owners.js";
import type { ServiceParts } from "./parts.js";
import { asPoint, memberSubject, Past } from "./past.js";

interface BatchServiceParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  /** An id or the exact name. */
  readonly bucket: string;
  readonly write: ServedNamespace["write"];
}

export class BatchService implements Batches<WriteOptions> {
  readonly #service: BatchServiceParts;

  constructor(service: BatchServiceParts) {
    this.#service = service;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    const { bucket } = this.#service;
    return this.#write({ type: "create_batch", bucket, body }, options);
  }

  patch(batch: string, patch: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "patch_batch", patch }, options);
  }

  addObjects(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "add_batch_objects", body }, options);
  }

  async submit(batch: string, options: WriteOptions = {}): Promise<BatchSubmitted> {
    const operation = { ...options, ...this.#named(batch), type: "submit_batch" } as const;
    const written = await this.#service.write(operation, options);
    invariant("task" in written, "a submission was not answered with its task");
    return written;
  }

  cancel(batch: string, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "cancel_batch" }, options);
  }

  async delete(batch: string, options: WriteOptions = {}): Promise<BatchDeleted> {
    const operation = { ...options, ...this.#named(batch), type: "delete_batch" } as const;
    const written = await this.#service.write(operation, options);
    invariant("deletion" in written, "a deletion was not answered as one");
    return written;
  }

  progress(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "progress_batch", body }, options);
  }

  complete(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "complete_batch", body }, options);
  }

  fail(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "fail_batch", body }, options);
  }

  #named(batch: string) {
    return { bucket: this.#service.bucket, batch };
  }

  async #write(operation: BatchOperation, options: WriteOptions): Promise<BatchWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("batch" in written, `${operation.type} was not answered with its batch`);
    return written;
  }

  async get(batch: string, options: { asOf?: string | undefined } = {}): Promise<BatchRead> {
    const asked = asPoint(options.asOf, "as_of");
    const past = await this.#past();
    const current = await past.find(batch);
    if (asked === undefined) {
      await findOwner(this.#service.parts, this.#service);
      return answerRead(current, this.#service.parts.clock());
    }
    const { place, at, isFinal } = await past.locate(current, asked);
    const state = await past.stateAt(batch, place.version);
    const latestVersion = current.version;
    return {
      ...answerRead(state, at),
      past: { recordedAt: place.recordedAt, isFinal, latestVersion },
    };
  }

  async list(query: ListQuery = {}): Promise<ListBatchesResponse> {
    const { parts, namespace } = this.#service;
    const { bucket_id: bucketId } = await findOwnerAt(parts, this.#service, query.asOf);
    const asked = { kind: "batch", namespace, bucketId, catalog: batchCatalog } as const;
    const { states, totalCount, pagination, at, asOf } = await listMembers(parts, asked, query);
    return {
      results: states.map((state) => renderBatch(state, { at })),
      total_count: totalCount,
      pagination,
      ...(asOf !== undefined && { as_of: asOf }),
    };
  }

  async diff(batch: string, query: DiffQuery = {}): Promise<JsonValue> {
    return await (await this.#past()).diff(batch, query);
  }

  async blame(
    batch: string,
    query: { readonly path?: string | undefined } = {},
  ): Promise<BlameResponse> {
    return await (await this.#past()).blame(batch, query);
  }

  async history(batch: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    return await (await this.#past()).history(batch, query);
  }

  async entry(batch: string, version: number): Promise<HistoryEntry> {
    return await (await this.#past()).entry(batch, version);
  }

  async *replay(batch: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    yield* (await this.#past()).replay(batch, range);
  }

  async #past(): Promise<Past<"batch">> {
    const { parts } = this.#service;
    const { bucket_id: id } = await findAnyOwner(parts, this.#service);
    return new Past(parts, memberSubject(parts, "batch", id));
  }
}

/** @throws NOT_FOUND for one that was deleted; its history goes on. */
function answerRead(state: BatchState, at: number): BatchRead {
  const { deleted, batch_id: id, version, position } = state;
  if (deleted !== undefined) throw memberDeleted("batch", id, { ...deleted, version });
  return { batch: renderBatch(state, { at }), version, position, tag: batchTag(state, at) };
}
