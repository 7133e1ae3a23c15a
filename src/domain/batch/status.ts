/** The lifecycle of a batch (CONTRACT: batches), as every rule about it tells its statuses apart. */

export const batchStatuses = [
  "DRAFT",
  "PENDING",
  "QUEUED",
  "IN_PROGRESS",
  "PROCESSING",
  "COMPLETED",
  "COMPLETED_WITH_ERRORS",
  "FAILED",
  "CANCELED",
  "INTERRUPTED",
] as const;
export type BatchStatus = (typeof batchStatuses)[number];

export type BatchPhase = "draft" | "waiting" | "working" | "finished";

/**
 * A claim makes a batch IN_PROGRESS, its first report of progress PROCESSING. QUEUED and INTERRUPTED
 * are of the contract; no event leads there, and they have their place all the same.
 */
const phases: Readonly<Record<BatchStatus, BatchPhase>> = {
  DRAFT: "draft",
  PENDING: "waiting",
  QUEUED: "waiting",
  IN_PROGRESS: "working",
  PROCESSING: "working",
  COMPLETED: "finished",
  COMPLETED_WITH_ERRORS: "finished",
  FAILED: "finished",
  CANCELED: "finished",
  INTERRUPTED: "finished",
};

export function phaseOf(status: BatchStatus): BatchPhase {
  return phases[status];
}
