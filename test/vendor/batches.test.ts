/** What programs for the hosted API send about batches and tasks, and expect of them, as they are. */
import { expect, test } from "vitest";
import {
  at,
  expectRefusal,
  header,
  listAt,
  makeBucket,
  serveTest,
  textAt,
} from "../support/server.js";

const strict = { headers: { Prefer: "handling=strict" } };

/** Two batches of one object, of which the second was submitted and canceled. */
async function batchesOn() {
  const service = await serveTest();
  const bucket = await makeBucket(service);
  const object = textAt(await service.post(`${bucket}/objects`, {}), "object_id");
  const path = `${bucket}/batches`;
  const make = async () => textAt(await service.post(path, { object_ids: [object] }), "batch_id");
  const [draft, other] = [await make(), await make()];
  const sent = { include_processing_history: true };
  const submitted = await service.post(`${path}/${other}/submit`, sent, strict);
  const canceled = await service.post(`${path}/${other}/cancel`);
  return { service, path, draft, other, submitted, canceled };
}

test("the history of processing is taken at a submit, also strictly, and named as ignored", async () => {
  const { service, path, draft, submitted } = await batchesOn();
  expect(submitted.status, submitted.text).toBe(200);
  expect(header(submitted, "X-Ignored-Fields")).toBe("include_processing_history");
  const wrong = { include_processing_history: "yes" };
  expectRefusal(await service.post(`${path}/${draft}/submit`, wrong), 422, "ValidationError");
  const mistyped = await service.post(`${path}/${draft}/submit`, { forse: true });
  expect(mistyped.status, mistyped.text).toBe(200);
  expect(header(mistyped, "X-Ignored-Fields")).toBe("forse");
});

test("a cancel answers the task that the submit did, and the same again to the same key", async () => {
  const { service, path, draft, submitted, canceled } = await batchesOn();
  const task = { task_id: textAt(submitted, "task_id"), task_type: "api_buckets_batches_process" };
  expect(canceled.body).toMatchObject({ ...task, status: "CANCELED" });
  await service.post(`${path}/${draft}/submit`);
  const keyed = { headers: { "Idempotency-Key": "once" } };
  const first = await service.post(`${path}/${draft}/cancel`, {}, keyed);
  const again = await service.post(`${path}/${draft}/cancel`, {}, keyed);
  expect(header(again, "Idempotency-Replayed")).toBe("true");
  expect(again.body).toEqual(first.body);
  expectRefusal(await service.post(`${path}/${draft}/cancel`), 400, "BadRequestError");
});

test("batches are listed by their status, among what else is asked", async () => {
  const { service, path, draft, other } = await batchesOn();
  const list = async (body: object) =>
    listAt(await service.post(`${path}/list`, { offset: 0, limit: 100, ...body }), "results");
  expect(await list({ status: "DRAFT" })).toMatchObject([{ batch_id: draft }]);
  expect(await list({ status: "CANCELED" })).toMatchObject([{ batch_id: other }]);
  expect(await list({ status: "CANCELED", filters: { batch_id: draft } })).toEqual([]);
  expect(await list({ status: null })).toHaveLength(2);
  expectRefusal(await service.post(`${path}/list`, { status: "LOST" }), 400, "BadRequestError");
});

test("tasks are listed by status and type, with their page in the query", async () => {
  const { service, submitted } = await batchesOn();
  const task_id = textAt(submitted, "task_id");
  const list = (body: object, query = "") => service.post(`/v1/tasks/list${query}`, body, strict);
  const found = await list(
    { status: "CANCELED", task_type: "api_buckets_batches_process", filters: null, search: null },
    "?limit=1&offset=0&cursor=&include_total=false",
  );
  expect(listAt(found, "results")).toMatchObject([{ task_id }]);
  expect(at(found, "pagination")).not.toHaveProperty("total");
  expect(listAt(await list({ status: "PENDING" }), "results")).toEqual([]);
  expect(listAt(await list({ task_type: "thumbnail" }), "results")).toEqual([]);
  const condition = { field: "status", operator: "eq", value: "canceled", case_sensitive: false };
  const typed = { filters: { AND: [condition] }, sort: { field: "created_at", direction: "asc" } };
  expect(listAt(await list(typed), "results")).toMatchObject([{ task_id }]);
  expectRefusal(await list({}, "?limit=0"), 422, "ValidationError");
  expectRefusal(await list({}, "?offset=-1"), 422, "ValidationError");
  expectRefusal(await list({ filters: { stat: "PENDING" } }), 400, "BadRequestError");
});
