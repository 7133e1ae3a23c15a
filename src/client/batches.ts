/** The batches of one bucket, and a worker's claim, over HTTP: each method is one request. */
import {
  type BatchDeleted,
  BatchDeletion,
  type Batches,
  BatchLogs,
  type BatchOperation,
  type BatchPartQuery,
  type BatchRead,
  type BatchTaskWritten,
  type BatchWritten,
  FailedDocuments,
  ListBatchesResponse,
  type ListQuery,
  type WriteOptions,
  WrittenBody,
} from "../api/index.js";
import { BatchResponse } from "../domain/batch/response.js";
import { toJson } from "../domain/json.js";
import { TaskResponse } from "../domain/task.js";
import { RemotePast } from "./past.js";
import { segment } from "./place.js";
import { posted, type RemoteOperations, type Requests, type Write, writtenOf } from "./requests.js";

const Written = WrittenBody.extend({ result: BatchResponse }).transform(
  (body): BatchWritten => ({ ...writtenOf(body), batch: body.result }),
);
const TaskWritten = WrittenBody.extend({ result: TaskResponse }).transform(
  (body): BatchTaskWritten => ({ ...writtenOf(body), task: body.result }),
);
const Deleted = WrittenBody.extend({ result: BatchDeletion }).transform(
  (body): BatchDeleted => ({ ...writtenOf(body), deletion: body.result }),
);

export class RemoteBatches extends RemotePast implements Batches {
  readonly #requests: Requests;
  readonly #bucket: string;

  constructor(requests: Requests, bucket: string) {
    super(requests, (batch) => pathOf(bucket, batch));
    this.#requests = requests;
    this.#bucket = bucket;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ type: "create_batch", bucket: this.#bucket, body }, options);
  }

  async get(
    batch: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<BatchRead> {
    const path = pathOf(this.#bucket, batch);
    const { body, place } = await this.#requests.read(path, { as_of: asOf }, BatchResponse);
    return { batch: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListBatchesResponse> {
    return await this.#requests.list(`${baseOf(this.#bucket)}/list`, query, ListBatchesResponse);
  }

  patch(batch: string, patch: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "patch_batch", patch }, options);
  }

  addObjects(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ ...this.#named(batch), type: "add_batch_objects", body }, options);
  }

  async submit(batch: string, options: WriteOptions = {}): Promise<BatchTaskWritten> {
    const write = toRequest({ ...this.#named(batch), type: "submit_batch" });
    return await this.#requests.write(write, options, TaskWritten);
  }

  async cancel(batch: string, options: WriteOptions = {}): Promise<BatchTaskWritten> {
    const write = toRequest({ ...this.#named(batch), type: "cancel_batch" });
    return await this.#requests.write(write, options, TaskWritten);
  }

  async delete(batch: string, options: WriteOptions = {}): Promise<BatchDeleted> {
    const write = toRequest({ ...this.#named(batch), type: "delete_batch" });
    return await this.#requests.write(write, options, Deleted);
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
    const path = `${pathOf(this.#bucket, batch)}/failed-documents`;
    return await this.#requests.get(path, { ...query }, FailedDocuments);
  }

  async logs(batch: string, query: BatchPartQuery = {}): Promise<BatchLogs> {
    return await this.#requests.get(`${pathOf(this.#bucket, batch)}/logs`, { ...query }, BatchLogs);
  }

  #named(batch: string) {
    return { bucket: this.#bucket, batch };
  }

  async #write(operation: BatchOperation, options: WriteOptions): Promise<BatchWritten> {
    return await this.#requests.write(toRequest(operation), options, Written);
  }
}

/** @returns undefined when no batch waits. */
export async function claimRemotely(
  requests: Requests,
  body: unknown,
  options: WriteOptions,
): Promise<BatchWritten | undefined> {
  const write = { method: "POST", path: "/v1/batches/claim", json: toJson(body) } as const;
  const call = requests.writing(write, options);
  return (await requests.transport.jsonOrNothing(call, Written))?.body;
}

function baseOf(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/batches`;
}

function pathOf(bucket: string, batch: string): string {
  return `${baseOf(bucket)}/${segment(batch)}`;
}

function toRequest(operation: BatchOperation): Write {
  if (operation.type === "create_batch") {
    return { method: "POST", path: baseOf(operation.bucket), json: toJson(operation.body) };
  }
  const path = pathOf(operation.bucket, operation.batch);
  switch (operation.type) {
    case "patch_batch":
      return { method: "PATCH", path, json: toJson(operation.patch) };
    case "delete_batch":
      return { method: "DELETE", path };
    case "submit_batch":
      return posted(`${path}/submit`, operation.body);
    case "cancel_batch":
      return posted(`${path}/cancel`, {});
    case "add_batch_objects":
      return posted(`${path}/objects`, operation.body);
    case "progress_batch":
      return posted(`${path}/progress`, operation.body);
    case "complete_batch":
      return posted(`${path}/complete`, operation.body);
    case "fail_batch":
      return posted(`${path}/fail`, operation.body);
    case "retry_batch":
      return posted(`${path}/retry`, operation.body ?? {});
  }
}

export const batchOperations: RemoteOperations<BatchOperation> = {
  request: toRequest,
  answer: ({ type }) => {
    switch (type) {
      case "submit_batch":
      case "cancel_batch":
        return TaskWritten;
      case "delete_batch":
        return Deleted;
      case "create_batch":
      case "add_batch_objects":
      case "patch_batch":
      case "progress_batch":
      case "complete_batch":
      case "fail_batch":
      case "retry_batch":
        return Written;
    }
  },
};
