/**
 * Which resources a list shows, and in which order, whatever they are. Filters, sorts and searches
 * are about a resource as it is answered, and this is the one meaning of them: the view in memory
 * and every list of the past are made of it, and SQLite asks it row by row.
 */
import { compileFilter } from "./filter/condition.js";
import { comparePositions, type ListPosition, sortKeyOf } from "./filter/order.js";
import type { Criteria } from "./filter/parse.js";
import { compileSearch, textsIn } from "./filter/search.js";
import type { JsonObject } from "./json.js";
import { valueAt } from "./pointer.js";

/** What a list needs to know of the resources of a kind. */
export interface Listing<Row> {
  /** The resource as it is answered. */
  readonly fields: (row: Row) => JsonObject;
  /** What is searched by `search`. */
  readonly searched: readonly string[];
  readonly createdAt: (row: Row) => string;
  readonly id: (row: Row) => string;
}

/** True for what the criteria select; for everything without them. */
function predicateOf<Row>(
  criteria: Criteria | undefined,
  listing: Listing<Row>,
): (row: Row) => boolean {
  const { filter, search } = criteria ?? {};
  if (filter === undefined && search === undefined) return () => true;
  const isWanted = filter === undefined ? undefined : compileFilter(filter);
  const isFound = search === undefined ? undefined : compileSearch(search);
  return (row) => {
    const fields = listing.fields(row);
    if (isWanted?.(fields) === false) return false;
    return isFound === undefined || textsOf(fields, listing.searched).some(isFound);
  };
}

/** The place of a resource in the order of the criteria; in the default order without a sort. */
export function placeOf<Row>(
  row: Row,
  criteria: Criteria | undefined,
  listing: Listing<Row>,
): ListPosition {
  const place = { createdAt: listing.createdAt(row), id: listing.id(row) };
  const sort = criteria?.sort;
  if (sort === undefined) return place;
  const value = valueAt(listing.fields(row), sort.path);
  return { sortKey: sortKeyOf(value, sort.caseSensitive), ...place };
}

/** A page of a list: where it begins and how long it is. */
export interface PageQuery {
  readonly limit: number;
  readonly offset: number;
  /** Start after this place instead of at an offset. */
  readonly after: ListPosition | undefined;
  /** Where rows are stored, the page ends once they are so large together; no bound unless given. */
  readonly bytesMax?: number | undefined;
}

/** Everything that is selected, and a page of it in order. */
export interface Selected<Row> {
  readonly all: readonly Row[];
  readonly page: readonly Row[];
}

/** What the criteria select of rows that are looked at one after the other: their places, and no more. */
export class Selection<Row> {
  readonly #criteria: Criteria | undefined;
  readonly #listing: Listing<Row>;
  readonly #isWanted: (row: Row) => boolean;
  readonly #places: ListPosition[] = [];

  constructor(criteria: Criteria | undefined, listing: Listing<Row>) {
    this.#criteria = criteria;
    this.#listing = listing;
    this.#isWanted = predicateOf(criteria, listing);
  }

  /** @returns whether it is selected. */
  add(row: Row): boolean {
    const isWanted = this.#isWanted(row);
    if (isWanted) this.#places.push(placeOf(row, this.#criteria, this.#listing));
    return isWanted;
  }

  /** All places in order. */
  ordered(): readonly ListPosition[] {
    return this.#places.sort((a, b) => comparePositions(a, b, this.#criteria?.sort?.direction));
  }
}

/** Those of the places, which are in order, that are on the page. */
export function placesOn(
  places: readonly ListPosition[],
  criteria: Criteria | undefined,
  { limit, offset, after }: PageQuery,
): readonly ListPosition[] {
  if (after === undefined) return places.slice(offset, offset + limit);
  const direction = criteria?.sort?.direction;
  const rest = places.filter((place) => comparePositions(place, after, direction) > 0);
  return rest.slice(0, limit);
}

export function select<Row>(
  rows: readonly Row[],
  criteria: Criteria | undefined,
  listing: Listing<Row>,
  query: PageQuery,
): Selected<Row> {
  const selection = new Selection(criteria, listing);
  const selected = rows.filter((row) => selection.add(row));
  const byId = new Map(selected.map((row) => [listing.id(row), row]));
  const rowsOf = (places: readonly ListPosition[]) =>
    places.flatMap(({ id }) => byId.get(id) ?? []);
  const places = selection.ordered();
  return { all: rowsOf(places), page: rowsOf(placesOn(places, criteria, query)) };
}

function textsOf(fields: JsonObject, names: readonly string[]): string[] {
  return names.flatMap((name) => textsIn(fields[name]));
}
