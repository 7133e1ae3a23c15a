/** What somebody can do to a closed file who knows SQLite, and how the log is hashed. */
import { rmSync } from "node:fs";
import Database from "better-sqlite3";
import { z } from "zod";
import { LogReader, LogWriter } from "../../src/engines/sqlite/log-sql.js";
import { chainHash, commit, type StoredEvent, zeroHash } from "../../src/eventstore/frame.js";

/**
 * Changes the closed file, whose triggers would not let it and are put back after it, and takes the
 * note of its head away.
 */
export function tamper<T>(file: string, change: (db: Database.Database) => T): T {
  const db = new Database(file);
  db.pragma("ignore_check_constraints = ON");
  const triggers = z
    .array(z.object({ name: z.string(), sql: z.string() }))
    .parse(db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all());
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  const result = change(db);
  for (const { sql } of triggers) db.exec(sql);
  db.close();
  for (const note of [".head", ".last"]) rmSync(file + note, { force: true });
  return result;
}

/** What becomes of an event; what is left out stays. */
interface Edited {
  readonly body?: string;
  readonly meta?: string;
}

/** Rewrites every event from what `edit` makes of it, with commitments, chain and head. */
export function forge(
  file: string,
  edit: (event: StoredEvent, body: string, meta: string) => Edited,
): void {
  tamper(file, (db) => {
    const log = new LogWriter(db);
    const events = new LogReader(db).logAfter(0, Number.MAX_SAFE_INTEGER);
    db.exec("DELETE FROM events");
    let previous = zeroHash;
    let last: StoredEvent | undefined;
    for (const event of events) {
      const [oldBody, oldMeta] = [textOf(event.body), textOf(event.meta)];
      const edited = edit(event, oldBody, oldMeta);
      const body = Buffer.from(edited.body ?? oldBody);
      const meta = Buffer.from(edited.meta ?? oldMeta);
      const commitment = commit(event.salt ?? new Uint8Array(), body);
      const metaCommitment = commit(event.metaSalt ?? new Uint8Array(), meta);
      const row = { ...event, body, meta, commitment, metaCommitment };
      last = { ...row, hash: chainHash(previous, row) };
      previous = last.hash;
      log.append(last);
    }
    if (last !== undefined) log.setHead(last);
  });
}

function textOf(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString();
}
