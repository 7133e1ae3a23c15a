/** What can be asked of a batch, by its owner and by the worker that processes it. */
import type { JsonObject } from "../json.js";
import type { BatchProgress, retryModes } from "./events.js";
import type { ErrorCategory, ObjectError } from "./failures.js";

export interface CreateBatch {
  readonly type: "create_batch";
  /** Undefined for the one that the command right before is about. */
  readonly objectIds: readonly string[] | undefined;
  readonly metadata: JsonObject;
}

/** What the next window of a bucket is opened with. */
export interface WindowTerms {
  /** From its first object on; undefined for one that closes only when it is full. */
  readonly windowMs: number | undefined;
  readonly maxObjects: number;
  readonly autoSubmit: boolean;
}

/**
 * Puts the object that the command right before is about into the open window of the bucket, or
 * opens one with it.
 */
export interface CollectObject {
  readonly type: "collect_object";
  readonly window: WindowTerms;
}

/** The time of the window has come: submits it, or leaves it as a draft that is complete. */
export interface CloseWindow {
  readonly type: "close_window";
  readonly taskId: string;
}

export interface AddObjects {
  readonly type: "add_batch_objects";
  readonly objectIds: readonly string[];
}

export interface PatchBatch {
  readonly type: "patch_batch";
  /** Replaces the whole metadata; undefined leaves it. */
  readonly metadata: JsonObject | undefined;
}

interface SubmitBatch {
  readonly type: "submit_batch";
  readonly taskId: string;
}

interface CancelBatch {
  readonly type: "cancel_batch";
}

interface DeleteBatch {
  readonly type: "delete_batch";
}

export interface ClaimBatch {
  readonly type: "claim_batch";
  readonly worker: string;
  /** New for each claim: every report of the worker repeats it. */
  readonly claimId: string;
  readonly leaseMs: number;
}

export interface ProgressBatch {
  readonly type: "progress_batch";
  readonly claimId: string;
  readonly progress: BatchProgress;
  /** From now on; undefined leaves the lease as it is. */
  readonly leaseMs: number | undefined;
}

export interface CompleteBatch {
  readonly type: "complete_batch";
  readonly claimId: string;
  readonly result: JsonObject | undefined;
  readonly errors: readonly ObjectError[];
}

export interface FailBatch {
  readonly type: "fail_batch";
  readonly claimId: string;
  readonly error: string;
  readonly errorType: ErrorCategory | undefined;
  readonly errors: readonly ObjectError[];
}

export interface RetryBatch {
  readonly type: "retry_batch";
  readonly mode: (typeof retryModes)[number];
  /** How often it may be tried again, this time counted. */
  readonly retriesMax: number;
}

export type BatchCommand =
  | CreateBatch
  | CollectObject
  | CloseWindow
  | AddObjects
  | PatchBatch
  | SubmitBatch
  | CancelBatch
  | DeleteBatch
  | ClaimBatch
  | ProgressBatch
  | CompleteBatch
  | FailBatch
  | RetryBatch;
