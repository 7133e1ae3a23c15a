/** Where the log ends for who looks at a namespace. */
import { type BucketStore, isBucketsError } from "../../client/index.js";

const pageMax = 1_000;

/** The position of the newest event; undefined for a token that does not open the whole store. */
export async function headPosition(store: BucketStore): Promise<number | undefined> {
  try {
    return (await store.head()).position;
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "FORBIDDEN") throw error;
    return undefined;
  }
}

/**
 * The position of the newest event; of the newest in the namespace for a token that does not open
 * the whole store, which has to read there to know.
 */
export async function endOfLog(store: BucketStore, namespace: string): Promise<number> {
  const head = await headPosition(store);
  if (head !== undefined) return head;
  const feed = store.events({ namespace });
  let end = 0;
  for (let page = await feed.page({ limit: pageMax }); page !== undefined; ) {
    end = page.results.at(-1)?.position ?? end;
    if (!page.pagination.has_more) break;
    page = await feed.page({ limit: pageMax });
  }
  return end;
}
