/** Pages of lists that are too large to be made at once are answered part by part. */
import type { AsOf, ListQuery, Pagination } from "../api/index.js";
import { limits } from "../domain/limits.js";

/** What every list answers. */
export interface ListPage {
  readonly results: readonly unknown[];
  readonly as_of?: AsOf | undefined;
  readonly pagination: Partial<Pagination>;
}

/**
 * How many resources a page lacks that ended because of its size. One that began at a cursor may: whoever
 * pages by them goes on with the next. Whoever pages by offsets counts on what was asked for.
 */
export function missingOf(
  { results, pagination }: ListPage,
  { limit, cursor }: Pick<ListQuery, "limit" | "cursor">,
): number {
  const isOfCursors = (cursor ?? "") !== "";
  if (isOfCursors || pagination.next_cursor === undefined) return 0;
  return (limit ?? limits.listPageSizeDefault) - results.length;
}

/** The text of a page with all that it lacks, read in parts that fit into memory. */
export async function* wholePage(
  first: ListPage,
  missing: number,
  read: (place: Pick<ListQuery, "limit" | "cursor">) => Promise<ListPage>,
): AsyncIterable<string> {
  const { results: ofFirst, pagination, ...others } = first;
  let results = ofFirst;
  let { next_cursor: cursor } = pagination;
  let left = missing;
  let before = '{"results":[';
  for (;;) {
    for (const text of textsOf(results)) {
      yield before + text;
      before = ",";
    }
    if (left <= 0 || cursor === undefined) break;
    const part = await read({ limit: left, cursor });
    results = part.results;
    left -= results.length;
    cursor = part.pagination.next_cursor;
  }
  const { next_cursor: _, next_page: nextPage, ...counted } = pagination;
  const next = cursor === undefined ? {} : { next_page: nextPage, next_cursor: cursor };
  yield `],${JSON.stringify({ ...others, pagination: { ...counted, ...next } }).slice(1)}`;
}

/** The text of a list that is answered whole, however long it is. */
export function* wholeList(results: readonly unknown[]): Iterable<string> {
  yield '{"results":[';
  let before = "";
  for (const text of textsOf(results)) {
    yield before + text;
    before = ",";
  }
  yield "]}";
}

/** So much is written at once: whoever reads slowly has that much of a part in each place on its way. */
const textLengthMin = 128 * 1024;

/** The texts of results, several at once. */
export function* textsOf(results: readonly unknown[]): Iterable<string> {
  let texts: string[] = [];
  let length = 0;
  for (const result of results) {
    const text = JSON.stringify(result);
    texts.push(text);
    length += text.length;
    if (length < textLengthMin) continue;
    yield texts.join();
    [texts, length] = [[], 0];
  }
  if (texts.length > 0) yield texts.join();
}
