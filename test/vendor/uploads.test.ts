/** Uploads as programs for the hosted API make, confirm and list them. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  type Answer,
  at,
  expectRefusal,
  listAt,
  makeBucket,
  type Service,
  serveTest,
  textAt,
} from "../support/server.js";

const content = "0123456789";
const file_hash = createHash("sha256").update(content).digest("hex");
const announced = { filename: "a.mp4", content_type: "video/mp4", blob_property: "clip" };
const schema = { properties: { title: { type: "string" }, clip: { type: "video" } } };

async function uploadsOn(fields: object = {}) {
  const service = await serveTest();
  const bucket = await makeBucket(service, { bucket_schema: schema, ...fields });
  return { service, bucket, uploads: `${bucket}/uploads` };
}

function keyed(default_policy: string) {
  return { unique_key: { fields: ["title"], default_policy } };
}

/** Sends the bytes where the upload says. */
async function send(service: Service, upload: Answer): Promise<string> {
  const url = textAt(upload, "presigned_url").replace(service.url, "");
  const sent = await service.send("PUT", url, { text: content, type: "video/mp4", token: "none" });
  expect(sent.status, sent.text).toBe(200);
  return textAt(upload, "upload_id");
}

async function confirm(service: Service, uploads: string, upload: Answer): Promise<string> {
  const id = await send(service, upload);
  const confirmed = await service.post(`${uploads}/${id}/confirm`, {});
  expect(confirmed.status, confirmed.text).toBe(200);
  return id;
}

test("one of no bytes, or of another type of blob than its property, is refused", async () => {
  const { service, uploads } = await uploadsOn();
  for (const wrong of [{ file_size_bytes: 0 }, { blob_type: "movie" }, { blob_type: "image" }]) {
    const refused = await service.post(uploads, { ...announced, ...wrong });
    expectRefusal(refused, 422, "ValidationError");
  }
  for (const blob_type of ["video", "auto"]) {
    const made = await service.post(uploads, { ...announced, blob_type });
    expect(made.body).toMatchObject({ blob_type, is_duplicate: false, skipped_unique_key: false });
  }
});

test("one whose bytes were confirmed before is skipped, unless duplicates are wanted", async () => {
  const { service, bucket, uploads } = await uploadsOn();
  const first = await service.post(uploads, { ...announced, file_hash });
  expect(textAt(first, "s3_key")).toBe(
    `${bucket.replace("/v1/buckets/", "")}/${textAt(first, "upload_id")}/a.mp4`,
  );
  // What has not arrived is no duplicate yet.
  expect(at(await service.post(uploads, { ...announced, file_hash }), "status")).toBe("PENDING");
  const id = await confirm(service, uploads, first);
  const again = await service.post(uploads, { ...announced, filename: "b.mp4", file_hash });
  expect(again.body).toMatchObject({
    status: "SKIPPED",
    is_duplicate: true,
    duplicate_of_upload_id: id,
    message: `Skipped: the upload ${id} has brought the same bytes.`,
  });
  expect(at(again, "presigned_url")).toBeUndefined();
  const confirmed = await service.post(`${uploads}/${textAt(again, "upload_id")}/confirm`, {});
  expectRefusal(confirmed, 400, "BadRequestError");
  const wanted = await service.post(uploads, {
    ...announced,
    file_hash,
    skip_duplicates: false,
  });
  expect(wanted.body).toMatchObject({ status: "PENDING", skip_duplicates: false });
  const elsewhere = await makeBucket(service, { bucket_name: "other", bucket_schema: schema });
  const other = await service.post(`${elsewhere}/uploads`, { ...announced, file_hash });
  expect(at(other, "status")).toBe("PENDING");
  await service.send("DELETE", `${uploads}/${id}`);
  const anew = await service.post(uploads, { ...announced, file_hash });
  expect(at(anew, "status")).toBe("PENDING");
});

test("one whose object is there is skipped where the bucket would refuse it", async () => {
  const { service, bucket, uploads } = await uploadsOn(keyed("insert"));
  const object = textAt(await service.post(`${bucket}/objects`, { title: "a" }), "object_id");
  const titled = (title: string) => ({ ...announced, object_metadata: { title } });
  expect((await service.post(uploads, titled("a"))).body).toMatchObject({
    status: "SKIPPED",
    skipped_unique_key: true,
    existing_object_id: object,
  });
  expect(at(await service.post(uploads, titled("b")), "status")).toBe("PENDING");
  const alone = { ...titled("a"), create_object_on_confirm: false };
  expect(at(await service.post(uploads, alone), "status")).toBe("PENDING");
});

test("one whose object is there goes on where the bucket updates it", async () => {
  const { service, bucket, uploads } = await uploadsOn(keyed("upsert"));
  const object = textAt(await service.post(`${bucket}/objects`, { title: "a" }), "object_id");
  const made = await service.post(uploads, { ...announced, object_metadata: { title: "a" } });
  const id = await confirm(service, uploads, made);
  expect(at(await service.get(`${uploads}/${id}`), "object_id")).toBe(object);
});

test("many are announced as uploads and their number", async () => {
  const { service, uploads } = await uploadsOn();
  const body = { uploads: [announced, { ...announced, blob_property: "none" }] };
  expect((await service.post(`${uploads}/batch`, body)).body).toMatchObject({
    uploads: [{ filename: "a.mp4", status: "PENDING" }],
    total: 1,
    failed: [{ upload_index: 1 }],
  });
});

test("many are confirmed by a task, which tells of them as long as the log is there", async () => {
  const { service, uploads } = await uploadsOn();
  const made = await Promise.all([1, 2].map(() => service.post(uploads, announced)));
  const [first = "", second = ""] = await Promise.all(made.map((one) => send(service, one)));
  const confirmations = [first, "upl_none", second].map((upload_id) => ({ upload_id }));
  const done = await service.post(`${uploads}/confirm/batch`, { confirmations });
  expect(done.body).toMatchObject({
    status: "COMPLETED_WITH_ERRORS",
    confirmations_count: 3,
    message: "Confirmed 2 of 3 uploads.",
    failed: [{ upload_index: 1, error_type: "NotFoundError" }],
  });
  const path = `/v1/tasks/${textAt(done, "task_id")}`;
  const task = await service.get(path);
  expect(task.body).toEqual(at(done, "task"));
  expect(task.body).toMatchObject({
    task_type: "api_buckets_uploads_batch_confirm",
    inputs: [first, second].sort(),
    object_count: 2,
    error: "1 of 3 uploads were refused.",
  });
  expect(textAt(await service.get(`${uploads}/${first}`), "task_id")).toBe(textAt(task, "task_id"));
  await service.send("DELETE", `${uploads}/${first}`);
  expect((await service.get(path)).body).toEqual(task.body);
  expect(await service.store.verify()).toMatchObject({ ok: true });
  expect(await service.store.rebuild()).toMatchObject({ differences: 0 });
  expect((await service.get(path)).body).toEqual(task.body);
});

test("when none of many is confirmed there is no task, and the first refusal is the answer", async () => {
  const { service, uploads } = await uploadsOn();
  const made = await service.post(uploads, announced);
  const confirmations = [{ upload_id: textAt(made, "upload_id") }];
  const refused = await service.post(`${uploads}/confirm/batch`, { confirmations });
  expectRefusal(refused, 400, "BadRequestError");
  expect(at(await service.post("/v1/tasks/list", {}), "total_count")).toBe(0);
});

test("a list tells of all uploads of the bucket, now and then, and gives URLs when asked", async () => {
  const { service, uploads } = await uploadsOn();
  const waiting = { ...announced, file_size_bytes: 5 };
  await service.post(uploads, waiting);
  await confirm(service, uploads, await service.post(uploads, { ...announced, file_hash }));
  const { position } = await service.store.head();
  await service.post(uploads, { ...announced, file_hash });
  const stats = {
    total_uploads: 3,
    total_size_bytes: 15,
    uploads_by_status: { PENDING: 1, COMPLETED: 1, SKIPPED: 1 },
    avg_file_size_bytes: 5,
    unique_buckets: 1,
  };
  expect(at(await service.post(`${uploads}/list`, { limit: 1 }), "stats")).toEqual(stats);
  const past = await service.post(`${uploads}/list?as_of=@${position}`, {});
  expect(at(past, "stats")).toMatchObject({ total_uploads: 2, total_size_bytes: 15 });
  const filters = { status: "COMPLETED" };
  const shown = { filters, return_presigned_urls: true };
  const list = await service.post(`${uploads}/list`, shown);
  expect(listAt(list, "results")).toHaveLength(1);
  const url = textAt(list, "results", "0", "presigned_url").replace(service.url, "");
  expect((await service.get(url, { token: "none" })).text).toBe(content);
});
