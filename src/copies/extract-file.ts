/** The SQLite file of an extract while it is written: plain tables, which nothing of ours is needed to read. */
import Database from "better-sqlite3";
import type { Column } from "./extract-columns.js";
import type { Table } from "./extract-tables.js";

/** Writes rows of one table, and counts them. */
export interface Rows<Row> {
  readonly count: number;
  add(row: Row): void;
}

export class ExtractFile {
  readonly #db: Database.Database;
  readonly #tables: Table<never>[] = [];

  /** @param file that is not there yet: of one that was not finished nothing is kept. */
  constructor(file: string) {
    this.#db = new Database(file);
    this.#db.pragma("journal_mode = OFF");
    this.#db.pragma("synchronous = OFF");
  }

  table<Row>(table: Table<Row>): Rows<Row> {
    const { name, columns } = table;
    const described = columns.map((column) => `${quoted(column.name)} ${column.type}`);
    this.#db.exec(`CREATE TABLE ${quoted(name)} (${described.join(", ")})`);
    this.#tables.push(table);
    const places = columns.map(() => "?").join(", ");
    return new TableRows(
      this.#db.prepare(`INSERT INTO ${quoted(name)} VALUES (${places})`),
      columns,
    );
  }

  /** Many rows at once, which takes a fraction of the time. */
  inOne<T>(work: () => T): T {
    return this.#db.transaction(work)();
  }

  /** At the end, because rows are written faster without. */
  index(): void {
    for (const { name, indexes } of this.#tables) {
      for (const columns of indexes) {
        const index = quoted([name, ...columns].join("_by_"));
        this.#db.exec(
          `CREATE INDEX ${index} ON ${quoted(name)} (${columns.map(quoted).join(", ")})`,
        );
      }
    }
  }

  close(): void {
    this.#db.close();
  }
}

class TableRows<Row> implements Rows<Row> {
  readonly #insert: Database.Statement;
  readonly #columns: readonly Column<Row>[];
  count = 0;

  constructor(insert: Database.Statement, columns: readonly Column<Row>[]) {
    this.#insert = insert;
    this.#columns = columns;
  }

  add(row: Row): void {
    this.#insert.run(...this.#columns.map((column) => column.of(row)));
    this.count += 1;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
