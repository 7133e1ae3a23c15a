/**
 * Goal: nothing that a store hands out, or is given, is the same object as what it keeps. Method: the
 * same deeds are told to two stores; of the one, everything that is given to it is spoilt before the
 * write is committed, and everything that it gives is spoilt as soon as it comes. Both must end with
 * the same head, which hashes every byte of every event, and with a log that verifies.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBucketsError } from "../../src/domain/errors.js";
import {
  type BucketStore,
  connectBuckets,
  type Namespace,
  openBuckets,
  type WriteOptions,
} from "../../src/index.js";
import { seed } from "../domain/arbitraries.js";
import { depth, isDeep } from "../support/depth.js";
import { serve, startOfTime, temporaryFile, tokens } from "../support/server.js";
import { countingIds } from "../support/story.js";

/** Changes whatever can be changed in a value, to its leaves. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  for (const member of Object.values(value)) spoil(member);
  const key = Array.isArray(value) ? value.length : "spoilt";
  for (const name of [...Object.keys(value), key]) Reflect.set(value, name, "spoilt");
}

/** How a caller treats what it holds. */
interface Hands {
  /** Calls with an input, and may change it before the write can be committed. */
  readonly give: <Input, Output>(
    input: Input,
    call: (input: Input) => Promise<Output>,
  ) => Promise<Output>;
  readonly take: (output: unknown) => void;
}

const careful: Hands = { give: (input, call) => call(input), take: () => {} };
const careless: Hands = {
  give: (input, call) => {
    const done = call(input);
    spoil(input);
    return done;
  },
  take: spoil,
};

interface Telling {
  readonly store: BucketStore<unknown>;
  readonly space: Namespace<WriteOptions, unknown>;
  readonly hands: Hands;
  /** What the deed may use to differ from the other deeds. */
  readonly n: number;
  /** The id of an object, batch or upload that was made before, if any was. */
  readonly known: Map<string, string>;
}

type Deed = (telling: Telling) => Promise<unknown>;

const schema = () => ({
  properties: {
    title: { type: "string" },
    tags: { type: "array" },
    plan: { type: "json" },
    film: { type: "video" },
  },
});
const tree = (n: number) => ({ tags: [`t${n}`, { deep: [n, { leaf: [n] }] }], owner: { name: n } });

async function all<T>(items: AsyncIterable<T>, take: (item: T) => void): Promise<void> {
  for await (const item of items) take(item);
}

const idOf = (known: Map<string, string>, kind: string) => known.get(kind) ?? `${kind}_none`;

const deeds: Readonly<Record<string, Deed>> = {
  create: ({ space, hands, n, known }) => {
    known.set("bkt", `b${n}`);
    return hands.give(
      { bucket_name: `b${n}`, bucket_schema: schema(), metadata: tree(n) },
      (body) => space.buckets.create(body),
    );
  },
  createDry: ({ space, hands, n }) =>
    hands.give({ bucket_name: `dry${n}`, bucket_schema: schema(), metadata: tree(n) }, (body) =>
      space.buckets.create(body, { dryRun: true }),
    ),
  patch: ({ space, hands, n }) =>
    hands.give({ metadata: tree(n) }, (body) => space.buckets.patch("home", body)),
  patchOptions: ({ space, hands, n }) =>
    hands.give(
      { reason: `why ${n}`, dryRun: false, idempotencyKey: `key-${n}`, ifVersion: undefined },
      (options) => space.buckets.patch("home", { description: `d${n}` }, options),
    ),
  patchAgain: ({ space, n }) =>
    space.buckets.patch("home", { description: `d${n}` }, { idempotencyKey: `key-${n}` }),
  merge: ({ space, hands, n }) =>
    hands.give({ metadata: { merged: tree(n) } }, (body) =>
      space.buckets.patch("home", body, { mediaType: "application/merge-patch+json" }),
    ),
  jsonPatch: ({ space, hands, n }) =>
    hands.give([{ op: "add", path: "/metadata/added", value: tree(n) }], (body) =>
      space.buckets.patch("home", body, { mediaType: "application/json-patch+json" }),
    ),
  writeBack: async ({ space, hands }) => {
    const { bucket } = await space.buckets.get("home");
    const written = await space.buckets.patch("home", bucket);
    hands.take(bucket);
    return written;
  },
  patchDry: ({ space, hands, n }) =>
    hands.give({ metadata: tree(n) }, (body) =>
      space.buckets.patch("home", body, { dryRun: true }),
    ),
  stale: ({ space }) => space.buckets.patch("home", { description: "x" }, { ifVersion: 1 }),
  adapter: ({ space, hands, n }) =>
    hands.give(
      {
        source_adapter: {
          adapter_type: "mux",
          webhook_secret: `whsec_of_number_${n}`,
          field_mapping: { title: "data.title" },
          event_filter: { event_types: ["video.asset.ready"] },
          connection: { api_base_url: "https://x.example", credentials: { a: { b: ["c"] } } },
        },
      },
      (body) => space.buckets.patch("home", body),
    ),
  test: ({ space, hands, n }) =>
    hands.give(
      {
        type: "video.asset.ready",
        id: `e${n}`,
        created_at: "2026-10-01T00:00:00Z",
        data: { id: "a" },
      },
      (payload) => space.sourceAdapter("home").test(payload),
    ),
  deliveries: ({ space }) => space.sourceAdapter("home").deliveries(),
  lock: ({ space, hands }) =>
    hands.give({ reason: "audit" }, (body) => space.buckets.lock("home", body)),
  unlock: ({ space }) => space.buckets.unlock("home"),
  revert: ({ space, hands }) =>
    hands.give({ to: 1, fields: ["/metadata"] }, (body) => space.buckets.revert("home", body)),
  undo: async ({ space, hands, n }) => {
    const { version } = await space.buckets.patch("home", { metadata: tree(n + 100) });
    return await hands.give({ undo: version }, (body) => space.buckets.revert("home", body));
  },
  remove: ({ space, known }) => space.buckets.delete(idOf(known, "bkt")),
  get: ({ space }) => space.buckets.get("home"),
  getThen: ({ space }) => space.buckets.get("home", { asOf: "1" }),
  list: ({ space, hands }) =>
    hands.give({ filters: { "metadata.owner.name": 3 }, sort: { field: "bucket_name" } }, (query) =>
      space.buckets.list(query),
    ),
  listAll: ({ space }) => space.buckets.list(),
  listThen: ({ space }) => space.buckets.list({ asOf: "@1" }),
  history: ({ space }) => space.buckets.history("home"),
  entry: ({ space }) => space.buckets.entry("home", 1),
  diff: ({ space }) => space.buckets.diff("home", { from: "1", format: "fields" }),
  blame: ({ space }) => space.buckets.blame("home"),
  replay: async ({ space, hands }) => {
    const lines: unknown[] = [];
    await all(space.buckets.replay("home"), (line) => {
      lines.push(JSON.stringify(line));
      hands.take(line);
    });
    // A line that was spoilt must not show in those after it.
    expect(lines.at(-1)).toMatch(/"matches_view":true/);
  },
  transaction: ({ space, hands, n }) =>
    hands.give(
      [
        { type: "patch" as const, bucket: "home", patch: { metadata: tree(n) }, reason: "first" },
        { type: "create_object" as const, bucket: "home", body: { title: "t", tags: [[n]] } },
        { type: "patch" as const, bucket: "home", patch: { metadata: tree(n + 1) } },
      ],
      (operations) => space.transaction(operations, { reason: "all" }),
    ),
  transactionDry: ({ space, hands, n }) =>
    hands.give([{ type: "patch" as const, bucket: "home", patch: { metadata: tree(n) } }], (made) =>
      space.transaction(made, { dryRun: true }),
    ),
  object: async ({ space, hands, n, known }) => {
    const blobs = [{ property: "plan", type: "json", data: tree(n), metadata: { from: [n] } }];
    const body = { title: `o${n}`, tags: [n, [n]], metadata: tree(n), blobs };
    const made = await hands.give(body, (given) => space.objects("home").create(given));
    known.set("obj", made.object.object_id);
    return made;
  },
  objects: ({ space, hands, n }) =>
    hands.give([{ title: "one", tags: [[n]] }, { title: 5 }, { metadata: tree(n) }], (bodies) =>
      space.objects("home").createMany(bodies, { idempotencyKey: `many-${n}` }),
    ),
  objectPatch: ({ space, hands, n, known }) =>
    hands.give({ metadata: tree(n), tags: [{ n }] }, (body) =>
      space.objects("home").patch(idOf(known, "obj"), body),
    ),
  objectPut: ({ space, hands, n, known }) =>
    hands.give({ metadata: { put: [n] } }, (body) =>
      space.objects("home").put(idOf(known, "obj"), body),
    ),
  objectGet: ({ space, known }) => space.objects("home").get(idOf(known, "obj")),
  objectList: ({ space }) => space.objects("home").list({ sort: { field: "title" } }),
  objectHistory: ({ space, known }) => space.objects("home").history(idOf(known, "obj")),
  aggregate: ({ space, hands }) =>
    hands.give(
      { group_by: [{ field: "title" }], aggregations: [{ function: "count", alias: "n" }] },
      (body) => space.objects("home").aggregate(body),
    ),
  batch: async ({ space, hands, n, known }) => {
    const body = { object_ids: [idOf(known, "obj")], metadata: tree(n) };
    const made = await hands.give(body, (given) => space.batches("home").create(given));
    known.set("btch", made.batch.batch_id);
    return made;
  },
  batchPatch: ({ space, hands, n, known }) =>
    hands.give({ metadata: tree(n) }, (body) =>
      space.batches("home").patch(idOf(known, "btch"), body),
    ),
  submit: ({ space, known }) => space.batches("home").submit(idOf(known, "btch")),
  objectDelete: ({ space, known }) => space.objects("home").delete(idOf(known, "obj")),
  claim: ({ space, hands }) =>
    hands.give({ worker: "w", lease_seconds: 60 }, (body) => space.claimBatch(body)),
  batches: ({ space }) => space.batches("home").list(),
  tasks: ({ space }) => space.tasks.list(),
  upload: async ({ space, hands, n, known }) => {
    const body = {
      filename: "f.mp4",
      content_type: "video/mp4",
      blob_property: "film",
      metadata: tree(n),
    };
    const made = await hands.give(body, (given) => space.uploads("home").create(given));
    known.set("upl", made.upload.upload_id);
    return made;
  },
  uploads: ({ space, hands, n }) =>
    hands.give(
      {
        uploads: [{ filename: "a", content_type: "video/mp4", blob_property: "film" }],
        shared_metadata: tree(n),
      },
      (body) => space.uploads("home").createMany(body),
    ),
  bytes: async ({ space, known }) => {
    const bytes = new TextEncoder().encode("bytes");
    const taken = await space.uploads("home").receive(
      idOf(known, "upl"),
      (async function* () {
        yield bytes;
      })(),
    );
    bytes.fill(0);
    return taken;
  },
  confirm: ({ space, known }) => space.uploads("home").confirm(idOf(known, "upl"), {}),
  uploadGet: ({ space, known }) => space.uploads("home").get(idOf(known, "upl")),
  connection: async ({ space, hands, n, known }) => {
    const body = {
      name: `c${n}`,
      provider_type: "generic",
      provider_config: tree(n),
      metadata: tree(n),
    };
    const made = await hands.give(body, (given) => space.connections.create(given));
    known.set("conn", made.connection.connection_id);
    return made;
  },
  connectionPatch: ({ space, hands, n, known }) =>
    hands.give({ metadata: tree(n), provider_config: tree(n) }, (body) =>
      space.connections.patch(idOf(known, "conn"), body),
    ),
  connections: ({ space }) => space.connections.list(),
  audit: ({ space }) => space.audit.list(),
  feed: ({ store, hands }) =>
    hands.give({ types: ["bucket.patched", "object.created"] }, (query) =>
      store.events(query).page({ limit: 20 }),
    ),
  head: ({ store }) => store.head(),
  token: ({ store, hands, n }) =>
    hands.give({ name: `t${n}`, permission: "read", namespaces: ["default"] }, (body) =>
      store.tokens.create(body),
    ),
  tokens: ({ store }) => store.tokens.list(),
  health: ({ store }) => store.health(),
  rebuild: ({ store }) => store.rebuild(),
};

/** Salts that are counted, so that the same deeds give the same bytes. */
function countingBytes(): (size: number) => Uint8Array {
  let count = 0;
  return (size) => {
    count += 1;
    return Uint8Array.from({ length: size }, (_, index) => (count >> (8 * (index % 4))) & 0xff);
  };
}

interface Face {
  readonly store: BucketStore<unknown>;
  readonly close: () => Promise<void>;
  /** Whether every byte of its events comes from the test. */
  readonly isCounted: boolean;
}

function options() {
  return { clock: () => startOfTime, newId: countingIds(), randomBytes: countingBytes() };
}

const secretKey = "0".repeat(64);

const faces = {
  memory: async (): Promise<Face> => {
    const store = await openBuckets<unknown>({ file: ":memory:", secretKey, ...options() });
    return { store, close: () => store.close(), isCounted: true };
  },
  SQLite: async (): Promise<Face> => {
    const { file, remove } = temporaryFile();
    const durability = "relaxed";
    const store = await openBuckets<unknown>({ file, secretKey, durability, ...options() });
    const close = async () => {
      await store.close();
      remove();
    };
    return { store, close, isCounted: true };
  },
  "the client": async (): Promise<Face> => {
    const service = await serve({
      durability: "relaxed",
      publicUrl: "https://x.example",
      ...options(),
    });
    const store = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
    return { store, close: service.close, isCounted: false };
  },
} satisfies Readonly<Record<string, () => Promise<Face>>>;

/**
 * What the deeds brought, by code where they were refused, and how the log ended: by the hash, unless
 * the face puts keys of its own on its writes.
 */
async function tell(open: () => Promise<Face>, names: readonly string[], hands: Hands) {
  const { store, close, isCounted } = await open();
  try {
    const space = store.namespace("default", { actor: "ana", requestId: "req-1" });
    const known = new Map<string, string>();
    const told: string[] = [];
    const make = deeds["create"];
    const body = { bucket_name: "home", bucket_schema: schema(), metadata: tree(0) };
    hands.take(await hands.give(body, (given) => space.buckets.create(given)));
    for (const [n, name] of names.entries()) {
      try {
        const output = await (deeds[name] ?? make)?.({ store, space, hands, n, known });
        told.push(`${name}: done`);
        hands.take(output);
      } catch (error) {
        if (!isBucketsError(error)) throw error;
        told.push(`${name}: ${error.code}`);
        hands.take(error.details);
      }
    }
    const { ok, fault } = await store.verify();
    const document = JSON.stringify((await space.buckets.get("home")).bucket);
    const { hash, ...end } = await store.head();
    const head = isCounted ? { ...end, hash } : end;
    return { told, head, verified: { ok, fault }, document };
  } finally {
    await close();
  }
}

const everyDeed = Object.keys(deeds);

describe.each(Object.entries(faces))("What is shared with %s", (name, open) => {
  // By a client it takes as long as by all the others.
  it.runIf(isDeep || name !== "the client")(
    "is nothing that can be changed: every deed, in its order",
    async () => {
      const twice = [...everyDeed, ...everyDeed];
      const kept = await tell(open, twice, careful);
      expect(kept.verified).toEqual({ ok: true, fault: undefined });
      expect(await tell(open, twice, careless)).toEqual(kept);
      const undone = everyDeed.filter((deed) => !kept.told.includes(`${deed}: done`));
      expect(undone, "deeds that were always refused").toEqual(["stale"]);
    },
  );

  it("is nothing that can be changed: any deeds, in any order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...everyDeed), { minLength: 5, maxLength: 40 }),
        async (names) => {
          expect(await tell(open, names, careless)).toEqual(await tell(open, names, careful));
        },
      ),
      {
        seed,
        numRuns: depth({ smoke: name === "the client" ? 1 : 2, deep: name === "memory" ? 40 : 6 }),
      },
    );
  });
});

describe("What a store hands out", () => {
  it("is not changed by who holds it, so that the next write says what it does", async () => {
    for (const { store, close } of [await faces.memory(), await faces.SQLite()]) {
      const { buckets } = store.namespace();
      const made = { bucket_name: "p", bucket_schema: schema(), metadata: { tags: ["a"] } };
      const { bucket } = await buckets.create(made);
      expect(() => Reflect.apply(Array.prototype.push, bucket.metadata["tags"], ["b"])).toThrow(
        TypeError,
      );
      const { changes } = await buckets.patch("p", { metadata: { tags: ["a", "b"] } });
      expect(changes).toEqual([
        { op: "replace", path: "/metadata/tags", value: ["a", "b"], was: ["a"] },
      ]);
      expect((await store.verify()).ok).toBe(true);
      await close();
    }
  });
});
