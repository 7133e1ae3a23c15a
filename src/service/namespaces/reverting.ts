/**
 * Puts a namespace back to a moment by ordinary operations: what was not there goes first, so that its
 * names and keys are free, and what a suspended bucket would refuse comes before it is suspended.
 */
import type {
  NamespaceReverted,
  NamespaceRevertOptions,
  ServedNamespace,
  ServedOperation,
} from "../../api/index.js";
import { assertText, NamespaceRevertFields, readOptions } from "../../api/options.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { BucketsError, isBucketsError, withDetails } from "../../domain/errors.js";
import { parted, type UnreadableEvent } from "../../domain/history.js";
import { limits } from "../../domain/limits.js";
import {
  type Compared,
  type ComparedBucket,
  type PutBack,
  putBackAll,
} from "../../domain/namespace/put-back.js";
import type { ObjectState } from "../../domain/object/state.js";
import { type ResourceState, streamOf } from "../../domain/resource.js";
import type { EventStore, LoggedEvent, LogPoint } from "../../eventstore/store.js";
import type { ReadingParts } from "../parts.js";
import { knownPoint, Newest, statesOf } from "../read/namespace-past.js";
import { asPoint } from "../read/stream-past.js";
import { toMissed } from "../write/explain-conflict.js";

/** How many are listed; all are counted, and done. */
const listedMax = 1_000;

/** How many of what was changed unseen are told of, the newest. */
const missedMax = 100;

export async function revertNamespace(
  parts: ReadingParts,
  namespace: Pick<ServedNamespace, "name" | "transaction">,
  given: NamespaceRevertOptions,
): Promise<NamespaceReverted> {
  const { asOf, dryRun = false, reason, ifPosition } = readOptions(NamespaceRevertFields, given);
  assertText(asOf, "as_of");
  const asked = asPoint(asOf, "as_of");
  if (asked === undefined) throw new Error("invariant broken: a text is a point");
  const known = await knownPoint(parts, namespace.name, asked);
  const buckets = await compareAll(parts, namespace.name, known.point);
  const current = buckets.flatMap(({ now, objects }) => [now, ...objects.map((one) => one.now)]);
  const comparedAt = current.reduce((newest, { position }) => Math.max(newest, position), 0);
  if (ifPosition !== undefined && comparedAt > ifPosition) {
    throw await changedBehind(parts.events, ifPosition, comparedAt, current);
  }
  const all = putBackAll(buckets);
  const transactions: string[] = [];
  let done = 0;
  if (!dryRun) {
    for (const slice of slicesOf(operationsOf(all, buckets))) {
      try {
        const { transactionId } = await namespace.transaction(slice, {
          reason: reason ?? `back to ${asOf}`,
        });
        if (transactionId !== undefined) transactions.push(transactionId);
        done += slice.length;
      } catch (error) {
        // What was done stays; who repeats it goes on from there.
        throw isBucketsError(error) ? withDetails(error, { operations_done: done }) : error;
      }
    }
  }
  const newest = new Newest();
  for (const { was } of buckets) if (was !== undefined) newest.add(was);
  const countOf = (action: PutBack["action"]) => all.filter((one) => one.action === action).length;
  return {
    as_of: await newest.asOf(parts.events, known.isFinal),
    compared_at: comparedAt,
    dry_run: dryRun,
    changed: countOf("change"),
    restored: countOf("restore"),
    deleted: countOf("delete"),
    resources: all.slice(0, listedMax).map(({ kind, bucketId, changes, ...rest }) => ({
      kind,
      bucket_id: bucketId,
      ...rest,
      changes: [...changes],
    })),
    has_more: all.length > listedMax,
    transaction_ids: transactions,
  };
}

/** The refusal of what would overwrite what its caller has not seen, with the last event of each of these. */
async function changedBehind(
  events: EventStore,
  seen: number,
  comparedAt: number,
  current: readonly ResourceState[],
): Promise<BucketsError> {
  const missed = current.filter(({ position }) => position > seen);
  const told = missed.sort((a, b) => b.position - a.position).slice(0, missedMax);
  const logged: (LoggedEvent | UnreadableEvent)[] = [];
  for (const state of told) {
    const { version } = state;
    const newest = { from: version, to: version, order: "desc", limit: 1 } as const;
    logged.push(...(await events.readStream(streamOf(state), newest)));
  }
  return new BucketsError(
    "PRECONDITION_FAILED",
    `The namespace was changed behind @${seen}: it is at @${comparedAt} now.`,
    {
      if_position: seen,
      current_position: comparedAt,
      missed: parted(logged).readable.map(({ recorded }) => ({
        resource_id: recorded.stream,
        ...toMissed(recorded),
      })),
      hint: "Ask for a dry run again, and look at what it would do now.",
    },
  );
}

async function compareAll(
  parts: ReadingParts,
  namespace: string,
  point: LogPoint,
): Promise<readonly ComparedBucket[]> {
  const now = { kind: "position", position: (await parts.events.head()).position } as const;
  const bucketIds = await parts.view.idsOf("bucket", namespace);
  const buckets = pairs<BucketState>(
    await Array.fromAsync(statesOf(parts.events, "bucket", bucketIds, now)),
    await Array.fromAsync(statesOf(parts.events, "bucket", bucketIds, point)),
  );
  const compared: ComparedBucket[] = [];
  for (const bucket of buckets) {
    const isThere = bucket.was !== undefined && bucket.was.deleted === undefined;
    const ids = isThere ? await parts.view.memberIds("object", bucket.now.bucket_id) : [];
    const objects = pairs<ObjectState>(
      await Array.fromAsync(statesOf(parts.events, "object", ids, now)),
      await Array.fromAsync(statesOf(parts.events, "object", ids, point)),
    );
    compared.push({ ...bucket, objects });
  }
  return compared;
}

function pairs<State extends BucketState | ObjectState>(
  now: readonly State[],
  was: readonly State[],
): readonly Compared<State>[] {
  const byStream = new Map(was.map((state) => [streamOf(state), state]));
  return now.map((state) => ({ now: state, was: byStream.get(streamOf(state)) }));
}

/** In an order in which none is in the way of another. */
function operationsOf(
  all: readonly PutBack[],
  buckets: readonly ComparedBucket[],
): readonly ServedOperation[] {
  const touched = new Set(all.map(({ bucketId }) => bucketId));
  const closed = buckets.filter(
    ({ now }) => now.status !== "ACTIVE" && now.deleted === undefined && touched.has(now.bucket_id),
  );
  const ofKind = (kind: PutBack["kind"], isDeleted: boolean) =>
    all.filter((one) => one.kind === kind && (one.action === "delete") === isDeleted);
  const opened = new Set(closed.map(({ now }) => now.bucket_id));
  return [
    ...closed.map(({ now }) => ({
      type: "activate" as const,
      bucket: now.bucket_id,
      ifVersion: now.version,
    })),
    ...[...ofKind("object", true), ...ofKind("bucket", true)].map((one) => deleting(one, opened)),
    ...ofKind("bucket", false).flatMap((one) => bringingBack(one, opened)),
    ...ofKind("object", false).flatMap((one) => bringingBack(one, opened)),
    ...buckets.flatMap(({ now, was }) => settling(now, was, touched)),
  ];
}

/** A bucket that was activated before is a version further. */
function ifUnchanged({ kind, id, version }: PutBack, opened: ReadonlySet<string>) {
  return { ifVersion: kind === "bucket" && opened.has(id) ? version + 1 : version };
}

function deleting(one: PutBack, opened: ReadonlySet<string>): ServedOperation {
  const { kind, id, bucketId } = one;
  const condition = ifUnchanged(one, opened);
  return kind === "bucket"
    ? { type: "delete", bucket: id, ...condition }
    : { type: "delete_object", bucket: bucketId, object: id, ...condition };
}

function bringingBack(one: PutBack, opened: ReadonlySet<string>): readonly ServedOperation[] {
  const { kind, id, bucketId, action, to, changes } = one;
  const condition = ifUnchanged(one, opened);
  const isRestored = action === "restore";
  const body = { to };
  const revertCondition = isRestored ? {} : condition;
  const restore: ServedOperation =
    kind === "bucket"
      ? { type: "restore", bucket: id, body: {}, ...condition }
      : { type: "restore_object", bucket: bucketId, object: id, ...condition };
  const revert: ServedOperation =
    kind === "bucket"
      ? { type: "revert", bucket: id, body, ...revertCondition }
      : { type: "revert_object", bucket: bucketId, object: id, body, ...revertCondition };
  return [...(isRestored ? [restore] : []), ...(changes.length > 0 ? [revert] : [])];
}

/** A bucket that is to be archived or suspended takes everything else before. */
function settling(
  now: BucketState,
  was: BucketState | undefined,
  touched: ReadonlySet<string>,
): readonly ServedOperation[] {
  if (was === undefined || was.deleted !== undefined || !touched.has(now.bucket_id)) return [];
  // What was restored has the status that it was deleted with.
  const status = now.deleted === undefined ? "ACTIVE" : now.status;
  if (was.status === status) return [];
  const type = { ACTIVE: "activate", ARCHIVED: "archive", SUSPENDED: "suspend" } as const;
  return [{ type: type[was.status], bucket: now.bucket_id }];
}

function* slicesOf(operations: readonly ServedOperation[]): Iterable<readonly ServedOperation[]> {
  for (let start = 0; start < operations.length; start += limits.transactionOperationsMax) {
    yield operations.slice(start, start + limits.transactionOperationsMax);
  }
}
