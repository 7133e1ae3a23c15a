/**
 * Lists in SQL. SQLite walks the rows, takes the fields out of their JSON, sorts, counts and pages;
 * whether a value matches, and what it sorts by, it asks the one predicate and the one order of the
 * domain through a function, so that the answer is theirs by construction. No text of a caller is
 * ever a part of a statement: values, patterns and JSON paths are bound.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import {
  type Condition,
  compileCondition,
  compileFilterOn,
  type Filter,
  fieldsOf,
} from "../../domain/filter/condition.js";
import { type ListPosition, type Sort, sortKeyOf } from "../../domain/filter/order.js";
import type { Criteria } from "../../domain/filter/parse.js";
import {
  compileSearch,
  compileSearchOfPrepared,
  preparedTexts,
  type Search,
  textsIn,
} from "../../domain/filter/search.js";
import type { JsonValue } from "../../domain/json.js";
import type { Listing, PageQuery } from "../../domain/listing.js";
import { type Pointer, valueAt } from "../../domain/pointer.js";
import type { Column, KeptLists, KeptRows, OrderedRows, RowOrder } from "./kept-rows.js";

/** A table whose rows are listed. */
export interface ListedTable<Row> {
  readonly name: string;
  /** The column of the id, by which rows of one moment are ordered. */
  readonly id: string;
  /** SQL for what a row has beside its state, as JSON. */
  readonly extra: string;
  readonly parse: (state: string, extra: string | null) => Row;
}

/** The part of a state that is enough for a field, and the value of the field made from it. */
export interface Source {
  readonly keys: Pointer;
  readonly render: (part: JsonValue | undefined) => JsonValue | undefined;
  /** Whether the value is another one at another time. */
  readonly isOfMoment?: true;
}

export interface TableQuery<Row> extends PageQuery {
  /** The rows that the list is of, such as those of a namespace. */
  readonly scope: Fragment;
  readonly criteria: Criteria | undefined;
  readonly listing: Listing<Row>;
  /** How many rows the list has, where that is kept; they are counted otherwise. */
  readonly counted?: () => number;
  /** Undefined for a field that only the whole row tells. */
  readonly sourceOf: (path: Pointer) => Source | undefined;
  /** What is added up of everything that is counted, if anything is. */
  readonly summed?: Column;
}

export interface TablePage<Row> {
  readonly rows: readonly Row[];
  /** Whether it ends before its limit, because of its size. */
  readonly isCut: boolean;
  readonly totalCount: number;
  /** Everything that was counted, for adding up. */
  readonly all: CountedRows;
}

/** What selects rows, or, where that is at hand, what the column that is added up has of each. */
type CountedRows =
  | { readonly kind: "selected"; readonly by: () => Fragment }
  | { readonly kind: "at_hand"; readonly cells: Cells };

type SqlValue = string | number | null;

/** Answers SQLite about one row: it is given JSON texts, or null where a path leads nowhere. */
type RowFunction = (...texts: unknown[]) => SqlValue;

/** A piece of SQL and what is bound to it. */
export interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const PageRow = z.object({ state: z.string(), extra: z.string().nullable() });
const count = z.number();
/** Those that are not of the page have a sign. */
const rowIds = z.array(z.number());

/** Where SQLite asks the domain, of one connection: one list is read at a time. */
export class ListFunctions {
  /** Of the list that is being read; a statement names them by their index. */
  #functions: RowFunction[] = [];

  constructor(db: Database.Database) {
    db.function(
      "list_function",
      { deterministic: true, directOnly: true, varargs: true },
      (index: unknown, ...texts: unknown[]) => this.#functions[Number(index)]?.(...texts) ?? null,
    );
  }

  begin(): void {
    this.#functions = [];
  }

  /** Whether the list has any so far. */
  get areAsked(): boolean {
    return this.#functions.length > 0;
  }

  add(rowFunction: RowFunction): number {
    this.#functions.push(rowFunction);
    return this.#functions.length - 1;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Of the statements of one list: there is another for each form of its criteria. */
const statementsMax = 100;

/** What the lists of one connection have in common. */
export interface ListParts {
  readonly db: Database.Database;
  readonly functions: ListFunctions;
  readonly kept: KeptLists;
}

export class TableList<Row> {
  readonly #db: Database.Database;
  readonly #functions: ListFunctions;
  readonly #kept: KeptLists;
  readonly #table: ListedTable<Row>;
  readonly #statements = new Map<string, Database.Statement>();

  constructor({ db, functions, kept }: ListParts, table: ListedTable<Row>) {
    this.#db = db;
    this.#functions = functions;
    this.#kept = kept;
    this.#table = table;
  }

  /** Call it in a transaction: its statements are about the same rows. */
  page(query: TableQuery<Row>): TablePage<Row> {
    const atHand = this.#pageAtHand(query);
    if (atHand !== undefined) return atHand;
    this.#functions.begin();
    const wanted = this.#where(query);
    // What the domain is asked about each row costs more than all else: it is asked once.
    return this.#functions.areAsked
      ? this.#pageOfFound(query, wanted)
      : this.#pageOfAll(query, wanted);
  }

  /** From what is kept of the rows, with the same predicate and order; undefined where it is not. */
  #pageAtHand(query: TableQuery<Row>): TablePage<Row> | undefined {
    const { limit, offset, after, scope, summed } = query;
    const asked = askedOf(query);
    if (asked === undefined) return undefined;
    const { name: table, id } = this.#table;
    const columns = [...asked.columns, ...(summed === undefined ? [] : [summed])];
    const kept = this.#kept.of({ table, id, where: scope }, columns);
    if (kept === undefined) return undefined;
    const ordered = kept.ordered(asked.order);
    const isWanted = asked.isWanted(kept, ordered);
    const found =
      isWanted === undefined ? ordered.rows : ordered.rows.filter((_, at) => isWanted(at));
    const begin = after === undefined ? offset : ordered.upTo(found, after);
    const ids = found.slice(begin, begin + limit).map((row) => row.id);
    const { rows, isCut } = this.#fitting(this.#byColumn(id, ids), query);
    return {
      rows,
      isCut,
      totalCount: found.length,
      all: { kind: "at_hand", cells: summed === undefined ? [] : found.map(kept.cellOf(summed)) },
    };
  }

  #pageOfAll(query: TableQuery<Row>, wanted: Fragment): TablePage<Row> {
    const { limit, offset, after } = query;
    const { place, order } = this.#placeAndOrder(query);
    const page = join(
      this.#selected(),
      and(wanted, place),
      order,
      fragment(" LIMIT ? OFFSET ?", limit, after === undefined ? offset : 0),
    );
    const { rows, isCut } = this.#fitting(this.#iterate(page), query);
    // A page that is not full has shown where the list ends, unless it begins past the end.
    const isWithin = after === undefined && (offset === 0 || rows.length > 0);
    const isEnd = isWithin && rows.length < limit && !isCut;
    const { counted = () => this.#count(wanted) } = query;
    const totalCount = isEnd ? offset + rows.length : counted();
    return { rows, isCut, totalCount, all: { kind: "selected", by: () => wanted } };
  }

  #pageOfFound(query: TableQuery<Row>, wanted: Fragment): TablePage<Row> {
    const { limit, offset, after } = query;
    const { name } = this.#table;
    const { place, order } = this.#placeAndOrder(query);
    const isOfPage = place === nothing ? fragment("1") : enclose("", [place], "");
    const finding = join(
      fragment("SELECT CASE WHEN "),
      isOfPage,
      fragment(` THEN rowid ELSE -rowid END FROM ${name} WHERE `),
      wanted,
      order,
    );
    const marked = rowIds.parse(
      this.#prepared(finding.sql)
        .pluck()
        .all(...finding.values),
    );
    const begin = after === undefined ? offset : 0;
    const onPage = marked.filter((id) => id > 0).slice(begin, begin + limit);
    const { rows, isCut } = this.#fitting(this.#byColumn("rowid", onPage), query);
    const found = () => JSON.stringify(marked.map(Math.abs));
    return {
      rows,
      isCut,
      totalCount: marked.length,
      all: {
        kind: "selected",
        by: () => fragment(`${name}.rowid IN (SELECT value FROM json_each(?))`, found()),
      },
    };
  }

  /** As many of the rows as fit. */
  #fitting(found: Iterable<unknown>, { bytesMax = Number.POSITIVE_INFINITY }: TableQuery<Row>) {
    const rows: Row[] = [];
    let bytes = 0;
    for (const raw of found) {
      const { state, extra } = PageRow.parse(raw);
      // Found one more than fits, which shows that there are more.
      if (rows.length > 0 && bytes + state.length > bytesMax) return { rows, isCut: true };
      rows.push(this.#table.parse(state, extra));
      bytes += state.length;
    }
    return { rows, isCut: false };
  }

  #selected(): Fragment {
    const { name, extra } = this.#table;
    return fragment(`SELECT state, ${extra} AS extra FROM ${name} WHERE `);
  }

  #iterate({ sql, values }: Fragment): Iterable<unknown> {
    return this.#prepared(sql).iterate(...values);
  }

  *#byColumn(column: string, values: readonly SqlValue[]): Iterable<unknown> {
    const one = this.#prepared(join(this.#selected(), fragment(`${column} = ?`)).sql);
    for (const value of values) yield one.get(value);
  }

  #placeAndOrder(query: TableQuery<Row>) {
    const { after, criteria } = query;
    const sort = criteria?.sort;
    const key = sort === undefined ? undefined : this.#sortKey(sort, query);
    const place = after === undefined ? nothing : this.#afterPlace(after, sort, key);
    return { place, order: join(fragment(" ORDER BY "), this.#orderOf(sort, key)) };
  }

  #count(wanted: Fragment): number {
    const counting = join(fragment(`SELECT count(*) FROM ${this.#table.name} WHERE `), wanted);
    return count.parse(
      this.#prepared(counting.sql)
        .pluck()
        .get(...counting.values),
    );
  }

  #prepared(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= statementsMax) this.#statements.clear();
    const made = this.#db.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #where(query: TableQuery<Row>): Fragment {
    const { filter, search } = query.criteria ?? {};
    return and(
      query.scope,
      filter === undefined ? nothing : this.#filter(filter, query),
      search === undefined ? nothing : this.#search(search, query),
    );
  }

  #filter(filter: Filter, query: TableQuery<Row>): Fragment {
    if (filter.kind === "condition") return this.#condition(filter, query);
    const fragments = filter.of.map((one) => this.#filter(one, query));
    const [any] = fragments;
    if (any === undefined) return fragment(filter.kind === "any" ? "0" : "1");
    switch (filter.kind) {
      case "all":
        return enclose("", fragments, " AND ");
      case "any":
        return enclose("", fragments, " OR ");
      case "none":
        return enclose("NOT ", fragments, " OR ");
    }
  }

  #condition(condition: Condition, query: TableQuery<Row>): Fragment {
    const inOrder = timeComparison(condition);
    if (inOrder !== undefined) return inOrder;
    const test = compileCondition(condition);
    return this.#onField(condition.path, query, (value) => (test(value) ? 1 : 0));
  }

  #search(search: Search, { listing, sourceOf }: TableQuery<Row>): Fragment {
    const isFound = compileSearch(search);
    const texts = listing.searched.map((name) => ({
      sql: "state -> ?",
      values: [jsonPath(sourceOf([name])?.keys ?? [])],
    }));
    const index = this.#functions.add((...found) =>
      found.some((json) => textsIn(parseJson(json)).some(isFound)) ? 1 : 0,
    );
    return join(
      fragment("list_function(?", index),
      ...texts.flatMap((text) => [fragment(", "), text]),
      fragment(")"),
    );
  }

  #sortKey(sort: Sort, query: TableQuery<Row>): Fragment {
    return this.#onField(sort.path, query, (value) => sortKeyOf(value, sort.caseSensitive) ?? null);
  }

  /** Calls back with the value of the field, for each row. */
  #onField(
    path: Pointer,
    { listing, sourceOf }: TableQuery<Row>,
    read: (value: JsonValue | undefined) => SqlValue,
  ): Fragment {
    const source = sourceOf(path);
    if (source !== undefined) {
      const index = this.#functions.add((json) => read(source.render(parseJson(json))));
      return fragment("list_function(?, state -> ?)", index, jsonPath(source.keys));
    }
    const { extra, parse } = this.#table;
    const index = this.#functions.add((state, more) =>
      typeof state !== "string"
        ? null
        : read(valueAt(listing.fields(parse(state, textOrNull(more))), path)),
    );
    return fragment(`list_function(?, state, ${extra})`, index);
  }

  /** The order of `comparePositions`. */
  #orderOf(sort: Sort | undefined, key: Fragment | undefined): Fragment {
    const byDefault = fragment(`created_at DESC, ${this.#table.id}`);
    if (sort === undefined || key === undefined) return byDefault;
    const direction = sort.direction === "asc" ? "ASC" : "DESC";
    return join(key, fragment(` ${direction} NULLS LAST, `), byDefault);
  }

  /** Whatever `comparePositions` puts after a place. */
  #afterPlace(
    { sortKey, createdAt, id }: ListPosition,
    sort: Sort | undefined,
    key: Fragment | undefined,
  ): Fragment {
    const amongEqual = fragment(
      `created_at <= ? AND NOT (created_at = ? AND ${this.#table.id} <= ?)`,
      createdAt,
      createdAt,
      id,
    );
    if (sort === undefined || key === undefined) return amongEqual;
    if (sortKey === undefined) return and(join(key, fragment(" IS NULL")), amongEqual);
    const further = join(key, fragment(sort.direction === "asc" ? " > ?" : " < ?", sortKey));
    const equal = and(join(key, fragment(" = ?", sortKey)), amongEqual);
    return enclose("", [further, join(key, fragment(" IS NULL")), equal], " OR ");
  }
}

type RowTest = (index: number) => boolean;

/** What a list asks of each row, as columns that may be kept. */
interface AskedColumns {
  readonly columns: readonly Column[];
  readonly order: RowOrder | undefined;
  /** Says of a row, by its index in the order, whether it is; undefined where every row is wanted. */
  readonly isWanted: (kept: KeptRows, ordered: OrderedRows) => RowTest | undefined;
}

/**
 * Undefined where nothing is asked that SQL does not tell by an index, or a field is that only the whole
 * row tells, or the moment.
 */
function askedOf<Row>({ criteria, listing, sourceOf }: TableQuery<Row>): AskedColumns | undefined {
  const { filter, search, sort } = criteria ?? {};
  const isToldBySql = filter === undefined || isOfTimes(filter);
  if (isToldBySql && search === undefined && sort === undefined) return undefined;
  const sources = new Map<string, Source>();
  const filtered = filter === undefined ? [] : fieldsOf(filter);
  for (const path of [...filtered, ...(sort ? [sort.path] : [])]) {
    const source = sourceOf(path);
    if (source === undefined || source.isOfMoment) return undefined;
    sources.set(JSON.stringify(path), source);
  }
  const sourceAt = (path: Pointer) => {
    const source = sources.get(JSON.stringify(path));
    invariant(source !== undefined, "every field that is asked for has its source");
    return source;
  };
  const texts = search && textsColumn(search, listing.searched, sourceOf);
  const order = sort && { column: keyColumn(sort, sourceAt(sort.path)), direction: sort.direction };
  const fields = filtered.map(sourceAt).map(partColumn);
  return {
    columns: [...fields, ...(texts ? [texts] : []), ...(order ? [order.column] : [])],
    order,
    isWanted: (kept, ordered) => {
      const cellsOf = (column: Column) => kept.cellsIn(ordered, column);
      const isFiltered = filter && compileFilterOn(filter, fieldOn(cellsOf, sourceAt));
      const isFound = search && texts && foundOn(cellsOf(texts), search);
      if (isFiltered === undefined || isFound === undefined) return isFiltered ?? isFound;
      return (index) => isFiltered(index) && isFound(index);
    },
  };
}

/** What every row has, of a column. */
type Cells = readonly (JsonValue | undefined)[];

function fieldOn(cellsOf: (column: Column) => Cells, sourceAt: (path: Pointer) => Source) {
  return (path: Pointer) => {
    const source = sourceAt(path);
    const parts = cellsOf(partColumn(source));
    return (index: number) => source.render(parts[index]);
  };
}

function foundOn(texts: Cells, search: Search): RowTest {
  const isFound = compileSearchOfPrepared(search);
  return (index) => isFound(texts[index]);
}

function partColumn({ keys }: Source): Column {
  const path = jsonPath(keys);
  return { name: `part ${path}`, sql: "state -> ?", values: [path], read: parseJson };
}

/** What rows are sorted by, of a field. */
function keyColumn({ path, caseSensitive }: Sort, { keys, render }: Source): Column {
  return {
    name: `key ${JSON.stringify(path)} ${caseSensitive}`,
    sql: "state -> ?",
    values: [jsonPath(keys)],
    read: (json) => sortKeyOf(render(parseJson(json)), caseSensitive),
  };
}

/** The texts that are searched, as they are compared. */
function textsColumn(
  { caseSensitive }: Search,
  searched: readonly string[],
  sourceOf: (path: Pointer) => Source | undefined,
): Column {
  const paths = searched.map((name) => jsonPath(sourceOf([name])?.keys ?? []));
  return {
    name: `texts ${caseSensitive}`,
    sql: `json_array(${paths.map(() => "state -> ?").join(", ")})`,
    values: paths,
    read: (json) => preparedTexts(textsIn(parseJson(json)), caseSensitive),
  };
}

/** A field that lies in the state as it is answered, at these keys, and what is below it. */
export function storedAt(keys: Pointer, rest: Pointer): Source {
  const plain = rest.findIndex((key) => !isPlainKey(key));
  const reached = plain === -1 ? rest.length : plain;
  const below = rest.slice(reached);
  return {
    keys: [...keys, ...rest.slice(0, reached)],
    render: (part) => (part === undefined ? undefined : valueAt(part, below)),
  };
}

/** Keys that SQLite looks up as they are; past any other the value is walked by the domain. */
export function isPlainKey(key: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_ -]*$/.test(key);
}

function jsonPath(keys: Pointer): string {
  return `$${keys.map((key) => `."${key}"`).join("")}`;
}

function parseJson(json: unknown): JsonValue | undefined {
  if (typeof json !== "string") return undefined;
  // Texts without an escape stand in it as they are: a long one is not copied.
  const isPlainText = json.startsWith('"') && !json.includes("\\");
  return isPlainText ? json.slice(1, -1) : JSON.parse(json);
}

/** Whether it compares moments alone, which there is an index on. */
function isOfTimes(filter: Filter): boolean {
  return filter.kind === "condition"
    ? timeComparison(filter) !== undefined
    : filter.of.every(isOfTimes);
}

const timeOperators = new Map([
  ["eq", "="],
  ["gt", ">"],
  ["gte", ">="],
  ["lt", "<"],
  ["lte", "<="],
]);

/** The column `created_at` is in the order of time, and there is an index on it. */
function timeComparison({ path, operator, value }: Condition): Fragment | undefined {
  const sqlOperator = timeOperators.get(operator);
  const isColumn = path.length === 1 && path[0] === "created_at";
  if (!isColumn || sqlOperator === undefined || typeof value !== "string") return undefined;
  return fragment(`created_at ${sqlOperator} ?`, value);
}

const nothing: Fragment = { sql: "", values: [] };

export function fragment(sql: string, ...values: SqlValue[]): Fragment {
  return { sql, values };
}

export function join(...fragments: readonly Fragment[]): Fragment {
  return {
    sql: fragments.map(({ sql }) => sql).join(""),
    values: fragments.flatMap(({ values }) => values),
  };
}

function and(...fragments: readonly Fragment[]): Fragment {
  return interleave(
    fragments.filter((one) => one !== nothing),
    " AND ",
  );
}

function enclose(before: string, fragments: readonly Fragment[], between: string): Fragment {
  return join(fragment(`${before}(`), interleave(fragments, between), fragment(")"));
}

function interleave(fragments: readonly Fragment[], between: string): Fragment {
  return join(
    ...fragments.flatMap((one, index) => (index === 0 ? [one] : [fragment(between), one])),
  );
}
