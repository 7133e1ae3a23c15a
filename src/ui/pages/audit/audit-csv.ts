/** The events that the filters leave, saved as a file for a spreadsheet; their changes are JSON. */
import {
  type AuditEvent,
  type AuditQuery,
  csvLine,
  type Namespace,
} from "../../../client/index.js";
import { save } from "../../show/save.js";

const columns = [
  "timestamp",
  "actor_id",
  "action",
  "resource_type",
  "resource_id",
  "ip_address",
  "user_agent",
  "audit_id",
  "acting_token",
] as const;

const pageSize = 1_000;

/**
 * Every event of the log that fits, also those that were not scrolled to yet.
 * @param onProgress is told how many there are so far.
 */
export async function allEvents(
  { audit }: Namespace,
  query: AuditQuery,
  onProgress: (done: number) => void,
): Promise<readonly AuditEvent[]> {
  const events: AuditEvent[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; ) {
    isFirst = false;
    const page = await audit.list({ ...query, limit: pageSize, cursor });
    events.push(...page.results);
    onProgress(events.length);
    cursor = page.next_cursor;
  }
  return events;
}

export function saveCsv(events: readonly AuditEvent[]): void {
  const rows = events.map((event) => [
    ...columns.map((column) => event[column] ?? ""),
    JSON.stringify(event.changes),
  ]);
  const lines = [[...columns, "changes"], ...rows].map(csvLine);
  save("audit.csv", lines, "text/csv");
}
