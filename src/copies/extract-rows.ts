/** Which rows an extract gets of the events of a log, and of the states that they led to. */
import type { UnreadableEvent } from "../domain/history.js";
import { isUnreadable } from "../domain/history.js";
import {
  kindOfStream,
  type ResourceKind,
  type ResourceState,
  type StateOf,
  shownChanges,
  stateOfKind,
} from "../domain/resource.js";
import { read } from "../eventstore/codec.js";
import type { StoredEvent } from "../eventstore/frame.js";
import type { FieldColumns } from "./extract-columns.js";
import type { ExtractFile, Rows } from "./extract-file.js";
import * as tables from "./extract-tables.js";

/** The kinds of what is in buckets that have tables; of the others, the changes tell. */
const extracted = ["object", "batch", "delivery"] as const;

const isExtracted: ReadonlySet<ResourceKind | undefined> = new Set(extracted);

/** The ids of what is in buckets, as far as it is extracted and its first event is among these. */
export function begunBy(rows: readonly StoredEvent[]): readonly string[] {
  return rows
    .filter(({ version, stream }) => version === 1 && isExtracted.has(kindOfStream(stream)))
    .map(({ stream }) => stream);
}

/** The tables of what is in buckets. */
export class MemberRows {
  readonly #rows: { readonly [Name in (typeof extracted)[number]]: Rows<StateOf<Name>> };
  readonly #adding: ReadonlyMap<ResourceKind, (state: ResourceState) => void>;

  constructor(file: ExtractFile, at: number, fields: FieldColumns) {
    const columns = fields.beside(tables.objectColumnNames);
    const named = file.table(tables.objectFields);
    for (const column of columns) named.add(column);
    this.#rows = {
      object: file.table(tables.objectsWith(columns)),
      batch: file.table(tables.batchesAt(at)),
      delivery: file.table(tables.deliveries),
    };
    this.#adding = new Map(extracted.map((name) => [name, addingTo(name, this.#rows[name])]));
  }

  add(state: ResourceState): void {
    this.#adding.get(state.kind)?.(state);
  }

  get counts() {
    return {
      objects: this.#rows.object.count,
      batches: this.#rows.batch.count,
      deliveries: this.#rows.delivery.count,
    };
  }
}

function addingTo<Name extends ResourceKind>(name: Name, rows: Rows<StateOf<Name>>) {
  return (state: ResourceState) => rows.add(stateOfKind(name, state));
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
