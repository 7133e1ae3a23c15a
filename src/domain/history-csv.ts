/**
 * History as CSV (RFC 4180): a row for each change of an event, so that a spreadsheet can sort and
 * filter by path; an event without changes is a row as well. Values are JSON, as they were recorded.
 */
import type { Change } from "./changes.js";
import type { HistoryEntry } from "./history.js";

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
  "bucket_id",
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
export const csvHeader: string = toLine(columns);

/** The rows of an event, each with its end of line. */
export function toCsvRows(entry: HistoryEntry): string {
  const { changes, ...event } = entry;
  const parts: readonly (Change | undefined)[] = changes.length === 0 ? [undefined] : changes;
  return parts
    .map((change) => {
      const cells: Readonly<Partial<Record<Column, string | number | undefined>>> = {
        ...event,
        ...(change !== undefined && cellsOf(change)),
      };
      return toLine(columns.map((column) => inert(String(cells[column] ?? ""))));
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

/** What spreadsheets begin a formula with, also in full width, or skip on the way to one. */
const formula = /^'*[=+\-@\t\r\n＝＋－＠]/;

/**
 * Text that no spreadsheet runs (OWASP: CSV injection): an apostrophe stands before what could be a
 * formula, or could be taken for one that was made inert. Taking one off again gives the text.
 */
function inert(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

function toLine(cells: readonly string[]): string {
  return `${cells.map(quote).join(",")}\r\n`;
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
