/** The rows of a projection in memory, found by their keys and by the group that they are in. */
import { invariant } from "../../domain/errors.js";
import { frozen } from "../../domain/json.js";
import type { AppliedEvent } from "../../domain/resource.js";
import type { Counted } from "../../projections/counting.js";
import type { Cell, Change, Projection } from "../../projections/projections.js";

export class MemoryTable<Row> {
  readonly #projection: Projection<Row>;
  readonly #groupOf: (row: Row) => string;
  readonly #rows = new Map<string, Row>();
  readonly #groups = new Map<string, Map<string, Row>>();
  readonly #newest = new Map<string, Row>();

  constructor(projection: Projection<Row>, groupOf: (row: Row) => string = () => "") {
    this.#projection = projection;
    this.#groupOf = groupOf;
  }

  apply(events: readonly AppliedEvent[], counted: Counted): void {
    for (const change of this.#projection.changes(events, counted)) this.#write(change);
  }

  #write({ row, isGone }: Change<Row>): void {
    const { key, columns, second } = this.#projection.tableOf(row);
    const text = keyText(key.map((name) => columns[name]?.(row) ?? null));
    const name = this.#groupOf(row);
    const group = this.#groups.get(name) ?? new Map<string, Row>();
    if (isGone === true) {
      this.#rows.delete(text);
      group.delete(text);
      return;
    }
    const isSecond = this.#rows.has(text);
    invariant(!isSecond || second !== "refused", `there is a row ${text} already`);
    if (isSecond && second === "ignored") return;
    this.#rows.set(text, frozen(row));
    this.#groups.set(name, group.set(text, row));
    this.#newest.set(name, row);
  }

  get(...key: readonly Cell[]): Row | undefined {
    return this.#rows.get(keyText(key));
  }

  values(): IteratorObject<Row> {
    return this.#rows.values();
  }

  /** In the order in which they came to be. */
  group(name: string): readonly Row[] {
    return [...(this.#groups.get(name)?.values() ?? [])];
  }

  /** The row of the group that was written last. */
  newest(group: string): Row | undefined {
    return this.#newest.get(group);
  }
}

function keyText(key: readonly Cell[]): string {
  return key.join("\u0000");
}
