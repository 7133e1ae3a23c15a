/**
 * Goal: whatever is done to the objects of a bucket in whatever order, both engines answer alike, and
 * what a naive model says, which keeps every state of every object and counts anew each time. Method:
 * random steps with a fixed seed. A bucket with a unique key; it is also deleted and restored.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ObjectWritten, ServedObjects } from "../../src/api/index.js";
import type { JsonObject } from "../../src/domain/json.js";
import { ObjectResponse } from "../../src/domain/object/response.js";
import { type EmbeddedStore, isBucketsError, openBuckets } from "../../src/index.js";
import { seed } from "../domain/arbitraries.js";
import { temporaryFile } from "../support/backends.js";
import { depth } from "../support/depth.js";

interface Fields {
  readonly title: string;
  readonly seconds?: number;
  /** Of its blob; undefined without one. */
  readonly size?: number;
}

/** An object after each of its events. */
interface Kept {
  /** Empty until the stores have said it. */
  id: string;
  readonly versions: { readonly fields: Fields; readonly isDeleted: boolean }[];
}

class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

const policies = ["insert", "update", "upsert"] as const;
type Policy = (typeof policies)[number];

/** Everything that is there at a position, by id. */
type Shelf = ReadonlyMap<string, Fields>;

class Model {
  readonly objects: Kept[] = [];
  isDeleted = false;

  shelf(): Shelf {
    const live = this.objects.filter((kept) => !newest(kept).isDeleted);
    return new Map(live.map((kept) => [kept.id, newest(kept).fields]));
  }

  create(sent: Fields, policy: Policy): Kept {
    this.#assertThere();
    const holder = this.#holder(sent.title);
    if (holder !== undefined && policy === "insert") throw new Refused("ALREADY_EXISTS");
    if (holder === undefined && policy === "update") throw new Refused("NOT_FOUND");
    if (holder !== undefined) return this.#append(holder, { ...newest(holder).fields, ...sent });
    const made = { id: "", versions: [{ fields: sent, isDeleted: false }] };
    this.objects.push(made);
    return made;
  }

  change(pick: number, sent: Partial<Fields>): Kept {
    const kept = this.#existing(pick);
    return this.#append(kept, { ...newest(kept).fields, ...sent });
  }

  delete(pick: number): Kept {
    const kept = this.#existing(pick);
    kept.versions.push({ ...newest(kept), isDeleted: true });
    return kept;
  }

  restore(pick: number): Kept {
    this.#assertThere();
    const kept = this.at(pick);
    if (!newest(kept).isDeleted) throw new Refused("CONFLICT");
    return this.#append(kept, newest(kept).fields);
  }

  revert(pick: number, to: number): Kept {
    const kept = this.#existing(pick);
    const then = kept.versions[to - 1];
    if (then === undefined) throw new Refused("NOT_FOUND");
    return this.#append(kept, then.fields);
  }

  at(pick: number): Kept {
    const kept = this.objects[pick % Math.max(this.objects.length, 1)];
    if (kept === undefined) throw new Refused("NOT_FOUND");
    return kept;
  }

  #existing(pick: number): Kept {
    this.#assertThere();
    const kept = this.at(pick);
    if (newest(kept).isDeleted) throw new Refused("NOT_FOUND");
    return kept;
  }

  #append(kept: Kept, fields: Fields): Kept {
    const holder = this.#holder(fields.title);
    if (holder !== undefined && holder !== kept) throw new Refused("ALREADY_EXISTS");
    kept.versions.push({ fields, isDeleted: false });
    return kept;
  }

  #holder(title: string): Kept | undefined {
    return this.objects.find(
      (kept) => !newest(kept).isDeleted && newest(kept).fields.title === title,
    );
  }

  #assertThere(): void {
    if (this.isDeleted) throw new Refused("NOT_FOUND");
  }
}

function newest({ versions }: Kept) {
  const last = versions.at(-1);
  if (last === undefined) throw new Error("an object without a version");
  return last;
}

const someTitle = fc.constantFrom("a", "b", "c", "d");
const someFields: fc.Arbitrary<Fields> = fc.record(
  { title: someTitle, seconds: fc.nat({ max: 3 }), size: fc.nat({ max: 4 }) },
  { requiredKeys: ["title"] },
);
const someChange: fc.Arbitrary<Partial<Fields>> = fc.record(
  { title: someTitle, seconds: fc.nat({ max: 3 }), size: fc.nat({ max: 4 }) },
  { requiredKeys: [] },
);
const pick = fc.nat({ max: 7 });
const policy = fc.constantFrom(...policies, "upsert" as const);

const anyStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("create" as const), sent: someFields, policy }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("createMany" as const),
      all: fc.array(someFields, { minLength: 1, maxLength: 4 }),
      policy,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("patch" as const), pick, sent: someChange }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("put" as const), pick, sent: someChange }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restore" as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("revert" as const),
      pick,
      to: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("bucket" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rebuild" as const) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

const bucketBody = {
  bucket_name: "clips",
  bucket_schema: {
    properties: {
      title: { type: "string", required: true },
      seconds: { type: "integer" },
      clip: { type: "video" },
    },
  },
  unique_key: { fields: ["title"] },
};

function bodyOf({ size, ...fields }: Partial<Fields>): JsonObject {
  if (size === undefined) return { ...fields };
  const data = { base64: Buffer.alloc(size, 7).toString("base64") };
  return { ...fields, blobs: [{ property: "clip", type: "video", data }] };
}

/** What an answer says of an object, as the model has it. */
function fieldsOf({ title, seconds, blobs }: ObjectResponse): Fields {
  const [blob] = blobs;
  return {
    title: String(title),
    ...(typeof seconds === "number" && { seconds }),
    ...(blob !== undefined && { size: blob.details.size_bytes }),
  };
}

/** The same step in the model and in the stores; what each says of it. */
class Trial {
  readonly #stores: readonly EmbeddedStore[];
  readonly #model = new Model();
  #bucketId = "";
  /** What there was at each position at which the bucket was there. */
  readonly #then = new Map<number, Shelf>();

  constructor(stores: readonly EmbeddedStore[]) {
    this.#stores = stores;
  }

  async begin(): Promise<void> {
    const made = await this.#ask((store) => store.namespace().buckets.create(bucketBody));
    if (typeof made !== "string") this.#bucketId = made.bucket.bucket_id;
  }

  async run(step: Step): Promise<void> {
    await this.#try(step);
    const position = await this.#ask(async (store) => (await store.head()).position);
    if (typeof position === "string" || this.#model.isDeleted) return;
    this.#then.set(position, this.#model.shelf());
  }

  async #try(step: Step): Promise<void> {
    const model = this.#model;
    const id = () => this.#idAt("pick" in step ? step.pick : 0);
    switch (step.do) {
      case "create":
        return await this.#write(
          () => model.create(step.sent, step.policy),
          (objects) => objects.create(bodyOf(step.sent), { policy: step.policy }),
        );
      case "createMany":
        return await this.#createMany(step.all, step.policy);
      case "patch":
        return await this.#write(
          () => model.change(step.pick, step.sent),
          (objects) => objects.patch(id(), bodyOf(step.sent)),
        );
      case "put":
        return await this.#write(
          () => model.change(step.pick, step.sent),
          (objects) => objects.put(id(), bodyOf(step.sent)),
        );
      case "delete":
        return await this.#write(
          () => model.delete(step.pick),
          (objects) => objects.delete(id()),
        );
      case "restore":
        return await this.#write(
          () => model.restore(step.pick),
          (objects) => objects.restore(id()),
        );
      case "revert":
        return await this.#write(
          () => model.revert(step.pick, step.to),
          (objects) => objects.revert(id(), { to: step.to }),
        );
      case "bucket": {
        model.isDeleted = !model.isDeleted;
        const done = await this.#ask(async (store) => {
          const { buckets } = store.namespace();
          if (model.isDeleted) return typeof (await buckets.delete(this.#bucketId)).task;
          return typeof (await buckets.restore(this.#bucketId)).bucket;
        });
        expect(done).toBe("object");
        return;
      }
      case "rebuild":
        expect(await this.#ask(async (store) => (await store.rebuild()).differences)).toBe(0);
    }
  }
  async #write(
    decide: () => Kept,
    act: (objects: ServedObjects) => Promise<ObjectWritten>,
  ): Promise<void> {
    const wanted = outcomeOf(decide);
    const answer = await this.#ask((store) => act(store.namespace().objects(this.#bucketId)));
    if (typeof wanted === "string" || typeof answer === "string") {
      expect(answer).toEqual(wanted);
      return;
    }
    this.#compare(wanted, answer);
  }

  #compare(wanted: Kept, { object, version }: ObjectWritten): void {
    if (wanted.id === "") wanted.id = object.object_id;
    expect([object.object_id, version]).toEqual([wanted.id, wanted.versions.length]);
    expect(fieldsOf(object)).toEqual(newest(wanted).fields);
  }

  async #createMany(all: readonly Fields[], policy: Policy): Promise<void> {
    const { isDeleted } = this.#model;
    const wanted = all.map((sent) => outcomeOf(() => this.#model.create(sent, policy)));
    const answer = await this.#ask(async (store) => {
      const objects = store.namespace().objects(this.#bucketId);
      const { succeeded, failed } = await objects.createMany(all.map(bodyOf), { policy });
      return { succeeded, failed: failed.map(({ index, error }) => [index, error.code]) };
    });
    if (isDeleted || typeof answer === "string") {
      expect([isDeleted, answer]).toEqual([true, "NOT_FOUND"]);
      return;
    }
    const refused = wanted.flatMap((one, index) => (typeof one === "string" ? [[index, one]] : []));
    expect(answer.failed).toEqual(refused);
    const made = wanted.flatMap((one) => (typeof one === "string" ? [] : [one]));
    expect(answer.succeeded).toHaveLength(made.length);
    for (const [index, { object }] of answer.succeeded.entries()) {
      const kept = made[index];
      if (kept?.id === "") kept.id = object.object_id;
      expect(object.object_id).toBe(kept?.id);
    }
  }

  /** Everything now and then: each object, each list, and the statistics of each moment. */
  async end(): Promise<void> {
    if (this.#model.isDeleted) await this.run({ do: "bucket" });
    await this.#compareShelf(this.#model.shelf());
    for (const [position, shelf] of this.#then) await this.#compareShelf(shelf, `@${position}`);
    for (const { id, versions } of this.#model.objects) {
      for (const [index, { fields, isDeleted }] of versions.entries()) {
        const asOf = String(index + 1);
        const found = await this.#ask(async (store) => {
          const { object } = await store.namespace().objects(this.#bucketId).get(id, { asOf });
          return fieldsOf(object);
        });
        expect(found).toEqual(isDeleted ? "NOT_FOUND" : fields);
      }
    }
    await this.run({ do: "rebuild" });
    await this.#compareShelf(this.#model.shelf());
    expect(await this.#ask(async (store) => (await store.verify()).ok)).toBe(true);
  }

  async #compareShelf(shelf: Shelf, asOf?: string): Promise<void> {
    const found = await this.#ask(async (store) => {
      const { results, stats } = await store
        .namespace()
        .objects(this.#bucketId)
        .list({ limit: 1_000, asOf });
      const { bucket } = await store.namespace().buckets.get(this.#bucketId, { asOf });
      return { results, stats, bucket };
    });
    if (typeof found === "string") throw new Error(found);
    const listed = found.results.map((object) => [
      object["object_id"],
      fieldsOf(ObjectResponse.parse(object)),
    ]);
    const sizes = [...shelf.values()].map(({ size = 0 }) => size);
    const total = sizes.reduce((a, b) => a + b, 0);
    expect(new Map(listed.map(([id, fields]) => [id, fields]))).toEqual(shelf);
    expect(found.stats).toMatchObject({ total_objects: sizes.length, total_size_bytes: total });
    expect(found.bucket).toMatchObject({
      object_count: sizes.length,
      total_size_bytes: total,
      storage_stats: {
        avg_size_bytes: sizes.length === 0 ? 0 : Math.floor(total / sizes.length),
        max_size_bytes: Math.max(0, ...sizes),
        min_size_bytes: sizes.length === 0 ? 0 : Math.min(...sizes),
      },
    });
  }

  #idAt(at: number): string {
    const { objects } = this.#model;
    return objects[at % Math.max(objects.length, 1)]?.id ?? "obj_none";
  }

  /** The answer that every store gives alike, or the code of its refusal. */
  async #ask<T>(act: (store: EmbeddedStore) => Promise<T>): Promise<T | string> {
    const [first, ...others] = await Promise.all(this.#stores.map((store) => codeOr(act(store))));
    if (first === undefined) throw new Error("no store");
    for (const other of others) expect(other).toEqual(first);
    return first;
  }
}

function outcomeOf(decide: () => Kept): Kept | string {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
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

/** Ids counted by prefix, because opening a file takes some of its own. */
function counter(): (prefix: string) => string {
  const counts = new Map<string, number>();
  return (prefix) => {
    const next = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, next);
    return `${prefix}_${String(next).padStart(26, "0")}`;
  };
}

function openAt(file: string): Promise<EmbeddedStore> {
  const clock = () => Date.parse("2026-10-01T12:00:00.000Z");
  return openBuckets({ file, clock, newId: counter(), durability: "relaxed" });
}

async function holds(steps: readonly Step[]): Promise<void> {
  await using memory = await openAt(":memory:");
  await using sqlite = await openAt(temporaryFile());
  const trial = new Trial([memory, sqlite]);
  await trial.begin();
  for (const step of steps) await trial.run(step);
  await trial.end();
}

test("whatever happened to its objects, a bucket answers what the model says", async () => {
  const cases = fc.asyncProperty(fc.array(anyStep, { maxLength: 30, size: "max" }), holds);
  await fc.assert(cases, { seed, numRuns: depth({ smoke: 3, deep: 120 }) });
}, 600_000);
