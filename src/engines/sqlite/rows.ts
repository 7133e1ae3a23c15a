/** Writing the rows of projections: statements are made of what a projection says of its tables. */
import type Database from "better-sqlite3";
import type { Cell, Projection, TableOf, Write } from "../../projections/projections.js";

/** What writes the rows of the projection into its tables, whose names may have a suffix. */
export function rowWriter<Row>(
  db: Database.Database,
  projection: Projection<Row>,
  suffix: string,
): Write<Row> {
  const writes = projection.tables.map((table) => tableWriter(db, table, suffix));
  return (change) => writes[projection.placeOf(change.row)]?.(change);
}

/** Its statements are prepared when they are first run: a store that is opened would wait for them all. */
function tableWriter<Row>(db: Database.Database, table: TableOf<Row>, suffix: string): Write<Row> {
  let put: Database.Statement | undefined;
  let drop: Database.Statement | undefined;
  const values = Object.values(table.columns);
  const keys = table.key.flatMap((name) => table.columns[name] ?? []);
  return ({ row, isGone }) => {
    if (isGone === true) {
      drop ??= db.prepare(dropSql(table, suffix));
      drop.run(...cells(row, keys));
    } else {
      put ??= db.prepare(putSql(table, suffix));
      put.run(...cells(row, values));
    }
  };
}

function cells<Row>(row: Row, columns: readonly ((row: Row) => Cell)[]): Cell[] {
  return columns.map((column) => column(row));
}

function dropSql<Row>({ name, key }: TableOf<Row>, suffix: string): string {
  return `DELETE FROM ${name}${suffix} WHERE ${key.map((column) => `${column} = ?`).join(" AND ")}`;
}

function putSql<Row>(table: TableOf<Row>, suffix: string): string {
  const names = Object.keys(table.columns);
  const places = names.map(() => "?").join(", ");
  return `INSERT INTO ${table.name}${suffix} (${names.join(", ")}) VALUES (${places})
    ${ofSecond(table)}`;
}

function ofSecond<Row>({ key, columns, second }: TableOf<Row>): string {
  if (second === "refused") return "";
  const conflict = `ON CONFLICT (${key.join(", ")}) DO`;
  if (second === "ignored") return `${conflict} NOTHING`;
  const others = Object.keys(columns).filter((column) => !key.includes(column));
  return `${conflict} UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(", ")}`;
}
