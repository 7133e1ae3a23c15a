/** The view in memory: the plain meaning of what the SQLite view does with tables. */
import { isOpen } from "../../domain/batch/lease.js";
import type { BatchState } from "../../domain/batch/state.js";
import { blameMoves } from "../../domain/blame.js";
import { looksLikeBucketId } from "../../domain/bucket/document.js";
import { bucketListing } from "../../domain/bucket/list.js";
import { nameScope } from "../../domain/bucket/reservations.js";
import type { BucketState } from "../../domain/bucket/state.js";
import {
  type BucketStats,
  type Extremes,
  emptyStats,
  moveStats,
} from "../../domain/bucket/stats.js";
import { select } from "../../domain/listing.js";
import { type MemberKind, memberListing } from "../../domain/members.js";
import { objectSize } from "../../domain/object/response.js";
import type { ObjectState } from "../../domain/object/state.js";
import {
  documentOf,
  dueAt,
  type ResourceState,
  type StateOf,
  stateOfKind,
  streamOf,
} from "../../domain/resource.js";
import { referencedHashes, statsChangeOf } from "../../domain/statistics.js";
import { type TaskResponse, taskOf } from "../../domain/task.js";
import { reservationKey, reservationMoves } from "../../eventstore/planner.js";
import type { AppliedEvent, InlineProjection } from "../../eventstore/projection.js";
import type { LogPoint } from "../../eventstore/store.js";
import {
  type BucketPage,
  type ConnectionPage,
  type DeliveryCounts,
  type ListQuery,
  type MemberPage,
  type MemberQuery,
  noDeliveries,
  type PageOf,
  type Reference,
  type TaskPage,
  type TaskQuery,
  type Timer,
  totalsOf,
  type View,
} from "../view.js";

export class MemoryView implements InlineProjection, View {
  #states = new Map<string, ResourceState>();
  /** The ids of everything that there ever was in a bucket. */
  #members = new Map<string, Set<string>>();
  /** Of each bucket, in the order of their positions. */
  #stats = new Map<string, BucketStats[]>();
  #reservations = new Map<string, string>();
  #tasks = new Map<string, { readonly namespace: string; readonly task: TaskResponse }>();
  #blame = new Map<string, Map<string, number>>();
  #references = new Map<string, Reference>();
  #position = 0;

  /** That of the last event that was applied. */
  get position(): number {
    return this.#position;
  }

  loadState(stream: string): ResourceState | undefined {
    return this.#states.get(stream);
  }

  /** Folding is all there is to it in memory. */
  loadSnapshot(): undefined {
    return undefined;
  }

  loadReservation(scope: string, key: string): string | undefined {
    return this.#reservations.get(reservationKey({ scope, key }));
  }

  apply(events: readonly AppliedEvent[]): void {
    for (const applied of events) {
      const { recorded, after } = applied;
      this.#states.set(recorded.stream, after);
      if (after.kind !== "bucket") this.#addMember(recorded.bucketId, recorded.stream);
      this.#moveReservations(applied);
      this.#moveBlame(applied);
      this.#moveStats(applied);
      this.#keepTask(applied);
      this.#refers(applied);
      this.#position = recorded.position;
    }
  }

  #refers({ recorded: { stream, position }, after }: AppliedEvent): void {
    for (const hash of referencedHashes(after)) {
      if (this.#references.has(hash)) continue;
      this.#references.set(hash, { hash, stream, position });
    }
  }

  #addMember(bucketId: string, stream: string): void {
    const members = this.#members.get(bucketId);
    if (members === undefined) this.#members.set(bucketId, new Set([stream]));
    else members.add(stream);
  }

  #moveReservations({ before, after }: AppliedEvent): void {
    const { freed, taken } = reservationMoves(before, after);
    for (const reservation of freed) this.#reservations.delete(reservationKey(reservation));
    for (const reservation of taken) {
      this.#reservations.set(reservationKey(reservation), streamOf(after));
    }
  }

  #moveBlame({ recorded: { stream, position }, before, after }: AppliedEvent): void {
    const leaves = this.#blame.get(stream) ?? new Map<string, number>();
    const old = before === undefined ? {} : documentOf(before);
    const { cleared, set } = blameMoves(old, documentOf(after));
    for (const pointer of cleared) leaves.delete(pointer);
    for (const pointer of set) leaves.set(pointer, position);
    this.#blame.set(stream, leaves);
  }

  #moveStats(applied: AppliedEvent): void {
    const change = statsChangeOf(applied);
    if (change === undefined) return;
    const { bucketId } = applied.recorded;
    const rows = this.#stats.get(bucketId) ?? [];
    const moved = moveStats(rows.at(-1) ?? emptyStats, change, () => this.#extremes(bucketId));
    if (moved !== undefined) this.#stats.set(bucketId, [...rows, moved]);
  }

  #extremes(bucketId: string): Extremes {
    const sizes = this.#existing("object", bucketId).map(objectSize);
    return {
      max: sizes.reduce((a, b) => Math.max(a, b), 0),
      min: sizes.reduce((a, b) => Math.min(a, b), sizes[0] ?? 0),
    };
  }

  #existing<Kind extends MemberKind>(kind: Kind, bucketId: string): StateOf<Kind>[] {
    return [...(this.#members.get(bucketId) ?? [])].flatMap((stream) => {
      const state = this.#states.get(stream);
      if (state?.kind !== kind || state.deleted !== undefined) return [];
      return [stateOfKind(kind, state)];
    });
  }

  #keepTask({ recorded, after }: AppliedEvent): void {
    const { bucketId, namespace, recordedAt } = recorded;
    const stats = this.#stats.get(bucketId)?.at(-1) ?? emptyStats;
    const task = taskOf(after, () => stats.objectCount, recordedAt);
    if (task !== undefined) this.#tasks.set(task.task_id, { namespace, task });
  }

  async find(namespace: string, identifier: string): Promise<BucketState | undefined> {
    const stream = looksLikeBucketId(identifier)
      ? identifier.toLowerCase()
      : this.loadReservation(nameScope(namespace), identifier.normalize("NFC"));
    const state = stream === undefined ? undefined : this.#states.get(stream);
    return state?.kind === "bucket" && state.namespace === namespace ? state : undefined;
  }

  async bucketIds(namespace: string): Promise<readonly string[]> {
    return this.#buckets(namespace).map((state) => state.bucket_id);
  }

  #buckets(namespace: string): BucketState[] {
    return [...this.#states.values()].flatMap((state) =>
      state.kind === "bucket" && state.namespace === namespace ? [state] : [],
    );
  }

  async stats(bucketId: string, upTo: LogPoint = theEnd): Promise<BucketStats> {
    const rows = this.#stats.get(bucketId) ?? [];
    return rows.findLast((row) => isUpTo(row, upTo)) ?? emptyStats;
  }

  async state(stream: string): Promise<ResourceState | undefined> {
    return this.#states.get(stream);
  }

  async blame(stream: string): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#blame.get(stream));
  }

  async list({ namespace, criteria, viewpoint, ...page }: ListQuery): Promise<BucketPage> {
    const counted = this.#buckets(namespace)
      .filter((state) => state.deleted === undefined)
      .map((state) => ({ state, stats: this.#stats.get(state.bucket_id)?.at(-1) ?? emptyStats }));
    const selected = select(counted, criteria, bucketListing(viewpoint), page);
    return {
      buckets: selected.page,
      totalCount: selected.all.length,
      totals: totalsOf(selected.all),
    };
  }

  async listMembers<Kind extends MemberKind>(
    kind: Kind,
    { bucketId, criteria, at, ...page }: MemberQuery,
  ): Promise<MemberPage<StateOf<Kind>>> {
    const listing = memberListing(kind, at);
    const selected = select(this.#existing(kind, bucketId), criteria, listing, page);
    return { states: selected.page, totalCount: selected.all.length };
  }

  async *eachObject(bucketId: string): AsyncIterable<ObjectState> {
    yield* this.#existing("object", bucketId).sort(
      (a, b) => compare(a.created_at, b.created_at) || compare(a.object_id, b.object_id),
    );
  }

  async memberIds(kind: MemberKind, bucketId: string): Promise<readonly string[]> {
    const ids = [...(this.#members.get(bucketId) ?? [])];
    return ids.filter((stream) => this.#states.get(stream)?.kind === kind);
  }

  async *openBatches(namespace: string): AsyncIterable<BatchState> {
    const open = [...this.#states.values()].flatMap((state) =>
      state.kind === "batch" && state.namespace === namespace && isOpen(state) ? [state] : [],
    );
    yield* open.sort(
      (a, b) =>
        compare(a.submitted_at ?? "", b.submitted_at ?? "") || compare(a.batch_id, b.batch_id),
    );
  }

  async connections({ namespace, limit, offset }: PageOf): Promise<ConnectionPage> {
    const all = [...this.#states.values()].flatMap((state) =>
      state.kind === "connection" && state.namespace === namespace && state.deleted === undefined
        ? [state]
        : [],
    );
    all.sort(
      (a, b) => compare(b.created_at, a.created_at) || compare(a.connection_id, b.connection_id),
    );
    return { connections: all.slice(offset, offset + limit), totalCount: all.length };
  }

  async deliveryCounts(bucketId: string): Promise<DeliveryCounts> {
    const counts = { ...noDeliveries };
    for (const { document } of this.#existing("delivery", bucketId)) counts[document.status] += 1;
    return counts;
  }

  async timers(limit: number): Promise<readonly Timer[]> {
    const timers = [...this.#states].flatMap(([stream, state]) => {
      const due = dueAt(state);
      return due === undefined ? [] : [{ stream, dueAt: due }];
    });
    timers.sort((a, b) => compare(a.dueAt, b.dueAt) || compare(a.stream, b.stream));
    return timers.slice(0, limit);
  }

  async *references(): AsyncIterable<Reference> {
    yield* [...this.#references.values()].sort((a, b) => compare(a.hash, b.hash));
  }

  async referenced(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(hashes.filter((hash) => this.#references.has(hash)));
  }

  async findTask(namespace: string, taskId: string): Promise<TaskResponse | undefined> {
    const found = this.#tasks.get(taskId);
    return found?.namespace === namespace ? found.task : undefined;
  }

  async listTasks({ namespace, limit, offset }: TaskQuery): Promise<TaskPage> {
    const all = [...this.#tasks.values()]
      .filter((row) => row.namespace === namespace)
      .map(({ task }) => task)
      .sort((a, b) => compare(b.created_at, a.created_at) || compare(a.task_id, b.task_id));
    return { tasks: all.slice(offset, offset + limit), totalCount: all.length };
  }

  /** Every state, for comparing and swapping. */
  states(): ReadonlyMap<string, ResourceState> {
    return this.#states;
  }

  /** Takes the contents of another view in place of its own. */
  swap(other: MemoryView): void {
    this.#states = other.#states;
    this.#members = other.#members;
    this.#stats = other.#stats;
    this.#reservations = other.#reservations;
    this.#tasks = other.#tasks;
    this.#blame = other.#blame;
    this.#references = other.#references;
    this.#position = other.#position;
  }
}

const theEnd: LogPoint = { kind: "position", position: Number.POSITIVE_INFINITY };

function isUpTo({ position, updatedAt }: BucketStats, point: LogPoint): boolean {
  if (point.kind === "position") return position <= point.position;
  return updatedAt !== undefined && Date.parse(updatedAt) <= point.time;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
