/** The view in memory: the plain meaning of what the SQLite view does with tables. */

import { answered } from "../../domain/asking.js";
import { isOpen } from "../../domain/batch/lease.js";
import { looksLikeBucketId } from "../../domain/bucket/document.js";
import { bucketListing } from "../../domain/bucket/list.js";
import { nameScope } from "../../domain/bucket/reservations.js";
import { type BucketState, nameOf } from "../../domain/bucket/state.js";
import { type BucketStats, type Extremes, emptyStats } from "../../domain/bucket/stats.js";
import { selectAll } from "../../domain/filter/parse.js";
import { select } from "../../domain/listing.js";
import { memberListing } from "../../domain/members.js";
import { looksLikeNamespaceId, namespaceReservation } from "../../domain/namespace/name.js";
import type { CountedNamespace, FoundNamespace } from "../../domain/namespace/response.js";
import type { NamespaceState } from "../../domain/namespace/state.js";
import { hasNamespace, type Within } from "../../domain/namespace/within.js";
import { countNamespaces, namespaceKinds } from "../../domain/namespaces.js";
import { blobsOf } from "../../domain/object/document.js";
import { objectSize } from "../../domain/object/response.js";
import type { ObjectState } from "../../domain/object/state.js";
import type { Reservation } from "../../domain/reservation.js";
import {
  type AppliedEvent,
  type BlamedState,
  type MemberKind,
  type ResourceKind,
  type ResourceState,
  type StateOf,
  stateOfKind,
  streamOf,
} from "../../domain/resource.js";
import type { TaskResponse } from "../../domain/task.js";
import { taskListing } from "../../domain/task-list.js";
import { countUploads, type UploadCounts, type UploadState } from "../../domain/upload/state.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import type { LogPoint } from "../../eventstore/store.js";
import {
  type CountsNeeded,
  counting,
  extremesAmong,
  type KnownCounts,
} from "../../projections/counting.js";
import { type NamespaceTotals, noTotals } from "../../projections/namespace-totals.js";
import {
  bucketStats,
  namespaceTotals,
  references,
  reservations,
  states,
  tasks,
} from "../../projections/projections.js";
import {
  type BucketPage,
  type ConfirmedBytes,
  countsOf,
  type DeliveryCounts,
  type ListQuery,
  type MemberPage,
  type MemberQuery,
  noDeliveries,
  type Reference,
  type TaskPage,
  type TaskQuery,
  totalsOf,
  type UnownedKind,
  type View,
} from "../../projections/view.js";
import { compareTexts } from "./compare-texts.js";
import { MemoryTable } from "./table.js";

export class MemoryView implements InlineProjection, View {
  #tables = new MemoryTables();
  #position = 0;

  /** That of the last event that was applied. */
  get position(): number {
    return this.#position;
  }

  loadState(stream: string): BlamedState | undefined {
    return this.#tables.states.get(stream);
  }

  #state(stream: string): ResourceState | undefined {
    return this.#tables.states.get(stream)?.state;
  }

  /** Folding is all there is to it in memory. */
  loadSnapshot(): undefined {
    return undefined;
  }

  loadReservation(scope: string, key: string): string | undefined {
    return this.#tables.reservations.get(scope, key)?.stream;
  }

  loadOpenBatches(namespace: string, count: number): readonly string[] {
    const open = [...this.#tables.states.values()].flatMap(({ state }) =>
      state.kind === "batch" && state.namespace === namespace && isOpen(state) ? [state] : [],
    );
    open.sort(
      (a, b) =>
        compareTexts(a.submitted_at ?? "", b.submitted_at ?? "") ||
        compareTexts(a.batch_id, b.batch_id),
    );
    return open.slice(0, count).map((batch) => batch.batch_id);
  }

  apply(events: readonly AppliedEvent[]): void {
    const counted = answered(counting(events), (needed) => this.#known(needed));
    for (const table of this.#tables.all) table.apply(events, counted);
    this.#position = events.at(-1)?.recorded.position ?? this.#position;
  }

  #known({ stats, extremes, existing, totals }: CountsNeeded): KnownCounts {
    return {
      stats: new Map([...stats].map((id) => [id, this.#newestStats(id)])),
      extremes: new Map([...extremes].map(([id, without]) => [id, this.#extremes(id, without)])),
      existing: new Set([...existing].filter((id) => this.#isThere(id))),
      totals: new Map([...totals].map((name) => [name, this.#totals(name)])),
    };
  }

  #isThere(bucketId: string): boolean {
    const state = this.#state(bucketId);
    return state !== undefined && state.deleted === undefined;
  }

  #totals(namespace: string): NamespaceTotals {
    return this.#tables.namespaceTotals.get(namespace)?.totals ?? noTotals;
  }

  #newestStats(bucketId: string): BucketStats {
    return this.#tables.bucketStats.newest(bucketId)?.stats ?? emptyStats;
  }

  #extremes(bucketId: string, without: readonly string[]): Extremes | undefined {
    const others = this.#existing("object", bucketId).filter(
      ({ object_id }) => !without.includes(object_id),
    );
    return extremesAmong(others.map(objectSize));
  }

  #existing<Kind extends MemberKind>(kind: Kind, bucketId: string): StateOf<Kind>[] {
    return this.#tables.states
      .group(bucketId)
      .flatMap(({ state }) =>
        state.kind === kind && state.deleted === undefined ? [stateOfKind(kind, state)] : [],
      );
  }

  async find(namespace: string, identifier: string): Promise<BucketState | undefined> {
    const stream = looksLikeBucketId(identifier)
      ? identifier.toLowerCase()
      : this.loadReservation(nameScope(namespace), identifier.normalize("NFC"));
    const state = stream === undefined ? undefined : this.#state(stream);
    return state?.kind === "bucket" && state.namespace === namespace ? state : undefined;
  }

  async namesAround(namespace: string): Promise<readonly string[]> {
    return this.#buckets(namespace).flatMap((state) =>
      state.deleted === undefined ? [nameOf(state)] : [],
    );
  }

  async idsOf(kind: UnownedKind, namespace?: string): Promise<readonly string[]> {
    return [...this.#tables.states.values()].flatMap(({ state }) =>
      state.kind === kind && isIn(state, namespace) ? [streamOf(state)] : [],
    );
  }

  async findNamespace(identifier: string): Promise<NamespaceState | undefined> {
    const { scope, key } = namespaceReservation(identifier);
    const stream = looksLikeNamespaceId(identifier)
      ? identifier.toLowerCase()
      : this.loadReservation(scope, key);
    const state = stream === undefined ? undefined : this.#state(stream);
    return state?.kind === "namespace" ? state : undefined;
  }

  async namespaces(name: string): Promise<readonly CountedNamespace[]> {
    return this.#counted(name);
  }

  async foundNamespaces(): Promise<readonly FoundNamespace[]> {
    return this.#counted().map(({ state, ...counts }) => ({
      ...counts,
      namespaceId: state?.namespace_id,
    }));
  }

  #counted(name?: string): readonly CountedNamespace[] {
    const kinds: readonly ResourceKind[] = namespaceKinds;
    const there = [...this.#tables.states.values()].flatMap(({ state }) =>
      kinds.includes(state.kind) && state.deleted === undefined && isIn(state, name) ? [state] : [],
    );
    const objectsIn = (bucketId: string) => this.#newestStats(bucketId).objectCount;
    return countNamespaces(there, objectsIn);
  }

  #buckets(namespace: string): BucketState[] {
    return [...this.#tables.states.values()].flatMap(({ state }) =>
      state.kind === "bucket" && state.namespace === namespace ? [state] : [],
    );
  }

  async stats(bucketId: string, upTo: LogPoint = theEnd): Promise<BucketStats> {
    const rows = this.#tables.bucketStats.group(bucketId);
    return rows.findLast(({ stats }) => isUpTo(stats, upTo))?.stats ?? emptyStats;
  }

  async state(stream: string): Promise<ResourceState | undefined> {
    return this.#state(stream);
  }

  async folded(stream: string): Promise<BlamedState | undefined> {
    return this.#tables.states.get(stream);
  }

  async list({ namespace, criteria, viewpoint, ...page }: ListQuery): Promise<BucketPage> {
    const counted = this.#buckets(namespace)
      .filter((state) => state.deleted === undefined)
      .map((state) => ({ state, stats: this.#newestStats(state.bucket_id) }));
    const selected = select(counted, criteria, bucketListing(viewpoint), page);
    const counts = selectAll(criteria)
      ? countsOf(this.#totals(namespace))
      : { totalCount: selected.all.length, totals: totalsOf(selected.all) };
    return { buckets: selected.page, isCut: false, ...counts };
  }

  async listMembers<Kind extends MemberKind>(
    kind: Kind,
    { bucketId, criteria, at, ...page }: MemberQuery,
  ): Promise<MemberPage<StateOf<Kind>>> {
    const listing = memberListing(kind, at);
    const selected = select(this.#existing(kind, bucketId), criteria, listing, page);
    return { states: selected.page, totalCount: selected.all.length, isCut: false };
  }

  async *eachObject(bucketId: string): AsyncIterable<ObjectState> {
    yield* this.#existing("object", bucketId).sort(
      (a, b) => compareTexts(a.created_at, b.created_at) || compareTexts(a.object_id, b.object_id),
    );
  }

  async blobCount(bucketId: string): Promise<number> {
    const counts = this.#existing("object", bucketId).map(
      ({ document }) => blobsOf(document).length,
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async memberIds(kind: MemberKind, bucketId: string): Promise<readonly string[]> {
    return this.#tables.states
      .group(bucketId)
      .flatMap(({ state }) => (state.kind === kind ? [streamOf(state)] : []));
  }

  async uploadWith(bucketId: string, hash: string): Promise<UploadState | undefined> {
    return this.#existing("upload", bucketId)
      .filter((state) => state.hash === hash)
      .sort((a, b) => compareTexts(a.upload_id, b.upload_id))[0];
  }

  async uploadsOf(taskId: string): Promise<readonly UploadState[]> {
    const confirmed = [...this.#tables.states.values()].flatMap(({ state }) =>
      state.kind === "upload" && state.confirmation?.task_id === taskId ? [state] : [],
    );
    return confirmed.sort((a, b) => compareTexts(a.upload_id, b.upload_id));
  }

  async uploadCounts(bucketId: string, at: number): Promise<UploadCounts> {
    return countUploads(this.#existing("upload", bucketId), at);
  }

  async confirmedBytes(namespace: string): Promise<ConfirmedBytes> {
    let bytes = 0;
    for (const { state } of this.#tables.states.values()) {
      if (state.kind === "upload" && state.namespace === namespace) bytes += state.size_bytes ?? 0;
    }
    return { bytes, position: this.#position };
  }

  async holder({ scope, key }: Reservation): Promise<string | undefined> {
    return this.loadReservation(scope, key);
  }

  async deliveryCounts(bucketId: string): Promise<DeliveryCounts> {
    const counts = { ...noDeliveries };
    for (const { document } of this.#existing("delivery", bucketId)) counts[document.status] += 1;
    return counts;
  }

  async *references(): AsyncIterable<Reference> {
    yield* [...this.#tables.references.values()].sort((a, b) => compareTexts(a.hash, b.hash));
  }

  async referenced(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(hashes.filter((hash) => this.#tables.references.get(hash) !== undefined));
  }

  async findTask(within: Within, taskId: string): Promise<TaskResponse | undefined> {
    const found = this.#tables.tasks.get(taskId);
    return found !== undefined && hasNamespace(within, found.namespace) ? found.task : undefined;
  }

  async listTasks({ within, ...which }: TaskQuery): Promise<TaskPage> {
    const tasks = [...this.#tables.tasks.values()]
      .filter((row) => hasNamespace(within, row.namespace))
      .map(({ task }) => task);
    const { all, page } = select(tasks, undefined, taskListing, which);
    return { tasks: page, totalCount: all.length };
  }

  /** Every state, for comparing and swapping. */
  states(): ReadonlyMap<string, BlamedState> {
    return new Map([...this.#tables.states.values()].map((row) => [streamOf(row.state), row]));
  }

  /** Takes the contents of another view in place of its own. */
  swap(other: MemoryView): void {
    this.#tables = other.#tables;
    this.#position = other.#position;
  }
}

/** What cannot be told from the states as quickly. */
class MemoryTables {
  readonly states = new MemoryTable(states, ({ state }) => state.bucket_id);
  readonly reservations = new MemoryTable(reservations);
  readonly references = new MemoryTable(references);
  readonly bucketStats = new MemoryTable(bucketStats, ({ bucketId }) => bucketId);
  readonly tasks = new MemoryTable(tasks);
  readonly namespaceTotals = new MemoryTable(namespaceTotals);
  readonly all = [
    this.reservations,
    this.states,
    this.references,
    this.bucketStats,
    this.namespaceTotals,
    this.tasks,
  ];
}

function isIn(state: ResourceState, namespace: string | undefined): boolean {
  return namespace === undefined || state.namespace === namespace;
}

const theEnd: LogPoint = { kind: "position", position: Number.POSITIVE_INFINITY };

function isUpTo({ position, updatedAt }: BucketStats, point: LogPoint): boolean {
  if (point.kind === "position") return position <= point.position;
  return updatedAt !== undefined && Date.parse(updatedAt) <= point.time;
}
