/**
 * Tests of the bucket's decider in the words of its rules: given these events, when this command
 * comes, then that event or refusal follows. Time, ids and references are fixed.
 */
import { expect } from "vitest";
import type { BucketCommand } from "../../src/domain/bucket/commands.js";
import { decideBucket } from "../../src/domain/bucket/decide.js";
import type { BucketEvent } from "../../src/domain/bucket/events.js";
import type { BucketState } from "../../src/domain/bucket/state.js";
import { diff } from "../../src/domain/changes.js";
import { BucketsError, type ErrorCode, isBucketsError } from "../../src/domain/errors.js";
import type { RecordedEvent } from "../../src/domain/event.js";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import type { Moment } from "../../src/domain/moment.js";
import type { PatchMediaType } from "../../src/domain/patch-media-type.js";
import { fold, stateOfKind } from "../../src/domain/resource.js";

export const bucketId = "bkt_01kaaaaaaaaaaaaaaaaaaaaaaa";
const firstEventAt = Date.parse("2026-10-01T00:00:00.000Z");
/** Events are a minute apart; commands come an hour after the first. */
const minuteMs = 60_000;
export const now = Date.parse("2026-10-01T01:00:00.000Z");
export const actor = "ada";

/** The event as it would be recorded as the given version of the bucket. */
export function record(event: BucketEvent, version: number): RecordedEvent {
  return {
    position: version,
    stream: bucketId,
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

export function stateAfter(events: readonly BucketEvent[]): BucketState {
  const state = fold(events.map((event, index) => record(event, index + 1)));
  if (state === undefined) throw new Error("No event, no state.");
  return stateOfKind("bucket", state);
}

export function given(events: readonly BucketEvent[]) {
  const state = events.length === 0 ? undefined : stateAfter(events);
  return {
    when(command: BucketCommand, moment: Partial<Moment> = {}) {
      const outcome = outcomeOf(state, command, { now, actor, ...moment });
      return {
        thenEvent(expected: BucketEvent): void {
          if (outcome instanceof BucketsError) throw outcome;
          expect(outcome).toStrictEqual(expected);
        },
        /** With that code, and at least those details. */
        thenRefused(code: ErrorCode, details: Readonly<Record<string, unknown>> = {}): void {
          expect(outcome).toMatchObject({ code, details });
        },
        /** The patchable document that the event leaves. */
        thenDocument(expected: JsonObject): void {
          if (outcome instanceof BucketsError) throw outcome;
          expect(stateAfter([...events, outcome]).document).toStrictEqual(expected);
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

function outcomeOf(state: BucketState | undefined, command: BucketCommand, moment: Moment) {
  try {
    return decideBucket(state, command, moment);
  } catch (error) {
    if (isBucketsError(error)) return error;
    throw error;
  }
}

const schema: JsonObject = {
  properties: { video_id: { type: "string" }, title: { type: "text" } },
};

/** A small bucket: a name, a schema and a team. */
export const plainDocument: JsonObject = {
  bucket_name: "videos",
  metadata: { team: "a" },
  bucket_schema: schema,
};

export function created(
  document: JsonObject = plainDocument,
  uniqueKey?: { fields: string[]; default_policy?: "insert" | "update" | "upsert" | null },
): BucketEvent {
  return {
    type: "bucket.created",
    data: { changes: diff({}, document), ...(uniqueKey && { unique_key: uniqueKey }) },
  };
}

export function locked(expiresAt?: string): BucketEvent {
  return {
    type: "bucket.locked",
    data: { holder: "grace", reason: "audit", ...(expiresAt && { expires_at: expiresAt }) },
  };
}

export const unlocked: BucketEvent = { type: "bucket.unlocked", data: {} };

/** A patch; `sealed` are the references of the secrets that it brings. */
export function patch(
  mediaType: PatchMediaType,
  body: JsonValue,
  sealed: readonly string[] = [],
): BucketCommand {
  return {
    type: "patch_bucket",
    mediaType,
    patch: body,
    secrets: { sealed, generated: "sec_generated" },
  };
}

export function create(
  fields: JsonObject,
  options: {
    readonly uniqueKey?: { fields: string[] };
    readonly sealed?: readonly string[];
  } = {},
): BucketCommand {
  return {
    type: "create_bucket",
    fields,
    uniqueKey: options.uniqueKey,
    secrets: { sealed: options.sealed ?? [], generated: "sec_generated" },
  };
}
