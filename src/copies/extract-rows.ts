/** Which rows an extract gets of the events of a log, and of the states that they led to. */
import type { UnreadableEvent } from "../domain/history.js";
import { isUnreadable } from "../domain/history.js";
import {
  kindOfStream,
  type ResourceKind,
  type ResourceState,
  type StateOf,
  shownChanges,
} from "../domain/resource.js";
import { read } from "../eventstore/codec.js";
import type { StoredEvent } from "../eventstore/frame.js";
import type { FieldColumns } from "./extract-columns.js";
import type { ExtractFile, Rows } from "./extract-file.js";
import * as tables from "./extract-tables.js";

const memberTables: ReadonlySet<ResourceKind | undefined> = new Set([
  "object",
  "batch",
  "delivery",
]);

/** The ids of what is in buckets, as far as it is extracted and its first event is among these. */
export function begunBy(rows: readonly StoredEvent[]): readonly string[] {
  return rows
    .filter(({ version, stream }) => version === 1 && memberTables.has(kindOfStream(stream)))
    .map(({ stream }) => stream);
}

/** The tables of what is in buckets. */
export class MemberRows {
  readonly #objects: Rows<StateOf<"object">>;
  readonly #batches: Rows<StateOf<"batch">>;
  readonly #deliveries: Rows<StateOf<"delivery">>;

  constructor(file: ExtractFile, at: number, fields: FieldColumns) {
    const columns = fields.beside(tables.objectColumnNames);
    const named = file.table(tables.objectFields);
    for (const column of columns) named.add(column);
    this.#objects = file.table(tables.objectsWith(columns));
    this.#batches = file.table(tables.batchesAt(at));
    this.#deliveries = file.table(tables.deliveries);
  }

  add(state: ResourceState): void {
    switch (state.kind) {
      case "object":
        this.#objects.add(state);
        return;
      case "batch":
        this.#batches.add(state);
        return;
      case "delivery":
        this.#deliveries.add(state);
        return;
      default:
        return;
    }
  }

  get counts() {
    return {
      objects: this.#objects.count,
      batches: this.#batches.count,
      deliveries: this.#deliveries.count,
    };
  }
}

/** The tables of what happened. */
export class ChangeRows {
  readonly #changes: Rows<tables.ChangeRow>;
  readonly #unreadable: Rows<UnreadableEvent>;

  constructor(file: ExtractFile) {
    this.#changes = file.table(tables.changes);
    this.#unreadable = file.table(tables.unreadable);
  }

  readonly add = (row: StoredEvent): void => {
    const recorded = read(row);
    if (isUnreadable(recorded)) {
      this.#unreadable.add(recorded);
      return;
    }
    const changes = shownChanges(recorded.event);
    for (const change of changes.length === 0 ? [undefined] : changes) {
      this.#changes.add({ recorded, change });
    }
  };

  get counts() {
    return { changes: this.#changes.count, unreadable: this.#unreadable.count };
  }
}
