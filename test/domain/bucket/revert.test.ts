/**
 * Putting back and taking back, as rules of the bucket's decider and as laws over random histories.
 * A reference `sec_…` stands for a secret, as in every event.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BucketCommand } from "../../../src/domain/bucket/commands.js";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import {
  RestoreBucketRequest,
  revertedDocument,
  undoneDocument,
} from "../../../src/domain/bucket/revert.js";
import { applyChanges, diff } from "../../../src/domain/changes.js";
import type { JsonObject } from "../../../src/domain/json.js";
import { parsePointer, valueAt } from "../../../src/domain/pointer.js";
import { RevertRequest } from "../../../src/domain/revert.js";
import { parseBody } from "../../../src/domain/schemas.js";
import { anyDocument, canonical, seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";
import {
  bucketId,
  created,
  given,
  locked,
  now,
  plainDocument,
  stateAfter,
} from "../specification.js";

const runs = { seed, numRuns: 500 };
const secrets = { sealed: [], generated: "sec_generated" };
const lastSuspended: BucketEvent = { type: "bucket.suspended", data: {} };
const deleted: BucketEvent = { type: "bucket.deleted", data: { task_id: "task_1" } };

/** The patch that turns the document of the events so far into this one. */
function becoming(events: readonly BucketEvent[], document: JsonObject): BucketEvent {
  return {
    type: "bucket.patched",
    data: {
      media_type: "application/json",
      changes: diff(stateAfter(events).document, document),
    },
  };
}

/** A history whose documents are these, one after the other. */
function history(...documents: readonly JsonObject[]): BucketEvent[] {
  const events: BucketEvent[] = [];
  for (const document of documents) {
    events.push(events.length === 0 ? created(document) : becoming(events, document));
  }
  return events;
}

function revert(events: readonly BucketEvent[], to: number, fields?: string[]): BucketCommand {
  const { document } = stateAfter(events.slice(0, to));
  return { type: "revert_bucket", to, document, fields, secrets };
}

function undo(events: readonly BucketEvent[], version: number): BucketCommand {
  const [event] = events.slice(version - 1);
  if (event === undefined) throw new Error(`no version ${version}`);
  const laterPaths = events.slice(version).flatMap(pathsOf);
  return { type: "undo_event", undo: version, event, laterPaths, readAt: events.length, secrets };
}

function pathsOf({ data }: BucketEvent): string[] {
  return "changes" in data ? data.changes.map(({ path }) => path) : [];
}

function withMetadata(metadata: JsonObject): JsonObject {
  return { ...plainDocument, metadata };
}

function withAdapter(adapter: JsonObject): JsonObject {
  return {
    ...plainDocument,
    source_adapter: { adapter_type: "mux", enabled: true, ...adapter },
  };
}

function credentials(value: JsonObject): JsonObject {
  return { connection: { api_base_url: "https://api.mux.com", credentials: value } };
}

describe("a request to revert", () => {
  test.each([
    ["neither", {}],
    ["both", { to: 1, undo: 2 }],
    ["fields of an undo", { undo: 2, fields: ["/metadata"] }],
    ["no fields", { to: 1, fields: [] }],
    ["version 0", { to: 0 }],
    ["a negative version", { undo: -1 }],
    ["a fraction", { to: 1.5 }],
    ["a text", { to: "1" }],
    ["no object", []],
  ])("is refused with %s", (_, body) => {
    expect(refusalOf(() => parseBody(RevertRequest, body)).code).toBe("VALIDATION_FAILED");
  });

  test("may say null for what it does not mean, as clients do", () => {
    expect(parseBody(RevertRequest, { to: 3, undo: null, fields: null })).toEqual({ to: 3 });
    expect(parseBody(RestoreBucketRequest, { bucket_name: null })).toEqual({ bucket_name: null });
  });
});

describe("reverting a whole bucket", () => {
  const events = history(
    plainDocument,
    { ...plainDocument, bucket_name: "films", description: "d" },
    withMetadata({ team: "b", extra: [1] }),
  );

  test("is refused while it is locked or suspended", () => {
    given([...events, locked()])
      .when(revert(events, 1))
      .thenRefused("BUCKET_LOCKED");
    given([...events, lastSuspended])
      .when(revert(events, 1))
      .thenRefused("BUCKET_LOCKED", { status: "SUSPENDED" });
  });

  test("is refused when the unique key would lose a field", () => {
    const keyed = [created(plainDocument, { fields: ["title"] })];
    const without = { ...plainDocument, bucket_schema: { properties: {} } };
    given(keyed)
      .when({ type: "revert_bucket", to: 1, document: without, fields: undefined, secrets })
      .thenInvalid(["bucket_schema", "properties", "title"], "unique_key_field");
  });

  test("records the difference and the version", () => {
    given(events)
      .when(revert(events, 2))
      .thenEvent({
        type: "bucket.reverted",
        data: {
          revert_of: 2,
          changes: [
            { op: "replace", path: "/bucket_name", was: "videos", value: "films" },
            { op: "replace", path: "/metadata/team", was: "b", value: "a" },
            { op: "remove", path: "/metadata/extra", was: [1] },
            { op: "add", path: "/description", value: "d" },
          ],
        },
      });
  });

  test("to where it is changes nothing, and that is an event as well", () => {
    given(events)
      .when(revert(events, 3))
      .thenEvent({ type: "bucket.reverted", data: { revert_of: 3, changes: [] } });
  });
});

describe("reverting fields", () => {
  const events = history(
    withMetadata({ team: "a", "a/b": 1, "~": 2, "": 3, list: [1, 2] }),
    withMetadata({ list: [3], deep: { here: true } }),
  );

  test.each(["", "metadata", "/unique_key", "/status", "/source_adapter/webhook_url", "/~2"])(
    "is refused for %j, which names no field",
    (field) => {
      given(events)
        .when(revert(events, 1, [field]))
        .thenInvalid(["fields"], "not_patchable");
    },
  );

  test("is refused below what is no object now: an array is a unit", () => {
    given(events)
      .when(revert(events, 1, ["/metadata/list/0"]))
      .thenInvalid(["fields"], "not_an_object");
  });

  test("is refused when the bucket would lose what it needs", () => {
    given(events)
      .when({
        type: "revert_bucket",
        to: 1,
        document: {},
        fields: ["/bucket_schema"],
        secrets,
      })
      .thenInvalid(["bucket_schema"], "missing");
  });

  test("puts back those alone, and removes what was not there", () => {
    given(events)
      .when(revert(events, 1, ["/metadata/a~1b", "/metadata/~0", "/metadata/", "/metadata/deep"]))
      .thenDocument(withMetadata({ list: [3], "a/b": 1, "~": 2, "": 3 }));
  });

  test("leaves be what is in neither", () => {
    given(events)
      .when(revert(events, 1, ["/metadata/gone", "/description"]))
      .thenEvent({ type: "bucket.reverted", data: { revert_of: 1, changes: [] } });
  });

  test("makes the objects on the way", () => {
    const nested = history(withMetadata({ a: { b: { c: 1 } } }), withMetadata({}));
    given(nested)
      .when(revert(nested, 1, ["/metadata/a/b/c"]))
      .thenDocument(withMetadata({ a: { b: { c: 1 } } }));
  });

  test("takes __proto__ for a field like any other", () => {
    const proto: JsonObject = Object.fromEntries([["__proto__", { polluted: true }]]);
    const events = history(withMetadata(proto), withMetadata({}));
    const { document } = stateAfter(events.slice(0, 1));
    const put = revertedDocument(plainDocument, document, ["/metadata/__proto__"]);
    expect(canonical(valueAt(put, ["metadata", "__proto__"]) ?? null)).toBe('{"polluted":true}');
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("makes them as they were, and nothing else", () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (earlier, current) => {
        const pointers = diff(current, earlier).map(({ path }) => path);
        const fields = pointers.slice(0, 1).map((path) => `/metadata${path}`);
        const reverted = revertedDocument(withMetadata(current), withMetadata(earlier), fields);
        for (const path of pointers) {
          const source = fields.includes(`/metadata${path}`) ? earlier : current;
          const pointer = parsePointer(path) ?? [];
          expect(valueAt(reverted, ["metadata", ...pointer])).toEqual(valueAt(source, pointer));
        }
      }),
      runs,
    );
  });
});

describe("undoing an event", () => {
  test.each([
    ["bucket.created", created()],
    ["bucket.locked", locked()],
    ["bucket.suspended", lastSuspended],
    ["bucket.deleted", deleted],
  ] as const)("is refused for %s, which changed no document that was there", (_, event) => {
    const events = [created()];
    given(events)
      .when({ type: "undo_event", undo: 1, event, laterPaths: [], readAt: 1, secrets })
      .thenRefused("BAD_REQUEST");
  });

  test("is refused while the bucket is locked, whatever is to be undone", () => {
    given([created(), locked()])
      .when(undo([created(), locked()], 1))
      .thenRefused("BUCKET_LOCKED");
  });

  test("is decided again when another event slipped in", () => {
    const events = history(plainDocument, withMetadata({}));
    given([...events, becoming(events, withMetadata({ later: true }))])
      .when(undo(events, 2))
      .thenRefused("CONFLICT", { stale: true, current_version: 3 });
  });

  test.each([
    ["the same", ["/metadata/a"]],
    ["something below", ["/metadata/a/x"]],
    ["something above", ["/metadata"]],
  ])("is refused when a later event touched %s, naming the paths", (_, laterPaths) => {
    const changes = diff({ metadata: { a: { x: 1 }, b: 1 } }, { metadata: { a: 2, b: 2 } });
    const refusal = refusalOf(() => undoneDocument({ metadata: {} }, changes, laterPaths));
    expect(refusal.code).toBe("CONFLICT");
    const isAbove = laterPaths.includes("/metadata");
    expect(refusal.details).toEqual({
      paths: isAbove ? ["/metadata/a", "/metadata/b"] : ["/metadata/a"],
    });
  });

  test("is not hindered by a neighbour whose name begins alike", () => {
    const changes = diff({ metadata: { a: 1 } }, { metadata: { a: 2 } });
    const document = { metadata: { a: 2, ab: 3, "a/b": 4 } };
    const later = ["/metadata/ab", "/metadata/a~1b", "/meta"];
    expect(undoneDocument(document, changes, later)).toEqual({
      metadata: { a: 1, ab: 3, "a/b": 4 },
    });
  });

  test("takes back what was added, removed and replaced", () => {
    const events = history(
      withMetadata({ gone: [1], other: "x", same: true }),
      withMetadata({ added: { a: 1 }, other: null, same: true }),
      { ...withMetadata({ added: { a: 1 }, other: null, same: true }), description: "later" },
    );
    given(events)
      .when(undo(events, 2))
      .thenDocument({
        ...withMetadata({ gone: [1], other: "x", same: true }),
        description: "later",
      });
  });

  test("can itself be undone", () => {
    const events = history(withMetadata({ a: 1 }), withMetadata({ a: 2 }), withMetadata({ a: 1 }));
    given(events)
      .when(undo(events, 3))
      .thenDocument(withMetadata({ a: 2 }));
    given(events)
      .when(undo(events, 2))
      .thenRefused("CONFLICT", { paths: ["/metadata/a"] });
  });

  test("is the fold without that event, unless a later one touched its paths", () => {
    let undone = 0;
    const documents = fc.array(anyDocument, { minLength: 3, maxLength: 6 });
    fc.assert(
      fc.property(documents, fc.nat(), fc.boolean(), (states, pick, apart) => {
        // Apart, each event has a member of its own, so that undoing is never in the way.
        const steps = states.map((state, index) => (apart ? { [`m${index % 3}`]: state } : state));
        const lists: ReturnType<typeof diff>[] = [];
        let current: JsonObject = {};
        for (const step of steps) {
          const next = apart ? { ...current, ...step } : step;
          lists.push(diff(current, next));
          current = next;
        }
        const chosen = pick % lists.length;
        const target = lists[chosen] ?? [];
        const later = lists.slice(chosen + 1).flat();
        const laterPaths = later.map(({ path }) => path);
        const isTouched = (path: string) =>
          laterPaths.some(
            (other) =>
              other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`),
          );
        const touched = target.map(({ path }) => path).filter(isTouched);
        if (touched.length > 0) {
          const refusal = refusalOf(() => undoneDocument(current, target, laterPaths));
          expect(refusal).toMatchObject({ code: "CONFLICT", details: { paths: touched } });
          return;
        }
        undone += 1;
        const without = lists.filter((_, index) => index !== chosen);
        const folded = without.reduce<JsonObject>(applyChanges, {});
        expect(canonical(undoneDocument(current, target, laterPaths))).toBe(canonical(folded));
      }),
      runs,
    );
    expect(undone).toBeGreaterThan(runs.numRuns / 5);
  });

  test("of very many changes after very many others takes no square of them", () => {
    const many = (value: number): JsonObject =>
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, value]));
    const changes = diff({ a: many(1) }, { a: many(2) });
    const later = Array.from({ length: 20_000 }, (_, index) => `/b/key${index}`);
    expect(undoneDocument({ a: many(2) }, changes, later)).toEqual({ a: many(1) });
  });
});

describe("the secrets of a bucket", () => {
  const first = withAdapter({ webhook_secret: "sec_1" });
  const rotated = withAdapter({ webhook_secret: "sec_2" });

  test("are not put back by a revert: the current one stays", () => {
    const events = history(first, { ...rotated, description: "d" });
    given(events).when(revert(events, 1)).thenDocument(rotated);
    given(events)
      .when(revert(events, 1, ["/source_adapter/webhook_secret"]))
      .thenEvent({ type: "bucket.reverted", data: { revert_of: 1, changes: [] } });
  });

  test("are not put back by an undo: the current one stays", () => {
    const events = history(first, rotated);
    given(events)
      .when(undo(events, 2))
      .thenEvent({ type: "bucket.undone", data: { revert_of: 2, changes: [] } });
  });

  test("stay where there were none, as long as there is an adapter", () => {
    const events = history(plainDocument, first);
    given(events)
      .when(revert(events, 1, ["/source_adapter/webhook_secret"]))
      .thenEvent({ type: "bucket.reverted", data: { revert_of: 1, changes: [] } });
    given(events).when(revert(events, 1)).thenDocument(plainDocument);
    given(events).when(undo(events, 2)).thenDocument(plainDocument);
  });

  test("of an adapter that comes back are new: one is generated", () => {
    const events = history(first, plainDocument);
    const renewed = withAdapter({ webhook_secret: "sec_generated" });
    given(events).when(revert(events, 1)).thenDocument(renewed);
    given(events)
      .when(revert(events, 1, ["/source_adapter"]))
      .thenDocument(renewed);
    given(events).when(undo(events, 2)).thenDocument(renewed);
  });

  test("that are credentials no longer stored come back as null", () => {
    const both = withAdapter({
      webhook_secret: "sec_1",
      ...credentials({ id: "sec_id", nested: { key: "sec_key" }, none: null }),
    });
    const one = withAdapter({ webhook_secret: "sec_1", ...credentials({ id: "sec_id2" }) });
    const events = history(both, one);
    const expected = withAdapter({
      webhook_secret: "sec_1",
      ...credentials({ id: "sec_id2", nested: { key: null }, none: null }),
    });
    given(events).when(revert(events, 1)).thenDocument(expected);
    given(events).when(undo(events, 2)).thenDocument(expected);
    given(events)
      .when(revert(events, 1, ["/source_adapter/connection/credentials/nested/key"]))
      .thenDocument(
        withAdapter({
          webhook_secret: "sec_1",
          ...credentials({ id: "sec_id2", nested: { key: null } }),
        }),
      );
  });

  test("of another adapter are not taken for its own", () => {
    const events = history(first, {
      ...plainDocument,
      source_adapter: { adapter_type: "supabase", enabled: false, webhook_secret: "sec_3" },
    });
    given(events)
      .when(revert(events, 1))
      .thenDocument(withAdapter({ webhook_secret: "sec_3" }));
  });
});

describe("restoring a bucket", () => {
  const restore = (bucketName?: string): BucketCommand => ({ type: "restore_bucket", bucketName });

  test("is refused when it is not deleted", () => {
    given([created()]).when(restore()).thenRefused("CONFLICT", { bucket_id: bucketId });
  });

  test.each([[""], ["bkt_01kaaaaaaaaaaaaaaaaaaaaaaa"], ["a\u0000"], ["x".repeat(256)]])(
    "is refused under %j, which is no name",
    (name) => {
      given([created(), deleted]).when(restore(name)).thenRefused("VALIDATION_FAILED");
    },
  );

  test("changes nothing in it", () => {
    given([created(), deleted])
      .when(restore())
      .thenEvent({ type: "bucket.restored", data: { changes: [] } });
    given([created(), deleted]).when(restore()).thenDocument(plainDocument);
  });

  test("may give it another name, in its composed form", () => {
    given([created(), deleted])
      .when(restore("cafe\u0301"))
      .thenEvent({
        type: "bucket.restored",
        data: {
          changes: [{ op: "replace", path: "/bucket_name", was: "videos", value: "caf\u00e9" }],
        },
      });
  });

  test("goes for a suspended bucket, which stays suspended", () => {
    const events = [created(), lastSuspended, deleted];
    given(events)
      .when(restore(), { now })
      .thenEvent({ type: "bucket.restored", data: { changes: [] } });
    const state = stateAfter([...events, { type: "bucket.restored", data: { changes: [] } }]);
    expect(state).toMatchObject({ status: "SUSPENDED", version: 4 });
    expect(state).not.toHaveProperty("deleted");
  });
});
