/**
 * Whether a file has the schema that the migrations make: without the triggers the log is no longer
 * append-only, without an index an answer is slow or wrong, and a table of somebody else is no part of it.
 */
import Database from "better-sqlite3";
import { z } from "zod";
import { makeMigrationsTable, readMigrations } from "./migrate.js";

const Entries = z.array(
  z.object({ type: z.string(), name: z.string(), sql: z.string().nullable() }),
);

/** The first thing that is missing, changed or strange. */
export function findSchemaFault(db: Database.Database): string | undefined {
  const made = entriesOf(db);
  for (const [name, sql] of expected()) {
    const found = made.get(name);
    if (found === undefined) return `the ${name} is missing: restore a backup`;
    if (found !== sql) return `the ${name} is not what it was made as: restore a backup`;
    made.delete(name);
  }
  const [strange] = [...made.keys()].filter((name) => !/_(rebuild|replaced)$/.test(name));
  if (strange !== undefined) return `the ${strange} is none of ours: remove it`;
  const version = db.pragma("user_version", { simple: true });
  const wanted = readMigrations().length;
  return version === wanted ? undefined : `user_version is ${version}, and ${wanted} was set`;
}

/** What the migrations make, by its type and name. */
function expected(): ReadonlyMap<string, string> {
  const db = new Database(":memory:");
  try {
    makeMigrationsTable(db);
    for (const { sql } of readMigrations()) db.exec(sql);
    return entriesOf(db);
  } finally {
    db.close();
  }
}

/** A table that a rebuild has put in the place of another has its name in quotes. */
function entriesOf(db: Database.Database): Map<string, string> {
  const entries = Entries.parse(
    db
      .prepare(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
      )
      .all(),
  );
  return new Map(
    entries.map(({ type, name, sql }) => [
      `${type} ${name}`,
      (sql ?? "").replaceAll('"', "").replaceAll(/\s+/g, " "),
    ]),
  );
}
