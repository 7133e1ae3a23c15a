/**
 * The view in SQLite: the inline projection that the engine runs in its write transaction, and the
 * reading of it. With a suffix the same code fills the tables of a rebuild.
 */

import type Database from "better-sqlite3";
import { z } from "zod";
import { answered } from "../../domain/asking.js";
import { looksLikeBucketId } from "../../domain/bucket/document.js";
import { nameScope } from "../../domain/bucket/reservations.js";
import type { BucketState } from "../../domain/bucket/state.js";
import type { BucketStats } from "../../domain/bucket/stats.js";
import { deliveryStatuses } from "../../domain/delivery/state.js";
import { invariant } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { looksLikeNamespaceId, namespaceReservation } from "../../domain/namespace/name.js";
import type { CountedNamespace, FoundNamespace } from "../../domain/namespace/response.js";
import type { NamespaceState } from "../../domain/namespace/state.js";
import type { Within } from "../../domain/namespace/within.js";
import type { ObjectState } from "../../domain/object/state.js";
import type { Reservation } from "../../domain/reservation.js";
import {
  type AppliedEvent,
  type BlamedState,
  kindNamed,
  type MemberKind,
  memberKinds,
  type ResourceState,
  reducerVersion,
  type StateOf,
  stateOfKind,
} from "../../domain/resource.js";
import { TaskResponse } from "../../domain/task.js";
import { type UploadCounts, type UploadState, uploadStatuses } from "../../domain/upload/state.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import type { LogPoint } from "../../eventstore/store.js";
import { counting } from "../../projections/counting.js";
import { type Apply, projections } from "../../projections/projections.js";
import {
  type BucketPage,
  type ConfirmedBytes,
  type DeliveryCounts,
  type ListQuery,
  type MemberPage,
  type MemberQuery,
  nextTurn,
  noDeliveries,
  type Reference,
  type TaskPage,
  type TaskQuery,
  type UnownedKind,
  type View,
} from "../../projections/view.js";
import { BucketList } from "./bucket-list.js";
import { KeptLists } from "./kept-rows.js";
import { ListFunctions } from "./list-sql.js";
import { MemberList } from "./member-list.js";
import { rowWriter } from "./rows.js";
import { parseFolded, parseState, StateTables } from "./state-tables.js";
import { StatsTable } from "./stats-table.js";
import { isWithin, withinOf } from "./within.js";

const text = z.string().optional();

export class SqliteView implements InlineProjection {
  readonly #states: StateTables;
  readonly #stats: StatsTable;
  readonly #reservation: Database.Statement;
  readonly #snapshot: Database.Statement;
  readonly #openBatches: Database.Statement;
  readonly #projections: readonly Apply[];

  constructor(db: Database.Database, suffix = "") {
    this.#states = new StateTables(db, suffix);
    this.#stats = new StatsTable(db, suffix);
    this.#reservation = db
      .prepare(`SELECT stream FROM reservations${suffix} WHERE scope = ? AND key = ?`)
      .pluck();
    this.#snapshot = db.prepare(
      `SELECT state, blame FROM snapshots${suffix}
       WHERE stream = ? AND version <= ? AND reducer_version = ? ORDER BY version DESC LIMIT 1`,
    );
    this.#openBatches = db
      .prepare(
        `SELECT batch_id FROM batches${suffix} WHERE namespace = ? AND is_open = 1
         ORDER BY submitted_at, batch_id LIMIT ?`,
      )
      .pluck();
    this.#projections = projections.map((one) =>
      one.into((projection) => rowWriter(db, projection, suffix)),
    );
  }

  loadState(stream: string): BlamedState | undefined {
    return this.#states.load(stream);
  }

  loadSnapshot(stream: string, version: number): BlamedState | undefined {
    return parseFolded(this.#snapshot.get(stream, version, reducerVersion));
  }

  loadReservation(scope: string, key: string): string | undefined {
    return text.parse(this.#reservation.get(scope, key));
  }

  loadOpenBatches(namespace: string, count: number): readonly string[] {
    return texts.parse(this.#openBatches.all(namespace, count));
  }

  apply(events: readonly AppliedEvent[]): void {
    const counted = answered(counting(events), (needed) => this.#stats.known(needed));
    for (const apply of this.#projections) apply(events, counted);
  }
}

const CountRow = z.object({ status: z.enum(deliveryStatuses), count: z.number() });
const ConfirmedRow = z.object({ bytes: z.number(), position: z.number() });
const UploadCountRow = z.object({
  told: z.enum(uploadStatuses),
  count: z.number(),
  sizeBytes: z.number(),
});
const ReferenceRow = z.object({ hash: z.string(), stream: z.string(), position: z.number() });
const NamespaceRow = z.object({
  name: z.string(),
  /** Of one that somebody made: its state, or its id. */
  made: z.string().nullable(),
  bucketCount: z.number(),
  objectCount: z.number(),
});
const texts = z.array(z.string());

/** On each side. */
const namesAroundMax = 250;

/** The view as faces read it, on the connection of the reader. */
export class SqliteReadView implements View {
  readonly #db: Database.Database;
  readonly #states: StateTables;
  readonly #stats: StatsTable;
  readonly #buckets: BucketList;
  readonly #members: ReadonlyMap<MemberKind, MemberList>;
  readonly #holder: Database.Statement;
  readonly #namesAround: Database.Statement;
  readonly #namespaceNamed: Database.Statement;
  readonly #namespaces: Database.Statement;
  readonly #task: Database.Statement;
  readonly #taskCount: Database.Statement;
  readonly #tasks: Database.Statement;
  readonly #tasksAfter: Database.Statement;
  readonly #oldest: Database.Statement;
  readonly #blobCount: Database.Statement;
  readonly #references: Database.Statement;
  readonly #referenced: Database.Statement;
  readonly #deliveryCounts: Database.Statement;
  readonly #uploadWith: Database.Statement;
  readonly #uploadsOf: Database.Statement;
  readonly #uploadCounts: Database.Statement;
  readonly #confirmedBytes: Database.Statement;

  constructor(db: Database.Database) {
    const parts = { db, functions: new ListFunctions(db), kept: new KeptLists(db) };
    this.#db = db;
    this.#states = new StateTables(db);
    this.#stats = new StatsTable(db);
    this.#buckets = new BucketList(parts);
    const lists = memberKinds.map(
      (kind) => [kind, new MemberList(parts, kind, this.#stats)] as const,
    );
    this.#members = new Map(lists);
    this.#holder = db
      .prepare("SELECT stream FROM reservations WHERE scope = ? AND key = ?")
      .pluck();
    this.#namesAround = db
      .prepare(
        `SELECT key FROM (SELECT key FROM reservations WHERE scope = $scope AND key >= $key
                          ORDER BY key LIMIT $limit)
         UNION ALL
         SELECT key FROM (SELECT key FROM reservations WHERE scope = $scope AND key < $key
                          ORDER BY key DESC LIMIT $limit)`,
      )
      .pluck();
    const counted = (column: string, which: string) =>
      db.prepare(
        `SELECT name, max(made) AS made, sum(buckets) AS bucketCount, sum(objects) AS objectCount
         FROM (SELECT namespace AS name, NULL AS made, bucket_count AS buckets,
                      object_count AS objects
               FROM namespace_totals WHERE ${which}
               UNION ALL
               SELECT DISTINCT namespace, NULL, 0, 0 FROM connections
               WHERE is_deleted = 0 AND ${which}
               UNION ALL
               SELECT namespace, ${column}, 0, 0 FROM namespaces
               WHERE is_deleted = 0 AND ${which})
         GROUP BY name ORDER BY name`,
      );
    this.#namespaceNamed = counted("state", "namespace = $name");
    this.#namespaces = counted("namespace_id", "TRUE");
    this.#task = db
      .prepare(`SELECT task FROM tasks WHERE task_id = $taskId AND ${isWithin}`)
      .pluck();
    this.#taskCount = db.prepare(`SELECT count(*) FROM tasks WHERE ${isWithin}`).pluck();
    const tasksFrom = (place: string) =>
      db
        .prepare(
          `SELECT task FROM tasks WHERE ${isWithin} ${place}
           ORDER BY created_at DESC, task_id LIMIT $limit OFFSET $offset`,
        )
        .pluck();
    this.#tasks = tasksFrom("");
    this.#tasksAfter = tasksFrom(
      "AND created_at <= $createdAt AND NOT (created_at = $createdAt AND task_id <= $id)",
    );
    this.#oldest = db
      .prepare(
        `SELECT state FROM objects
         WHERE bucket_id = $bucketId AND is_deleted = 0
           AND created_at >= $createdAt AND NOT (created_at = $createdAt AND object_id <= $id)
         ORDER BY created_at, object_id LIMIT ${objectSlice}`,
      )
      .pluck();
    this.#blobCount = db
      .prepare(
        `SELECT coalesce(sum(json_array_length(state, '$.document.blobs')), 0) FROM objects
         WHERE bucket_id = ? AND is_deleted = 0`,
      )
      .pluck();
    this.#references = db.prepare(
      `SELECT hash, stream, position FROM blob_references
       WHERE hash > ? ORDER BY hash LIMIT ${referenceSlice}`,
    );
    this.#referenced = db
      .prepare("SELECT hash FROM blob_references WHERE hash IN (SELECT value FROM json_each(?))")
      .pluck();
    this.#uploadWith = db
      .prepare(
        `SELECT state FROM uploads WHERE bucket_id = ? AND is_deleted = 0 AND hash = ?
         ORDER BY upload_id LIMIT 1`,
      )
      .pluck();
    this.#uploadsOf = db
      .prepare("SELECT state FROM uploads WHERE task_id = ? ORDER BY upload_id")
      .pluck();
    // As `uploadStatusAt` says: what was not confirmed before it expired has failed.
    this.#uploadCounts = db.prepare(
      `SELECT CASE WHEN status = 'PENDING' AND expires_at <= $at THEN 'FAILED' ELSE status END
                AS told,
              count(*) AS count, sum(size_bytes) AS sizeBytes
       FROM uploads WHERE bucket_id = $bucketId AND is_deleted = 0 GROUP BY told`,
    );
    this.#confirmedBytes = db.prepare(
      `SELECT coalesce(sum(u.size_bytes), 0) AS bytes, (SELECT position FROM head) AS position
       FROM buckets b JOIN uploads u ON u.bucket_id = b.bucket_id
       WHERE b.namespace = ? AND u.is_deleted IN (0, 1) AND u.status = 'COMPLETED'`,
    );
    this.#deliveryCounts = db.prepare(
      "SELECT status, count(*) AS count FROM deliveries WHERE bucket_id = ? GROUP BY status",
    );
  }

  async uploadWith(bucketId: string, hash: string): Promise<UploadState | undefined> {
    const state = parseState(this.#uploadWith.get(bucketId, hash));
    return state === undefined ? undefined : stateOfKind("upload", state);
  }

  async uploadsOf(taskId: string): Promise<readonly UploadState[]> {
    return this.#uploadsOf.all(taskId).flatMap((row) => {
      const state = parseState(row);
      return state === undefined ? [] : [stateOfKind("upload", state)];
    });
  }

  async uploadCounts(bucketId: string, at: number): Promise<UploadCounts> {
    const asked = { bucketId, at: formatTime(at) };
    const rows = z.array(UploadCountRow).parse(this.#uploadCounts.all(asked));
    return {
      byStatus: Object.fromEntries(rows.map(({ told, count }) => [told, count])),
      totalSizeBytes: rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  }

  async confirmedBytes(namespace: string): Promise<ConfirmedBytes> {
    return ConfirmedRow.parse(this.#confirmedBytes.get(namespace));
  }

  async holder({ scope, key }: Reservation): Promise<string | undefined> {
    return text.parse(this.#holder.get(scope, key));
  }

  async deliveryCounts(bucketId: string): Promise<DeliveryCounts> {
    const rows = z.array(CountRow).parse(this.#deliveryCounts.all(bucketId));
    return { ...noDeliveries, ...Object.fromEntries(rows.map((row) => [row.status, row.count])) };
  }

  async find(namespace: string, identifier: string): Promise<BucketState | undefined> {
    const stream = looksLikeBucketId(identifier)
      ? identifier.toLowerCase()
      : text.parse(this.#holder.get(nameScope(namespace), identifier.normalize("NFC")));
    const state = stream === undefined ? undefined : this.#states.state(stream);
    return state?.kind === "bucket" && state.namespace === namespace ? state : undefined;
  }

  async namesAround(namespace: string, name: string): Promise<readonly string[]> {
    const key = name.normalize("NFC");
    const query = { scope: nameScope(namespace), key, limit: namesAroundMax };
    return texts.parse(this.#namesAround.all(query));
  }

  async idsOf(kind: UnownedKind, namespace?: string): Promise<readonly string[]> {
    const { name, id } = kindNamed(kind).table;
    const ids = this.#db.prepare(
      `SELECT ${id} FROM ${name} WHERE $namespace IS NULL OR namespace = $namespace`,
    );
    return texts.parse(ids.pluck().all({ namespace: namespace ?? null }));
  }

  async findNamespace(identifier: string): Promise<NamespaceState | undefined> {
    const { scope, key } = namespaceReservation(identifier);
    const stream = looksLikeNamespaceId(identifier)
      ? identifier.toLowerCase()
      : text.parse(this.#holder.get(scope, key));
    const state = stream === undefined ? undefined : this.#states.state(stream);
    return state?.kind === "namespace" ? state : undefined;
  }

  async namespaces(name: string): Promise<readonly CountedNamespace[]> {
    const rows = z.array(NamespaceRow).parse(this.#namespaceNamed.all({ name }));
    return rows.map(({ made, ...counts }) => {
      const state = parseState(made ?? undefined);
      return { ...counts, state: state && stateOfKind("namespace", state) };
    });
  }

  async foundNamespaces(): Promise<readonly FoundNamespace[]> {
    const rows = z.array(NamespaceRow).parse(this.#namespaces.all());
    return rows.map(({ made, ...counts }) => ({ ...counts, namespaceId: made ?? undefined }));
  }

  async stats(bucketId: string, upTo?: LogPoint): Promise<BucketStats> {
    return this.#stats.at(bucketId, upTo);
  }

  async state(stream: string): Promise<ResourceState | undefined> {
    return this.#states.state(stream);
  }

  async folded(stream: string): Promise<BlamedState | undefined> {
    return this.#states.load(stream);
  }

  async findTask(within: Within, taskId: string): Promise<TaskResponse | undefined> {
    return parseTask(this.#task.get({ taskId, ...withinOf(within) }));
  }

  async listTasks({ within, limit, offset, after }: TaskQuery): Promise<TaskPage> {
    const names = withinOf(within);
    const rows =
      after === undefined
        ? this.#tasks.all({ ...names, limit, offset })
        : this.#tasksAfter.all({
            ...names,
            limit,
            offset: 0,
            createdAt: after.createdAt,
            id: after.id,
          });
    return {
      tasks: rows.flatMap((row) => parseTask(row) ?? []),
      totalCount: z.number().parse(this.#taskCount.get(names)),
    };
  }

  async list(query: ListQuery): Promise<BucketPage> {
    return this.#buckets.page(query);
  }

  async listMembers<Kind extends MemberKind>(
    kind: Kind,
    query: MemberQuery,
  ): Promise<MemberPage<StateOf<Kind>>> {
    const list = this.#members.get(kind);
    invariant(list !== undefined, `${kind} is not listed`);
    const { states, ...page } = list.page(query);
    return { states: states.map((state) => stateOfKind(kind, state)), ...page };
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

  async blobCount(bucketId: string): Promise<number> {
    return z.number().parse(this.#blobCount.get(bucketId));
  }

  async memberIds(kind: MemberKind, bucketId: string): Promise<readonly string[]> {
    const { name, id } = kindNamed(kind).table;
    const ids = this.#db.prepare(`SELECT ${id} FROM ${name} WHERE bucket_id = ?`).pluck();
    return texts.parse(ids.all(bucketId));
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

function parseTask(row: unknown): TaskResponse | undefined {
  const json = text.parse(row);
  return json === undefined ? undefined : TaskResponse.parse(JSON.parse(json));
}
