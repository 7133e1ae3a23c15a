/** A list whose pages are counted from its beginning, as far as it is scrolled. */
import { type Page, type Pages, usePages } from "./use-pages.js";

interface Listing<Row> {
  readonly results: readonly Row[];
  readonly total_count: number;
}

const pageSize = 100;

/** @param dependencies what the question is made of: another one begins from the first page. */
export function useOffsetPages<Row>(
  list: (page: { readonly limit: number; readonly offset: number }) => Promise<Listing<Row>>,
  dependencies: readonly unknown[],
): Pages<Row> {
  const ask = async (cursor: string | undefined): Promise<Page<Row>> => {
    const offset = Number(cursor ?? 0);
    const { results, total_count: total } = await list({ limit: pageSize, offset });
    const next = offset + results.length;
    return { rows: results, next: next < total ? String(next) : undefined, total };
  };
  return usePages(ask, dependencies);
}
