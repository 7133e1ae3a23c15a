/** Access tokens in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { permissions } from "../../domain/permissions.js";
import type { TokenRecord, TokenTable } from "../token-table.js";

const TokenRow = z.object({
  name: z.string(),
  permission: z.enum(permissions),
  createdAt: z.number(),
  digest: z.instanceof(Uint8Array),
});

/** @param write runs its argument in a write transaction of the engine. */
export function sqliteTokenTable(
  reader: Database.Database,
  write: (work: (db: Database.Database) => void) => void,
): TokenTable {
  const all = reader.prepare(
    "SELECT name, permission, created_at AS createdAt, digest FROM tokens ORDER BY name",
  );
  return {
    all: () => z.array(TokenRow).parse(all.all()),
    insert: ({ digest, name, permission, createdAt }: TokenRecord) =>
      write((db) =>
        db
          .prepare("INSERT INTO tokens (digest, name, permission, created_at) VALUES (?, ?, ?, ?)")
          .run(digest, name, permission, createdAt),
      ),
  };
}
