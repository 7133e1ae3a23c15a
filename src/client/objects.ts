/** The objects of one bucket, over HTTP: each method is one request. */
import type {
  BlobAnswer,
  ListObjectsResponse,
  ObjectFormat,
  ObjectGetOptions,
  ObjectListQuery,
  ObjectOperation,
  ObjectRead,
  Objects,
  ObjectsCreated,
  ObjectWritten,
  PatchFormat,
  ProcessingFormat,
  WriteOptions,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import type { AggregateResponse } from "../domain/aggregate/aggregate.js";
import { toJson } from "../domain/json.js";
import { describeBlob, findBlob } from "../domain/object/blob-answers.js";
import type { ObjectResponse } from "../domain/object/response.js";
import { RemotePast } from "./past.js";
import { segment, urlQuery } from "./place.js";
import { posted, type RemoteOperations, type Requests, type Write } from "./requests.js";
import { answerWith, writtenWith } from "./shapes.js";

const Shown = answerWith<ObjectResponse>({ object_id: "string", blobs: "list" });
const List = answerWith<ListObjectsResponse>({ results: "list", pagination: "object" });
const Aggregate = answerWith<AggregateResponse>({ results: "list", total_groups: "number" });
const Written = writtenWith(Shown, (written, object): ObjectWritten => ({ ...written, object }));

export class RemoteObjects extends RemotePast implements Objects {
  readonly #requests: Requests;
  readonly #bucket: string;

  constructor(requests: Requests, bucket: string) {
    super(requests, (object) => pathOf(bucket, object));
    this.#requests = requests;
    this.#bucket = bucket;
  }

  create(
    body: unknown,
    options: WriteOptions & ObjectFormat & ProcessingFormat = {},
  ): Promise<ObjectWritten> {
    const { policy, autoProcess } = options;
    const bucket = this.#bucket;
    return this.#write({ type: "create_object", bucket, body, policy, autoProcess }, options);
  }

  async createMany(
    bodies: readonly unknown[],
    options: WriteOptions & ObjectFormat & ProcessingFormat = {},
  ): Promise<ObjectsCreated> {
    const path = `${baseOf(this.#bucket)}/batch`;
    const autoProcess = options.autoProcess === true ? "true" : undefined;
    const query = { policy: options.policy, auto_process: autoProcess };
    const write = { method: "POST", path, query, json: toJson({ objects: bodies }) } as const;
    return await this.#requests.writeMany(write, options, Written);
  }

  async get(object: string, options: ObjectGetOptions = {}): Promise<ObjectRead> {
    assertAsked("getObject", options);
    const { asOf, showUrls } = options;
    const path = pathOf(this.#bucket, object);
    const query = { as_of: asOf, ...urlQuery(showUrls) };
    const { body, place } = await this.#requests.read(path, query, Shown);
    return { object: body, ...place };
  }

  async list(query: ObjectListQuery = {}): Promise<ListObjectsResponse> {
    assertAsked("listObjects", query);
    const { search, filters, sort, caseSensitive, select } = query;
    const path = `${baseOf(this.#bucket)}/list`;
    const json = toJson({ search, filters, sort, case_sensitive: caseSensitive, select });
    const { limit, offset, cursor, asOf, countBlobs } = query;
    const page = { limit, offset, cursor, as_of: asOf };
    const counting = { include_total: countBlobs === true ? "true" : undefined };
    return await this.#requests.ask(path, json, List, { ...page, ...counting });
  }

  put(object: string, body: unknown, options: WriteOptions = {}): Promise<ObjectWritten> {
    return this.#write({ ...this.#named(object), type: "put_object", body }, options);
  }

  patch(
    object: string,
    patch: unknown,
    options: WriteOptions & PatchFormat = {},
  ): Promise<ObjectWritten> {
    const { mediaType } = options;
    return this.#write({ ...this.#named(object), type: "patch_object", patch, mediaType }, options);
  }

  delete(object: string, options: WriteOptions = {}): Promise<ObjectWritten> {
    return this.#write({ ...this.#named(object), type: "delete_object" }, options);
  }

  revert(object: string, body: unknown, options: WriteOptions = {}): Promise<ObjectWritten> {
    return this.#write({ ...this.#named(object), type: "revert_object", body }, options);
  }

  restore(object: string, options: WriteOptions = {}): Promise<ObjectWritten> {
    return this.#write({ ...this.#named(object), type: "restore_object" }, options);
  }

  async aggregate(body: unknown): Promise<AggregateResponse> {
    const path = `${baseOf(this.#bucket)}/aggregate`;
    return await this.#requests.ask(path, toJson(body), Aggregate);
  }

  async blob(
    object: string,
    blobId: string,
    options: { readonly asOf?: string | undefined } = {},
  ): Promise<BlobAnswer> {
    const { object: answer } = await this.get(object, options);
    const known = describeBlob(findBlob(answer, blobId));
    const path = `${pathOf(this.#bucket, object)}/blobs/${segment(blobId)}`;
    const { headers, ...call } = this.#requests.reading(path, { as_of: options.asOf });
    return {
      ...known,
      read: (range) => {
        const Range = range && `bytes=${range.start}-${range.end}`;
        return this.#requests.transport.bytes({ ...call, headers: { ...headers, Range } });
      },
    };
  }

  #named(object: string) {
    return { bucket: this.#bucket, object };
  }

  async #write(operation: ObjectOperation, options: WriteOptions): Promise<ObjectWritten> {
    return await this.#requests.write(toRequest(operation), options, Written);
  }
}

function baseOf(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/objects`;
}

function pathOf(bucket: string, object: string): string {
  return `${baseOf(bucket)}/${segment(object)}`;
}

function toRequest(operation: ObjectOperation): Write {
  if (operation.type === "create_object") {
    const { bucket, policy, autoProcess } = operation;
    const query = { policy, auto_process: autoProcess === true ? "true" : undefined };
    return { method: "POST", path: baseOf(bucket), query, json: toJson(operation.body) };
  }
  const path = pathOf(operation.bucket, operation.object);
  switch (operation.type) {
    case "put_object":
      return { method: "PUT", path, json: toJson(operation.body) };
    case "patch_object": {
      const { mediaType } = operation;
      return { method: "PATCH", path, json: toJson(operation.patch), mediaType };
    }
    case "revert_object":
      return posted(`${path}/revert`, operation.body);
    case "restore_object":
      return posted(`${path}/restore`, {});
    case "delete_object":
      return { method: "DELETE", path };
  }
}

export const objectOperations: RemoteOperations<ObjectOperation> = {
  request: toRequest,
  answer: () => Written,
};
