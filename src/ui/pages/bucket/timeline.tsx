/** Every event of the bucket, newest first, with what it changed against the one before. */
import { useEffect, useState } from "preact/hooks";
import type { HistoryEntry } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import type { PutBack } from "../../answer/put-back-sheet.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { hrefWith, usePlace } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { counted } from "../../show/numbers.js";
import { BucketPutBack } from "./bucket-put-back.js";
import { Entry } from "./entry.js";
import { TimelineFilters, timelineQuery } from "./timeline-filters.js";
import { useBucket } from "./use-bucket.js";

const pageEntries = 100;
const entryHeight = 128;

export function Timeline() {
  const { id, latest, asOf, read } = useBucket();
  const { until, show, isFresh } = useArrivals(latest.version);
  const { buckets } = useNamespace();
  const { query } = usePlace();
  const [showsLater, setShowsLater] = useState(false);
  const later = latest.version - read.version;
  const isCut = asOf !== undefined && later > 0 && !query.has("to");
  const filters = {
    ...timelineQuery(query),
    ...(isCut && !showsLater && { to: String(read.version) }),
  };
  const [putBack, setPutBack] = useState<PutBack>();
  const ask = async (cursor: string | undefined): Promise<Page<HistoryEntry>> => {
    const { results, pagination } = await buckets.history(id, {
      ...filters,
      limit: pageEntries,
      cursor,
    });
    return { rows: results, next: pagination.next_cursor };
  };
  const pages = usePages(ask, [buckets, id, until, JSON.stringify(filters)]);
  return (
    <>
      <TimelineFilters />
      {isCut && (
        <button
          type="button"
          class="chip arrived"
          aria-expanded={showsLater}
          onClick={() => setShowsLater(!showsLater)}
        >
          {showsLater ? "Hide" : "Show"} the {counted(later, "later version")}
        </button>
      )}
      {latest.version > until && (
        <button type="button" class="chip busy arrived" onClick={show}>
          {latest.version - until} new: show
        </button>
      )}
      <Listed
        pages={pages}
        label="Events"
        rowHeight={entryHeight}
        keyOf={({ event_id }) => event_id}
        empty={
          <Empty>
            No event fits.{" "}
            <a
              href={hrefWith({
                actor: undefined,
                type: undefined,
                path: undefined,
                from: undefined,
                to: undefined,
              })}
            >
              Show all
            </a>
          </Empty>
        }
      >
        {(entry, index) => (
          <Entry
            entry={entry}
            isTogether={isTogether(entry, pages.rows[index + 1])}
            isFresh={isFresh(entry.version)}
            putBack={setPutBack}
          />
        )}
      </Listed>
      {putBack !== undefined && (
        <BucketPutBack putBack={putBack} close={() => setPutBack(undefined)} />
      )}
    </>
  );
}

const nearTopPixels = 400;

/** New events come in by themselves while the top is in sight; rows do not move under who reads. */
function useArrivals(newest: number) {
  const [until, setUntil] = useState(newest);
  const [first] = useState(newest);
  useEffect(() => {
    if (window.scrollY < nearTopPixels) setUntil(newest);
  }, [newest]);
  return {
    until,
    show: () => setUntil(newest),
    isFresh: (version: number) => version > first,
  };
}

/** Whether the entry is of the same transaction as the one below it. */
function isTogether({ transaction_id: own }: HistoryEntry, below: HistoryEntry | undefined) {
  return own !== undefined && own === below?.transaction_id;
}
