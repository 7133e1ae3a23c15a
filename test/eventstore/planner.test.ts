/** The planner is pure: these tests give it a world of maps and look at the plans it makes. */
import { describe, expect, test } from "vitest";
import { answeredLater } from "../../src/domain/asking.js";
import type { JsonObject } from "../../src/domain/json.js";
import { limits } from "../../src/domain/limits.js";
import { reservationKey } from "../../src/domain/reservation.js";
import { type BlamedState, documentOf, type ResourceState } from "../../src/domain/resource.js";
import { MemoryView } from "../../src/engines/memory/view.js";
import { zeroHash } from "../../src/eventstore/frame.js";
import {
  type Asked,
  gatherAndPlan,
  gathering,
  type Loader,
  loaded,
} from "../../src/eventstore/gather.js";
import { type Needs, type Plan, plan } from "../../src/eventstore/planner.js";
import type {
  Head,
  IdempotencyRow,
  Outcome,
  TargetedCommand,
  Unit,
} from "../../src/eventstore/store.js";
import { dayMs, FixedClock } from "../support/clock.js";
import {
  anyVersion,
  committed,
  idempotencyKey,
  ifMatch,
  only,
  Units,
  verdict,
} from "../support/units.js";

/** What is known between batches; planning does not change it, keeping a plan does. */
class World {
  readonly clock = new FixedClock();
  readonly units = new Units();
  readonly #view = new MemoryView();
  readonly #idempotency = new Map<string, IdempotencyRow>();
  head: Head = { position: 0, hash: zeroHash, recordedAt: 0 };

  plan(...units: Unit[]): Plan {
    return gatherAndPlan(this.#loader(), this.head, this.clock.now, units);
  }

  /** The same for an engine that has to wait for its answers; with what it was asked. */
  async planLater(...units: Unit[]): Promise<{ plan: Plan; asked: readonly Asked[] }> {
    const asked: Asked[] = [];
    const planned = await answeredLater(
      gathering(this.head, this.clock.now, units),
      async (one) => {
        asked.push(one);
        return loaded(this.#loader(), one);
      },
    );
    return { plan: planned, asked };
  }

  #loader(): Loader {
    return {
      loadState: (stream: string) => this.#view.loadState(stream),
      loadReservation: (scope: string, key: string) => this.#view.loadReservation(scope, key),
      loadIdempotency: (key: { scope: string; key: string }) =>
        this.#idempotency.get(reservationKey(key)),
      loadOpenBatches: (namespace: string, count: number) =>
        this.#view.loadOpenBatches(namespace, count),
      hasEvent: () => false,
    };
  }

  /** Plans the units and takes over what the plan says. */
  run(...units: Unit[]): Plan {
    const planned = this.plan(...units);
    this.#view.apply(planned.applied);
    for (const row of planned.idempotency) this.#idempotency.set(reservationKey(row), row);
    this.head = planned.head;
    return planned;
  }

  /** Creates a bucket; its id. */
  create(name: string, fields: JsonObject = {}): string {
    const created = this.run(this.units.of(this.units.create(name, fields)));
    return committed(only(created.outcomes)).stream;
  }

  name(stream: string): unknown {
    const state = this.state(stream);
    return state === undefined ? undefined : documentOf(state)["bucket_name"];
  }

  folded(stream: string): BlamedState | undefined {
    return this.#view.loadState(stream);
  }

  state(stream: string): ResourceState | undefined {
    return this.#view.loadState(stream)?.state;
  }
}

function committedResults(outcome: Outcome) {
  if (outcome.kind !== "committed") throw new Error(`not committed: ${outcome.kind}`);
  return outcome.results;
}

function creation(
  { units }: World,
  bucket: string,
  fields: JsonObject,
  policy?: "insert" | "update" | "upsert",
): TargetedCommand {
  return units.command(
    { kind: "new_member", bucket, id: units.id("obj") },
    { type: "create_object", policy, fields, skipDuplicates: false, blobs: [] },
  );
}

function batchOf({ units }: World, bucket: string, ...objectIds: string[]): TargetedCommand {
  const target = { kind: "new_member", bucket, id: units.id("btch") } as const;
  return units.command(target, { type: "create_batch", objectIds, metadata: {} });
}

const verdicts = (planned: Plan) => planned.outcomes.map(verdict);
const required = { ...anyVersion, isRequired: true };

describe("of several reasons to refuse, the planner gives the first:", () => {
  const unknown = "bkt_0000000000000000000000none";
  const invalid = { metadata: 7 };
  type Case = [
    verdict: string,
    identifier: "locked" | "open" | "unknown",
    key: "seen" | "reused" | undefined,
    make: (units: Units, identifier: string) => TargetedCommand,
  ];

  test.each<Case>([
    // Each row has the faults of the row before it but one.
    ["IDEMPOTENCY_KEY_REUSED", "unknown", "reused", (u, id) => u.patch(id, invalid, required)],
    ["replayed", "unknown", "seen", (u, id) => u.patch(id, invalid, required)],
    ["NOT_FOUND", "unknown", undefined, (u, id) => u.patch(id, invalid, required)],
    ["PRECONDITION_REQUIRED", "locked", undefined, (u, id) => u.patch(id, invalid, required)],
    ["PRECONDITION_FAILED", "locked", undefined, (u, id) => u.patch(id, invalid, ifMatch(1))],
    ["BUCKET_LOCKED", "locked", undefined, (u, id) => u.patch(id, invalid, ifMatch(2))],
    ["VALIDATION_FAILED", "open", undefined, (u, id) => u.patch(id, invalid, ifMatch(1))],
    ["committed", "open", undefined, (u, id) => u.patch(id, { metadata: {} }, ifMatch(1))],
    // The other rules.
    ["BAD_REQUEST", "open", undefined, (u, id) => u.unlock(id)],
    ["BUCKET_LOCKED", "locked", undefined, (u, id) => u.lock(id)],
    ["committed", "locked", undefined, (u, id) => u.unlock(id)],
    ["VALIDATION_FAILED", "open", undefined, (u, id) => u.lock(id, "2026-01-01T00:00:00.000Z")],
    ["ALREADY_EXISTS", "open", undefined, (u, id) => u.patch(id, { bucket_name: "locked" })],
    ["ALREADY_EXISTS", "open", undefined, (u) => u.create("locked")],
    [
      "CONFLICT",
      "open",
      undefined,
      (u, id) =>
        u.patch(
          id,
          [{ op: "test", path: "/bucket_name", value: "other" }],
          ifMatch(1),
          "application/json-patch+json",
        ),
    ],
  ])("%s (%s bucket, key %s)", (expected, identifier, key, make) => {
    const world = new World();
    const { units } = world;
    const ids = { locked: world.create("locked"), open: world.create("open"), unknown };
    world.run(units.of(units.lock(ids.locked)));
    world.run(units.of(units.create("keyed"), { idempotency: idempotencyKey("used", "f1") }));
    const idempotency =
      key === undefined ? undefined : idempotencyKey("used", key === "seen" ? "f1" : "f2");
    const unit = units.of(make(units, ids[identifier]), { idempotency });
    expect(verdicts(world.plan(unit))).toEqual([expected]);
  });
});

describe("existence", () => {
  test("a bucket of another namespace is not found, by id and by name", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const elsewhere = { namespace: "other" };
    const planned = world.plan(
      units.of(units.patch(id, {}), elsewhere),
      units.of(units.patch("a", {}), elsewhere),
    );
    expect(verdicts(planned)).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  });

  test("a bucket is found by its id in any case, and by its name in any normal form", () => {
    const world = new World();
    const id = world.create("caf\u00e9");
    const { units } = world;
    const planned = world.plan(
      units.of(units.patch(id.toUpperCase().replace("BKT", "bkt"), {})),
      units.of(units.patch("cafe\u0301", {})),
    );
    expect(planned.outcomes.map((outcome) => committed(outcome).version)).toEqual([2, 3]);
  });

  test("names are taken in one namespace only", () => {
    const world = new World();
    world.create("a");
    const { units } = world;
    const planned = world.plan(units.of(units.create("a"), { namespace: "other" }));
    expect(verdicts(planned)).toEqual(["committed"]);
  });
});

describe("preconditions", () => {
  test.each([
    ["an empty list, as of a weak tag, matches nothing", { ifMatch: [] }, "PRECONDITION_FAILED"],
    ["one of several versions is enough", { ifMatch: [7, 1] }, "committed"],
    ["* matches any version", { ifMatch: "*" as const }, "committed"],
    [
      "* satisfies a server that requires If-Match",
      { ifMatch: "*" as const, isRequired: true },
      "committed",
    ],
    ["If-None-Match with the version fails", { ifNoneMatch: [1] }, "PRECONDITION_FAILED"],
    ["If-None-Match with another version holds", { ifNoneMatch: [2] }, "committed"],
    ["If-None-Match: * fails on what exists", { ifNoneMatch: "*" as const }, "PRECONDITION_FAILED"],
  ])("%s", (_, precondition, expected) => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const patch = units.patch(id, {}, { ...anyVersion, ...precondition });
    expect(verdicts(world.plan(units.of(patch)))).toEqual([expected]);
  });

  test("of two writers with the same version in one batch the second fails and learns the new one", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const write = () => units.of(units.patch(id, { description: "x" }, ifMatch(1)));
    const { outcomes } = world.plan(write(), write());
    expect(outcomes.map(verdict)).toEqual(["committed", "PRECONDITION_FAILED"]);
    expect(outcomes[1]).toMatchObject({ error: { details: { current_version: 2 } } });
  });
});

describe("a batch", () => {
  test("a refused unit leaves no trace in it", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const good = [units.of(units.patch(id, { description: "1" })), units.of(units.create("b"))];
    const bad = units.of([units.create("c"), units.patch("nobody", {})], {
      idempotency: idempotencyKey("k"),
    });
    const [first, second] = good;
    if (first === undefined || second === undefined) throw new Error("two units");
    const withBad = world.plan(first, bad, second);
    const without = world.plan(first, second);
    expect(verdicts(withBad)).toEqual(["committed", "NOT_FOUND", "committed"]);
    expect(withBad.events).toEqual(without.events);
    expect(withBad.idempotency).toEqual([]);
    expect(withBad.head).toEqual(without.head);
  });

  test("each unit sees what those before it left", () => {
    const world = new World();
    const { units } = world;
    const planned = world.plan(
      units.of(units.create("a", { metadata: { n: 1 } })),
      units.of(units.patch("a", { bucket_name: "b" }, ifMatch(1))),
      units.of(units.patch("a", {})),
      units.of(units.patch("b", { metadata: { n: 2 } }, ifMatch(2))),
    );
    expect(verdicts(planned)).toEqual(["committed", "committed", "NOT_FOUND", "committed"]);
    expect(planned.applied.at(-1)?.after).toMatchObject({
      version: 3,
      position: 3,
      document: { bucket_name: "b", metadata: { n: 2 } },
    });
  });

  test("a name that a rename frees can be taken at once, and only once", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const planned = world.plan(
      units.of(units.create("a")),
      units.of(units.patch(id, { bucket_name: "b" })),
      units.of(units.create("a")),
      units.of(units.create("a")),
      units.of(units.create("b")),
    );
    expect(verdicts(planned)).toEqual([
      "ALREADY_EXISTS",
      "committed",
      "committed",
      "ALREADY_EXISTS",
      "ALREADY_EXISTS",
    ]);
  });

  test("two buckets can trade names", () => {
    const world = new World();
    const [a, b] = [world.create("a"), world.create("b")];
    const { units } = world;
    world.run(
      units.of([
        units.patch(a, { bucket_name: "between" }),
        units.patch(b, { bucket_name: "a" }),
        units.patch(a, { bucket_name: "b" }),
      ]),
    );
    expect(world.name(a)).toBe("b");
    expect(world.name(b)).toBe("a");
    const again = world.plan(units.of(units.create("a")), units.of(units.create("between")));
    expect(verdicts(again)).toEqual(["ALREADY_EXISTS", "committed"]);
  });

  test("events are gapless, chained to the head, and of one time", () => {
    const world = new World();
    world.create("z");
    const { units } = world;
    const before = world.head;
    const { events, head } = world.plan(
      units.of([units.create("a"), units.create("b")]),
      units.of(units.create("c")),
    );
    expect(events.map(({ position }) => position)).toEqual([2, 3, 4]);
    expect(new Set(events.map(({ recordedAt }) => recordedAt))).toEqual(new Set([world.clock.now]));
    expect(before.position).toBe(1);
    expect(head).toEqual({
      position: 4,
      hash: events.at(-1)?.hash,
      recordedAt: world.clock.now,
    });
  });

  test("without an accepted unit leaves the head where it is", () => {
    const world = new World();
    world.create("a");
    const { units } = world;
    const planned = world.plan(units.of(units.create("a")));
    expect(planned.events).toEqual([]);
    expect(planned.head).toBe(world.head);
  });
});

describe("a unit of many commands", () => {
  test("is refused whole when its last command is", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const planned = world.plan(
      units.of([
        units.create("b"),
        units.patch(id, { bucket_name: "c" }),
        units.patch(id, { description: "x" }, ifMatch(1)),
      ]),
      units.of(units.create("c")),
      units.of(units.patch(id, {}, ifMatch(1))),
    );
    expect(verdicts(planned)).toEqual(["PRECONDITION_FAILED", "committed", "committed"]);
    expect(planned.outcomes[0]).toMatchObject({ kind: "refused", accepted: 2 });
    expect(planned.events).toHaveLength(2);
  });

  test("each carries its own reason, or that of the unit", () => {
    const world = new World();
    const { units } = world;
    const own = { ...units.create("a"), reason: "its own" };
    const unit = units.of([own, units.create("b")]);
    const [outcome] = world.plan({ ...unit, meta: { ...unit.meta, reason: "for all" } }).outcomes;
    const results = outcome?.kind === "committed" ? outcome.results : [];
    expect(results.map(({ recorded }) => recorded.meta.reason)).toEqual(["its own", "for all"]);
  });

  test("its commands see each other, and its events carry its transaction id", () => {
    const world = new World();
    const { units } = world;
    const transactionId = units.id("txn");
    const planned = world.plan(
      units.of([units.create("a"), units.patch("a", { description: "x" }, ifMatch(1))], {
        transactionId,
      }),
    );
    expect(verdicts(planned)).toEqual(["committed"]);
    expect(planned.events.map((event) => event.transactionId)).toEqual([
      transactionId,
      transactionId,
    ]);
    expect(planned.events.map(({ version }) => version)).toEqual([1, 2]);
  });
});

describe("what is in a bucket", () => {
  function patch({ units }: World, bucket: string, id: string, fields: JsonObject) {
    return units.command(
      { kind: "member", bucket, id },
      {
        type: "patch_object",
        mediaType: "application/json",
        patch: fields,
        skipDuplicates: false,
        blobs: [],
      },
    );
  }

  function deletion({ units }: World, bucket: string, id: string): TargetedCommand {
    return units.command({ kind: "member", bucket, id }, { type: "delete_object" });
  }

  /** A bucket whose objects have their title as their key. */
  function keyedWorld() {
    const world = new World();
    const { units } = world;
    const command: TargetedCommand["command"] = {
      type: "create_bucket",
      fields: {
        bucket_name: "clips",
        bucket_schema: { properties: { title: { type: "string" } } },
      },
      uniqueKey: { fields: ["title"], default_policy: "upsert" },
      secrets: { sealed: [], generated: "sec_unused" },
    };
    const made = units.command({ kind: "new", id: units.id("bkt") }, command);
    const created = world.run(units.of(made));
    return { world, units, bucket: committed(only(created.outcomes)).stream };
  }

  const streams = (planned: Plan) => planned.events.map(({ stream }) => stream);

  test("of a deleted bucket and of another is not found", () => {
    const { world, units, bucket } = keyedWorld();
    const other = world.create("other");
    const [id = ""] = streams(world.run(units.of(creation(world, bucket, { title: "a" }))));
    const [batch = ""] = streams(world.run(units.of(batchOf(world, bucket, id))));
    for (const command of [
      patch(world, other, id, {}),
      patch(world, bucket, batch, {}),
      patch(world, bucket, bucket, {}),
      patch(world, bucket, "obj_none", {}),
    ]) {
      expect(verdicts(world.plan(units.of(command)))).toEqual(["NOT_FOUND"]);
    }
    const remove = { type: "delete_bucket", taskId: "task_1" } as const;
    const gone = units.command({ kind: "existing", identifier: bucket }, remove);
    const unit = units.of([gone, patch(world, bucket, id, {})]);
    expect(verdicts(world.plan(unit))).toEqual(["NOT_FOUND"]);
    world.run(units.of(gone));
    const late = [patch(world, bucket, id, {}), creation(world, bucket, { title: "b" })];
    const planned = world.plan(...late.map((command) => units.of(command)));
    expect(verdicts(planned)).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  });

  test("a creation is about the holder of its key, also one of the same unit or batch", () => {
    const { world, units, bucket } = keyedWorld();
    const upsert = () => creation(world, bucket, { title: "a" });
    const planned = world.run(units.of([upsert(), upsert()]), units.of(upsert()));
    const [id] = streams(planned);
    expect(streams(planned)).toEqual([id, id, id]);
    const insert = creation(world, bucket, { title: "a" }, "insert");
    expect(verdicts(world.plan(units.of(insert)))).toEqual(["ALREADY_EXISTS"]);
  });

  test("a key that a deletion frees can be taken in the same unit, and then not be restored", () => {
    const { world, units, bucket } = keyedWorld();
    const [id = ""] = streams(world.run(units.of(creation(world, bucket, { title: "a" }))));
    const insert = creation(world, bucket, { title: "a" }, "insert");
    const planned = world.run(units.of([deletion(world, bucket, id), insert]));
    expect(verdicts(planned)).toEqual(["committed"]);
    const target = { kind: "member", bucket, id } as const;
    const restore = units.command(target, { type: "restore_object" });
    expect(verdicts(world.plan(units.of(restore)))).toEqual(["ALREADY_EXISTS"]);
  });

  test("with nothing left to do leaves nothing of its unit, and tells what stands", () => {
    const { world, units, bucket } = keyedWorld();
    const removal = (title: string, time: string) =>
      units.command(
        { kind: "new_member", bucket, id: units.id("obj") },
        {
          type: "remove_object",
          former: { identity: undefined, fields: { title } },
          source: { time },
        },
      );
    const late = "2026-01-02T00:00:00.000Z";
    const made = creation(world, bucket, { title: "a" });
    const told = { ...made, command: { ...made.command, source: { time: late } } };
    const id = committed(only(world.run(units.of(told)).outcomes)).stream;
    const before = creation(world, bucket, { title: "b" });
    const planned = world.plan(
      units.of([before, removal("nobody", late)]),
      units.of(removal("a", "2026-01-01T00:00:00.000Z")),
      units.of(removal("a", late)),
    );
    expect(planned.outcomes).toMatchObject([
      { kind: "needless", accepted: 1, why: expect.stringContaining("No object is there") },
      { kind: "needless", accepted: 0, stands: { object_id: id } },
      { kind: "committed" },
    ]);
    expect(planned.outcomes[0]).not.toHaveProperty("stands.kind");
    expect(streams(planned)).toEqual([id]);
  });

  test("a batch names objects of its bucket, also those of the same unit, and no others", () => {
    const { world, units, bucket } = keyedWorld();
    const other = world.create("other");
    const made = creation(world, bucket, { title: "a" });
    const strange = creation(world, other, { title: "a" });
    const ids = [made, strange].map(({ target }) => ("id" in target ? target.id : ""));
    const together = units.of([made, batchOf(world, bucket, ids[0] ?? "")]);
    expect(verdicts(world.plan(together))).toEqual(["committed"]);
    const foreign = units.of([made, strange, batchOf(world, bucket, ...ids)]);
    const absent = units.of(batchOf(world, bucket, ids[0] ?? ""));
    expect(verdicts(world.plan(foreign, absent))).not.toContain("committed");
  });

  describe("accepted one by one", () => {
    const each = { acceptance: "each" } as const;

    test("a refusal leaves no trace, and those after it see what was accepted before", () => {
      const { world, units, bucket } = keyedWorld();
      const planned = world.run(
        units.of(
          [
            creation(world, bucket, { title: "a" }, "insert"),
            creation(world, bucket, { title: 7 }),
            creation(world, bucket, { title: "a" }, "insert"),
            creation(world, bucket, { title: "b" }, "update"),
            creation(world, bucket, { title: "b" }, "insert"),
          ],
          each,
        ),
      );
      const [outcome] = planned.outcomes;
      if (outcome?.kind !== "committed") throw new Error("not committed");
      expect(outcome.results).toHaveLength(2);
      expect(outcome.refusals?.map(({ index, code }) => [index, code])).toEqual([
        [1, "VALIDATION_FAILED"],
        [2, "ALREADY_EXISTS"],
        [3, "NOT_FOUND"],
      ]);
      expect(planned.events.map(({ position }) => position)).toEqual([2, 3]);
    });

    test("what was refused before it became a command keeps its place, and is kept under the key", () => {
      const { world, units, bucket } = keyedWorld();
      const refusal = (index: number) =>
        ({ index, code: "VALIDATION_FAILED", message: "no such upload", details: {} }) as const;
      const made = () => creation(world, bucket, { title: "a" }, "insert");
      const unit = {
        ...units.of([], {
          ...each,
          refusals: [refusal(0), refusal(2)],
          idempotency: idempotencyKey("k"),
        }),
        commands: [
          { ...made(), operation: 1 },
          { ...made(), operation: 3 },
        ],
      };
      const places = [
        [0, "VALIDATION_FAILED"],
        [2, "VALIDATION_FAILED"],
        [3, "ALREADY_EXISTS"],
      ];
      const codes = (planned: Plan) => {
        const outcome = only(planned.outcomes);
        return outcome.kind === "refused" || outcome.kind === "needless"
          ? []
          : outcome.refusals?.map(({ index, code }) => [index, code]);
      };
      expect(codes(world.run(unit))).toEqual(places);
      const again = world.run(units.of([], { ...each, idempotency: idempotencyKey("k") }));
      expect(verdicts(again)).toEqual(["replayed"]);
      expect(codes(again)).toEqual(places);
    });

    test("the commands of one operation are accepted or refused as one, and know each other", () => {
      const { world, units, bucket } = keyedWorld();
      const made = (title: string) => creation(world, bucket, { title }, "insert");
      const batch = () =>
        world.units.command(
          { kind: "new_member", bucket, id: units.id("btch") },
          { type: "create_batch", objectIds: undefined, metadata: {} },
        );
      const lock = () =>
        units.command({ kind: "member", bucket, id: "btch_none" }, { type: "cancel_batch" });
      const unit = {
        ...units.of([], each),
        commands: [
          { ...made("a"), operation: 0 },
          { ...batch(), operation: 0 },
          { ...made("b"), operation: 1 },
          { ...lock(), operation: 1 },
          { ...made("b"), operation: 2 },
          { ...batch(), operation: 2 },
        ],
      };
      const outcome = only(world.run(unit).outcomes);
      if (outcome.kind !== "committed") throw new Error("not committed");
      const [first, firstBatch, second, secondBatch] = outcome.results;
      expect(outcome.results).toHaveLength(4);
      expect(firstBatch?.state.document).toMatchObject({ object_ids: [first?.stream] });
      expect(secondBatch?.state.document).toMatchObject({ object_ids: [second?.stream] });
      expect(outcome.refusals).toMatchObject([{ index: 1, code: "NOT_FOUND" }]);
    });

    test("of which none is accepted is no reason to keep the key", () => {
      const { world, units, bucket } = keyedWorld();
      const unit = () =>
        units.of(creation(world, bucket, { title: "a" }, "update"), {
          ...each,
          idempotency: idempotencyKey("k"),
        });
      expect(verdicts(world.run(unit()))).toEqual(["committed"]);
      world.run(units.of(creation(world, bucket, { title: "a" })));
      const planned = world.run(unit());
      expect(planned.events).toHaveLength(1);
    });

    test("an engine that has to wait makes the same plan, and is asked in sets", async () => {
      const { world, units, bucket } = keyedWorld();
      const commands = ["a", "b", "c"].map((title) => creation(world, bucket, { title }));
      const asked = [units.of(units.patch(bucket, { description: "x" })), units.of(commands, each)];
      const later = await world.planLater(...asked);
      expect(later.plan).toEqual(world.plan(...asked));
      expect(later.plan.events).toHaveLength(4);
      // What they name, what is found on the way, and whether the ids are new.
      expect(later.asked).toHaveLength(3);
    });

    test("what all of them lack is asked for at once", () => {
      const { world, units, bucket } = keyedWorld();
      const commands = ["a", "b"].map((title) => creation(world, bucket, { title }));
      const given = {
        head: world.head,
        now: world.clock.now,
        states: new Map([[bucket, world.folded(bucket)]]),
        reservations: new Map(),
        idempotency: new Map(),
        openBatches: new Map(),
      };
      const planned = plan(given, [units.of(commands, each)]);
      if (planned.kind !== "needs") throw new Error("nothing was needed");
      expect(planned.needs.reservations.size).toBe(2);
    });
  });
});

describe("an Idempotency-Key", () => {
  test("with another fingerprint is refused, in a later batch and in the same one", () => {
    const world = new World();
    const { units } = world;
    world.run(units.of(units.create("a"), { idempotency: idempotencyKey("k", "f1") }));
    const planned = world.plan(
      units.of(units.create("b"), { idempotency: idempotencyKey("k", "f2") }),
      units.of(units.create("c"), { idempotency: idempotencyKey("new", "f1") }),
      units.of(units.create("d"), { idempotency: idempotencyKey("new", "f2") }),
    );
    expect(verdicts(planned)).toEqual([
      "IDEMPOTENCY_KEY_REUSED",
      "committed",
      "IDEMPOTENCY_KEY_REUSED",
    ]);
  });

  test("gives the first outcome again, in a later batch and in the same one", () => {
    const world = new World();
    const { units } = world;
    const unit = (name: string) =>
      units.of(units.create(name), { idempotency: idempotencyKey("k") });
    const first = world.run(unit("a"), unit("a"));
    const placement = first.applied.map(({ recorded: { stream, version, position } }) => ({
      stream,
      version,
      position,
    }));
    expect(first.events).toHaveLength(1);
    expect(first.outcomes[1]).toEqual({ kind: "replayed", results: placement });
    expect(world.plan(unit("a")).outcomes).toEqual([{ kind: "replayed", results: placement }]);
  });

  test("of a refused unit may be tried again, also in the same batch", () => {
    const world = new World();
    const { units } = world;
    const keyed = (name: string) =>
      units.of(units.patch(name, {}), { idempotency: idempotencyKey("k") });
    const planned = world.plan(keyed("a"), units.of(units.create("a")), keyed("a"), keyed("a"));
    expect(verdicts(planned)).toEqual(["NOT_FOUND", "committed", "committed", "replayed"]);
  });

  test("of another scope is another key", () => {
    const world = new World();
    const { units } = world;
    const scoped = (scope: string, name: string) =>
      units.of(units.create(name), { idempotency: { scope, key: "k", fingerprint: name } });
    expect(verdicts(world.plan(scoped("a", "a"), scoped("b", "b")))).toEqual([
      "committed",
      "committed",
    ]);
  });

  test("is kept for seven days to the millisecond", () => {
    const world = new World();
    const { units } = world;
    const patch = () => units.of(units.patch("a", {}), { idempotency: idempotencyKey("k") });
    world.create("a");
    world.run(patch());
    world.clock.advance(limits.idempotencyRetentionMs);
    expect(limits.idempotencyRetentionMs).toBe(7 * 24 * 3_600 * 1_000);
    expect(verdicts(world.plan(patch()))).toEqual(["replayed"]);
    world.clock.advance(1);
    expect(verdicts(world.plan(patch(), patch()))).toEqual(["committed", "replayed"]);
  });
});

describe("time", () => {
  test("never runs backwards along the log, whatever the clock does", () => {
    const world = new World();
    world.create("a");
    const noon = world.clock.now;
    world.clock.advance(-3_600_000);
    const { units } = world;
    const { events } = world.run(units.of(units.create("b")));
    expect(events.map(({ recordedAt }) => recordedAt)).toEqual([noon]);
    world.clock.now = noon + 1;
    const later = world.run(units.of(units.create("c")));
    expect(later.events.map(({ recordedAt }) => recordedAt)).toEqual([noon + 1]);
  });

  test("a lock holds until the time of the event, not a millisecond longer", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const expiresAt = new Date(world.clock.now + 1_000).toISOString();
    world.run(units.of(units.lock(id, expiresAt)));
    world.clock.advance(999);
    expect(verdicts(world.plan(units.of(units.patch(id, {}))))).toEqual(["BUCKET_LOCKED"]);
    world.clock.advance(1);
    expect(verdicts(world.plan(units.of(units.patch(id, {}))))).toEqual(["committed"]);
  });

  test("a lock goes by the clock, and not by a time that was recorded ahead of it", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    world.clock.advance(dayMs);
    world.run(units.of(units.patch(id, { metadata: { leapt: true } })));
    world.clock.advance(-dayMs);
    const expiresAt = new Date(world.clock.now + 1_000).toISOString();
    world.run(units.of(units.lock(id, expiresAt)));
    world.clock.advance(999);
    expect(verdicts(world.plan(units.of(units.patch(id, {}))))).toEqual(["BUCKET_LOCKED"]);
    world.clock.advance(1);
    expect(verdicts(world.plan(units.of(units.patch(id, {}))))).toEqual(["committed"]);
  });
});

describe("the next batch", () => {
  /** A bucket with so many batches that were submitted one after the other. */
  function submitted(world: World, name: string, count: number) {
    const { units, clock } = world;
    const bucket = world.create(name, { bucket_schema: { properties: {} } });
    const [object = ""] = world
      .run(units.of(creation(world, bucket, { title: name })))
      .events.map(({ stream }) => stream);
    const batches = Array.from({ length: count }, () => {
      clock.now += 1_000;
      const made = committed(only(world.run(units.of(batchOf(world, bucket, object))).outcomes));
      const target = { kind: "member", bucket, id: made.stream } as const;
      const submit = { type: "submit_batch", taskId: units.id("task") } as const;
      world.run(units.of(units.command(target, submit)));
      return made.stream;
    });
    return { bucket, batches };
  }

  const claim = ({ units }: World) =>
    units.of(
      units.command(
        { kind: "next_batch" },
        { type: "claim_batch", worker: "w", claimId: units.id("clm"), leaseMs: 1_000 },
      ),
    );
  const streams = (planned: Plan) => planned.events.map(({ stream }) => stream);

  test("is nothing where none waits: accepted, and nothing happened", () => {
    const world = new World();
    const { outcomes, events } = world.run(claim(world));
    expect(committedResults(only(outcomes))).toEqual([]);
    expect(events).toEqual([]);
  });

  test("is the one that was submitted first, and each is handed out once in a batch of claims", () => {
    const world = new World();
    const { batches } = submitted(world, "clips", 3);
    const planned = world.run(...[1, 2, 3, 4].map(() => claim(world)));
    expect(streams(planned)).toEqual(batches);
    expect(planned.outcomes.map((outcome) => committedResults(outcome).length)).toEqual([
      1, 1, 1, 0,
    ]);
  });

  test("waits again once its lease has lapsed", () => {
    const world = new World();
    const { batches } = submitted(world, "clips", 1);
    expect(streams(world.run(claim(world)))).toEqual(batches);
    expect(streams(world.run(claim(world)))).toEqual([]);
    world.clock.now += 2_000;
    expect(streams(world.run(claim(world)))).toEqual(batches);
  });

  test("is passed over in a bucket that is locked, however many wait there", () => {
    const world = new World();
    const { bucket } = submitted(world, "locked", 40);
    const { batches } = submitted(world, "open", 1);
    world.run(world.units.of(world.units.lock(bucket)));
    expect(streams(world.plan(claim(world)))).toEqual(batches);
    world.run(world.units.of(world.units.unlock(bucket)));
    expect(streams(world.plan(claim(world)))).not.toEqual(batches);
  });

  test("is asked for with what is needed to take it, a few at first", async () => {
    const world = new World();
    submitted(world, "clips", 20);
    const { plan: planned, asked } = await world.planLater(claim(world));
    expect(planned.events).toHaveLength(1);
    expect(asked.map(({ openBatches }) => [...openBatches.values()])).toContainEqual([8]);
    expect(asked.length).toBeLessThanOrEqual(4);
  });
});

const empty = {
  head: { position: 0, hash: zeroHash, recordedAt: 0 },
  now: 0,
  states: new Map(),
  reservations: new Map(),
  idempotency: new Map(),
  openBatches: new Map(),
};

describe("what is not known", () => {
  const needsOf = (planned: ReturnType<typeof plan>): Needs => {
    if (planned.kind !== "needs") throw new Error("nothing is needed");
    return planned.needs;
  };

  test("is asked for, all units at once", () => {
    const units = new Units();
    const id = units.id("bkt");
    const needs = needsOf(
      plan(empty, [
        units.of(units.patch(id, {})),
        units.of(units.patch("by name", {})),
        units.of(units.create("a"), { idempotency: idempotencyKey("k") }),
      ]),
    );
    expect([...needs.states]).toEqual([id]);
    expect([...needs.reservations.values()]).toEqual([
      { scope: "bucket_name:default", key: "by name" },
    ]);
    expect([...needs.idempotency.values()]).toEqual([idempotencyKey("k")]);
  });

  test("known not to exist is not asked for again", () => {
    const units = new Units();
    const name = { scope: "bucket_name:default", key: "a" };
    const planned = plan({ ...empty, reservations: new Map([[reservationKey(name), undefined]]) }, [
      units.of(units.patch("a", {})),
      units.of(units.create("a")),
    ]);
    if (planned.kind !== "planned") throw new Error("something is needed");
    expect(verdicts(planned.plan)).toEqual(["NOT_FOUND", "committed"]);
  });

  test("leads from a name to its holder and from there to its state", () => {
    const units = new Units();
    const name = { scope: "bucket_name:default", key: "a" };
    const reservations = new Map([[reservationKey(name), "bkt_x"]]);
    const needs = needsOf(plan({ ...empty, reservations }, [units.of(units.patch("a", {}))]));
    expect([...needs.states]).toEqual(["bkt_x"]);
  });

  test("is asked for at once, however many objects a batch names", () => {
    const world = new World();
    const bucket = world.create("a");
    const states = new Map([[bucket, world.folded(bucket)]]);
    const objectIds = ["obj_1", "obj_2", "obj_3"];
    const target = { kind: "new_member", bucket, id: world.units.id("btch") } as const;
    const command = { type: "create_batch", objectIds, metadata: {} } as const;
    const unit = world.units.of(world.units.command(target, command));
    expect([...needsOf(plan({ ...empty, states }, [unit])).states]).toEqual(objectIds);
  });
});

describe("gathering", () => {
  test("finds what a long transaction names in one go", () => {
    const units = new Units();
    const names = Array.from({ length: 100 }, (_, n) => `bucket ${n}`);
    let loads = 0;
    const count = () => {
      loads += 1;
      return undefined;
    };
    const planned = gatherAndPlan(
      {
        loadState: count,
        loadReservation: count,
        loadIdempotency: count,
        loadOpenBatches: () => [],
        hasEvent: () => false,
      },
      empty.head,
      0,
      [
        units.of(names.map((name) => units.create(name))),
        units.of(names.map((name) => units.patch(name, { bucket_name: `new ${name}` }))),
      ],
    );
    expect(verdicts(planned)).toEqual(["committed", "committed"]);
    expect(loads).toBe(200);
  });
});

describe("determinism", () => {
  test("the same of what is known, units and salts give the same bytes", () => {
    const run = () => {
      const world = new World();
      const { units } = world;
      const id = world.create("a", { metadata: { z: 1, a: [1, { b: null }] } });
      return world.plan(
        units.of(units.patch(id, { metadata: { a: 2 } })),
        units.of([units.create("b"), units.lock("b")], { transactionId: units.id("txn") }),
      );
    };
    expect(run().events).toEqual(run().events);
  });

  test("one batch and many batches give the same bytes", () => {
    const unitsOf = (units: Units) => [
      units.of(units.create("a")),
      units.of(units.patch("a", { bucket_name: "b", metadata: { deep: { er: 1 } } })),
      units.of(units.lock("b")),
      units.of(units.unlock("b")),
    ];
    const together = new World();
    const apart = new World();
    const { events } = together.run(...unitsOf(together.units));
    expect(unitsOf(apart.units).flatMap((unit) => apart.run(unit).events)).toEqual(events);
  });
});

describe("secrets", () => {
  const adapter = { adapter_type: "generic_webhook", webhook_secret: "sec_1" };
  const sealed = (reference: string) => ({
    reference,
    nonce: new Uint8Array(12),
    ciphertext: new Uint8Array(16),
    keyId: undefined,
  });
  const setting = (units: Units, command: TargetedCommand, reference: string): Unit => {
    if (command.command.type !== "patch_bucket") throw new Error("only patches");
    return units.of({
      ...command,
      secrets: [sealed(reference), sealed("sec_stray")],
      command: { ...command.command, secrets: { sealed: [reference], generated: "sec_made" } },
    });
  };
  const setAdapter = (units: Units, id: string, reference: string) =>
    setting(
      units,
      units.patch(id, { source_adapter: { ...adapter, webhook_secret: reference } }),
      reference,
    );

  test("are kept as far as the document refers to them", () => {
    const world = new World();
    const id = world.create("a");
    const { secrets } = world.plan(setAdapter(world.units, id, "sec_1"));
    expect(secrets).toEqual({ put: [{ ...sealed("sec_1"), bucketId: id }], drop: [] });
  });

  test("are dropped once the document refers to them no more", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    world.run(setAdapter(units, id, "sec_1"));
    expect(world.plan(setAdapter(units, id, "sec_2")).secrets).toMatchObject({
      put: [{ reference: "sec_2" }],
      drop: ["sec_1"],
    });
    expect(world.plan(units.of(units.patch(id, { source_adapter: null }))).secrets).toEqual({
      put: [],
      drop: ["sec_1"],
    });
  });

  test("that come and go in one batch are never put", () => {
    const world = new World();
    const id = world.create("a");
    const { units } = world;
    const { secrets } = world.plan(
      setAdapter(units, id, "sec_1"),
      units.of(units.patch(id, { source_adapter: null })),
    );
    expect(secrets.put).toEqual([]);
  });

  test("of a refused unit are not kept", () => {
    const world = new World();
    const id = world.create("a");
    world.run(world.units.of(world.units.lock(id)));
    expect(world.plan(setAdapter(world.units, id, "sec_1")).secrets.put).toEqual([]);
  });
});
