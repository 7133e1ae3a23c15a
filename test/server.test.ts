/** The server in one line, for tests of other programs. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { secretMask } from "../src/domain/secrets.js";
import { startServer } from "../src/server.js";

const seed = [
  {
    command: "create",
    at: "2026-01-01T00:00:00Z",
    actor: "ana",
    reason: "the first",
    body: { bucket_name: "videos", bucket_schema: { properties: {} } },
  },
  { command: "patch", bucket: "videos", body: { description: "seeded" } },
];

function call(server: { url: string; token: string }, path: string, init: RequestInit = {}) {
  const headers = { Authorization: `Bearer ${server.token}`, "Content-Type": "application/json" };
  return fetch(`${server.url}${path}`, { ...init, headers });
}

test("a seed that does not fit is refused with its line", async () => {
  await expect(startServer({ seed: [...seed, { command: "crate" }] })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    details: { line: 3 },
  });
  await expect(startServer({ seed: [seed[0] ?? {}, seed[0] ?? {}] })).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
    details: { line: 2 },
  });
  await expect(startServer({ seed: "no-such-file.ndjson" })).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
});

test("a server starts in one line with a seed, its own times and actors", async () => {
  await using server = await startServer({ seed });
  const answer = await call(server, "/v1/buckets/videos");
  expect(await answer.json()).toMatchObject({
    description: "seeded",
    created_at: "2026-01-01T00:00:00.000Z",
  });
  const entry = await call(server, "/v1/buckets/videos/history/1");
  expect(await entry.json()).toMatchObject({ actor: "ana", reason: "the first" });
});

test("the story of the demo is a seed", async () => {
  const story = fileURLToPath(new URL("../data/story.ndjson", import.meta.url));
  await using server = await startServer({ seed: story });
  const listed = await call(server, "/v1/buckets/list", { method: "POST" });
  expect(await listed.json()).toMatchObject({ total_count: 6 });
  expect((await server.store.verify()).ok).toBe(true);
});

test("a reset goes back to the seed, by HTTP and in the program, and logs nobody out", async () => {
  await using server = await startServer({ seed });
  for (const reset of [
    () => call(server, "/v1/admin/reset", { method: "POST" }),
    () => server.reset(),
  ]) {
    await call(server, "/v1/buckets/videos", { method: "PATCH", body: '{"description": "x"}' });
    await reset();
    const answer = await call(server, "/v1/buckets/videos");
    expect(answer.headers.get("X-Version")).toBe("2");
    expect(await answer.json()).toMatchObject({ description: "seeded" });
  }
});

test("an exported history is a seed: what it tells is there again, also after a reset", async () => {
  const story = fileURLToPath(new URL("../data/story.ndjson", import.meta.url));
  await using original = await startServer({ seed: story });
  const history = (await original.store.events({ namespace: "*" }).page({ limit: 1_000 }))?.results;
  await using again = await startServer({ seed: history ?? [] });
  const everything = async ({ store }: typeof original) => {
    const { results: namespaces } = await store.namespaces.list();
    const lists = namespaces.map(({ namespace_name: name }) =>
      store.namespace(name).buckets.list({ limit: 1_000 }),
    );
    const page = await store.events({ namespace: "*" }).page({ limit: 1_000 });
    // The salts of the chain are of one log alone, and so is how a write was sent.
    const told = page?.results.map(
      ({ hash: _, previous_hash: __, cursor: ___, media_type: ____, ...entry }) => entry,
    );
    const all = { namespaces, buckets: await Promise.all(lists), told };
    // Secrets are in no history.
    const withoutMasks = (_: string, value: unknown) => (value === secretMask ? undefined : value);
    return JSON.parse(JSON.stringify(all), withoutMasks);
  };
  const before = await everything(original);
  expect(before).toMatchObject({ told: { length: 149 } });
  expect(await everything(again)).toEqual(before);
  await again.store.namespace().buckets.delete("product-videos");
  await again.reset();
  expect(await everything(again)).toEqual(before);
});

test("tokens go on after a reset, also those of the seed, and their events come after it", async () => {
  const reader = { command: "create_token", body: { name: "reader", permission: "read" } };
  await using server = await startServer({ seed: [...seed, reader] });
  const { store } = server;
  const ofSeed = server.tokens.get("reader") ?? "";
  const made = await store.tokens.create({ name: "ana", permission: "write" });
  const gone = await store.tokens.create({ name: "gone", permission: "write" });
  await store.tokens.revoke("gone");
  for (let count = 0; count < 2; count += 1) {
    await server.reset();
    const page = await store.events({ namespace: "*" }).page();
    expect(page?.results.map(({ type }) => type)).toEqual([
      "bucket.created",
      "bucket.patched",
      "token.created",
      "token.created",
      "token.rotated",
    ]);
    const opens = [server.token, ofSeed, made.token].map(
      (secret) => store.tokens.authenticate(secret)?.name,
    );
    expect(opens).toEqual(["admin", "reader", "ana"]);
    expect(store.tokens.authenticate(gone.token)).toBeUndefined();
    expect((await store.tokens.list()).map(({ name }) => name)).toEqual(["ana", "reader"]);
    expect(await store.verify()).toMatchObject({ ok: true });
  }
});

test("many servers run side by side, each with its own data", async () => {
  const servers = await Promise.all(Array.from({ length: 8 }, () => startServer({ seed })));
  try {
    expect(new Set(servers.map(({ url }) => url)).size).toBe(8);
    await Promise.all(
      servers.map((server, index) =>
        call(server, "/v1/buckets/videos", {
          method: "PATCH",
          body: JSON.stringify({ description: `server ${index}` }),
        }),
      ),
    );
    for (const [index, server] of servers.entries()) {
      const { bucket } = await server.store.namespace().buckets.get("videos");
      expect(bucket.description).toBe(`server ${index}`);
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test("handles that were taken before a reset go on working after it", async () => {
  await using server = await startServer({ seed });
  const namespace = server.store.namespace("default", { actor: "ben" });
  const { buckets } = namespace;
  const objects = namespace.objects("videos");
  const { namespaces, proofs, tokens } = server.store;
  const { connections, tasks, audit } = namespace;
  const [batches, uploads, syncs] = [
    namespace.batches("videos"),
    namespace.uploads("videos"),
    namespace.syncs("videos"),
  ];
  await objects.create({ title: "gone" });
  await server.reset();
  expect((await buckets.get("videos")).bucket.description).toBe("seeded");
  expect((await objects.list()).results).toEqual([]);
  await objects.create({ title: "new" });
  const { changes } = await buckets.patch("videos", { description: "patched" });
  expect(changes).toHaveLength(1);
  expect((await buckets.history("videos")).results[0]).toMatchObject({ version: 3, actor: "ben" });
  const replayed: unknown[] = [];
  for await (const line of buckets.replay("videos")) replayed.push(line);
  expect(replayed).toHaveLength(4);
  expect((await namespaces.as({ actor: "cy" }).get("default")).namespace.bucket_count).toBe(1);
  for (const handle of [batches, uploads, syncs, connections, tasks]) {
    expect((await handle.list()).results).toEqual([]);
  }
  expect((await audit.list()).results[0]).toMatchObject({ actor_id: "ben" });
  const { token } = await tokens.create({ name: "dan", permission: "read" });
  const opened = tokens.authenticate(token);
  await tokens.as({ actor: "ana" }).revoke("dan");
  // An answer stays as it was given.
  expect(opened).toEqual({ name: "dan", permission: "read", namespaces: null });
  expect(tokens.authenticate(token)).toBeUndefined();
  await expect(proofs.log()).resolves.toMatchObject({ log_id: expect.any(String) });
  await expect(buckets.get("none")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
