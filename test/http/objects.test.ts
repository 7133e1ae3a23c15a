/** Objects over HTTP: the shapes of the contract, conditions, ranges, and one story with the client. */
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/domain/json.js";
import { connectBuckets } from "../../src/index.js";
import {
  type Answer,
  at,
  expectRefusal,
  makeBucket,
  ndjsonOf,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

const clips = {
  bucket_name: "clips",
  bucket_schema: {
    properties: {
      title: { type: "string", required: true },
      n: { type: "integer" },
      clip: { type: "video" },
    },
  },
  unique_key: { fields: ["title"] },
};
const content = "0123456789";
const clip = {
  property: "clip",
  type: "video",
  data: {
    base64: Buffer.from(content).toString("base64"),
    mime_type: "video/mp4",
    filename: 'a "b".mp4',
  },
};

async function serveClips() {
  const service = await serveTest();
  const bucket = await makeBucket(service, clips);
  return { service, bucket, objects: `${bucket}/objects` };
}

function blobOf(answer: Answer): string {
  return String(at(answer, "blobs", "0", "blob_id"));
}

test("the bytes of blobs are verified over HTTP, as deeply as is asked", async () => {
  const { service, objects } = await serveClips();
  const verify = (body: JsonObject) => service.post("/v1/admin/verify", body);
  expectRefusal(await verify({ blobs: "all" }), 422, "ValidationError");
  await service.post(`${objects}?policy=insert`, { title: "a", blobs: [clip] });
  for (const check of ["existence", "content"]) {
    const report = ndjsonOf(await verify({ blobs: check })).at(-1);
    expect(report).toMatchObject({ ok: true, blobs: { check, checked: 1 } });
  }
  await using client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  expect(await client.verify({ blobs: "content" })).toMatchObject({
    blobs: { check: "content", checked: 1 },
  });
});

describe("a creation", () => {
  test("without a policy anywhere is a 400 that says what to send", async () => {
    const { service, objects } = await serveClips();
    const answer = await service.post(objects, { title: "a" });
    expectRefusal(answer, 400, "BadRequestError");
    expect(textAt(answer, "error", "message")).toContain("?policy=");
  });

  test("with an unknown policy or parameter is a 400", async () => {
    const { service, objects } = await serveClips();
    for (const query of ["?policy=replace", "?polcy=insert"]) {
      expectRefusal(
        await service.post(`${objects}${query}`, { title: "a" }),
        400,
        "BadRequestError",
      );
    }
  });

  test("answers with the object, where it is, and its version", async () => {
    const { service, bucket, objects } = await serveClips();
    const answer = await service.post(`${objects}?policy=insert`, { title: "a", blobs: [clip] });
    expect(answer.status).toBe(200);
    const id = textAt(answer, "object_id");
    expect(answer.headers.get("Location")).toBe(`${objects}/${id}`);
    expect(answer.headers.get("ETag")).toBe('"1"');
    expect(answer.body).toMatchObject({
      bucket_id: bucket.replace("/v1/buckets/", ""),
      title: "a",
      status: "DRAFT",
      blobs: [
        { property: "clip", details: { size_bytes: content.length, mime_type: "video/mp4" } },
      ],
    });
    const { body } = await service.get(bucket);
    expect(body).toMatchObject({ object_count: 1, total_size_bytes: content.length });
  });

  test("of many answers for each of them, in exactly the contract's shape", async () => {
    const { service, objects } = await serveClips();
    const json = { objects: [{ title: "a" }, {}, { title: "a" }] };
    const { body, status } = await service.post(`${objects}/batch?policy=insert`, json);
    expect(status).toBe(200);
    expect(body).toEqual({
      succeeded: [expect.objectContaining({ title: "a" })],
      failed: [
        { object_index: 1, error: expect.any(String), error_type: "ValidationError" },
        { object_index: 2, error: expect.any(String), error_type: "AlreadyExistsError" },
      ],
      total_requested: 3,
      succeeded_count: 1,
      failed_count: 2,
    });
    const tooMany = { objects: Array.from({ length: 101 }, (_, n) => ({ title: `t${n}` })) };
    expectRefusal(await service.post(`${objects}/batch`, tooMany), 422, "ValidationError");
  });
});

describe("an object", () => {
  test("is changed under conditions, deleted with a 204, and tells its past", async () => {
    const { service, objects } = await serveClips();
    const made = await service.post(`${objects}?policy=insert`, { title: "a", n: 1 });
    const path = `${objects}/${textAt(made, "object_id")}`;
    const stale = await service.patch(path, { n: 2 }, { headers: { "If-Match": '"9"' } });
    expectRefusal(stale, 412, "PreconditionFailedError");
    const patched = await service.patch(path, { n: 2 }, { headers: { "If-Match": '"1"' } });
    expect(patched.body).toMatchObject({ n: 2 });
    const unchanged = await service.get(path, { headers: { "If-None-Match": '"2"' } });
    expect(unchanged.status).toBe(304);
    expect((await service.get(`${path}?as_of=1`)).body).toMatchObject({ n: 1 });
    expect((await service.get(`${path}/diff`)).body).toEqual([
      { op: "replace", path: "/n", value: 2 },
    ]);
    const deleted = await service.send("DELETE", path);
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expectRefusal(await service.get(path), 404, "NotFoundError");
    const history = await service.get(`${path}/history?order=asc`);
    expect(at(history, "results", "2", "type")).toBe("object.deleted");
  });

  test("has no blob at a URL that nobody may fetch, wherever it is written", async () => {
    const { service, objects } = await serveClips();
    const clip = (data: unknown) => ({ blobs: [{ property: "clip", type: "video", data }] });
    const made = await service.post(`${objects}?policy=insert`, {
      title: "t",
      ...clip("https://example.com/a.mp4"),
    });
    expect(made.status, made.text).toBe(200);
    const path = `${objects}/${textAt(made, "object_id")}`;
    for (const url of ["http://169.254.169.254/", "http://nas.lan/a", "file://x/etc/passwd"]) {
      for (const data of [url, { url }]) {
        const body = clip(data);
        const answers = [
          await service.post(`${objects}?policy=insert`, { title: "t", ...body }),
          await service.send("PUT", path, { json: body }),
          await service.patch(path, body),
        ];
        for (const answer of answers) expectRefusal(answer, 422, "ValidationError");
        const many = await service.post(`${objects}/batch?policy=insert`, {
          objects: [{ title: "t", ...body }],
        });
        expect(many.text).toContain("ValidationError");
      }
    }
    const stored = await service.patch(path, clip("s3://bucket/a.mp4"));
    expect(stored.status, stored.text).toBe(200);
  });

  test("is not listed by a selection that is none", async () => {
    const { service, objects } = await serveClips();
    for (const select of [{}, "n", 1, [1], [null], [{}], ["x".repeat(1_025)]]) {
      const answer = await service.post(`${objects}/list`, { select });
      expectRefusal(answer, 400, "BadRequestError");
    }
  });

  test("is listed by its own fields, of which only those that were selected are shown", async () => {
    const { service, objects } = await serveClips();
    for (const n of [1, 2, 3]) {
      await service.post(`${objects}?policy=insert`, {
        title: `t${n}`,
        n,
        metadata: { team: "a" },
      });
    }
    const filters = { field: "n", operator: "gte", value: 2 };
    const sort = { field: "n", direction: "desc" };
    const json = { filters, sort, select: ["n", "metadata.team"] };
    const answer = await service.post(`${objects}/list?limit=1`, json);
    expect(answer.body).toMatchObject({
      results: [{ n: 3, metadata: { team: "a" } }],
      pagination: { total: 2 },
      stats: { total_objects: 3 },
    });
    expect(Object.keys(Object(at(answer, "results", "0"))).sort()).toEqual([
      "bucket_id",
      "metadata",
      "n",
      "object_id",
    ]);
    const cursor = textAt(answer, "pagination", "next_cursor");
    const next = await service.post(`${objects}/list?limit=1&cursor=${cursor}`, json);
    expect(at(next, "results", "0", "n")).toBe(2);
    const uncounted = await service.post(`${objects}/list?include_total=false`, json);
    expect(at(uncounted, "pagination", "total")).toBeUndefined();
    const aggregations = [{ function: "sum", field: "n", alias: "sum" }];
    const sum = await service.post(`${objects}/aggregate`, { aggregations });
    expect(at(sum, "results", "0", "metrics")).toEqual({ sum: 6 });
  });

  test("gives its bytes back, whole or in part, as a download that never changes", async () => {
    const { service, objects } = await serveClips();
    const made = await service.post(`${objects}?policy=insert`, { title: "a", blobs: [clip] });
    const path = `${objects}/${textAt(made, "object_id")}`;
    const blob = `${path}/blobs/${blobOf(made)}`;
    const whole = await service.get(blob);
    expect(whole.text).toBe(content);
    expect(whole.headers.get("Content-Type")).toBe("video/mp4");
    expect(whole.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(whole.headers.get("Content-Disposition")).toMatch(/^attachment/);
    const part = await service.get(blob, { headers: { Range: "bytes=2-4" } });
    expect([part.status, part.text]).toEqual([206, "234"]);
    const tag = whole.headers.get("ETag") ?? "";
    expect((await service.get(blob, { headers: { "If-None-Match": tag } })).status).toBe(304);
    await service.patch(path, { blobs: [] });
    expectRefusal(await service.get(blob), 404, "NotFoundError");
    expect((await service.get(`${blob}?as_of=1`)).text).toBe(content);
  });

  test("is written by transactions beside its bucket, all or nothing", async () => {
    const { service, bucket, objects } = await serveClips();
    const operation = (body: object) => ({
      method: "POST",
      path: `${objects}?policy=insert`,
      body,
    });
    const rename = { method: "PATCH", path: bucket, body: { description: "with one" } };
    const refused = await service.post("/v1/transactions", {
      operations: [rename, operation({ title: "a" }), operation({ title: "a" })],
    });
    expectRefusal(refused, 409, "AlreadyExistsError");
    expect(at(refused, "error", "details", "operation_index")).toBe(2);
    expect((await service.get(bucket)).body).toMatchObject({ object_count: 0 });
    const done = await service.post("/v1/transactions", {
      operations: [rename, operation({ title: "a" })],
    });
    expect(at(done, "results", "1", "body", "title")).toBe("a");
  });
});

test("the client does with objects what the library does", async () => {
  const service = await serveTest();
  await makeBucket(service, clips);
  const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  const local = service.store.namespace();
  const objects = client.namespace().objects("clips");
  const insert = { policy: "insert" } as const;
  const written = await objects.create({ title: "a", n: 1, blobs: [clip] }, insert);
  const id = written.object.object_id;
  expect(written).toMatchObject({ version: 1, tag: "1", replayed: false });
  expect(await objects.get(id)).toEqual(await local.objects("clips").get(id));
  const many = await objects.createMany([{ title: "b" }, { title: "a" }], insert);
  expect(many.failed).toMatchObject([{ index: 1, error: { code: "ALREADY_EXISTS" } }]);
  expect(many.succeeded[0]).toMatchObject({ version: 1, object: { title: "b" } });
  await objects.patch(id, { n: 2 });
  await objects.put(id, { metadata: { team: "a" } });
  await objects.revert(id, { to: 1 });
  for (const read of [
    (face: typeof objects) => face.list({ filters: { title: "a" } }),
    (face: typeof objects) => face.get(id, { asOf: "2" }),
    (face: typeof objects) => face.history(id),
    (face: typeof objects) => face.diff(id, { from: "1", to: "3" }),
    (face: typeof objects) => face.blame(id),
    (face: typeof objects) =>
      face.aggregate({ aggregations: [{ function: "count", alias: "count" }] }),
  ]) {
    expect(await read(objects)).toEqual(await read(local.objects("clips")));
  }
  await client.namespace().transaction([
    { type: "delete_object", bucket: "clips", object: id },
    { type: "create_object", bucket: "clips", body: { title: "a" }, policy: "insert" },
  ]);
  await expect(objects.restore(id)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  await client.close();
});
