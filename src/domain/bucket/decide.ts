/** The decider of a bucket: what a command makes happen, or why it is refused. Pure. */
import { diff } from "../changes.js";
import { BucketsError, invalidAt, invariant } from "../errors.js";
import { isJsonObject, type JsonValue, ownValue, toJson } from "../json.js";
import { mergePatch } from "../merge-patch.js";
import { parseBody } from "../schemas.js";
import {
  assertUniqueKeyFits,
  assertUniqueKeyKept,
  sameUniqueKey,
  UniqueKey,
} from "./bucket-schema.js";
import type { BucketCommand, CreateBucket, LockBucket, PatchBucket } from "./commands.js";
import { normalizeDocument } from "./document.js";
import type { BucketEvent } from "./events.js";
import { assertUnlocked, lockAt } from "./lock.js";
import { patchDocument } from "./patch.js";
import { resolveSecrets } from "./secrets.js";
import { type BucketState, nameOf, schemaOf } from "./state.js";

/** When a command is decided, and by whom. */
export interface Moment {
  /** Milliseconds since the epoch: the time that the event will carry. */
  readonly now: number;
  readonly actor: string;
}

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws BUCKET_LOCKED, BAD_REQUEST for a wrong transition, VALIDATION_FAILED and CONFLICT by rule.
 */
export function decide(
  state: BucketState | undefined,
  command: BucketCommand,
  moment: Moment,
): BucketEvent {
  if (command.type === "create_bucket") return create(command);
  invariant(state !== undefined, `${command.type} needs a bucket`);
  if (command.type !== "unlock_bucket") assertUnlocked(state, moment.now);
  switch (command.type) {
    case "patch_bucket":
      return patch(state, command);
    case "lock_bucket":
      return lock(command, moment);
    case "unlock_bucket":
      return unlock(state, moment);
  }
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
  const before = state.document;
  assertSameUniqueKey(state, command);
  const patched = patchDocument(before, command.mediaType, command.patch);
  const document = resolveSecrets(normalizeDocument(patched, before), before, command.secrets);
  if (state.unique_key !== undefined) {
    assertUniqueKeyKept(state.unique_key, schemaOf(before), schemaOf(document));
  }
  return {
    type: "bucket.patched",
    data: { media_type: command.mediaType, changes: diff(before, document) },
  };
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
