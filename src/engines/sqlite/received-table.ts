/** What arrived for uploads, in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { ReceivedTable } from "../../eventstore/received-table.js";

const ReceivedRow = z.object({
  uploadId: z.string(),
  hash: z.string(),
  sizeBytes: z.number(),
  expiresAt: z.number(),
});

const texts = z.array(z.string());

/** @param write runs its argument in a write transaction of the engine. */
export function sqliteReceivedTable(
  reader: Database.Database,
  write: <T>(work: (db: Database.Database) => T) => T,
): ReceivedTable {
  const rows = `SELECT upload_id AS uploadId, hash, size_bytes AS sizeBytes, expires_at AS expiresAt
    FROM received`;
  const after = reader.prepare(`${rows} WHERE upload_id > ? ORDER BY upload_id LIMIT ?`);
  const ofUpload = `${rows} WHERE upload_id = ?`;
  const get = reader.prepare(ofUpload);
  const held = reader
    .prepare("SELECT hash FROM received WHERE hash IN (SELECT value FROM json_each(?))")
    .pluck();
  return {
    get: async (uploadId) => ReceivedRow.optional().parse(get.get(uploadId)),
    put: async ({ uploadId, hash, sizeBytes, expiresAt }) =>
      write((db) => {
        const replaced = ReceivedRow.optional().parse(db.prepare(ofUpload).get(uploadId));
        db.prepare(
          `INSERT INTO received (upload_id, hash, size_bytes, expires_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (upload_id) DO UPDATE SET hash = excluded.hash,
             size_bytes = excluded.size_bytes, expires_at = excluded.expires_at`,
        ).run(uploadId, hash, sizeBytes, expiresAt);
        return replaced;
      }),
    after: async (uploadId, limit) => z.array(ReceivedRow).parse(after.all(uploadId, limit)),
    remove: async (uploadIds) =>
      write((db) => {
        db.prepare("DELETE FROM received WHERE upload_id IN (SELECT value FROM json_each(?))").run(
          JSON.stringify(uploadIds),
        );
      }),
    held: async (hashes) => new Set(texts.parse(held.all(JSON.stringify(hashes)))),
  };
}
