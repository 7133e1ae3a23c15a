/**
 * Goal: whatever is done to the batches of a bucket in whatever order and however late, both engines
 * answer alike, and what a naive model says, which counts anew each time. Method: random steps with a
 * fixed seed and a clock that moves, so that leases lapse; the bucket is also deleted and restored,
 * the view rebuilt, and the file opened again.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type EmbeddedStore, isBucketsError, openBuckets } from "../../src/index.js";
import { seed } from "../domain/arbitraries.js";
import { temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";
import { depth } from "../support/depth.js";

interface Kept {
  readonly id: string;
  readonly submission: { at?: number };
  /** As the last event left it. */
  status: string;
  size: number;
  claim?: { readonly id: string; until: number } | undefined;
  isDeleted: boolean;
}

interface Stats {
  readonly total: number;
  readonly active: number;
  readonly completed: number;
  readonly failed: number;
}

const leaseSeconds = 60;
const objectCount = 4;
const pick = fc.nat({ max: 5 });
const step = <Name extends string>(name: Name, weight = 2) => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(name), pick, isStale: fc.boolean(), ms: fc.nat(90_000) }),
});
const anyStep = fc.oneof(
  step("create", 4),
  step("add"),
  step("submit", 5),
  step("claim", 5),
  step("progress", 3),
  step("complete", 3),
  step("fail"),
  step("cancel"),
  step("delete"),
  step("wait", 3),
  step("bucket", 1),
  step("rebuild", 1),
  step("reopen", 1),
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

const active = ["DRAFT", "PENDING", "IN_PROGRESS", "PROCESSING"];
const finished = ["COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"];

class Trial {
  readonly #file: string;
  readonly #clock = new FixedClock();
  readonly #batches: Kept[] = [];
  readonly #then = new Map<number, Stats>();
  readonly #counters = [counter(), counter()] as const;
  #memory: EmbeddedStore<unknown> | undefined;
  #sqlite: EmbeddedStore<unknown> | undefined;
  #bucketId = "";
  #objectIds: readonly string[] = [];
  #isDeleted = false;

  constructor(file: string) {
    this.#file = file;
  }

  async begin(): Promise<void> {
    this.#memory = await this.#open(":memory:", this.#counters[0]);
    this.#sqlite = await this.#open(this.#file, this.#counters[1]);
    const body = { bucket_name: "clips", bucket_schema: { properties: {} } };
    const made = await this.#ask((store) => store.namespace().buckets.create(body));
    if (typeof made === "string") throw new Error(made);
    this.#bucketId = made.bucket.bucket_id;
    const bodies = Array.from({ length: objectCount }, () => ({}));
    const objects = await this.#ask((store) =>
      store.namespace().objects(this.#bucketId).createMany(bodies),
    );
    if (typeof objects === "string") throw new Error(objects);
    this.#objectIds = objects.succeeded.map(({ object }) => object.object_id);
  }

  #open(file: string, newId: (prefix: string) => string): Promise<EmbeddedStore<unknown>> {
    return openBuckets<unknown>({ file, clock: this.#clock.read, newId, durability: "relaxed" });
  }

  async run(asked: Step): Promise<void> {
    await this.#try(asked);
    const position = await this.#ask(async (store) => (await store.head()).position);
    if (typeof position === "number" && !this.#isDeleted) this.#then.set(position, this.#count());
  }

  async #try({ do: what, pick: at, isStale, ms }: Step): Promise<void> {
    const kept = this.#batches[at % Math.max(this.#batches.length, 1)];
    switch (what) {
      case "wait":
        this.#clock.advance(ms);
        return;
      case "bucket":
        return await this.#toggleBucket();
      case "rebuild":
        expect(await this.#ask(async (store) => (await store.rebuild()).differences)).toBe(0);
        return;
      case "reopen":
        await this.#sqlite?.close();
        this.#sqlite = await this.#open(this.#file, this.#counters[1]);
        return;
      case "create":
        return await this.#create(1 + (at % objectCount));
      case "claim":
        return await this.#claim();
      default:
        if (kept === undefined) return;
        return await this.#change(what, kept, isStale);
    }
  }

  async #toggleBucket(): Promise<void> {
    this.#isDeleted = !this.#isDeleted;
    await this.#ask(async (store) => {
      const { buckets } = store.namespace();
      if (this.#isDeleted) await buckets.delete(this.#bucketId);
      else await buckets.restore(this.#bucketId);
    });
  }

  async #create(size: number): Promise<void> {
    const object_ids = this.#objectIds.slice(0, size);
    const answer = await this.#ask((store) =>
      store.namespace().batches(this.#bucketId).create({ object_ids }),
    );
    if (this.#isDeleted || typeof answer === "string") {
      expect([this.#isDeleted, answer]).toEqual([true, "NOT_FOUND"]);
      return;
    }
    const { batch_id: id, status } = answer.batch;
    this.#batches.push({ id, status, size, submission: {}, isDeleted: false });
  }

  async #claim(): Promise<void> {
    const body = { worker: "w", lease_seconds: leaseSeconds };
    const answer = await this.#ask((store) => store.namespace().claimBatch(body));
    if (typeof answer === "string") throw new Error(answer);
    const [next] = this.#batches
      .filter((kept) => !kept.isDeleted && !this.#isDeleted && this.#phase(kept) === "waiting")
      .sort((a, b) => (a.submission.at ?? 0) - (b.submission.at ?? 0) || (a.id < b.id ? -1 : 1));
    expect(answer?.batch.batch_id).toBe(next?.id);
    const claimId = answer?.batch.lease?.claim_id;
    if (next === undefined || claimId === undefined) return;
    next.status = "IN_PROGRESS";
    next.claim = { id: claimId, until: this.#clock.now + leaseSeconds * 1_000 };
  }

  #phase({ status, claim }: Kept): "draft" | "waiting" | "working" | "finished" {
    if (finished.includes(status)) return "finished";
    if (status === "DRAFT") return "draft";
    const isHeld = claim !== undefined && claim.until > this.#clock.now;
    return status !== "PENDING" && isHeld ? "working" : "waiting";
  }

  async #change(
    what: "add" | "submit" | "progress" | "complete" | "fail" | "cancel" | "delete",
    kept: Kept,
    isStale: boolean,
  ): Promise<void> {
    const claim_id = isStale ? "clm_stale" : (kept.claim?.id ?? "clm_none");
    const report = { claim_id, processed_count: kept.size, error: "no disk" };
    const answer = await this.#ask(async (store) => {
      const batches = store.namespace().batches(this.#bucketId);
      switch (what) {
        case "add":
          return (await batches.addObjects(kept.id, { object_ids: this.#objectIds })).version;
        case "progress":
          return (await batches.progress(kept.id, report)).version;
        case "complete": {
          const errors = [{ object_id: this.#objectIds[0], message: "no video" }];
          const ended = { claim_id, ...(kept.size === 1 && { errors }) };
          return (await batches.complete(kept.id, ended)).version;
        }
        case "fail":
          return (await batches.fail(kept.id, { claim_id, error: "no disk" })).version;
        default:
          return (await batches[what](kept.id)).version;
      }
    });
    const refused = this.#refusalOf(what, kept, claim_id);
    expect(typeof answer === "string" ? answer : undefined, what).toBe(refused);
    if (refused === undefined) this.#apply(what, kept);
  }

  #refusalOf(what: string, kept: Kept, claimId: string): string | undefined {
    if (this.#isDeleted || kept.isDeleted) return "NOT_FOUND";
    const phase = this.#phase(kept);
    const isRight = (...phases: string[]) => (phases.includes(phase) ? undefined : "BAD_REQUEST");
    switch (what) {
      case "add":
      case "submit":
        return isRight("draft");
      case "cancel":
        return isRight("waiting", "working");
      case "delete":
        return isRight("draft", "finished");
      default: {
        const isReported = kept.claim !== undefined;
        if (!isReported) return "BAD_REQUEST";
        return kept.claim?.id === claimId && phase === "working" ? undefined : "CONFLICT";
      }
    }
  }

  #apply(what: string, kept: Kept): void {
    const end = (status: string) => {
      kept.status = status;
      kept.claim = undefined;
    };
    switch (what) {
      case "add":
        kept.size = objectCount;
        break;
      case "submit":
        kept.status = "PENDING";
        kept.submission.at = this.#clock.now;
        break;
      case "progress":
        kept.status = "PROCESSING";
        break;
      case "complete":
        end(kept.size === 1 ? "COMPLETED_WITH_ERRORS" : "COMPLETED");
        break;
      case "fail":
        end("FAILED");
        break;
      case "cancel":
        end("CANCELED");
        break;
      case "delete":
        kept.isDeleted = true;
        break;
    }
  }

  #count(): Stats {
    const live = this.#batches.filter((kept) => !kept.isDeleted);
    const count = (...statuses: readonly string[]) =>
      live.filter(({ status }) => statuses.includes(status)).length;
    return {
      total: live.length,
      active: count(...active),
      completed: count("COMPLETED", "COMPLETED_WITH_ERRORS"),
      failed: count("FAILED"),
    };
  }

  /** Every batch as it is by now, and the statistics of every moment. */
  async end(): Promise<void> {
    if (this.#isDeleted) await this.#toggleBucket();
    for (const kept of this.#batches) {
      const status = await this.#ask(async (store) => {
        const { batch } = await store.namespace().batches(this.#bucketId).get(kept.id);
        return { status: batch.status };
      });
      const isWaiting = this.#phase(kept) === "waiting";
      const told = { status: isWaiting ? "PENDING" : kept.status };
      expect(status).toEqual(kept.isDeleted ? "NOT_FOUND" : told);
    }
    const statsAt = (asOf?: string) =>
      this.#ask(async (store) => {
        const { bucket } = await store.namespace().buckets.get(this.#bucketId, { asOf });
        return bucket.batch_stats;
      });
    for (const [position, stats] of this.#then) {
      expect(await statsAt(`@${position}`)).toMatchObject(stats);
    }
    expect(await this.#ask(async (store) => (await store.rebuild()).differences)).toBe(0);
    expect(await statsAt()).toMatchObject(this.#count());
    expect(await this.#ask(async (store) => (await store.verify()).ok)).toBe(true);
  }

  async close(): Promise<void> {
    await this.#memory?.close();
    await this.#sqlite?.close();
  }

  /** The answer that both stores give alike, or the code of its refusal. */
  async #ask<T>(act: (store: EmbeddedStore<unknown>) => Promise<T>): Promise<T | string> {
    if (this.#memory === undefined || this.#sqlite === undefined) throw new Error("not begun");
    const answer = await codeOr(act(this.#memory));
    expect(await codeOr(act(this.#sqlite))).toEqual(answer);
    return answer;
  }
}

async function codeOr<T>(answer: Promise<T>): Promise<T | string> {
  try {
    return await answer;
  } catch (error) {
    if (isBucketsError(error)) return error.code;
    throw error;
  }
}

/** Ids counted by prefix, the same for both stores. */
function counter(): (prefix: string) => string {
  const counts = new Map<string, number>();
  return (prefix) => {
    const next = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, next);
    return `${prefix}_${String(next).padStart(26, "0")}`;
  };
}

async function holds(steps: readonly Step[]): Promise<void> {
  const trial = new Trial(temporaryFile());
  await trial.begin();
  for (const one of steps) await trial.run(one);
  await trial.end();
  await trial.close();
}

test("whatever happened to its batches, a bucket answers what the model says", async () => {
  const cases = fc.asyncProperty(fc.array(anyStep, { maxLength: 40, size: "max" }), holds);
  await fc.assert(cases, { seed, numRuns: depth({ smoke: 3, deep: 120 }) });
}, 600_000);
