/**
 * The view that a log is folded into anew. A row is there from the first event of its stream on, so that rows
 * lie in the order in which a store makes them; what later events make of it is written once, when others
 * need the room, or somebody is to read it.
 */
import type Database from "better-sqlite3";
import { answered } from "../../domain/asking.js";
import { measureOf } from "../../domain/measure.js";
import type { Fault } from "../../domain/reports.js";
import { type AppliedEvent, type BlamedState, streamOf } from "../../domain/resource.js";
import { problemOf } from "../../eventstore/codec.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import { type CountsNeeded, counting, type KnownCounts } from "../../projections/counting.js";
import { type Apply, projections, states, type Write } from "../../projections/projections.js";
import { rowWriter } from "./rows.js";
import { StateTables } from "./state-tables.js";
import { StatsTable } from "./stats-table.js";

/** How many states are kept in memory, of how many bytes together. */
interface Bounds {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

const usual: Bounds = { rowsMax: 20_000, bytesMax: 16 * 1024 * 1024 };

/** The states that were folded last, of which some have an older row. */
export class RecentRows {
  /** By their streams, in the order in which those came. */
  readonly #rows = new Map<string, { readonly folded: BlamedState; readonly bytes: number }>();
  readonly #unwritten = new Set<string>();
  readonly #bounds: Bounds;
  #bytes = 0;

  constructor(bounds = usual) {
    this.#bounds = bounds;
  }

  get #isFull(): boolean {
    return this.#bytes > this.#bounds.bytesMax || this.#rows.size > this.#bounds.rowsMax;
  }

  get(stream: string): BlamedState | undefined {
    return this.#rows.get(stream)?.folded;
  }

  /** Takes over what an event left. @returns what is to be written now: what is new, or makes room. */
  update({ recorded: { stream }, before, after, blame }: AppliedEvent): readonly BlamedState[] {
    const folded = { state: after, blame };
    const { roughBytes: bytes } = measureOf(after);
    this.#bytes += bytes - (this.#rows.get(stream)?.bytes ?? 0);
    this.#rows.set(stream, { folded, bytes });
    if (before === undefined) return [folded, ...this.#makeRoom()];
    this.#unwritten.add(stream);
    return this.#makeRoom();
  }

  /** What of the stream is to be written, as a list of one or none: from then on it is. */
  take(stream: string): readonly BlamedState[] {
    const row = this.#rows.get(stream);
    return this.#unwritten.delete(stream) && row !== undefined ? [row.folded] : [];
  }

  /** The same of any so many streams. */
  takeSome(count: number): readonly BlamedState[] {
    return [...this.#unwritten.keys().take(count)].flatMap((stream) => this.take(stream));
  }

  #makeRoom(): readonly BlamedState[] {
    if (!this.#isFull) return [];
    const dropped: BlamedState[] = [];
    for (const [stream, { bytes }] of this.#rows) {
      if (!this.#isFull) break;
      dropped.push(...this.take(stream));
      this.#rows.delete(stream);
      this.#bytes -= bytes;
    }
    return dropped;
  }
}

export class FoldedView implements Pick<InlineProjection, "loadState" | "apply"> {
  /** Of streams whose state no row can have. */
  readonly faults: Fault[] = [];
  readonly #rows: RecentRows;
  readonly #states: StateTables;
  readonly #stats: StatsTable;
  readonly #write: Write<BlamedState>;
  readonly #others: readonly Apply[];

  /** @param rows of the connection before, whose tables this one has. */
  constructor(db: Database.Database, suffix = "", rows = new RecentRows()) {
    this.#rows = rows;
    this.#states = new StateTables(db, suffix);
    this.#stats = new StatsTable(db, suffix);
    this.#write = rowWriter(db, states, suffix);
    this.#others = projections
      .filter((one) => one !== states)
      .map((one) => one.into((projection) => rowWriter(db, projection, suffix)));
  }

  loadState(stream: string): BlamedState | undefined {
    return this.#rows.get(stream) ?? this.#states.load(stream);
  }

  apply(events: readonly AppliedEvent[]): void {
    const counted = answered(counting(events), (needed) => this.#known(needed));
    for (const apply of this.#others) apply(events, counted);
    for (const event of events) this.#put(this.#rows.update(event));
  }

  /** Writes so many of the rows that are not written yet. @returns whether all are. */
  settle(count = Number.POSITIVE_INFINITY): boolean {
    const rows = this.#rows.takeSome(count);
    this.#put(rows);
    return rows.length < count;
  }

  /** Statistics are counted from rows of buckets and objects: those that it looks at are written first. */
  #known(needed: CountsNeeded): KnownCounts {
    for (const bucketId of needed.existing) this.#put(this.#rows.take(bucketId));
    if (needed.extremes.size > 0) this.settle();
    return this.#stats.known(needed);
  }

  #put(rows: readonly BlamedState[]): void {
    for (const row of rows) {
      try {
        this.#write({ row });
      } catch (error) {
        const problem = `the state of ${streamOf(row.state)} cannot be kept: ${problemOf(error)}`;
        this.faults.push({ position: row.state.position, problem });
      }
    }
  }
}
