/**
 * Tests of the object's decider in the words of its rules: given this bucket and these events, when
 * this command comes, then that event or refusal follows. Time and ids are fixed.
 */
import { expect } from "vitest";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import type { BucketState } from "../../../src/domain/bucket/state.js";
import { diff } from "../../../src/domain/changes.js";
import { BucketsError, type ErrorCode, isBucketsError } from "../../../src/domain/errors.js";
import { isJsonObject, type JsonObject, type JsonValue, toJson } from "../../../src/domain/json.js";
import type { PreparedBlob } from "../../../src/domain/object/blobs.js";
import type { CreateObject, ObjectCommand } from "../../../src/domain/object/commands.js";
import { decideObject } from "../../../src/domain/object/decide.js";
import type { ObjectEvent } from "../../../src/domain/object/events.js";
import { evolveObject, type ObjectState } from "../../../src/domain/object/state.js";
import type { PatchMediaType } from "../../../src/domain/patch-media-type.js";
import { assertOwnerTakes } from "../../../src/domain/resource.js";
import { actor, bucketId, created, now, stateAfter } from "../specification.js";

export const objectId = "obj_01kaaaaaaaaaaaaaaaaaaaaaaa";
const firstEventAt = Date.parse("2026-10-01T00:00:00.000Z");
const minuteMs = 60_000;

export function record(event: ObjectEvent, version: number) {
  return {
    position: version,
    stream: objectId,
    version,
    namespace: "default",
    bucketId,
    eventId: `evt_${version}`,
    transactionId: undefined,
    recordedAt: firstEventAt + (version - 1) * minuteMs,
    meta: { actor, request_id: `req_${version}` },
    event,
  };
}

export function foldObject(events: readonly ObjectEvent[]): ObjectState {
  let state: ObjectState | undefined;
  for (const [index, event] of events.entries())
    state = evolveObject(state, record(event, index + 1));
  if (state === undefined) throw new Error("No event, no state.");
  return state;
}

interface Ownership {
  readonly properties?: JsonObject;
  readonly uniqueKey?: { fields: string[]; default_policy?: "insert" | "update" | "upsert" };
  /** What happened to the bucket after its creation. */
  readonly later?: readonly BucketEvent[];
}

/** A bucket whose schema has those properties. */
export function bucket({ properties = {}, uniqueKey, later = [] }: Ownership = {}): BucketState {
  const document = { bucket_name: "videos", metadata: {}, bucket_schema: { properties } };
  return stateAfter([created(document, uniqueKey), ...later]);
}

/** An object that was created with that document. */
export function objectCreated(document: JsonObject = {}, key?: string): ObjectEvent {
  const whole = { metadata: {}, blobs: [], ...document };
  return {
    type: "object.created",
    data: { changes: diff({}, whole), ...(key !== undefined && { unique_key_value: key }) },
  };
}

/** The patch that turns the document of the events so far into this one. */
export function becoming(events: readonly ObjectEvent[], document: JsonObject): ObjectEvent {
  const changes = diff(foldObject(events).document, document);
  return { type: "object.patched", data: { media_type: "application/json", changes } };
}

export function given(owner: BucketState, events: readonly ObjectEvent[] = []) {
  return {
    when(command: ObjectCommand) {
      const outcome = outcomeOf(owner, events, command);
      return {
        thenEvent(expected: ObjectEvent): void {
          if (outcome instanceof BucketsError) throw outcome;
          expect(outcome).toStrictEqual(expected);
        },
        /** The state that the event leaves. */
        thenState(): ObjectState {
          if (outcome instanceof BucketsError) throw outcome;
          return foldObject([...events, outcome]);
        },
        /** The document that the event leaves. */
        thenDocument(expected: JsonObject): void {
          if (outcome instanceof BucketsError) throw outcome;
          expect(foldObject([...events, outcome]).document).toStrictEqual(expected);
        },
        /** With that code, and at least those details. */
        thenRefused(code: ErrorCode, details: Readonly<Record<string, unknown>> = {}): void {
          expect(outcome).toMatchObject({ code, details });
        },
        /** A 422 whose first fault is there, of that type. */
        thenInvalid(location: readonly (string | number)[], type: string): void {
          expect(outcome).toMatchObject({
            code: "VALIDATION_FAILED",
            details: { validation_errors: [{ location: ["body", ...location], type }] },
          });
        },
      };
    },
  };
}

function outcomeOf(owner: BucketState, events: readonly ObjectEvent[], command: ObjectCommand) {
  const state = events.length === 0 ? undefined : foldObject(events);
  try {
    assertOwnerTakes("object", owner, now);
    return decideObject(state, command, {
      owner,
      moment: { now, actor },
      related: () => undefined,
    });
  } catch (error) {
    if (isBucketsError(error)) return error;
    throw error;
  }
}

interface Brings {
  readonly blobs?: readonly PreparedBlob[];
  readonly skipDuplicates?: boolean;
  readonly isStrict?: boolean;
}

export function create(
  fields: JsonObject = {},
  { policy, ...brings }: Brings & Partial<Pick<CreateObject, "policy">> = {},
): CreateObject {
  return { type: "create_object", policy, fields, ...broughtBy(brings) };
}

export function put(fields: JsonObject, brings: Brings = {}): ObjectCommand {
  return { type: "put_object", fields, ...broughtBy(brings) };
}

export function patch(
  body: JsonValue,
  mediaType: PatchMediaType = "application/json",
  brings: Brings = {},
): ObjectCommand {
  return { type: "patch_object", mediaType, patch: body, ...broughtBy(brings) };
}

function broughtBy({ blobs = [], skipDuplicates = false, isStrict = false }: Brings) {
  return { blobs, skipDuplicates, isStrict };
}

/** A blob of stored bytes, whose content is told apart by `hash`. */
export function blob(id: string, property = "file", hash = `hash of ${id}`): PreparedBlob {
  return {
    blob_id: id,
    property,
    type: "video",
    properties: {},
    source: { kind: "stored", hash },
    details: { size_bytes: 10, hash },
  };
}

/** The same blob as a document holds it. */
export function kept(...described: Parameters<typeof blob>): JsonObject {
  const stored = toJson(blob(...described));
  return isJsonObject(stored) ? stored : {};
}
