/**
 * What lists ask of every row, at hand: parts of the states, the texts that are searched, and the rows in
 * order. To take them out of the JSON of a hundred thousand rows costs a hundred times what the question
 * does. They are read once for a list that is asked again, and follow the log: before each answer, the
 * rows of the streams that have events since are read anew. No write pays for them
 * (see `../kept-rows.md`).
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import { comparePositions, type ListPosition, type Sort } from "../../domain/filter/order.js";
import type { JsonValue } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { roughBytesOf } from "../../domain/measure.js";

/** What is asked of each row. */
export interface Column {
  /** Columns of the same name are the same. */
  readonly name: string;
  /** SQL for what is read of the row, and what is bound to it. */
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
  /** What is kept of that. */
  readonly read: (value: unknown) => JsonValue | undefined;
}

/** Rows of one table that lists are about, such as the buckets of a namespace. */
export interface RowScope {
  readonly table: string;
  readonly id: string;
  readonly where: { readonly sql: string; readonly values: readonly (string | number | null)[] };
}

type Cell = JsonValue | undefined;

/** A row at its place in an order; as it was read, in that of the moments and ids. */
export interface KeptRow extends ListPosition {
  /** By the columns; shared by the same row in every order. */
  readonly cells: Cell[];
}

const ChangedRow = z.object({ stream: z.string(), bucketId: z.string() });
const integer = z.number();

/** What each takes, about, whatever is in it; a row with its id, its moment and its place among the others. */
const scopeBytes = 8 * 1024;
const columnBytes = 1024;
const rowBytes = 180;
const placeBytes = 60;
const cellBytes = 16;
/** Of a cell in the order of the rows. */
const placeOfCellBytes = 8;
/** Of what was asked for once, or is too large: more are forgotten together. */
const notedMax = 1_000;
/** Behind more events all is read anew: to look at each would take as long. */
const eventsBehindMax = 50_000;
/** So are lists of which more than one row in ten has changed, and more than so many. */
const changedMin = 1_000;
/** So many rows are moved within an order one by one; more of them together. */
const movedByOneMax = 16;

/** The rows that lists of one connection keep, those that were asked for last. */
export class KeptLists {
  readonly #db: Database.Database;
  readonly #bytesMax: number;
  /** By what they are of; the first is the one that was asked for the longest ago. */
  readonly #kept = new Map<string, KeptRows>();
  readonly #askedOnce = new Set<string>();
  /** What turned out to be too large, and is not tried again. */
  readonly #tooLarge = new Set<string>();
  readonly #head: Database.Statement;
  readonly #schema: Database.Statement;
  readonly #changed: Database.Statement;

  constructor(db: Database.Database, bytesMax: number = limits.keptRowsBytesMax) {
    this.#db = db;
    this.#bytesMax = bytesMax;
    this.#head = db.prepare("SELECT position FROM head").pluck();
    this.#schema = db.prepare("PRAGMA schema_version").pluck();
    this.#changed = db.prepare(
      "SELECT stream, bucket_id AS bucketId FROM events WHERE position > ?",
    );
  }

  /**
   * The rows with these columns as they are now; call it in the transaction that answers.
   * @returns undefined where they are not kept: asked for the first time, or too large.
   */
  of(scope: RowScope, columns: readonly Column[]): KeptRows | undefined {
    const name = JSON.stringify([scope.table, scope.where]);
    const names = columns.map((column) => `${name} ${column.name}`);
    if (names.some((one) => this.#tooLarge.has(one))) return undefined;
    const kept = this.#current(name);
    const isKept = kept !== undefined && columns.every((column) => kept.has(column));
    if (isKept) return kept;
    const asked = `${name} ${names.join()}`;
    if (!this.#askedOnce.has(asked)) {
      note(this.#askedOnce, asked);
      return undefined;
    }
    return this.#read(name, kept ?? this.#begun(scope), columns);
  }

  /** What is kept of the scope, brought up to the newest event. */
  #current(name: string): KeptRows | undefined {
    const kept = this.#kept.get(name);
    if (kept === undefined) return undefined;
    this.#kept.delete(name);
    // A rebuild puts other tables in the place of those that were read.
    if (!kept.follow(this.#position(), this.#schemaVersion())) {
      this.#forget(name);
      return undefined;
    }
    this.#kept.set(name, kept);
    this.#makeRoom(name);
    return this.#kept.get(name);
  }

  #begun(scope: RowScope): KeptRows {
    const read = { position: this.#position(), schemaVersion: this.#schemaVersion() };
    return new KeptRows({ db: this.#db, changed: this.#changed, scope, ...read });
  }

  #read(name: string, kept: KeptRows, columns: readonly Column[]): KeptRows | undefined {
    // Only what was read to its end is kept.
    this.#kept.delete(name);
    const tooLarge = kept.add(columns, this.#bytesMax);
    if (tooLarge !== undefined) {
      note(this.#tooLarge, `${name} ${tooLarge.name}`);
      return undefined;
    }
    this.#kept.set(name, kept);
    this.#makeRoom(name);
    return this.#kept.get(name);
  }

  /** Those that were asked for the longest ago go, and the named one last of all. */
  #makeRoom(name: string): void {
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += kept.bytes;
    for (const [other, kept] of this.#kept) {
      if (bytes <= this.#bytesMax) return;
      if (other === name && this.#kept.size > 1) continue;
      this.#forget(other);
      bytes -= kept.bytes;
    }
  }

  /** As if it had never been asked for: what goes again and again is not read each time for one answer. */
  #forget(name: string): void {
    this.#kept.delete(name);
    for (const asked of this.#askedOnce) if (asked.startsWith(name)) this.#askedOnce.delete(asked);
  }

  #position(): number {
    return integer.parse(this.#head.get());
  }

  #schemaVersion(): number {
    return integer.parse(this.#schema.get());
  }
}

function note(noted: Set<string>, name: string): void {
  if (noted.size >= notedMax) noted.clear();
  noted.add(name);
}

interface KeptRowsParts {
  readonly db: Database.Database;
  /** What reads the streams that have events behind a position, with their buckets. */
  readonly changed: Database.Statement;
  readonly scope: RowScope;
  /** Of the newest event as they are read. */
  readonly position: number;
  readonly schemaVersion: number;
}

/** How rows are in order: by what a column has, or the newest first. */
export interface RowOrder {
  readonly column: Column;
  readonly direction: Sort["direction"];
}

/** The rows of one scope, with what is asked of each. */
export class KeptRows {
  readonly #parts: KeptRowsParts;
  #position: number;
  readonly #columns: Column[] = [];
  readonly #rows = new Map<string, KeptRow>();
  /** By their names; the one without a column is that in which the rows were read. */
  readonly #orders = new Map<string, OrderedRows>();
  #cellsBytes = 0;

  constructor(parts: KeptRowsParts) {
    this.#parts = parts;
    this.#position = parts.position;
  }

  /** About as many as it takes. */
  get bytes(): number {
    let ofEachRow = rowBytes;
    for (const { columnCount } of this.#orders.values()) {
      ofEachRow += placeBytes + columnCount * placeOfCellBytes;
    }
    const ofColumns = this.#columns.length * columnBytes;
    return scopeBytes + ofColumns + this.#rows.size * ofEachRow + this.#cellsBytes;
  }

  has(column: Column): boolean {
    return this.#indexOf(column) !== -1;
  }

  /** What a column has, of a row. */
  cellOf(column: Column): (row: KeptRow) => Cell {
    const index = this.#indexOf(column);
    return (row) => row.cells[index];
  }

  /** What a column has of all rows, in an order of them. */
  cellsIn(ordered: OrderedRows, column: Column): readonly Cell[] {
    return ordered.cells(this.#indexOf(column));
  }

  /** All of them in an order, those without a key last. */
  ordered(order: RowOrder | undefined): OrderedRows {
    const name = order === undefined ? "" : `${order.direction} ${order.column.name}`;
    const known = this.#orders.get(name);
    if (known !== undefined) return known;
    const newestFirst = this.#orders.get("")?.rows ?? [];
    const made = OrderedRows.of(newestFirst, order?.direction, this.#keyOf(order));
    this.#orders.set(name, made);
    return made;
  }

  /**
   * Reads those of the columns that it lacks, of all rows.
   * @returns the largest of them where there would be more bytes than that: then it is good for nothing.
   */
  add(columns: readonly Column[], bytesMax: number): Column | undefined {
    const isFirst = this.#columns.length === 0;
    const begin = this.#columns.length;
    for (const column of columns) if (!this.has(column)) this.#columns.push(column);
    const added = this.#columns.slice(begin);
    const bytes = added.map(() => 0);
    const found: KeptRow[] = [];
    for (const raw of this.#readingAll(added)) {
      const { id, createdAt, values } = readRow(raw);
      const row = isFirst ? this.#begun(id, createdAt) : this.#rows.get(id);
      invariant(row !== undefined, "rows are read in one transaction");
      if (isFirst) found.push(row);
      for (const [index, { read }] of added.entries()) {
        const cell = read(values[index]);
        row.cells[begin + index] = cell;
        bytes[index] = (bytes[index] ?? 0) + bytesOf(cell);
        this.#cellsBytes += bytesOf(cell);
      }
      if (this.bytes > bytesMax) return added[bytes.indexOf(Math.max(...bytes))];
    }
    if (isFirst) this.#orders.set("", OrderedRows.of(found, undefined, noKey));
    return undefined;
  }

  /**
   * Reads the rows anew that have events since.
   * @returns false where all has to be.
   */
  follow(position: number, schemaVersion: number): boolean {
    const behind = position - this.#position;
    const isSame = schemaVersion === this.#parts.schemaVersion;
    if (!isSame || behind < 0 || behind > eventsBehindMax) return false;
    if (behind === 0) return true;
    const changed = this.#changedSince();
    if (changed.size > Math.max(changedMin, this.#rows.size / 10)) return false;
    this.#replace(changed);
    this.#position = position;
    return true;
  }

  #changedSince(): ReadonlySet<string> {
    const changed = new Set<string>();
    // What happens in a bucket moves what its own row is asked for, such as its statistics.
    for (const raw of this.#parts.changed.iterate(this.#position)) {
      const { stream, bucketId } = ChangedRow.parse(raw);
      changed.add(stream).add(bucketId);
    }
    return changed;
  }

  #indexOf({ name }: Column): number {
    return this.#columns.findIndex((known) => known.name === name);
  }

  #keyOf(order: RowOrder | undefined): (row: KeptRow) => string | undefined {
    if (order === undefined) return noKey;
    const cell = this.cellOf(order.column);
    return (row) => {
      const key = cell(row);
      return typeof key === "string" ? key : undefined;
    };
  }

  #begun(id: string, createdAt: string): KeptRow {
    const row = { id, createdAt, cells: [] };
    this.#rows.set(id, row);
    return row;
  }

  #readingAll(columns: readonly Column[]): Iterable<unknown> {
    const { db, scope } = this.#parts;
    const { table, id, where } = scope;
    const reading = db.prepare(
      `SELECT ${id}, created_at${sqlOf(columns)} FROM ${table}
       WHERE ${where.sql} ORDER BY created_at DESC, ${id}`,
    );
    return reading.raw().iterate(...valuesOf(columns), ...where.values);
  }

  /** What reads one row with all its columns. */
  #reading(): (stream: string) => unknown {
    const { db, scope } = this.#parts;
    const { table, id, where } = scope;
    const columns = sqlOf(this.#columns);
    const one = db
      .prepare(`SELECT ${id}, created_at${columns} FROM ${table} WHERE ${id} = ? AND ${where.sql}`)
      .raw();
    const before = valuesOf(this.#columns);
    return (stream) => one.get(...before, stream, ...where.values);
  }

  #replace(streams: ReadonlySet<string>): void {
    const reading = this.#reading();
    const gone: KeptRow[] = [];
    const come: KeptRow[] = [];
    for (const stream of streams) {
      const before = this.#rows.get(stream);
      if (before !== undefined) gone.push(this.#forgotten(before));
      const raw = reading(stream);
      if (raw !== undefined) come.push(this.#read(raw));
    }
    for (const order of this.#orders.values()) order.replace(gone, come);
  }

  #forgotten(row: KeptRow): KeptRow {
    this.#rows.delete(row.id);
    for (const cell of row.cells) this.#cellsBytes -= bytesOf(cell);
    return row;
  }

  #read(raw: unknown): KeptRow {
    const { id, createdAt, values } = readRow(raw);
    const row = this.#begun(id, createdAt);
    for (const [index, { read }] of this.#columns.entries()) {
      row.cells[index] = read(values[index]);
      this.#cellsBytes += bytesOf(row.cells[index]);
    }
    return row;
  }
}

const noKey = () => undefined;

function sqlOf(columns: readonly Column[]): string {
  return columns.map(({ sql }) => `, ${sql}`).join("");
}

function valuesOf(columns: readonly Column[]) {
  return columns.flatMap(({ values }) => values);
}

/** By hand: there are very many, and to check each as others are checked takes as long as to read it. */
function readRow(raw: unknown) {
  invariant(Array.isArray(raw), "a raw row is an array");
  const [id, createdAt, ...values]: readonly unknown[] = raw;
  invariant(typeof id === "string" && typeof createdAt === "string", "a row has id and moment");
  return { id, createdAt, values };
}

function bytesOf(cell: Cell): number {
  return cellBytes + (cell === undefined ? 0 : roughBytesOf(cell));
}

/** Rows in the order of `comparePositions`. */
export class OrderedRows {
  #rows: KeptRow[];
  /** What was asked of them, in their order: to look it up in each row takes as long again as to test it. */
  readonly #cells = new Map<number, Cell[]>();
  readonly #direction: Sort["direction"] | undefined;
  readonly #keyOf: (row: KeptRow) => string | undefined;

  private constructor(
    rows: readonly KeptRow[],
    direction: Sort["direction"] | undefined,
    keyOf: (row: KeptRow) => string | undefined,
  ) {
    this.#direction = direction;
    this.#keyOf = keyOf;
    this.#rows = rows.map((row) => this.#placed(row));
  }

  /**
   * @param rows in the order of their moments and ids.
   * @param keyOf what is sorted by, undefined for a row that has none.
   */
  static of(
    rows: readonly KeptRow[],
    direction: Sort["direction"] | undefined,
    keyOf: (row: KeptRow) => string | undefined,
  ): OrderedRows {
    const ordered = new OrderedRows(rows, direction, keyOf);
    if (direction !== undefined) ordered.#sort();
    return ordered;
  }

  get rows(): readonly KeptRow[] {
    return this.#rows;
  }

  /** The cells of all rows, by the index of their column, and at the indexes of the rows. */
  cells(column: number): readonly Cell[] {
    const known = this.#cells.get(column);
    if (known !== undefined) return known;
    const made = this.#rows.map((row) => row.cells[column]);
    this.#cells.set(column, made);
    return made;
  }

  /** How many columns were asked for. */
  get columnCount(): number {
    return this.#cells.size;
  }

  /** How many of these rows, which are in this order, are not behind the place. */
  upTo(rows: readonly KeptRow[], place: ListPosition): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = rows[middle];
      if (row !== undefined && this.#compare(row, place) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param gone those of its rows that are not there, or not as they were, any more. */
  replace(gone: readonly KeptRow[], come: readonly KeptRow[]): void {
    const coming = come.map((row) => this.#placed(row));
    if (gone.length + come.length > movedByOneMax) {
      const ids = new Set(gone.map(({ id }) => id));
      this.#rows = [...this.#rows.filter(({ id }) => !ids.has(id)), ...coming];
      this.#sort();
      this.#cells.clear();
      return;
    }
    for (const row of gone) this.#takeOut(this.upTo(this.#rows, this.#placed(row)) - 1);
    for (const row of coming) this.#putIn(this.upTo(this.#rows, row), row);
  }

  #takeOut(index: number): void {
    this.#rows.splice(index, 1);
    for (const cells of this.#cells.values()) cells.splice(index, 1);
  }

  #putIn(index: number, row: KeptRow): void {
    this.#rows.splice(index, 0, row);
    for (const [column, cells] of this.#cells) cells.splice(index, 0, row.cells[column]);
  }

  #sort(): void {
    this.#rows.sort((a, b) => this.#compare(a, b));
  }

  #placed(row: KeptRow): KeptRow {
    if (this.#direction === undefined) return row;
    const { createdAt, id, cells } = row;
    return { sortKey: this.#keyOf(row), createdAt, id, cells };
  }

  #compare(a: ListPosition, b: ListPosition): number {
    return comparePositions(a, b, this.#direction);
  }
}
