/**
 * The event store on one SQLite file: a writer connection, a reader connection, and the rules of
 * what a failed commit means. No `await` falls between reading the head and committing.
 */
import type Database from "better-sqlite3";
import { BucketsError, invariant } from "../../domain/errors.js";
import { limits } from "../../domain/limits.js";
import { evolve, type ResourceState } from "../../domain/resource.js";
import { decode, toLogged } from "../codec.js";
import type { StoredEvent } from "../frame.js";
import { gatherAndPlan } from "../gather.js";
import type { Plan } from "../planner.js";
import type { InlineProjection } from "../projection.js";
import type { ReceivedTable } from "../received-table.js";
import { lastAtOrBefore } from "../search.js";
import type {
  Durability,
  EventFilter,
  EventPlace,
  EventStore,
  FoundEvents,
  Head,
  Health,
  LoggedEvent,
  Outcome,
  SealedSecret,
  StreamPage,
  StreamPoint,
  Unit,
} from "../store.js";
import type { TokenTable } from "../token-table.js";
import { assertDurability, checkpoint, openReader, openWriter } from "./connection.js";
import {
  busy,
  diskFull,
  isBusy,
  isDiskFailure,
  isDiskFull,
  isRolledBack,
  openFailure,
  outcomeUnknown,
  recovering,
  takenOver,
} from "./faults.js";
import { LogReader, LogWriter } from "./log-sql.js";
import { assertMigrated, migrate } from "./migrate.js";
import { claimOwnership, type Owner } from "./owner.js";
import { sqliteReceivedTable } from "./received-table.js";
import { StateCache } from "./state-cache.js";
import { sqliteTokenTable } from "./token-table.js";

export interface SqliteEngineOptions {
  readonly file: string;
  readonly readOnly: boolean;
  readonly durability: Durability;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  /** Makes the inline projection on a connection; called again when the connection is new. */
  readonly projection: (db: Database.Database) => InlineProjection;
}

/** What the writer needs, made anew when its connection is. */
interface Writer {
  readonly db: Database.Database;
  readonly reader: LogReader;
  readonly log: LogWriter;
  readonly projection: InlineProjection;
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  /** Which of the owners of the file this writer is: another one in the head has displaced it. */
  readonly epoch: number;
}

/** One consistent state of the file. */
interface SnapshotReader {
  readonly log: LogReader;
  readonly projection: InlineProjection;
}

const recoveryPauseMs = 200;
const idempotencySweepMs = 60 * 60 * 1_000;

export class SqliteEngine implements EventStore {
  readonly #options: SqliteEngineOptions;
  readonly #owner: Owner | undefined;
  readonly #readerDb: Database.Database;
  readonly #reader: LogReader;
  readonly #readerProjection: InlineProjection;
  readonly #cache = new StateCache();
  #writer: Writer | undefined;
  #fault: Error | undefined;
  #recovery: NodeJS.Timeout | undefined;
  #nextSweep = 0;
  #isClosed = false;

  /**
   * @throws LOCKED when another process writes to the file; FILE_INVALID when it is not ours, or
   * of another version.
   */
  constructor(options: SqliteEngineOptions) {
    this.#options = options;
    try {
      if (!options.readOnly) {
        this.#owner = claimOwnership(options.file, options.newId("own"), options.clock());
        this.#writer = this.#openWriter();
      }
      this.#readerDb = openMigratedReader(options.file);
      this.#reader = new LogReader(this.#readerDb);
      this.#readerProjection = options.projection(this.#readerDb);
    } catch (error) {
      this.#writer?.db.close();
      this.#owner?.release();
      throw openFailure(error, options.file);
    }
  }

  #openWriter(): Writer {
    const { file, durability, clock, projection } = this.#options;
    const db = openWriter(file, durability);
    try {
      // What the WAL holds may live in the page cache alone, left there by an fsync that failed;
      // once it is copied and synced, what was read is what is on disk.
      const isSettled = checkpoint(db);
      invariant(isSettled || this.#fault === undefined, "a reader keeps the checkpoint waiting");
      migrate(db, file, clock());
      const log = new LogWriter(db);
      const epoch = log.claimEpoch();
      assertDurability(db, durability);
      return {
        db,
        reader: new LogReader(db),
        log,
        projection: projection(db),
        begin: db.prepare("BEGIN IMMEDIATE"),
        commit: db.prepare("COMMIT"),
        epoch,
      };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  async commit(units: readonly Unit[]): Promise<readonly Outcome[]> {
    const plan = this.#transact((writer) => {
      const planned = this.#plan(writer, units);
      this.#write(writer, planned);
      return planned;
    });
    // Only now: what was not committed must not be seen in the cache.
    this.#cache.update(plan.head, plan.applied);
    return plan.outcomes;
  }

  /**
   * Runs `work` in one write transaction and commits it durably: for upkeep, such as a rebuild of
   * the view.
   *
   * @throws STORAGE_FULL, OUTCOME_UNKNOWN, NOT_READY as `commit` does.
   */
  exclusive<T>(work: (writer: Writer) => T): T {
    const result = this.#transact(work);
    // The view may show other states now, at the same position.
    this.#cache.clear();
    return result;
  }

  #transact<T>(work: (writer: Writer) => T): T {
    const writer = this.#requireWriter();
    let isCommitting = false;
    try {
      writer.begin.run();
      if (writer.log.epoch() !== writer.epoch) throw takenOver(this.#options.file);
      const result = work(writer);
      isCommitting = true;
      writer.commit.run();
      return result;
    } catch (error) {
      this.#cache.clear();
      throw this.#afterFailure(writer, error, isCommitting);
    }
  }

  #requireWriter(): Writer {
    if (this.#isClosed) throw new BucketsError("NOT_READY", "The store is closed.");
    if (this.#writer !== undefined && this.#fault === undefined) return this.#writer;
    if (this.#options.readOnly) {
      throw new BucketsError("READ_ONLY", `${this.#options.file} is open for reading only.`);
    }
    throw recovering(this.#fault);
  }

  /** Undoes what can be undone, and says what is known of the rest. */
  #afterFailure(writer: Writer, error: unknown, wasCommitting: boolean): unknown {
    if (wasCommitting && !isRolledBack(error)) {
      this.#startRecovery(error);
      return outcomeUnknown(error);
    }
    if (isDiskFailure(error)) {
      this.#startRecovery(error);
      return recovering(error);
    }
    if (writer.db.inTransaction) writer.db.exec("ROLLBACK");
    if (isDiskFull(error)) return diskFull(error);
    return isBusy(error) ? busy(error) : error;
  }

  #plan(writer: Writer, units: readonly Unit[]): Plan {
    const head = writer.reader.head();
    const cache = this.#cache.at(head);
    const loader = {
      loadState: (stream: string) => cache.get(stream) ?? writer.projection.loadState(stream),
      loadReservation: (scope: string, key: string) =>
        writer.projection.loadReservation(scope, key),
      loadIdempotency: writer.reader.idempotency.bind(writer.reader),
    };
    return gatherAndPlan(loader, head, this.#options.clock(), units);
  }

  #write({ log, projection }: Writer, plan: Plan): void {
    if (plan.events.length === 0) return;
    for (const event of plan.events) log.append(event);
    projection.apply(plan.applied);
    for (const row of plan.idempotency) log.putIdempotency(row);
    for (const secret of plan.secrets.put) log.putSecret(secret);
    for (const reference of plan.secrets.drop) log.dropSecret(reference);
    log.setHead(plan.head);
    this.#forgetOldKeys(log, plan.head.recordedAt);
  }

  #forgetOldKeys(log: LogWriter, now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + idempotencySweepMs;
    log.forgetIdempotency(now - limits.idempotencyRetentionMs);
  }

  /**
   * After an I/O error the connection is given up; only after a new one has completed a truncating
   * checkpoint is the log known again.
   */
  #startRecovery(cause: unknown): void {
    this.#fault = cause instanceof Error ? cause : new Error(String(cause));
    this.#closeWriter();
    this.#scheduleRecovery();
  }

  #closeWriter(): void {
    try {
      this.#writer?.db.close();
    } catch {
      // The disk is failing; the connection is given up either way.
    }
    this.#writer = undefined;
  }

  #scheduleRecovery(): void {
    this.#recovery = setTimeout(() => this.#recover(), recoveryPauseMs);
    this.#recovery.unref();
  }

  #recover(): void {
    try {
      this.#writer = this.#openWriter();
      this.#fault = undefined;
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error));
      this.#scheduleRecovery();
    }
  }

  async preview(unit: Unit): Promise<Outcome> {
    const plan = this.snapshot(({ log, projection }) => {
      const loader = {
        loadState: (stream: string) => projection.loadState(stream),
        loadReservation: (scope: string, key: string) => projection.loadReservation(scope, key),
        loadIdempotency: log.idempotency.bind(log),
      };
      return gatherAndPlan(loader, log.head(), this.#options.clock(), [unit]);
    });
    const [outcome] = plan.outcomes;
    invariant(outcome !== undefined, "a unit without outcome");
    return outcome;
  }

  /** Runs `read` on one consistent state of the file. */
  snapshot<T>(read: (reader: SnapshotReader) => T): T {
    const transaction = this.#readerDb.transaction(() =>
      read({ log: this.#reader, projection: this.#readerProjection }),
    );
    return transaction.deferred();
  }

  /** Every stored secret, sealed. */
  secrets(): readonly SealedSecret[] {
    return this.#reader.secrets();
  }

  /** In place of those with the same references, in one durable transaction. */
  replaceSecrets(secrets: readonly SealedSecret[]): void {
    this.exclusive(({ log }) => {
      for (const secret of secrets) log.replaceSecret(secret);
    });
  }

  /** The access tokens in the file. */
  get tokens(): TokenTable {
    return sqliteTokenTable(this.#readerDb, (work) => this.exclusive(({ db }) => work(db)));
  }

  /** What arrived for uploads that are not confirmed yet. */
  get received(): ReceivedTable {
    return sqliteReceivedTable(this.#readerDb, (work) => this.exclusive(({ db }) => work(db)));
  }

  /** The connection for reading read models; it sees what is committed. */
  get readerDb(): Database.Database {
    return this.#readerDb;
  }

  async head(): Promise<Head> {
    return this.#reader.head();
  }

  async placeAt(stream: string, point: StreamPoint): Promise<EventPlace | undefined> {
    return this.snapshot(({ log }) =>
      lastAtOrBefore(log.newestVersion(stream), (version) => log.place(stream, version), point),
    );
  }

  async stateAt(stream: string, version: number): Promise<ResourceState | undefined> {
    return this.snapshot((reader) => foldTo(reader, stream, version));
  }

  async statesAt(
    streams: readonly string[],
    point: StreamPoint,
  ): Promise<readonly ResourceState[]> {
    return this.snapshot((reader) => streams.flatMap((stream) => newestBy(reader, stream, point)));
  }

  async readStream(stream: string, page: StreamPage): Promise<readonly LoggedEvent[]> {
    return Array.from(this.#reader.streamEvents(stream, page), ({ row, previousHash }) =>
      toLogged(row, previousHash),
    );
  }

  async readLog(after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#reader.logAfter(after, limit);
  }

  async find(
    filter: EventFilter,
    page: { readonly skip: number; readonly limit: number },
  ): Promise<FoundEvents> {
    return this.snapshot(({ log }) => ({
      events: log.find(filter, page).map(decode),
      total: log.count(filter),
    }));
  }

  async secret(reference: string): Promise<SealedSecret | undefined> {
    return this.#reader.secret(reference);
  }

  async health(): Promise<Health> {
    const { durability } = this.#options;
    if (this.#isClosed) return { ready: false, durability, reason: "closed" };
    if (this.#fault === undefined) return { ready: true, durability };
    return { ready: false, durability, reason: `recovering: ${this.#fault.message}` };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#recovery);
    try {
      this.#readerDb.close();
      if (this.#writer !== undefined) checkpoint(this.#writer.db);
    } finally {
      this.#closeWriter();
      this.#owner?.release();
    }
  }
}

/** The state after the event of that version: the nearest one that was saved, and what came after. */
function foldTo(
  { log, projection }: SnapshotReader,
  stream: string,
  version: number,
): ResourceState | undefined {
  let state = projection.loadSnapshot(stream, version);
  const from = (state?.version ?? 0) + 1;
  for (const row of log.contents(stream, from, version)) state = evolve(state, decode(row));
  return state;
}

/** The state at a point, as a list of one or none; what has not changed since is not folded. */
function newestBy(reader: SnapshotReader, stream: string, point: StreamPoint): ResourceState[] {
  const { log, projection } = reader;
  const current = projection.loadState(stream);
  const newest = current?.version ?? 0;
  const place = lastAtOrBefore(newest, (version) => log.place(stream, version), point);
  if (place === undefined) return [];
  const state = place.version === newest ? current : foldTo(reader, stream, place.version);
  return state === undefined ? [] : [state];
}

function openMigratedReader(file: string): Database.Database {
  const db = openReader(file);
  try {
    assertMigrated(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
