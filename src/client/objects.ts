/** The objects of one bucket, over HTTP: each method is one request. */
import type { z } from "zod";
import { AggregateResponse } from "../domain/aggregate/aggregate.js";
import { BucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { describeBlob, findBlob, ObjectResponse } from "../domain/object/response.js";
import {
  type BlobAnswer,
  ListObjectsResponse,
  ManyWrittenBody,
  type ObjectFormat,
  type ObjectListQuery,
  type ObjectRead,
  type Objects,
  type ObjectsCreated,
  type ObjectWritten,
  type PatchFormat,
  type ProcessingFormat,
  type WriteOptions,
  WrittenBody,
} from "../service/interface.js";
import { RemotePast } from "./past.js";
import { type Place, segment } from "./request.js";
import type { Transport } from "./transport.js";
import { placeOf, reading, type Write, writing, writtenOf } from "./writes.js";

export const WrittenObject = WrittenBody.extend({ result: ObjectResponse });

export class RemoteObjects extends RemotePast implements Objects {
  readonly #transport: Transport;
  readonly #place: Place;
  readonly #base: string;

  constructor(transport: Transport, place: Place, bucket: string) {
    const base = objectsPath(bucket);
    super(transport, place, (object) => `${base}/${segment(object)}`);
    this.#transport = transport;
    this.#place = place;
    this.#base = base;
  }

  create(
    body: unknown,
    options: WriteOptions & ObjectFormat & ProcessingFormat = {},
  ): Promise<ObjectWritten> {
    const autoProcess = options.autoProcess === true ? "true" : undefined;
    const query = { policy: options.policy, auto_process: autoProcess };
    return this.#write({ method: "POST", path: this.#base, query, json: toJson(body) }, options);
  }

  async createMany(
    bodies: readonly unknown[],
    options: WriteOptions & ObjectFormat = {},
  ): Promise<ObjectsCreated> {
    const path = `${this.#base}/batch`;
    const query = { policy: options.policy };
    const json = toJson({ objects: bodies });
    const call = writing(this.#place, { method: "POST", path, query, json }, options);
    const { body } = await this.#transport.json(call, ManyWrittenBody);
    return {
      succeeded: body.succeeded.map((written) => objectWrittenOf(WrittenObject.parse(written))),
      failed: body.failed.map(({ index, code, error, details }) => ({
        index,
        error: new BucketsError(code, error, details),
      })),
    };
  }

  async get(
    object: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<ObjectRead> {
    const call = reading(this.#place, this.#path(object), { as_of: asOf });
    const { body, headers } = await this.#transport.json(call, ObjectResponse);
    return { object: body, ...placeOf(headers) };
  }

  async list(query: ObjectListQuery = {}): Promise<ListObjectsResponse> {
    const { search, filters, sort, caseSensitive, select, limit, offset, cursor, asOf } = query;
    const json = toJson({ search, filters, sort, case_sensitive: caseSensitive, select });
    const call = {
      ...reading(this.#place, `${this.#base}/list`, { limit, offset, cursor, as_of: asOf }),
      method: "POST",
      json,
    } as const;
    return (await this.#transport.json(call, ListObjectsResponse)).body;
  }

  put(object: string, body: unknown, options: WriteOptions = {}): Promise<ObjectWritten> {
    return this.#write({ method: "PUT", path: this.#path(object), json: toJson(body) }, options);
  }

  patch(
    object: string,
    patch: unknown,
    options: WriteOptions & PatchFormat = {},
  ): Promise<ObjectWritten> {
    const { mediaType = "application/json" } = options;
    const path = this.#path(object);
    return this.#write({ method: "PATCH", path, json: toJson(patch), mediaType }, options);
  }

  delete(object: string, options: WriteOptions = {}): Promise<ObjectWritten> {
    return this.#write({ method: "DELETE", path: this.#path(object) }, options);
  }

  revert(object: string, body: unknown, options: WriteOptions = {}): Promise<ObjectWritten> {
    const path = `${this.#path(object)}/revert`;
    return this.#write({ method: "POST", path, json: toJson(body) }, options);
  }

  restore(object: string, options: WriteOptions = {}): Promise<ObjectWritten> {
    const path = `${this.#path(object)}/restore`;
    return this.#write({ method: "POST", path, json: {} }, options);
  }

  async aggregate(body: unknown): Promise<AggregateResponse> {
    const path = `${this.#base}/aggregate`;
    const call = { ...reading(this.#place, path), method: "POST", json: toJson(body) } as const;
    return (await this.#transport.json(call, AggregateResponse)).body;
  }

  async blob(
    object: string,
    blobId: string,
    options: { readonly asOf?: string | undefined } = {},
  ): Promise<BlobAnswer> {
    const { object: answer } = await this.get(object, options);
    const known = describeBlob(findBlob(answer, blobId));
    const path = `${this.#path(object)}/blobs/${segment(blobId)}`;
    const { headers, ...call } = reading(this.#place, path, { as_of: options.asOf });
    return {
      ...known,
      read: (range) => {
        const Range = range && `bytes=${range.start}-${range.end}`;
        return this.#transport.bytes({ ...call, headers: { ...headers, Range } });
      },
    };
  }

  #path(object: string): string {
    return `${this.#base}/${segment(object)}`;
  }

  async #write(write: Write, options: WriteOptions): Promise<ObjectWritten> {
    const call = writing(this.#place, write, options);
    return objectWrittenOf((await this.#transport.json(call, WrittenObject)).body);
  }
}

export function objectsPath(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/objects`;
}

export function objectWrittenOf(body: z.infer<typeof WrittenObject>): ObjectWritten {
  return { ...writtenOf(body), object: body.result };
}
