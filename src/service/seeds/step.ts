/** One step of a seed: what is done, by whom, when, and under which ids. */
import type { BucketStore, Namespace, Operation, WriteOptions } from "../../api/index.js";

/** What an operation cannot say. */
export type FurtherDeed =
  | { readonly type: "create_namespace"; readonly body: unknown }
  | { readonly type: "patch_namespace"; readonly of: string; readonly patch: unknown }
  | { readonly type: "delete_namespace"; readonly of: string }
  | {
      readonly type: "receive_upload";
      readonly bucket: string;
      readonly upload: string;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: "confirm_upload";
      readonly bucket: string;
      readonly upload: string;
      readonly body: unknown;
    }
  | { readonly type: "claim_batch"; readonly body: unknown }
  | { readonly type: "create_token"; readonly body: unknown };

export type Deed = Operation<unknown> | FurtherDeed;

/** Where a step is taken. */
export interface SeedPlace {
  readonly store: BucketStore<unknown>;
  readonly namespace: Namespace<WriteOptions, unknown>;
}

export interface SeedStep {
  /** Of its line, from 1. */
  readonly line: number;
  readonly namespace: string;
  /** When it happened; at the time of the step before unless given. */
  readonly at: number | undefined;
  readonly actor: string | undefined;
  readonly requestId: string | undefined;
  readonly reason: string | undefined;
  /** Steps in a row with the same one are taken as one. */
  readonly transactionId: string | undefined;
  /** The ids that come into being by it, as far as they are known. */
  readonly ids: readonly string[];
  /** The one of what it makes, by which later steps name it. */
  readonly makes: string | undefined;
  /** Those of the blobs that its object has then, in their order. */
  readonly blobIds: readonly string[];
  /** What makes it the same step, for a repetition. */
  readonly key: string;
  /** Known at once, or once it is seen what is there. */
  readonly deed: Deed | ((place: SeedPlace) => Promise<Deed>);
}

const further: ReadonlySet<string> = new Set<FurtherDeed["type"]>([
  "create_namespace",
  "patch_namespace",
  "delete_namespace",
  "receive_upload",
  "confirm_upload",
  "claim_batch",
  "create_token",
]);

/** Whether it is none that can be one of a transaction. */
export function isFurther(deed: Deed): deed is FurtherDeed {
  return further.has(deed.type);
}
