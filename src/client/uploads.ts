/** The uploads of one bucket, over HTTP: each method is one request, but for sending bytes. */
import type { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { UploadResponse } from "../domain/upload/response.js";
import {
  type ListQuery,
  ListUploadsResponse,
  ManyWrittenBody,
  ReceivedBytes,
  type UploadRead,
  type Uploads,
  type UploadsWritten,
  type UploadWritten,
  type WriteOptions,
  WrittenBody,
} from "../service/interface.js";
import { RemotePast } from "./past.js";
import { type Place, segment } from "./request.js";
import type { Transport } from "./transport.js";
import { placeOf, reading, type Write, writing, writtenOf } from "./writes.js";

export const WrittenUpload = WrittenBody.extend({ result: UploadResponse });

export class RemoteUploads extends RemotePast implements Uploads {
  readonly #transport: Transport;
  readonly #place: Place;
  readonly #base: string;

  constructor(transport: Transport, place: Place, bucket: string) {
    const base = uploadsPath(bucket);
    super(transport, place, (upload) => `${base}/${segment(upload)}`);
    this.#transport = transport;
    this.#place = place;
    this.#base = base;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<UploadWritten> {
    return this.#write({ method: "POST", path: this.#base, json: toJson(body) }, options);
  }

  createMany(body: unknown, options: WriteOptions = {}): Promise<UploadsWritten> {
    return this.#writeMany("batch", body, options);
  }

  /** Asks for the URL, and sends the bytes there once: what breaks it is for the caller to repeat. */
  async receive(upload: string, bytes: AsyncIterable<Uint8Array>): Promise<ReceivedBytes> {
    const { upload: known } = await this.get(upload);
    const { presigned_url: url, content_type: contentType } = known;
    if (url === undefined) throw withoutUrl(known);
    return await this.#transport.sendBytes(url, contentType, bytes, ReceivedBytes);
  }

  confirm(upload: string, body: unknown = {}, options: WriteOptions = {}): Promise<UploadWritten> {
    const path = `${this.#path(upload)}/confirm`;
    return this.#write({ method: "POST", path, json: toJson(body) }, options);
  }

  confirmMany(body: unknown, options: WriteOptions = {}): Promise<UploadsWritten> {
    return this.#writeMany("batch/confirm", body, options);
  }

  async get(
    upload: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<UploadRead> {
    const call = reading(this.#place, this.#path(upload), { as_of: asOf });
    const { body, headers } = await this.#transport.json(call, UploadResponse);
    return { upload: body, ...placeOf(headers) };
  }

  async list(query: ListQuery = {}): Promise<ListUploadsResponse> {
    const { caseSensitive, asOf, ...asked } = query;
    const call = {
      ...reading(this.#place, `${this.#base}/list`, { as_of: asOf }),
      method: "POST",
      json: toJson({ ...asked, case_sensitive: caseSensitive }),
    } as const;
    return (await this.#transport.json(call, ListUploadsResponse)).body;
  }

  delete(upload: string, options: WriteOptions = {}): Promise<UploadWritten> {
    return this.#write({ method: "DELETE", path: this.#path(upload) }, options);
  }

  #path(upload: string): string {
    return `${this.#base}/${segment(upload)}`;
  }

  async #write(write: Write, options: WriteOptions): Promise<UploadWritten> {
    const call = writing(this.#place, write, options);
    return uploadWrittenOf((await this.#transport.json(call, WrittenUpload)).body);
  }

  async #writeMany(below: string, body: unknown, options: WriteOptions): Promise<UploadsWritten> {
    const write = { method: "POST", path: `${this.#base}/${below}`, json: toJson(body) } as const;
    const call = writing(this.#place, write, options);
    const { succeeded, failed } = (await this.#transport.json(call, ManyWrittenBody)).body;
    return {
      succeeded: succeeded.map((written) => uploadWrittenOf(WrittenUpload.parse(written))),
      failed: failed.map(({ index, code, error, details }) => ({
        index,
        error: new BucketsError(code, error, details),
      })),
    };
  }
}

function withoutUrl({ upload_id, status }: UploadResponse): BucketsError {
  if (status === "PENDING") {
    return new BucketsError(
      "FORBIDDEN",
      'To send bytes takes a token with the permission "write".',
    );
  }
  const message = `The upload ${upload_id} is ${status} and takes no more bytes.`;
  return new BucketsError("CONFLICT", message, { upload_id });
}

export function uploadsPath(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/uploads`;
}

export function uploadWrittenOf(body: z.infer<typeof WrittenUpload>): UploadWritten {
  return { ...writtenOf(body), upload: body.result };
}
