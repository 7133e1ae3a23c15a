/** The audit log: who did what, and from where. Its filters are in the address. */
import { useState } from "preact/hooks";
import type { AuditEvent, AuditQuery } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Failure } from "../../answer/failure.js";
import { Listed } from "../../answer/listed.js";
import { useAction } from "../../answer/use-action.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { address, hrefWith, usePlace } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Actor } from "../../show/actor.js";
import { count } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { allEvents, saveCsv } from "./audit-csv.js";
import { AuditFilters, auditQuery, filterNames } from "./audit-filters.js";

const pageSize = 100;

export function AuditPage({ namespace }: { readonly namespace: string }) {
  const { audit } = useNamespace();
  const { query } = usePlace();
  const filters = auditQuery(query);
  const ask = async (cursor: string | undefined): Promise<Page<AuditEvent>> => {
    const {
      results,
      total,
      next_cursor: next,
    } = await audit.list({
      ...filters,
      limit: pageSize,
      cursor,
    });
    return { rows: results, next, total };
  };
  const pages = usePages(ask, [audit, JSON.stringify(filters)]);
  const isNarrowed = filterNames.some((name) => query.has(name));
  return (
    <section class="page" aria-labelledby="audit-title">
      <div class="title">
        <h1 id="audit-title">Audit</h1>
        {pages.total !== undefined && <span class="soft">{count(pages.total)}</span>}
        <span class="grow" />
        <SaveButton filters={filters} total={pages.total ?? pages.rows.length} />
      </div>
      <AuditFilters />
      <Listed
        pages={pages}
        label="Audit events"
        rowHeight={41}
        keyOf={({ audit_id }) => audit_id}
        empty={
          isNarrowed ? (
            <Empty>
              No event fits.{" "}
              <a href={hrefWith(Object.fromEntries(filterNames.map((name) => [name, undefined])))}>
                Show all
              </a>
            </Empty>
          ) : (
            <Empty>Nothing has happened in the namespace {namespace} yet.</Empty>
          )
        }
      >
        {(event) => <AuditRow namespace={namespace} event={event} />}
      </Listed>
    </section>
  );
}

interface SaveButtonProps {
  readonly filters: AuditQuery;
  readonly total: number;
}

function SaveButton({ filters, total }: SaveButtonProps) {
  const api = useNamespace();
  const [done, setDone] = useState(0);
  const { run, isRunning, error } = useAction(async () => {
    setDone(0);
    saveCsv(await allEvents(api, filters, setDone));
  });
  return (
    <>
      <button type="button" disabled={total === 0 || isRunning} onClick={run}>
        {isRunning ? `${count(done)} of ${count(total)} …` : `Save ${count(total)} as CSV`}
      </button>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

interface AuditRowProps {
  readonly namespace: string;
  readonly event: AuditEvent;
}

/** More than a line has room for. */
const pathsMax = 8;

function AuditRow({ namespace, event }: AuditRowProps) {
  const { resource_type: type, resource_id: id, action, actor_id: actor } = event;
  const href = hrefOf(namespace, type, id);
  return (
    <div class="audit-row one-line">
      <span class="soft">
        <Time at={event.timestamp} isExact />
      </span>
      <span class="cut" title={actor}>
        <Actor name={actor} />
      </span>
      <span class="name cut" title={action}>
        {action}
      </span>
      <span class="cut">
        {href === undefined ? (
          <code>{id}</code>
        ) : (
          <a data-row href={href}>
            <code>{id}</code>
          </a>
        )}
      </span>
      <span class="soft cut">
        {event.changes.slice(0, pathsMax).map(({ path }) => (
          <code key={path} class="path">
            <Text max={60}>{path}</Text>{" "}
          </code>
        ))}
      </span>
      <span class="soft cut" title={event.user_agent}>
        {event.ip_address}
      </span>
    </div>
  );
}

/** What lies in a bucket is not found by its id alone. */
function hrefOf(namespace: string, type: string, id: string): string | undefined {
  switch (type) {
    case "bucket":
      return address([namespace, "buckets", id]);
    case "storage_connection":
      return address([namespace, "connections", id]);
    default:
      return undefined;
  }
}
