/** What an event of a batch says as a line of its log. */
import type { DomainEvent } from "../event.js";
import type { BatchEvent } from "./events.js";
import type { ObjectError } from "./failures.js";

interface LogLine {
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly errors?: ObjectError[];
}

/** Undefined for what is no event of a batch. */
export function batchLine(event: DomainEvent): LogLine | undefined {
  return isOfBatch(event) ? lineOf(event) : undefined;
}

function isOfBatch(event: DomainEvent): event is BatchEvent {
  return event.type.startsWith("batch.");
}

function lineOf(event: BatchEvent): LogLine {
  switch (event.type) {
    case "batch.created":
      return info(`Made of ${objects(event.data.object_ids)}.`);
    case "batch.objects_added":
      return info(`${objects(event.data.object_ids)} added.`);
    case "batch.patched":
      return info("Metadata changed.");
    case "batch.window_closed":
      return info("Collects no more.");
    case "batch.submitted":
      return info("Submitted: waits for a worker.");
    case "batch.claimed":
      return info(`Claimed by ${event.data.worker} until ${event.data.expires_at}.`);
    case "batch.progressed": {
      const { processed_count: done, failed_count: failed } = event.data.progress;
      const message = `${done} processed, ${failed} failed so far.`;
      return { level: failed > 0 ? "warning" : "info", message };
    }
    case "batch.completed": {
      const { errors } = event.data;
      if (errors.length === 0) return info("Completed.");
      return { level: "warning", message: `Completed; ${errors.length} failed.`, errors };
    }
    case "batch.failed": {
      const { error, errors } = event.data;
      return { level: "error", message: error, ...(errors !== undefined && { errors }) };
    }
    case "batch.retried": {
      const { object_ids, retry_mode } = event.data;
      return info(`${objects(object_ids)} tried again (${retry_mode}).`);
    }
    case "batch.canceled":
      return info("Canceled.");
    case "batch.deleted":
      return info("Deleted.");
  }
}

function info(message: string): LogLine {
  return { level: "info", message };
}

function objects(ids: readonly string[]): string {
  return ids.length === 1 ? "1 object" : `${ids.length} objects`;
}
