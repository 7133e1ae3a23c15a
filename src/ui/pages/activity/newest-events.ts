/** The events of a namespace from the newest on: the feed, read backwards in windows of positions. */
import type { BucketStore, FeedEvent } from "../../../client/index.js";
import { endOfLog } from "../../session/end-of-log.js";

export interface NewestEvents {
  /** Newest first. */
  readonly events: readonly FeedEvent[];
  /** The position that the next, older ones are at or below; 0 when there are none. */
  readonly before: number;
}

export interface WantedEvents {
  readonly namespace: string;
  /** At least so many, unless there are fewer; more where a window holds more. */
  readonly count: number;
  /** Where to begin; the end of the log unless given. */
  readonly before?: number | undefined;
  /** Only those of that actor. */
  readonly actor?: string | undefined;
  /** Only those of these types. */
  readonly types?: readonly string[] | undefined;
}

const pageMax = 1_000;

export async function newestEvents(
  store: BucketStore,
  wanted: WantedEvents,
): Promise<NewestEvents> {
  const { namespace, count, actor } = wanted;
  let end = wanted.before ?? (await endOfLog(store, namespace));
  const events: FeedEvent[] = [];
  // Windows grow while they hold little, because most of the log may be of other namespaces.
  for (let span = count; end > 0 && events.length < count; ) {
    const start = Math.max(0, end - span);
    const found = await between(store, wanted, start, end);
    if (found === undefined) {
      span = Math.max(pageMax, Math.floor(span / 8));
      continue;
    }
    events.push(...found.filter((event) => actor === undefined || event.actor === actor).reverse());
    end = start;
    span *= 4;
  }
  return { events, before: end };
}

/** The events behind `start`, up to `end`, oldest first; undefined where a page does not hold them. */
async function between(
  store: BucketStore,
  { namespace, types }: WantedEvents,
  start: number,
  end: number,
): Promise<readonly FeedEvent[] | undefined> {
  const feed = store.events({ after: start, namespace, types });
  const page = await feed.page({ limit: pageMax });
  if (page === undefined) return [];
  const { results, pagination } = page;
  const within = results.filter(({ position }) => position <= end);
  const isCut = pagination.has_more && within.length === results.length;
  return isCut && end - start > pageMax ? undefined : within;
}
