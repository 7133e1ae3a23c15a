/** A namespace: its resources, and every write to them, single or many as one. */
import { z } from "zod";
import { BatchResponse } from "../domain/batch/response.js";
import { BucketResponse } from "../domain/bucket/response.js";
import { Change } from "../domain/change.js";
import { ConnectionResponse } from "../domain/connection/response.js";
import { DeliveryResponse } from "../domain/delivery/response.js";
import { errorCodes } from "../domain/errors.js";
import { NamespaceResponse } from "../domain/namespace/response.js";
import { ObjectResponse } from "../domain/object/response.js";
import { jsonValue } from "../domain/schemas.js";
import { SyncResponse } from "../domain/sync/response.js";
import { TaskResponse } from "../domain/task.js";
import { UploadResponse } from "../domain/upload/response.js";
import type { Audit } from "./audit.js";
import {
  BatchDeletion,
  type Batches,
  type BatchOperation,
  type BatchResult,
  type BatchWritten,
} from "./batches.js";
import type {
  BucketDeleted,
  BucketOperation,
  Buckets,
  BucketWritten,
  CurrentBucket,
} from "./buckets.js";
import {
  ConnectionDeletion,
  type ConnectionOperation,
  type ConnectionResult,
  type Connections,
} from "./connections.js";
import type { SourceAdapter } from "./ingest.js";
import type { ClaimInput } from "./inputs.js";
import { AsOf } from "./lists.js";
import type { ObjectOperation, Objects, ObjectWritten, ServedObjects } from "./objects.js";
import type { Statistics } from "./statistics.js";
import type { SyncOperation, SyncResult, Syncs } from "./syncs.js";
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

/** The writes that can be one of a transaction, by the kind of resource that they are about. */
export interface Operations<Sent = unknown> {
  readonly bucket: BucketOperation<Sent>;
  readonly object: ObjectOperation<Sent>;
  readonly batch: BatchOperation<Sent>;
  readonly upload: UploadOperation<Sent>;
  readonly sync: SyncOperation<Sent>;
  readonly connection: ConnectionOperation<Sent>;
}
export type OperationKind = keyof Operations;
type AnyOperation<Sent> = Operations<Sent>[OperationKind];

/** Every write that can be one of a transaction, and how it is meant. */
export type Operation<Sent = never> = AnyOperation<Sent> & OperationOptions;
export type ServedOperation<Sent = unknown> = AnyOperation<Sent> & ServedOperationOptions;

export type OperationResult =
  | BucketWritten
  | BucketDeleted
  | ObjectWritten
  | BatchResult
  | UploadWritten
  | SyncResult
  | ConnectionResult;

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
    SyncResponse,
    ConnectionResponse,
    ConnectionDeletion,
    NamespaceResponse,
  ]),
});

export type WrittenBody = z.infer<typeof WrittenBody>;

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

export type ManyWrittenBody = z.infer<typeof ManyWrittenBody>;

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

export type TransactionResponse = z.infer<typeof TransactionResponse>;

/** What putting a namespace back did, or would do. */
export const NamespaceReverted = z.object({
  as_of: AsOf,
  compared_at: z
    .number()
    .int()
    .meta({ description: "Of the newest event of what it was compared with: 0 for nothing." }),
  dry_run: z.boolean(),
  changed: z.number().int(),
  restored: z.number().int(),
  deleted: z.number().int(),
  resources: z
    .array(
      z.object({
        kind: z.enum(["bucket", "object"]),
        id: z.string(),
        bucket_id: z.string(),
        name: z.string().exactOptional(),
        action: z.enum(["change", "restore", "delete"]),
        version: z.number().int().meta({ description: "As it was before." }),
        to: z.number().int().exactOptional().meta({ description: "The version of then." }),
        changes: z.array(Change),
        status: z.enum(["ACTIVE", "ARCHIVED", "SUSPENDED"]).exactOptional(),
      }),
    )
    .meta({ description: "The first 1,000; all are counted, and done." }),
  has_more: z.boolean(),
  transaction_ids: z.array(z.string()),
});
export type NamespaceReverted = Readonly<z.infer<typeof NamespaceReverted>>;

export interface NamespaceRevertOptions {
  /** A position (`@1234`) or a time. */
  readonly asOf: string;
  /** Tell what would be done, and do nothing. */
  readonly dryRun?: boolean | undefined;
  readonly reason?: string | undefined;
  /** The `compared_at` of a dry run: what was changed behind it is not overwritten unseen. */
  readonly ifPosition?: number | undefined;
}

export interface Namespace<Options extends WriteOptions = WriteOptions, Sent = never> {
  readonly name: string;
  readonly buckets: Buckets<Options, Sent>;
  readonly connections: Connections<Options, Sent>;
  readonly tasks: Tasks<Sent>;
  readonly audit: Audit;
  readonly statistics: Statistics;
  /** @param bucket an id or the exact name. */
  objects(bucket: string): Objects<Options, Sent>;
  /** @param bucket an id or the exact name. */
  batches(bucket: string): Batches<Options, Sent>;
  /** @param bucket an id or the exact name. */
  uploads(bucket: string): Uploads<Options, Sent>;
  /** @param bucket an id or the exact name. */
  syncs(bucket: string): Syncs<Options, Sent>;
  /** @param bucket an id or the exact name. */
  sourceAdapter(bucket: string): SourceAdapter<Options>;
  /**
   * Hands the batch that has waited longest to a worker, `{worker, lease_seconds}`, for as long as
   * its lease lasts: every report repeats the `claim_id` of the lease. Those of buckets that are
   * locked, suspended or deleted go on waiting. Objects that were deleted meanwhile are not handed
   * out: `deleted_object_ids` names them.
   * @returns undefined when none waits.
   */
  claimBatch(body: ClaimInput | Sent, options?: Options): Promise<BatchWritten | undefined>;
  /** Carries out one operation: what the methods of its kind do, with the write as data. */
  write(operation: Operation<Sent>, options?: CommitOptions): Promise<OperationResult>;
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
  transaction(
    operations: readonly Operation<Sent>[],
    options?: TransactionOptions,
  ): Promise<Transacted>;
  /**
   * Puts all buckets and objects back to how they were at a moment, by ordinary events: documents and
   * status; what was deleted since comes back, what was not there yet is deleted. Batches, uploads and
   * connections stay, locks and secrets stay as they are. Up to 100 operations are one transaction; when
   * one is refused, those before it stay, and a repetition goes on from there.
   *
   * @throws BAD_REQUEST for what is no moment; NOT_FOUND for one that is not there; PRECONDITION_FAILED when
   * a bucket or object was changed behind `ifPosition`, with what was missed; what an operation is refused
   * with, such as PRECONDITION_FAILED when somebody wrote meanwhile, with `operations_done`.
   */
  revert(options: NamespaceRevertOptions): Promise<NamespaceReverted>;
}

/** A namespace in this process: its writes also as data, with all that HTTP says of them. */
export interface ServedNamespace<Sent = unknown> extends Namespace<ServedWriteOptions, Sent> {
  /** @throws as `buckets.get` does. */
  currentBucket(bucket: string): Promise<CurrentBucket>;
  write(operation: ServedOperation<Sent>, options?: ServedCommitOptions): Promise<OperationResult>;
  objects(bucket: string): ServedObjects<Sent>;
  uploads(bucket: string): ServedUploads<Sent>;
  transaction(
    operations: readonly ServedOperation<Sent>[],
    options?: TransactionOptions & ServedCommitOptions,
  ): Promise<Transacted>;
}
