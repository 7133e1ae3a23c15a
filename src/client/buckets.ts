/** The buckets of one namespace, over HTTP: each method is one request. */
import type { z } from "zod";
import { BlameResponse } from "../domain/blame.js";
import { BucketResponse } from "../domain/bucket/response.js";
import { HistoryEntry } from "../domain/history.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { jsonValue } from "../domain/schemas.js";
import { TaskResponse } from "../domain/task.js";
import {
  type BucketDeleted,
  type BucketRead,
  type Buckets,
  type BucketWritten,
  type DiffQuery,
  type HistoryQuery,
  HistoryResponse,
  ListBucketsResponse,
  type ListQuery,
  type OperationResult,
  type PatchOptions,
  ReplayLine,
  type ReplayRange,
  type WriteOptions,
  type Written,
  WrittenBody,
  writtenMediaType,
} from "../service/interface.js";
import { type Place, placeHeaders, segment, writeHeaders } from "./request.js";
import type { Call, Transport } from "./transport.js";

export const base = "/v1/buckets";
export const WrittenBucket = WrittenBody.extend({ result: BucketResponse });
export const WrittenTask = WrittenBody.extend({ result: TaskResponse });

/** A write, without what all have in common. */
interface Write {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly json?: JsonValue;
  readonly mediaType?: string;
}

export class RemoteBuckets implements Buckets {
  readonly #transport: Transport;
  readonly #place: Place;

  constructor(transport: Transport, place: Place) {
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
    const call = this.#writing({ method: "DELETE", path: pathOf(bucket) }, options);
    const { body } = await this.#transport.json(call, WrittenTask);
    return deletedOf(body);
  }

  async get(
    bucket: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<BucketRead> {
    const call = this.#reading(pathOf(bucket), { as_of: asOf });
    const { body, headers } = await this.#transport.json(call, BucketResponse);
    const recordedAt = headers.get("X-Recorded-At");
    return {
      bucket: body,
      version: Number(headers.get("X-Version")),
      position: Number(headers.get("X-Position")),
      tag: (headers.get("ETag") ?? "").replaceAll('"', ""),
      ...(recordedAt !== null && {
        past: {
          recordedAt: Date.parse(recordedAt),
          isFinal: headers.get("Cache-Control")?.includes("immutable") === true,
          latestVersion: Number(headers.get("X-Latest-Version")),
        },
      }),
    };
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
      ...this.#reading(`${base}/list`, { as_of: asOf }),
      method: "POST",
      json,
    } as const;
    return (await this.#transport.json(call, ListBucketsResponse)).body;
  }

  async diff(bucket: string, query: DiffQuery = {}): Promise<JsonValue> {
    const call = this.#reading(`${pathOf(bucket)}/diff`, { ...query });
    return (await this.#transport.json(call, jsonValue)).body;
  }

  async blame(
    bucket: string,
    query: { readonly path?: string | undefined } = {},
  ): Promise<BlameResponse> {
    const call = this.#reading(`${pathOf(bucket)}/blame`, { ...query });
    return (await this.#transport.json(call, BlameResponse)).body;
  }

  async history(bucket: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    const call = this.#reading(`${pathOf(bucket)}/history`, { ...query });
    return (await this.#transport.json(call, HistoryResponse)).body;
  }

  async entry(bucket: string, version: number): Promise<HistoryEntry> {
    const call = this.#reading(`${pathOf(bucket)}/history/${version}`);
    return (await this.#transport.json(call, HistoryEntry)).body;
  }

  async *replay(bucket: string, range: ReplayRange = {}): AsyncGenerator<ReplayLine, void> {
    const call = this.#reading(`${pathOf(bucket)}/replay`, { ...range });
    let isWhole = false;
    for await (const line of this.#transport.lines(call, ReplayLine)) {
      isWhole = "replayed" in line;
      yield line;
    }
    if (!isWhole) throw this.#transport.cutShort();
  }

  #post(bucket: string, action: string, body: unknown, options: WriteOptions) {
    const path = `${pathOf(bucket)}/${action}`;
    return this.#write({ method: "POST", path, json: toJson(body) }, options);
  }

  async #write(write: Write, options: WriteOptions): Promise<BucketWritten> {
    const { body } = await this.#transport.json(this.#writing(write, options), WrittenBucket);
    return bucketWrittenOf(body);
  }

  /** Every write has a key, so that it is done once however often it has to be sent. */
  #writing({ mediaType, ...write }: Write, options: WriteOptions): Call {
    const isDry = options.dryRun === true;
    return {
      ...write,
      kind: isDry ? "read" : "write",
      query: { dry_run: isDry ? "true" : undefined },
      headers: {
        ...placeHeaders(this.#place),
        ...writeHeaders(options),
        ...(mediaType !== undefined && { "Content-Type": mediaType }),
        Accept: `${writtenMediaType}, application/json`,
      },
      idempotencyKey: options.idempotencyKey ?? (isDry ? undefined : crypto.randomUUID()),
    };
  }

  #reading(path: string, query: Call["query"] = {}): Call {
    return { kind: "read", method: "GET", path, query, headers: placeHeaders(this.#place) };
  }
}

function pathOf(bucket: string): string {
  return `${base}/${segment(bucket)}`;
}

function bucketWrittenOf(body: z.infer<typeof WrittenBucket>): BucketWritten {
  return { ...writtenOf(body), bucket: body.result };
}

function deletedOf(body: z.infer<typeof WrittenTask>): BucketDeleted {
  return { ...writtenOf(body), task: body.result };
}

/** What any write to a bucket did, with the bucket or the task of its deletion. */
export function resultOf(
  body: z.infer<typeof WrittenBucket> | z.infer<typeof WrittenTask>,
): OperationResult {
  const { result } = body;
  return { ...writtenOf(body), ...("task_id" in result ? { task: result } : { bucket: result }) };
}

function writtenOf(body: Omit<z.infer<typeof WrittenBody>, "result">): Written {
  const { version, position, tag, changes, replayed } = body;
  return {
    version,
    position,
    tag,
    changes,
    ignoredFields: body.ignored_fields,
    replayed,
    dryRun: body.dry_run,
  };
}
