/** The state of a sync, which says what is to be pulled from where: the fold of its events. */
import { z } from "zod";
import { applyChanges } from "../changes.js";
import { begun, made, patched, removed } from "../document-fold.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { jsonObject } from "../schemas.js";
import type { SyncEvent } from "./events.js";

export const SyncState = z.object({
  kind: z.literal("sync"),
  sync_config_id: z.string(),
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  document: jsonObject,
  created_by: z.string(),
  paused: z
    .object({ paused_at: z.string(), paused_by: z.string(), reason: z.string().optional() })
    .optional(),
  /** The last time that somebody wanted it to pull. */
  triggered: z
    .object({ triggered_at: z.string(), task_id: z.string(), error: z.string() })
    .optional(),
  /** How often that came to nothing: always. */
  trigger_count: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type SyncState = Readonly<z.infer<typeof SyncState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: SyncEvent };

/** The state after the event. Pure, and the only way that the state of a sync is ever made. */
export function evolveSync(
  state: SyncState | undefined,
  { event, ...recorded }: Recorded,
): SyncState {
  if (event.type === "sync.created") {
    const { changes, created_by } = event.data;
    const first = made(recorded, changes);
    const id = recorded.stream;
    return { kind: "sync", sync_config_id: id, ...first, created_by, trigger_count: 0 };
  }
  const at = formatTime(recorded.recordedAt);
  const { version, position } = recorded;
  const next = { ...begun(state, recorded), version, position, updated_at: at };
  switch (event.type) {
    case "sync.patched":
      return patched(next, recorded, event.data.changes);
    case "sync.paused":
      return { ...next, paused: { paused_at: at, ...event.data } };
    case "sync.resumed": {
      const { paused: _, ...resumed } = next;
      return resumed;
    }
    case "sync.triggered": {
      const { changes, task_id, error } = event.data;
      return {
        ...next,
        document: applyChanges(next.document, changes),
        triggered: { triggered_at: at, task_id, error },
        trigger_count: next.trigger_count + 1,
      };
    }
    case "sync.deleted":
      return removed(next, recorded, {});
  }
}
