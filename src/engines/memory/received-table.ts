/** What arrived for uploads, in a store that does not outlive the process. */
import type { ReceivedRow, ReceivedTable } from "../../eventstore/received-table.js";

export function memoryReceivedTable(): ReceivedTable {
  const rows = new Map<string, ReceivedRow>();
  return {
    get: async (uploadId) => rows.get(uploadId),
    put: async (row) => {
      const replaced = rows.get(row.uploadId);
      rows.set(row.uploadId, row);
      return replaced;
    },
    after: async (uploadId, limit) =>
      [...rows.values()]
        .filter((row) => row.uploadId > uploadId)
        .sort((a, b) => (a.uploadId < b.uploadId ? -1 : 1))
        .slice(0, limit),
    remove: async (uploadIds) => {
      for (const id of uploadIds) rows.delete(id);
    },
    held: async (hashes) => {
      const held = new Set(rows.values().map(({ hash }) => hash));
      return new Set(hashes.filter((hash) => held.has(hash)));
    },
  };
}
