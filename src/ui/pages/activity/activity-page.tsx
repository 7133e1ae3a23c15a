/** Everything that happened in the namespace, newest first; what belongs together stands together. */
import { useState } from "preact/hooks";
import type { FeedEvent } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { hrefWith, setQuery, usePlace } from "../../route/place.js";
import { useLive } from "../../session/live.js";
import { useSession } from "../../session/session.js";
import { Chip } from "../../show/chip.js";
import { EventLine } from "../../show/event-line.js";
import { newestEvents } from "./newest-events.js";

const pageEvents = 200;
const rowHeight = 52;

export function ActivityPage({ namespace }: { readonly namespace: string }) {
  const { store } = useSession();
  const { query } = usePlace();
  const actor = query.get("actor") ?? undefined;
  const type = query.get("type") ?? undefined;
  const fits = (event: FeedEvent) =>
    event.namespace === namespace &&
    (actor === undefined || event.actor === actor) &&
    (type === undefined || event.type === type);
  const ask = async (cursor: string | undefined): Promise<Page<FeedEvent>> => {
    const { events, before } = await newestEvents(store, {
      namespace,
      count: pageEvents,
      before: cursor === undefined ? undefined : Number(cursor),
      actor,
      types: type === undefined ? undefined : [type],
    });
    return { rows: events, next: before > 0 ? String(before) : undefined };
  };
  const pages = usePages(ask, [store, namespace, actor, type]);
  const arrivals = useArrivals(pages.rows[0]?.position ?? 0, fits);
  const rows = [...arrivals.shown, ...pages.rows];
  return (
    <section class="page" aria-labelledby="activity-title">
      <div class="title">
        <h1 id="activity-title">Activity</h1>
        {arrivals.waiting > 0 && (
          <button type="button" class="chip busy" onClick={arrivals.show}>
            {arrivals.waiting} new: show
          </button>
        )}
      </div>
      <div class="filters">
        {actor !== undefined && (
          <Chip label="by" value={actor} remove={() => setQuery({ actor: undefined })} />
        )}
        {type !== undefined && (
          <Chip label="type" value={type} remove={() => setQuery({ type: undefined })} />
        )}
        {type === undefined && <TypeFilter />}
      </div>
      <Listed
        pages={{ ...pages, rows }}
        label="Events"
        rowHeight={rowHeight}
        keyOf={({ event_id }) => event_id}
        empty={
          actor === undefined && type === undefined ? (
            <Empty>Nothing has happened in the namespace {namespace} yet.</Empty>
          ) : (
            <Empty>
              No event fits. <a href={hrefWith({ actor: undefined, type: undefined })}>Show all</a>
            </Empty>
          )
        }
      >
        {(event, index) => (
          <div class={togetherClass(event, rows[index + 1], rows[index - 1])}>
            <EventLine event={event} />
          </div>
        )}
      </Listed>
    </section>
  );
}

/**
 * What came in behind the newest of the rows that were asked for. Rows do not move under who reads:
 * it waits while the top is not in sight.
 */
function useArrivals(newest: number, fits: (event: FeedEvent) => boolean) {
  const [arrived, setArrived] = useState<readonly FeedEvent[]>([]);
  const [until, setUntil] = useState(0);
  useLive((event) => {
    setArrived((last) => [event, ...last]);
    if (window.scrollY < rowHeight) setUntil(event.position);
  });
  const all = arrived.filter((event) => event.position > newest && fits(event));
  const shown = all.filter(({ position }) => position <= until);
  return {
    shown,
    waiting: all.length - shown.length,
    show: () => setUntil(arrived[0]?.position ?? 0),
  };
}

const types = [
  "bucket.created",
  "bucket.patched",
  "bucket.reverted",
  "bucket.undone",
  "bucket.deleted",
  "bucket.restored",
  "bucket.locked",
  "bucket.unlocked",
  "object.created",
  "object.patched",
  "object.deleted",
  "batch.submitted",
  "batch.completed",
  "batch.failed",
  "upload.confirmed",
  "delivery.accepted",
  "delivery.failed",
] as const;

function TypeFilter() {
  return (
    <select
      class="chip offered"
      aria-label="Only events of the type"
      value=""
      onChange={({ currentTarget }) => setQuery({ type: currentTarget.value })}
    >
      <option value="">+ type</option>
      {types.map((type) => (
        <option key={type} value={type}>
          {type}
        </option>
      ))}
    </select>
  );
}

/** Whether the rows above and below are of the same transaction. */
function togetherClass(
  { transaction_id: own }: FeedEvent,
  below: FeedEvent | undefined,
  above: FeedEvent | undefined,
): string {
  if (own === undefined) return "activity-row";
  const isBelow = below?.transaction_id === own;
  const isAbove = above?.transaction_id === own;
  return `activity-row ${isBelow || isAbove ? "together" : ""} ${isAbove ? "" : "first"}`;
}
