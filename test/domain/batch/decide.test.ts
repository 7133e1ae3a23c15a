import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BatchCommand } from "../../../src/domain/batch/commands.js";
import { decideBatch } from "../../../src/domain/batch/decide.js";
import type { BatchEvent } from "../../../src/domain/batch/events.js";
import { isLeaseLapsed, statusAt } from "../../../src/domain/batch/lease.js";
import { type BatchState, evolveBatch, objectsHandedOut } from "../../../src/domain/batch/state.js";
import { type BatchStatus, batchStatuses, phaseOf } from "../../../src/domain/batch/status.js";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import { isBucketsError } from "../../../src/domain/errors.js";
import { limits } from "../../../src/domain/limits.js";
import { seed } from "../arbitraries.js";
import { actor, bucketId, created, locked, now, stateAfter } from "../specification.js";
import {
  batchAfter,
  batchId,
  batchThatIs,
  claimed,
  claimedBy,
  claimId,
  commands,
  completed,
  context,
  draft,
  given,
  lapsesAt,
  leaseMs,
  objectError,
  submitted,
} from "./specification.js";

const create = (...objectIds: string[]): BatchCommand => ({
  type: "create_batch",
  objectIds,
  metadata: {},
});

describe("a batch of", () => {
  test.each<[string, string]>([
    ["an object that never was", "obj_none"],
    ["an object that was deleted", "obj_deleted"],
    ["an object of another bucket", "obj_elsewhere"],
    ["what is no object", "upl_a"],
  ])("%s is refused, and the object named", (_, id) => {
    const created = given(undefined).when(create("obj_a", id));
    created.thenInvalid(["object_ids", 1], "object_not_found");
    expect(created.outcome).toHaveProperty("message", expect.stringContaining(id));
    given(batchThatIs("DRAFT"))
      .when({ ...commands.add_batch_objects, objectIds: [id] })
      .thenInvalid(["object_ids", 0], "object_not_found");
  });

  test("an object that is named twice holds it once", () => {
    given(undefined)
      .when(create("obj_a", "obj_b", "obj_a"))
      .thenEvent({
        type: "batch.created",
        data: { object_ids: ["obj_a", "obj_b"], metadata: {} },
      });
  });
});

describe("a bucket that is", () => {
  const suspended: BucketEvent = { type: "bucket.suspended", data: {} };
  const archived: BucketEvent = { type: "bucket.archived", data: {} };
  const every = [create("obj_none"), ...Object.values(commands)];

  test.each(every)("locked takes no $type, whatever else is wrong with it", (command) => {
    given(batchThatIs("FAILED"), stateAfter([created(), locked()]))
      .when(command)
      .thenRefused("BUCKET_LOCKED", { holder: "grace", reason: "audit" });
  });

  test.each(every)("suspended takes no $type", (command) => {
    given(batchThatIs("FAILED"), stateAfter([created(), suspended]))
      .when(command)
      .thenRefused("BUCKET_LOCKED", { status: "SUSPENDED", bucket_id: bucketId });
  });

  test("archived goes on with its batches", () => {
    const owner = stateAfter([created(), archived]);
    given(undefined, owner)
      .when(create("obj_a"))
      .thenEvent({
        type: "batch.created",
        data: { object_ids: ["obj_a"], metadata: {} },
      });
    expect(given(batchThatIs("PENDING"), owner).when(commands.claim_batch).outcome).toHaveProperty(
      "type",
      "batch.claimed",
    );
  });

  test("locked until a while ago takes changes again", () => {
    const owner = stateAfter([created(), locked("2026-10-01T00:30:00.000Z")]);
    given(batchThatIs("PENDING"), owner)
      .when(commands.cancel_batch)
      .thenEvent({ type: "batch.canceled", data: {} });
  });
});

/** Rows are statuses, columns commands; "-" is a 400 that names the status. */
const table = `
                        add  patch submit cancel delete claim progress complete fail retry
  DRAFT                 yes  yes   yes    -      yes    -     -        -        -    -
  PENDING               -    yes   -      yes    -      yes   -        -        -    -
  QUEUED                -    yes   -      yes    -      yes   -        -        -    -
  IN_PROGRESS           -    yes   -      yes    -      -     yes      yes      yes  -
  PROCESSING            -    yes   -      yes    -      -     yes      yes      yes  -
  COMPLETED             -    yes   -      -      yes    -     -        -        -    -
  COMPLETED_WITH_ERRORS -    yes   -      -      yes    -     -        -        -    yes
  FAILED                -    yes   -      -      yes    -     -        -        -    yes
  CANCELED              -    yes   -      -      yes    -     -        -        -    -
  INTERRUPTED           -    yes   -      -      yes    -     -        -        -    -
`;

const rows = table
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));

const columns = {
  add: [commands.add_batch_objects, "batch.objects_added"],
  patch: [commands.patch_batch, "batch.patched"],
  submit: [commands.submit_batch, "batch.submitted"],
  cancel: [commands.cancel_batch, "batch.canceled"],
  delete: [commands.delete_batch, "batch.deleted"],
  claim: [commands.claim_batch, "batch.claimed"],
  progress: [commands.progress_batch, "batch.progressed"],
  complete: [commands.complete_batch, "batch.completed"],
  fail: [commands.fail_batch, "batch.failed"],
  retry: [commands.retry_batch, "batch.retried"],
} as const satisfies Readonly<Record<string, readonly [BatchCommand, string]>>;

test("the table has every status and every command", () => {
  expect(rows[0]).toStrictEqual(Object.keys(columns));
  expect(rows.slice(1).map(([status]) => status)).toStrictEqual([...batchStatuses]);
});

describe.each([...batchStatuses])("a batch that is %s", (status) => {
  const row = rows.find(([name]) => name === status);
  test.each(Object.entries(columns))("on %s", (name, [command, event]) => {
    const cell = row?.[1 + Object.keys(columns).indexOf(name)];
    const decided = given(batchThatIs(status)).when(command);
    if (cell === "yes") expect(decided.outcome).toHaveProperty("type", event);
    else {
      decided.thenRefused("BAD_REQUEST", { batch_id: batchId, status });
      expect(decided.outcome).toHaveProperty("message", expect.stringContaining(` ${status}: `));
    }
  });
});

describe("a worker whose lease ran out", () => {
  const reports = [commands.progress_batch, commands.complete_batch, commands.fail_batch];

  test.each(reports)("is told so on $type", (report) => {
    const late = given(batchThatIs("PROCESSING")).when(report, lapsesAt);
    late.thenRefused("CONFLICT", { batch_id: batchId, status: "PENDING", claim_id: claimId });
    expect(late.outcome).toHaveProperty("message", expect.stringContaining("ran out at"));
  });

  test.each(reports)("may send $type until the last millisecond", (report) => {
    expect(given(batchThatIs("IN_PROGRESS")).when(report, lapsesAt - 1).outcome).not.toBeInstanceOf(
      Error,
    );
  });

  test.each(reports)("cannot overwrite the next one with $type", (report) => {
    const again = batchAfter([draft, submitted, claimed, claimedBy("w2", "clm_second")]);
    const late = given(again).when(report);
    late.thenRefused("CONFLICT", { status: "IN_PROGRESS", claim_id: claimId });
    expect(late.outcome).toHaveProperty("message", expect.stringContaining("somebody else"));
  });

  test("has its batch claimed, canceled, but not deleted, by others", () => {
    const lapsed = given(batchThatIs("PROCESSING"));
    lapsed.when(commands.claim_batch, lapsesAt).thenEvent({
      type: "batch.claimed",
      data: {
        worker: "w2",
        claim_id: "clm_second",
        expires_at: new Date(lapsesAt + leaseMs).toISOString(),
      },
    });
    lapsed.when(commands.cancel_batch, lapsesAt).thenEvent({ type: "batch.canceled", data: {} });
    lapsed.when(commands.delete_batch, lapsesAt).thenRefused("BAD_REQUEST", { status: "PENDING" });
  });
});

describe("progress", () => {
  test("of more objects than there are is refused", () => {
    given(batchThatIs("IN_PROGRESS"))
      .when({ ...commands.progress_batch, progress: { processed_count: 1, failed_count: 1 } })
      .thenInvalid(["processed_count"], "too_many_objects");
  });

  test("leaves the lease, or makes it last from now on", () => {
    const { progress } = commands.progress_batch;
    given(batchThatIs("IN_PROGRESS"))
      .when(commands.progress_batch)
      .thenEvent({
        type: "batch.progressed",
        data: { claim_id: claimId, progress, expires_at: new Date(lapsesAt).toISOString() },
      });
    given(batchThatIs("IN_PROGRESS"))
      .when({ ...commands.progress_batch, leaseMs: 5_000 }, now + 1)
      .thenEvent({
        type: "batch.progressed",
        data: { claim_id: claimId, progress, expires_at: new Date(now + 5_001).toISOString() },
      });
  });
});

describe("completion", () => {
  test("with an error about an object that is not in the batch is refused", () => {
    given(batchThatIs("IN_PROGRESS"))
      .when({
        ...commands.complete_batch,
        errors: [objectError, { object_id: "obj_b", message: "" }],
      })
      .thenInvalid(["errors", 1, "object_id"], "object_not_found");
  });

  test("keeps the result and the errors", () => {
    given(batchThatIs("IN_PROGRESS"))
      .when({ ...commands.complete_batch, result: { documents: 3 }, errors: [objectError] })
      .thenEvent({
        type: "batch.completed",
        data: { claim_id: claimId, result: { documents: 3 }, errors: [objectError] },
      });
  });
});

describe("trying again", () => {
  const two: BatchEvent = {
    type: "batch.created",
    data: { object_ids: ["obj_a", "obj_b"], metadata: {} },
  };
  const wrong = { object_id: "obj_a", message: "not a video", error_type: "validation" } as const;
  const offline = { object_id: "obj_b", message: "no answer", error_type: "network" } as const;
  const retry = { type: "retry_batch", mode: "transient_only", retriesMax: 3 } as const;
  const partly = [two, submitted, claimed, completed(wrong, offline)];
  const retried: BatchEvent = {
    type: "batch.retried",
    data: { object_ids: ["obj_b"], retry_mode: "transient_only" },
  };

  test("is refused where nothing failed that passes by itself, naming what did", () => {
    const lasting = batchAfter([two, submitted, claimed, completed(wrong, objectError)]);
    given(lasting)
      .when(retry)
      .thenRefused("BAD_REQUEST", { error_summary: { validation: 1, runtime: 1 } });
    given(batchThatIs("FAILED")).when(retry).thenRefused("BAD_REQUEST", { status: "FAILED" });
  });

  test("is refused once it was tried too often", () => {
    const again = batchAfter([...partly, retried, claimed, completed(offline)]);
    given(again)
      .when({ ...retry, retriesMax: 1 })
      .thenRefused("BAD_REQUEST", { retry_count: 1 });
    given(again)
      .when({ ...retry, retriesMax: 2 })
      .thenEvent(retried);
  });

  test("is refused when every object that failed was deleted", () => {
    const gone = { ...offline, object_id: "obj_deleted" };
    given(batchAfter([two, submitted, claimed, completed(gone)]))
      .when(retry)
      .thenRefused("BAD_REQUEST", {});
  });

  test("is of what passes by itself, or of all that failed, once each", () => {
    const batch = batchAfter(partly);
    given(batch).when(retry).thenEvent(retried);
    given(batch)
      .when({ ...retry, mode: "all" })
      .thenEvent({
        type: "batch.retried",
        data: { object_ids: ["obj_a", "obj_b"], retry_mode: "all" },
      });
    const whole: BatchEvent = {
      type: "batch.failed",
      data: { claim_id: claimId, error: "no disk", error_type: "resource", errors: [wrong] },
    };
    given(batchAfter([two, submitted, claimed, whole]))
      .when(retry)
      .thenEvent(retried);
  });

  test("hands out those alone, and keeps what went wrong with the others", () => {
    const waiting = batchAfter([...partly, retried]);
    expect(waiting).toMatchObject({ status: "PENDING", task_id: "task_1", errors: [wrong] });
    expect(objectsHandedOut(waiting)).toEqual(["obj_b"]);
    given(batchAfter([...partly, retried, claimed]))
      .when({ ...commands.complete_batch, errors: [wrong] })
      .thenInvalid(["errors", 0, "object_id"], "object_not_found");
    const ended = batchAfter([...partly, retried, claimed, completed()]);
    expect(ended).toMatchObject({ status: "COMPLETED_WITH_ERRORS", errors: [wrong] });
    expect(objectsHandedOut(ended)).toEqual(["obj_a", "obj_b"]);
  });
});

describe("adding objects", () => {
  const full = { ...batchThatIs("DRAFT"), document: { object_ids: many(), metadata: {} } };

  function many(): string[] {
    return ["obj_a", ...Array.from({ length: limits.batchObjectsMax - 1 }, (_, i) => `obj_${i}`)];
  }

  test("to a full batch is refused, and what is in it already is no addition", () => {
    const add = (id: string) =>
      given(full).when({ ...commands.add_batch_objects, objectIds: [id] });
    add("obj_b").thenInvalid(["object_ids"], "too_many_objects");
    add("obj_a").thenEvent({ type: "batch.objects_added", data: { object_ids: [] } });
  });

  test("says only what is new, once", () => {
    given(batchThatIs("DRAFT"))
      .when({ ...commands.add_batch_objects, objectIds: ["obj_b", "obj_a", "obj_b"] })
      .thenEvent({ type: "batch.objects_added", data: { object_ids: ["obj_b"] } });
  });
});

test("a patch replaces the metadata, and without any changes nothing", () => {
  given(batchThatIs("FAILED"))
    .when({ type: "patch_batch", metadata: { team: "a" } })
    .thenEvent({
      type: "batch.patched",
      data: {
        changes: [
          { op: "remove", path: "/metadata/run", was: 1 },
          { op: "add", path: "/metadata/team", value: "a" },
        ],
      },
    });
  given(batchThatIs("FAILED"))
    .when({ type: "patch_batch", metadata: undefined })
    .thenEvent({ type: "batch.patched", data: { changes: [] } });
});

/** Any commands at any times, of two workers, one of whom forges nothing but may come late. */
const anyStep = fc.record({
  after: fc.constantFrom(0, 1_000, leaseMs),
  command: fc.oneof(
    fc.constantFrom<BatchCommand>(...Object.values(commands)),
    fc.constantFrom<BatchCommand>(
      { ...commands.claim_batch, worker: "w1", claimId },
      { ...commands.progress_batch, leaseMs },
      { ...commands.complete_batch, claimId: "clm_second", errors: [objectError] },
      { ...commands.fail_batch, claimId: "clm_second" },
    ),
  ),
});

test("whatever is asked for, work has a lease, what is finished stays so until it is tried again, and time ends leases", () => {
  const reached = new Set<BatchStatus>();
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
      let state = batchAfter([draft]);
      let at = now;
      for (const { after, command } of steps) {
        at += after;
        const next = attempt(state, command, at);
        const isOver = phaseOf(state.status) === "finished" && command.type !== "retry_batch";
        if (isOver) expect(next.status).toBe(state.status);
        expect(next.lease !== undefined).toBe(phaseOf(next.status) === "working");
        expect(statusAt(next, Number.MAX_SAFE_INTEGER)).toBe(
          next.lease === undefined ? next.status : "PENDING",
        );
        if (next !== state) expect(isLeaseLapsed(next, at)).toBe(lapsedBefore(next, state, at));
        state = next;
        reached.add(state.status);
        if (state.deleted !== undefined) return;
      }
    }),
    { seed, numRuns: 1_000 },
  );
  expect(reached.size).toBe(batchStatuses.length - 2);
});

/** Only a patch is taken of a batch whose lease lapsed and leaves it so. */
function lapsedBefore(next: BatchState, state: BatchState, at: number): boolean {
  return next.lease === state.lease && isLeaseLapsed(state, at);
}

function attempt(state: BatchState, command: BatchCommand, at: number): BatchState {
  try {
    const event = decideBatch(state, command, { ...context, moment: { now: at, actor } });
    const { version, position } = state;
    return evolveBatch(state, {
      position: position + 1,
      stream: batchId,
      version: version + 1,
      namespace: "default",
      bucketId,
      eventId: "evt",
      transactionId: undefined,
      recordedAt: at,
      meta: { actor, request_id: "req" },
      event,
    });
  } catch (error) {
    if (isBucketsError(error)) return state;
    throw error;
  }
}
