/**
 * `Prefer: handling=strict`: what is wrong with a field of a request is told in the terms of that
 * request. Method: a mistyped field of every kind of body, and what is meant by it.
 */
import { expect, test } from "vitest";
import {
  expectRefusal,
  leavesNoTrace,
  listAt,
  makeBucket,
  serveTest,
  textAt,
} from "../support/server.js";

const headers = { Prefer: "handling=strict" };

async function serveEach() {
  const service = await serveTest();
  const bucket = await makeBucket(service, {
    bucket_schema: { properties: { title: { type: "string" }, clip: { type: "video" } } },
  });
  const object = await service.post(`${bucket}/objects?policy=insert`, { title: "a" });
  const ids = { object_ids: [textAt(object, "object_id")] };
  const batch = await service.post(`${bucket}/batches`, ids);
  const upload = { filename: "a.mp4", content_type: "video/mp4", blob_property: "clip" };
  const uploaded = await service.post(`${bucket}/uploads`, upload);
  const connection = { name: "a", provider_type: "s3", provider_config: { bucket: "x" } };
  const bodies: readonly [string, object, string, string][] = [
    [`${bucket}/batches`, ids, "metadat", "metadata"],
    [`${bucket}/batches/${textAt(batch, "batch_id")}/objects`, ids, "object_idz", "object_ids"],
    ["/v1/batches/claim", { worker: "w", lease_seconds: 60 }, "lease_second", "lease_seconds"],
    [`${bucket}/uploads`, upload, "file_siz_bytes", "file_size_bytes"],
    [`${bucket}/uploads/batch`, { uploads: [upload] }, "upload", "uploads"],
    [`${bucket}/uploads/${textAt(uploaded, "upload_id")}/confirm`, {}, "etg", "etag"],
    ["/v1/organizations/connections", connection, "nam", "name"],
    [`${bucket}/objects/batch?policy=insert`, { objects: [{ title: "b" }] }, "object", "objects"],
    [`${bucket}/lock`, {}, "expires_a", "expires_at"],
    [
      "/v1/buckets",
      { bucket_name: "b", bucket_schema: { properties: {} } },
      "descripton",
      "description",
    ],
  ];
  return { service, bucket, bodies };
}

test("a mistyped field is told with the fields of its own request, never those of buckets", async () => {
  const { service, bucket, bodies } = await serveEach();
  for (const [path, body, typo, meant] of bodies) {
    const refused = await leavesNoTrace(service, bucket, () =>
      service.post(path, { ...body, [typo]: null, bucket_nam: null }, { headers }),
    );
    expectRefusal(refused, 422, "ValidationError");
    const messages = listAt(refused, "error", "details", "validation_errors").map((issue) =>
      JSON.stringify(issue),
    );
    expect(messages.join("\n"), path).toContain(`Did you mean \\"${meant}\\"?`);
    const isOfBuckets = path === "/v1/buckets";
    expect(refused.text.includes('Did you mean \\"bucket_name\\"?'), path).toBe(isOfBuckets);
  }
});

test("a mistyped field of one operation of a transaction is told with those of operations", async () => {
  const { service, bucket } = await serveEach();
  const operation = { method: "PATCH", path: bucket, bdy: {}, body: { description: "x" } };
  const body = { operations: [operation], operation: [] };
  const refused = await leavesNoTrace(service, bucket, () =>
    service.post("/v1/transactions", body, { headers }),
  );
  expectRefusal(refused, 422, "ValidationError");
  expect(refused.text).toContain('Did you mean \\"operations\\"?');
  expect(refused.text).toContain('Did you mean \\"operations.0.body\\"?');
});
