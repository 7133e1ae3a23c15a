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

test("the client does with batches what the library does", async () => {
  const { service, json } = await serveObject();
  const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
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
    { batch: { status: "CANCELED" } },
    { deletion: { success: true } },
  ]);
  await expect(batches.get(made)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await client.close();
});
