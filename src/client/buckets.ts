/** The buckets of one namespace, over HTTP: each method is one request. */
import type { z } from "zod";
import { BucketResponse } from "../domain/bucket/response.js";
import { toJson } from "../domain/json.js";
import { TaskResponse } from "../domain/task.js";
import {
  type BucketDeleted,
  type BucketRead,
  type Buckets,
  type BucketWritten,
  ListBucketsResponse,
  type ListQuery,
  type PatchOptions,
  type WriteOptions,
  WrittenBody,
} from "../service/interface.js";
import { RemotePast } from "./past.js";
import { type Place, segment } from "./request.js";
import type { Transport } from "./transport.js";
import { placeOf, reading, type Write, writing, writtenOf } from "./writes.js";

export const base = "/v1/buckets";
export const WrittenBucket = WrittenBody.extend({ result: BucketResponse });
export const WrittenTask = WrittenBody.extend({ result: TaskResponse });

export class RemoteBuckets extends RemotePast implements Buckets {
  readonly #transport: Transport;
  readonly #place: Place;

  constructor(transport: Transport, place: Place) {
    super(transport, place, pathOf);
    this.#transport = transport;
    this.#place = place;
  }

  async create(body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return await this.#write({ method: "POST", path: base, json: toJson(body) }, options);
  }

  async patch(bucket: string, patch: unknown, options: PatchOptions = {}): Promise<BucketWritten> {
    const { mediaType = "application/json" } = options;
    const json = toJson(patch);
    return await this.#write({ method: "PATCH", path: pathOf(bucket), json, mediaType }, options);
  }

  lock(bucket: string, body: unknown = {}, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "lock", body, options);
  }

  unlock(bucket: string, body: unknown = {}, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "unlock", body, options);
  }

  archive(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "archive", {}, options);
  }

  activate(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "activate", {}, options);
  }

  rotateSecret(
    bucket: string,
    body: unknown = {},
    options: WriteOptions = {},
  ): Promise<BucketWritten> {
    return this.#post(bucket, "source_adapter/rotate", body, options);
  }

  suspend(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "suspend", {}, options);
  }

  revert(bucket: string, body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "revert", body, options);
  }

  restore(bucket: string, body: unknown = {}, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#post(bucket, "restore", body, options);
  }

  async delete(bucket: string, options: WriteOptions = {}): Promise<BucketDeleted> {
    const call = writing(this.#place, { method: "DELETE", path: pathOf(bucket) }, options);
    const { body } = await this.#transport.json(call, WrittenTask);
    return deletedOf(body);
  }

  async get(
    bucket: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<BucketRead> {
    const call = reading(this.#place, pathOf(bucket), { as_of: asOf });
    const { body, headers } = await this.#transport.json(call, BucketResponse);
    return { bucket: body, ...placeOf(headers) };
  }

  async list(query: ListQuery = {}): Promise<ListBucketsResponse> {
    const { search, filters, sort, caseSensitive, limit, offset, cursor, asOf } = query;
    const json = toJson({
      search,
      filters,
      sort,
      case_sensitive: caseSensitive,
      limit,
      offset,
      cursor,
    });
    const call = {
      ...reading(this.#place, `${base}/list`, { as_of: asOf }),
      method: "POST",
      json,
    } as const;
    return (await this.#transport.json(call, ListBucketsResponse)).body;
  }

  #post(bucket: string, action: string, body: unknown, options: WriteOptions) {
    const path = `${pathOf(bucket)}/${action}`;
    return this.#write({ method: "POST", path, json: toJson(body) }, options);
  }

  async #write(write: Write, options: WriteOptions): Promise<BucketWritten> {
    const { body } = await this.#transport.json(
      writing(this.#place, write, options),
      WrittenBucket,
    );
    return bucketWrittenOf(body);
  }
}

function pathOf(bucket: string): string {
  return `${base}/${segment(bucket)}`;
}

export function bucketWrittenOf(body: z.infer<typeof WrittenBucket>): BucketWritten {
  return { ...writtenOf(body), bucket: body.result };
}

export function deletedOf(body: z.infer<typeof WrittenTask>): BucketDeleted {
  return { ...writtenOf(body), task: body.result };
}
