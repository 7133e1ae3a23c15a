/** Which events of the audit log are shown: all of it in the address, as the API names it. */
import type { AuditQuery } from "../../../client/index.js";
import { type AddressFilter, AddressFilters } from "../../show/address-filters.js";
import { parseMoment } from "../../show/moments.js";

const filters = {
  actor_id: { label: "by", hint: "ana" },
  action: { label: "action", hint: "bucket_updated" },
  resource_type: { label: "kind", hint: "bucket" },
  resource_id: { label: "id", hint: "bkt_…" },
  start: { label: "from", hint: "3 May 2026", readMoment },
  end: { label: "to", hint: "2 h ago", readMoment },
} satisfies Readonly<Record<string, AddressFilter>>;

export const filterNames = Object.keys(filters);

/** What the log is asked for. */
export function auditQuery(query: URLSearchParams): AuditQuery {
  const value = (name: keyof typeof filters) => query.get(name) ?? undefined;
  return {
    actorId: value("actor_id"),
    action: value("action"),
    resourceType: value("resource_type"),
    resourceId: value("resource_id"),
    start: value("start"),
    end: value("end"),
  };
}

export function AuditFilters() {
  return <AddressFilters filters={filters} />;
}

/** The log goes by time alone: a version or position of a bucket means nothing to it. */
function readMoment(text: string): string | undefined {
  const moment = parseMoment(text, Date.now());
  return moment !== undefined && /^\d{4}-/.test(moment) ? moment : undefined;
}
