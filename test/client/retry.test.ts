/**
 * Goal: what is asked for once is done once, however bad the connection. Method: a proxy that cuts
 * connections before, after and amid answers, and puts in answers of its own; the log has the truth.
 */
import { describe, expect, it } from "vitest";
import { connectBuckets } from "../../src/index.js";
import { type Fault, proxyBefore } from "../support/proxy.js";
import { type Service, serveTest, tokens } from "../support/server.js";

const schema = { bucket_schema: { properties: {} } };

/** A service with a bucket, and a client that reaches it through a proxy. */
async function behindProxy(options: { readonly retries?: number } = {}) {
  const service = await serveTest();
  await service.store.namespace().buckets.create({ bucket_name: "films", ...schema });
  const proxy = await proxyBefore(service.url);
  const store = connectBuckets<unknown>({ baseUrl: proxy.url, token: tokens.admin, ...options });
  return { service, proxy, store, buckets: store.namespace().buckets };
}

async function typesOf(service: Service): Promise<string[]> {
  const page = await service.store.events().page({ limit: 1_000 });
  return page?.results.map(({ type }) => type) ?? [];
}

const busy: Fault = {
  status: 503,
  headers: { "Content-Type": "application/json", "Retry-After": "1" },
  body: JSON.stringify({
    success: false,
    status: 503,
    error: { message: "Busy.", type: "UnavailableError", code: "OVERLOADED", details: {} },
  }),
};

describe("A write", () => {
  it.each<[string, Fault]>([
    ["before the server has seen it", "cut before"],
    ["after it was committed", "cut after"],
    ["amid its answer", "cut amid"],
    ["by a gateway", { status: 502, body: "<html>Bad gateway</html>" }],
  ])("that is cut off %s is one event", async (_, fault) => {
    const { service, proxy, buckets } = await behindProxy();
    proxy.faults.push(fault, fault);
    const written = await buckets.patch("films", { description: "new" });
    expect(written).toMatchObject({
      bucket: { description: "new" },
      version: 2,
      changes: [{ op: "add", path: "/description", value: "new" }],
      replayed: fault === "cut after" || fault === "cut amid",
    });
    expect(await typesOf(service)).toEqual(["bucket.created", "bucket.patched"]);
    expect(proxy.requests).toHaveLength(3);
    const keys = proxy.requests.map(({ headers }) => headers.get("Idempotency-Key"));
    expect(new Set(keys).size).toBe(1);
  });

  it("of any kind is done once", async () => {
    const { service, proxy, buckets } = await behindProxy();
    const cut = <T>(act: () => Promise<T>) => {
      proxy.faults.push("cut after");
      return act();
    };
    await cut(() => buckets.create({ bucket_name: "songs", ...schema }));
    await cut(() => buckets.lock("songs"));
    await cut(() => buckets.unlock("songs"));
    await cut(() => buckets.archive("songs"));
    await cut(() => buckets.activate("songs"));
    await cut(() => buckets.suspend("songs"));
    await cut(() => buckets.activate("songs"));
    await cut(() => buckets.patch("songs", { description: "x" }, { ifVersion: 7 }));
    await cut(() => buckets.revert("songs", { undo: 8 }));
    const { task } = await cut(() => buckets.delete("songs"));
    await cut(() => buckets.restore(task.bucket_id));
    expect((await typesOf(service)).slice(1)).toEqual([
      "bucket.created",
      "bucket.locked",
      "bucket.unlocked",
      "bucket.archived",
      "bucket.activated",
      "bucket.suspended",
      "bucket.activated",
      "bucket.patched",
      "bucket.undone",
      "bucket.deleted",
      "bucket.restored",
    ]);
  });

  it("keeps the key that it was given, with quotes and all", async () => {
    const { service, proxy, buckets } = await behindProxy();
    proxy.faults.push("cut after");
    for (const key of ["mine", '"mine"']) {
      await buckets.patch("films", { description: key }, { idempotencyKey: key });
    }
    const { results } = await service.store.namespace().buckets.history("films", { order: "asc" });
    expect(results.map((entry) => entry.idempotency_key)).toEqual([undefined, "mine", '"mine"']);
  });

  it("that is given up says that it may have been done, and can be done under its key", async () => {
    const { service, proxy, buckets } = await behindProxy({ retries: 1 });
    proxy.faults.push("cut after", "cut before");
    const patch = { description: "new" };
    const error: unknown = await buckets.patch("films", patch).catch((refused) => refused);
    expect(error).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      details: { outcome: "unknown", idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    const { idempotency_key: idempotencyKey } = Object(error).details;
    const again = await buckets.patch("films", patch, { idempotencyKey });
    expect(again).toMatchObject({ version: 2, replayed: true });
    expect(await typesOf(service)).toHaveLength(2);
  });

  it("that was refused is not sent again", async () => {
    const { proxy, buckets } = await behindProxy();
    const refused = buckets.patch("films", { metadata: 5 });
    await expect(refused).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    expect(proxy.requests).toHaveLength(1);
  });

  it("without a key to be repeated under is sent once", async () => {
    const { service, proxy, store } = await behindProxy();
    proxy.faults.push("cut after");
    const creating = store.tokens.create({ name: "ana", permission: "read" });
    await expect(creating).rejects.toMatchObject({
      code: "OUTCOME_UNKNOWN",
      details: { outcome: "unknown" },
    });
    expect(proxy.requests).toHaveLength(1);
    expect(await service.store.tokens.list()).toMatchObject([{ name: "ana" }]);
  });

  it("of a token under a key is sent again, and then hides the secret that was lost", async () => {
    const { service, proxy, store } = await behindProxy();
    proxy.faults.push("cut after");
    const ana = { name: "ana", permission: "read" };
    const made = await store.tokens.create(ana, { idempotencyKey: "ana" });
    expect(made).toMatchObject({ name: "ana", token: "********", replayed: true });
    proxy.faults.push("cut after");
    expect(await store.tokens.revoke("ana")).toEqual({ replayed: true });
    expect(proxy.requests).toHaveLength(4);
    expect(await service.store.tokens.list()).toEqual([]);
  });

  it("in dry run leaves no key behind and is sent again", async () => {
    const { service, proxy, buckets } = await behindProxy();
    proxy.faults.push("cut after");
    const dry = await buckets.patch("films", { description: "new" }, { dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, version: 2, position: 2, replayed: false });
    expect(proxy.requests.map(({ headers }) => headers.get("Idempotency-Key"))).toEqual([
      null,
      null,
    ]);
    expect(await typesOf(service)).toHaveLength(1);
  });
});

describe("A read", () => {
  it.each<Fault>(["cut before", "cut after", "cut amid"])(
    "that meets a %s is repeated",
    async (fault) => {
      const { proxy, buckets } = await behindProxy();
      proxy.faults.push(fault);
      expect((await buckets.get("films")).version).toBe(1);
      expect((await buckets.list()).total_count).toBe(1);
      expect(proxy.requests).toHaveLength(3);
    },
  );

  it("comes back when a busy server said, and not before", async () => {
    const { proxy, buckets } = await behindProxy();
    proxy.faults.push(busy);
    const started = performance.now();
    expect((await buckets.get("films")).version).toBe(1);
    expect(performance.now() - started).toBeGreaterThanOrEqual(1_000);
    expect(proxy.requests).toHaveLength(2);
  });

  it("is given up after so many tries, with what the server said", async () => {
    const { proxy, buckets } = await behindProxy({ retries: 2 });
    const refused: Fault = { ...busy, headers: { "Retry-After": "0" } };
    proxy.faults.push(refused, refused, refused);
    await expect(buckets.get("films")).rejects.toMatchObject({
      code: "OVERLOADED",
      message: "Busy.",
    });
    expect(proxy.requests).toHaveLength(3);
  });

  it("does not wait an hour because a server says so", async () => {
    const { proxy, buckets } = await behindProxy();
    const later = new Date(Date.now() + 3_600_000).toUTCString();
    proxy.faults.push({ ...busy, headers: { "Retry-After": later } });
    await expect(buckets.get("films")).rejects.toMatchObject({ code: "OVERLOADED" });
    expect(proxy.requests).toHaveLength(1);
  });
});

describe("A replay", () => {
  it("is repeated until it has begun, and then passes on what breaks it", async () => {
    const { proxy, buckets } = await behindProxy();
    await buckets.patch("films", { description: "new" });
    const take = async () => {
      const versions: number[] = [];
      for await (const line of buckets.replay("films")) {
        if ("event" in line) versions.push(line.event.version);
        if ("version" in line) versions.push(line.version);
      }
      return versions;
    };
    proxy.faults.push("cut before");
    expect(await take()).toEqual([1, 2, 2]);
    proxy.faults.push("cut amid");
    await expect(take()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  it("that ends before its last line is none", async () => {
    const { service, proxy, buckets } = await behindProxy();
    const { text } = await service.get("/v1/buckets/films/replay");
    const [first = ""] = text.split("\n");
    proxy.faults.push({ status: 200, body: `${first}\n` });
    const lines = buckets.replay("films")[Symbol.asyncIterator]();
    expect((await lines.next()).value).toMatchObject({ event: { version: 1 } });
    await expect(lines.next()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });
});
