/** How buckets are answered: reads, and what writes left of them. */

import type { BucketAnswer, BucketDeleted, BucketWritten } from "../../api/index.js";
import type { CountedBucket } from "../../domain/bucket/list.js";
import { bucketTag, renderBucket } from "../../domain/bucket/response.js";
import { invariant } from "../../domain/errors.js";
import { stateOfKind } from "../../domain/resource.js";
import { deletionTask } from "../../domain/task.js";
import type { Sealed } from "../keys/sealing.js";
import type { ServiceParts } from "../parts.js";
import type { Done } from "../write/writing.js";
import { writtenOf } from "../write/written.js";

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
  { current }: Pick<ServiceParts, "current">,
  { state, recorded }: Done,
): Promise<CountedBucket> {
  const stats = await current.statsAt(recorded.stream, recorded.position);
  return { state: stateOfKind("bucket", state), stats };
}

/** A secret that was made is shown once, by the write that made it. */
export function answerWritten(
  done: Done,
  counted: CountedBucket,
  publicUrl: string,
  ignoredFields: readonly string[],
): BucketWritten {
  const { bucket, tag, position } = answerBucket(counted, done.at, publicUrl, done.revealed);
  return { ...writtenOf(done, ignoredFields), bucket, tag, position };
}

export function answerDeleted(done: Done, counted: CountedBucket): BucketDeleted {
  const { state, stats } = counted;
  const task = deletionTask(state, () => stats.objectCount);
  invariant(task !== undefined, `${state.bucket_id} was not deleted`);
  const position = Math.max(state.position, stats.position);
  const tag = bucketTag(state, stats, done.at);
  return { ...writtenOf(done, []), position, tag, task };
}
