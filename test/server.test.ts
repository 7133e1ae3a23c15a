/** The server in one line, for tests of other programs. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
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

test("tokens go on after a reset, also those of the seed, and their events come after it", async () => {
  const reader = { command: "create_token", body: { name: "reader", permission: "read" } };
  await using server = await startServer({ seed: [...seed, reader] });
  const { store } = server;
  const { token: ofSeed } = await store.tokens.rotate("reader");
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
  const { namespaces, proofs } = server.store;
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
  await expect(proofs.log()).resolves.toMatchObject({ log_id: expect.any(String) });
  await expect(buckets.get("none")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
