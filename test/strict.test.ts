/**
 * Goal: a store that was opened as strict refuses what it does not know wherever a body is taken, and says
 * what was meant; a single write can still be lenient. Method: the same stray fields in all writes, by
 * the library and over HTTP.
 */
import { describe, expect, test } from "vitest";
import { openBuckets } from "../src/index.js";
import { startServer } from "../src/server.js";

type Store = Awaited<ReturnType<typeof openStrict>>;

function openStrict() {
  return openBuckets<unknown>({ file: ":memory:", strict: true });
}

const schema = { properties: { title: { type: "string" } } };
const film = { title: "teaser" };

/** A store with a bucket, an object, an upload, a draft and a submitted batch. */
async function filled(store: Store) {
  const space = store.namespace();
  await space.buckets.create({ bucket_name: "films", bucket_schema: schema });
  const { object } = await space.objects("films").create(film);
  const announced = {
    filename: "a.mp4",
    content_type: "video/mp4",
    create_object_on_confirm: false,
  };
  const { upload } = await space.uploads("films").create(announced);
  await space.uploads("films").receive(upload.upload_id, new Blob(["x"]));
  const draft = { object_ids: [object.object_id] };
  const { batch } = await space.batches("films").create(draft);
  const { batch: waiting } = await space.batches("films").create(draft);
  await space.batches("films").submit(waiting.batch_id);
  return {
    object: object.object_id,
    upload: upload.upload_id,
    batch: batch.batch_id,
    announced,
    draft,
  };
}

const stray = { descripton: "x" };

describe("a strict store refuses what it does not know", () => {
  test.each<[string, (store: Store, made: Awaited<ReturnType<typeof filled>>) => Promise<unknown>]>(
    [
      ["create", (s) => s.namespace().buckets.create({ bucket_name: "b", ...stray })],
      ["patch", (s) => s.namespace().buckets.patch("films", stray)],
      ["lock", (s) => s.namespace().buckets.lock("films", { reason: "x", ...stray })],
      ["revert", (s) => s.namespace().buckets.revert("films", { to: 1, ...stray })],
      [
        "create an object",
        (s) =>
          s
            .namespace()
            .objects("films")
            .create({ ...film, ...stray }),
      ],
      [
        "patch an object",
        (s, { object }) => s.namespace().objects("films").patch(object, { object_id: "obj_1" }),
      ],
      [
        "announce an upload",
        (s, { announced }) =>
          s
            .namespace()
            .uploads("films")
            .create({ ...announced, ...stray }),
      ],
      [
        "announce uploads",
        (s, { announced }) =>
          s
            .namespace()
            .uploads("films")
            .createMany({ uploads: [announced], ...stray }),
      ],
      [
        "confirm an upload",
        (s, { upload }) => s.namespace().uploads("films").confirm(upload, stray),
      ],
      [
        "confirm uploads",
        (s, { upload }) =>
          s
            .namespace()
            .uploads("films")
            .confirmMany({ confirmations: [{ upload_id: upload }], ...stray }),
      ],
      [
        "create a batch",
        (s, { draft }) =>
          s
            .namespace()
            .batches("films")
            .create({ ...draft, ...stray }),
      ],
      ["patch a batch", (s, { batch }) => s.namespace().batches("films").patch(batch, stray)],
      [
        "claim a batch",
        (s) => s.namespace().claimBatch({ worker: "w", lease_seconds: 9, ...stray }),
      ],
      ["create a namespace", (s) => s.namespaces.create({ namespace_name: "n", ...stray })],
      [
        "a transaction",
        (s) => s.namespace().transaction([{ type: "patch", bucket: "films", patch: stray }]),
      ],
    ],
  )("%s", async (_, write) => {
    await using store = await openStrict();
    const made = await filled(store);
    const { position } = await store.head();
    await expect(write(store, made)).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      details: { validation_errors: [{ location: expect.arrayContaining(["body"]) }] },
    });
    expect((await store.head()).position).toBe(position);
  });

  test("and says what was meant", async () => {
    await using store = await openStrict();
    await filled(store);
    await expect(store.namespace().buckets.patch("films", stray)).rejects.toThrow(/description/);
  });

  test("each of many objects by itself", async () => {
    await using store = await openStrict();
    await filled(store);
    const done = await store
      .namespace()
      .objects("films")
      .createMany([film, { ...film, ...stray }]);
    expect([done.succeeded.length, done.failed.map(({ index }) => index)]).toEqual([1, [1]]);
  });

  test("but for a write that says that it is lenient", async () => {
    await using store = await openStrict();
    await filled(store);
    const { buckets } = store.namespace();
    const done = await buckets.patch("films", { ...stray, description: "y" }, { strict: false });
    expect(done.bucket.description).toBe("y");
  });
});

describe("a strict server", () => {
  async function strictServer() {
    const server = await startServer({ strict: true });
    const send = async (path: string, body: unknown, prefer?: string) => {
      const answer = await fetch(`${server.url}${path}`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${server.token}`,
          "Content-Type": "application/json",
          ...(prefer !== undefined && { Prefer: prefer }),
        },
        body: JSON.stringify(body),
      });
      return { status: answer.status, ignored: answer.headers.get("X-Ignored-Fields") };
    };
    return { server, send };
  }
  const bucket = { bucket_name: "films", bucket_schema: schema, ...stray };

  test("refuses unless a request asks it to be lenient", async () => {
    const { server, send } = await strictServer();
    await using _ = server;
    expect(await send("/v1/buckets", bucket)).toMatchObject({ status: 422 });
    const lenient = await send("/v1/buckets", bucket, "handling=lenient");
    expect(lenient).toEqual({ status: 200, ignored: "descripton" });
  });

  test("in lists of objects and of operations as well", async () => {
    const { server, send } = await strictServer();
    await using _ = server;
    await send("/v1/buckets", { bucket_name: "films", bucket_schema: schema });
    const objects = { objects: [film], ...stray };
    const path = "/v1/buckets/films/objects/batch";
    expect(await send(path, objects)).toMatchObject({ status: 422 });
    expect(await send(path, objects, "handling=lenient")).toMatchObject({ status: 200 });
    const patch = { method: "PATCH", path: "/v1/buckets/films", body: stray };
    expect(await send("/v1/transactions", { operations: [patch] })).toMatchObject({ status: 422 });
    const whole = { operations: [{ ...patch, body: {} }], ...stray };
    expect(await send("/v1/transactions", whole)).toMatchObject({ status: 422 });
    expect(await send("/v1/transactions", whole, "handling=lenient")).toMatchObject({
      status: 200,
    });
  });

  test("begins with a seed, which is held to the same", async () => {
    const right = [{ command: "create", body: { bucket_name: "films", bucket_schema: schema } }];
    await using _ = await startServer({ seed: right, strict: true });
    const wrong = [{ command: "create", body: bucket }];
    await expect(startServer({ seed: wrong, strict: true })).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      details: { line: 1 },
    });
  });
});
