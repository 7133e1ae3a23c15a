/** The batches of one bucket, and a worker's claim, over HTTP: each method is one request. */
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
  WriteOptions,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import type { BatchResponse } from "../domain/batch/response.js";
import { toJson } from "../domain/json.js";
import { RemotePast } from "./past.js";
import { segment } from "./place.js";
import { posted, type RemoteOperations, type Requests, type Write } from "./requests.js";
import { answerWith, Deletion, Task, writtenWith } from "./shapes.js";

const Batch = answerWith<BatchResponse>({ batch_id: "string", status: "string" });
const List = answerWith<ListBatchesResponse>({ results: "list", pagination: "object" });
const Failed = answerWith<FailedDocuments>({ results: "list" });
const Logs = answerWith<BatchLogs>({ results: "list" });
const Written = writtenWith(Batch, (written, batch): BatchWritten => ({ ...written, batch }));
const TaskWritten = writtenWith(Task, (written, task): BatchTaskWritten => ({ ...written, task }));
const Deleted = writtenWith(
  Deletion,
  (written, deletion): BatchDeleted => ({ ...written, deletion }),
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
    options: { readonly asOf?: string | undefined } = {},
  ): Promise<BatchRead> {
    assertAsked("get", options);
    const path = pathOf(this.#bucket, batch);
    const { body, place } = await this.#requests.read(path, { as_of: options.asOf }, Batch);
    return { batch: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListBatchesResponse> {
    return await this.#requests.list(`${baseOf(this.#bucket)}/list`, query, List);
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
    return await this.#requests.get(path, { ...query }, Failed);
  }

  async logs(batch: string, query: BatchPartQuery = {}): Promise<BatchLogs> {
    return await this.#requests.get(`${pathOf(this.#bucket, batch)}/logs`, { ...query }, Logs);
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
