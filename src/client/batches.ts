/** The batches of one bucket, and a worker's claim, over HTTP: each method is one request. */
import type { z } from "zod";
import { BatchResponse } from "../domain/batch/response.js";
import { toJson } from "../domain/json.js";
import { TaskResponse } from "../domain/task.js";
import {
  type BatchDeleted,
  BatchDeletion,
  type Batches,
  type BatchRead,
  type BatchSubmitted,
  type BatchWritten,
  ListBatchesResponse,
  type ListQuery,
  type WriteOptions,
  WrittenBody,
} from "../service/interface.js";
import { RemotePast } from "./past.js";
import { type Place, segment } from "./request.js";
import type { Transport } from "./transport.js";
import { placeOf, reading, type Write, writing, writtenOf } from "./writes.js";

export const WrittenBatch = WrittenBody.extend({ result: BatchResponse });
export const WrittenSubmission = WrittenBody.extend({ result: TaskResponse });
export const WrittenDeletion = WrittenBody.extend({ result: BatchDeletion });

export class RemoteBatches extends RemotePast implements Batches {
  readonly #transport: Transport;
  readonly #place: Place;
  readonly #base: string;

  constructor(transport: Transport, place: Place, bucket: string) {
    const base = batchesPath(bucket);
    super(transport, place, (batch) => `${base}/${segment(batch)}`);
    this.#transport = transport;
    this.#place = place;
    this.#base = base;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#write({ method: "POST", path: this.#base, json: toJson(body) }, options);
  }

  async get(
    batch: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<BatchRead> {
    const call = reading(this.#place, this.#path(batch), { as_of: asOf });
    const { body, headers } = await this.#transport.json(call, BatchResponse);
    return { batch: body, ...placeOf(headers) };
  }

  async list(query: ListQuery = {}): Promise<ListBatchesResponse> {
    const { caseSensitive, asOf, ...asked } = query;
    const call = {
      ...reading(this.#place, `${this.#base}/list`, { as_of: asOf }),
      method: "POST",
      json: toJson({ ...asked, case_sensitive: caseSensitive }),
    } as const;
    return (await this.#transport.json(call, ListBatchesResponse)).body;
  }

  patch(batch: string, patch: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    const write = { method: "PATCH", path: this.#path(batch), json: toJson(patch) } as const;
    return this.#write(write, options);
  }

  addObjects(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#post(batch, "objects", body, options);
  }

  async submit(batch: string, options: WriteOptions = {}): Promise<BatchSubmitted> {
    const path = `${this.#path(batch)}/submit`;
    const call = writing(this.#place, { method: "POST", path, json: {} }, options);
    return submittedOf((await this.#transport.json(call, WrittenSubmission)).body);
  }

  cancel(batch: string, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#post(batch, "cancel", {}, options);
  }

  async delete(batch: string, options: WriteOptions = {}): Promise<BatchDeleted> {
    const call = writing(this.#place, { method: "DELETE", path: this.#path(batch) }, options);
    return batchDeletedOf((await this.#transport.json(call, WrittenDeletion)).body);
  }

  progress(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#post(batch, "progress", body, options);
  }

  complete(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#post(batch, "complete", body, options);
  }

  fail(batch: string, body: unknown, options: WriteOptions = {}): Promise<BatchWritten> {
    return this.#post(batch, "fail", body, options);
  }

  #post(batch: string, action: string, body: unknown, options: WriteOptions) {
    const path = `${this.#path(batch)}/${action}`;
    return this.#write({ method: "POST", path, json: toJson(body) }, options);
  }

  #path(batch: string): string {
    return `${this.#base}/${segment(batch)}`;
  }

  async #write(write: Write, options: WriteOptions): Promise<BatchWritten> {
    const call = writing(this.#place, write, options);
    return batchWrittenOf((await this.#transport.json(call, WrittenBatch)).body);
  }
}

export function batchWrittenOf(body: z.infer<typeof WrittenBatch>): BatchWritten {
  return { ...writtenOf(body), batch: body.result };
}

export function submittedOf(body: z.infer<typeof WrittenSubmission>): BatchSubmitted {
  return { ...writtenOf(body), task: body.result };
}

export function batchDeletedOf(body: z.infer<typeof WrittenDeletion>): BatchDeleted {
  return { ...writtenOf(body), deletion: body.result };
}

export function batchesPath(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/batches`;
}

/** @returns undefined when no batch waits. */
export async function claimRemotely(
  transport: Transport,
  place: Place,
  body: unknown,
  options: WriteOptions,
): Promise<BatchWritten | undefined> {
  const write = { method: "POST", path: "/v1/batches/claim", json: toJson(body) } as const;
  const answer = await transport.jsonOrNothing(writing(place, write, options), WrittenBatch);
  return answer && batchWrittenOf(answer.body);
}
