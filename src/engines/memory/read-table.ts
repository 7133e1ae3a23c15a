/** Who read what, in a store that does not outlive the process. */
import { hasNamespace } from "../../domain/namespace/within.js";
import type { ReadAuditing, ReadFilter, ReadRow, ReadTable } from "../../eventstore/read-table.js";

export function memoryReadTable(): ReadTable {
  let auditing: ReadAuditing | undefined;
  let kept: readonly ReadRow[] = [];
  return {
    auditing: async () => auditing,
    put: async (next, rows) => {
      auditing = next;
      kept = [...kept, ...rows].filter(({ sequence }) => sequence >= next.first);
    },
    firstSince: async (time) => kept.find(({ recordedAt }) => recordedAt >= time)?.sequence,
    find: async (filter, limit, before = Number.POSITIVE_INFINITY) =>
      kept
        .filter((row) => row.sequence < before && fits(row, filter))
        .reverse()
        .slice(0, limit),
    count: async (filter) => kept.filter((row) => fits(row, filter)).length,
    after: async (after, limit) => kept.filter(({ sequence }) => sequence > after).slice(0, limit),
  };
}

function fits(row: ReadRow, { within, from = 0, to = row.recordedAt, ...wanted }: ReadFilter) {
  return (
    hasNamespace(within, row.namespace) &&
    row.auditId === (wanted.auditId ?? row.auditId) &&
    row.resourceType === (wanted.resourceType ?? row.resourceType) &&
    row.resourceId === (wanted.resourceId ?? row.resourceId) &&
    row.action === (wanted.action ?? row.action) &&
    row.actor === (wanted.actor ?? row.actor) &&
    row.recordedAt >= from &&
    row.recordedAt <= to
  );
}
