/**
 * Transactions over HTTP: many writes in one unit, refused whole, each answered as it would be alone.
 */
import { describe, expect, test } from "vitest";
import {
  type Answer,
  at,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  type Sending,
  type Service,
  serveTest,
  TestClock,
  textAt,
} from "../support/server.js";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function transact(
  service: Service,
  operations: unknown,
  { query = "", ...sending }: Sending & { readonly query?: string } = {},
): Promise<Answer> {
  return service.post(`/v1/transactions${query}`, { operations }, sending);
}

const create = (name: string): Operation => ({
  method: "POST",
  path: "/v1/buckets",
  body: { bucket_name: name, bucket_schema: { properties: {} } },
});

const patch = (name: string, body: object, headers = {}): Operation => ({
  method: "PATCH",
  path: `/v1/buckets/${name}`,
  body,
  headers,
});

describe("A transaction that is malformed", () => {
  const good = create("fresh");
  test.for<[string, unknown, number, string]>([
    ["without operations", undefined, 422, "operations"],
    ["of no operations", [], 422, "operations"],
    ["of 101 operations", Array(101).fill(good), 422, "operations"],
    ["of what is no list", good, 422, "operations"],
    ["with an operation without a path", [good, { method: "PATCH" }], 422, "path"],
    ["with a read", [good, { method: "GET", path: "/v1/buckets/x" }], 422, "path"],
    ["with a list", [good, { method: "POST", path: "/v1/buckets/list" }], 422, "path"],
    ["within a transaction", [good, { method: "POST", path: "/v1/transactions" }], 422, "path"],
    ["with a path that is not UTF-8", [good, patch("%ff", {})], 422, "path"],
    ["with an unknown header", [good, patch("a", {}, { Cookie: "x" })], 422, "Cookie"],
    [
      "with a key inside",
      [good, patch("a", {}, { "Idempotency-Key": "k" })],
      422,
      "Idempotency-Key",
    ],
    ["with a header that is no text", [good, patch("a", {}, { Prefer: 1 })], 422, "Prefer"],
  ])("%s is refused with the place", async ([, operations, status, place]) => {
    const service = await serveTest();
    const answer = await leavesNoTrace(service, undefined, () => transact(service, operations));
    expectRefusal(answer, status, "ValidationError");
    const [issue] = listAt(answer, "error", "details", "validation_errors");
    expect(JSON.stringify(issue)).toContain(`"${place}"`);
  });

  test.for<[string, Operation, number]>([
    ["a parameter that is unknown", { ...create("b"), path: "/v1/buckets?dry_run=true" }, 400],
    ["another media type", patch("a", {}, { "Content-Type": "text/plain" }), 415],
    ["no body where one is needed", { method: "PATCH", path: "/v1/buckets/a" }, 400],
    ["a malformed condition", patch("a", {}, { "If-Match": "12" }), 400],
    ["a body that does not fit", patch("a", { metadata: 1 }), 422],
    ["a target that is not there", patch("absent", {}), 404],
    ["a name that is taken", create("a"), 409],
    ["a version that is not current", patch("a", {}, { "If-Match": '"9"' }), 412],
  ])("with %s is refused like that operation, which is named", async ([, operation, status]) => {
    const service = await serveTest();
    await makeBucket(service, { bucket_name: "a" });
    const answer = await leavesNoTrace(service, "/v1/buckets/a", () =>
      transact(service, [create("first"), operation]),
    );
    expect(answer.status, answer.text).toBe(status);
    const { method, path } = operation;
    expect(at(answer, "error", "details")).toMatchObject({ operation_index: 1, method, path });
    expect((await service.get("/v1/buckets/first")).status).toBe(404);
  });

  test("with a condition of its own is refused, because nothing would heed it", async () => {
    const service = await serveTest();
    const headers = { "If-Match": '"1"' };
    expectRefusal(await transact(service, [create("a")], { headers }), 400, "BadRequestError");
  });

  test("needs the permission of every operation, before anything else is looked at", async () => {
    const service = await serveTest();
    const operations = [
      { method: "PATCH" },
      patch("absent", {}),
      { method: "DELETE", path: "/v1/buckets/absent" },
    ];
    const answer = await transact(service, operations, { token: "write" });
    expectRefusal(answer, 403, "ForbiddenError");
    expect(at(answer, "error", "details")).toMatchObject({ operation_index: 2, needed: "delete" });
  });

  test("with unknown fields names them, or refuses them when strict", async () => {
    const service = await serveTest();
    const operations = [{ ...create("a"), colour: "red" }];
    const lenient = await transact(service, operations);
    expect(header(lenient, "X-Ignored-Fields")).toBe("operations.0.colour");
    const headers = { Prefer: "handling=strict" };
    expectRefusal(await transact(service, operations, { headers }), 422, "ValidationError");
  });
});

describe("A transaction", () => {
  test("answers each operation as it would be answered alone", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const answer = await transact(service, [
      create("films"),
      patch("films", { colour: "red", description: "a" }, { "If-Match": '"1"' }),
      patch("films", { metadata: { a: 1 } }, { Prefer: "return=minimal" }),
      { method: "DELETE", path: "/v1/buckets/films", body: null },
    ]);
    expect(answer.status, answer.text).toBe(200);
    const id = textAt(answer, "results", "0", "body", "bucket_id");
    expect(at(answer, "results")).toMatchObject([
      { status: 200, headers: { ETag: '"1.0"', "X-Position": "1", Location: `/v1/buckets/${id}` } },
      { status: 200, headers: { ETag: '"2.0"', "X-Ignored-Fields": "colour" } },
      { status: 204, headers: { ETag: '"3.0"' } },
      { status: 200, headers: { ETag: '"4.0"' }, body: { task_type: "api_buckets_delete" } },
    ]);
    expect(at(answer, "results", "1", "body", "description")).toBe("a");
    expect(at(answer, "results", "2", "body")).toBeUndefined();
  });

  test("marks its events with one id, and each with its own reason or that of all", async () => {
    const service = await serveTest();
    const operations = [create("a"), patch("a", {}, { "X-Reason": "its%20own" })];
    const headers = { "X-Reason": "for all" };
    const answer = await transact(service, operations, { headers });
    const id = textAt(answer, "transaction_id");
    expect(id).toMatch(/^txn_[0-9a-z]{26}$/);
    expect(await eventsOf(service, "/v1/buckets/a")).toMatchObject([
      { transaction_id: id, reason: "for all" },
      { transaction_id: id, reason: "its own" },
    ]);
  });

  test("lets each operation see what those before it left: two buckets swap their names", async () => {
    const service = await serveTest();
    const [a, b] = [
      await makeBucket(service, { bucket_name: "a" }),
      await makeBucket(service, { bucket_name: "b" }),
    ];
    const answer = await transact(service, [
      patch("a", { bucket_name: "c" }),
      patch("b", { bucket_name: "a" }),
      patch("c", { bucket_name: "b" }),
    ]);
    expect(answer.status, answer.text).toBe(200);
    expect(textAt(await service.get(a), "bucket_name")).toBe("b");
    expect(textAt(await service.get(b), "bucket_name")).toBe("a");
  });

  test("takes back an event of a bucket that it has changed and renamed itself", async () => {
    const service = await serveTest();
    const bucket = await makeBucket(service, { bucket_name: "a" });
    await service.patch(bucket, { description: "to be undone" });
    const revert = (body: object) => ({ method: "POST", path: "/v1/buckets/b/revert", body });
    const operations = [patch("a", { bucket_name: "b", metadata: { x: 1 } }), revert({ undo: 2 })];
    const answer = await transact(service, operations);
    expect(answer.status, answer.text).toBe(200);
    const { description, metadata } = Object((await service.get(bucket)).body);
    expect({ description, metadata }).toEqual({ description: undefined, metadata: { x: 1 } });
    const touched = await transact(service, [
      patch("b", { metadata: { x: 2 } }),
      revert({ undo: 3 }),
    ]);
    expectRefusal(touched, 409, "ConflictError");
    const made = await transact(service, [
      create("fresh"),
      { ...revert({ to: 1 }), path: "/v1/buckets/fresh/revert" },
    ]);
    expectRefusal(made, 404, "NotFoundError");
  });

  test("that is dry records nothing, and shows what it would do", async () => {
    const service = await serveTest();
    const operations = [create("a"), patch("a", { description: "b" })];
    const answer = await leavesNoTrace(service, undefined, () =>
      transact(service, operations, { query: "?dry_run=true" }),
    );
    expect(answer.body).toMatchObject({
      dry_run: true,
      changes: expect.arrayContaining([{ op: "add", path: "/description", value: "b" }]),
      result: { results: [{ status: 200 }, { body: { result: { description: "b" } } }] },
    });
  });

  test("is done once under its key, and answered again as of then", async () => {
    const service = await serveTest();
    const operations = [create("a"), patch("a", { description: "then" })];
    const headers = { "Idempotency-Key": "once" };
    const first = await transact(service, operations, { headers });
    await service.patch("/v1/buckets/a", { bucket_name: "b", description: "now" });
    const again = await transact(service, operations, { headers });
    expect(header(again, "Idempotency-Replayed")).toBe("true");
    expect(again.body).toEqual(first.body);
    const other = await transact(service, [create("c")], { headers });
    expectRefusal(other, 422, "ValidationError");
    expect(at(other, "error", "details", "operation_index")).toBeUndefined();
  });

  test("of an undo is answered again under its key when the bucket has another name", async () => {
    const service = await serveTest();
    const bucket = await makeBucket(service, { bucket_name: "a" });
    await service.patch(bucket, { description: "x" });
    const operations = [{ method: "POST", path: "/v1/buckets/a/revert", body: { undo: 2 } }];
    const headers = { "Idempotency-Key": "undo" };
    const first = await transact(service, operations, { headers });
    await service.patch(bucket, { bucket_name: "b" });
    const again = await transact(service, operations, { headers });
    expect(again.body).toEqual(first.body);
  });

  test("shows a secret that was made in it once, and masks it in a replay", async () => {
    const service = await serveTest();
    const adapter = { source_adapter: { adapter_type: "mux" } };
    const operations = [create("a"), patch("a", adapter)];
    const headers = { "Idempotency-Key": "secret" };
    const first = await transact(service, operations, { headers });
    expect(textAt(first, "results", "1", "body", "source_adapter", "webhook_secret")).toMatch(
      /^whsec_/,
    );
    const again = await transact(service, operations, { headers });
    expect(textAt(again, "results", "1", "body", "source_adapter", "webhook_secret")).toBe(
      "********",
    );
  });

  test("of a hundred operations is one commit, and takes its place as a whole", async () => {
    const service = await serveTest();
    const operations = Array.from({ length: 100 }, (_, index) => create(`bucket ${index}`));
    const [whole, single] = await Promise.all([
      transact(service, operations),
      service.post("/v1/buckets", create("single").body),
    ]);
    expect(whole.status).toBe(200);
    const positions = listAt(whole, "results").map((_, index) =>
      Number(textAt(whole, "results", String(index), "headers", "X-Position")),
    );
    const first = positions[0] ?? 0;
    expect(positions).toEqual(operations.map((_, index) => first + index));
    expect([1, 101]).toContain(Number(header(single, "X-Position")));
    expect(await service.store.verify()).toMatchObject({ ok: true, events: 101 });
  });
});

describe("A failed If-Match", () => {
  const stale = { headers: { "If-Match": '"1"' } };

  test.for<[string, object, readonly string[], string]>([
    ["other fields", { metadata: { b: 2 } }, [], "touches other fields"],
    ["the same field", { description: "mine" }, ["/description"], "/description"],
    ["a field above", { metadata: null }, [], "touches other fields"],
  ])("of a change that touches %s says so", async ([, change, paths, hint]) => {
    const service = await serveTest();
    const bucket = await makeBucket(service, { metadata: { a: 1 } });
    await service.patch(bucket, { description: "theirs" });
    const answer = await service.merge(bucket, change, stale);
    expectRefusal(answer, 412, "PreconditionFailedError");
    expect(at(answer, "error", "details", "conflicting_paths")).toEqual(paths);
    expect(textAt(answer, "error", "details", "hint")).toContain(hint);
    expect(textAt(answer, "error", "details", "hint")).toContain('If-Match "2.0"');
  });

  test("compares what lies above and below", async () => {
    const service = await serveTest();
    const bucket = await makeBucket(service, { metadata: { a: { b: 1 } } });
    await service.merge(bucket, { metadata: { a: null } });
    const answer = await service.merge(bucket, { metadata: { a: { c: 1 } } }, stale);
    expect(at(answer, "error", "details", "conflicting_paths")).toEqual(["/metadata/a"]);
  });

  test("says nothing of a change that would be refused anyway, or that changes nothing", async () => {
    const service = await serveTest();
    const bucket = await makeBucket(service, { bucket_name: "a" });
    await makeBucket(service, { bucket_name: "taken" });
    await service.patch(bucket, { description: "theirs" });
    for (const change of [{ bucket_name: "taken" }, { description: "theirs" }]) {
      const answer = await service.patch(bucket, change, stale);
      expect(at(answer, "error", "details", "conflicting_paths")).toBeUndefined();
      expect(textAt(answer, "error", "details", "hint")).toMatch(/^Read the bucket/);
    }
  });

  test("in a transaction counts what the transaction itself has changed before", async () => {
    const service = await serveTest();
    await makeBucket(service, { bucket_name: "a" });
    const mine = patch("a", { description: "again" }, { "If-Match": '"1"' });
    const answer = await transact(service, [patch("a", { description: "first" }), mine]);
    expectRefusal(answer, 412, "PreconditionFailedError");
    expect(at(answer, "error", "details")).toMatchObject({
      operation_index: 1,
      current_version: 2,
      conflicting_paths: ["/description"],
      missed: [{ version: 2, paths: ["/description"] }],
    });
  });
});
