/** The status of a bucket, batch, upload, delivery or task. */

const kinds: Readonly<Record<string, string>> = {
  ACTIVE: "good",
  COMPLETED: "good",
  ACCEPTED: "good",
  CONFIRMED: "good",
  ARCHIVED: "quiet",
  DRAFT: "quiet",
  CANCELED: "quiet",
  IGNORED: "quiet",
  DUPLICATE: "quiet",
  SUSPENDED: "bad",
  FAILED: "bad",
  EXPIRED: "bad",
  INTERRUPTED: "bad",
  COMPLETED_WITH_ERRORS: "warning",
};

export function Status({ status }: { readonly status: string }) {
  const kind = kinds[status.toUpperCase()] ?? "busy";
  return <span class={`badge ${kind}`}>{status.toLowerCase().replaceAll("_", " ")}</span>;
}
