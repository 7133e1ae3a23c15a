/**
 * What a revert and an undo need of the past, which is read before they queue: the document of then,
 * or the event and what later ones touched.
 */
import { looksLikeBucketId } from "../domain/bucket/document.js";
import { BucketEvent } from "../domain/bucket/events.js";
import { type BucketState, nameOf } from "../domain/bucket/state.js";
import type { Change } from "../domain/changes.js";
import type { DomainEvent } from "../domain/event.js";
import { changesOf } from "../domain/history.js";
import { bucketNotFound } from "../domain/not-found.js";
import type { CommandResult } from "../eventstore/store.js";
import type { Past } from "./past.js";
import type { Sealed } from "./sealing.js";
import type { Checked, Prepared } from "./writing.js";

interface Reverting {
  readonly past: Past<"bucket">;
  readonly namespace: string;
  readonly bucket: string;
  /** Seals a webhook secret for an adapter that may come back without one; the same each time. */
  readonly secretFor: (isWanted: boolean) => Sealed;
}

export function prepareRevert(
  { to, fields }: { readonly to: number; readonly fields: readonly string[] | undefined },
  reverting: Reverting,
): Checked<unknown>["prepare"] {
  return async (before) => {
    const { past, secretFor } = reverting;
    const { stored } = await findBucket(reverting, await before());
    const { recorded } = await past.logged(stored, to);
    const { document } = await past.stateAt(stored.bucket_id, recorded.version);
    const sealed = secretFor(Object.hasOwn(document, "source_adapter") || fields !== undefined);
    return {
      target: { kind: "existing", identifier: stored.bucket_id },
      command: { type: "revert_bucket", to, document, fields, secrets: sealed.references },
      secrets: sealed.secrets,
    };
  };
}

/** When events slip in before the undo is decided, it is prepared again, and reads only those. */
export function prepareUndo(undo: number, reverting: Reverting): Checked<unknown>["prepare"] {
  const storedPaths = new Set<string>();
  let readTo = undo;
  return async (before): Promise<Prepared> => {
    const { past, secretFor } = reverting;
    const results = await before();
    const { stored, version } = await findBucket(reverting, results);
    const { recorded } = await past.logged(stored, undo);
    const versions = { from: readTo + 1, to: stored.version };
    for (const path of await past.changedPaths(stored.bucket_id, versions)) storedPaths.add(path);
    readTo = stored.version;
    const inUnit = results.filter(({ stream }) => stream === stored.bucket_id);
    const newPaths = inUnit.flatMap((result) => pathsOf(changesOf(result.recorded.event)));
    const sealed = secretFor(changesOf(recorded.event).some(isOfAdapter));
    return {
      target: { kind: "existing", identifier: stored.bucket_id },
      command: {
        type: "undo_event",
        undo,
        event: bucketEvent(recorded.event),
        laterPaths: [...storedPaths, ...newPaths],
        readAt: version,
        secrets: sealed.references,
      },
      secrets: sealed.secrets,
    };
  };
}

/**
 * The bucket as the log has it, and its version once the operations before are done. Those may have
 * given its name to another, and what they made themselves has no past to go back to.
 *
 * @throws NOT_FOUND
 */
async function findBucket(
  { past, namespace, bucket }: Reverting,
  results: readonly CommandResult[],
): Promise<{ readonly stored: BucketState; readonly version: number }> {
  const touched = new Map(
    results.flatMap(({ stream, state }) => (state.kind === "bucket" ? [[stream, state]] : [])),
  );
  const named = [...touched.values()].find((state) => isNamed(state, bucket));
  const stored = await past.lookup(named?.bucket_id ?? bucket);
  const after = stored === undefined ? undefined : touched.get(stored.bucket_id);
  const isStillThere = after === undefined || looksLikeBucketId(bucket) || isNamed(after, bucket);
  if (stored === undefined || !isStillThere) throw bucketNotFound(bucket, namespace);
  return { stored, version: after?.version ?? stored.version };
}

function isNamed(state: BucketState, name: string): boolean {
  return state.deleted === undefined && nameOf(state) === name.normalize("NFC");
}

/** @throws only for an event that cannot be in the stream of a bucket. */
function bucketEvent(event: DomainEvent): BucketEvent {
  return BucketEvent.parse(event);
}

function pathsOf(changes: readonly Change[]): string[] {
  return changes.map(({ path }) => path);
}

function isOfAdapter({ path }: Change): boolean {
  return path.startsWith("/source_adapter");
}
