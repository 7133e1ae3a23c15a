/** The pagination of a list answer (CONTRACT: buckets, list, and section 10). */
import type { Pagination } from "../../api/index.js";

interface Page {
  /** Where the list is asked for, below the URL of the server. */
  readonly path: string;
  readonly asOf?: string | undefined;
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly hasMore: boolean;
  readonly nextCursor?: string | undefined;
}

/** The pages around are told by the path and query that give them, with the same body. */
export function paginate(page: Page): Pagination {
  const { total, limit, offset, hasMore, nextCursor } = page;
  return {
    total,
    page: Math.floor(offset / limit) + 1,
    page_size: limit,
    total_pages: Math.ceil(total / limit),
    ...(hasMore && { next_page: pageAt(page, offset + limit) }),
    ...(offset > 0 && { previous_page: pageAt(page, Math.max(0, offset - limit)) }),
    ...(nextCursor !== undefined && { next_cursor: nextCursor }),
  };
}

function pageAt({ path, limit, asOf }: Page, offset: number): string {
  const query = new URLSearchParams({ limit: String(limit), offset: String(offset) });
  if (asOf !== undefined) query.set("as_of", asOf);
  return `${path}?${query}`;
}
