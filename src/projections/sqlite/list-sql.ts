/**
 * Lists of buckets in SQL. SQLite walks the rows, takes the fields out of their JSON, sorts, counts
 * and pages; whether a value matches, and what it sorts by, it asks the one predicate and the one
 * order of the domain through a function, so that the answer is theirs by construction. No text of
 * a caller is ever a part of a statement: values, patterns and JSON paths are bound.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { type Selection, searchedFields } from "../../domain/bucket/list.js";
import { lockAt } from "../../domain/bucket/lock.js";
import { bucketFields, type Viewpoint } from "../../domain/bucket/response.js";
import { maskSecrets } from "../../domain/bucket/secrets.js";
import { BucketLock, BucketState } from "../../domain/bucket/state.js";
import { emptyStats } from "../../domain/bucket/stats.js";
import { type Condition, compileCondition, type Filter } from "../../domain/filter/condition.js";
import { type ListPosition, type Sort, sortKeyOf } from "../../domain/filter/order.js";
import { compileSearch, type Search } from "../../domain/filter/search.js";
import { isJsonArray, type JsonValue } from "../../domain/json.js";
import { type Pointer, valueAt } from "../../domain/pointer.js";
import { type BucketPage, type ListQuery, totalsOf } from "../view.js";

/** What stands in the state as it is answered, by root field. */
const storedFields: Readonly<Record<string, Pointer>> = {
  bucket_id: ["bucket_id"],
  bucket_name: ["document", "bucket_name"],
  description: ["document", "description"],
  metadata: ["document", "metadata"],
  bucket_schema: ["document", "bucket_schema"],
  storage_class: ["document", "storage_class"],
  unique_key: ["unique_key"],
  status: ["status"],
  created_at: ["created_at"],
  updated_at: ["updated_at"],
};

type SqlValue = string | number | null;

/** Answers SQLite about one row: it is given JSON text, or null where the path leads nowhere. */
type RowFunction = (json: string | null) => SqlValue;

/** A piece of SQL and what is bound to it. */
interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const texts = z.array(z.string());
const count = z.number();

export class BucketLists {
  readonly #db: Database.Database;
  /** Of the list that is being read; a statement names them by their index. */
  #functions: RowFunction[] = [];

  constructor(db: Database.Database) {
    this.#db = db;
    db.function(
      "list_function",
      { deterministic: true, directOnly: true },
      (index: unknown, json: unknown) => this.#call(Number(index), json),
    );
  }

  #call(index: number, json: unknown): SqlValue {
    return this.#functions[index]?.(typeof json === "string" ? json : null) ?? null;
  }

  list(query: ListQuery): BucketPage {
    this.#functions = [];
    // Both statements see the same rows, also beside a writer in another process.
    return this.#db.transaction(() => this.#list(query)).deferred();
  }

  #list(query: ListQuery): BucketPage {
    const { limit, offset, after, selection } = query;
    const sort = selection?.criteria.sort;
    const wanted = this.#where(query);
    const key = this.#sortKey(sort, selection);
    const place = after === undefined ? nothing : afterPlace(after, sort, key);
    const page = join(
      fragment("SELECT state FROM buckets WHERE "),
      and(wanted, place),
      fragment(" ORDER BY "),
      orderOf(sort, key),
      fragment(" LIMIT ? OFFSET ?", limit, after === undefined ? offset : 0),
    );
    const rows = texts.parse(this.#prepare(page).all(...page.values));
    const states = rows.map((text) => BucketState.parse(JSON.parse(text)));
    // A page that is not full has shown where the list ends, unless it begins past the end.
    const isWithin = after === undefined && (offset === 0 || states.length > 0);
    const isEnd = isWithin && states.length < limit;
    const totalCount = isEnd ? offset + states.length : this.#count(wanted);
    return { states, totalCount, totals: totalsOf(totalCount) };
  }

  #count(wanted: Fragment): number {
    const counting = join(fragment("SELECT count(*) FROM buckets WHERE "), wanted);
    return count.parse(this.#prepare(counting).get(...counting.values));
  }

  #prepare({ sql }: Fragment): Database.Statement {
    return this.#db.prepare(sql).pluck();
  }

  #where({ namespace, selection }: ListQuery): Fragment {
    const own = fragment("namespace = ? AND is_deleted = 0", namespace);
    if (selection === undefined) return own;
    const { filter, search } = selection.criteria;
    return and(
      own,
      filter === undefined ? nothing : this.#filter(filter, selection),
      search === undefined ? nothing : this.#search(search),
    );
  }

  #filter(filter: Filter, selection: Selection): Fragment {
    if (filter.kind === "condition") return this.#condition(filter, selection);
    const parts = filter.of.map((part) => this.#filter(part, selection));
    const [any] = parts;
    if (any === undefined) return fragment(filter.kind === "any" ? "0" : "1");
    switch (filter.kind) {
      case "all":
        return enclose("", parts, " AND ");
      case "any":
        return enclose("", parts, " OR ");
      case "none":
        return enclose("NOT ", parts, " OR ");
    }
  }

  #condition(condition: Condition, selection: Selection): Fragment {
    const inOrder = timeComparison(condition);
    if (inOrder !== undefined) return inOrder;
    const test = compileCondition(condition);
    return this.#onField(condition.path, selection, (value) => (test(value) ? 1 : 0));
  }

  #search(search: Search): Fragment {
    const isFound = compileSearch(search);
    const texts = searchedFields.map((name) => ({
      sql: "state -> ?",
      values: [jsonPath(storedFields[name] ?? [])],
    }));
    const index = this.#add((json) => {
      const found = parseJson(json);
      const hasIt = isJsonArray(found) && found.some((text) => isText(text) && isFound(text));
      return hasIt ? 1 : 0;
    });
    return join(
      fragment("list_function(?, json_array(", index),
      ...texts.flatMap((text, at) => (at === 0 ? [text] : [fragment(", "), text])),
      fragment("))"),
    );
  }

  #sortKey(sort: Sort | undefined, selection: Selection | undefined): Fragment | undefined {
    if (sort === undefined || selection === undefined) return undefined;
    return this.#onField(
      sort.path,
      selection,
      (value) => sortKeyOf(value, sort.caseSensitive) ?? null,
    );
  }

  /** Calls back with the value of the field, for each row. */
  #onField(
    path: Pointer,
    { viewpoint }: Selection,
    read: (value: JsonValue | undefined) => SqlValue,
  ): Fragment {
    const source = sourceOf(path, viewpoint);
    if (source !== undefined) {
      const index = this.#add((json) => read(source.render(parseJson(json))));
      return fragment("list_function(?, state -> ?)", index, jsonPath(source.keys));
    }
    const index = this.#add((json) => {
      const state = BucketState.parse(parseJson(json));
      return read(valueAt(bucketFields(state, emptyStats, viewpoint), path));
    });
    return fragment("list_function(?, state)", index);
  }

  #add(rowFunction: RowFunction): number {
    this.#functions.push(rowFunction);
    return this.#functions.length - 1;
  }
}

/** The part of a state that is enough for a field, and the value of the field made from it. */
interface Source {
  readonly keys: Pointer;
  readonly render: (part: JsonValue | undefined) => JsonValue | undefined;
}

/** Undefined when the whole bucket must be rendered. */
function sourceOf([root = "", ...rest]: Pointer, viewpoint: Viewpoint): Source | undefined {
  const stored = storedFields[root];
  if (stored !== undefined) {
    const plain = rest.findIndex((key) => !isPlainKey(key));
    const reached = plain === -1 ? rest.length : plain;
    const below = rest.slice(reached);
    return {
      keys: [...stored, ...rest.slice(0, reached)],
      render: (part) => (part === undefined ? undefined : valueAt(part, below)),
    };
  }
  if (root === "source_adapter" && rest[0] !== undefined && rest[0] !== "webhook_url") {
    return {
      keys: ["document", root],
      render: (part) => (part === undefined ? undefined : valueAt(maskSecrets(part, [root]), rest)),
    };
  }
  if (root === "is_locked" && rest.length === 0) {
    return {
      keys: ["lock"],
      render: (part) => {
        const lock = part === undefined ? undefined : BucketLock.parse(part);
        return lockAt({ lock }, viewpoint.at) !== undefined;
      },
    };
  }
  return undefined;
}

/** Keys that SQLite looks up as they are; past any other the value is walked by the domain. */
function isPlainKey(key: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_ -]*$/.test(key);
}

function jsonPath(keys: Pointer): string {
  return `$${keys.map((key) => `."${key}"`).join("")}`;
}

function parseJson(json: string | null): JsonValue | undefined {
  return json === null ? undefined : JSON.parse(json);
}

function isText(value: JsonValue): value is string {
  return typeof value === "string";
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

/** The order of `comparePositions`. */
function orderOf(sort: Sort | undefined, key: Fragment | undefined): Fragment {
  const byDefault = fragment("created_at DESC, bucket_id");
  if (sort === undefined || key === undefined) return byDefault;
  const direction = sort.direction === "asc" ? "ASC" : "DESC";
  return join(key, fragment(` ${direction} NULLS LAST, `), byDefault);
}

/** Whatever `comparePositions` puts after a place. */
function afterPlace(
  { sortKey, createdAt, id }: ListPosition,
  sort: Sort | undefined,
  key: Fragment | undefined,
): Fragment {
  const amongEqual = fragment(
    "created_at <= ? AND NOT (created_at = ? AND bucket_id <= ?)",
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

const nothing: Fragment = { sql: "", values: [] };

function fragment(sql: string, ...values: SqlValue[]): Fragment {
  return { sql, values };
}

function join(...parts: readonly Fragment[]): Fragment {
  return {
    sql: parts.map(({ sql }) => sql).join(""),
    values: parts.flatMap(({ values }) => values),
  };
}

function and(...parts: readonly Fragment[]): Fragment {
  return interleave(
    parts.filter((part) => part !== nothing),
    " AND ",
  );
}

function enclose(before: string, parts: readonly Fragment[], between: string): Fragment {
  return join(fragment(`${before}(`), interleave(parts, between), fragment(")"));
}

function interleave(parts: readonly Fragment[], between: string): Fragment {
  return join(
    ...parts.flatMap((part, index) => (index === 0 ? [part] : [fragment(between), part])),
  );
}
