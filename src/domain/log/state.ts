/** The state of the log itself: the fold of its events, of which most logs have none. */
import { z } from "zod";
import { made, patched } from "../document-fold.js";
import type { RecordedEvent } from "../event.js";
import { jsonObject } from "../schemas.js";
import type { LogEvent } from "./events.js";

export const LogState = z.object({
  kind: z.literal("log"),
  log_id: z.string(),
  /** Its own id: it belongs to no bucket. */
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  /** What happened to it: `logDocument` reads it. */
  document: jsonObject,
  created_at: z.string(),
  updated_at: z.string(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type LogState = Readonly<z.infer<typeof LogState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: LogEvent };

/** The state after the event. Pure, and the only way that the state of a log is ever made. */
export function evolveLog(state: LogState | undefined, { event, ...recorded }: Recorded): LogState {
  const { changes } = event.data;
  if (state !== undefined) return patched(state, recorded, changes);
  return { kind: "log", log_id: recorded.stream, ...made(recorded, changes) };
}
