/** One namespace for one caller: its resources, and every write to them, single or many as one. */
import {
  type ErrorDetails,
  invalidAt,
  invariant,
  isBucketsError,
  withDetails,
} from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { AuditService } from "./audit.js";
import { checkBatchOperation } from "./batch-operations.js";
import { BatchService } from "./batches.js";
import { BucketService } from "./buckets.js";
import { claimNext } from "./claiming.js";
import { ConnectionService, checkConnectionOperation } from "./connections.js";
import { Ingestion } from "./ingestion.js";
import type {
  Audit,
  Batches,
  BatchWritten,
  Buckets,
  Connections,
  OperationResult,
  ServedCommitOptions,
  ServedNamespace,
  ServedObjects,
  ServedOperation,
  ServedUploads,
  ServedWriteOptions,
  SourceAdapter,
  Tasks,
  Transacted,
  TransactionOptions,
} from "./interface.js";
import { explainMissed } from "./missed.js";
import { ObjectOperations } from "./object-operations.js";
import { ObjectService } from "./objects.js";
import { BucketOperations } from "./operations.js";
import type { KnownCaller, ServiceParts } from "./parts.js";
import { PresignedUrls } from "./presign.js";
import { SourceAdapterService } from "./source-adapters.js";
import { TaskService } from "./tasks.js";
import { checkUploadOperation } from "./upload-operations.js";
import { UploadService } from "./uploads.js";
import { type Checked, checkKey, checkReason, UnitWriter } from "./writing.js";

export class NamespaceService implements ServedNamespace {
  readonly name: string;
  readonly buckets: Buckets<ServedWriteOptions>;
  readonly connections: Connections<ServedWriteOptions>;
  readonly tasks: Tasks;
  readonly audit: Audit;
  readonly #newId: ServiceParts["newId"];
  readonly #parts: ServiceParts;
  readonly #buckets: BucketOperations;
  readonly #objects: ObjectOperations;
  readonly #units: UnitWriter;
  readonly #urls: PresignedUrls;
  readonly #caller: KnownCaller;

  constructor(parts: ServiceParts, name: string, caller: KnownCaller) {
    const { publicUrl } = caller;
    this.name = name;
    this.#newId = parts.newId;
    this.#parts = parts;
    this.#caller = caller;
    this.#buckets = new BucketOperations(parts, name, publicUrl);
    this.#objects = new ObjectOperations(parts, name);
    this.#units = new UnitWriter(parts, name, caller, (refused) => explainMissed(parts, refused));
    this.#urls = new PresignedUrls(parts.signer, publicUrl);
    const write = this.write.bind(this);
    this.buckets = new BucketService({ parts, namespace: name, publicUrl, write });
    this.connections = new ConnectionService({ parts, namespace: name, write });
    this.tasks = new TaskService(parts, name);
    this.audit = new AuditService(parts.events, name);
  }

  async write(
    operation: ServedOperation,
    options: ServedCommitOptions = {},
  ): Promise<OperationResult> {
    checkKey(options);
    const checked = this.#check(operation, options.dryRun === true);
    const { results } = await this.#units.write([checked], options);
    const [result] = results;
    invariant(result !== undefined, "a unit of one without a result");
    return result;
  }

  #check(operation: ServedOperation, isDry: boolean): Checked<OperationResult> {
    switch (operation.type) {
      case "create_object":
      case "put_object":
      case "patch_object":
      case "revert_object":
      case "restore_object":
      case "delete_object":
        return this.#objects.check(operation, isDry);
      case "create_batch":
      case "add_batch_objects":
      case "patch_batch":
      case "submit_batch":
      case "cancel_batch":
      case "delete_batch":
      case "progress_batch":
      case "complete_batch":
      case "fail_batch":
        return checkBatchOperation(this.#parts, operation);
      case "create_connection":
      case "patch_connection":
      case "delete_connection":
        return checkConnectionOperation(this.#parts, operation);
      case "create_upload":
      case "delete_upload":
        return checkUploadOperation({ parts: this.#parts, urls: this.#urls }, operation);
      default:
        return this.#buckets.check(operation);
    }
  }

  objects(bucket: string): ServedObjects {
    return new ObjectService({
      parts: this.#parts,
      namespace: this.name,
      bucket,
      write: this.write.bind(this),
      operations: this.#objects,
      units: this.#units,
    });
  }

  batches(bucket: string): Batches<ServedWriteOptions> {
    const write = this.write.bind(this);
    return new BatchService({ parts: this.#parts, namespace: this.name, bucket, write });
  }

  sourceAdapter(bucket: string): SourceAdapter<ServedWriteOptions> {
    const ingestion = new Ingestion(this.#parts, this.#caller);
    return new SourceAdapterService({
      parts: this.#parts,
      namespace: this.name,
      bucket,
      ingestion,
    });
  }

  uploads(bucket: string): ServedUploads {
    return new UploadService({
      parts: this.#parts,
      namespace: this.name,
      bucket,
      write: this.write.bind(this),
      units: this.#units,
      urls: this.#urls,
    });
  }

  claimBatch(body: unknown, options: ServedWriteOptions = {}): Promise<BatchWritten | undefined> {
    const place = { parts: this.#parts, namespace: this.name, units: this.#units };
    return claimNext(place, body, options);
  }

  async transaction(
    operations: readonly ServedOperation[],
    options: TransactionOptions & ServedCommitOptions = {},
  ): Promise<Transacted> {
    checkKey(options);
    checkReason(options.reason);
    checkCount(operations.length);
    const checked = operations.map((operation, index) => {
      try {
        return this.#check(operation, options.dryRun === true);
      } catch (error) {
        throw isBucketsError(error) ? withDetails(error, detailsOf(index)) : error;
      }
    });
    const transactionId = this.#newId("txn");
    const done = await this.#units.write(checked, { ...options, transactionId, detailsOf });
    return { ...done, transactionId: done.dryRun ? undefined : done.transactionId };
  }
}

function detailsOf(index: number): ErrorDetails {
  return { operation_index: index };
}

/** @throws VALIDATION_FAILED */
function checkCount(count: number): void {
  if (count >= 1 && count <= limits.transactionOperationsMax) return;
  throw invalidAt(
    ["body", "operations"],
    count === 0 ? "too_small" : "too_big",
    `A transaction has 1 to ${limits.transactionOperationsMax} operations; this one has ${count}.`,
  );
}
