/**
 * `bucketlog tail`: the change feed. A file is opened read-only, beside a server: its store looks
 * at the head of the log a few times a second while it waits. A server holds the request instead.
 */
import type { BucketStore } from "../index.js";
import { jsonLine, line } from "./line.js";
import { eventLine, tellLeftOut } from "./output.js";
import { openForReading, type StoreFlags } from "./store.js";
import type { Terminal } from "./terminal.js";

export interface TailFlags extends StoreFlags {
  readonly json: boolean;
  readonly once: boolean;
  readonly after?: string;
  readonly bucket?: string;
  readonly types?: string;
}

/** How many events of the log before its end are looked through first. */
const lastEvents = 10;

export async function tail(terminal: Terminal, flags: TailFlags): Promise<void> {
  await using store = await openForReading(terminal, flags);
  const ending = new AbortController();
  terminal.io.untilStopped().then(() => ending.abort());
  const feed = store.events({
    after: flags.after ?? (await nearTheEnd(store)),
    namespace: flags.namespace,
    bucket: flags.bucket,
    types: flags.types?.split(","),
    signal: ending.signal,
  });
  const tell = tellLeftOut(terminal);
  let cursor: string | undefined;
  for (;;) {
    const page = await feed.page({ waitMs: flags.once ? 0 : waitMs });
    if (page === undefined) break;
    tell(page.unreadable ?? []);
    for (const event of page.results) {
      terminal.print(flags.json ? jsonLine(event) : eventLine(terminal, event));
    }
    cursor = page.pagination.next_cursor;
    if (flags.once && !page.pagination.has_more) break;
  }
  if (!flags.json && cursor !== undefined) terminal.printError(line`go on with: --after ${cursor}`);
}

const waitMs = 60_000;

async function nearTheEnd(store: BucketStore): Promise<number> {
  const { position } = await store.head();
  return Math.max(0, position - lastEvents);
}
