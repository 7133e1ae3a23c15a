/**
 * One namespace for one caller: its resources, and every write to them, single or many as one. It is
 * made for each request, so it makes only what is asked of it.
 */

import type {
  Audit,
  Batches,
  BatchWritten,
  Buckets,
  Connections,
  CurrentBucket,
  NamespaceReverted,
  NamespaceRevertOptions,
  OperationResult,
  ServedCommitOptions,
  ServedNamespace,
  ServedObjects,
  ServedOperation,
  ServedUploads,
  ServedWriteOptions,
  SourceAdapter,
  Statistics,
  Syncs,
  Tasks,
  Transacted,
  TransactionOptions,
} from "../api/index.js";
import { assertText } from "../api/options.js";
import type { Asker } from "./asker.js";
import { BatchService } from "./batches/batches.js";
import { claimNext } from "./batches/claiming.js";
import { BucketService } from "./buckets/buckets.js";
import { ConnectionService } from "./connections/connections.js";
import { SourceAdapterService } from "./ingest/source-adapters.js";
import { revertNamespace } from "./namespaces/reverting.js";
import { ObjectService } from "./objects/objects.js";
import { carryOut, transact } from "./operations.js";
import type { InBucket, InNamespace, ServiceParts } from "./parts.js";
import { AuditService } from "./read/audit.js";
import { StatisticsService } from "./read/statistics.js";
import { TaskService } from "./read/tasks.js";
import { SyncService } from "./syncs/syncs.js";
import { UploadService } from "./uploads/uploads.js";

export class NamespaceService implements ServedNamespace {
  readonly #served: InNamespace;

  constructor(parts: ServiceParts, asker: Asker) {
    const write: ServedNamespace["write"] = (operation, options = {}) =>
      carryOut(parts, asker, operation, options);
    this.#served = { parts, asker, namespace: asker.namespace, write };
  }

  get name(): string {
    return this.#served.namespace;
  }

  get buckets(): Buckets<ServedWriteOptions> {
    return new BucketService(this.#served);
  }

  currentBucket(bucket: string): Promise<CurrentBucket> {
    return new BucketService(this.#served).current(bucket);
  }

  get connections(): Connections<ServedWriteOptions> {
    const { parts, namespace, write } = this.#served;
    return new ConnectionService({ parts, within: [namespace], write });
  }

  get tasks(): Tasks {
    const { parts, namespace, write } = this.#served;
    return new TaskService({ parts, within: [namespace], writeIn: () => write });
  }

  get audit(): Audit {
    const { parts, namespace } = this.#served;
    return new AuditService(parts, [namespace]);
  }

  get statistics(): Statistics {
    const { parts, namespace } = this.#served;
    return new StatisticsService(parts, namespace);
  }

  write(operation: ServedOperation, options?: ServedCommitOptions): Promise<OperationResult> {
    return this.#served.write(operation, options);
  }

  objects(bucket: string): ServedObjects {
    return new ObjectService(this.#in(bucket));
  }

  batches(bucket: string): Batches<ServedWriteOptions> {
    return new BatchService(this.#in(bucket));
  }

  sourceAdapter(bucket: string): SourceAdapter<ServedWriteOptions> {
    return new SourceAdapterService(this.#in(bucket));
  }

  syncs(bucket: string): Syncs<ServedWriteOptions> {
    return new SyncService(this.#in(bucket));
  }

  uploads(bucket: string): ServedUploads {
    return new UploadService(this.#in(bucket));
  }

  #in(bucket: string): InBucket {
    assertText(bucket, "bucket");
    return { ...this.#served, bucket };
  }

  claimBatch(body: unknown, options: ServedWriteOptions = {}): Promise<BatchWritten | undefined> {
    const { parts, asker } = this.#served;
    return claimNext(parts, asker, body, options);
  }

  revert(options: NamespaceRevertOptions): Promise<NamespaceReverted> {
    return revertNamespace(this.#served.parts, this, options);
  }

  transaction(
    operations: readonly ServedOperation[],
    options: TransactionOptions & ServedCommitOptions = {},
  ): Promise<Transacted> {
    const { parts, asker } = this.#served;
    return transact(parts, asker, operations, options);
  }
}
