/**
 * `bucketlog tail`: the change feed. A file is opened read-only, beside a server: its store looks
 * at the head of the log a few times a second while it waits. A server holds the request instead.
 */
import type { BucketStore, FeedEvent } from "../index.js";
import { print, printError, styled } from "./output.js";
import { untilSignal } from "./signals.js";
import { openForReading, type StoreFlags } from "./store.js";

export interface TailFlags extends StoreFlags {
  readonly json: boolean;
  readonly once: boolean;
  readonly after?: string;
  readonly bucket?: string;
  readonly types?: string;
}

/** How many events of the log before its end are looked through first. */
const lastEvents = 10;

export async function tail(flags: TailFlags): Promise<void> {
  await using store = await openForReading(flags);
  const ending = new AbortController();
  untilSignal().then(() => ending.abort());
  const feed = store.events({
    after: flags.after ?? (await nearTheEnd(store)),
    namespace: flags.namespace,
    bucket: flags.bucket,
    types: flags.types?.split(","),
    signal: ending.signal,
  });
  let cursor: string | undefined;
  for (;;) {
    const page = await feed.page({ waitMs: flags.once ? 0 : waitMs });
    if (page === undefined) break;
    for (const event of page.results) print(flags.json ? JSON.stringify(event) : tailLine(event));
    cursor = page.pagination.next_cursor;
    if (flags.once && !page.pagination.has_more) break;
  }
  if (!flags.json && cursor !== undefined) printError(`go on with: --after ${cursor}`);
}

const waitMs = 60_000;

async function nearTheEnd(store: BucketStore): Promise<number> {
  const { position } = await store.head();
  return Math.max(0, position - lastEvents);
}

function tailLine(event: FeedEvent): string {
  const place = styled("yellow", `@${event.position}`.padStart(6));
  const what = [event.type, ...event.changes.map(({ path }) => path)].join(" ");
  const why = event.reason === undefined ? "" : `  ${styled("dim", event.reason)}`;
  return `${place}  ${event.recorded_at}  ${event.actor.padEnd(10)}  ${event.bucket_id}  ${what}${why}`;
}
