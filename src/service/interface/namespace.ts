/** A namespace: its resources, and every write to them, single or many as one. */
import { z } from "zod";
import { BatchResponse } from "../../domain/batch/response.js";
import { BucketResponse } from "../../domain/bucket/response.js";
import { Change } from "../../domain/changes.js";
import { ConnectionResponse } from "../../domain/connection/response.js";
import { DeliveryResponse } from "../../domain/delivery/response.js";
import { errorCodes } from "../../domain/errors.js";
import { ObjectResponse } from "../../domain/object/response.js";
import { jsonValue } from "../../domain/schemas.js";
import { TaskResponse } from "../../domain/task.js";
import { UploadResponse } from "../../domain/upload/response.js";
import type { Audit } from "./audit.js";
import {
  BatchDeletion,
  type Batches,
  type BatchOperation,
  type BatchResult,
  type BatchWritten,
} from "./batches.js";
import type { BucketDeleted, BucketOperation, Buckets, BucketWritten } from "./buckets.js";
import type { ConnectionOperation, Connections, ConnectionWritten } from "./connections.js";
import type { SourceAdapter } from "./ingest.js";
import type { ObjectOperation, Objects, ObjectWritten, ServedObjects } from "./objects.js";
import type { Tasks } from "./tasks.js";
import type { ServedUploads, UploadOperation, Uploads, UploadWritten } from "./uploads.js";
import type {
  CommitOptions,
  OperationOptions,
  ServedCommitOptions,
  ServedOperationOptions,
  ServedWriteOptions,
  WriteOptions,
} from "./writes.js";

/** Every write that can be one of a transaction, and how it is meant. */
export type Operation = AnyOperation & OperationOptions;
export type ServedOperation = AnyOperation & ServedOperationOptions;
type AnyOperation =
  | BucketOperation
  | ObjectOperation
  | BatchOperation
  | UploadOperation
  | ConnectionOperation;

export type OperationResult =
  | BucketWritten
  | BucketDeleted
  | ObjectWritten
  | BatchResult
  | UploadWritten
  | ConnectionWritten;

export interface TransactionOptions extends CommitOptions {
  /** Why, for the operations that do not say so themselves. */
  readonly reason?: string | undefined;
}

/** What a transaction left, operation by operation, in their order. */
export interface Transacted {
  /** On all of its events; absent for a dry run, which has none. */
  readonly transactionId: string | undefined;
  /** Each as right after its operation. */
  readonly results: readonly OperationResult[];
  /** As of a single write. */
  readonly replayed: boolean;
  readonly dryRun: boolean;
}

export const WrittenBody = z.object({
  version: z.number().int(),
  position: z.number().int(),
  tag: z.string(),
  changes: z.array(Change),
  ignored_fields: z.array(z.string()),
  replayed: z.boolean(),
  dry_run: z.boolean(),
  /** What the contract answers: the resource, a task, or that it is gone. */
  result: z.union([
    BucketResponse,
    TaskResponse,
    ObjectResponse,
    BatchResponse,
    BatchDeletion,
    UploadResponse,
    DeliveryResponse,
    ConnectionResponse,
  ]),
});

/** How HTTP answers many writes at once, each by itself, to whom accepts all that the library tells. */
export const ManyWrittenBody = z.object({
  succeeded: z.array(WrittenBody),
  failed: z.array(
    z.object({
      /** Its place in the request, from 0. */
      index: z.number().int(),
      error: z.string(),
      code: z.enum(errorCodes),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** How HTTP answers a transaction: each operation as its own route would. */
export const TransactionResponse = z.object({
  transaction_id: z.string().optional(),
  results: z.array(
    z.object({
      status: z.number().int(),
      headers: z.record(z.string(), z.string()),
      body: jsonValue.optional(),
    }),
  ),
});

export interface Namespace<Options extends WriteOptions = WriteOptions> {
  readonly name: string;
  readonly buckets: Buckets<Options>;
  readonly connections: Connections<Options>;
  readonly tasks: Tasks;
  readonly audit: Audit;
  /** @param bucket an id or the exact name. */
  objects(bucket: string): Objects<Options>;
  /** @param bucket an id or the exact name. */
  batches(bucket: string): Batches<Options>;
  /** @param bucket an id or the exact name. */
  uploads(bucket: string): Uploads<Options>;
  /** @param bucket an id or the exact name. */
  sourceAdapter(bucket: string): SourceAdapter<Options>;
  /**
   * Hands the batch that has waited longest to a worker, `{worker, lease_seconds}`, for as long as
   * its lease lasts: every report repeats the `claim_id` of the lease. Those of buckets that are
   * locked, suspended or deleted go on waiting.
   * @returns undefined when none waits.
   */
  claimBatch(body: unknown, options?: Options): Promise<BatchWritten | undefined>;
  /**
   * Carries out 1 to 100 operations in their order, all or nothing: each sees what those before it
   * left, and their events share a `transaction_id`.
   *
   * @throws what the operation that is refused throws by itself, with its `operation_index` in the
   * details; then nothing was recorded.
   *
   * @example
   * await namespace.transaction([
   *   { type: "create", body: { bucket_name: "new", bucket_schema: { properties: {} } } },
   *   { type: "archive", bucket: "old", reason: "replaced" },
   * ]);
   */
  transaction(operations: readonly Operation[], options?: TransactionOptions): Promise<Transacted>;
}

/** A namespace in this process: its writes also as data, with all that HTTP says of them. */
export interface ServedNamespace extends Namespace<ServedWriteOptions> {
  /** Carries out one operation: what the methods of `buckets` do, with the write as data. */
  write(operation: ServedOperation, options?: ServedCommitOptions): Promise<OperationResult>;
  objects(bucket: string): ServedObjects;
  uploads(bucket: string): ServedUploads;
  transaction(
    operations: readonly ServedOperation[],
    options?: TransactionOptions & ServedCommitOptions,
  ): Promise<Transacted>;
}
