/** The status enum of the contract, shared by buckets, batches and tasks. */
export const statuses = [
  "PENDING",
  "QUEUED",
  "IN_PROGRESS",
  "PROCESSING",
  "COMPLETED",
  "COMPLETED_WITH_ERRORS",
  "FAILED",
  "CANCELED",
  "INTERRUPTED",
  "UNKNOWN",
  "SKIPPED",
  "DRAFT",
  "ACTIVE",
  "ARCHIVED",
  "SUSPENDED",
] as const;
