/** What is to be processed of what a source adapter makes (CONTRACT: source adapters). */
import type { z } from "zod";
import type { BatchCommand } from "../../domain/batch/commands.js";
import type { IngestConfig } from "../../domain/bucket/source-adapter.js";
import type { Target } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";
import { type Accompanying, accompanying } from "../write/writing.js";

type Batching = NonNullable<z.infer<typeof IngestConfig>["batching"]>;

/** The commands that put the object right before them where it waits for a worker. */
export function collectingOf(
  { newId }: Pick<ServiceParts, "newId">,
  bucket: string,
  batching: Batching,
): readonly Accompanying[] {
  const id = newId("btch");
  const { mode, window_seconds: seconds, max_batch_size: maxObjects, auto_submit } = batching;
  const begins = { kind: "new_member", bucket, id } as const;
  const collect = (windowMs: number | undefined, autoSubmit: boolean) => {
    const window = { windowMs, maxObjects, autoSubmit };
    return [step(begins, { type: "collect_object", window })];
  };
  switch (mode) {
    case "immediate": {
      const created = { type: "create_batch", objectIds: undefined, metadata: {} } as const;
      const submitted = { type: "submit_batch", taskId: newId("task") } as const;
      const submission = step({ kind: "member", bucket, id }, submitted);
      return [step(begins, created), ...(auto_submit ? [submission] : [])];
    }
    case "time_window":
      return collect(seconds * 1_000, auto_submit);
    case "size":
      return collect(undefined, auto_submit);
    case "manual":
      return collect(undefined, false);
  }
}

function step(target: Target, command: BatchCommand): Accompanying {
  return accompanying({ target, command });
}
