/** The view in memory: the plain meaning of what the SQLite view does with tables. */
import { blameMoves } from "../../domain/blame.js";
import { looksLikeBucketId } from "../../domain/bucket/document.js";
import { bucketReservations, nameScope } from "../../domain/bucket/reservations.js";
import type { BucketState } from "../../domain/bucket/state.js";
import type { JsonObject } from "../../domain/json.js";
import { deletionTask, type TaskResponse } from "../../domain/task.js";
import type { AppliedEvent, InlineProjection } from "../../eventstore/projection.js";
import { selectPage } from "../select.js";
import type { BucketPage, BucketView, ListQuery, TaskPage, TaskQuery } from "../view.js";

export class MemoryView implements InlineProjection, BucketView {
  #states = new Map<string, BucketState>();
  #reservations = new Map<string, string>();
  #tasks = new Map<string, { readonly namespace: string; readonly task: TaskResponse }>();
  #blame = new Map<string, Map<string, number>>();
  #position = 0;

  /** That of the last event that was applied. */
  get position(): number {
    return this.#position;
  }

  loadState(stream: string): BucketState | undefined {
    return this.#states.get(stream);
  }

  /** Folding is all there is to it in memory. */
  loadSnapshot(): undefined {
    return undefined;
  }

  loadReservation(scope: string, key: string): string | undefined {
    return this.#reservations.get(`${scope}\u0000${key}`);
  }

  apply(events: readonly AppliedEvent[]): void {
    for (const { recorded, before, after } of events) {
      if (before !== undefined) {
        for (const { scope, key } of bucketReservations(before)) {
          this.#reservations.delete(`${scope}\u0000${key}`);
        }
      }
      for (const { scope, key } of bucketReservations(after)) {
        this.#reservations.set(`${scope}\u0000${key}`, after.bucket_id);
      }
      this.#states.set(after.bucket_id, after);
      const task = deletionTask(after);
      if (task !== undefined) this.#tasks.set(task.task_id, { namespace: after.namespace, task });
      this.#moveBlame(before?.document ?? {}, after, recorded.position);
      this.#position = recorded.position;
    }
  }

  #moveBlame(before: JsonObject, after: BucketState, position: number): void {
    const leaves = this.#blame.get(after.bucket_id) ?? new Map<string, number>();
    const { cleared, set } = blameMoves(before, after.document);
    for (const pointer of cleared) leaves.delete(pointer);
    for (const pointer of set) leaves.set(pointer, position);
    this.#blame.set(after.bucket_id, leaves);
  }

  async blame(stream: string): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#blame.get(stream));
  }

  async find(namespace: string, identifier: string): Promise<BucketState | undefined> {
    const stream = looksLikeBucketId(identifier)
      ? identifier.toLowerCase()
      : this.loadReservation(nameScope(namespace), identifier.normalize("NFC"));
    const state = stream === undefined ? undefined : this.#states.get(stream);
    return state?.namespace === namespace ? state : undefined;
  }

  async list({ namespace, ...query }: ListQuery): Promise<BucketPage> {
    return selectPage(this.#of(namespace), query);
  }

  async bucketIds(namespace: string): Promise<readonly string[]> {
    return this.#of(namespace).map((state) => state.bucket_id);
  }

  #of(namespace: string): BucketState[] {
    return [...this.#states.values()].filter((state) => state.namespace === namespace);
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
  states(): ReadonlyMap<string, BucketState> {
    return this.#states;
  }

  /** Takes the contents of another view in place of its own. */
  swap(other: MemoryView): void {
    this.#states = other.#states;
    this.#reservations = other.#reservations;
    this.#tasks = other.#tasks;
    this.#blame = other.#blame;
    this.#position = other.#position;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
