/** The pagination of a list answer (CONTRACT: buckets, list). */
import type { Pagination } from "./interface.js";

export function paginate(page: {
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly hasMore: boolean;
  readonly nextCursor?: string | undefined;
}): Pagination {
  const number = Math.floor(page.offset / page.limit) + 1;
  return {
    total: page.total,
    page: number,
    page_size: page.limit,
    total_pages: Math.ceil(page.total / page.limit),
    ...(page.hasMore && { next_page: number + 1 }),
    ...(number > 1 && { previous_page: number - 1 }),
    ...(page.nextCursor !== undefined && { next_cursor: page.nextCursor }),
  };
}
