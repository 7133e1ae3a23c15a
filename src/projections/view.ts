/** What can be asked of the view, the projection that holds the current state of every resource. */

import type { CountedBucket } from "../domain/bucket/list.js";
import type { Viewpoint } from "../domain/bucket/response.js";
import type { BucketState } from "../domain/bucket/state.js";
import type { BucketStats } from "../domain/bucket/stats.js";
import type { DeliveryStatus } from "../domain/delivery/state.js";
import type { Criteria } from "../domain/filter/parse.js";
import type { PageQuery } from "../domain/listing.js";
import type { CountedNamespace, FoundNamespace } from "../domain/namespace/response.js";
import type { NamespaceState } from "../domain/namespace/state.js";
import type { Within } from "../domain/namespace/within.js";
import type { ObjectState } from "../domain/object/state.js";
import type {
  ExpectedHead,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
} from "../domain/reports.js";
import type { Reservation } from "../domain/reservation.js";
import type {
  BlamedState,
  MemberKind,
  ResourceKind,
  ResourceState,
  StateOf,
} from "../domain/resource.js";
import type { TaskResponse } from "../domain/task.js";
import type { UploadCounts, UploadState } from "../domain/upload/state.js";
import type { LogPoint } from "../eventstore/store.js";
import type { KnownRoot } from "../eventstore/tree-check.js";
import type { NamespaceTotals } from "./namespace-totals.js";

export interface ListQuery extends PageQuery {
  readonly namespace: string;
  /** Which buckets, and in which order; all, newest first and then by id, unless given. */
  readonly criteria?: Criteria | undefined;
  /** The moment and place that the answer is about. */
  readonly viewpoint: Viewpoint;
}

/** Of the objects, batches or uploads of one bucket. */
export interface MemberQuery extends PageQuery {
  readonly bucketId: string;
  readonly criteria?: Criteria | undefined;
  /** The moment that the answer is about, milliseconds. */
  readonly at: number;
}

/** The kinds of what is in no bucket. */
export type UnownedKind = Exclude<ResourceKind, MemberKind>;

export interface TaskQuery extends PageQuery {
  readonly within: Within;
}

export interface TaskPage {
  readonly tasks: readonly TaskResponse[];
  readonly totalCount: number;
}

export interface BucketPage {
  readonly buckets: readonly CountedBucket[];
  /** Whether it ends before its limit, because of its size. */
  readonly isCut: boolean;
  /** Of everything that was selected, not of the page. */
  readonly totalCount: number;
  readonly totals: StatsTotals;
}

/** The statistics of all selected buckets, added up. */
export interface StatsTotals {
  readonly objectCount: number;
  readonly totalSizeBytes: number;
}

/** How many deliveries to the source adapter of a bucket came to what. */
export type DeliveryCounts = Readonly<Record<DeliveryStatus, number>>;

export const noDeliveries: DeliveryCounts = { ACCEPTED: 0, IGNORED: 0, FAILED: 0 };

/** A page of objects, batches or uploads. */
export interface MemberPage<State> {
  readonly states: readonly State[];
  readonly isCut: boolean;
  readonly totalCount: number;
}

/** Content of the blob store, and the event that was the first to refer to it. */
export interface Reference {
  readonly hash: string;
  /** The object or upload. */
  readonly stream: string;
  readonly position: number;
}

export function totalsOf(buckets: readonly Pick<CountedBucket, "stats">[]): StatsTotals {
  return {
    objectCount: buckets.reduce((sum, { stats }) => sum + stats.objectCount, 0),
    totalSizeBytes: Number(buckets.reduce((sum, { stats }) => sum + stats.totalSizeBytes, 0n)),
  };
}

/** What a list of all buckets of a namespace tells of them, whatever its page. */
export function countsOf({
  bucketCount,
  objectCount,
  totalSizeBytes,
}: NamespaceTotals): Pick<BucketPage, "totalCount" | "totals"> {
  return {
    totalCount: bucketCount,
    totals: { objectCount, totalSizeBytes: Number(totalSizeBytes) },
  };
}

/** What uploads have brought up to a place in the log. */
export interface ConfirmedBytes {
  readonly bytes: number;
  readonly position: number;
}

export interface View {
  /**
   * The bucket with that id or that exact name in the namespace. A deleted one is found by its id,
   * and says so in its state; its name is free.
   */
  find(namespace: string, identifier: string): Promise<BucketState | undefined>;
  /**
   * The names of buckets around that one in the order of their letters, some hundreds: all of a
   * namespace that has no more.
   */
  namesAround(namespace: string, name: string): Promise<readonly string[]>;
  /** Of everything of a kind that there ever was in the namespace; in all unless one is given. */
  idsOf(kind: UnownedKind, namespace?: string): Promise<readonly string[]>;
  /**
   * The namespace with that id or name, if somebody made it. A deleted one is found by its id, and
   * says so in its state.
   */
  findNamespace(identifier: string): Promise<NamespaceState | undefined>;
  /**
   * The namespace of that name, as a list of one or none: made, or with a bucket or connection in it.
   */
  namespaces(name: string): Promise<readonly CountedNamespace[]>;
  /** All of them, by the order of their names. */
  foundNamespaces(): Promise<readonly FoundNamespace[]>;
  /** The statistics of a bucket, as of a point; now unless given. */
  stats(bucketId: string, upTo?: LogPoint): Promise<BucketStats>;
  /** The current state of any resource, by its id. */
  state(stream: string): Promise<ResourceState | undefined>;
  /** The same, with which events set what its document has. */
  folded(stream: string): Promise<BlamedState | undefined>;
  findTask(within: Within, taskId: string): Promise<TaskResponse | undefined>;
  /** Newest first, then by id. */
  listTasks(query: TaskQuery): Promise<TaskPage>;
  list(query: ListQuery): Promise<BucketPage>;
  /** What there is in a bucket, newest first and then by id unless the criteria sort it. */
  listMembers<Kind extends MemberKind>(
    kind: Kind,
    query: MemberQuery,
  ): Promise<MemberPage<StateOf<Kind>>>;
  /**
   * The objects of a bucket, oldest first and then by id. Others are let through meanwhile, so that
   * what they do may show or not.
   */
  eachObject(bucketId: string): AsyncIterable<ObjectState>;
  /** How many blobs the objects of the bucket have together: it looks at each of them. */
  blobCount(bucketId: string): Promise<number>;
  /** Of everything of a kind that there ever was in the bucket. */
  memberIds(kind: MemberKind, bucketId: string): Promise<readonly string[]>;
  /** A confirmed upload of the bucket with those bytes, if there is one. */
  uploadWith(bucketId: string, hash: string): Promise<UploadState | undefined>;
  /** Those that one request confirmed, also what was deleted since, by their ids. */
  uploadsOf(taskId: string): Promise<readonly UploadState[]>;
  /** Of what there is in the bucket, at a time (milliseconds). */
  uploadCounts(bucketId: string, at: number): Promise<UploadCounts>;
  /** Of all uploads of the namespace that were ever confirmed, up to the position. */
  confirmedBytes(namespace: string): Promise<ConfirmedBytes>;
  /** Who keeps it for itself: the id of the resource. */
  holder(reservation: Reservation): Promise<string | undefined>;
  deliveryCounts(bucketId: string): Promise<DeliveryCounts>;
  /** Every content that an event ever referred to, in the order of the hashes; in slices. */
  references(): AsyncIterable<Reference>;
  /** Which of these contents an event ever referred to. */
  referenced(hashes: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What keeps log and read models honest. Both yield to the event loop and may run while serving. */
export interface ProjectionKeeper {
  /** Checks chain, commitments and tree, and that the view is the fold of the log. */
  verify(
    expected: ExpectedHead | undefined,
    onProgress: OnProgress,
    root?: KnownRoot,
  ): Promise<VerifyReport>;
  /** Folds the log from zero beside the view and compares the two; changes nothing. */
  replay(onProgress: OnProgress): Promise<ReplayReport>;
  /** Looks at all that it is kept in, whatever is in it; `problem` says what is wrong and what helps. */
  checkPages(): Promise<{ readonly bytes: number; readonly problem?: string }>;
  /** Folds the log into tables beside the live ones, compares row by row, and swaps them in. */
  rebuild(onProgress: OnProgress): Promise<RebuildReport>;
}

export { nextTurn } from "../timers.js";
