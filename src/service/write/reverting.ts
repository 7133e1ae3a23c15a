/**
 * What a revert and an undo need of the past, which is read before they queue: the document of then,
 * or the event and what later ones touched.
 */
import { looksLikeBucketId } from "../../domain/bucket/document.js";
import { type BucketState, nameOf } from "../../domain/bucket/state.js";
import type { DomainEvent } from "../../domain/event.js";
import type { JsonObject } from "../../domain/json.js";
import { changesOf, type ResourceKind, type StateOf, streamOf } from "../../domain/resource.js";
import type { CommandResult } from "../../eventstore/store.js";
import { wholeTurn } from "../../timers.js";
import { missingBucket } from "../read/missing.js";
import { bucketSubject, memberSubject, Past, type PastParts } from "../read/stream-past.js";
import type { Preparation, Prepared } from "./writing.js";

/** A resource as the log has it, and its version once the operations before are done. */
interface Found<Kind extends ResourceKind> {
  readonly past: Past<Kind>;
  readonly stored: StateOf<Kind>;
  readonly version: number;
}

/** What is put back: the whole document of a version. */
interface Earlier {
  readonly id: string;
  readonly to: number;
  readonly document: JsonObject;
}

/** What is taken back: one event, as far as no later one touched the same. */
interface Undone {
  readonly id: string;
  readonly undo: number;
  readonly event: DomainEvent;
  readonly laterPaths: readonly string[];
  readonly readAt: number;
}

interface Reverting<Kind extends ResourceKind> {
  /** @param results of the operations before. */
  readonly find: (results: readonly CommandResult[]) => Promise<Found<Kind>>;
  readonly revert: (earlier: Earlier) => Prepared;
  readonly undo: (undone: Undone) => Prepared;
}

/** Either the one or the other, as the request says. */
export function prepareReverting<Kind extends ResourceKind>(
  { to = 1, undo }: { readonly to?: number | undefined; readonly undo?: number | undefined },
  reverting: Reverting<Kind>,
): Preparation {
  return undo === undefined ? prepareRevert(to, reverting) : prepareUndo(undo, reverting);
}

function prepareRevert<Kind extends ResourceKind>(
  to: number,
  { find, revert }: Reverting<Kind>,
): Preparation {
  return {
    goesStale: true,
    prepare: async (before) => {
      const { past, stored } = await find(await before());
      const id = streamOf(stored);
      const { recorded } = await past.logged(stored, to);
      const { document } = await past.stateAt(id, recorded.version);
      // To decide on it may take as long as to read it.
      await wholeTurn();
      return revert({ id, to, document });
    },
  };
}

/** When events slip in before the undo is decided, it is prepared again, and reads only those. */
function prepareUndo<Kind extends ResourceKind>(
  undo: number,
  reverting: Reverting<Kind>,
): Preparation {
  const storedPaths = new Set<string>();
  let readTo = undo;
  // To decide on it may take as long as to read it; when others were faster once, they are not let by again.
  let isFirst = true;
  const prepare: Preparation["prepare"] = async (before) => {
    const results = await before();
    const { past, stored, version } = await reverting.find(results);
    const id = streamOf(stored);
    const { recorded } = await past.logged(stored, undo);
    const versions = { from: readTo + 1, to: stored.version };
    for (const path of await past.changedPaths(id, versions)) storedPaths.add(path);
    readTo = stored.version;
    const inUnit = results.filter(({ stream }) => stream === id);
    const newPaths = inUnit.flatMap((result) => changesOf(result.recorded.event)).map(pathOf);
    const laterPaths = [...storedPaths, ...newPaths];
    if (isFirst) await wholeTurn();
    isFirst = false;
    return reverting.undo({ id, undo, event: recorded.event, laterPaths, readAt: version });
  };
  return { goesStale: true, prepare };
}

function pathOf({ path }: { readonly path: string }): string {
  return path;
}

/** Where a bucket is: its id, or its name once the operations before are done. */
interface BucketPlace {
  readonly parts: PastParts;
  readonly namespace: string;
  readonly bucket: string;
}

/**
 * The operations before may have given the name of the bucket to another, and what they made
 * themselves has no past to go back to.
 *
 * @throws NOT_FOUND
 */
export async function findBucket(
  { parts, namespace, bucket }: BucketPlace,
  results: readonly CommandResult[],
): Promise<Found<"bucket">> {
  const past = new Past(parts, bucketSubject(parts, namespace));
  const touched = new Map(
    results.flatMap(({ stream, state }) => (state.kind === "bucket" ? [[stream, state]] : [])),
  );
  const named = touched.values().find((state) => isNamed(state, bucket));
  const stored = await past.lookup(named?.bucket_id ?? bucket);
  const after = stored === undefined ? undefined : touched.get(stored.bucket_id);
  const isStillThere = after === undefined || looksLikeBucketId(bucket) || isNamed(after, bucket);
  if (stored === undefined || !isStillThere) throw await missingBucket(parts, namespace, bucket);
  return { past, stored, version: after?.version ?? stored.version };
}

/** The same of an object in the bucket. @throws NOT_FOUND */
export async function findObject(
  place: BucketPlace & { readonly object: string },
  results: readonly CommandResult[],
): Promise<Found<"object">> {
  const owner = await findBucket(place, results);
  const past = new Past(place.parts, memberSubject(place.parts, "object", owner.stored.bucket_id));
  const stored = await past.find(place.object);
  const after = results.findLast(({ stream }) => stream === place.object);
  return { past, stored, version: after?.version ?? stored.version };
}

function isNamed(state: BucketState, name: string): boolean {
  return state.deleted === undefined && nameOf(state) === name.normalize("NFC");
}
