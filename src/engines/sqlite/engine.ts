/**
 * The event store on one SQLite file: a writer connection, a reader connection, and the rules of
 * what a failed commit means. No `await` falls between reading the head and committing.
 */
import { statSync } from "node:fs";
import type Database from "better-sqlite3";
import { BucketsError, invariant } from "../../domain/errors.js";
import {
  type Durability,
  fails,
  type Health,
  type HealthCheck,
  healthOf,
  passes,
  type StorageSizes,
} from "../../domain/health.js";
import type { UnreadableEvent } from "../../domain/history.js";
import { limits } from "../../domain/limits.js";
import type { Truncation } from "../../domain/log/events.js";
import type { Fault } from "../../domain/reports.js";
import type { AppliedEvent, BlamedState, ResourceState } from "../../domain/resource.js";
import { evolveRow, type FoldedContent, foldRow, read, toLogged } from "../../eventstore/codec.js";
import type { StoredEvent } from "../../eventstore/frame.js";
import { gatherAndPlan, takenId } from "../../eventstore/gather.js";
import { Integrity } from "../../eventstore/integrity.js";
import type { LogTree } from "../../eventstore/log-tree.js";
import type { Plan } from "../../eventstore/planner.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import type { ReadTable } from "../../eventstore/read-table.js";
import type { ReceivedTable } from "../../eventstore/received-table.js";
import { nothingToRescue, type Rescued } from "../../eventstore/rescued.js";
import type { RowSeals } from "../../eventstore/row-seals.js";
import { lastAtOrBefore } from "../../eventstore/search.js";
import type { SecretTable } from "../../eventstore/secret-table.js";
import { cutAt } from "../../eventstore/slice.js";
import type {
  CountedEvents,
  EventFilter,
  EventPlace,
  EventStore,
  FoundEvents,
  FoundPage,
  Head,
  IdempotencyRow,
  LoggedEvent,
  Outcome,
  SealedSecret,
  StreamPage,
  StreamPoint,
  TimeFilter,
  Unit,
} from "../../eventstore/store.js";
import type { TokenChange, TokenTable } from "../../eventstore/token-table.js";
import type { Upgrade } from "../../eventstore/upgrade.js";
import { Room } from "../../room.js";
import { clearInterval, clearTimeout, nextTurn, setInterval, setTimeout } from "../../timers.js";
import {
  assertDurability,
  copyWal,
  emptyWal,
  openReader,
  openWriter,
  waitForNobody,
} from "./connection.js";
import { damageOf } from "./damage.js";
import { checkDisk } from "./disk-check.js";
import {
  busy,
  diskFull,
  isBusy,
  isDamaged,
  isDiskFailure,
  isDiskFull,
  isRolledBack,
  isTakenId,
  misplaced,
  openFailure,
  outcomeUnknown,
  recovering,
  takenOver,
} from "./faults.js";
import { whenUnlocked } from "./foreign-lock.js";
import {
  findTruncation,
  type KnownHead,
  readKnownHead,
  truncated,
  truncationOf,
} from "./known-head.js";
import { LogReader, LogWriter } from "./log-sql.js";
import { beginLog, readLogId, sqliteLogTree } from "./log-tree.js";
import { assertMigrated, migrate } from "./migrate.js";
import { OpenedFiles } from "./opened-files.js";
import { type Owner, takeOwnership } from "./owner.js";
import { findObstacle } from "./private-file.js";
import { sqliteReadTable } from "./read-table.js";
import { sqliteReceivedTable } from "./received-table.js";
import { rescue } from "./rescue.js";
import { sqliteRowSeals } from "./row-seals.js";
import { StateCache } from "./state-cache.js";
import { findTailFault } from "./tail-check.js";
import { moveTokens, sqliteTokenTable, tokensOf } from "./token-table.js";
import { WalKeeper } from "./wal-keeper.js";

export interface SqliteEngineOptions {
  readonly file: string;
  /** On the disk of the file; nothing of it is kept free unless given. */
  readonly room?: Room | undefined;
  readonly readOnly: boolean;
  readonly durability: Durability;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  /** Go on with a log that ends before the end that was known, or is another. */
  readonly acceptTruncation?: boolean | undefined;
  /** Told when a file of an older version was brought up to date. */
  readonly onUpgrade?: ((upgrade: Upgrade) => void) | undefined;
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
const upkeepMs = 1_000;
const idempotencySweepMs = 60 * 60 * 1_000;

export class SqliteEngine implements EventStore {
  /** What of the log was missing when it was opened, where that was accepted: to be recorded first. */
  readonly truncation: Truncation | undefined;
  readonly #options: SqliteEngineOptions;
  readonly #room: Room;
  readonly #owner: Owner | undefined;
  readonly #readerDb: Database.Database;
  readonly #reader: LogReader;
  readonly #readerProjection: InlineProjection;
  readonly #cache = new StateCache();
  #tellChange: (applied: readonly AppliedEvent[] | undefined) => void = () => {};
  #tellTokens: (change: TokenChange) => void = () => {};
  readonly integrity = new Integrity();
  #writer: Writer | undefined;
  /** What is to be done to each connection that writes. */
  #onWriter: ((db: Database.Database) => void) | undefined;
  /** And to the last of them, before it is closed. */
  #onClose: ((db: Database.Database) => void) | undefined;
  #fault: Error | undefined;
  /** Another writer has the file: for good. */
  #displacement: BucketsError | undefined;
  /** Of what was opened for writing. */
  #files: OpenedFiles | undefined;
  /** What of it is not where it was. */
  #misplaced: string | undefined;
  /** Whether the last write found no room. */
  #isFull = false;
  #keeper: WalKeeper | undefined;
  /** The head before the first commit of this process, once somebody has asked for it. */
  #headFound: Head | undefined;
  #upkeep: NodeJS.Timeout | undefined;
  #recovery: NodeJS.Timeout | undefined;
  /** When old keys were forgotten last, by the clock. */
  #sweptAt: number | undefined;
  #isClosed = false;

  /**
   * @throws LOCKED when another process writes to the file; FILE_INVALID when it is not ours, or
   * of another version.
   */
  constructor(options: SqliteEngineOptions) {
    this.#options = options;
    this.#room = options.room ?? new Room({ file: options.file });
    assertNoFolder(options.file);
    try {
      // Before anything is opened: a server beside this one may move it on.
      const known = readKnownHead(options.file);
      if (!options.readOnly) {
        this.#owner = takeOwnership(options.file, options.newId("own"), options.clock());
        this.truncation = findTruncation(options.file, known);
        assertAccepted(options, this.truncation);
        this.#writer = this.#openWriter();
        this.#files = new OpenedFiles(options.file);
        this.#keeper = new WalKeeper({ ...options, logId: readLogId(this.#writer.db) });
        this.#upkeep = setInterval(() => this.#keepUp(), upkeepMs).unref();
      }
      this.#readerDb = openMigratedReader(options, options.readOnly ? known : undefined);
      this.#reader = new LogReader(this.#readerDb);
      this.#readerProjection = options.projection(this.#readerDb);
      this.#checkTail();
    } catch (error) {
      clearInterval(this.#upkeep);
      this.#writer?.db.close();
      this.#owner?.release();
      throw openFailure(error, options.file, () =>
        options.readOnly ? undefined : findObstacle(options.file),
      );
    }
  }

  #openWriter(): Writer {
    const { file, durability, clock, newId, projection, onUpgrade } = this.#options;
    const db = openWriter(file, durability);
    try {
      // What the WAL holds may live in the page cache alone, left there by an fsync that failed;
      // once it is copied and synced, what was read is what is on disk.
      const isSettled = emptyWal(db);
      invariant(isSettled || this.#fault === undefined, "a reader keeps the checkpoint waiting");
      this.#assertKept(db);
      const upgrade = migrate(db, file, clock());
      if (upgrade !== undefined) onUpgrade?.(upgrade);
      const log = new LogWriter(db);
      const epoch = beginEpoch(db, log, { logId: newId("log"), now: clock() });
      assertDurability(db, durability);
      // A database whose tables are in its WAL alone looks like a new one without it.
      copyWal(db);
      this.#onWriter?.(db);
      waitForNobody(db);
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

  /** After an I/O error: what was acknowledged is there. */
  #assertKept(db: Database.Database): void {
    const { head } = this.#keeper ?? {};
    if (head === undefined) return;
    const { position } = new LogReader(db).head();
    invariant(
      position >= head.position,
      `the log ends at ${position}, and ${head.position} was acknowledged`,
    );
  }

  /** What is found is for whoever reads it, and for verify: the rest of the store can still be read. */
  #checkTail(): void {
    let fault: Fault | undefined;
    try {
      fault = this.snapshot(({ log }) => findTailFault(log));
    } catch (error) {
      fault = damageOf(this.#readerDb, error, 0);
      if (fault === undefined) throw error;
    }
    if (fault !== undefined) this.integrity.report(fault);
  }

  async commit(units: readonly Unit[]): Promise<readonly Outcome[]> {
    this.#room.assertEnough();
    const plan = await whenUnlocked(() =>
      this.#transact(
        (writer) => {
          const planned = this.#plan(writer, units);
          this.#write(writer, planned);
          return planned;
        },
        ({ tokens: moves }) => this.#tellTokens({ kind: "moved", moves }),
      ),
    );
    if (plan.events.length > 0) this.#keeper?.committed(plan.head);
    // Only now: what was not committed must not be seen in the cache.
    this.#cache.update(plan.head, plan.applied);
    this.#tellChange(plan.applied);
    return plan.outcomes;
  }

  /**
   * Runs `work` in one write transaction and commits it durably: for what lies beside log and view.
   *
   * @throws STORAGE_FULL, OUTCOME_UNKNOWN, NOT_READY as `commit` does.
   */
  write<T>(work: (writer: Writer) => T): T {
    return this.#transact(work);
  }

  /** The same for upkeep that may change the view, such as a rebuild. */
  exclusive<T>(work: (writer: Writer) => T): T {
    const result = this.#transact(work);
    // The view may show other states now, at the same position.
    this.#cache.clear();
    this.#tellChange(undefined);
    return result;
  }

  /** @param onCommitted told of what is in the file that is open, also where that is not acknowledged. */
  #transact<T>(work: (writer: Writer) => T, onCommitted: (result: T) => void = () => {}): T {
    const writer = this.#requireWriter();
    this.#assertInPlace(misplaced);
    let isCommitting = false;
    try {
      writer.begin.run();
      this.#assertOwner(writer);
      const result = work(writer);
      isCommitting = true;
      writer.commit.run();
      this.#isFull = false;
      this.#keeper?.committed();
      onCommitted(result);
      // What was committed to a file that is gone will be gone: that is not to be acknowledged.
      this.#assertInPlace(outcomeUnknown);
      return result;
    } catch (error) {
      this.#cache.clear();
      this.#tellChange(undefined);
      throw this.#afterFailure(writer, error, isCommitting);
    }
  }

  /** Whoever began the last epoch owns the file. One that is gone from it was never on the disk. */
  #assertOwner({ log, epoch }: Writer): void {
    const found = log.epoch();
    if (found === epoch) return;
    if (found < epoch) throw new EpochLost(epoch, found);
    this.#displacement = takenOver(this.#options.file);
    throw this.#displacement;
  }

  /** @throws what the refusal makes of what is not where it was. */
  #assertInPlace(refusal: (cause: Error) => BucketsError): void {
    this.#misplaced ??= this.#files?.findOpenFault();
    if (this.#misplaced !== undefined) throw refusal(new Error(this.#misplaced));
  }

  /** What is to be looked after while nobody asks. */
  #keepUp(): void {
    this.#misplaced = this.#files?.findFault();
    if (this.#isFull) this.#probe();
    if (this.#writer === undefined || this.#misplaced !== undefined) return;
    this.#keeper?.keepUp(this.#writer.db);
  }

  /** Whether there is room again, so that the store is ready before anybody has tried. */
  #probe(): void {
    try {
      this.#transact(({ log, epoch }) => log.probe(epoch));
    } catch {
      // It is told with the next check, as it was found.
    }
  }

  #requireWriter(): Writer {
    if (this.#isClosed) throw new BucketsError("NOT_READY", "The store is closed.");
    if (this.#displacement !== undefined) throw this.#displacement;
    this.integrity.assertSound();
    if (this.#writer !== undefined && this.#fault === undefined) return this.#writer;
    if (this.#options.readOnly) {
      throw new BucketsError("READ_ONLY", `${this.#options.file} is open for reading only.`);
    }
    throw recovering(this.#fault);
  }

  /** Undoes what can be undone, and says what is known of the rest. */
  #afterFailure(writer: Writer, error: unknown, wasCommitting: boolean): unknown {
    if (this.#misplaced !== undefined) return error;
    if (wasCommitting && !isRolledBack(error)) {
      this.#startRecovery(error);
      return outcomeUnknown(error);
    }
    if (isDiskFailure(error) || error instanceof EpochLost || !rollBack(writer.db)) {
      this.#startRecovery(error);
      return recovering(error);
    }
    if (isDiskFull(error)) {
      this.#isFull = true;
      return diskFull(error);
    }
    if (isTakenId(error)) return takenId(error);
    return isBusy(error) ? busy(error) : error;
  }

  #plan(writer: Writer, units: readonly Unit[]): Plan {
    const head = writer.reader.head();
    const loader = {
      loadState: this.#cache.at(head, (stream) => writer.projection.loadState(stream)),
      loadReservation: (scope: string, key: string) =>
        writer.projection.loadReservation(scope, key),
      loadIdempotency: writer.reader.idempotency.bind(writer.reader),
      loadOpenBatches: writer.projection.loadOpenBatches.bind(writer.projection),
      hasEvent: writer.reader.hasEvent.bind(writer.reader),
    };
    return gatherAndPlan(loader, head, this.#options.clock(), units);
  }

  #write({ db, log, projection }: Writer, plan: Plan): void {
    if (plan.events.length === 0) return;
    // First, because it reads: from then on there are only writes.
    projection.apply(plan.applied);
    for (const event of plan.events) log.append(event);
    for (const row of plan.idempotency) log.putIdempotency(row);
    for (const secret of plan.secrets.put) log.putSecret(secret);
    for (const reference of plan.secrets.drop) log.dropSecret(reference);
    moveTokens(db, plan.tokens);
    log.setHead(plan.head);
    this.#forgetOldKeys(log, this.#options.clock());
  }

  #forgetOldKeys(log: LogWriter, now: number): void {
    // A clock that leapt back is as far from then as one that went on.
    if (this.#sweptAt !== undefined && Math.abs(now - this.#sweptAt) < idempotencySweepMs) return;
    this.#sweptAt = now;
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
      this.#misplaced = this.#files?.findFault();
      if (this.#misplaced !== undefined) throw new Error(this.#misplaced);
      this.#writer = this.#openWriter();
      // What nobody knew the outcome of may have changed who can come in.
      this.#tellTokens({ kind: "read", records: tokensOf(this.#writer.db) });
      this.#fault = undefined;
    } catch (error) {
      this.#closeWriter();
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
        loadOpenBatches: projection.loadOpenBatches.bind(projection),
        hasEvent: log.hasEvent.bind(log),
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

  /**
   * A copy of what is still open of a file whose name is gone. @throws CONFLICT when it is in place;
   * FILE_INVALID when there can be no copy.
   */
  async rescue(): Promise<Rescued> {
    if (this.#isClosed || this.#checkFiles().status === "pass") throw nothingToRescue();
    const { position } = this.#reader.head();
    return rescue(this.#readerDb, { file: this.#options.file, position });
  }

  /** The sealed secrets in the file. */
  get secrets(): SecretTable {
    return {
      all: async () => this.#reader.secrets(),
      replace: async (secrets) =>
        this.write(({ log }) => {
          for (const secret of secrets) log.replaceSecret(secret);
        }),
    };
  }

  /** What authenticates the rows that are no fold of the log. */
  get seals(): RowSeals {
    return sqliteRowSeals({
      file: this.#options.file,
      reader: this.#readerDb,
      openSnapshot: () => openReader(this.#options.file),
      isSound: () => this.integrity.isSound,
      write: (work) => this.write(({ db }) => work(db)),
      onWriter: (install) => {
        this.#onWriter = install;
        if (this.#writer !== undefined) install(this.#writer.db);
      },
      onClose: (settle) => {
        this.#onClose = settle;
      },
    });
  }

  /** Copies the WAL and notes the end of the log now, and not when it is due. */
  async settle(): Promise<void> {
    if (this.#writer !== undefined) await this.#keeper?.settle(this.#writer.db);
  }

  /** The access tokens in the file. */
  get tokens(): TokenTable {
    return sqliteTokenTable(this.#readerDb, (tell) => {
      this.#tellTokens = tell;
    });
  }

  /** What arrived for uploads that are not confirmed yet. */
  get received(): ReceivedTable {
    return sqliteReceivedTable(this.#readerDb, (work) => this.write(({ db }) => work(db)));
  }

  /** Who read what, while reads are audited. */
  get reads(): ReadTable {
    return sqliteReadTable(this.#readerDb, (work) => this.write(({ db }) => work(db)));
  }

  /** Who the log is, the tree over it, and what it has signed. */
  get tree(): LogTree {
    const write = <T>(work: (db: Database.Database) => T) => this.write(({ db }) => work(db));
    return sqliteLogTree(this.#readerDb, write, nextTurn);
  }

  get isReadOnly(): boolean {
    return this.#options.readOnly;
  }

  /** The connection for reading read models; it sees what is committed. */
  get readerDb(): Database.Database {
    return this.#readerDb;
  }

  async head(): Promise<Head> {
    return this.#reader.head();
  }

  newestAt(): number {
    // Only who reads beside a writer has to look each time.
    if (this.#keeper === undefined) return this.#reader.head().recordedAt;
    this.#headFound ??= this.#reader.head();
    return (this.#keeper.head ?? this.#headFound).recordedAt;
  }

  knowsChanges(): boolean {
    const isLost = this.#displacement !== undefined || this.#misplaced !== undefined;
    return this.#writer !== undefined && !isLost;
  }

  onChange(tell: (applied: readonly AppliedEvent[] | undefined) => void): void {
    this.#tellChange = tell;
  }

  async placeAt(stream: string, point: StreamPoint): Promise<EventPlace | undefined> {
    return this.snapshot(({ log }) =>
      lastAtOrBefore(log.newestVersion(stream), (version) => log.place(stream, version), point),
    );
  }

  async stateAt(stream: string, version: number): Promise<ResourceState | undefined> {
    return this.snapshot((reader) => this.#stateTo(reader, stream, version));
  }

  async foldedAt(stream: string, version: number): Promise<BlamedState | undefined> {
    return this.snapshot((reader) => this.#foldTo(reader, stream, version));
  }

  async statesAt(
    streams: readonly string[],
    point: StreamPoint,
  ): Promise<readonly ResourceState[]> {
    return this.snapshot((reader) =>
      streams.flatMap((stream) => this.#newestBy(reader, stream, point)),
    );
  }

  /** The state after the event of that version: the nearest one that was saved, and what came after. */
  #stateTo(reader: SnapshotReader, stream: string, version: number): ResourceState | undefined {
    const saved = reader.projection.loadSnapshot(stream, version)?.state;
    let state = saved;
    for (const row of this.#rowsAfter(reader, saved, stream, version))
      state = evolveRow(state, row);
    return state;
  }

  /** The same, with which events set what its document has. */
  #foldTo(reader: SnapshotReader, stream: string, version: number): BlamedState | undefined {
    const saved = reader.projection.loadSnapshot(stream, version);
    let folded = saved;
    for (const row of this.#rowsAfter(reader, saved?.state, stream, version)) {
      folded = foldRow(folded, row);
    }
    return folded;
  }

  /** What of a stream is folded after a state that was saved. @throws TAMPERED */
  *#rowsAfter(
    { log }: SnapshotReader,
    saved: ResourceState | undefined,
    stream: string,
    version: number,
  ): Iterable<FoldedContent> {
    const from = (saved?.version ?? 0) + 1;
    for (const row of log.contents(stream, from, version)) yield this.integrity.genuineBody(row);
  }

  /** The state at a point, as a list of one or none; what has not changed since is not folded. */
  #newestBy(reader: SnapshotReader, stream: string, point: StreamPoint): ResourceState[] {
    const { log, projection } = reader;
    const current = projection.loadState(stream)?.state;
    const newest = current?.version ?? 0;
    const place = lastAtOrBefore(newest, (version) => log.place(stream, version), point);
    if (place === undefined) return [];
    const isNewest = place.version === newest;
    const state = isNewest ? current : this.#stateTo(reader, stream, place.version);
    return state === undefined ? [] : [state];
  }

  async readStream(
    stream: string,
    page: StreamPage,
  ): Promise<readonly (LoggedEvent | UnreadableEvent)[]> {
    return Array.from(this.#reader.streamEvents(stream, page), ({ row, previousHash }) =>
      toLogged(this.integrity.genuineAfter(previousHash, row), previousHash),
    );
  }

  async readLog(after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.integrity.genuineAfterPosition(after, this.#reader.logAfter(after, limit));
  }

  async nextOf(namespace: string, after: number): Promise<number | undefined> {
    return this.#reader.nextOf(namespace, after);
  }

  async answeredKeys(from: number, to: number): Promise<readonly IdempotencyRow[]> {
    return this.#reader.answeredKeys(from, to);
  }

  async find(filter: EventFilter, page: FoundPage): Promise<FoundEvents> {
    return this.snapshot(({ log }) => {
      const { rows, isCut } = cutAt(log.find(filter, page), page.bytesMax);
      const events = rows.map((row) => read(this.integrity.genuine(row)));
      return { events, isCut, total: log.count(filter) };
    });
  }

  async countByTime(filter: TimeFilter): Promise<readonly CountedEvents[]> {
    return this.#reader.countByTime(filter);
  }

  async secret(reference: string): Promise<SealedSecret | undefined> {
    return this.#reader.secret(reference);
  }

  async health(): Promise<Health> {
    const { durability, readOnly } = this.#options;
    const disk = checkDisk(this.#room, this.#isFull);
    const checks = [this.#checkWriter(), disk, this.integrity.check()];
    if (readOnly || this.#keeper === undefined) return healthOf(durability, checks, this.#sizes());
    const all = [...checks, this.#checkFiles(), this.#keeper.check()];
    return healthOf(durability, all, this.#sizes());
  }

  #sizes(): StorageSizes {
    const { file } = this.#options;
    const bytesOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const walBytes = bytesOf(`${file}-wal`);
    return { databaseBytes: bytesOf(file), walBytes, freeBytes: this.#room.freeBytes ?? 0 };
  }

  #checkWriter(): HealthCheck {
    if (this.#isClosed) return fails("writer", "closed");
    if (this.#displacement !== undefined) return fails("writer", this.#displacement.message);
    if (this.#fault !== undefined) return fails("writer", `recovering: ${this.#fault.message}`);
    return passes("writer", this.#options.readOnly ? "open for reading only" : "takes writes");
  }

  #checkFiles(): HealthCheck {
    this.#misplaced ??= this.#files?.findFault();
    return this.#misplaced === undefined
      ? passes("files", "all are where they were opened")
      : fails(
          "files",
          `${this.#misplaced}: no write is taken; POST /v1/admin/rescue saves what is still open`,
        );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#recovery);
    clearInterval(this.#upkeep);
    try {
      this.#readerDb.close();
      if (this.#files?.findFault() === undefined) {
        if (this.#writer !== undefined) this.#onClose?.(this.#writer.db);
        await this.settle();
      }
    } finally {
      this.#closeWriter();
      this.#owner?.release();
    }
  }
}

/** The epoch in the file is older than the one that was begun there. */
class EpochLost extends Error {
  constructor(begun: number, found: number) {
    super(`the file is owned in epoch ${found}, and ${begun} was begun`);
  }
}

/**
 * Makes the file ours, and gives a log that has no identity one. In a transaction that is committed by
 * a statement of its own: better-sqlite3 says nothing of a commit that fails behind a statement that
 * has returned a row, as `UPDATE … RETURNING` does outside of one.
 */
function beginEpoch(
  db: Database.Database,
  log: LogWriter,
  { logId, now }: { readonly logId: string; readonly now: number },
): number {
  const begun = db.transaction(() => {
    beginLog(db, logId, now);
    return log.beginEpoch();
  });
  const epoch = begun.immediate();
  if (log.epoch() !== epoch) throw new EpochLost(epoch, log.epoch());
  return epoch;
}

/** @returns false when not even that could be done: the connection cannot be relied on any more. */
function rollBack(db: Database.Database): boolean {
  try {
    if (db.inTransaction) db.exec("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

/** Whether a log that cannot be read is whole is for verify to tell, which names what is damaged. */
function readableTruncation(db: Database.Database, known: KnownHead): Truncation | undefined {
  try {
    return truncationOf(db, known);
  } catch (error) {
    if (isDamaged(error)) return undefined;
    throw error;
  }
}

/** @throws LOG_TRUNCATED */
function assertAccepted(
  { file, acceptTruncation }: SqliteEngineOptions,
  truncation: Truncation | undefined,
): void {
  if (truncation !== undefined && acceptTruncation !== true) throw truncated(file, truncation);
}

/** Before a lock is made beside it. */
function assertNoFolder(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  throw new BucketsError(
    "FILE_INVALID",
    `${file} cannot be opened: it is a folder. Name a file in it.`,
    { file },
  );
}

function openMigratedReader(
  options: SqliteEngineOptions,
  known: KnownHead | undefined,
): Database.Database {
  const { file } = options;
  const db = openReader(file);
  try {
    assertMigrated(db, file);
    if (known !== undefined) assertAccepted(options, readableTruncation(db, known));
    waitForNobody(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
