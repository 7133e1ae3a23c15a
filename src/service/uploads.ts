import { checkFields, strayFields } from "../domain/bucket/requests.js";
import { BucketsError, invariant } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { parseBody } from "../domain/schemas.js";
import type { StoredBytes } from "../domain/upload/commands.js";
import {
  BatchConfirmUploadsRequest,
  BatchCreateUploadsRequest,
  uploadsOf,
} from "../domain/upload/requests.js";
import { renderUpload, uploadCatalog, uploadTag } from "../domain/upload/response.js";
import type {
  ListQuery,
  ListUploadsResponse,
  ReceivedBytes,
  ServedNamespace,
  ServedUploads,
  UploadOperation,
  UploadRead,
  UploadsWritten,
  UploadWritten,
  ServedWriteOptions as WriteOptions,
} from "./interface.js";
import { listMembers } from "./member-lists.js";
import { existing, MemberReads } from "./member-reads.js";
import { findAnyOwner, findOwner, findOwnerAt } from "./owners.js";
import type { ServiceParts } from "./parts.js";
import { memberSubject, Past } from "./past.js";
import type { PresignedUrls } from "./presign.js";
import { receive } from "./receiving.js";
import { checkConfirmation, checkUploadOperation } from "./upload-operations.js";
import { type Checked, checkKey, type UnitWriter } from "./writing.js";

interface UploadServiceParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  /** An id or the exact name. */
  readonly bucket: string;
  readonly write: ServedNamespace["write"];
  readonly units: UnitWriter;
  readonly urls: PresignedUrls;
}

export class UploadService extends MemberReads<"upload"> implements ServedUploads {
  readonly #service: UploadServiceParts;

  constructor(service: UploadServiceParts) {
    super(service.parts, "upload", service);
    this.#service = service;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<UploadWritten> {
    const { bucket } = this.#service;
    return this.#write({ type: "create_upload", bucket, body }, options);
  }

  delete(upload: string, options: WriteOptions = {}): Promise<UploadWritten> {
    const { bucket } = this.#service;
    return this.#write({ type: "delete_upload", bucket, upload }, options);
  }

  async #write(operation: UploadOperation, options: WriteOptions): Promise<UploadWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("upload" in written, `${operation.type} was not answered with its upload`);
    return written;
  }

  async createMany(body: unknown, options: WriteOptions = {}): Promise<UploadsWritten> {
    checkKey(options);
    const json = toJson(body ?? {});
    const request = parseBody(BatchCreateUploadsRequest, json);
    checkFields(strayFields(json, BatchCreateUploadsRequest), options.strict === true);
    const { bucket } = this.#service;
    const operations = uploadsOf(request).map((upload) =>
      checkUploadOperation(this.#service, {
        ...options,
        type: "create_upload",
        bucket,
        body: upload,
      }),
    );
    return await this.#writeEach(operations, options);
  }

  async receive(upload: string, bytes: AsyncIterable<Uint8Array>): Promise<ReceivedBytes> {
    const { parts } = this.#service;
    const owner = await findOwner(parts, this.#service);
    const past = new Past(parts, memberSubject(parts, "upload", owner.bucket_id));
    const state = existing(await past.find(upload));
    return await receive(parts, { state, owner }, () => bytes);
  }

  async confirm(
    upload: string,
    body?: unknown,
    options: WriteOptions = {},
  ): Promise<UploadWritten> {
    checkKey(options);
    const operation = await this.#confirmation(upload, body, options);
    const [result] = (await this.#service.units.write([operation], options)).results;
    invariant(result !== undefined, "a unit of one without a result");
    return result;
  }

  /** What is wrong with it is found when the unit is prepared, after what was done under its key. */
  async #confirmation(
    upload: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<Checked<UploadWritten>> {
    const { parts } = this.#service;
    const owner = await findAnyOwner(parts, this.#service);
    const past = new Past(parts, memberSubject(parts, "upload", owner.bucket_id));
    const state = await past.lookup(upload);
    const about = { owner, upload, state, stored: await this.#arrived(upload) };
    return checkConfirmation(parts, about, body, options);
  }

  /** The bytes that are there; whoever commits a reference to content renews its grace first. */
  async #arrived(upload: string): Promise<StoredBytes | undefined> {
    const { blobs, received } = this.#service.parts;
    const row = received.get(upload);
    const sizeBytes = row && (await blobs.renew(row.hash));
    return row && sizeBytes !== undefined ? { hash: row.hash, sizeBytes } : undefined;
  }

  async confirmMany(body: unknown, options: WriteOptions = {}): Promise<UploadsWritten> {
    checkKey(options);
    const json = toJson(body ?? {});
    const { confirmations } = parseBody(BatchConfirmUploadsRequest, json);
    checkFields(strayFields(json, BatchConfirmUploadsRequest), options.strict === true);
    const operations = await Promise.all(
      confirmations.map(({ upload_id: upload, ...confirmation }) =>
        this.#confirmation(upload, confirmation, options),
      ),
    );
    return await this.#writeEach(operations, options);
  }

  async #writeEach(
    operations: readonly Checked<UploadWritten>[],
    options: WriteOptions,
  ): Promise<UploadsWritten> {
    const { units } = this.#service;
    const done = await units.write(operations, { ...options, acceptance: "each" });
    const failed = done.refusals.map(({ index, code, message, details }) => {
      const error = new BucketsError(code, message, details);
      // The bucket of one is that of all.
      if (code === "NOT_FOUND" && details["resource"] === "bucket") throw error;
      return { index, error };
    });
    return { succeeded: done.results, failed };
  }

  async get(
    upload: string,
    options: { asOf?: string | undefined; showUrl?: boolean } = {},
  ): Promise<UploadRead> {
    const { state, at, past } = await this.read(upload, options.asOf);
    const isShown = options.showUrl === true && past === undefined;
    const presignedUrl = isShown ? this.#service.urls.of(state) : undefined;
    return {
      upload: renderUpload(state, { at, presignedUrl }),
      version: state.version,
      position: state.position,
      tag: uploadTag(state, at),
      ...(past !== undefined && { past }),
    };
  }

  async list(query: ListQuery = {}): Promise<ListUploadsResponse> {
    const { parts, namespace } = this.#service;
    const { bucket_id: bucketId } = await findOwnerAt(parts, this.#service, query.asOf);
    const asked = { kind: "upload", namespace, bucketId, catalog: uploadCatalog } as const;
    const { states, totalCount, pagination, at, asOf } = await listMembers(parts, asked, query);
    return {
      results: states.map((state) => renderUpload(state, { at })),
      total_count: totalCount,
      pagination,
      ...(asOf !== undefined && { as_of: asOf }),
    };
  }
}
