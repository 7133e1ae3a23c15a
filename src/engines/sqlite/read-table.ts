/** Who read what, in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { ReadFilter, ReadTable } from "../../eventstore/read-table.js";
import { isWithin, withinOf } from "./within.js";

const bytes = z.instanceof(Uint8Array);

const Row = z.object({
  sequence: z.number(),
  auditId: z.string(),
  recordedAt: z.number(),
  namespace: z.string().nullable(),
  resourceType: z.string(),
  resourceId: z.string(),
  action: z.string(),
  actor: z.string(),
  changes: z.string(),
  remoteAddress: z.string().nullable(),
  userAgent: z.string().nullable(),
  keyId: z.string(),
  mac: bytes,
});

const Auditing = z.object({
  isEnabled: z.number().transform((flag) => flag === 1),
  first: z.number(),
  last: z.number(),
  keyId: z.string(),
  mac: bytes,
});

const columns = `sequence, audit_id AS auditId, recorded_at AS recordedAt, namespace,
  resource_type AS resourceType, resource_id AS resourceId, action, actor, changes,
  remote_address AS remoteAddress, user_agent AS userAgent, key_id AS keyId, mac`;

const fits = `${isWithin}
  AND ($auditId IS NULL OR audit_id = $auditId)
  AND ($resourceType IS NULL OR resource_type = $resourceType)
  AND ($resourceId IS NULL OR resource_id = $resourceId)
  AND ($action IS NULL OR action = $action)
  AND ($actor IS NULL OR actor = $actor)
  AND recorded_at BETWEEN $from AND $to`;

function parametersOf({ within, from, to, ...wanted }: ReadFilter) {
  const { auditId, resourceType, resourceId, action, actor } = wanted;
  return {
    ...withinOf(within),
    auditId: auditId ?? null,
    resourceType: resourceType ?? null,
    resourceId: resourceId ?? null,
    action: action ?? null,
    actor: actor ?? null,
    from: from ?? 0,
    to: to ?? Number.MAX_SAFE_INTEGER,
  };
}

/** @param write runs its argument in a write transaction of the engine. */
export function sqliteReadTable(
  reader: Database.Database,
  write: (work: (db: Database.Database) => void) => void,
): ReadTable {
  const auditing = reader.prepare(
    "SELECT is_enabled AS isEnabled, first, last, key_id AS keyId, mac FROM read_auditing",
  );
  const since = reader
    .prepare(
      `SELECT sequence FROM reads WHERE recorded_at >= ? ORDER BY recorded_at, sequence LIMIT 1`,
    )
    .pluck();
  const found = reader.prepare(
    `SELECT ${columns} FROM reads WHERE sequence < $before AND ${fits}
     ORDER BY sequence DESC LIMIT $limit`,
  );
  const counted = reader.prepare(`SELECT count(*) FROM reads WHERE ${fits}`).pluck();
  const after = reader.prepare(
    `SELECT ${columns} FROM reads WHERE sequence > ? ORDER BY sequence LIMIT ?`,
  );
  return {
    auditing: async () => Auditing.optional().parse(auditing.get()),
    put: async ({ isEnabled, first, last, keyId, mac }, rows) =>
      write((db) => {
        const insert = db.prepare(
          `INSERT INTO reads (sequence, audit_id, recorded_at, namespace, resource_type,
             resource_id, action, actor, changes, remote_address, user_agent, key_id, mac)
           VALUES ($sequence, $auditId, $recordedAt, $namespace, $resourceType,
             $resourceId, $action, $actor, $changes, $remoteAddress, $userAgent, $keyId, $mac)`,
        );
        for (const row of rows) insert.run(row);
        db.prepare("DELETE FROM reads WHERE sequence < ?").run(first);
        db.prepare("INSERT OR REPLACE INTO read_auditing VALUES (1, ?, ?, ?, ?, ?)").run(
          isEnabled ? 1 : 0,
          first,
          last,
          keyId,
          mac,
        );
      }),
    firstSince: async (recordedAt) => z.number().optional().parse(since.get(recordedAt)),
    find: async (filter, limit, before = Number.MAX_SAFE_INTEGER) =>
      z.array(Row).parse(found.all({ ...parametersOf(filter), limit, before })),
    count: async (filter) => z.number().parse(counted.get(parametersOf(filter))),
    after: async (sequence, limit) => z.array(Row).parse(after.all(sequence, limit)),
  };
}
