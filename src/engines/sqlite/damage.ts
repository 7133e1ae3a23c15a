/** What is damaged in a file, as far as SQLite can tell, and what helps against it. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { Fault } from "../../domain/reports.js";
import { viewTables } from "../../projections/projections.js";
import { isDamaged } from "./faults.js";

const Messages = z.array(z.object({ integrity_check: z.string() }));
const Orphans = z.array(z.object({ table: z.string(), parent: z.string() }));
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
  return toldOf(db, firstMessage(db));
}

/**
 * Looks at every page and index, and at what rows of one table say of another, up to the first that is
 * wrong: what it is, and what helps.
 */
export function findPageFault(db: Database.Database): string | undefined {
  const told = firstMessage(db);
  if (told !== "ok") return toldOf(db, told);
  const [orphan] = Orphans.parse(db.pragma("foreign_key_check"));
  if (orphan === undefined) return undefined;
  return `a row of ${orphan.table} belongs to one of ${orphan.parent} that is not there: ${cureOf(orphan.table)}`;
}

function toldOf(db: Database.Database, told: string): string {
  const [, root, page] = /Tree (\d+) page (\d+)/.exec(told) ?? [];
  if (root === undefined) return withoutPage(db, told);
  const owner = ownerOf(db, Number(root));
  const what = owner === undefined ? "the schema" : `the ${owner.type} ${owner.name}`;
  return `page ${page} of ${what} is damaged: ${cureOf(owner?.table)}`;
}

/** Where SQLite names an index, as it does for one that lacks a row, that says what helps. */
function withoutPage(db: Database.Database, told: string): string {
  const [, index] = /missing from index (\S+)|in index (\S+)/.exec(told)?.filter(Boolean) ?? [];
  const table = index === undefined ? undefined : tableOf(db, index);
  if (table === undefined) return `a page is damaged: restore a backup (${told})`;
  return `the index ${index} does not fit its table ${table}: ${cureOf(table)}`;
}

/** What is folded can be folded anew; the rest is nowhere else. */
function cureOf(table: string | undefined): string {
  const isView = viewTables.some(({ name }) => name === table);
  return isView ? "bucketlog rebuild makes it anew" : "restore a backup";
}

function firstMessage(db: Database.Database): string {
  try {
    const [first] = Messages.parse(db.pragma("integrity_check(1)"));
    return (first?.integrity_check ?? "").replaceAll(/\s+/g, " ");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tableOf(db: Database.Database, index: string): string | undefined {
  const sql = "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?";
  return z.string().optional().parse(db.prepare(sql).pluck().get(index));
}

function ownerOf(db: Database.Database, root: number) {
  try {
    const sql = "SELECT type, name, tbl_name AS 'table' FROM sqlite_schema WHERE rootpage = ?";
    return Owner.parse(db.prepare(sql).get(root));
  } catch {
    return undefined;
  }
}
