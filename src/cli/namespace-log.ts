/** The changes of a whole namespace within a span, in commit order or newest first. */
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { isWithin, type Pointer, parsePointer } from "../domain/pointer.js";
import type { BucketStore, FeedEvent } from "../index.js";
import { isAfter, isBefore, isIn, type OnUnreadable, type Span } from "./span.js";

export interface NamespaceQuery {
  readonly namespace: string;
  readonly span: Span;
  readonly actor?: string | undefined;
  /** A JSON Pointer: changes at it, below it, or above it. */
  readonly path?: string | undefined;
  readonly onUnreadable: OnUnreadable;
}

/** In commit order, up to what is the end when it is reached. */
export async function* oldestFirst(
  store: BucketStore,
  query: NamespaceQuery,
): AsyncIterable<FeedEvent> {
  const { since } = assertNoVersion(query.span);
  const isWanted = filterOf(query);
  const after = since?.kind === "position" ? since.position - 1 : 0;
  for await (const event of eventsAfter(store, query, after)) {
    if (isAfter(event, query.span)) return;
    if (isWanted(event)) yield event;
  }
}

const firstWindow = 200;

/** Newest first: the log is read backwards, in windows that grow. */
export async function* newestFirst(
  store: BucketStore,
  query: NamespaceQuery,
): AsyncIterable<FeedEvent> {
  assertNoVersion(query.span);
  const isWanted = filterOf(query);
  let { position: end } = await store.head();
  for (let size = firstWindow; end > 0; size *= 2) {
    const after = Math.max(0, end - size);
    const window: FeedEvent[] = [];
    const last = end;
    // A page reaches into the window before, which was told of its own.
    const onUnreadable: OnUnreadable = (events) =>
      query.onUnreadable(events.filter(({ position }) => position <= last));
    for await (const event of eventsAfter(store, { ...query, onUnreadable }, after)) {
      if (event.position > end) break;
      window.push(event);
    }
    yield* window.toReversed().filter(isWanted);
    const [oldest] = window;
    if (oldest !== undefined && isBefore(oldest, query.span)) return;
    end = after;
  }
}

/** Up to what is the end when it is reached. */
async function* eventsAfter(
  store: BucketStore,
  { namespace, span, onUnreadable }: NamespaceQuery,
  after: number,
): AsyncIterable<FeedEvent> {
  const feed = store.events({ namespace, after });
  for (;;) {
    const page = await feed.page({ limit: limits.pageSizeMax });
    onUnreadable((page?.unreadable ?? []).filter((event) => isIn(event, span)));
    yield* page?.results ?? [];
    if (page?.pagination.has_more !== true) return;
  }
}

function filterOf({ span, actor, path }: NamespaceQuery): (event: FeedEvent) => boolean {
  const pointer = path === undefined ? undefined : pointerOf(path);
  return (event) =>
    isIn(event, span) &&
    (actor === undefined || event.actor === actor) &&
    (pointer === undefined || event.changes.some((change) => touches(change.path, pointer)));
}

function touches(path: string, pointer: Pointer): boolean {
  const changed = parsePointer(path) ?? [];
  return isWithin(changed, pointer) || isWithin(pointer, changed);
}

/** @throws BAD_REQUEST */
function pointerOf(path: string): Pointer {
  const pointer = parsePointer(path);
  if (pointer !== undefined) return pointer;
  throw new BucketsError(
    "BAD_REQUEST",
    `--path=${path} is no JSON Pointer (RFC 6901): use one such as /metadata/team.`,
  );
}

/** @throws BAD_REQUEST */
function assertNoVersion(span: Span): Span {
  if (span.since?.kind !== "version" && span.until?.kind !== "version") return span;
  throw new BucketsError(
    "BAD_REQUEST",
    "A version is one of a bucket: name the bucket, or give a position (@12) or a time.",
  );
}
