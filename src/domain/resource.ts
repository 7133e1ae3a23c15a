/**
 * Every kind of resource that has a stream of events of its own. What is true of all of them is
 * told apart here, once; the rules of each kind are in its own folder.
 */
import { z } from "zod";
import type { BatchCommand } from "./batch/commands.js";
import { decideBatch } from "./batch/decide.js";
import { BatchState, evolveBatch } from "./batch/state.js";
import { batchReservations, windowDueAt, windowOf } from "./batch/window.js";
import type { BucketCommand } from "./bucket/commands.js";
import { decideBucket, type Moment } from "./bucket/decide.js";
import { bucketReservations, type Reservation } from "./bucket/reservations.js";
import { secretReferences } from "./bucket/secrets.js";
import { BucketState, evolveBucket } from "./bucket/state.js";
import { secretsOfBucket } from "./bucket/webhook-secrets.js";
import type { ConnectionCommand } from "./connection/commands.js";
import { decideConnection } from "./connection/decide.js";
import { credentialsAt } from "./connection/secrets.js";
import { ConnectionState, connectionReservations, evolveConnection } from "./connection/state.js";
import type { DeliveryCommand } from "./delivery/commands.js";
import { decideDelivery, deliveryClaims, deliveryReservations } from "./delivery/decide.js";
import { DeliveryState, evolveDelivery } from "./delivery/state.js";
import { invariant } from "./errors.js";
import type { DomainEvent, RecordedEvent } from "./event.js";
import { type JsonObject, jsonEqual, toJson, withoutAbsent } from "./json.js";
import type { ObjectCommand } from "./object/commands.js";
import { decideObject } from "./object/decide.js";
import { objectClaim, objectReservations } from "./object/keys.js";
import { evolveObject, ObjectState } from "./object/state.js";
import type { UploadCommand } from "./upload/commands.js";
import { decideUpload } from "./upload/decide.js";
import { evolveUpload, UploadState } from "./upload/state.js";

export const ResourceState = z.discriminatedUnion("kind", [
  BucketState,
  ObjectState,
  BatchState,
  UploadState,
  DeliveryState,
  ConnectionState,
]);
export type ResourceState = Readonly<z.infer<typeof ResourceState>>;
export type ResourceKind = ResourceState["kind"];

/** The state of one kind. */
export type StateOf<Kind extends ResourceKind> = Extract<ResourceState, { readonly kind: Kind }>;

export type ResourceCommand =
  | BucketCommand
  | ObjectCommand
  | BatchCommand
  | UploadCommand
  | DeliveryCommand
  | ConnectionCommand;

/** Counts the changes to what `evolve` makes of the same events: saved states of another are void. */
export const reducerVersion = 1;

const prefixes = {
  bucket: "bkt_",
  object: "obj_",
  batch: "btch_",
  upload: "upl_",
  delivery: "dlv_",
  connection: "conn_",
} as const satisfies Record<ResourceKind, string>;

/** The kind of the resource with that id; ids tell by their prefix. */
export function kindOfStream(stream: string): ResourceKind | undefined {
  return resourceKinds.find((kind) => stream.startsWith(prefixes[kind]));
}

const resourceKinds = [
  "bucket",
  "object",
  "batch",
  "upload",
  "delivery",
  "connection",
] as const satisfies readonly ResourceKind[];

/** The kind of resource that the command is for. */
export function kindOfCommand(command: ResourceCommand): ResourceKind {
  switch (command.type) {
    case "create_object":
    case "put_object":
    case "patch_object":
    case "delete_object":
    case "revert_object":
    case "undo_object":
    case "restore_object":
      return "object";
    case "create_batch":
    case "collect_object":
    case "close_window":
    case "add_batch_objects":
    case "patch_batch":
    case "submit_batch":
    case "cancel_batch":
    case "delete_batch":
    case "claim_batch":
    case "progress_batch":
    case "complete_batch":
    case "fail_batch":
      return "batch";
    case "create_upload":
    case "confirm_upload":
    case "delete_upload":
      return "upload";
    case "accept_delivery":
    case "ignore_delivery":
    case "fail_delivery":
      return "delivery";
    case "create_connection":
    case "patch_connection":
    case "delete_connection":
      return "connection";
    default:
      return "bucket";
  }
}

/** The id of the resource, which names its stream. */
export function streamOf(state: ResourceState): string {
  switch (state.kind) {
    case "bucket":
      return state.bucket_id;
    case "object":
      return state.object_id;
    case "batch":
      return state.batch_id;
    case "upload":
      return state.upload_id;
    case "delivery":
      return state.delivery_id;
    case "connection":
      return state.connection_id;
  }
}

/** The ids of the resource, as answers and the details of errors name them. */
export function idsOf(state: ResourceState): Readonly<Record<string, string>> {
  const bucket = { bucket_id: state.bucket_id };
  switch (state.kind) {
    case "bucket":
      return bucket;
    case "object":
      return { ...bucket, object_id: state.object_id };
    case "batch":
      return { ...bucket, batch_id: state.batch_id };
    case "upload":
      return { ...bucket, upload_id: state.upload_id };
    case "delivery":
      return { ...bucket, delivery_id: state.delivery_id };
    case "connection":
      return { connection_id: state.connection_id };
  }
}

/** What history, diff and blame are about. */
export function documentOf(state: ResourceState): JsonObject {
  switch (state.kind) {
    case "upload":
    case "delivery":
      return withoutAbsent({ ...state.document });
    case "bucket":
    case "object":
    case "batch":
    case "connection":
      return state.document;
  }
}

export function isDeleted(state: ResourceState): boolean {
  return state.deleted !== undefined;
}

/** True for the commands that are for what was deleted. */
export function isRestoring(command: ResourceCommand): boolean {
  return command.type === "restore_bucket" || command.type === "restore_object";
}

/**
 * The reservations whose holder the command is about, although it does not name it by its id: that
 * of the first one that is held.
 */
export function claimsOf(command: ResourceCommand, owner: BucketState): readonly Reservation[] {
  switch (command.type) {
    case "create_object": {
      const claim = objectClaim(command, owner);
      return claim === undefined ? [] : [claim];
    }
    case "collect_object":
      return [windowOf(owner.bucket_id)];
    case "accept_delivery":
    case "ignore_delivery":
    case "fail_delivery":
      return deliveryClaims(command.facts, owner.bucket_id);
    default:
      return [];
  }
}

/** What a command is decided with, beside the state of its own resource. */
export interface DecisionContext {
  readonly moment: Moment;
  /** The bucket of an object, batch or upload; undefined for a bucket. */
  readonly owner: BucketState | undefined;
  /** The state of another resource that the command names. */
  readonly related: (id: string) => ResourceState | undefined;
  /** The id of the object that a command right before, of the same operation, was about. */
  readonly precedingObject: string | undefined;
}

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws what the decider of its kind throws.
 */
export function decide(
  state: ResourceState | undefined,
  command: ResourceCommand,
  context: DecisionContext,
): DomainEvent {
  switch (command.type) {
    case "create_object":
    case "put_object":
    case "patch_object":
    case "delete_object":
    case "revert_object":
    case "undo_object":
    case "restore_object":
      return decideObject(only("object", state), command, owned(context));
    case "create_batch":
    case "collect_object":
    case "close_window":
    case "add_batch_objects":
    case "patch_batch":
    case "submit_batch":
    case "cancel_batch":
    case "delete_batch":
    case "claim_batch":
    case "progress_batch":
    case "complete_batch":
    case "fail_batch":
      return decideBatch(only("batch", state), command, owned(context));
    case "create_upload":
    case "confirm_upload":
    case "delete_upload":
      return decideUpload(only("upload", state), command, owned(context));
    case "accept_delivery":
    case "ignore_delivery":
    case "fail_delivery":
      return decideDelivery(only("delivery", state), command, owned(context));
    case "create_connection":
    case "patch_connection":
    case "delete_connection":
      return decideConnection(only("connection", state), command);
    default:
      return decideBucket(only("bucket", state), command, context.moment);
  }
}

function owned({ owner, ...context }: DecisionContext) {
  invariant(owner !== undefined, "a member of a bucket is decided with its bucket");
  return { ...context, owner };
}

/** The state after the event. Pure, and the only way that a state is ever made. */
export function evolve(state: ResourceState | undefined, recorded: RecordedEvent): ResourceState {
  const { event } = recorded;
  switch (event.type) {
    case "object.created":
    case "object.patched":
    case "object.deleted":
    case "object.reverted":
    case "object.undone":
    case "object.restored":
      return evolveObject(only("object", state), { ...recorded, event });
    case "batch.created":
    case "batch.objects_added":
    case "batch.patched":
    case "batch.window_closed":
    case "batch.submitted":
    case "batch.canceled":
    case "batch.claimed":
    case "batch.progressed":
    case "batch.completed":
    case "batch.failed":
    case "batch.deleted":
      return evolveBatch(only("batch", state), { ...recorded, event });
    case "upload.created":
    case "upload.confirmed":
    case "upload.deleted":
      return evolveUpload(only("upload", state), { ...recorded, event });
    case "delivery.accepted":
    case "delivery.ignored":
    case "delivery.failed":
      return evolveDelivery(only("delivery", state), { ...recorded, event });
    case "connection.created":
    case "connection.patched":
    case "connection.deleted":
      return evolveConnection(only("connection", state), { ...recorded, event });
    default:
      return evolveBucket(only("bucket", state), { ...recorded, event });
  }
}

/** The state after many events. */
export function fold(
  events: Iterable<RecordedEvent>,
  from: ResourceState | undefined = undefined,
): ResourceState | undefined {
  let state = from;
  for (const recorded of events) state = evolve(state, recorded);
  return state;
}

/** What the resource keeps for itself, so that no other can have it. */
export function reservationsOf(state: ResourceState): readonly Reservation[] {
  switch (state.kind) {
    case "bucket":
      return bucketReservations(state);
    case "object":
      return objectReservations(state);
    case "batch":
      return batchReservations(state);
    case "upload":
      return [];
    case "delivery":
      return deliveryReservations(state);
    case "connection":
      return connectionReservations(state);
  }
}

/** When something is to be done about the resource by itself (RFC 3339), if anything is. */
export function dueAt(state: ResourceState): string | undefined {
  return state.kind === "batch" ? windowDueAt(state) : undefined;
}

/** The references of every secret that is kept for the resource. */
export function secretsHeld(state: ResourceState): readonly string[] {
  switch (state.kind) {
    case "bucket":
      return secretsOfBucket(state);
    case "connection":
      return state.deleted === undefined ? secretReferences(state.document, credentialsAt) : [];
    default:
      return [];
  }
}

/** The state as that of a kind which it is known to be of. */
export function stateOfKind<Kind extends ResourceKind>(
  kind: Kind,
  state: ResourceState,
): StateOf<Kind> {
  invariant(isOfKind(kind, state), `${streamOf(state)} is no ${kind}`);
  return state;
}

function only<Kind extends ResourceKind>(kind: Kind, state: ResourceState | undefined) {
  return state === undefined ? undefined : stateOfKind(kind, state);
}

function isOfKind<Kind extends ResourceKind>(
  kind: Kind,
  state: ResourceState,
): state is StateOf<Kind> {
  return state.kind === kind;
}

/** Equality of states; documents are compared by themselves, because they may be as deep as allowed. */
export function sameState(a: ResourceState | undefined, b: ResourceState | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const { document: _, ...restOfA } = a;
  const { document: __, ...restOfB } = b;
  return jsonEqual(documentOf(a), documentOf(b)) && jsonEqual(toJson(restOfA), toJson(restOfB));
}
