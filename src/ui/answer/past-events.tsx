/** What happened to one thing, newest first, as far as it is scrolled. */
import type { HistoryEntry, PastReads } from "../../client/index.js";
import { hrefWith } from "../route/place.js";
import { Actor } from "../show/actor.js";
import { Changes } from "../show/changes.js";
import { deedOf } from "../show/deeds.js";
import { Text } from "../show/text.js";
import { Time } from "../show/time.js";
import { Empty } from "./empty.js";
import { Listed } from "./listed.js";
import type { PutBack } from "./put-back-sheet.js";
import { type Page, usePages } from "./use-pages.js";

interface PastEventsProps {
  readonly label: string;
  readonly past: Pick<PastReads, "history">;
  readonly id: string;
  /** The version of its newest event. */
  readonly newest: number;
  /** There where versions of it can be put back. */
  readonly putBack?: ((what: PutBack) => void) | undefined;
}

const pageEntries = 100;

export function PastEvents({ label, past, id, newest, putBack }: PastEventsProps) {
  const ask = async (cursor: string | undefined): Promise<Page<HistoryEntry>> => {
    const { results, pagination } = await past.history(id, { limit: pageEntries, cursor });
    return { rows: results, next: pagination.next_cursor };
  };
  const pages = usePages(ask, [id, newest]);
  return (
    <>
      <h2 class="quiet">History</h2>
      <Listed
        pages={pages}
        label={label}
        rowHeight={90}
        keyOf={({ event_id }) => event_id}
        empty={<Empty>Nothing has happened to it.</Empty>}
      >
        {(entry) => (
          <article class="past-event">
            <header>
              <a class="version" data-row href={hrefWith({ as_of: `@${entry.position}` })}>
                v{entry.version}
              </a>
              <Actor name={entry.actor} />
              <span>{deedOf(entry)}</span>
              <span class="soft">
                <Time at={entry.recorded_at} /> <Text max={300}>{entry.reason ?? ""}</Text>
              </span>
              <span class="grow" />
              {putBack !== undefined && entry.version < newest && (
                <button
                  type="button"
                  class="small"
                  onClick={() =>
                    putBack({ kind: "version", version: entry.version, fields: undefined })
                  }
                >
                  Put back to v{entry.version}
                </button>
              )}
            </header>
            <Changes changes={entry.changes} />
          </article>
        )}
      </Listed>
    </>
  );
}
