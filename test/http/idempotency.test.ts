/**
 * Goal: a request that is sent twice under one Idempotency-Key is done once and answered alike.
 * Method: repeat requests in every way that clients and networks do, also across the death of the
 * server between the commit and the answer.
 */
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { limits } from "../../src/domain/limits.js";
import { connectBuckets } from "../../src/index.js";
import {
  type Answer,
  at,
  bucketOf,
  createClient,
  day,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  makeBucket,
  type Sending,
  sendRaw,
  serve,
  serveTest,
  TestClock,
  temporaryFile,
  textAt,
  tokens,
} from "../support/server.js";
import { startServerProcess } from "../support/server-process.js";

function under(key: string, more: Sending = {}): Sending {
  return { ...more, headers: { ...more.headers, "Idempotency-Key": key } };
}

/** Everything of an answer that a replay must repeat. */
function essence(answer: Answer) {
  const names = ["ETag", "X-Version", "X-Position", "Location", "Content-Type"];
  return {
    status: answer.status,
    text: answer.text,
    ...Object.fromEntries(names.map((name) => [name, answer.headers.get(name)])),
  };
}

function expectReplay(again: Answer, first: Answer): void {
  expect(essence(again)).toEqual(essence(first));
  expect(again.headers.get("Idempotency-Replayed")).toBe("true");
  expect(first.headers.get("Idempotency-Replayed")).toBeNull();
}

describe("An Idempotency-Key", () => {
  it.each(["", '""', "a b", "k".repeat(256), '"unfinished key'])("refuses %j", async (key) => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const patch = () => service.patch(path, { description: "x" }, under(key));
    expectRefusal(await leavesNoTrace(service, path, patch), 400, "BadRequestError");
  });

  it("is refused when it comes on two header lines", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const before = await service.store.head();
    const answer = await sendRaw(
      service.url,
      [
        `PATCH ${path} HTTP/1.1`,
        "Host: localhost",
        `Authorization: Bearer ${tokens.admin}`,
        "Content-Type: application/json",
        "Idempotency-Key: one",
        "Idempotency-Key: one",
        "Connection: close",
        "Content-Length: 2",
        "",
        "{}",
      ].join("\r\n"),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await service.store.head()).toEqual(before);
  });

  it("may have 255 characters", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const key = "k".repeat(255);
    const first = await service.patch(path, { description: "x" }, under(key));
    expectReplay(await service.patch(path, { description: "x" }, under(key)), first);
  });

  it("cannot be used for another request: method, path, query, media type or body", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.patch(path, { description: "x" }, under("key"));
    const others: (() => Promise<Answer>)[] = [
      () => service.patch(path, { description: "y" }, under("key")),
      () => service.merge(path, { description: "x" }, under("key")),
      () => service.send("PUT", path, under("key", { json: { description: "x" } })),
      () => service.patch("/v1/buckets/videos", { description: "x" }, under("key")),
      () => service.patch(`${path}?dry_run=false`, { description: "x" }, under("key")),
      () => service.post(`${path}/lock`, {}, under("key")),
      () =>
        service.post(
          "/v1/buckets",
          { bucket_name: "other", bucket_schema: { properties: {} } },
          under("key"),
        ),
    ];
    for (const other of others) {
      const answer = await leavesNoTrace(service, path, other);
      expectRefusal(answer, 422, "ValidationError");
      expect(at(answer, "error", "code")).toBe("IDEMPOTENCY_KEY_REUSED");
    }
  });

  it("is optional, and stands on the event", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.patch(path, {});
    await service.patch(path, {}, under('"quoted-key"'));
    const [, without, keyed] = await eventsOf(service, path);
    expect(without).not.toHaveProperty("idempotency_key");
    expect(keyed).toMatchObject({ idempotency_key: "quoted-key" });
  });
});

describe("A repeated request", () => {
  it("gets the first answer again, whatever happened since", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const body = { bucket_name: "first name", bucket_schema: { properties: {} } };
    const created = await service.post("/v1/buckets", body, under("create"));
    const path = header(created, "Location");
    const sending = under("patch", { headers: { "If-Match": '"1.0"' } });
    const patched = await service.patch(path, { bucket_name: "second name" }, sending);
    clock.advance(1_000);
    const locked = await service.post(`${path}/lock`, { reason: "audit" }, under("lock"));
    clock.advance(1_000);

    expectReplay(await service.post("/v1/buckets", body, under("create")), created);
    expectReplay(await service.patch(path, { bucket_name: "second name" }, sending), patched);
    expectReplay(await service.post(`${path}/lock`, { reason: "audit" }, under("lock")), locked);
    expect(await eventsOf(service, path)).toHaveLength(3);
  });

  it("may send its key quoted or bare", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const first = await service.patch(path, { description: "x" }, under("a"));
    expectReplay(await service.patch(path, { description: "x" }, under('"a"')), first);
  });

  it("gets 204 again when it wants no body", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const sending = under("a", { headers: { Prefer: "return=minimal" } });
    const first = await service.patch(path, { description: "x" }, sending);
    expect(first.status).toBe(204);
    expectReplay(await service.patch(path, { description: "x" }, sending), first);
  });

  it("is another request for another token or in another namespace", async () => {
    const service = await serveTest();
    const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
    const first = await service.post("/v1/buckets", body, under("key"));
    const elsewhere = await service.post("/v1/buckets", body, under("key", { namespace: "other" }));
    expect(elsewhere.status).toBe(200);
    expect(elsewhere.headers.get("Idempotency-Replayed")).toBeNull();
    expect(textAt(elsewhere, "bucket_id")).not.toBe(textAt(first, "bucket_id"));
    const other = await service.post("/v1/buckets", body, under("key", { token: "write" }));
    expectRefusal(other, 409, "AlreadyExistsError");
    // X-Actor changes who speaks, not whose key it is.
    const spoken = under("key", { headers: { "X-Actor": "somebody" } });
    expectReplay(await service.post("/v1/buckets", body, spoken), first);
  });

  it("waits for the first one while that is running", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        service.patch(path, { source_adapter: { adapter_type: "mux" } }, under("same")),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((answer) => header(answer, "ETag")))).toEqual(new Set(['"2.0"']));
    const firsts = answers.filter((one) => one.headers.get("Idempotency-Replayed") === null);
    expect(firsts).toHaveLength(1);
    const shown = answers.filter(({ text }) => text.includes("whsec_"));
    expect(shown).toEqual(firsts);
    expect(await eventsOf(service, path)).toHaveLength(2);
  });

  it("is tried again when the first was refused", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.post("/v1/buckets", { bucket_name: "taken", bucket_schema: { properties: {} } });
    const stale = await service.patch(path, {}, under("k", { headers: { "If-Match": '"9.0"' } }));
    expectRefusal(stale, 412, "PreconditionFailedError");
    expectRefusal(
      await service.patch(path, { bucket_name: "taken" }, under("k")),
      409,
      "AlreadyExistsError",
    );
    expectRefusal(await service.patch(path, { metadata: 5 }, under("k")), 422, "ValidationError");
    const absent = "/v1/buckets/absent";
    expectRefusal(await service.patch(absent, {}, under("k")), 404, "NotFoundError");
    const done = await service.patch(path, { description: "at last" }, under("k"));
    expect(bucketOf(done).description).toBe("at last");
    expect(done.headers.get("Idempotency-Replayed")).toBeNull();
  });

  it("is done for real after a dry run under the same key", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const dry = await service.patch(`${path}?dry_run=true`, { description: "x" }, under("k"));
    expect(at(dry, "dry_run")).toBe(true);
    const done = await service.patch(path, { description: "x" }, under("k"));
    expect(bucketOf(done).description).toBe("x");
    expect(done.headers.get("Idempotency-Replayed")).toBeNull();
  });

  it("is known for seven days, and new after that", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const path = await makeBucket(service);
    expect(limits.idempotencyRetentionMs).toBe(7 * day);
    const patch = () => service.patch(path, { description: "x" }, under("k"));
    const first = await patch();
    clock.advance(7 * day);
    // A write sweeps away old keys: this one is not old yet.
    await service.patch(path, {});
    expectReplay(await patch(), first);
    clock.advance(1);
    const anew = await patch();
    expect(anew.headers.get("Idempotency-Replayed")).toBeNull();
    expect(header(anew, "X-Version")).toBe("4");
    expectReplay(await patch(), anew);
  });

  it("shows a secret that was made for it only the first time", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const patch = () =>
      service.patch(path, { source_adapter: { adapter_type: "mux" } }, under("k"));
    const first = await patch();
    expect(textAt(first, "source_adapter", "webhook_secret")).toMatch(/^whsec_[\w+/]{43}=$/);
    const again = await patch();
    expect(textAt(again, "source_adapter", "webhook_secret")).toBe("********");
    expect(header(again, "ETag")).toBe(header(first, "ETag"));
    expect(header(again, "Idempotency-Replayed")).toBe("true");
  });
});

/** It is killed with the test at the latest. */
async function startChild(file: string, ...more: readonly string[]) {
  const started = await startServerProcess(file, tokens.admin, ...more);
  onTestFinished(started.kill);
  return started;
}

describe("A server that is killed", () => {
  it("between commit and answer: the retry gets the answer, and there is one event", async () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    const first = await serve({ file });
    const path = await makeBucket(first);
    await first.close();

    const dying = await startChild(file, "dies");
    const gone = once(dying.child, "exit");
    const patch = (url: string, key: string) =>
      createClient(url).patch(path, { description: key }, under(key));
    await expect(patch(dying.url, "lost")).rejects.toThrow();
    expect(await gone).toEqual([null, "SIGKILL"]);

    const next = await startChild(file);
    const retried = await patch(next.url, "lost");
    expect(bucketOf(retried).description).toBe("lost");
    expect(header(retried, "Idempotency-Replayed")).toBe("true");
    expect(header(retried, "X-Version")).toBe("2");
    const answered = await patch(next.url, "answered");
    next.child.kill("SIGKILL");
    await once(next.child, "exit");

    const last = await serveTest({ file });
    expectReplay(await patch(last.url, "answered"), answered);
    expect(essence(await patch(last.url, "lost"))).toEqual(essence(retried));
    expect(await eventsOf(last, path)).toHaveLength(3);
  });
});

describe("a dry run under a key", () => {
  const body = { bucket_name: "new", bucket_schema: { properties: {} } };

  it("that was used is a 422 without a trace, also of the same request", async () => {
    const service = await serveTest();
    const headers = { "Idempotency-Key": "used" };
    const path = await makeBucket(service, body, { headers });
    const patched = { headers: { "Idempotency-Key": "patched" } };
    await service.patch(path, { description: "x" }, patched);
    const refused = await leavesNoTrace(service, path, () =>
      service.post("/v1/buckets?dry_run=true", body, { headers }),
    );
    expectRefusal(refused, 422, "ValidationError");
    const again = await service.patch(`${path}?dry_run=true`, { description: "x" }, patched);
    expectRefusal(again, 422, "ValidationError");
    const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
    for (const store of [service.store, client]) {
      const { buckets } = store.namespace();
      const options = { idempotencyKey: store === client ? "client" : "library" };
      await buckets.patch("new", { description: "y" }, options);
      await expect(
        buckets.patch("new", { description: "y" }, { ...options, dryRun: true }),
      ).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    }
    await client.close();
  });
});
