/**
 * History as CSV (RFC 4180): a row for each change of an event, so that a spreadsheet can sort and
 * filter by path; an event without changes is a row as well. Values are JSON, as they were recorded.
 */
import type { Change } from "./change.js";
import { csvLine } from "./csv.js";
import type { HistoryEntry } from "./history-entry.js";

const columns = [
  "version",
  "position",
  "recorded_at",
  "type",
  "actor",
  "reason",
  "op",
  "path",
  "value",
  "was",
  "namespace",
  "bucket_name",
  "bucket_id",
  "acting_token",
  "event_id",
  "request_id",
  "idempotency_key",
  "transaction_id",
  "revert_of",
  "media_type",
  "expires_at",
  "previous_hash",
  "hash",
] as const;
type Column = (typeof columns)[number];

/** The names of the columns, with the end of the line. */
export const csvHeader: string = csvLine(columns);

/** Where an event belongs, beside what its entry says. */
export interface CsvPlace {
  readonly namespace: string;
  readonly bucket_name: string;
}

/**
 * The rows of an event, each with its end of line.
 * @param shown what is written for the text of a cell: that text, unless given.
 */
export function toCsvRows(
  entry: HistoryEntry,
  place: CsvPlace,
  shown: (text: string) => string = (text) => text,
): string {
  const { changes, ...event } = entry;
  const parts: readonly (Change | undefined)[] = changes.length === 0 ? [undefined] : changes;
  return parts
    .map((change) => {
      const cells: Readonly<Partial<Record<Column, string | number | undefined>>> = {
        ...event,
        ...place,
        ...(change !== undefined && cellsOf(change)),
      };
      return csvLine(columns.map((column) => shown(String(cells[column] ?? ""))));
    })
    .join("");
}

function cellsOf(change: Change) {
  return {
    op: change.op,
    path: change.path,
    ...("value" in change && { value: JSON.stringify(change.value) }),
    ...("was" in change && { was: JSON.stringify(change.was) }),
  };
}
