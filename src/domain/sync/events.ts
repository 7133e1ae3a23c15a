/** What can have happened to a sync. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";

const changes = z.array(Change);

export const SyncEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("sync.created"),
    data: z.object({ changes, created_by: z.string() }),
  }),
  z.object({ type: z.literal("sync.patched"), data: z.object({ changes }) }),
  z.object({
    type: z.literal("sync.paused"),
    data: z.object({ paused_by: z.string(), reason: z.string().optional() }),
  }),
  z.object({ type: z.literal("sync.resumed"), data: z.object({}) }),
  z.object({
    type: z.literal("sync.triggered"),
    data: z.object({
      changes,
      task_id: z.string(),
      /** Why the task failed: nothing is ever pulled. */
      error: z.string(),
    }),
  }),
  z.object({ type: z.literal("sync.deleted"), data: z.object({}) }),
]);
export type SyncEvent = Readonly<z.infer<typeof SyncEvent>>;

/** What the event did to the document. */
export function syncChanges(event: SyncEvent): readonly Change[] {
  switch (event.type) {
    case "sync.created":
    case "sync.patched":
    case "sync.triggered":
      return event.data.changes;
    case "sync.paused":
    case "sync.resumed":
    case "sync.deleted":
      return [];
  }
}
