/** Batches over HTTP: the shapes of the contract, conditions, and one story with the client. */
import { describe, expect, test } from "vitest";
import { connectBuckets } from "../../src/index.js";
import {
  at,
  expectRefusal,
  makeBucket,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";

const claim = { worker: "w", lease_seconds: 60 };

async function serveObject() {
  const service = await serveTest();
  const bucket = await makeBucket(service, { bucket_name: "clips" });
  const id = textAt(await service.post(`${bucket}/objects`, {}), "object_id");
  return { service, bucket, batches: `${bucket}/batches`, json: { object_ids: [id] } };
}

describe("a batch over HTTP", () => {
  test("that names what is no object is a 422 with its place", async () => {
    const { service, batches } = await serveObject();
    const answer = await service.post(batches, { object_ids: ["obj_none"] });
    expectRefusal(answer, 422, "ValidationError");
    expect(at(answer, "error", "details", "validation_errors", "0", "location")).toEqual([
      "body",
      "object_ids",
      0,
    ]);
  });

  test("that moves where it cannot is a 400 with its status", async () => {
    const { service, batches, json } = await serveObject();
    const path = `${batches}/${textAt(await service.post(batches, json), "batch_id")}`;
    expectRefusal(await service.post(`${path}/cancel`), 400, "BadRequestError");
    await service.post(`${path}/submit`);
    const again = await service.post(`${path}/submit`);
    expectRefusal(again, 400, "BadRequestError");
    expect(at(again, "error", "details", "status")).toBe("PENDING");
    expectRefusal(await service.send("DELETE", path), 400, "BadRequestError");
  });

  test("is found at its Location, and changes only for who read it last", async () => {
    const { service, batches, json } = await serveObject();
    const made = await service.post(batches, json);
    const path = made.headers.get("Location") ?? "";
    const tag = made.headers.get("ETag") ?? "";
    expect((await service.get(path)).body).toEqual(made.body);
    expect((await service.get(path, { headers: { "If-None-Match": tag } })).status).toBe(304);
    const headers = { "If-Match": tag };
    expect((await service.patch(path, { metadata: { a: 1 } }, { headers })).status).toBe(200);
    const late = await service.patch(path, { metadata: { a: 2 } }, { headers });
    expectRefusal(late, 412, "PreconditionFailedError");
    expect(at(late, "error", "details", "missed", "0", "paths")).toEqual(["/metadata/a"]);
  });

  test("changes for who read it after its lease lapsed as well", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const bucket = await makeBucket(service, { bucket_name: "clips" });
    const id = textAt(await service.post(`${bucket}/objects`, {}), "object_id");
    const made = await service.post(`${bucket}/batches`, { object_ids: [id] });
    const path = `${bucket}/batches/${textAt(made, "batch_id")}`;
    await service.post(`${path}/submit`);
    await service.post("/v1/batches/claim", claim);
    clock.advance(60_000);
    const lapsed = await service.get(path);
    expect(textAt(lapsed, "status")).toBe("PENDING");
    const headers = { "If-Match": lapsed.headers.get("ETag") ?? "" };
    expect((await service.patch(path, { metadata: { a: 1 } }, { headers })).status).toBe(200);
  });

  test("is submitted as a task, worked on, and deleted as the contract says", async () => {
    const { service, batches, json } = await serveObject();
    const nothing = await service.post("/v1/batches/claim", claim);
    expect([nothing.status, nothing.text]).toEqual([204, ""]);
    const id = textAt(await service.post(batches, json), "batch_id");
    const task = await service.post(`${batches}/${id}/submit`);
    expect(task.body).toMatchObject({
      task_type: "api_buckets_batches_process",
      status: "PENDING",
      inputs: [id],
      additional_data: { batch_id: id, namespace_id: "default" },
    });
    const claimed = await service.post("/v1/batches/claim", claim);
    expect(claimed.body).toMatchObject({ batch_id: id, status: "IN_PROGRESS" });
    const claim_id = String(at(claimed, "lease", "claim_id"));
    const path = `${batches}/${id}`;
    const other = await service.post(`${path}/complete`, { claim_id: "another" });
    expectRefusal(other, 409, "ConflictError");
    expect((await service.post(`${path}/complete`, { claim_id })).body).toMatchObject({
      status: "COMPLETED",
    });
    const done = await service.get(`/v1/tasks/${textAt(task, "task_id")}`);
    expect(textAt(done, "status")).toBe("COMPLETED");
    const deleted = await service.send("DELETE", path);
    expect(deleted.body).toEqual({
      message: `The batch ${id} was deleted; its history goes on.`,
      success: true,
    });
    expectRefusal(await service.get(path), 404, "NotFoundError");
    expect((await service.get(`${path}?as_of=1`)).body).toMatchObject({ status: "DRAFT" });
  });

  test("is written by transactions beside its objects, all or nothing", async () => {
    const { service, batches, json } = await serveObject();
    const operation = (body: object) => ({ method: "POST", path: batches, body });
    const refused = await service.post("/v1/transactions", {
      operations: [operation(json), operation({ object_ids: ["obj_none"] })],
    });
    expectRefusal(refused, 422, "ValidationError");
    expect((await service.post(`${batches}/list`, {})).body).toMatchObject({ total_count: 0 });
    const done = await service.post("/v1/transactions", { operations: [operation(json)] });
    expect(at(done, "results", "0", "body", "status")).toBe("DRAFT");
  });
});

describe("a batch whose worker reports faults", () => {
  const faults = { error_type: "network", component: "fetcher", traceback: "at fetch" };

  async function serveWorked() {
    const { service, bucket, batches, json } = await serveObject();
    const second = textAt(await service.post(`${bucket}/objects`, {}), "object_id");
    const object_ids = [...json.object_ids, second];
    const made = await service.post(batches, { object_ids });
    const path = `${batches}/${textAt(made, "batch_id")}`;
    const task = await service.post(`${path}/submit`);
    const work = async () => {
      const claimed = await service.post("/v1/batches/claim", claim);
      return {
        claim_id: String(at(claimed, "lease", "claim_id")),
        objects: at(claimed, "object_ids"),
      };
    };
    return { service, path, object_ids, work, taskPath: `/v1/tasks/${textAt(task, "task_id")}` };
  }

  test("takes no fault of a kind that there is not, and tries nothing again that went well", async () => {
    const { service, path, object_ids, work } = await serveWorked();
    const { claim_id } = await work();
    const strange = { object_id: object_ids[0], message: "no", error_type: "weather" };
    const wrong = await service.post(`${path}/complete`, { claim_id, errors: [strange] });
    expectRefusal(wrong, 422, "ValidationError");
    expectRefusal(await service.post(`${path}/retry`), 400, "BadRequestError");
    await service.post(`${path}/complete`, { claim_id });
    expectRefusal(await service.post(`${path}/retry`), 400, "BadRequestError");
    for (const body of [{ retry_mode: "some" }, { tier_nums: [1] }, { max_retry_count: 11 }]) {
      expectRefusal(await service.post(`${path}/retry`, body), 422, "ValidationError");
    }
    const page = await service.get(`${path}/failed-documents?limit=0`);
    expectRefusal(page, 422, "ValidationError");
    const query = "limit=1&tier_num=0&collection_id=col_1";
    const none = await service.get(`${path}/failed-documents?${query}`);
    expect(none.body).toMatchObject({ status: "COMPLETED", results: [], total: 0 });
    expect(none.headers.get("X-Ignored-Fields")).toBe("tier_num, collection_id");
  });

  test("tells which objects failed and why, and has them tried again under its task", async () => {
    const { service, path, object_ids, work, taskPath } = await serveWorked();
    const [first = "", second = ""] = object_ids;
    const { claim_id } = await work();
    const errors = [
      { object_id: first, message: "no video" },
      { object_id: second, message: "no answer", affected_document_ids: ["doc_1"], ...faults },
    ];
    const partly = await service.post(`${path}/complete`, { claim_id, errors });
    expect(partly.body).toMatchObject({
      status: "COMPLETED_WITH_ERRORS",
      error_summary: { runtime: 1, network: 1 },
      retry_count: 0,
    });
    const failed = await service.get(`${path}/failed-documents?offset=1`);
    expect(failed.body).toMatchObject({
      total: 2,
      results: [{ document_id: second, is_transient: true, tier_num: 0, ...faults }],
    });
    const retried = await service.post(`${path}/retry`);
    expect(retried.body).toMatchObject({ status: "PENDING", object_ids: [second], retry_count: 1 });
    expect(textAt(await service.get(taskPath), "status")).toBe("PENDING");
    const again = await work();
    expect(again.objects).toEqual([second]);
    const failure = { claim_id: again.claim_id, error: "no disk", error_type: "resource" };
    const ended = await service.post(`${path}/fail`, failure);
    expect(ended.body).toMatchObject({ status: "FAILED", object_ids, error_type: "resource" });
    const all = await service.get(`${path}/failed-documents`);
    expect(at(all, "results")).toMatchObject([
      { object_id: first, message: "no video", is_transient: false },
      { object_id: second, message: "no disk", is_transient: true },
    ]);
    await service.post(`${path}/retry`, { retry_mode: "all" });
    const last = await work();
    expect(last.objects).toEqual(object_ids);
    await service.post(`${path}/complete`, { claim_id: last.claim_id });
    expect((await service.get(path)).body).toMatchObject({ status: "COMPLETED", retry_count: 2 });
    const logs = await service.get(`${path}/logs?offset=3&limit=2`);
    expect(logs.body).toMatchObject({
      total: 10,
      results: [
        { event: "batch.completed", level: "warning", version: 4, errors: [{}, faults] },
        { event: "batch.retried", level: "info", actor: "admin", tier_num: 0 },
      ],
    });
    expect(at(await service.get(`${path}/logs?offset=10`), "results")).toEqual([]);
    const then = await service.get(`${path}?as_of=5`);
    expect(then.body).toMatchObject({ status: "PENDING", retry_count: 1 });
    const { store } = service;
    expect(await store.verify()).toMatchObject({ ok: true });
    expect(await store.rebuild()).toMatchObject({ differences: 0 });
    const face = store.namespace().batches("clips");
    const remote = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
    const id = path.split("/").at(-1) ?? "";
    const { batches } = { batches: remote.namespace().batches("clips") };
    expect(await batches.failedDocuments(id)).toEqual(await face.failedDocuments(id));
    expect(await batches.logs(id, { limit: 3 })).toEqual(await face.logs(id, { limit: 3 }));
    await expect(batches.retry(id)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await remote.close();
  });
});

describe("a task that is deleted", () => {
  test("is not there, or is of a bucket that takes no writes: that is refused", async () => {
    const { service, bucket, batches, json } = await serveObject();
    expectRefusal(await service.send("DELETE", "/v1/tasks/task_none"), 404, "NotFoundError");
    const made = await service.post(batches, json);
    const path = `${batches}/${textAt(made, "batch_id")}`;
    const task = `/v1/tasks/${textAt(await service.post(`${path}/submit`), "task_id")}`;
    const conditional = { headers: { "If-Match": "*" } };
    expectRefusal(await service.send("DELETE", task, conditional), 400, "BadRequestError");
    await service.post(`${bucket}/lock`, { reason: "audit" });
    expectRefusal(await service.send("DELETE", task), 423, "BucketLockedError");
    expect(textAt(await service.get(task), "status")).toBe("PENDING");
  });

  test("ends what goes on, with the reason, and once; what has ended stays as it is", async () => {
    const { service, bucket, batches, json } = await serveObject();
    const made = await service.post(batches, json);
    const path = `${batches}/${textAt(made, "batch_id")}`;
    const task = `/v1/tasks/${textAt(await service.post(`${path}/submit`), "task_id")}`;
    const because = { headers: { "X-Reason": "too dear" } };
    const canceled = await service.send("DELETE", task, because);
    expect(canceled.body).toMatchObject({ success: true, task: { status: "CANCELED" } });
    const { position } = await service.store.head();
    const again = await service.send("DELETE", task);
    expect(again.body).toMatchObject({ success: true, task: { status: "CANCELED" } });
    expect((await service.store.head()).position).toBe(position);
    expect((await service.get(`${path}/history`)).text).toContain("too dear");
    const deletion = textAt(await service.send("DELETE", bucket), "task_id");
    const client = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
    const answer = await client.namespace().tasks.cancel(deletion);
    expect(answer).toMatchObject({ success: true, task: { status: "COMPLETED" } });
    await client.close();
  });
});

test("the client does with batches what the library does", async () => {
  const { service, json } = await serveObject();
  const client = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
  const remote = client.namespace();
  const local = service.store.namespace();
  const batches = remote.batches("clips");
  expect(await remote.claimBatch(claim)).toBeUndefined();
  const { batch } = await batches.create(json);
  const id = batch.batch_id;
  await batches.addObjects(id, json);
  await batches.patch(id, { metadata: { run: 1 } });
  const { task } = await batches.submit(id);
  expect(task.status).toBe("PENDING");
  const claimed = await remote.claimBatch(claim);
  const claim_id = claimed?.batch.lease?.claim_id;
  await batches.progress(id, { claim_id, processed_count: 1 });
  expect((await batches.fail(id, { claim_id, error: "no disk" })).batch.status).toBe("FAILED");
  for (const read of [
    (face: typeof batches) => face.get(id),
    (face: typeof batches) => face.get(id, { asOf: "2" }),
    (face: typeof batches) => face.list({ filters: { status: "FAILED" }, caseSensitive: true }),
    (face: typeof batches) => face.history(id),
    (face: typeof batches) => face.entry(id, 1),
    (face: typeof batches) => face.diff(id, { from: "1", to: "3" }),
    (face: typeof batches) => face.blame(id),
  ]) {
    expect(await read(batches)).toEqual(await read(local.batches("clips")));
  }
  expect((await batches.delete(id)).deletion.success).toBe(true);
  const { results } = await remote.transaction([
    { type: "create_batch", bucket: "clips", body: json },
    { type: "create_object", bucket: "clips", body: {}, autoProcess: true },
  ]);
  expect(results).toMatchObject([{ batch: { status: "DRAFT" } }, { object: { status: "DRAFT" } }]);
  const [first] = results;
  const made = first !== undefined && "batch" in first ? first.batch.batch_id : "";
  const ended = await remote.transaction([
    { type: "submit_batch", bucket: "clips", batch: made },
    { type: "cancel_batch", bucket: "clips", batch: made },
    { type: "delete_batch", bucket: "clips", batch: made },
  ]);
  expect(ended.results).toMatchObject([
    { task: { status: "PENDING" } },
    { task: { status: "CANCELED" } },
    { deletion: { success: true } },
  ]);
  await expect(batches.get(made)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await client.close();
});
