/** How buckets are answered: reads, and what writes left of them. */
import { bucketTag, renderBucket } from "../domain/bucket/response.js";
import { maskChanges } from "../domain/bucket/secrets.js";
import type { BucketState } from "../domain/bucket/state.js";
import { type BucketStats, emptyStats } from "../domain/bucket/stats.js";
import { invariant } from "../domain/errors.js";
import { changesOf } from "../domain/history.js";
import { deletionTask } from "../domain/task.js";
import type { BucketAnswer, BucketDeleted, BucketWritten, Written } from "./interface.js";
import type { Sealed } from "./sealing.js";
import type { Done } from "./writing.js";

/**
 * @param at the moment that the answer is about, milliseconds.
 * @param publicUrl origin and base path of the server.
 */
export function answerBucket(
  state: BucketState,
  at: number,
  publicUrl: string,
  revealedSecret?: Sealed["revealedSecret"],
): BucketAnswer {
  const stats: BucketStats = emptyStats;
  return {
    bucket: renderBucket(state, stats, { at, publicUrl, revealedSecret }),
    version: state.version,
    position: Math.max(state.position, stats.position),
    tag: bucketTag(state, stats, at),
  };
}

/** A secret that was made is shown once, by the write that made it. */
export function answerWritten(
  done: Done,
  publicUrl: string,
  ignoredFields: readonly string[],
  revealedSecret: Sealed["revealedSecret"],
): BucketWritten {
  const { state, recorded, replayed, dryRun } = done;
  const shown = replayed || dryRun ? undefined : revealedSecret;
  return {
    ...written(done, ignoredFields),
    bucket: answerBucket(state, recorded.recordedAt, publicUrl, shown).bucket,
  };
}

export function answerDeleted(done: Done): BucketDeleted {
  const task = deletionTask(done.state);
  invariant(task !== undefined, `${done.state.bucket_id} was not deleted`);
  return { ...written(done, []), task };
}

function written(done: Done, ignoredFields: readonly string[]): Written {
  const { state, recorded, replayed, dryRun } = done;
  return {
    version: state.version,
    position: Math.max(state.position, emptyStats.position),
    tag: bucketTag(state, emptyStats, recorded.recordedAt),
    changes: replayed ? [] : maskChanges(changesOf(recorded.event)),
    ignoredFields,
    replayed,
    dryRun,
  };
}
