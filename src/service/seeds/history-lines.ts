/**
 * A line of an exported history, as the write that makes the same happen again. Changes are sent as a
 * JSON Patch, whatever the write of then was sent as; secrets are in no history, and are left out.
 */
import { z } from "zod";
import { bucketSecrets } from "../../domain/bucket/secrets.js";
import type { Change } from "../../domain/change.js";
import { applyChanges } from "../../domain/changes.js";
import { connectionSecrets } from "../../domain/connection/secrets.js";
import { BucketsError } from "../../domain/errors.js";
import { HistoryEntry } from "../../domain/history-entry.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ownValue,
  toJson,
} from "../../domain/json.js";
import { namespaceSecrets } from "../../domain/namespace/secrets.js";
import { parsePointer } from "../../domain/pointer.js";
import { idNames } from "../../domain/resource.js";
import { parseBody } from "../../domain/schemas.js";
import type { SecretPlaces } from "../../domain/secrets.js";
import { type BytesOf, blobIdsIn, blobsToSend } from "./kept-blobs.js";
import { withoutMasks } from "./masked.js";
import type { SeedStep } from "./step.js";

const Entry = HistoryEntry.extend({ namespace: z.string().optional() });
type Entry = z.infer<typeof Entry>;

export interface HistoryReading {
  /** Of entries that do not say it: those of one bucket. */
  readonly namespace: string;
  readonly bytesOf: BytesOf;
  /** Told how many secrets the line leaves out. */
  readonly onSecrets: (count: number) => void;
}

/** @throws BAD_REQUEST for an event that a history does not tell enough of. */
export function stepOfEntry(line: number, json: JsonObject, reading: HistoryReading): SeedStep {
  const entry = parseBody(Entry, json);
  const made = entry.type.endsWith(".created") ? ownId(entry) : undefined;
  return {
    line,
    namespace: entry.namespace ?? reading.namespace,
    at: Date.parse(entry.recorded_at),
    actor: entry.actor,
    requestId: entry.request_id,
    reason: entry.reason,
    transactionId: entry.transaction_id,
    ids: [
      entry.event_id,
      ...(made === undefined ? [] : [made]),
      ...newBlobIds(entry),
      ...(entry.transaction_id === undefined ? [] : [entry.transaction_id]),
    ],
    makes: made,
    blobIds: blobIdsIn(valueAt(entry.changes, "/blobs") ?? []),
    key: entry.event_id,
    deed: deedOf(entry, reading),
  };
}

/** Of what is in a bucket its own, else that of the bucket. */
function ownId(entry: Entry): string {
  return idNames.flatMap((name) => entry[name] ?? []).at(-1) ?? entry.bucket_id;
}

function deedOf(entry: Entry, reading: HistoryReading): SeedStep["deed"] {
  const { type, bucket_id: bucket, reason, revert_of: version, changes } = entry;
  const id = ownId(entry);
  const common = { ...(reason !== undefined && { reason }) };
  const sent = (places: SecretPlaces) => {
    const { masks, ...rest } = withoutMasks(places, changes);
    reading.onSecrets(masks);
    return rest.changes;
  };
  switch (type) {
    case "bucket.created": {
      const { unique_key } = entry;
      const body = { ...created(sent(bucketSecrets)), ...(unique_key && { unique_key }) };
      return { type: "create", body, ...common };
    }
    case "bucket.patched":
      return { type: "patch", bucket, ...patchOf(sent(bucketSecrets)), ...common };
    case "bucket.locked": {
      const { expires_at } = entry;
      return { type: "lock", bucket, body: { reason, expires_at }, ...common };
    }
    case "bucket.unlocked":
      return { type: "unlock", bucket, body: {}, ...common };
    case "bucket.archived":
      return { type: "archive", bucket, ...common };
    case "bucket.activated":
      return { type: "activate", bucket, ...common };
    case "bucket.suspended":
      return { type: "suspend", bucket, ...common };
    case "bucket.deleted":
      return { type: "delete", bucket, ...common };
    case "bucket.reverted":
      return { type: "revert", bucket, body: backTo(version, changes), ...common };
    case "bucket.undone":
      return { type: "revert", bucket, body: { undo: version }, ...common };
    case "bucket.restored":
      return {
        type: "restore",
        bucket,
        body: { bucket_name: valueAt(changes, "/bucket_name") },
        ...common,
      };
    case "bucket.secret_rotated":
      return { type: "rotate_secret", bucket, body: {}, ...common };
    case "object.created":
      return async () => {
        const fields = created(await withBytes(changes, reading));
        return { type: "create_object", bucket, body: fields, ...common };
      };
    case "object.patched":
      return async () => {
        const patch = patchOf(await withBytes(changes, reading));
        return { type: "patch_object", bucket, object: id, ...patch, ...common };
      };
    case "object.deleted":
      return { type: "delete_object", bucket, object: id, ...common };
    case "object.reverted":
      return {
        type: "revert_object",
        bucket,
        object: id,
        body: backTo(version, changes),
        ...common,
      };
    case "object.undone":
      return { type: "revert_object", bucket, object: id, body: { undo: version }, ...common };
    case "object.restored":
      return { type: "restore_object", bucket, object: id, ...common };
    case "batch.created":
      return { type: "create_batch", bucket, body: created(changes), ...common };
    case "batch.objects_added": {
      const ids = changes.flatMap((change) => ("value" in change ? [change.value] : []));
      return {
        type: "add_batch_objects",
        bucket,
        batch: id,
        body: { object_ids: ids },
        ...common,
      };
    }
    case "batch.patched":
      return async ({ namespace }) => {
        const { batch } = await namespace.batches(bucket).get(id);
        return {
          type: "patch_batch",
          bucket,
          batch: id,
          patch: rootsAfter(batch, changes),
          ...common,
        };
      };
    case "batch.submitted":
      return { type: "submit_batch", bucket, batch: id, ...common };
    case "batch.canceled":
      return { type: "cancel_batch", bucket, batch: id, ...common };
    case "batch.deleted":
      return { type: "delete_batch", bucket, batch: id, ...common };
    case "upload.created":
      return { type: "create_upload", bucket, body: created(changes), ...common };
    case "upload.deleted":
      return { type: "delete_upload", bucket, upload: id, ...common };
    case "sync.created":
      return { type: "create_sync", bucket, body: created(changes), ...common };
    case "sync.patched":
      return async ({ namespace }) => {
        const { sync } = await namespace.syncs(bucket).get(id);
        return {
          type: "patch_sync",
          bucket,
          sync: id,
          patch: rootsAfter(sync, changes),
          ...common,
        };
      };
    case "sync.paused":
      return { type: "pause_sync", bucket, sync: id, ...common };
    case "sync.resumed":
      return { type: "resume_sync", bucket, sync: id, ...common };
    case "sync.triggered":
      return { type: "trigger_sync", bucket, sync: id, ...common };
    case "sync.deleted":
      return { type: "delete_sync", bucket, sync: id, ...common };
    case "connection.created":
      return { type: "create_connection", body: created(sent(connectionSecrets)), ...common };
    case "connection.patched":
      return async ({ namespace }) => {
        const { connection } = await namespace.connections.get(id);
        const patch = rootsAfter(connection, sent(connectionSecrets));
        return { type: "patch_connection", connection: id, patch, ...common };
      };
    case "connection.deleted":
      return { type: "delete_connection", connection: id, ...common };
    case "namespace.created":
      return { type: "create_namespace", body: created(sent(namespaceSecrets)) };
    case "namespace.patched":
      return async ({ store }) => {
        const { namespace } = await store.namespaces.get(id);
        return {
          type: "patch_namespace",
          of: id,
          patch: rootsAfter(namespace, sent(namespaceSecrets)),
        };
      };
    case "namespace.deleted":
      return { type: "delete_namespace", of: id };
    default:
      throw new BucketsError(
        "BAD_REQUEST",
        `A history does not tell enough of ${type} to do it again: copy the whole log in its place (export --log), or leave such lines out (--skip ${type}).`,
        { type },
      );
  }
}

/** What the changes make of nothing. */
function created(changes: readonly Change[]): JsonObject {
  return applyChanges({}, changes);
}

/** One that changes nothing is a patch all the same. */
function patchOf(changes: readonly Change[]) {
  return {
    mediaType: "application/json-patch+json",
    patch: changes.map((change) =>
      change.op === "remove"
        ? { op: change.op, path: change.path }
        : { op: change.op, path: change.path, value: change.value },
    ),
  } as const;
}

/** Exactly these fields, so that it is the same whether all of it was put back or some. */
function backTo(version: number | undefined, changes: readonly Change[]) {
  const paths = changes.map(({ path }) => path);
  return { to: version, fields: paths.length === 0 ? ["/metadata/nothing at all"] : paths };
}

/** The roots that changed, as wholes: what takes no JSON Patch has each replaced. */
function rootsAfter(before: object, changes: readonly Change[]): JsonObject {
  const document = toJson(before);
  const after = applyChanges(isJsonObject(document) ? document : {}, changes);
  const roots = new Set(changes.map(({ path }) => parsePointer(path)?.[0] ?? ""));
  return Object.fromEntries([...roots].map((root) => [root, ownValue(after, root) ?? null]));
}

async function withBytes(
  changes: readonly Change[],
  { bytesOf }: HistoryReading,
): Promise<readonly Change[]> {
  return await Promise.all(
    changes.map(async (change) => {
      if (change.path !== "/blobs" || change.op === "remove") return change;
      const before = change.op === "replace" ? change.was : [];
      return { ...change, value: await blobsToSend(change.value, before, bytesOf) };
    }),
  );
}

function newBlobIds({ changes, type }: Entry): readonly string[] {
  if (type !== "object.created" && type !== "object.patched") return [];
  const change = changes.find(({ path }) => path === "/blobs");
  if (change === undefined || change.op === "remove") return [];
  const before = new Set(change.op === "replace" ? blobIdsIn(change.was) : []);
  return blobIdsIn(change.value).filter((id) => !before.has(id));
}

function valueAt(changes: readonly Change[], path: string): JsonValue | undefined {
  const change = changes.find((one) => one.path === path);
  return change === undefined || change.op === "remove" ? undefined : change.value;
}
