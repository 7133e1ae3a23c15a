/**
 * The current states, one table for each kind of resource: the state as JSON text, beside it what
 * queries and indexes need.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { isOpen } from "../../domain/batch/lease.js";
import { objectSize } from "../../domain/object/response.js";
import { kindOfStream, type ResourceKind, ResourceState, streamOf } from "../../domain/resource.js";

type Column = string | number | null;

/** A table of states, and the columns that are its own. */
interface StateTable {
  readonly name: string;
  readonly id: string;
  readonly columns: readonly string[];
}

const tables = {
  bucket: { name: "buckets", id: "bucket_id", columns: ["namespace"] },
  object: { name: "objects", id: "object_id", columns: ["bucket_id", "size_bytes"] },
  batch: {
    name: "batches",
    id: "batch_id",
    columns: ["bucket_id", "namespace", "is_open", "submitted_at"],
  },
  upload: { name: "uploads", id: "upload_id", columns: ["bucket_id"] },
  connection: { name: "connections", id: "connection_id", columns: ["namespace"] },
  delivery: { name: "deliveries", id: "delivery_id", columns: ["bucket_id", "status"] },
} as const satisfies Record<ResourceKind, StateTable>;

function columnsOf(state: ResourceState): readonly Column[] {
  switch (state.kind) {
    case "bucket":
    case "connection":
      return [state.namespace];
    case "object":
      return [state.bucket_id, objectSize(state)];
    case "batch":
      return [state.bucket_id, state.namespace, isOpen(state) ? 1 : 0, state.submitted_at ?? null];
    case "upload":
      return [state.bucket_id];
    case "delivery":
      return [state.bucket_id, state.document.status];
  }
}

interface Statements {
  readonly get: Database.Statement;
  readonly put: Database.Statement;
}

export class StateTables {
  readonly #statements: Readonly<Record<ResourceKind, Statements>>;

  constructor(db: Database.Database, suffix = "") {
    this.#statements = {
      bucket: prepare(db, tables.bucket, suffix),
      object: prepare(db, tables.object, suffix),
      batch: prepare(db, tables.batch, suffix),
      upload: prepare(db, tables.upload, suffix),
      delivery: prepare(db, tables.delivery, suffix),
      connection: prepare(db, tables.connection, suffix),
    };
  }

  load(stream: string): ResourceState | undefined {
    const kind = kindOfStream(stream);
    return kind === undefined ? undefined : parseState(this.#statements[kind].get.get(stream));
  }

  put(state: ResourceState): void {
    const { kind, created_at: createdAt, version, position, deleted } = state;
    this.#statements[kind].put.run(
      streamOf(state),
      createdAt,
      version,
      position,
      deleted === undefined ? 0 : 1,
      stateText(state),
      ...columnsOf(state),
    );
  }
}

function prepare(db: Database.Database, table: StateTable, suffix: string): Statements {
  const name = `${table.name}${suffix}`;
  const columns = ["created_at", "version", "position", "is_deleted", "state", ...table.columns];
  const places = columns.map(() => "?").join(", ");
  const updates = columns.map((column) => `${column} = excluded.${column}`).join(", ");
  return {
    get: db.prepare(`SELECT state FROM ${name} WHERE ${table.id} = ?`).pluck(),
    put: db.prepare(
      `INSERT INTO ${name} (${table.id}, ${columns.join(", ")}) VALUES (?, ${places})
       ON CONFLICT (${table.id}) DO UPDATE SET ${updates}`,
    ),
  };
}

/**
 * Parsing brings the keys into the order of the schema, so that equal states have the same text,
 * whether the state before came from the cache of the writer or from a row.
 */
export function stateText(state: ResourceState): string {
  return JSON.stringify(ResourceState.parse(state));
}

export function parseState(row: unknown): ResourceState | undefined {
  const json = z.string().optional().parse(row);
  return json === undefined ? undefined : ResourceState.parse(JSON.parse(json));
}
