/** The state of an upload: the fold of its events. */
import { z } from "zod";
import { invariant } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { UploadConfirmation, UploadDocument, type UploadEvent } from "./events.js";

export const uploadStatuses = ["PENDING", "COMPLETED", "FAILED", "SKIPPED"] as const;
export type UploadStatus = (typeof uploadStatuses)[number];

export const UploadState = z.object({
  kind: z.literal("upload"),
  upload_id: z.string(),
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  document: UploadDocument,
  /** As the last event left it; `uploadStatusAt` knows that it expired since. */
  status: z.enum(uploadStatuses).exclude(["FAILED"]),
  expires_at: z.string(),
  /** Of the bytes that were confirmed. */
  hash: z.string().optional(),
  size_bytes: z.number().optional(),
  object_id: z.string().optional(),
  /** Why it is SKIPPED. */
  duplicate_of_upload_id: z.string().optional(),
  existing_object_id: z.string().optional(),
  confirmation: UploadConfirmation.optional(),
  created_at: z.string(),
  updated_at: z.string(),
  completed_at: z.string().optional(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type UploadState = Readonly<z.infer<typeof UploadState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: UploadEvent };

/** The state after the event. Pure, and the only way that the state of an upload is ever made. */
export function evolveUpload(state: UploadState | undefined, recorded: Recorded): UploadState {
  const { event } = recorded;
  if (state === undefined) return begin(recorded);
  const at = formatTime(recorded.recordedAt);
  const { version, position } = recorded;
  const next = { ...state, version, position, updated_at: at };
  switch (event.type) {
    case "upload.created":
      throw new Error(`invariant broken: ${recorded.stream} was created twice`);
    case "upload.confirmed":
      return { ...next, ...event.data, status: "COMPLETED", completed_at: at };
    case "upload.deleted":
      return { ...next, deleted: { deleted_at: at } };
  }
}

type Created = Extract<UploadEvent, { readonly type: "upload.created" }>["data"];

function isSkipped({ duplicate_of_upload_id, existing_object_id }: Created): boolean {
  return duplicate_of_upload_id !== undefined || existing_object_id !== undefined;
}

function begin({ stream, event, recordedAt, ...recorded }: Recorded): UploadState {
  invariant(event.type === "upload.created", `${stream} does not begin with its creation`);
  const at = formatTime(recordedAt);
  return {
    kind: "upload",
    upload_id: stream,
    bucket_id: recorded.bucketId,
    namespace: recorded.namespace,
    version: recorded.version,
    position: recorded.position,
    ...event.data,
    status: isSkipped(event.data) ? "SKIPPED" : "PENDING",
    created_at: at,
    updated_at: at,
  };
}

/**
 * The status at the time (milliseconds): an upload that nobody confirmed before it expired FAILED.
 * No event says so, because its creation already said when.
 */
export function uploadStatusAt(state: UploadState, time: number): UploadStatus {
  const isExpired = state.status === "PENDING" && Date.parse(state.expires_at) <= time;
  return isExpired ? "FAILED" : state.status;
}

/** The bytes that were confirmed, or else those that were announced. */
export function uploadSize({ size_bytes, document }: UploadState): number {
  return size_bytes ?? document.file_size_bytes ?? 0;
}

/** How many uploads a bucket has of each status, and how large they are. */
export interface UploadCounts {
  readonly byStatus: Readonly<Partial<Record<UploadStatus, number>>>;
  readonly totalSizeBytes: number;
}

/** @param time milliseconds. */
export function countUploads(states: Iterable<UploadState>, time: number): UploadCounts {
  const byStatus: Partial<Record<UploadStatus, number>> = {};
  let totalSizeBytes = 0;
  for (const state of states) {
    const status = uploadStatusAt(state, time);
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    totalSizeBytes += uploadSize(state);
  }
  return { byStatus, totalSizeBytes };
}
