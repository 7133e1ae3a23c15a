/**
 * The tables of an extract: what there was at a moment, and every change up to then. Names are those of
 * the API, times are text as in RFC 3339, and what is JSON there is JSON here.
 */
import { statusAt } from "../domain/batch/lease.js";
import type { Change } from "../domain/change.js";
import { formatTime, type RecordedEvent } from "../domain/event.js";
import type { UnreadableEvent } from "../domain/history.js";
import { type JsonObject, ownValue } from "../domain/json.js";
import { objectSize } from "../domain/object/response.js";
import {
  kindOfStream,
  type ResourceState,
  type StateOf,
  shownDocument,
} from "../domain/resource.js";
import {
  type Column,
  type FieldColumn,
  fieldValue,
  integer,
  json,
  text,
} from "./extract-columns.js";

export interface Table<Row> {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  /** By which columns rows are looked for. */
  readonly indexes: readonly (readonly string[])[];
}

/** What the file is of, in one row. */
export interface About {
  readonly logId: string;
  readonly origin: string | undefined;
  readonly position: number;
  readonly hash: string;
  readonly recordedAt: number | undefined;
  readonly namespace: string | undefined;
  readonly takenAt: number;
  readonly bucketlog: string;
}

export const about: Table<About> = {
  name: "about",
  columns: [
    text("log_id", (row) => row.logId),
    text("origin", (row) => row.origin),
    integer("position", (row) => row.position),
    text("hash", (row) => row.hash),
    text("recorded_at", (row) => timeText(row.recordedAt)),
    text("namespace", (row) => row.namespace),
    text("taken_at", (row) => timeText(row.takenAt)),
    text("bucketlog", (row) => row.bucketlog),
  ],
  indexes: [],
};

/** What every resource has. */
interface Resource {
  readonly namespace: string;
  readonly version: number;
  readonly position: number;
  readonly created_at: string;
  readonly updated_at: string;
}

const resource: readonly Column<Resource>[] = [
  text("namespace", (row) => row.namespace),
  integer("version", (row) => row.version),
  integer("position", (row) => row.position),
  text("created_at", (row) => row.created_at),
  text("updated_at", (row) => row.updated_at),
];

/** What the paths of changes lead into; secrets are masked. */
const document: Column<ResourceState> = json("document", shownDocument);

const field = (row: { readonly document: JsonObject }, name: string) =>
  ownValue(row.document, name);

const textField = (row: { readonly document: JsonObject }, name: string) => {
  const value = field(row, name);
  return typeof value === "string" ? value : undefined;
};

export const buckets: Table<StateOf<"bucket">> = {
  name: "buckets",
  columns: [
    text("bucket_id", (row) => row.bucket_id),
    text("bucket_name", (row) => textField(row, "bucket_name")),
    text("status", (row) => row.status),
    ...resource,
    text("description", (row) => textField(row, "description")),
    json("metadata", (row) => field(row, "metadata")),
    json("bucket_schema", (row) => field(row, "bucket_schema")),
    json("unique_key", (row) => row.unique_key),
    document,
  ],
  indexes: [["bucket_id"]],
};

const objectColumns: readonly Column<StateOf<"object">>[] = [
  text("object_id", (row) => row.object_id),
  text("bucket_id", (row) => row.bucket_id),
  text("status", (row) => row.status),
  ...resource,
  text("key_prefix", (row) => textField(row, "key_prefix")),
  integer("size_bytes", objectSize),
  json("metadata", (row) => field(row, "metadata")),
  json("blobs", (row) => field(row, "blobs")),
  document,
];

/** The names that fields of the user do not get. */
export const objectColumnNames: readonly string[] = objectColumns.map(({ name }) => name);

/** The objects of all buckets, with a column for each field that a schema of one describes. */
export function objectsWith(fields: readonly FieldColumn[]): Table<StateOf<"object">> {
  const ofFields = fields.map((one): Column<StateOf<"object">> => {
    const { name, type } = one;
    return { name, type, of: (row) => fieldValue(field(row, one.field), type) };
  });
  return {
    name: "objects",
    columns: [...objectColumns, ...ofFields],
    indexes: [["object_id"], ["bucket_id"]],
  };
}

/** Which column of `objects` has which field, as names differ where one was taken. */
export const objectFields: Table<FieldColumn> = {
  name: "object_fields",
  columns: [
    text("field", (row) => row.field),
    text("column_name", (row) => row.name),
    text("types", (row) => row.types.join(", ")),
  ],
  indexes: [],
};

/** @param at the moment that the extract is of, milliseconds: a lease may have run out by then. */
export function batchesAt(at: number): Table<StateOf<"batch">> {
  return {
    name: "batches",
    columns: [
      text("batch_id", (row) => row.batch_id),
      text("bucket_id", (row) => row.bucket_id),
      text("status", (row) => statusAt(row, at)),
      ...resource,
      text("submitted_at", (row) => row.submitted_at),
      text("finished_at", (row) => row.finished_at),
      text("task_id", (row) => row.task_id),
      text("worker", (row) => row.lease?.worker),
      json("object_ids", (row) => row.document.object_ids),
      json("metadata", (row) => row.document.metadata),
      json("result", (row) => row.result),
      text("error", (row) => row.error),
      json("errors", (row) => row.errors),
      document,
    ],
    indexes: [["batch_id"], ["bucket_id"]],
  };
}

export const deliveries: Table<StateOf<"delivery">> = {
  name: "deliveries",
  columns: [
    text("delivery_id", (row) => row.delivery_id),
    text("bucket_id", (row) => row.bucket_id),
    text("status", (row) => row.document.status),
    ...resource,
    text("adapter_type", (row) => row.document.adapter_type),
    text("event_type", (row) => row.document.event_type),
    text("sender_id", (row) => row.document.sender_id),
    text("object_id", (row) => row.document.object_id),
    integer("attempt", (row) => row.document.attempt),
    text("reason", (row) => row.document.reason),
    text("error_code", (row) => row.document.error_code),
    document,
  ],
  indexes: [["delivery_id"], ["bucket_id"]],
};

/** One change of an event; undefined for an event that changed no document, such as a lock. */
export interface ChangeRow {
  readonly recorded: RecordedEvent;
  readonly change: Change | undefined;
}

export const changes: Table<ChangeRow> = {
  name: "changes",
  columns: [
    integer("position", ({ recorded }) => recorded.position),
    text("recorded_at", ({ recorded }) => timeText(recorded.recordedAt)),
    text("namespace", ({ recorded }) => recorded.namespace),
    text("type", ({ recorded }) => recorded.event.type),
    text("actor", ({ recorded }) => recorded.meta.actor),
    text("acting_token", ({ recorded }) => recorded.meta.token),
    text("reason", ({ recorded }) => recorded.meta.reason),
    text("request_id", ({ recorded }) => recorded.meta.request_id),
    text("transaction_id", ({ recorded }) => recorded.transactionId),
    text("bucket_id", ({ recorded }) => recorded.bucketId || undefined),
    text("object_id", ({ recorded: { stream } }) =>
      kindOfStream(stream) === "object" ? stream : undefined,
    ),
    text("resource_id", ({ recorded }) => recorded.stream),
    integer("version", ({ recorded }) => recorded.version),
    text("path", ({ change }) => change?.path),
    text("op", ({ change }) => change?.op),
    json("was", ({ change }) => (change !== undefined && "was" in change ? change.was : undefined)),
    json("value", ({ change }) =>
      change !== undefined && "value" in change ? change.value : undefined,
    ),
  ],
  indexes: [["resource_id", "position"], ["bucket_id", "position"], ["position"]],
};

/** Events that are passed over, because this version cannot read them. */
export const unreadable: Table<UnreadableEvent> = {
  name: "unreadable",
  columns: [
    integer("position", (row) => row.position),
    text("recorded_at", (row) => row.recorded_at),
    text("type", (row) => row.type),
    text("resource_id", (row) => row.stream),
    integer("version", (row) => row.version),
    text("problem", (row) => row.problem),
  ],
  indexes: [],
};

function timeText(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : formatTime(milliseconds);
}
