/**
 * Goal: whatever is done to a store in whatever order, everything that it answers is what a naive
 * model says, which keeps every document of every version. Method: random commands with a fixed
 * seed, over the engines in memory and on SQLite side by side; set BUCKETLOG_MODEL_SEED for others.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import type { PatchMediaType } from "../../src/domain/patch-media-type.js";
import { shownOf } from "../../src/http/write.js";
import {
  type BucketOperation,
  type BucketStore,
  type Buckets,
  isBucketsError,
  openBuckets,
  type WriteOptions,
  type Written,
} from "../../src/index.js";
import { depth } from "../support/depth.js";
import { temporaryFile } from "../support/server.js";
import {
  blameOf,
  type Difference,
  differences,
  isLocked,
  isObject,
  Model,
  type Moment,
  memberAt,
  merged,
  overlap,
  pointerOf,
  Refused,
  type Said,
  withValue,
} from "./model.js";

const seed = Number(process.env["BUCKETLOG_MODEL_SEED"] ?? 20_261_001);
const numRuns = depth({ smoke: 4, deep: 150 });

const schema = { properties: {} };

/** The stores that are compared to the model, under one clock and with the same ids. */
class World {
  readonly #open: readonly (() => Promise<BucketStore<unknown>>)[];
  readonly #stores: BucketStore<unknown>[] = [];

  private constructor(open: readonly (() => Promise<BucketStore<unknown>>)[]) {
    this.#open = open;
  }

  static async make(model: Model, files: readonly string[]): Promise<World> {
    const world = new World(
      files.map((file) => {
        const newId = counter();
        const randomBytes = countedBytes();
        const clock = () => model.clock;
        return () =>
          openBuckets<unknown>({ file, clock, newId, randomBytes, durability: "relaxed" });
      }),
    );
    for (const open of world.#open) world.#stores.push(await open());
    return world;
  }

  /** The answer that every store gives alike, or the code of its refusal. */
  async ask<T>(act: (store: BucketStore<unknown>) => Promise<T>): Promise<T | string> {
    const [first, ...others] = await Promise.all(this.#stores.map((store) => outcome(act(store))));
    if (first === undefined) throw new Error("no store");
    for (const other of others) expect(other).toEqual(first);
    return first;
  }

  /** Closes every store and opens it again; what is in memory alone goes on. */
  async restart(): Promise<void> {
    for (const [index, open] of this.#open.entries()) {
      if (index === 0) continue;
      await this.#stores[index]?.close();
      this.#stores[index] = await open();
    }
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }
}

/** Ids counted by prefix, because opening a file takes some of its own. */
function counter(): (prefix: string) => string {
  const counts = new Map<string, number>();
  return (prefix) => {
    const count = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, count);
    return `${prefix}_${String(count).padStart(26, "0")}`;
  };
}

/** Salts that count, so that the stores write the same log byte by byte. */
function countedBytes(): (size: number) => Uint8Array {
  let calls = 0;
  return (size) => {
    calls += 1;
    return Buffer.from(String(calls).padStart(size, "0"));
  };
}

async function outcome<T>(answer: Promise<T>): Promise<T | string> {
  try {
    return await answer;
  } catch (error) {
    if (isBucketsError(error)) return error.code;
    throw error;
  }
}

function expected<T>(decide: () => T): T | string {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

class Step implements fc.AsyncCommand<Model, World> {
  readonly #label: string;
  readonly #act: (model: Model, world: World) => Promise<void>;

  constructor(label: string, act: (model: Model, world: World) => Promise<void>) {
    this.#label = label;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, world: World): Promise<void> {
    return this.#act(model, world);
  }

  toString(): string {
    return this.#label;
  }
}

/** Which bucket, and how it is written to. */
interface Aim {
  /** Counts through the buckets that there ever were. */
  readonly pick: number;
  readonly byName: boolean;
  readonly actor: string;
  readonly reason: string | undefined;
  /** Versions behind the newest that If-Match names. */
  readonly staleBy: number | undefined;
  readonly dryRun: boolean;
}

/** One of the buckets that there ever were; of the deleted ones, when there are any, if `isGone`. */
function identifierOf(model: Model, { pick, byName }: Aim, isGone = false): string {
  const gone = model.ids.filter((id) => model.current(id)?.isDeleted === true);
  const ids = isGone && gone.length > 0 ? gone : model.ids;
  const id = ids[pick % Math.max(ids.length, 1)];
  const name = id === undefined ? undefined : model.current(id)?.document["bucket_name"];
  if (id === undefined || typeof name !== "string") return "nobody";
  return byName && !isGone ? name : id;
}

function saidOf(model: Model, aim: Aim, identifier: string): Said {
  const before = expectedMoment(model, identifier);
  const ifVersion =
    aim.staleBy === undefined || before === undefined ? undefined : before.version - aim.staleBy;
  return { actor: aim.actor, reason: aim.reason, ifVersion };
}

function expectedMoment(model: Model, identifier: string): Moment | undefined {
  const found = expected(() => model.find(identifier));
  return typeof found === "string" ? undefined : found;
}

/** Makes the write in the model and in the world, and compares what comes of it. */
async function write(
  model: Model,
  world: World,
  aim: Aim,
  identifier: string,
  decide: (said: Said) => Moment,
  act: (buckets: Buckets<WriteOptions, unknown>, options: WriteOptions) => Promise<Written>,
): Promise<void> {
  const { actor, dryRun } = aim;
  const said = saidOf(model, aim, identifier);
  const wanted = expected(() => decide(said));
  const { reason, ifVersion } = said;
  const answer = await world.ask((store) =>
    act(store.namespace("default", { actor }).buckets, { reason, ifVersion, dryRun }),
  );
  if (typeof wanted === "string" || typeof answer === "string") {
    expect(answer).toEqual(wanted);
    return;
  }
  const { version, position } = wanted;
  expect(answer).toMatchObject({ version, position, dryRun, replayed: false });
  if ("bucket" in answer)
    expect(answer.bucket).toEqual(shown(wanted, Math.min(wanted.time, model.clock)));
  if (dryRun) {
    const head = await world.ask((store) => store.head());
    expect(head).toMatchObject({ position: model.log.length });
  } else {
    model.log.push(wanted);
  }
}

/** The bucket as it is answered, about a time. */
function shown(moment: Moment, at: number): JsonObject {
  return {
    ...moment.document,
    bucket_id: moment.id,
    status: moment.status,
    is_locked: isLocked(moment, at),
    created_at: timeText(moment.createdAt),
    updated_at: timeText(moment.updatedAt),
    object_count: 0,
    total_size_bytes: 0,
    stats_updated_at: timeText(moment.createdAt),
    batch_stats: { total: 0, active: 0, completed: 0, failed: 0 },
    storage_stats: {
      total_size_bytes: 0,
      avg_size_bytes: 0,
      max_size_bytes: 0,
      min_size_bytes: 0,
    },
  };
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}

// Commands.

const names = ["a", "b", "c", "d", "e", "f"];
const keys = ["x", "y", "", "a/b", "~", "__proto__", "constructor"];
const leaf: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(1, "t", true, [], [1, null], {});
const someValue: fc.Arbitrary<JsonValue> = fc.oneof(
  leaf,
  fc
    .array(fc.tuple(fc.constantFrom(...keys), fc.oneof(leaf, fc.constant(null))), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries)),
);
const someMetadata: fc.Arbitrary<JsonObject> = fc
  .array(fc.tuple(fc.constantFrom(...keys), fc.oneof(someValue, fc.constant(null))), {
    maxLength: 4,
  })
  .map((entries) => Object.fromEntries(entries));
const someName = fc.constantFrom(...names);
const someSchema: fc.Arbitrary<JsonObject> = fc.subarray(["f", "g"]).map((fields) => ({
  properties: Object.fromEntries(fields.map((field) => [field, { type: "string" }])),
}));

const aim: fc.Arbitrary<Aim> = fc.record({
  pick: fc.nat({ max: 3 }),
  byName: fc.boolean(),
  actor: fc.constantFrom("ada", "bob"),
  reason: fc.constantFrom(undefined, "why"),
  staleBy: fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  dryRun: fc.oneof(
    { weight: 6, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

const createStep = fc.tuple(aim, someName, someMetadata).map(
  ([by, name, metadata]) =>
    new Step(`create ${name} ${JSON.stringify({ by, metadata })}`, async (model, world) => {
      const body = { bucket_name: name, bucket_schema: schema, metadata };
      const said = { actor: by.actor, reason: by.reason, ifVersion: undefined };
      const wanted = expected(() => model.create("?", body, said));
      const { dryRun, reason, actor } = by;
      const answer = await world.ask((store) =>
        store.namespace("default", { actor }).buckets.create(body, { dryRun, reason }),
      );
      if (typeof wanted === "string" || typeof answer === "string") {
        expect(answer).toEqual(wanted);
        return;
      }
      const made = { ...wanted, id: answer.bucket.bucket_id };
      expect(answer.bucket).toEqual(shown(made, Math.min(made.time, model.clock)));
      if (!dryRun) model.log.push(made);
    }),
);

/** What of a document a random patch is about. */
interface Fields {
  readonly bucket_name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: JsonObject | null | undefined;
  readonly bucket_schema?: JsonObject | undefined;
  readonly storage_class?: string | null | undefined;
}

const fields: fc.Arbitrary<Fields> = fc.record(
  {
    bucket_name: fc.oneof(someName, fc.constant(null)),
    description: fc.constantFrom("one", "two", null),
    metadata: fc.oneof(
      { weight: 4, arbitrary: someMetadata },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    bucket_schema: someSchema,
    storage_class: fc.constantFrom("nearline", null),
  },
  { requiredKeys: [] },
);
/** Most patches leave the name alone. */
const patchFields = fc
  .tuple(fields, fc.nat({ max: 3 }))
  .map(([{ bucket_name, ...rest }, often]) => (often > 0 ? rest : { ...rest, bucket_name }))
  .map((sent): JsonObject => JSON.parse(JSON.stringify(sent)));

function patchStep(
  mediaType: PatchMediaType,
  patched: (document: JsonObject, patch: JsonValue) => JsonObject,
) {
  return ([at, patch]: [Aim, JsonValue]) =>
    new Step(`${mediaType} ${JSON.stringify({ at, patch })}`, (model, world) => {
      const identifier = identifierOf(model, at);
      return write(
        model,
        world,
        at,
        identifier,
        (said) =>
          model.write(identifier, said, "other", ({ document }) => ({
            type: "bucket.patched",
            told: { media_type: mediaType },
            document: patched(document, patch),
          })),
        (buckets, options) => buckets.patch(identifier, patch, { ...options, mediaType }),
      );
    });
}

function partial(document: JsonObject, patch: JsonValue): JsonObject {
  let after = document;
  for (const [name, value] of Object.entries(isObject(patch) ? patch : {})) {
    if (value !== null) after = withValue(after, [name], value);
    else if (name === "metadata") after = withValue(after, [name], {});
    else if (name !== "bucket_name") after = withValue(after, [name], undefined);
  }
  return after;
}

function merge(document: JsonObject, patch: JsonValue): JsonObject {
  const after = merged(document, patch);
  if (!isObject(after) || after["bucket_name"] === undefined) {
    throw new Refused("VALIDATION_FAILED");
  }
  return after["metadata"] === undefined ? { ...after, metadata: {} } : after;
}

interface Operation {
  readonly op: "add" | "replace" | "remove" | "test";
  readonly key: string;
  readonly value: JsonValue;
}

const operations: fc.Arbitrary<JsonValue> = fc
  .array(
    fc.record<Operation>({
      op: fc.constantFrom(...Array<"add">(9).fill("add"), "replace", "remove", "test"),
      key: fc.constantFrom(...keys),
      value: someValue,
    }),
    { maxLength: 3 },
  )
  .map((list) =>
    list.map(({ op, key, value }) => {
      const path = pointerOf(["metadata", key]);
      return op === "remove" ? { op, path } : { op, path, value };
    }),
  );

function byOperations(document: JsonObject, patch: JsonValue): JsonObject {
  let after = document;
  for (const operation of Array.isArray(patch) ? patch : []) {
    const { op, path, value } = operation;
    const key = keys.find((name) => pointerOf(["metadata", name]) === path) ?? "";
    const at = ["metadata", key];
    const was = memberAt(after, at);
    if (op !== "add" && was === undefined) throw new Refused("CONFLICT");
    if (op === "test") {
      const isDifferent = differences({ v: was ?? null }, { v: value }).length > 0;
      if (isDifferent) throw new Refused("CONFLICT");
    } else after = withValue(after, at, op === "remove" ? undefined : value);
  }
  return after;
}

const lockStep = fc
  .tuple(
    aim,
    fc.oneof(
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 4, arbitrary: fc.integer({ min: -500, max: 3_000 }) },
    ),
  )
  .map(
    ([at, lasts]) =>
      new Step(`lock for ${lasts} ${JSON.stringify(at)}`, (model, world) => {
        const identifier = identifierOf(model, at);
        const until = lasts === undefined ? undefined : model.clock + lasts;
        const expires = until === undefined ? {} : { expires_at: timeText(until) };
        return write(
          model,
          world,
          at,
          identifier,
          (said) =>
            model.write(identifier, said, "other", () => {
              if (until !== undefined && until <= model.clock)
                throw new Refused("VALIDATION_FAILED");
              return {
                type: "bucket.locked",
                told: expires,
                lock: { until: until ?? Number.POSITIVE_INFINITY },
              };
            }),
          (buckets, options) => buckets.lock(identifier, expires, options),
        );
      }),
  );

const unlockStep = aim.map(
  (at) =>
    new Step(`unlock ${JSON.stringify(at)}`, (model, world) => {
      const identifier = identifierOf(model, at);
      return write(
        model,
        world,
        at,
        identifier,
        (said) =>
          model.write(identifier, said, "unlock", (before) => {
            if (!isLocked(before, model.clock)) throw new Refused("BAD_REQUEST");
            return { type: "bucket.unlocked", lock: undefined };
          }),
        (buckets, options) => buckets.unlock(identifier, {}, options),
      );
    }),
);

const moves = {
  archive: { type: "bucket.archived", status: "ARCHIVED", accepts: "other" },
  activate: { type: "bucket.activated", status: "ACTIVE", accepts: "ending" },
  suspend: { type: "bucket.suspended", status: "SUSPENDED", accepts: "other" },
} as const;

const moveStep = fc
  .tuple(aim, fc.constantFrom("archive", "activate", "activate", "activate", "suspend"))
  .map(
    ([at, move]) =>
      new Step(`${move} ${JSON.stringify(at)}`, (model, world) => {
        const identifier = identifierOf(model, at);
        const { type, status, accepts } = moves[move];
        return write(
          model,
          world,
          at,
          identifier,
          (said) =>
            model.write(identifier, said, accepts, (before) => {
              if (before.status === status) throw new Refused("BAD_REQUEST");
              return { type, status };
            }),
          (buckets, options) => buckets[move](identifier, options),
        );
      }),
  );

const deleteStep = aim.map(
  (at) =>
    new Step(`delete ${JSON.stringify(at)}`, (model, world) => {
      const identifier = identifierOf(model, at);
      return write(
        model,
        world,
        at,
        identifier,
        (said) =>
          model.write(identifier, said, "ending", () => ({
            type: "bucket.deleted",
            isDeleted: true,
          })),
        (buckets, options) => buckets.delete(identifier, options),
      );
    }),
);

const restoreStep = fc.tuple(aim, fc.oneof(fc.constant(undefined), someName)).map(
  ([at, name]) =>
    new Step(`restore as ${name} ${JSON.stringify(at)}`, (model, world) => {
      const identifier = identifierOf(model, at, true);
      return write(
        model,
        world,
        at,
        identifier,
        (said) =>
          model.write(identifier, said, "restore", (before) => {
            if (!before.isDeleted) throw new Refused("CONFLICT");
            return {
              type: "bucket.restored",
              isDeleted: false,
              document:
                name === undefined ? before.document : { ...before.document, bucket_name: name },
            };
          }),
        (buckets, options) => buckets.restore(identifier, { bucket_name: name }, options),
      );
    }),
);

const revertible = [["metadata"], ["metadata", "x"], ["metadata", "x", "y"], ["description"]];

const revertStep = fc
  .tuple(
    aim,
    fc.nat({ max: 6 }),
    fc.oneof(fc.constant(undefined), fc.subarray(revertible, { minLength: 1 })),
  )
  .map(
    ([at, back, paths]) =>
      new Step(`revert by ${back} ${JSON.stringify({ at, paths })}`, (model, world) => {
        const identifier = identifierOf(model, at);
        const to = versionBefore(model, identifier, back);
        return write(
          model,
          world,
          at,
          identifier,
          (said) => {
            const earlier = versionOf(model, identifier, to).document;
            return model.write(identifier, said, "other", ({ document }) => ({
              type: "bucket.reverted",
              told: { revert_of: to },
              document: paths === undefined ? earlier : withPutBack(document, earlier, paths),
            }));
          },
          (buckets, options) => {
            const pointers = paths === undefined ? {} : { fields: paths.map(pointerOf) };
            return buckets.revert(identifier, { to, ...pointers }, options);
          },
        );
      }),
  );

function withPutBack(
  document: JsonObject,
  earlier: JsonObject,
  paths: readonly (readonly string[])[],
): JsonObject {
  return paths.reduce((after, path) => {
    const above = path.slice(0, -1).map((_, index) => memberAt(after, path.slice(0, index + 1)));
    if (above.some((value) => value !== undefined && !isObject(value))) {
      throw new Refused("VALIDATION_FAILED");
    }
    const value = memberAt(earlier, path);
    const isNothing = value === undefined && memberAt(after, path) === undefined;
    return isNothing ? after : withValue(after, path, value);
  }, document);
}

/** One that may lie beyond both ends, as far as a request may name it. */
function versionBefore(model: Model, identifier: string, back: number): number {
  const current = expectedMoment(model, identifier);
  return Math.max((current?.version ?? 1) + 1 - back, 1);
}

function versionOf(model: Model, identifier: string, version: number): Moment {
  const found = model.of(model.find(identifier).id).find((moment) => moment.version === version);
  if (found === undefined) throw new Refused("NOT_FOUND");
  return found;
}

const undoable = ["bucket.patched", "bucket.reverted", "bucket.undone", "bucket.restored"];

const undoStep = fc.tuple(aim, fc.nat({ max: 4 })).map(
  ([at, back]) =>
    new Step(`undo ${back} before ${JSON.stringify(at)}`, (model, world) => {
      const identifier = identifierOf(model, at);
      const undo = versionBefore(model, identifier, back);
      return write(
        model,
        world,
        at,
        identifier,
        (said) => {
          const undone = versionOf(model, identifier, undo);
          return model.write(identifier, said, "other", ({ id, document }) => {
            if (!undoable.includes(undone.type)) throw new Refused("BAD_REQUEST");
            const moments = model.of(id);
            const later = moments.slice(undo).flatMap((moment) => changesOf(model, moment));
            const changes = changesOf(model, undone);
            const isTouched = changes.some(({ path }) =>
              later.some((other) => overlap(other.path, path) || overlap(path, other.path)),
            );
            if (isTouched) throw new Refused("CONFLICT");
            return {
              type: "bucket.undone",
              told: { revert_of: undo },
              document: changes.reduce(
                (after, { path, was }) => withValue(after, path, was),
                document,
              ),
            };
          });
        },
        (buckets, options) => buckets.revert(identifier, { undo }, options),
      );
    }),
);

/** What the event of a moment did to the document. */
function changesOf(model: Model, { id, version, document }: Moment): Difference[] {
  const [before] = model.of(id).slice(version - 2, version - 1);
  return differences(version === 1 ? {} : (before?.document ?? {}), document);
}

/** A write of a transaction: decided by the model, and as data for the service. */
interface Part {
  readonly decide: (model: Model, said: Said) => Moment;
  readonly operation: BucketOperation<unknown>;
}

/** By name, so that an operation is about what those before it have made and named. */
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.tuple(someName, someMetadata).map(([name, metadata]): Part => {
    const body = { bucket_name: name, bucket_schema: schema, metadata };
    return {
      decide: (model, said) => model.create(`new ${model.log.length}`, body, said),
      operation: { type: "create", body },
    };
  }),
  ...[1, 2].map(() =>
    fc.tuple(someName, someName, someMetadata).map(([bucket, name, metadata]): Part => {
      const patch = { bucket_name: name, metadata };
      return {
        decide: (model, said) =>
          model.write(bucket, said, "other", ({ document }) => ({
            type: "bucket.patched",
            told: { media_type: "application/json" },
            document: partial(document, patch),
          })),
        operation: { type: "patch", bucket, patch },
      };
    }),
  ),
  someName.map(
    (bucket): Part => ({
      decide: (model, said) =>
        model.write(bucket, said, "ending", () => ({ type: "bucket.deleted", isDeleted: true })),
      operation: { type: "delete", bucket },
    }),
  ),
);

const transactionStep = fc.tuple(aim, fc.array(part, { minLength: 1, maxLength: 4 })).map(
  ([by, parts]) =>
    new Step(`transaction ${JSON.stringify({ by, parts })}`, async (model, world) => {
      const { actor, reason, dryRun } = by;
      const said = { actor, reason, ifVersion: undefined };
      const wanted = expected(() =>
        model.together(
          parts.map(
            ({ decide }) =>
              () =>
                decide(model, said),
          ),
        ),
      );
      const answer = await world.ask((store) =>
        store.namespace("default", { actor }).transaction(
          parts.map(({ operation }) => operation),
          { reason, dryRun },
        ),
      );
      if (typeof wanted === "string" || typeof answer === "string") {
        expect(answer).toEqual(wanted);
        return;
      }
      expect(answer.results).toHaveLength(wanted.length);
      const ids = new Map<string, string>();
      for (const [index, moment] of wanted.entries()) {
        const result = answer.results[index];
        if (result === undefined) throw new Error("an operation without a result");
        const shownId = z.object({ bucket_id: z.string() }).parse(shownOf(result)).bucket_id;
        if (moment.type === "bucket.created") ids.set(moment.id, shownId);
        const told = { ...moment.told, transaction_id: answer.transactionId ?? "" };
        const made = { ...moment, told, id: ids.get(moment.id) ?? moment.id };
        const { version, position } = made;
        expect(result).toMatchObject({ version, position, dryRun });
        if ("bucket" in result)
          expect(result.bucket).toEqual(shown(made, Math.min(made.time, model.clock)));
        if (!dryRun) model.log.push(made);
      }
      const head = await world.ask((store) => store.head());
      expect(head).toMatchObject({ position: model.log.length });
    }),
);

const clockStep = fc.integer({ min: -2_000, max: 8_000 }).map(
  (milliseconds) =>
    new Step(`the clock jumps by ${milliseconds} ms`, async (model) => {
      model.clock += milliseconds;
    }),
);
const restartStep = fc.constant(new Step("restart", (_, world) => world.restart()));
const rebuildStep = fc.constant(
  new Step("rebuild", async (model, world) => {
    const report = await world.ask(async (store) => {
      const { replayed, differences: found } = await store.rebuild();
      return { replayed, differences: found };
    });
    expect(report).toEqual({ replayed: model.log.length, differences: 0 });
  }),
);

const commands = fc.commands(
  [
    createStep,
    createStep,
    fc.tuple(aim, patchFields).map(patchStep("application/json", partial)),
    fc.tuple(aim, patchFields).map(patchStep("application/merge-patch+json", merge)),
    fc.tuple(aim, operations).map(patchStep("application/json-patch+json", byOperations)),
    fc.tuple(aim, patchFields).map(patchStep("application/merge-patch+json", merge)),
    fc.tuple(aim, operations).map(patchStep("application/json-patch+json", byOperations)),
    lockStep,
    unlockStep,
    unlockStep,
    moveStep,
    deleteStep,
    restoreStep,
    restoreStep,
    revertStep,
    revertStep,
    undoStep,
    undoStep,
    transactionStep,
    transactionStep,
    clockStep,
    clockStep,
    restartStep,
    rebuildStep,
  ],
  { maxCommands: 100, size: "max" },
);

// What is compared in the end.

async function compare(model: Model, world: World): Promise<void> {
  for (const id of model.ids) {
    await compareStates(model, world, id);
    await compareHistory(model, world, id);
    await compareDiffs(model, world, id);
    await compareBlame(model, world, id);
  }
  const page = await world.ask((store) => buckets(store).list({ limit: 1_000 }));
  const live = model.live().map((moment) => shown(moment, model.clock));
  expect(page).toMatchObject({ total_count: live.length });
  expect(typeof page === "string" ? page : page.results).toEqual(live);
  for (const { position, time } of model.log) {
    const then = await world.ask((store) =>
      buckets(store).list({ limit: 1_000, asOf: `@${position}` }),
    );
    const wanted = model.liveAt(position).map((moment) => shown(moment, time));
    expect(typeof then === "string" ? then : then.results).toEqual(wanted);
  }
  const report = await world.ask((store) => store.verify());
  expect(report).toMatchObject({ ok: true, events: model.log.length });
}

function buckets(store: BucketStore<unknown>): Buckets<WriteOptions, unknown> {
  return store.namespace("default").buckets;
}

async function compareStates(model: Model, world: World, id: string): Promise<void> {
  const moments = model.of(id);
  const read = (asOf?: string) =>
    world.ask(async (store) => {
      const { bucket, version, position } = await buckets(store).get(id, { asOf });
      return { bucket, version, position };
    });
  const wanted = (moment: Moment | undefined, at: number) => {
    if (moment === undefined || moment.isDeleted) return "NOT_FOUND";
    const { version, position } = moment;
    return { bucket: shown(moment, at), version, position };
  };
  expect(await read()).toEqual(wanted(moments.at(-1), model.clock));
  for (const moment of moments) {
    expect(await read(String(moment.version))).toEqual(wanted(moment, moment.time));
  }
  expect(await read(String(moments.length + 1))).toBe("NOT_FOUND");
  for (const { position, time } of model.log) {
    const moment = moments.findLast((other) => other.position <= position);
    expect(await read(`@${position}`)).toEqual(wanted(moment, time));
  }
  expect(await read(`@${model.log.length + 1}`)).toBe("NOT_FOUND");
  for (const at of new Set(model.log.flatMap(({ time }) => [time - 1, time]))) {
    const moment = moments.findLast((other) => other.time <= at);
    expect(await read(timeText(at))).toEqual(wanted(moment, at));
  }
}

async function compareHistory(model: Model, world: World, id: string): Promise<void> {
  const moments = model.of(id);
  const entries = moments.map((moment) => ({
    version: moment.version,
    position: moment.position,
    type: moment.type,
    recorded_at: timeText(moment.time),
    actor: moment.actor,
    reason: moment.reason,
    changes: changesOf(model, moment).map(toChange).sort(byPath),
    ...moment.told,
  }));
  for (const order of ["asc", "desc"] as const) {
    const found: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await world.ask((store) =>
        buckets(store).history(id, { order, limit: 7, cursor }),
      );
      if (typeof page === "string") throw new Error(page);
      found.push(
        ...page.results.map(
          ({ event_id, bucket_id, request_id, previous_hash, hash, ...entry }) => ({
            ...entry,
            reason: entry.reason,
            changes: [...entry.changes].sort(byPath),
          }),
        ),
      );
      cursor = page.pagination.next_cursor;
    } while (cursor !== undefined);
    expect(found).toEqual(order === "asc" ? entries : entries.toReversed());
  }
  for (const { time } of [moments[Math.floor(moments.length / 2)], moments[0]].flatMap(
    (m) => m ?? [],
  )) {
    const page = await world.ask((store) =>
      buckets(store).history(id, {
        from: timeText(time),
        order: "asc",
        actor: "ada",
        path: "/metadata/x",
        limit: 1_000,
      }),
    );
    const wanted = moments.filter(
      (moment) =>
        moment.time >= time &&
        moment.actor === "ada" &&
        changesOf(model, moment).some(
          ({ path }) => overlap(path, ["metadata", "x"]) || overlap(["metadata", "x"], path),
        ),
    );
    const versions = typeof page === "string" ? page : page.results.map(({ version }) => version);
    expect(versions).toEqual(wanted.map(({ version }) => version));
  }
}

function toChange({ path, was, value }: Difference) {
  const at = { path: pointerOf(path) };
  if (was === undefined) return { op: "add", ...at, value };
  return value === undefined ? { op: "remove", ...at, was } : { op: "replace", ...at, was, value };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

async function compareDiffs(model: Model, world: World, id: string): Promise<void> {
  const moments = model.of(id);
  for (const [index, to] of moments.entries()) {
    const from = moments[(index * 7 + 3) % moments.length] ?? to;
    const answer = await world.ask((store) =>
      buckets(store).diff(id, {
        from: index % 2 === 0 ? String(from.version) : `@${from.position}`,
        to: index % 3 === 0 ? `@${to.position}` : String(to.version),
        format: "fields",
      }),
    );
    const wanted = differences(from.document, to.document).map(({ path, was, value }) => ({
      path: pointerOf(path),
      was,
      value,
    }));
    if (!Array.isArray(answer)) throw new Error(String(answer));
    expect([...answer].sort(byPath)).toEqual(wanted.sort(byPath));
  }
}

async function compareBlame(model: Model, world: World, id: string): Promise<void> {
  const wanted = [...blameOf(model.of(id))].map(([pointer, moment]) => [
    pointer,
    {
      version: moment.version,
      position: moment.position,
      recorded_at: timeText(moment.time),
      actor: moment.actor,
      ...(moment.reason !== undefined && { reason: moment.reason }),
    },
  ]);
  const blame = await world.ask((store) => buckets(store).blame(id));
  expect(blame).toEqual(Object.fromEntries(wanted));
}

async function holds(steps: Iterable<fc.AsyncCommand<Model, World>>): Promise<void> {
  const { file, remove } = temporaryFile();
  const model = new Model();
  const world = await World.make(model, [":memory:", file]);
  try {
    await fc.asyncModelRun(() => ({ model, real: world }), steps);
    await compare(model, world);
  } finally {
    await world.close();
    remove();
  }
}

test("whatever happened to a store, it answers what the model says", async () => {
  await fc.assert(fc.asyncProperty(commands, holds), { seed, numRuns });
}, 1_200_000);
