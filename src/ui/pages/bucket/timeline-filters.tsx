/** Which events of the timeline are shown: by actor, type, field and time, all in the address. */
import type { HistoryQuery } from "../../../client/index.js";
import { type AddressFilter, AddressFilters } from "../../show/address-filters.js";
import { parseMoment } from "../../show/moments.js";

const readMoment = (text: string) => parseMoment(text, Date.now());

const filters = {
  actor: { label: "by", hint: "ana" },
  type: { label: "type", hint: "bucket.patched" },
  path: { label: "field", hint: "/metadata/team" },
  from: { label: "from", hint: "3 May 2026", readMoment },
  to: { label: "to", hint: "2 h ago", readMoment },
} satisfies Readonly<Record<string, AddressFilter>>;

export function timelineQuery(query: URLSearchParams): HistoryQuery {
  return Object.fromEntries(
    Object.keys(filters).flatMap((name): [string, string][] => {
      const value = query.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

export function TimelineFilters() {
  return <AddressFilters filters={filters} />;
}
