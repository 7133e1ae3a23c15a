/**
 * Numbered SQL files, each applied once, in one transaction, and remembered with its checksum: a
 * published migration that was edited, or a file from a newer version, is refused.
 */
import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type Database from "better-sqlite3";
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import type { Upgrade } from "../../eventstore/upgrade.js";
import { packageFile } from "../../package-folder.js";
import { monotonicNow } from "../../timers.js";
import { applicationId } from "./connection.js";
import { writtenByOlder } from "./faults.js";
import { copyBeforeUpgrade } from "./upgrade.js";

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const AppliedMigration = z.object({ number: z.number(), name: z.string(), checksum: z.string() });

/** The migrations that come with this version, in order. */
export function readMigrations(): Migration[] {
  const folder = packageFile("migrations/sqlite/");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), "utf8");
      return { number: Number.parseInt(name, 10), name, sql, checksum: hash("sha256", sql) };
    });
}

/**
 * Brings the file to this version's schema; one that an older version wrote is copied before.
 * @returns what was done to a file of an older version.
 * @throws FILE_INVALID for a file of a newer version, or one whose migrations were not ours;
 * STORAGE_FULL when there is no room for the copy. Nothing has changed then.
 */
export function migrate(db: Database.Database, file: string, now: number): Upgrade | undefined {
  const began = monotonicNow();
  const migrations = readMigrations();
  const before = readApplied(db);
  assertHistory(before, migrations, file);
  const [first, ...later] = migrations.slice(before.length).map(({ name }) => name);
  const isOlder = before.length > 0 && first !== undefined;
  const copied = isOlder ? copyBeforeUpgrade(db, file, first) : undefined;
  applyPending(db, file, migrations, now);
  if (copied === undefined || first === undefined) return undefined;
  const milliseconds = Math.round(monotonicNow() - began);
  return { file, migrations: [first, ...later], ...copied, milliseconds };
}

/** Where it is remembered which were applied. */
export function makeMigrationsTable(db: Database.Database): void {
  db.exec(`CREATE TABLE IF NOT EXISTS migrations (
      number     INTEGER PRIMARY KEY,
      name       TEXT    NOT NULL,
      checksum   TEXT    NOT NULL,
      applied_at INTEGER NOT NULL
    ) STRICT`);
}

function applyPending(
  db: Database.Database,
  file: string,
  migrations: readonly Migration[],
  now: number,
): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    makeMigrationsTable(db);
    const applied = readApplied(db);
    assertHistory(applied, migrations, file);
    const pending = migrations.slice(applied.length);
    const record = db.prepare("INSERT INTO migrations VALUES (?, ?, ?, ?)");
    for (const migration of pending) {
      db.exec(migration.sql);
      record.run(migration.number, migration.name, migration.checksum, now);
    }
    if (pending.length > 0) {
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${migrations.length}`);
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** For a read-only opening, which cannot migrate: the file must be of this version already. */
export function assertMigrated(db: Database.Database, file: string): void {
  const migrations = readMigrations();
  const applied = readApplied(db);
  assertHistory(applied, migrations, file);
  if (applied.length === migrations.length) return;
  throw writtenByOlder(file);
}

function readApplied(db: Database.Database): z.infer<typeof AppliedMigration>[] {
  const exists = db
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'")
    .get();
  if (exists === undefined) return [];
  const rows = db.prepare("SELECT number, name, checksum FROM migrations ORDER BY number").all();
  return z.array(AppliedMigration).parse(rows);
}

function assertHistory(
  applied: readonly z.infer<typeof AppliedMigration>[],
  known: readonly Migration[],
  file: string,
): void {
  for (const [index, { number, name, checksum }] of applied.entries()) {
    const migration = known[index];
    if (migration === undefined) {
      throw new BucketsError(
        "FILE_INVALID",
        `${file} was written by a newer version (migration ${name}): use that version.`,
        { file, migration: name },
      );
    }
    if (migration.number !== number || migration.checksum !== checksum) {
      throw new BucketsError(
        "FILE_INVALID",
        `${file} was made with another text of migration ${name}: it is not safe to open.`,
        { file, migration: name },
      );
    }
  }
}
