/**
 * The view in SQLite: the inline projection that the engine runs in its write transaction, and the
 * reading of it. With a suffix the same code fills the tables of a rebuild.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { BatchState } from "../../domain/batch/state.js";
import { blameMoves } from "../../domain/blame.js";
import { looksLikeBucketId } from "../../domain/bucket/document.js";
import { nameScope } from "../../domain/bucket/reservations.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { type BucketStats, moveStats } from "../../domain/bucket/stats.js";
import { deliveryStatuses } from "../../domain/delivery/state.js";
import type { MemberKind } from "../../domain/members.js";
import type { ObjectState } from "../../domain/object/state.js";
import {
  documentOf,
  dueAt,
  type ResourceState,
  reducerVersion,
  type StateOf,
  stateOfKind,
  streamOf,
} from "../../domain/resource.js";
import { referencedHashes, statsChangeOf } from "../../domain/statistics.js";
import { TaskResponse, taskOf } from "../../domain/task.js";
import { reservationMoves } from "../../eventstore/planner.js";
import type { AppliedEvent, InlineProjection } from "../../eventstore/projection.js";
import type { LogPoint } from "../../eventstore/store.js";
import {
  type BucketPage,
  type ConnectionPage,
  type DeliveryCounts,
  type ListQuery,
  type MemberPage,
  type MemberQuery,
  nextTurn,
  noDeliveries,
  type PageOf,
  type Reference,
  type TaskPage,
  type TaskQuery,
  type Timer,
  type View,
} from "../view.js";
import { BucketList } from "./bucket-list.js";
import { ListFunctions } from "./list-sql.js";
import { MemberList, memberTables } from "./member-list.js";
import { parseState, StateTables, stateText } from "./state-tables.js";
import { StatsTable } from "./stats-table.js";

/** The tables of the view; a rebuild makes each of them anew beside the live one. */
export const viewTables = [
  "buckets",
  "objects",
  "batches",
  "uploads",
  "deliveries",
  "connections",
  "bucket_stats",
  "bucket_totals",
  "blob_references",
  "reservations",
  "tasks",
  "timers",
  "snapshots",
  "blame",
] as const;

/** A state is saved this often along a stream: 970 times faster than folding 100,000 events. */
const snapshotEveryVersions = 100;

const text = z.string().optional();

export class SqliteView implements InlineProjection {
  readonly #states: StateTables;
  readonly #stats: StatsTable;
  readonly #reservation: Database.Statement;
  readonly #putReservation: Database.Statement;
  readonly #dropReservation: Database.Statement;
  readonly #putTask: Database.Statement;
  readonly #snapshot: Database.Statement;
  readonly #putSnapshot: Database.Statement;
  readonly #putBlame: Database.Statement;
  readonly #dropBlame: Database.Statement;
  readonly #refer: Database.Statement;
  readonly #putTimer: Database.Statement;
  readonly #dropTimer: Database.Statement;

  constructor(db: Database.Database, suffix = "") {
    const reservations = `reservations${suffix}`;
    this.#states = new StateTables(db, suffix);
    this.#stats = new StatsTable(db, suffix);
    this.#reservation = db
      .prepare(`SELECT stream FROM ${reservations} WHERE scope = ? AND key = ?`)
      .pluck();
    this.#putReservation = db.prepare(
      `INSERT INTO ${reservations} (scope, key, stream) VALUES (?, ?, ?)`,
    );
    this.#dropReservation = db.prepare(`DELETE FROM ${reservations} WHERE scope = ? AND key = ?`);
    this.#putTask = db.prepare(
      `INSERT OR REPLACE INTO tasks${suffix} (task_id, namespace, created_at, bucket_id, task)
       VALUES (?, ?, ?, ?, ?)`,
    );
    this.#snapshot = db
      .prepare(
        `SELECT state FROM snapshots${suffix}
         WHERE stream = ? AND version <= ? AND reducer_version = ? ORDER BY version DESC LIMIT 1`,
      )
      .pluck();
    this.#putSnapshot = db.prepare(
      `INSERT OR REPLACE INTO snapshots${suffix} (stream, version, reducer_version, state)
       VALUES (?, ?, ?, ?)`,
    );
    this.#putBlame = db.prepare(
      `INSERT INTO blame${suffix} (stream, pointer, position) VALUES (?, ?, ?)
       ON CONFLICT (stream, pointer) DO UPDATE SET position = excluded.position`,
    );
    this.#dropBlame = db.prepare(`DELETE FROM blame${suffix} WHERE stream = ? AND pointer = ?`);
    this.#refer = db.prepare(
      `INSERT INTO blob_references${suffix} (hash, stream, position) VALUES (?, ?, ?)
       ON CONFLICT (hash) DO NOTHING`,
    );
    this.#putTimer = db.prepare(
      `INSERT INTO timers${suffix} (stream, due_at) VALUES (?, ?)
       ON CONFLICT (stream) DO UPDATE SET due_at = excluded.due_at`,
    );
    this.#dropTimer = db.prepare(`DELETE FROM timers${suffix} WHERE stream = ?`);
  }

  loadState(stream: string): ResourceState | undefined {
    return this.#states.load(stream);
  }

  loadSnapshot(stream: string, version: number): ResourceState | undefined {
    return parseState(this.#snapshot.get(stream, version, reducerVersion));
  }

  loadReservation(scope: string, key: string): string | undefined {
    return text.parse(this.#reservation.get(scope, key));
  }

  apply(events: readonly AppliedEvent[]): void {
    const newest = new Map<string, ResourceState>();
    const flush = () => {
      for (const state of newest.values()) this.#states.put(state);
      newest.clear();
    };
    for (const applied of events) {
      const { after } = applied;
      newest.set(streamOf(after), after);
      this.#moveReservations(applied);
      this.#moveBlame(applied);
      this.#keepSnapshot(after);
      this.#refers(applied);
      this.#moveStats(applied, flush);
      this.#writeTask(applied);
      this.#moveTimer(applied);
    }
    flush();
  }

  #moveReservations({ before, after }: AppliedEvent): void {
    const { freed, taken } = reservationMoves(before, after);
    for (const { scope, key } of freed) this.#dropReservation.run(scope, key);
    for (const { scope, key } of taken) this.#putReservation.run(scope, key, streamOf(after));
  }

  #moveBlame({ recorded, before, after }: AppliedEvent): void {
    const { cleared, set } = blameMoves(
      before === undefined ? {} : documentOf(before),
      documentOf(after),
    );
    for (const pointer of cleared) this.#dropBlame.run(recorded.stream, pointer);
    for (const pointer of set) this.#putBlame.run(recorded.stream, pointer, recorded.position);
  }

  #keepSnapshot(state: ResourceState): void {
    if (state.version % snapshotEveryVersions !== 0) return;
    this.#putSnapshot.run(streamOf(state), state.version, reducerVersion, stateText(state));
  }

  #refers({ recorded, after }: AppliedEvent): void {
    for (const hash of referencedHashes(after)) {
      this.#refer.run(hash, recorded.stream, recorded.position);
    }
  }

  /** @param flush writes the states as far as they are known, for what is asked of the table. */
  #moveStats(applied: AppliedEvent, flush: () => void): void {
    const change = statsChangeOf(applied);
    if (change === undefined) return;
    const { bucketId } = applied.recorded;
    const moved = moveStats(this.#stats.at(bucketId), change, () => {
      flush();
      return this.#stats.extremes(bucketId);
    });
    if (moved !== undefined) this.#stats.put(bucketId, moved);
  }

  #writeTask({ recorded, after }: AppliedEvent): void {
    const { bucketId, namespace, recordedAt } = recorded;
    const task = taskOf(after, () => this.#stats.at(bucketId).objectCount, recordedAt);
    if (task === undefined) return;
    const { task_id: taskId, created_at: createdAt } = task;
    this.#putTask.run(taskId, namespace, createdAt, bucketId, JSON.stringify(task));
  }

  #moveTimer({ before, after }: AppliedEvent): void {
    const was = before === undefined ? undefined : dueAt(before);
    const due = dueAt(after);
    if (due === was) return;
    if (due === undefined) this.#dropTimer.run(streamOf(after));
    else this.#putTimer.run(streamOf(after), due);
  }
}

const CountRow = z.object({ status: z.enum(deliveryStatuses), count: z.number() });
const TimerRow = z.object({ stream: z.string(), dueAt: z.string() });
const BlameRow = z.object({ pointer: z.string(), position: z.number() });
const ReferenceRow = z.object({ hash: z.string(), stream: z.string(), position: z.number() });
const texts = z.array(z.string());

/** The view as faces read it, on the connection of the reader. */
export class SqliteReadView implements View {
  readonly #db: Database.Database;
  readonly #states: StateTables;
  readonly #stats: StatsTable;
  readonly #buckets: BucketList;
  readonly #members: Readonly<Record<MemberKind, MemberList>>;
  readonly #holder: Database.Statement;
  readonly #bucketIds: Database.Statement;
  readonly #task: Database.Statement;
  readonly #taskCount: Database.Statement;
  readonly #tasks: Database.Statement;
  readonly #blame: Database.Statement;
  readonly #oldest: Database.Statement;
  readonly #open: Database.Statement;
  readonly #references: Database.Statement;
  readonly #referenced: Database.Statement;
  readonly #timers: Database.Statement;
  readonly #deliveryCounts: Database.Statement;
  readonly #connections: Database.Statement;
  readonly #connectionCount: Database.Statement;

  constructor(db: Database.Database) {
    const functions = new ListFunctions(db);
    this.#db = db;
    this.#states = new StateTables(db);
    this.#stats = new StatsTable(db);
    this.#buckets = new BucketList(db, functions);
    this.#members = {
      object: new MemberList(db, functions, "object"),
      batch: new MemberList(db, functions, "batch"),
      upload: new MemberList(db, functions, "upload"),
      delivery: new MemberList(db, functions, "delivery"),
    };
    this.#holder = db
      .prepare("SELECT stream FROM reservations WHERE scope = ? AND key = ?")
      .pluck();
    this.#bucketIds = db.prepare("SELECT bucket_id FROM buckets WHERE namespace = ?").pluck();
    this.#blame = db.prepare("SELECT pointer, position FROM blame WHERE stream = ?");
    this.#task = db.prepare("SELECT task FROM tasks WHERE task_id = ? AND namespace = ?").pluck();
    this.#taskCount = db.prepare("SELECT count(*) FROM tasks WHERE namespace = ?").pluck();
    this.#tasks = db
      .prepare(
        `SELECT task FROM tasks WHERE namespace = ?
         ORDER BY created_at DESC, task_id LIMIT ? OFFSET ?`,
      )
      .pluck();
    this.#oldest = db
      .prepare(
        `SELECT state FROM objects
         WHERE bucket_id = $bucketId AND is_deleted = 0
           AND created_at >= $createdAt AND NOT (created_at = $createdAt AND object_id <= $id)
         ORDER BY created_at, object_id LIMIT ${objectSlice}`,
      )
      .pluck();
    this.#open = db
      .prepare(
        `SELECT state FROM batches
         WHERE namespace = $namespace AND is_open = 1
           AND (submitted_at, batch_id) > ($submitted, $id)
         ORDER BY submitted_at, batch_id LIMIT ${openSlice}`,
      )
      .pluck();
    this.#references = db.prepare(
      `SELECT hash, stream, position FROM blob_references
       WHERE hash > ? ORDER BY hash LIMIT ${referenceSlice}`,
    );
    this.#referenced = db
      .prepare("SELECT hash FROM blob_references WHERE hash IN (SELECT value FROM json_each(?))")
      .pluck();
    this.#connections = db
      .prepare(
        `SELECT state FROM connections WHERE namespace = ? AND is_deleted = 0
         ORDER BY created_at DESC, connection_id LIMIT ? OFFSET ?`,
      )
      .pluck();
    this.#connectionCount = db
      .prepare("SELECT count(*) FROM connections WHERE namespace = ? AND is_deleted = 0")
      .pluck();
    this.#deliveryCounts = db.prepare(
      "SELECT status, count(*) AS count FROM deliveries WHERE bucket_id = ? GROUP BY status",
    );
    this.#timers = db.prepare(
      "SELECT stream, due_at AS dueAt FROM timers ORDER BY due_at, stream LIMIT ?",
    );
  }

  async connections({ namespace, limit, offset }: PageOf): Promise<ConnectionPage> {
    const rows = this.#connections.all(namespace, limit, offset);
    return {
      connections: rows.flatMap((row) => {
        const state = parseState(row);
        return state === undefined ? [] : [stateOfKind("connection", state)];
      }),
      totalCount: z.number().parse(this.#connectionCount.get(namespace)),
    };
  }

  async deliveryCounts(bucketId: string): Promise<DeliveryCounts> {
    const rows = z.array(CountRow).parse(this.#deliveryCounts.all(bucketId));
    return { ...noDeliveries, ...Object.fromEntries(rows.map((row) => [row.status, row.count])) };
  }

  async timers(limit: number): Promise<readonly Timer[]> {
    return z.array(TimerRow).parse(this.#timers.all(limit));
  }

  async find(namespace: string, identifier: string): Promise<BucketState | undefined> {
    const stream = looksLikeBucketId(identifier)
      ? identifier.toLowerCase()
      : text.parse(this.#holder.get(nameScope(namespace), identifier.normalize("NFC")));
    const state = stream === undefined ? undefined : this.#states.load(stream);
    return state?.kind === "bucket" && state.namespace === namespace ? state : undefined;
  }

  async bucketIds(namespace: string): Promise<readonly string[]> {
    return texts.parse(this.#bucketIds.all(namespace));
  }

  async stats(bucketId: string, upTo?: LogPoint): Promise<BucketStats> {
    return this.#stats.at(bucketId, upTo);
  }

  async state(stream: string): Promise<ResourceState | undefined> {
    return this.#states.load(stream);
  }

  async blame(stream: string): Promise<ReadonlyMap<string, number>> {
    const rows = z.array(BlameRow).parse(this.#blame.all(stream));
    return new Map(rows.map(({ pointer, position }) => [pointer, position]));
  }

  async findTask(namespace: string, taskId: string): Promise<TaskResponse | undefined> {
    return parseTask(this.#task.get(taskId, namespace));
  }

  async listTasks({ namespace, limit, offset }: TaskQuery): Promise<TaskPage> {
    return {
      tasks: this.#tasks.all(namespace, limit, offset).flatMap((row) => parseTask(row) ?? []),
      totalCount: z.number().parse(this.#taskCount.get(namespace)),
    };
  }

  async list(query: ListQuery): Promise<BucketPage> {
    return this.#buckets.page(query);
  }

  async listMembers<Kind extends MemberKind>(
    kind: Kind,
    query: MemberQuery,
  ): Promise<MemberPage<StateOf<Kind>>> {
    const { states, totalCount } = this.#members[kind].page(query);
    return { states: states.map((state) => stateOfKind(kind, state)), totalCount };
  }

  async *eachObject(bucketId: string): AsyncIterable<ObjectState> {
    let place = { createdAt: "", id: "" };
    for (;;) {
      const rows = this.#oldest.all({ bucketId, ...place });
      for (const row of rows) {
        const state = parseState(row);
        if (state?.kind !== "object") continue;
        place = { createdAt: state.created_at, id: state.object_id };
        yield state;
      }
      if (rows.length < objectSlice) return;
      await nextTurn();
    }
  }

  async memberIds(kind: MemberKind, bucketId: string): Promise<readonly string[]> {
    const { name, id } = memberTables[kind];
    const ids = this.#db.prepare(`SELECT ${id} FROM ${name} WHERE bucket_id = ?`).pluck();
    return texts.parse(ids.all(bucketId));
  }

  async *openBatches(namespace: string): AsyncIterable<BatchState> {
    let place = { submitted: "", id: "" };
    for (;;) {
      const rows = this.#open.all({ namespace, ...place });
      for (const row of rows) {
        const state = parseState(row);
        if (state?.kind !== "batch") continue;
        place = { submitted: state.submitted_at ?? "", id: state.batch_id };
        yield state;
      }
      if (rows.length < openSlice) return;
    }
  }

  async *references(): AsyncIterable<Reference> {
    let last = "";
    for (;;) {
      const rows = z.array(ReferenceRow).parse(this.#references.all(last));
      yield* rows;
      last = rows.at(-1)?.hash ?? last;
      if (rows.length < referenceSlice) return;
      await nextTurn();
    }
  }

  async referenced(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(texts.parse(this.#referenced.all(JSON.stringify(hashes))));
  }
}

/** So many objects are read before others are let through: some milliseconds. */
const objectSlice = 200;

/** So many references are read in one go. */
const referenceSlice = 500;

/** So many batches are looked at in one go. */
const openSlice = 50;

function parseTask(row: unknown): TaskResponse | undefined {
  const json = text.parse(row);
  return json === undefined ? undefined : TaskResponse.parse(JSON.parse(json));
}
