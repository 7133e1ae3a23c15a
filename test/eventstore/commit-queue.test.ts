/** Group commit, on an engine in memory whose commits can be counted, held up and made to fail. */
import { describe, expect, test } from "vitest";
import { BucketsError } from "../../src/domain/errors.js";
import { limits } from "../../src/domain/limits.js";
import { MemoryEngine } from "../../src/engines/memory/engine.js";
import { MemoryView } from "../../src/engines/memory/view.js";
import { CommitQueue } from "../../src/eventstore/commit-queue.js";
import type { Outcome, Unit } from "../../src/eventstore/store.js";
import { FixedClock } from "../support/clock.js";
import { committed, Units, verdict } from "../support/units.js";

class WatchedEngine extends MemoryEngine {
  readonly batches: (readonly Unit[])[] = [];
  gate: Promise<void> | undefined;
  failure: Error | undefined;

  constructor() {
    super({ projection: new MemoryView(), clock: new FixedClock().read, newId: (it) => `${it}_1` });
  }

  override async commit(units: readonly Unit[]): Promise<readonly Outcome[]> {
    this.batches.push(units);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return await super.commit(units);
  }

  /** Holds commits up; the answer lets them go on. */
  hold(): () => void {
    let open = () => {};
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      this.gate = undefined;
      open();
    };
  }
}

function start() {
  const engine = new WatchedEngine();
  const units = new Units();
  const create = (overrides: Partial<Unit> = {}) =>
    units.of(units.create(units.id("name")), overrides);
  return { engine, queue: new CommitQueue(engine), units, create };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Submits, and waits until the batch with it is in the hands of the engine. */
async function occupy(engine: WatchedEngine, queue: CommitQueue, unit: Unit) {
  const submitted = queue.submit(unit);
  while (engine.batches.length === 0) await turn();
  return submitted;
}

describe("the commit queue", () => {
  test("refuses what is beyond its bound of commands, and forgets nothing that it took", async () => {
    const { engine, queue, create } = start();
    const release = engine.hold();
    const first = occupy(engine, queue, create());
    while (engine.batches.length === 0) await turn();
    const taken = Array.from({ length: limits.queueCommandsMax }, () => queue.submit(create()));
    const refused = queue.submit(create());
    await expect(refused).rejects.toMatchObject({
      code: "OVERLOADED",
      details: { retry_after_seconds: 1 },
    });
    release();
    const outcomes = await Promise.all([first, ...taken]);
    expect(new Set(outcomes.map(verdict))).toEqual(new Set(["committed"]));
    expect(verdict(await queue.submit(create()))).toBe("committed");
  });

  test("refuses at once what would wait too long, at the pace of late", async () => {
    let now = 0;
    const { engine, create } = start();
    const queue = new CommitQueue(engine, { waitMsMax: 2_000, now: () => now });
    const slowly = async (unit: Unit, ms: number) => {
      const release = engine.hold();
      const before = engine.batches.length;
      const submitted = queue.submit(unit);
      while (engine.batches.length === before) await turn();
      now += ms;
      release();
      return await submitted;
    };
    // It counts a fifth: ten more may wait behind the next one.
    expect(verdict(await slowly(create(), 1_000))).toBe("committed");
    const release = engine.hold();
    const before = engine.batches.length;
    const first = queue.submit(create());
    while (engine.batches.length === before) await turn();
    const taken = Array.from({ length: 10 }, () => queue.submit(create()));
    const refused = queue.submit(create());
    await expect(refused).rejects.toMatchObject({
      code: "OVERLOADED",
      message: expect.stringContaining("it would wait 2200 ms"),
      details: { outcome: "not_written", retry_after_seconds: 1 },
    });
    release();
    const outcomes = await Promise.all([first, ...taken]);
    expect(new Set(outcomes.map(verdict))).toEqual(new Set(["committed"]));
    // The pace is learnt anew from commits that take no time.
    for (let made = 0; made < 10; made += 1) await slowly(create(), 0);
    const many = Array.from({ length: 40 }, () => queue.submit(create()));
    expect(new Set((await Promise.all(many)).map(verdict))).toEqual(new Set(["committed"]));
  });

  test("refuses who waits for a commit that hangs, and who comes while it does", async () => {
    let now = 0;
    const { engine, create } = start();
    const queue = new CommitQueue(engine, { waitMsMax: 2_000, now: () => now });
    const release = engine.hold();
    const first = occupy(engine, queue, create());
    while (engine.batches.length === 0) await turn();
    const early = queue.submit(create());
    now = 1_500;
    const late = queue.submit(create());
    now = 2_001;
    await expect(queue.submit(create())).rejects.toMatchObject({ code: "OVERLOADED" });
    release();
    await expect(early).rejects.toMatchObject({
      code: "OVERLOADED",
      message: expect.stringContaining("did not come in time"),
    });
    expect([verdict(await first), verdict(await late)]).toEqual(["committed", "committed"]);
    expect(engine.batches.map(({ length }) => length)).toEqual([1, 1]);
  });

  test("refuses what is beyond its bound of bytes", async () => {
    const { engine, queue, create } = start();
    const release = engine.hold();
    const first = occupy(engine, queue, create());
    while (engine.batches.length === 0) await turn();
    const half = { bytes: limits.queueBytesMax / 2 };
    const taken = [queue.submit(create(half)), queue.submit(create(half))];
    await expect(queue.submit(create({ bytes: 1 }))).rejects.toMatchObject({ code: "OVERLOADED" });
    release();
    expect((await Promise.all([first, ...taken])).map(verdict)).toEqual([
      "committed",
      "committed",
      "committed",
    ]);
  });

  test("refuses everything once it is closed", async () => {
    const { queue, create } = start();
    await queue.close();
    await expect(queue.submit(create())).rejects.toMatchObject({ code: "NOT_READY" });
  });

  test("closes only when all that it took are answered", async () => {
    const { engine, queue, create } = start();
    const release = engine.hold();
    const answered: string[] = [];
    const first = occupy(engine, queue, create()).then(() => answered.push("first"));
    while (engine.batches.length === 0) await turn();
    const second = queue.submit(create()).then(() => answered.push("second"));
    const closed = queue.close().then(() => answered.push("closed"));
    await turn();
    expect(answered).toEqual([]);
    release();
    await Promise.all([first, second, closed]);
    expect(answered).toEqual(["first", "second", "closed"]);
  });

  test("commits in the order in which units came", async () => {
    const { queue, create } = start();
    const outcomes = await Promise.all(Array.from({ length: 600 }, () => queue.submit(create())));
    expect(outcomes.map((outcome) => committed(outcome).position)).toEqual(
      outcomes.map((_, index) => index + 1),
    );
  });

  test("what there is no room for in a commit is the first of the next", async () => {
    const { engine, queue, units, create } = start();
    const description = "x".repeat(0.6 * limits.commitDocumentBytesMax);
    const large = () => units.of(units.create(units.id("name"), { description }));
    const asked = [large(), large(), large(), large(), create()];
    const outcomes = await Promise.all(asked.map((unit) => queue.submit(unit)));
    expect(outcomes.map((outcome) => committed(outcome).position)).toEqual([1, 2, 3, 4, 5]);
    expect(engine.batches.map(({ length }) => length)).toEqual([5, 3, 1]);
  });

  test("an idle caller is committed alone", async () => {
    const { engine, queue, create } = start();
    await queue.submit(create());
    await queue.submit(create());
    expect(engine.batches.map((batch) => batch.length)).toEqual([1, 1]);
  });

  test("64 callers at once, each going on when answered, take few commits", async () => {
    const { engine, queue, create } = start();
    const caller = async () => {
      for (let n = 0; n < 5; n += 1) await queue.submit(create());
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    expect(engine.batches.flat()).toHaveLength(320);
    expect(engine.batches.length).toBeLessThanOrEqual(10);
  });

  test("keeps a batch within its bounds, and a unit whole", async () => {
    const { engine, queue, units, create } = start();
    const many = (count: number) =>
      units.of(Array.from({ length: count }, () => units.create(units.id("name"))));
    const commands = limits.commitCommandsMax;
    await Promise.all(
      [many(commands - 1), many(1), many(1), many(commands + 1), many(1)].map((unit) =>
        queue.submit(unit),
      ),
    );
    expect(engine.batches.map((batch) => batch.length)).toEqual([2, 1, 1, 1]);
    engine.batches.length = 0;
    const bytes = limits.commitBytesMax;
    await Promise.all(
      [bytes - 1, 1, 1, bytes + 1, 1].map((size) => queue.submit(create({ bytes: size }))),
    );
    expect(engine.batches.map((batch) => batch.length)).toEqual([2, 1, 1, 1]);
  });

  test("an error of the batch reaches every caller in it, and nobody else", async () => {
    const { engine, queue, create } = start();
    engine.failure = new BucketsError("STORAGE_FULL", "full");
    const failed = await Promise.allSettled([queue.submit(create()), queue.submit(create())]);
    expect(failed.map((result) => result.status === "rejected" && result.reason)).toEqual([
      engine.failure,
      engine.failure,
    ]);
    engine.failure = undefined;
    expect(verdict(await queue.submit(create()))).toBe("committed");
  });

  test("a refused unit is answered with its refusal, its neighbours with their success", async () => {
    const { engine, queue, units, create } = start();
    const outcomes = await Promise.all([
      queue.submit(create()),
      queue.submit(units.of(units.patch("nobody", {}))),
      queue.submit(create()),
    ]);
    expect(outcomes.map(verdict)).toEqual(["committed", "NOT_FOUND", "committed"]);
    expect(engine.batches).toHaveLength(1);
  });
});
