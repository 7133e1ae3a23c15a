/** Access tokens in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { permissions } from "../../domain/permissions.js";
import type { TokenRecord, TokenTable } from "../token-table.js";

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

/** @param write runs its argument in a write transaction of the engine. */
export function sqliteTokenTable(
  reader: Database.Database,
  write: (work: (db: Database.Database) => void) => void,
): TokenTable {
  const all = reader.prepare(
    `SELECT name, permission, namespaces, created_at AS createdAt, expires_at AS expiresAt, digest
     FROM tokens ORDER BY name`,
  );
  return {
    all: () => z.array(TokenRow).parse(all.all()),
    insert: ({ digest, name, permission, namespaces, createdAt, expiresAt }: TokenRecord) =>
      write((db) =>
        db
          .prepare(
            `INSERT INTO tokens (digest, name, permission, namespaces, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?)`,
          )
          .run(
            digest,
            name,
            permission,
            namespaces === null ? null : JSON.stringify(namespaces),
            createdAt,
            expiresAt,
          ),
      ),
    remove: (name) => write((db) => db.prepare("DELETE FROM tokens WHERE name = ?").run(name)),
  };
}
