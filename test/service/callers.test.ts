/**
 * Goal: whatever a program says of itself and of its calls, it is refused by the name of the field or
 * leaves a log that can be read. Types would keep it from most of this; programs in JavaScript have
 * none. Method: tables of what is wrong, told to both engines and to the client.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import { type BucketStore, connectBuckets, openBuckets } from "../../src/index.js";
import { engines } from "../support/backends.js";
import { serveTest, temporaryFile, tokens } from "../support/server.js";
import { accept, Units } from "../support/units.js";

const films = { bucket_name: "films", bucket_schema: { properties: {} } };

/** What types would not let through, as JavaScript passes it. */
function untyped(value: unknown) {
  const any: ReturnType<typeof JSON.parse> = value;
  return any;
}

const faces: Readonly<Record<string, () => Promise<BucketStore>>> = {
  memory: async () => {
    const store = await openBuckets({ file: ":memory:" });
    onTestFinished(() => store.close());
    return store;
  },
  SQLite: async () => {
    const { file, remove } = temporaryFile();
    const store = await openBuckets({ file, durability: "relaxed" });
    onTestFinished(async () => {
      await store.close();
      remove();
    });
    return store;
  },
  "the client": async () => {
    const { url } = await serveTest({ durability: "relaxed" });
    return connectBuckets({ baseUrl: url, token: tokens.admin });
  },
};

const wrongText: readonly (readonly [string, unknown])[] = [
  ["a number", 42],
  ["null", null],
  ["an object", { name: "ana" }],
  ["nothing", ""],
  ["a new line", "ana\nbob"],
  ["an escape", "\u001b[31mana"],
  ["a control character of Latin-1", "ana\u0085"],
  ["a mark of direction", "ana\u202egpj"],
  ["a lone surrogate", "\ud800"],
  ["too much", "a".repeat(256)],
];

describe.each(Object.entries(faces))("A caller of %s", (_, open) => {
  it.each(wrongText)("cannot be named with %s", async (_name, actor) => {
    const store = await open();
    const before = await store.head();
    for (const field of ["actor", "requestId"]) {
      expect(() => store.namespace("default", untyped({ [field]: actor }))).toThrow(
        expect.objectContaining({ code: "BAD_REQUEST", details: { field } }),
      );
    }
    expect(await store.head()).toEqual(before);
  });

  const wrongOptions: readonly (readonly [string, unknown])[] = [
    ["dryRun", "true"],
    ["dryRun", 1],
    ["dryRun", null],
    ["dryrun", true],
    ["strict", "yes"],
    ["reason", 5],
    ["reason", "\udc00"],
    ["reason", "r".repeat(1_001)],
    ["ifVersion", "3"],
    ["ifVersion", 1.5],
    ["ifVersion", Number.NaN],
    ["idempotencyKey", 7],
    ["idempotencyKey", ""],
    ["idempotencyKey", "two words"],
    ["mediaType", "text/plain"],
  ];

  it.each(wrongOptions)("cannot write with the option %s: %j", async (field, value) => {
    const store = await open();
    const { buckets } = store.namespace();
    await buckets.create(films);
    const before = await store.head();
    const options = untyped({ [field]: value });
    const refusal = { code: "BAD_REQUEST", details: { field } };
    await expect(async () => buckets.patch("films", {}, options)).rejects.toMatchObject(refusal);
    if (field !== "mediaType") {
      const objects = store.namespace().objects("films");
      await expect(async () => objects.create({}, options)).rejects.toMatchObject(refusal);
      await expect(async () => objects.createMany([{}], options)).rejects.toMatchObject(refusal);
    }
    expect(await store.head()).toEqual(before);
  });

  it("cannot pass operations of another kind, nor say of one what is said of all", async () => {
    const space = (await open()).namespace();
    await space.buckets.create(films);
    const patch = { type: "patch", bucket: "films", patch: { description: "new" } };
    for (const [field, operation] of [
      ["type", { ...patch, type: "drop" }],
      ["type", { ...patch, type: "constructor" }],
      ["type", { ...patch, type: undefined }],
      ["bucket", { ...patch, bucket: 5 }],
      ["mediaType", { ...patch, mediaType: "x" }],
      ["dryRun", { ...patch, dryRun: true }],
      ["object", { ...patch, object: "obj_1" }],
    ] as const) {
      await expect(
        async () => space.transaction(untyped([operation])),
        JSON.stringify(operation),
      ).rejects.toMatchObject({ code: "BAD_REQUEST", details: { field } });
    }
    await expect(async () => space.transaction(untyped("patch"))).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    expect((await space.buckets.get("films")).version).toBe(1);
  });
});

describe.each(["memory", "SQLite"] as const)("Names that are none, in %s", (name) => {
  it("are refused by every read, with a code", async () => {
    const store = await faces[name]?.();
    const space = store?.namespace();
    const none = untyped(5);
    for (const read of [
      () => store?.namespace(none),
      () => space?.buckets.get(none),
      () => space?.buckets.get("films", { asOf: none }),
      () => space?.buckets.history(none),
      () => space?.buckets.diff("films", { format: none }),
      () => space?.objects(none),
      () => space?.objects("films").get(none),
      () => space?.connections.get(none),
      () => space?.tasks.get(none),
      () => space?.audit.get(none),
      () => space?.sourceAdapter(none),
    ]) {
      await expect(async () => read(), read.toString()).rejects.toMatchObject({
        code: expect.stringMatching(/^(BAD_REQUEST|NOT_FOUND)$/),
      });
    }
  });
});

describe.each(Object.entries(engines))("An event that could not be read back, in %s", (_, open) => {
  it("is refused, and the units beside it are recorded", async () => {
    const { events, keeper } = open();
    const units = new Units();
    await accept(events, units.of(units.create("films")));
    const patch = (description: string, meta = {}) =>
      units.of(units.patch("films", { description }), meta);
    const nobody = { meta: untyped({ actor: 42, request_id: "r" }) };
    const outcomes = await events.commit([patch("one"), patch("two", nobody), patch("three")]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["committed", "refused", "committed"]);
    expect(outcomes[1]).toMatchObject({
      error: { code: "INTERNAL", message: expect.stringContaining("actor: ") },
    });
    expect(await keeper.verify(undefined, () => {})).toMatchObject({ ok: true, events: 3 });
  });
});
