/** What a batch has to tell of its faults, and of what happened to it. */
import { z } from "zod";
import type { BatchLogs, FailedDocuments } from "../../api/index.js";
import { categoryOf, failedObjects, isTransient } from "../../domain/batch/failures.js";
import { batchLine } from "../../domain/batch/log-line.js";
import type { BatchState } from "../../domain/batch/state.js";
import { formatTime } from "../../domain/event.js";
import { parted } from "../../domain/history.js";
import { limits } from "../../domain/limits.js";
import type { EventStore } from "../../eventstore/store.js";
import { streamEvents } from "../read/stream-events.js";

export const PartRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.batchPartDefault),
  offset: z.number().int().min(0).default(0),
});
type Part = z.infer<typeof PartRequest>;

export function failedDocumentsOf(state: BatchState, { limit, offset }: Part): FailedDocuments {
  const { batch_id, status, finished_at } = state;
  const failed = failedObjects(state);
  return {
    batch_id,
    status,
    results: failed.slice(offset, offset + limit).map((error) => ({
      ...error,
      document_id: error.object_id,
      error_type: categoryOf(error),
      is_transient: isTransient(error),
      tier_num: 0,
      ...(finished_at !== undefined && { timestamp: finished_at }),
    })),
    total: failed.length,
    limit,
    offset,
  };
}

/** Reads no more events than are told of: each is a line. What cannot be read has none. */
export async function logsOf(
  events: EventStore,
  { batch_id, version }: BatchState,
  { limit, offset }: Part,
): Promise<BatchLogs> {
  const versions = { from: offset + 1, to: Math.min(offset + limit, version) };
  const logged = await Array.fromAsync(streamEvents(events, batch_id, versions));
  const results = parted(logged).readable.flatMap(({ recorded }) => {
    const line = batchLine(recorded.event);
    if (line === undefined) return [];
    const { recordedAt, version: at, meta } = recorded;
    const place = { timestamp: formatTime(recordedAt), event: recorded.event.type, version: at };
    return [{ ...place, ...line, actor: meta.actor, tier_num: 0 as const }];
  });
  return { batch_id, results, total: version, limit, offset };
}
