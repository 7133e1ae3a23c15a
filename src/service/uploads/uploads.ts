import type {
  ListQuery,
  ListUploadsResponse,
  ReceivedBytes,
  ReceiveOptions,
  ServedUploads,
  UploadBytes,
  UploadGetOptions,
  UploadOperation,
  UploadRead,
  UploadsWritten,
  UploadWritten,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { readOptions, WriteFields } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { partsOf } from "../../api/upload-bytes.js";
import { BucketsError, invariant } from "../../domain/errors.js";
import { type JsonValue, toJson } from "../../domain/json.js";
import { readBody } from "../../domain/request-fields.js";
import type { StoredBytes } from "../../domain/upload/commands.js";
import type { UploadConfirmation } from "../../domain/upload/events.js";
import {
  ConfirmUploadsRequest,
  CreateUploadsRequest,
  uploadsOf,
} from "../../domain/upload/requests.js";
import { renderUpload, uploadTag } from "../../domain/upload/response.js";
import { countUploads, type UploadCounts, type UploadState } from "../../domain/upload/state.js";
import { downloadUrl, presignedUrl } from "../keys/presign.js";
import type { InBucket } from "../parts.js";
import { ownQuery } from "../read/lists.js";
import { listMembers } from "../read/member-lists.js";
import { existing, MemberReads } from "../read/member-reads.js";
import { findAnyOwner, findOwner, findOwnerAt } from "../read/owners.js";
import { memberSubject, Past } from "../read/stream-past.js";
import { withStrictness } from "../write/strictness.js";
import type { Checked } from "../write/writing.js";
import { checkConfirmation, checkUploadOperation } from "./operations.js";
import { receive } from "./receiving.js";

export class UploadService extends MemberReads<"upload"> implements ServedUploads {
  readonly #service: InBucket;

  constructor(service: InBucket) {
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

  async createMany(body: unknown, given: WriteOptions = {}): Promise<UploadsWritten> {
    const { bucket, parts, asker } = this.#service;
    const options = withStrictness(parts, readOptions(WriteFields, given));
    const { request } = readBody(CreateUploadsRequest, body, options.strict);
    const operations = uploadsOf(request).map((upload) =>
      checkUploadOperation(parts, asker, {
        ...options,
        type: "create_upload",
        bucket,
        body: upload,
      }),
    );
    return await this.#writeEach(operations, options);
  }

  async receive(
    upload: string,
    bytes: UploadBytes,
    { onProgress }: ReceiveOptions = {},
  ): Promise<ReceivedBytes> {
    const { parts } = this.#service;
    const owner = await findOwner(parts, this.#service);
    const past = new Past(parts, memberSubject(parts, "upload", owner.bucket_id));
    const state = existing(await past.find(upload));
    return await receive(parts, { state, owner }, () => partsOf(bytes, onProgress));
  }

  async confirm(upload: string, body?: unknown, given: WriteOptions = {}): Promise<UploadWritten> {
    const { parts, asker } = this.#service;
    const options = withStrictness(parts, readOptions(WriteFields, given));
    const operation = await this.#confirmation(upload, toJson(body ?? {}), options);
    return await parts.units.writeOne(asker, operation, options);
  }

  /** What is wrong with it is found when the unit is prepared, after what was done under its key. */
  async #confirmation(
    upload: string,
    body: JsonValue,
    options: WriteOptions,
    confirmation?: UploadConfirmation,
  ): Promise<Checked<UploadWritten>> {
    const { parts } = this.#service;
    const owner = await findAnyOwner(parts, this.#service);
    const past = new Past(parts, memberSubject(parts, "upload", owner.bucket_id));
    const state = await past.lookup(upload);
    const stored = await this.#arrived(upload);
    const about = { owner, upload, state, stored, confirmation };
    return checkConfirmation(parts, about, body, options);
  }

  /** The bytes that are there; whoever commits a reference to content renews its grace first. */
  async #arrived(upload: string): Promise<StoredBytes | undefined> {
    const { blobs, received } = this.#service.parts;
    const row = await received.get(upload);
    const sizeBytes = row && (await blobs.renew(row.hash));
    return row && sizeBytes !== undefined ? { hash: row.hash, sizeBytes } : undefined;
  }

  async confirmMany(body: unknown, given: WriteOptions = {}): Promise<UploadsWritten> {
    const { parts } = this.#service;
    const options = withStrictness(parts, readOptions(WriteFields, given));
    const { request } = readBody(ConfirmUploadsRequest, body, options.strict);
    const { confirmations } = request;
    const task = { task_id: parts.newId("task"), asked: confirmations.length };
    const operations = await Promise.all(
      confirmations.map(({ upload_id: upload, ...confirmed }) =>
        this.#confirmation(upload, toJson(confirmed), options, task),
      ),
    );
    return await this.#writeEach(operations, options);
  }

  async #writeEach(
    operations: readonly Checked<UploadWritten>[],
    options: WriteOptions,
  ): Promise<UploadsWritten> {
    const { parts, asker } = this.#service;
    const done = await parts.units.write(asker, operations, { ...options, acceptance: "each" });
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
    options: UploadGetOptions & { showUrl?: boolean } = {},
  ): Promise<UploadRead> {
    assertAsked("serveUpload", options);
    const { state, at, past } = await this.read(upload, options.asOf);
    const isShown = options.showUrl === true && past === undefined;
    const { parts, asker } = this.#service;
    const download = options.showDownload === true ? this.#downloadUrl(state) : undefined;
    const url = isShown ? presignedUrl(parts.signer, asker.caller, state) : undefined;
    return {
      upload: renderUpload(state, { at, presignedUrl: url, downloadUrl: download }),
      version: state.version,
      position: state.position,
      tag: uploadTag(state, at),
      ...(past !== undefined && { past }),
    };
  }

  /** Of what was confirmed. */
  #downloadUrl({ hash, size_bytes: sizeBytes, document }: UploadState): string | undefined {
    if (hash === undefined || sizeBytes === undefined) return undefined;
    const { parts, asker } = this.#service;
    const { filename, content_type: mimeType } = document;
    const blob = { hash, sizeBytes, mimeType, filename };
    return downloadUrl(parts.signer, asker.caller, blob, parts.clock());
  }

  async list(
    given: ListQuery = {},
    { showDownload = false }: { readonly showDownload?: boolean } = {},
  ): Promise<ListUploadsResponse> {
    const query = ownQuery(given);
    const { parts, namespace } = this.#service;
    const { bucket_id: bucketId } = await findOwnerAt(parts, this.#service, query.asOf);
    const asked = { kind: "upload", namespace, bucketId } as const;
    const then: UploadState[] = [];
    const { states, totalCount, pagination, at, point, asOf } = await listMembers(
      parts,
      asked,
      query,
      (state) => then.push(state),
    );
    const counts =
      point === undefined ? await parts.view.uploadCounts(bucketId, at) : countUploads(then, at);
    const urlOf = (state: UploadState) => (showDownload ? this.#downloadUrl(state) : undefined);
    return {
      results: states.map((state) => renderUpload(state, { at, downloadUrl: urlOf(state) })),
      total_count: totalCount,
      pagination,
      stats: statsOf(counts),
      ...(asOf !== undefined && { as_of: asOf }),
    };
  }
}

function statsOf({ byStatus, totalSizeBytes }: UploadCounts): ListUploadsResponse["stats"] {
  const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  return {
    total_uploads: total,
    total_size_bytes: totalSizeBytes,
    uploads_by_status: byStatus,
    avg_file_size_bytes: total === 0 ? 0 : totalSizeBytes / total,
    unique_buckets: total === 0 ? 0 : 1,
  };
}
