/** The uploads of one bucket, over HTTP: each method is one request, but for sending bytes. */
import type {
  ListQuery,
  ListUploadsResponse,
  ReceivedBytes,
  ReceiveOptions,
  UploadBytes,
  UploadGetOptions,
  UploadOperation,
  UploadRead,
  Uploads,
  UploadsWritten,
  UploadWritten,
  WriteOptions,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import { BucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import type { UploadResponse } from "../domain/upload/response.js";
import { RemotePast } from "./past.js";
import { segment, urlQuery } from "./place.js";
import { posted, type RemoteOperations, type Requests, type Write } from "./requests.js";
import { answerWith, writtenWith } from "./shapes.js";

const Upload = answerWith<UploadResponse>({ upload_id: "string", status: "string" });
const Received = answerWith<ReceivedBytes>({ upload_id: "string" });
const List = answerWith<ListUploadsResponse>({ results: "list", pagination: "object" });
const Written = writtenWith(Upload, (written, upload): UploadWritten => ({ ...written, upload }));

export class RemoteUploads extends RemotePast implements Uploads {
  readonly #requests: Requests;
  readonly #bucket: string;

  constructor(requests: Requests, bucket: string) {
    super(requests, (upload) => pathOf(bucket, upload));
    this.#requests = requests;
    this.#bucket = bucket;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<UploadWritten> {
    return this.#write({ type: "create_upload", bucket: this.#bucket, body }, options);
  }

  createMany(body: unknown, options: WriteOptions = {}): Promise<UploadsWritten> {
    return this.#writeMany("batch", body, options);
  }

  /** Asks for the URL, and sends the bytes there once: what breaks it is for the caller to repeat. */
  async receive(
    upload: string,
    bytes: UploadBytes,
    options: ReceiveOptions = {},
  ): Promise<ReceivedBytes> {
    const { upload: known } = await this.get(upload);
    const { presigned_url: url, content_type: contentType } = known;
    if (url === undefined) throw withoutUrl(known);
    const sent = { url, contentType, bytes, onProgress: options.onProgress };
    return await this.#requests.transport.sendBytes(sent, Received);
  }

  async confirm(
    upload: string,
    body?: unknown,
    options: WriteOptions = {},
  ): Promise<UploadWritten> {
    const write = posted(`${pathOf(this.#bucket, upload)}/confirm`, body);
    return await this.#requests.write(write, options, Written);
  }

  confirmMany(body: unknown, options: WriteOptions = {}): Promise<UploadsWritten> {
    return this.#writeMany("batch/confirm", body, options);
  }

  async get(upload: string, options: UploadGetOptions = {}): Promise<UploadRead> {
    assertAsked("getUpload", options);
    const { asOf, showDownload } = options;
    const path = pathOf(this.#bucket, upload);
    const query = { as_of: asOf, ...urlQuery(showDownload) };
    const { body, place } = await this.#requests.read(path, query, Upload);
    return { upload: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListUploadsResponse> {
    return await this.#requests.list(`${baseOf(this.#bucket)}/list`, query, List);
  }

  delete(upload: string, options: WriteOptions = {}): Promise<UploadWritten> {
    return this.#write({ type: "delete_upload", bucket: this.#bucket, upload }, options);
  }

  async #write(operation: UploadOperation, options: WriteOptions): Promise<UploadWritten> {
    return await this.#requests.write(toRequest(operation), options, Written);
  }

  async #writeMany(below: string, body: unknown, options: WriteOptions): Promise<UploadsWritten> {
    const path = `${baseOf(this.#bucket)}/${below}`;
    const write = { method: "POST", path, json: toJson(body) } as const;
    return await this.#requests.writeMany(write, options, Written);
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

function baseOf(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/uploads`;
}

function pathOf(bucket: string, upload: string): string {
  return `${baseOf(bucket)}/${segment(upload)}`;
}

function toRequest(operation: UploadOperation): Write {
  switch (operation.type) {
    case "create_upload":
      return { method: "POST", path: baseOf(operation.bucket), json: toJson(operation.body) };
    case "delete_upload":
      return { method: "DELETE", path: pathOf(operation.bucket, operation.upload) };
  }
}

export const uploadOperations: RemoteOperations<UploadOperation> = {
  request: toRequest,
  answer: () => Written,
};
