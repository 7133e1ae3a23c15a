/** Access tokens in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { permissions } from "../../domain/permissions.js";
import { jsonValue } from "../../domain/schemas.js";
import type { TokenRecord, TokenReply, TokenTable } from "../../eventstore/token-table.js";

const TokenRow = z
  .object({
    name: z.string(),
    permission: z.enum(permissions),
    namespaces: z.string().nullable(),
    createdAt: z.number(),
    expiresAt: z.number().nullable(),
    digest: z.instanceof(Uint8Array),
  })
  .transform((row) => ({ ...row, namespaces: parseNamespaces(row.namespaces) }));

function parseNamespaces(text: string | null): string[] | null {
  return text === null ? null : z.array(z.string()).parse(JSON.parse(text));
}

const Results = z.object({ answer: jsonValue });

/** A row of `idempotency`, whose results are one answer. */
const ReplyRow = z
  .object({ fingerprint: z.string(), recordedAt: z.number(), results: z.string() })
  .transform(({ results, ...row }) => ({ ...row, ...Results.parse(JSON.parse(results)) }));

/** @param write runs its argument in a write transaction of the engine. */
export function sqliteTokenTable(
  reader: Database.Database,
  write: (work: (db: Database.Database) => void) => void,
): TokenTable {
  const all = reader.prepare(
    `SELECT name, permission, namespaces, created_at AS createdAt, expires_at AS expiresAt, digest
     FROM tokens ORDER BY name`,
  );
  const replied = reader.prepare(
    `SELECT fingerprint, recorded_at AS recordedAt, results FROM idempotency
     WHERE scope = ? AND key = ?`,
  );
  return {
    all: async () => z.array(TokenRow).parse(all.all()),
    insert: async (record, reply) =>
      write((db) => {
        insert(db, record);
        keep(db, reply);
      }),
    replace: async (record, reply) =>
      write((db) => {
        remove(db, record.name);
        insert(db, record);
        keep(db, reply);
      }),
    remove: async (name, reply) =>
      write((db) => {
        remove(db, name);
        keep(db, reply);
      }),
    reply: async (scope, key) => {
      const row = ReplyRow.optional().parse(replied.get(scope, key));
      return row && { scope, key, ...row };
    },
  };
}

function insert(db: Database.Database, record: TokenRecord): void {
  const { digest, name, permission, namespaces, createdAt, expiresAt } = record;
  const listed = namespaces === null ? null : JSON.stringify(namespaces);
  db.prepare(
    `INSERT INTO tokens (digest, name, permission, namespaces, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  ).run(digest, name, permission, listed, createdAt, expiresAt);
}

function remove(db: Database.Database, name: string): void {
  db.prepare("DELETE FROM tokens WHERE name = ?").run(name);
}

/** In the place of one that is too old to count. */
function keep(db: Database.Database, reply: TokenReply | undefined): void {
  if (reply === undefined) return;
  const { scope, key, fingerprint, recordedAt, answer } = reply;
  db.prepare(
    `INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, recorded_at, results)
     VALUES (?, ?, ?, ?, ?)`,
  ).run(scope, key, fingerprint, recordedAt, JSON.stringify({ answer }));
}
