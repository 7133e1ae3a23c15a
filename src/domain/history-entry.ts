/** An event as history shows it (CONTRACT: history and time): who, what, when, why, and the proof. */
import { z } from "zod";
import { UniqueKey } from "./bucket/bucket-schema.js";
import { Change } from "./change.js";
import { invariant } from "./errors.js";
import { formatTime, type RecordedEvent } from "./event.js";
import { SentHandling } from "./object/events.js";
import {
  type EventTypeOf,
  type IdName,
  type IdNameOf,
  idNames,
  kindNamed,
  kindOfStream,
  type ResourceKind,
  resourceKinds,
  shownChanges,
} from "./resource.js";
import { answeredTime } from "./schemas.js";

const idText = z.string().optional();

/** Beside the bucket, which every event names: the id of what it is about, where that is another. */
type OwnIds = { readonly [Name in Exclude<IdName, "bucket_id">]: typeof idText };

const ownNames = idNames.filter((name) => name !== "bucket_id");
const ownIds: Partial<OwnIds> = Object.fromEntries(ownNames.map((name) => [name, idText]));
invariant(hasAll(ownIds), "an entry can name what it is about, whatever kind that is of");

function hasAll(ids: Partial<OwnIds>): ids is OwnIds {
  return ownNames.every((name) => Object.hasOwn(ids, name));
}

export const HistoryEntry = z.object({
  event_id: z.string(),
  bucket_id: z.string(),
  ...ownIds,
  version: z.number().int(),
  position: z.number().int(),
  type: z.string(),
  recorded_at: answeredTime,
  actor: z.string(),
  /** The access token that it came with, whoever it spoke for. */
  acting_token: z.string().optional(),
  reason: z.string().optional(),
  request_id: z.string(),
  idempotency_key: z.string().optional(),
  transaction_id: z.string().optional(),
  /** The version that was put back, or whose event was taken back. */
  revert_of: z.number().int().optional(),
  media_type: z.string().optional(),
  /** How an object's sources were asked to be fetched; nothing is fetched here. */
  source_handling: SentHandling.optional(),
  /** On a lock event: when the lock lapses by itself. */
  expires_at: answeredTime.optional(),
  /** On the creation of a bucket: which fields tell its objects apart, which never changes. */
  unique_key: UniqueKey.optional(),
  changes: z.array(Change),
  previous_hash: z.string(),
  hash: z.string(),
});
/** An entry of any type: what only some have may be there. */
type AnyEntry = Readonly<z.infer<typeof HistoryEntry>>;

/** What entries have by the type of their event. */
type OwnOf<Type> = Type extends "bucket.locked"
  ? Pick<AnyEntry, "expires_at">
  : Type extends "bucket.created"
    ? Pick<AnyEntry, "unique_key">
    : Type extends `object.${string}`
      ? Pick<AnyEntry, "source_handling">
      : unknown;
type Own = IdName | "type" | "expires_at" | "unique_key" | "source_handling";

/** Every entry names its bucket, and what it is about by its id. */
type EntryOf<Name extends ResourceKind> = {
  [Type in EventTypeOf<Name>]: Omit<AnyEntry, Own> & {
    readonly [Id in "bucket_id" | IdNameOf<Name>]: string;
  } & { readonly type: Type } & OwnOf<Type>;
}[EventTypeOf<Name>];

/** A union by `type`: entries of `object.*` have an `object_id`, `bucket.locked` when the lock lapses. */
export type HistoryEntry = { [Name in ResourceKind]: EntryOf<Name> }[ResourceKind];

/** The event as an entry; secrets in its changes are masked. */
export function toHistoryEntry(
  recorded: RecordedEvent,
  hashes: { readonly previousHash: string; readonly hash: string },
): HistoryEntry {
  const { meta, event } = recorded;
  const entry = {
    event_id: recorded.eventId,
    bucket_id: recorded.bucketId,
    ...ownId(recorded),
    version: recorded.version,
    position: recorded.position,
    type: event.type,
    recorded_at: formatTime(recorded.recordedAt),
    actor: meta.actor,
    ...(meta.token !== undefined && { acting_token: meta.token }),
    ...(meta.reason !== undefined && { reason: meta.reason }),
    request_id: meta.request_id,
    ...(meta.idempotency_key !== undefined && { idempotency_key: meta.idempotency_key }),
    ...(recorded.transactionId !== undefined && { transaction_id: recorded.transactionId }),
    ...("revert_of" in event.data && { revert_of: event.data.revert_of }),
    ...("media_type" in event.data && { media_type: event.data.media_type }),
    ...("source_handling" in event.data &&
      event.data.source_handling !== undefined && { source_handling: event.data.source_handling }),
    ...(event.type === "bucket.locked" &&
      event.data.expires_at !== undefined && { expires_at: event.data.expires_at }),
    ...(event.type === "bucket.created" &&
      event.data.unique_key !== undefined && { unique_key: event.data.unique_key }),
    changes: [...shownChanges(event)],
    previous_hash: hashes.previousHash,
    hash: hashes.hash,
  };
  invariant(isOfItsType(entry), `an event of type ${event.type} does not tell what it is about`);
  return entry;
}

/** Whether it names the resource that its type is about. */
function isOfItsType(entry: AnyEntry): entry is HistoryEntry {
  const kind = resourceKinds.find((name) => entry.type.startsWith(`${name}.`));
  return kind !== undefined && Object.hasOwn(entry, kindNamed(kind).table.id);
}

/** Which resource it is about when that is not the bucket itself. */
function ownId({ stream }: RecordedEvent): Readonly<Record<string, string>> {
  const kind = kindOfStream(stream);
  return kind === undefined || kind === "bucket" ? {} : { [kindNamed(kind).table.id]: stream };
}
