/** The fold of an object's events, by examples and against a naive model over random histories. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyChanges, diff } from "../../../src/domain/changes.js";
import { formatTime } from "../../../src/domain/event.js";
import type { JsonObject } from "../../../src/domain/json.js";
import { ObjectEvent } from "../../../src/domain/object/events.js";
import { evolveObject, ObjectState } from "../../../src/domain/object/state.js";
import { anyDocument, canonical, seed } from "../arbitraries.js";
import { bucketId } from "../specification.js";
import { foldObject, objectCreated, objectId, record } from "./specification.js";

const deleted: ObjectEvent = { type: "object.deleted", data: {} };
const restored: ObjectEvent = { type: "object.restored", data: { changes: [] } };

test("a stream that does not begin with its creation is a bug of ours", () => {
  expect(() => evolveObject(undefined, record(deleted, 1))).toThrow("invariant broken");
});

test("an object that is created twice is a bug of ours", () => {
  expect(() => foldObject([objectCreated(), objectCreated()])).toThrow("invariant broken");
});

test("an object begins as its creation says", () => {
  expect(foldObject([objectCreated({ title: "x" }, "key")])).toStrictEqual({
    kind: "object",
    object_id: objectId,
    bucket_id: bucketId,
    namespace: "default",
    version: 1,
    position: 1,
    document: { metadata: {}, blobs: [], title: "x" },
    unique_key_value: "key",
    status: "DRAFT",
    created_at: "2026-10-01T00:00:00.000Z",
    updated_at: "2026-10-01T00:00:00.000Z",
  });
});

test("a deleted object keeps its document and says when, until it is restored", () => {
  const events = [objectCreated({ title: "x" }, "key"), deleted];
  expect(foldObject(events)).toMatchObject({
    document: { title: "x" },
    unique_key_value: "key",
    updated_at: "2026-10-01T00:00:00.000Z",
    deleted: { deleted_at: "2026-10-01T00:01:00.000Z" },
  });
  expect("deleted" in foldObject([...events, restored])).toBe(false);
});

/** What is done to an object, one after the other; what cannot be done is left out. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("become" as const), to: anyDocument }) },
  fc.constant({ kind: "delete" as const }),
  fc.constant({ kind: "restore" as const }),
);

interface Model {
  document: JsonObject;
  isDeleted: boolean;
  key: string | undefined;
  updatedAt: number;
}

function play(steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]) {
  const events: ObjectEvent[] = [objectCreated({}, "0")];
  const first = record(objectCreated(), 1).recordedAt;
  const model: Model = {
    document: { metadata: {}, blobs: [] },
    isDeleted: false,
    key: "0",
    updatedAt: first,
  };
  for (const next of steps) {
    const version = events.length + 1;
    if (next.kind === "delete" && !model.isDeleted) {
      events.push(deleted);
      model.isDeleted = true;
    } else if (next.kind === "restore" && model.isDeleted) {
      events.push(restored);
      model.isDeleted = false;
    } else if (next.kind === "become" && !model.isDeleted) {
      const changes = diff(model.document, next.to);
      const unique_key_value = String(version);
      const kinds: ObjectEvent[] = [
        {
          type: "object.patched",
          data: { media_type: "application/json", changes, unique_key_value },
        },
        { type: "object.reverted", data: { revert_of: 1, changes, unique_key_value } },
        { type: "object.undone", data: { revert_of: 1, changes, unique_key_value } },
      ];
      events.push(...kinds.slice(version % 3, (version % 3) + 1));
      model.key = unique_key_value;
      if (canonical(model.document) !== canonical(next.to)) {
        model.updatedAt = record(deleted, version).recordedAt;
      }
      model.document = next.to;
    }
  }
  return { events, model };
}

const histories = fc.array(step, { maxLength: 12 });

describe("over random histories", () => {
  test("the fold is what a naive model says", () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { events, model } = play(steps);
        const state = foldObject(events);
        expect(canonical(state.document)).toBe(canonical(model.document));
        expect(state.version).toBe(events.length);
        expect(state.unique_key_value).toBe(model.key);
        expect(state.deleted !== undefined).toBe(model.isDeleted);
        expect(state.updated_at).toBe(formatTime(model.updatedAt));
        expect(state.created_at).toBe("2026-10-01T00:00:00.000Z");
      }),
      { seed, numRuns: 300 },
    );
  });

  test("folding on from a saved state is folding the whole, and states and events can be saved", () => {
    fc.assert(
      fc.property(histories, fc.nat(12), (steps, at) => {
        const { events } = play(steps);
        const cut = Math.min(at + 1, events.length);
        let state = foldObject(events.slice(0, cut));
        const text = JSON.stringify(state);
        for (const [index, event] of events.slice(cut).entries()) {
          const stored = ObjectEvent.parse(JSON.parse(JSON.stringify(event)));
          state = evolveObject(state, record(stored, cut + index + 1));
        }
        expect(JSON.stringify(state)).toBe(JSON.stringify(foldObject(events)));
        expect(JSON.stringify(ObjectState.parse(JSON.parse(text)))).toBe(text);
      }),
      { seed, numRuns: 300 },
    );
  });

  test("the changes of every event lead from the document before to the one after", () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { events } = play(steps);
        let document: JsonObject = {};
        for (const { data } of events) {
          document = "changes" in data ? applyChanges(document, data.changes) : document;
        }
        expect(canonical(document)).toBe(canonical(foldObject(events).document));
      }),
      { seed, numRuns: 100 },
    );
  });
});
