/** The batches of one bucket for one caller: every write is an operation, every read a view. */

import type {
  BatchDeleted,
  Batches,
  BatchLogs,
  BatchOperation,
  BatchPartQuery,
  BatchRead,
  BatchTaskWritten,
  BatchWritten,
  FailedDocuments,
  ListBatchesResponse,
  ListQuery,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { assertAsked } from "../../api/questions.js";
import { batchTag, renderBatch } from "../../domain/batch/response.js";
import { invariant } from "../../domain/errors.js";
import { parsePaging } from "../../domain/schemas.js";
import type { InBucket } from "../parts.js";
import { ownQuery } from "../read/lists.js";
import { listMembers } from "../read/member-lists.js";
import { MemberReads } from "../read/member-reads.js";
import { findOwnerAt } from "../read/owners.js";
import { failedDocumentsOf, logsOf, PartRequest } from "./telling.js";

export class BatchService extends MemberReads<"batch"> implements Batches<WriteOptions> {
  readonly #service: InBucket;

  constructor(service: InBucket) {
    super(service.parts, "batch", service);
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

  submit(batch: string, options: WriteOptions = {}): Promise<BatchTaskWritten> {
    return this.#writeTask({ ...this.#named(batch), type: "submit_batch" }, options);
  }

  cancel(batch: string, options: WriteOptions = {}): Promise<BatchTaskWritten> {
    return this.#writeTask({ ...this.#named(batch), type: "cancel_batch" }, options);
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

  retry(batch: string, body: unknown = {}, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "retry_batch", body }, options);
  }

  async failedDocuments(batch: string, query: BatchPartQuery = {}): Promise<FailedDocuments> {
    const { limit, offset } = parsePaging(PartRequest, query);
    const { state } = await this.read(batch, undefined);
    return failedDocumentsOf(state, { limit, offset });
  }

  async logs(batch: string, query: BatchPartQuery = {}): Promise<BatchLogs> {
    const { limit, offset } = parsePaging(PartRequest, query);
    const { state } = await this.read(batch, undefined);
    return await logsOf(this.#service.parts.events, state, { limit, offset });
  }

  #named(batch: string) {
    return { bucket: this.#service.bucket, batch };
  }

  async #writeTask(operation: BatchOperation, options: WriteOptions): Promise<BatchTaskWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("task" in written, `${operation.type} was not answered with its task`);
    return written;
  }

  async #write(operation: BatchOperation, options: WriteOptions): Promise<BatchWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("batch" in written, `${operation.type} was not answered with its batch`);
    return written;
  }

  async get(batch: string, options: { asOf?: string | undefined } = {}): Promise<BatchRead> {
    assertAsked("get", options);
    const { state, at, past } = await this.read(batch, options.asOf);
    const { version, position } = state;
    const answer = {
      batch: renderBatch(state, { at }),
      version,
      position,
      tag: batchTag(state, at),
    };
    return { ...answer, ...(past !== undefined && { past }) };
  }

  async list(given: ListQuery = {}): Promise<ListBatchesResponse> {
    const query = ownQuery(given);
    const { parts, namespace } = this.#service;
    const { bucket_id: bucketId } = await findOwnerAt(parts, this.#service, query.asOf);
    const asked = { kind: "batch", namespace, bucketId } as const;
    const { states, totalCount, pagination, at, asOf } = await listMembers(parts, asked, query);
    return {
      results: states.map((state) => renderBatch(state, { at })),
      total_count: totalCount,
      pagination,
      ...(asOf !== undefined && { as_of: asOf }),
    };
  }
}
