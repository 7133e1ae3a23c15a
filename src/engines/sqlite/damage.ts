/** What is damaged in a file, as far as SQLite can tell, and what helps against it. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { Fault } from "../../domain/reports.js";
import { viewTables } from "../../projections/projections.js";
import { isDamaged } from "./faults.js";

const Messages = z.array(z.object({ integrity_check: z.string() }));
const Owner = z.object({ type: z.string(), name: z.string(), table: z.string() }).optional();

/**
 * The fault that an error of reading stands for; undefined when it stands for none.
 * @param position of the event that was to be read; 0 when it was none.
 */
export function damageOf(
  db: Database.Database,
  error: unknown,
  position: number,
): Fault | undefined {
  if (error instanceof z.ZodError) {
    const [first] = error.issues;
    const where = first?.path.join(".") ?? "";
    return { position, problem: `a row holds what cannot be in it (${where}: ${first?.message})` };
  }
  return isDamaged(error) ? { position, problem: describe(db) } : undefined;
}

/** Looks at every page up to the first that is damaged: it is known that there is one. */
function describe(db: Database.Database): string {
  const told = firstMessage(db);
  const [, root, page] = /Tree (\d+) page (\d+)/.exec(told) ?? [];
  if (root === undefined) return `a page is damaged: restore a backup (${told})`;
  const owner = ownerOf(db, Number(root));
  const what = owner === undefined ? "the schema" : `the ${owner.type} ${owner.name}`;
  const isView = viewTables.some(({ name }) => name === owner?.table);
  const cure = isView ? "bucketlog rebuild makes it anew" : "restore a backup";
  return `page ${page} of ${what} is damaged: ${cure}`;
}

function firstMessage(db: Database.Database): string {
  try {
    const [first] = Messages.parse(db.pragma("integrity_check(1)"));
    return (first?.integrity_check ?? "").replaceAll(/\s+/g, " ");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function ownerOf(db: Database.Database, root: number) {
  try {
    const sql = "SELECT type, name, tbl_name AS 'table' FROM sqlite_schema WHERE rootpage = ?";
    return Owner.parse(db.prepare(sql).get(root));
  } catch {
    return undefined;
  }
}
