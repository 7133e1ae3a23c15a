/** The decider of a bucket: what a command makes happen, or why it is refused. Pure. */

import type { Change } from "../change.js";
import { diff } from "../changes.js";
import { BucketsError, invalidAt, invariant } from "../errors.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ownValue,
  toJson,
  withKey,
} from "../json.js";
import { mergePatch } from "../merge-patch.js";
import type { Moment } from "../moment.js";
import { assertReadAt } from "../revert.js";
import { parseBody } from "../schemas.js";
import {
  assertUniqueKeyFits,
  assertUniqueKeyKept,
  sameUniqueKey,
  UniqueKey,
} from "./bucket-schema.js";
import type {
  BucketCommand,
  CreateBucket,
  LockBucket,
  PatchBucket,
  RestoreBucket,
} from "./commands.js";
import { normalizeDocument } from "./document.js";
import type { BucketEvent } from "./events.js";
import { assertUnlocked, lockAt } from "./lock.js";
import { patchDocument } from "./patch.js";
import { revertedDocument, undoableChanges, undoneDocument } from "./revert.js";
import { resolveSecrets, type SecretReferences } from "./secrets.js";
import { type BucketState, nameOf, schemaOf } from "./state.js";
import { rotateSecret } from "./webhook-secrets.js";

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws BUCKET_LOCKED, BAD_REQUEST for a wrong transition, VALIDATION_FAILED and CONFLICT by rule.
 */
export function decideBucket(
  state: BucketState | undefined,
  command: BucketCommand,
  moment: Moment,
): BucketEvent {
  if (command.type === "create_bucket") return create(command);
  invariant(state !== undefined, `${command.type} needs a bucket`);
  assertAccepts(state, command, moment);
  switch (command.type) {
    case "patch_bucket":
      return patch(state, command);
    case "lock_bucket":
      return lock(command, moment);
    case "unlock_bucket":
      return unlock(state, moment);
    case "archive_bucket":
      assertMoves(state, "ARCHIVED");
      return { type: "bucket.archived", data: {} };
    case "activate_bucket":
      assertMoves(state, "ACTIVE");
      return { type: "bucket.activated", data: {} };
    case "suspend_bucket":
      assertMoves(state, "SUSPENDED");
      return { type: "bucket.suspended", data: {} };
    case "revert_bucket": {
      const reverted = revertedDocument(state.document, command.document, command.fields);
      const changes = changesTo(state, reverted, command.secrets);
      return { type: "bucket.reverted", data: { revert_of: command.to, changes } };
    }
    case "undo_event": {
      assertReadAt(state, command.readAt);
      const done = undoableChanges(command.event, command.undo);
      const undone = undoneDocument(state.document, done, command.laterPaths);
      const changes = changesTo(state, undone, command.secrets);
      return { type: "bucket.undone", data: { revert_of: command.undo, changes } };
    }
    case "rotate_secret":
      return rotateSecret(state, command, moment.now);
    case "restore_bucket":
      return restore(state, command);
    case "delete_bucket":
      return { type: "bucket.deleted", data: { task_id: command.taskId } };
  }
}

/**
 * A locked bucket takes nothing but its unlocking; a suspended one nothing but what ends that. It
 * takes an unlocking as well, or a bucket that is both could never be freed.
 */
function assertAccepts(state: BucketState, command: BucketCommand, moment: Moment): void {
  if (command.type === "unlock_bucket") return;
  assertUnlocked(state, moment.now);
  const ends =
    command.type === "activate_bucket" ||
    command.type === "delete_bucket" ||
    command.type === "restore_bucket";
  if (state.status !== "SUSPENDED" || ends) return;
  throw new BucketsError(
    "BUCKET_LOCKED",
    `The bucket "${nameOf(state)}" is suspended: activate it first.`,
    { status: state.status, bucket_id: state.bucket_id },
  );
}

function assertMoves(state: BucketState, to: BucketState["status"]): void {
  if (state.status !== to) return;
  throw new BucketsError("BAD_REQUEST", `The bucket "${nameOf(state)}" is ${to} already.`, {
    status: to,
  });
}

function create(command: CreateBucket): BucketEvent {
  const document = resolveSecrets(normalizeDocument(command.fields, {}), {}, command.secrets);
  if (command.uniqueKey !== undefined) {
    assertUniqueKeyFits(command.uniqueKey, schemaOf(document), ["body", "unique_key", "fields"]);
  }
  return {
    type: "bucket.created",
    data: {
      changes: diff({}, document),
      ...(command.uniqueKey && { unique_key: command.uniqueKey }),
    },
  };
}

function patch(state: BucketState, command: PatchBucket): BucketEvent {
  assertSameUniqueKey(state, command);
  const patched = patchDocument(state.document, command.mediaType, command.patch);
  return {
    type: "bucket.patched",
    data: {
      media_type: command.mediaType,
      changes: changesTo(state, patched, command.secrets),
    },
  };
}

/** What turns the document into the candidate, once that is normalised and keeps every rule. */
function changesTo(state: BucketState, candidate: JsonObject, secrets: SecretReferences): Change[] {
  const before = state.document;
  const document = resolveSecrets(normalizeDocument(candidate, before), before, secrets);
  if (state.unique_key !== undefined) {
    assertUniqueKeyKept(state.unique_key, schemaOf(before), schemaOf(document));
  }
  return diff(before, document);
}

function restore(state: BucketState, command: RestoreBucket): BucketEvent {
  if (state.deleted === undefined) {
    throw new BucketsError("CONFLICT", `The bucket "${nameOf(state)}" is not deleted.`, {
      bucket_id: state.bucket_id,
    });
  }
  if (command.bucketName === undefined) return { type: "bucket.restored", data: { changes: [] } };
  const renamed = withKey(state.document, "bucket_name", command.bucketName);
  const document = normalizeDocument(renamed, state.document);
  return { type: "bucket.restored", data: { changes: diff(state.document, document) } };
}

/** A partial update or merge patch may repeat the unique key, and must not change it. */
function assertSameUniqueKey(state: BucketState, command: PatchBucket): void {
  const wanted = wantedUniqueKey(state, command);
  if (wanted === undefined) return;
  const uniqueKey = wanted === null ? undefined : parseBody(UniqueKey, wanted, ["unique_key"]);
  if (sameUniqueKey(uniqueKey, state.unique_key)) return;
  throw invalidAt(
    ["body", "unique_key"],
    "immutable",
    "The unique key of a bucket can never change: create another bucket.",
  );
}

/**
 * What the patch would make of the unique key: null for none, undefined when it says nothing about
 * it. A merge patch merges into it like into any other member; the null of a partial update is one
 * of the nulls that clients send for what they do not mean.
 */
function wantedUniqueKey(state: BucketState, command: PatchBucket): JsonValue | undefined {
  if (command.mediaType === "application/json-patch+json" || !isJsonObject(command.patch)) {
    return undefined;
  }
  const sent = ownValue(command.patch, "unique_key");
  if (command.mediaType === "application/json") return sent ?? undefined;
  return sent === undefined ? undefined : mergePatch(toJson(state.unique_key ?? null), sent);
}

function lock(command: LockBucket, moment: Moment): BucketEvent {
  if (command.expiresAt !== undefined && Date.parse(command.expiresAt) <= moment.now) {
    throw invalidAt(
      ["body", "expires_at"],
      "not_in_the_future",
      `A lock must expire in the future; ${command.expiresAt} is not.`,
    );
  }
  return {
    type: "bucket.locked",
    data: {
      holder: moment.actor,
      ...(command.reason !== undefined && { reason: command.reason }),
      ...(command.expiresAt !== undefined && { expires_at: command.expiresAt }),
    },
  };
}

function unlock(state: BucketState, moment: Moment): BucketEvent {
  if (lockAt(state, moment.now) === undefined) {
    throw new BucketsError("BAD_REQUEST", `The bucket "${nameOf(state)}" is not locked.`);
  }
  return { type: "bucket.unlocked", data: {} };
}
