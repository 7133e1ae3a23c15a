/**
 * Lists of the past: each state is looked at once, and only the places of those that are selected are
 * kept; the page is read again by them. However much there was, a list holds no more than a page of it.
 */
import type { AsOf, ServedListQuery } from "../../api/index.js";
import type { ListPosition } from "../../domain/filter/order.js";
import type { Criteria } from "../../domain/filter/parse.js";
import { type Listing, type PageQuery, placesOn, Selection } from "../../domain/listing.js";
import { roughBytes } from "../../domain/measure.js";
import { isDeleted, type ResourceKind, type StateOf } from "../../domain/resource.js";
import type { EventStore } from "../../eventstore/store.js";
import { type KnownPoint, Newest, statesOf } from "./namespace-past.js";

/** What is listed, and how. */
export interface PastList<Kind extends ResourceKind, Row extends object> {
  readonly kind: Kind;
  readonly then: KnownPoint;
  readonly criteria: Criteria | undefined;
  readonly listing: Listing<Row>;
  /** Of all that there ever was. */
  readonly ids: () => Promise<readonly string[]>;
  /** What is listed of a state that was there. */
  readonly rowOf: (state: StateOf<Kind>) => Promise<Row>;
}

/** What is told of all that there was, whatever of it is selected or shown. */
interface Told {
  /** When it was: the parts of one answer are about one moment. */
  readonly then: KnownPoint;
  readonly asOf: AsOf;
  /** Of everything that is selected, in order. */
  readonly places: readonly ListPosition[];
}

interface PastPage<Row> {
  readonly rows: readonly Row[];
  /** Whether it ends before its limit, because of its size. */
  readonly isCut: boolean;
  readonly totalCount: number;
  readonly asOf: AsOf;
}

/** By the answer that they are for: its next part is not looked for again. */
const toldFor = new WeakMap<object, Told>();

/** @param onRow told each row that was there, and whether it is selected, unless an answer goes on. */
export async function listThen<Kind extends ResourceKind, Row extends object>(
  events: EventStore,
  list: PastList<Kind, Row>,
  query: PageQuery & Pick<ServedListQuery, "answer">,
  onRow: (row: Row, isSelected: boolean) => void = () => {},
): Promise<PastPage<Row>> {
  const { answer } = query;
  const known = answer && toldFor.get(answer);
  const told = known ?? (await lookAtAll(events, list, onRow));
  if (answer !== undefined) toldFor.set(answer, told);
  const { then, asOf } = told;
  const places = placesOn(told.places, list.criteria, query);
  const { rows, isCut } = await readPage(events, { ...list, then }, places, query.bytesMax);
  return { rows, isCut, totalCount: told.places.length, asOf };
}

async function lookAtAll<Kind extends ResourceKind, Row extends object>(
  events: EventStore,
  { kind, then, criteria, listing, ids, rowOf }: PastList<Kind, Row>,
  onRow: (row: Row, isSelected: boolean) => void,
): Promise<Told> {
  const newest = new Newest();
  const selection = new Selection(criteria, listing);
  for await (const state of statesOf(events, kind, await ids(), then.point)) {
    newest.add(state);
    if (isDeleted(state)) continue;
    const row = await rowOf(state);
    onRow(row, selection.add(row));
  }
  const asOf = await newest.asOf(events, then.isFinal);
  return { then, asOf, places: selection.ordered() };
}

async function readPage<Kind extends ResourceKind, Row extends object>(
  events: EventStore,
  { kind, then, rowOf }: PastList<Kind, Row>,
  places: readonly ListPosition[],
  bytesMax = Number.POSITIVE_INFINITY,
): Promise<{ readonly rows: readonly Row[]; readonly isCut: boolean }> {
  const rows: Row[] = [];
  let bytes = 0;
  const ids = places.map(({ id }) => id);
  for await (const state of statesOf(events, kind, ids, then.point)) {
    bytes += roughBytes(state);
    if (rows.length > 0 && bytes > bytesMax) return { rows, isCut: true };
    rows.push(await rowOf(state));
  }
  return { rows, isCut: false };
}
