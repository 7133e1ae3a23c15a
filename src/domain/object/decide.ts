/** The decider of an object: what a command makes happen, or why it is refused. Pure. */
import { type BucketState, schemaOf } from "../bucket/state.js";
import type { Change } from "../change.js";
import { diff } from "../changes.js";
import { BucketsError, invariant } from "../errors.js";
import { type JsonObject, ownValue } from "../json.js";
import type { OwnedContext } from "../owned.js";
import { assertReadAt, putBack, takeBack } from "../revert.js";
import { confirmedAlready } from "../upload/decide.js";
import { type BlobPool, mergeBlobs, resolveBlobs } from "./blobs.js";
import type { CreateObject, ObjectCommand, PatchObject, PutObject } from "./commands.js";
import { blobsOf, isPatchablePointer, normalizeDocument } from "./document.js";
import type { ObjectEvent, ObjectSource } from "./events.js";
import { assertFieldsFit, withDefaults } from "./fields.js";
import { objectKey, resolvePolicy } from "./keys.js";
import { patchDocument, putDocument } from "./patch.js";
import type { ObjectState } from "./state.js";

/** The bucket of the object is there, and not deleted. */
export type ObjectContext = Pick<OwnedContext, "owner" | "moment" | "related">;

/**
 * The event that the command makes happen, which was not needless. Existence and preconditions were
 * checked before.
 *
 * @param state of the object; for a creation that of the holder of its key, if there is one.
 * @throws BAD_REQUEST where no policy says what to do; NOT_FOUND and ALREADY_EXISTS
 * by policy; VALIDATION_FAILED and CONFLICT by rule.
 */
export function decideObject(
  state: ObjectState | undefined,
  command: ObjectCommand,
  context: ObjectContext,
): ObjectEvent {
  const { owner } = context;
  if (command.type === "create_object") {
    assertNotConfirmed(command, context);
    return create(state, command, owner);
  }
  invariant(state !== undefined, `${command.type} needs an object`);
  switch (command.type) {
    case "put_object":
      return put(state, command, owner);
    case "patch_object":
      return patch(state, command, owner);
    case "delete_object":
    case "remove_object":
      return { type: "object.deleted", data: {} };
    case "revert_object": {
      const { to, document, fields } = command;
      const reverted = putBack(state.document, document, fields, isPatchablePointer);
      const effect = effectOf(state, reverted, blobsOf(reverted), owner);
      return { type: "object.reverted", data: { revert_of: to, ...effect } };
    }
    case "undo_object": {
      assertReadAt(state, command.readAt);
      const done = undoableChanges(command.event, command.undo);
      const undone = takeBack(state.document, done, command.laterPaths);
      const effect = effectOf(state, undone, blobsOf(undone), owner);
      return { type: "object.undone", data: { revert_of: command.undo, ...effect } };
    }
    case "restore_object":
      assertDeleted(state);
      return { type: "object.restored", data: { changes: [] } };
  }
}

/** Whoever confirms an upload twice is told that, and not what his own object stands in the way of. */
function assertNotConfirmed({ confirms }: CreateObject, { related }: ObjectContext): void {
  if (confirms === undefined) return;
  const upload = related(confirms);
  if (upload?.kind === "upload" && upload.status === "COMPLETED") throw confirmedAlready(confirms);
}

function create(
  holder: ObjectState | undefined,
  command: CreateObject,
  owner: BucketState,
): ObjectEvent {
  const policy = resolvePolicy(owner.unique_key, command.policy);
  const source = sourceOf(command, owner);
  if (holder !== undefined) {
    if (policy === "insert" && source === undefined) throw keyTaken(holder);
    // An event that says no time is no reason to forget how new the object is.
    return put(holder, command, owner, source && { ...holder.source, ...source });
  }
  const schema = schemaOf(owner.document);
  const fields = withDefaults(schema, command.fields);
  const key = objectKey(owner.unique_key, fields);
  if (policy === "update") throw keyFree(key, owner);
  const blobs = resolveBlobs(ownValue(fields, "blobs") ?? null, poolOf(command, {}));
  const document = normalizeDocument(fields, blobs);
  assertFieldsFit(schema, { after: document, before: undefined }, command.isStrict);
  return {
    type: "object.created",
    data: {
      changes: diff({}, document),
      ...(key !== undefined && { unique_key_value: key }),
      ...(source !== undefined && { source }),
      ...told(command),
    },
  };
}

/** What the event tells of the request beside what it did. */
function told({ sourceHandling }: Pick<CreateObject, "sourceHandling">) {
  return sourceHandling === undefined ? {} : { source_handling: sourceHandling };
}

/** A unique key says better what an object is about. */
function sourceOf({ source }: CreateObject, { unique_key }: BucketState): ObjectSource | undefined {
  if (source === undefined || unique_key === undefined) return source;
  const { identity: _, ...rest } = source;
  return rest;
}

/**
 * What a source tells may be gone already, and what is older must not overwrite what is newer, in
 * whatever order it arrives.
 */
export function needlessForObject(
  holder: ObjectState | undefined,
  command: ObjectCommand,
): string | undefined {
  if (command.type !== "create_object" && command.type !== "remove_object") return undefined;
  if (holder === undefined) {
    const isGone = command.type === "remove_object";
    return isGone ? "No object is there of what the event says is gone." : undefined;
  }
  const known = holder.source?.time;
  const time = command.source?.time;
  if (known === undefined || time === undefined || time >= known) return undefined;
  return `The object ${holder.object_id} was changed by an event of ${known}, which is newer.`;
}

function keyTaken({ object_id, unique_key_value }: ObjectState): BucketsError {
  return new BucketsError(
    "ALREADY_EXISTS",
    `The object ${object_id} has the unique key ${unique_key_value}: send ?policy=upsert to update it.`,
    { resource: "object", object_id, unique_key_value },
  );
}

function keyFree(key: string | undefined, owner: BucketState): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `No object has the unique key ${key}: send ?policy=upsert to create it.`,
    { resource: "object", bucket_id: owner.bucket_id, unique_key_value: key },
  );
}

function put(
  state: ObjectState,
  command: PutObject | CreateObject,
  owner: BucketState,
  source?: ObjectSource,
): ObjectEvent {
  const candidate = putDocument(state.document, command.fields);
  const sent = resolveBlobs(
    ownValue(command.fields, "blobs") ?? null,
    poolOf(command, state.document),
  );
  const blobs = mergeBlobs(state.document, sent);
  const effect = effectOf(state, candidate, blobs, owner, command.isStrict);
  const known = { ...effect, ...(source !== undefined && { source }), ...told(command) };
  return { type: "object.patched", data: { media_type: "application/json", ...known } };
}

function patch(state: ObjectState, command: PatchObject, owner: BucketState): ObjectEvent {
  const candidate = patchDocument(state.document, command.mediaType, command.patch);
  const pool = poolOf(command, state.document);
  const blobs = resolveBlobs(ownValue(candidate, "blobs") ?? null, pool);
  const effect = effectOf(state, candidate, blobs, owner, command.isStrict);
  const data = { media_type: command.mediaType, ...effect, ...told(command) };
  return { type: "object.patched", data };
}

function poolOf(
  { blobs, skipDuplicates }: CreateObject | PutObject | PatchObject,
  before: JsonObject,
): BlobPool {
  return { before, brought: blobs, skipDuplicates };
}

interface Effect {
  readonly changes: Change[];
  readonly unique_key_value?: string;
}

/** What turns the document into the candidate, once that is normalised and keeps every rule. */
function effectOf(
  state: ObjectState,
  candidate: JsonObject,
  blobs: readonly JsonObject[],
  owner: BucketState,
  isStrict = false,
): Effect {
  const document = normalizeDocument(candidate, blobs);
  assertFieldsFit(schemaOf(owner.document), { after: document, before: state.document }, isStrict);
  const key = objectKey(owner.unique_key, document);
  return {
    changes: diff(state.document, document),
    ...(key !== undefined && key !== state.unique_key_value && { unique_key_value: key }),
  };
}

/** @throws BAD_REQUEST for an event that did nothing to a document that was there before. */
function undoableChanges(event: ObjectEvent, version: number): readonly Change[] {
  switch (event.type) {
    case "object.patched":
    case "object.reverted":
    case "object.undone":
    case "object.restored":
      return event.data.changes;
    case "object.created":
    case "object.deleted":
      throw new BucketsError(
        "BAD_REQUEST",
        `Version ${version} is ${event.type}: only changes of the document can be undone.`,
      );
  }
}

function assertDeleted({ deleted, object_id }: ObjectState): void {
  if (deleted !== undefined) return;
  throw new BucketsError("CONFLICT", `The object ${object_id} is not deleted.`, { object_id });
}
