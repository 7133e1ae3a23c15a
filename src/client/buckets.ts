/** The buckets of one namespace, over HTTP: each method is one request. */
import type {
  BucketDeleted,
  BucketOperation,
  BucketRead,
  Buckets,
  BucketWritten,
  ListBucketsResponse,
  ListQuery,
  PatchOptions,
  WriteOptions,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import type { BucketResponse } from "../domain/bucket/response.js";
import { toJson } from "../domain/json.js";
import type { BucketDeletionTask } from "../domain/task.js";
import { RemotePast } from "./past.js";
import { segment } from "./place.js";
import { posted, type RemoteOperations, type Requests, type Write } from "./requests.js";
import { answerWith, writtenWith } from "./shapes.js";

const base = "/v1/buckets";

const Bucket = answerWith<BucketResponse>({ bucket_id: "string", bucket_name: "string" });
const List = answerWith<ListBucketsResponse>({ results: "list", pagination: "object" });
const Task = answerWith<BucketDeletionTask>({ task_id: "string", bucket_id: "string" });
const Written = writtenWith(Bucket, (written, bucket): BucketWritten => ({ ...written, bucket }));
const Deleted = writtenWith(Task, (written, task): BucketDeleted => ({ ...written, task }));

export class RemoteBuckets extends RemotePast implements Buckets {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    super(requests, pathOf);
    this.#requests = requests;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "create", body }, options);
  }

  patch(bucket: string, patch: unknown, options: PatchOptions = {}): Promise<BucketWritten> {
    const { mediaType } = options;
    return this.#write({ type: "patch", bucket, patch, mediaType }, options);
  }

  lock(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "lock", bucket, body }, options);
  }

  unlock(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "unlock", bucket, body }, options);
  }

  archive(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "archive", bucket }, options);
  }

  activate(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "activate", bucket }, options);
  }

  suspend(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "suspend", bucket }, options);
  }

  revert(bucket: string, body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "revert", bucket, body }, options);
  }

  restore(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "restore", bucket, body }, options);
  }

  rotateSecret(bucket: string, body?: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#write({ type: "rotate_secret", bucket, body }, options);
  }

  async delete(bucket: string, options: WriteOptions = {}): Promise<BucketDeleted> {
    return await this.#requests.write(toRequest({ type: "delete", bucket }), options, Deleted);
  }

  async get(
    bucket: string,
    options: { readonly asOf?: string | undefined } = {},
  ): Promise<BucketRead> {
    assertAsked("get", options);
    const { body, place } = await this.#requests.read(
      pathOf(bucket),
      { as_of: options.asOf },
      Bucket,
    );
    return { bucket: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListBucketsResponse> {
    return await this.#requests.list(`${base}/list`, query, List);
  }

  async #write(operation: BucketOperation, options: WriteOptions): Promise<BucketWritten> {
    return await this.#requests.write(toRequest(operation), options, Written);
  }
}

function pathOf(bucket: string): string {
  return `${base}/${segment(bucket)}`;
}

function toRequest(operation: BucketOperation): Write {
  if (operation.type === "create") {
    return { method: "POST", path: base, json: toJson(operation.body) };
  }
  const path = pathOf(operation.bucket);
  switch (operation.type) {
    case "patch": {
      const { mediaType } = operation;
      return { method: "PATCH", path, json: toJson(operation.patch), mediaType };
    }
    case "delete":
      return { method: "DELETE", path };
    case "lock":
    case "unlock":
    case "archive":
    case "activate":
    case "suspend":
    case "revert":
    case "restore":
      return posted(`${path}/${operation.type}`, operation.body);
    case "rotate_secret":
      return posted(`${path}/source_adapter/rotate`, operation.body);
  }
}

export const bucketOperations: RemoteOperations<BucketOperation> = {
  request: toRequest,
  answer: ({ type }) => (type === "delete" ? Deleted : Written),
};
