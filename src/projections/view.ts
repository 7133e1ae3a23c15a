/** What can be asked of the view, the projection that holds the current state of every resource. */
import type { BatchState } from "../domain/batch/state.js";
import type { CountedBucket } from "../domain/bucket/list.js";
import type { Viewpoint } from "../domain/bucket/response.js";
import type { BucketState } from "../domain/bucket/state.js";
import type { BucketStats } from "../domain/bucket/stats.js";
import type { ConnectionState } from "../domain/connection/state.js";
import type { DeliveryStatus } from "../domain/delivery/state.js";
import type { Criteria } from "../domain/filter/parse.js";
import type { PageQuery } from "../domain/listing.js";
import type { MemberKind } from "../domain/members.js";
import type { ObjectState } from "../domain/object/state.js";
import type { ResourceState, StateOf } from "../domain/resource.js";
import type { TaskResponse } from "../domain/task.js";
import type { LogPoint } from "../eventstore/store.js";
import type { Fault } from "../eventstore/verify.js";

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

/** A page of what a namespace has. */
export interface PageOf {
  readonly namespace: string;
  readonly limit: number;
  readonly offset: number;
}

export type TaskQuery = PageOf;

export interface ConnectionPage {
  readonly connections: readonly ConnectionState[];
  readonly totalCount: number;
}

export interface TaskPage {
  readonly tasks: readonly TaskResponse[];
  readonly totalCount: number;
}

export interface BucketPage {
  readonly buckets: readonly CountedBucket[];
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

/** A resource about which something is to be done by itself. */
export interface Timer {
  readonly stream: string;
  /** RFC 3339. */
  readonly dueAt: string;
}

/** A page of objects, batches or uploads. */
export interface MemberPage<State> {
  readonly states: readonly State[];
  readonly totalCount: number;
}

/** Content of the blob store, and the event that was the first to refer to it. */
export interface Reference {
  readonly hash: string;
  /** The object or upload. */
  readonly stream: string;
  readonly position: number;
}

export function totalsOf(buckets: readonly CountedBucket[]): StatsTotals {
  return {
    objectCount: buckets.reduce((sum, { stats }) => sum + stats.objectCount, 0),
    totalSizeBytes: buckets.reduce((sum, { stats }) => sum + stats.totalSizeBytes, 0),
  };
}

export interface View {
  /**
   * The bucket with that id or that exact name in the namespace. A deleted one is found by its id,
   * and says so in its state; its name is free.
   */
  find(namespace: string, identifier: string): Promise<BucketState | undefined>;
  /** Of every bucket that there ever was in the namespace. */
  bucketIds(namespace: string): Promise<readonly string[]>;
  /** The statistics of a bucket, as of a point; now unless given. */
  stats(bucketId: string, upTo?: LogPoint): Promise<BucketStats>;
  /** The current state of any resource, by its id. */
  state(stream: string): Promise<ResourceState | undefined>;
  /** The position of the event that last set each leaf of the document, by JSON Pointer. */
  blame(stream: string): Promise<ReadonlyMap<string, number>>;
  findTask(namespace: string, taskId: string): Promise<TaskResponse | undefined>;
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
  /** Of everything of a kind that there ever was in the bucket. */
  memberIds(kind: MemberKind, bucketId: string): Promise<readonly string[]>;
  /** Submitted and unfinished batches, the first submitted first. */
  openBatches(namespace: string): AsyncIterable<BatchState>;
  /** Newest first, then by id. */
  connections(query: PageOf): Promise<ConnectionPage>;
  deliveryCounts(bucketId: string): Promise<DeliveryCounts>;
  /** What is to be done, or is overdue, in all namespaces: the first due first. */
  timers(limit: number): Promise<readonly Timer[]>;
  /** Every content that an event ever referred to, in the order of the hashes; in slices. */
  references(): AsyncIterable<Reference>;
  /** Which of these contents an event ever referred to. */
  referenced(hashes: readonly string[]): Promise<ReadonlySet<string>>;
}

/** How far a long piece of work has come. */
interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface RebuildReport {
  /** Events folded. */
  readonly replayed: number;
  /** Rows of the view after it. */
  readonly rows: number;
  /** Rows that differed from the live view, were missing in it, or too many; all are mended. */
  readonly differences: number;
}

/** A head that was noted elsewhere, such as in another system: what the log must still contain. */
export interface ExpectedHead {
  readonly position: number;
  readonly hash: string;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** Events that were checked. */
  readonly events: number;
  readonly head: { readonly position: number; readonly hash: string };
  /** The first fault, by its position in the log. */
  readonly fault?: Fault;
  /** The contents that events refer to, once log and view are found in order. */
  readonly blobs?: VerifiedBlobs;
}

/** Whether content is only there, or is hashed again and found to be what its name says. */
export const blobChecks = ["existence", "content"] as const;
export type BlobCheck = (typeof blobChecks)[number];

interface VerifiedBlobs {
  readonly check: BlobCheck;
  /** Up to the first fault. */
  readonly checked: number;
}

export interface ReplayReport {
  /** Events folded. */
  readonly replayed: number;
  readonly matches_view: boolean;
  /** The first difference, or the event that could not be folded. */
  readonly fault?: Fault;
}

/** What keeps log and read models honest. Both yield to the event loop and may run while serving. */
export interface ProjectionKeeper {
  /** Checks chain, gaplessness, commitments, and that the view is the fold of the log. */
  verify(expected: ExpectedHead | undefined, onProgress: OnProgress): Promise<VerifyReport>;
  /** Folds the log from zero beside the view and compares the two; changes nothing. */
  replay(onProgress: OnProgress): Promise<ReplayReport>;
  /** Folds the log into tables beside the live ones, compares row by row, and swaps them in. */
  rebuild(onProgress: OnProgress): Promise<RebuildReport>;
}

export type OnProgress = (progress: Progress) => void;

/** Ends the turn of the event loop, so that long work lets requests through. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
