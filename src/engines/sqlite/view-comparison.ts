/**
 * Comparing two views row by row, in slices by key: they may be large, and nothing is held open between two
 * slices, so that others can write in between.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import { type Table, viewTables } from "../../projections/projections.js";

/** Where the tables of a view are. */
export interface Side {
  readonly db: Database.Database;
  /** Behind the name of each. */
  readonly suffix: string;
}

const Key = z.array(z.union([z.string(), z.number()]));
type Key = z.infer<typeof Key>;

interface Pair {
  readonly key: Key;
  /** That the row is made from. */
  readonly stream: string;
  readonly row: unknown;
  /** The row of the same key on the other side. */
  readonly other: unknown;
}

/** A row that is not the same on both sides, or is there on one alone. */
export interface Difference {
  readonly table: Table;
  readonly key: Key;
  readonly stream: string;
}

/** Goes through all tables of a view that was folded anew, and through those of the live one. */
export class ViewComparison {
  #table = 0;
  #isWayBack = false;
  #after: Key | undefined;
  #rows = 0;

  /** Of the folded view, so far. */
  get rows(): number {
    return this.#rows;
  }

  get isDone(): boolean {
    return this.#table === viewTables.length;
  }

  /** The next so many rows, as both sides are now; @returns those that differ. */
  next(folded: Side, live: Side, limit: number): readonly Difference[] {
    const table = viewTables[this.#table];
    invariant(table !== undefined, "all tables are compared");
    return this.#isWayBack
      ? this.#extra(table, live, folded, limit)
      : this.#different(table, folded, live, limit);
  }

  #different(table: Table, folded: Side, live: Side, limit: number): readonly Difference[] {
    const pairs = pairsAfter(table, folded, live, this.#after, limit);
    this.#rows += pairs.length;
    this.#goOn(pairs, limit);
    return pairs
      .filter(({ row, other }) => JSON.stringify(row) !== JSON.stringify(other))
      .map(({ key, stream }) => ({ table, key, stream }));
  }

  /** Rows that no event made; the others were compared on the way there. */
  #extra(table: Table, live: Side, folded: Side, limit: number): readonly Difference[] {
    const pairs = pairsAfter(table, live, folded, this.#after, limit);
    this.#goOn(pairs, limit);
    return pairs
      .filter(({ other }) => other === undefined)
      .map(({ key, stream }) => ({ table, key, stream }));
  }

  #goOn(pairs: readonly Pair[], limit: number): void {
    this.#after = pairs.at(-1)?.key;
    if (pairs.length === limit) return;
    this.#after = undefined;
    if (this.#isWayBack) this.#table += 1;
    this.#isWayBack = !this.#isWayBack;
  }
}

function pairsAfter(
  { name, key, stream }: Table,
  from: Side,
  to: Side,
  after: Key | undefined,
  limit: number,
): readonly Pair[] {
  const keys = key.join(", ");
  const places = key.map(() => "?").join(", ");
  const rest = after === undefined ? "" : `WHERE (${keys}) > (${places})`;
  const rows = from.db.prepare(
    `SELECT * FROM ${name}${from.suffix} ${rest} ORDER BY ${keys} LIMIT ${limit}`,
  );
  const find = to.db.prepare(`SELECT * FROM ${name}${to.suffix} WHERE (${keys}) = (${places})`);
  return rows.all(...(after ?? [])).map((row) => {
    const found = Row.parse(row);
    const ofRow = Key.parse(key.map((column) => found[column]));
    return { key: ofRow, stream: String(found[stream]), row, other: find.get(...ofRow) };
  });
}

const Row = z.record(z.string(), z.unknown());
