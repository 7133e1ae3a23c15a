/** How buckets are answered: reads, and what writes left of them. */
import type { CountedBucket } from "../domain/bucket/list.js";
import { bucketTag, renderBucket } from "../domain/bucket/response.js";
import { maskChanges } from "../domain/bucket/secrets.js";
import { invariant } from "../domain/errors.js";
import { changesOf } from "../domain/history.js";
import { stateOfKind } from "../domain/resource.js";
import { deletionTask } from "../domain/task.js";
import type { BucketAnswer, BucketDeleted, BucketWritten, Written } from "./interface.js";
import type { ServiceParts } from "./parts.js";
import type { Sealed } from "./sealing.js";
import type { Done } from "./writing.js";

/**
 * @param at the moment that the answer is about, milliseconds.
 * @param publicUrl origin and base path of the server.
 */
export function answerBucket(
  { state, stats }: CountedBucket,
  at: number,
  publicUrl: string,
  revealedSecret?: Sealed["revealedSecret"],
): BucketAnswer {
  return {
    bucket: renderBucket(state, stats, { at, publicUrl, revealedSecret }),
    version: state.version,
    position: Math.max(state.position, stats.position),
    tag: bucketTag(state, stats, at),
  };
}

/** The bucket that a write left, with its statistics of then. */
export async function countedAfter(
  { view }: Pick<ServiceParts, "view">,
  { state, recorded }: Done,
): Promise<CountedBucket> {
  const stats = await view.stats(recorded.stream, {
    kind: "position",
    position: recorded.position,
  });
  return { state: stateOfKind("bucket", state), stats };
}

/** A secret that was made is shown once, by the write that made it. */
export function answerWritten(
  done: Done,
  counted: CountedBucket,
  publicUrl: string,
  ignoredFields: readonly string[],
  revealedSecret: Sealed["revealedSecret"],
): BucketWritten {
  const { recorded, replayed, dryRun } = done;
  const shown = replayed || dryRun ? undefined : revealedSecret;
  return {
    ...written(done, counted, ignoredFields),
    bucket: answerBucket(counted, recorded.recordedAt, publicUrl, shown).bucket,
  };
}

export function answerDeleted(done: Done, counted: CountedBucket): BucketDeleted {
  const { state, stats } = counted;
  const task = deletionTask(state, () => stats.objectCount);
  invariant(task !== undefined, `${state.bucket_id} was not deleted`);
  return { ...written(done, counted, []), task };
}

function written(
  { recorded, replayed, dryRun }: Done,
  { state, stats }: CountedBucket,
  ignoredFields: readonly string[],
): Written {
  return {
    version: state.version,
    position: Math.max(state.position, stats.position),
    tag: bucketTag(state, stats, recorded.recordedAt),
    changes: maskChanges(changesOf(recorded.event)),
    ignoredFields,
    replayed,
    dryRun,
  };
}
