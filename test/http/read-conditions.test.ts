/**
 * Conditions of reads, and of what makes something new (RFC 9110 section 13). Goal: a condition that
 * is sent is never passed over. Method: every kind of resource, and every route that reads.
 */
import { describe, expect, test } from "vitest";
import { connectBuckets } from "../../src/index.js";
import {
  expectRefusal,
  header,
  leavesNoTrace,
  makeBucket,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

const schema = { properties: { title: { type: "string" }, clip: { type: "video" } } };
const upload = { filename: "a.mp4", content_type: "video/mp4", blob_property: "clip" };
const clip = { base64: "MDEyMw==", mime_type: "video/mp4", filename: "a.mp4" };

/** One of everything that has an entity tag; the paths of its reads. */
async function serveAll() {
  const service = await serveTest();
  const bucket = await makeBucket(service, {
    bucket_schema: schema,
    unique_key: { fields: ["title"] },
  });
  const object = await service.post(`${bucket}/objects?policy=insert`, {
    title: "a",
    blobs: [{ property: "clip", type: "video", data: clip }],
  });
  const objectPath = `${bucket}/objects/${textAt(object, "object_id")}`;
  const batch = await service.post(`${bucket}/batches`, {
    object_ids: [textAt(object, "object_id")],
  });
  const uploaded = await service.post(`${bucket}/uploads`, {
    ...upload,
    object_metadata: { title: "up" },
  });
  const connection = await service.post("/v1/organizations/connections", {
    name: "store",
    provider_type: "s3",
    provider_config: { bucket: "x" },
  });
  const tagged = [
    bucket,
    objectPath,
    `${objectPath}/blobs/${textAt(object, "blobs", "0", "blob_id")}`,
    `${bucket}/batches/${textAt(batch, "batch_id")}`,
    `${bucket}/uploads/${textAt(uploaded, "upload_id")}`,
    `/v1/organizations/connections/${textAt(connection, "connection_id")}`,
  ];
  return { service, bucket, tagged };
}

describe("If-Match on a read", () => {
  test("is 400 when it is no list of tags, and 412 when none is that of the answer", async () => {
    const { service, tagged } = await serveAll();
    for (const path of tagged) {
      const tag = header(await service.get(path), "ETag");
      for (const method of ["GET", "HEAD"]) {
        const read = (value: string, more: object = {}) =>
          service.send(method, path, { headers: { "If-Match": value, ...more } });
        expect((await read("nonsense")).status, path).toBe(400);
        for (const value of ['"0.0"', `W/${tag}`, ","]) {
          const refused = await read(value, { "If-None-Match": tag, Range: "bytes=90-" });
          expect(refused.status, `${method} ${path} ${value}`).toBe(412);
          if (method === "HEAD") continue;
          expect(`"${textAt(refused, "error", "details", "current_tag")}"`).toBe(tag);
        }
        for (const value of ["*", tag, `"0.0", ${tag}`]) {
          expect((await read(value)).status, path).toBe(200);
        }
      }
      const both = { "If-Match": tag, "If-None-Match": tag };
      expect((await service.get(path, { headers: both })).status).toBe(304);
    }
  });

  test("comes after what is not there at all", async () => {
    const { service, bucket } = await serveAll();
    const headers = { "If-Match": '"9.9"' };
    for (const path of [`${bucket}x`, `${bucket}/objects/obj_x`, `${bucket}?as_of=99`]) {
      expect((await service.get(path, { headers })).status).toBe(404);
    }
    expect((await service.get(bucket, { headers, token: "none" })).status).toBe(401);
  });

  test("holds of the past as well, by the tag that it has", async () => {
    const { service, bucket } = await serveAll();
    const tag = header(await service.get(`${bucket}?as_of=1`), "ETag");
    await service.patch(bucket, { description: "x" });
    expect((await service.get(bucket, { headers: { "If-Match": tag } })).status).toBe(412);
    const headers = { "If-Match": tag };
    expect((await service.get(`${bucket}?as_of=1`, { headers })).status).toBe(200);
  });

  test("matches nothing of what has no tag, but by *", async () => {
    const { service, bucket } = await serveAll();
    const untagged = [
      `${bucket}/history`,
      `${bucket}/history/1`,
      `${bucket}/diff?from=1`,
      `${bucket}/blame`,
      `${bucket}/replay`,
      "/v1/events?limit=1",
      "/v1/events/head",
      "/v1/organizations/audit/logs",
      "/v1/organizations/connections",
      "/v1/admin/tokens",
      "/openapi.json",
    ];
    for (const path of untagged) {
      const refused = await service.get(path, { headers: { "If-Match": '"1.0"' } });
      expectRefusal(refused, 412, "PreconditionFailedError");
      expect((await service.get(path, { headers: { "If-Match": "*" } })).status, path).toBe(200);
    }
  });
});

describe("a list of tags", () => {
  test("may have empty elements, and is none without commas between", async () => {
    const { service, bucket, tagged } = await serveAll();
    for (const path of tagged) {
      const tag = header(await service.get(path), "ETag");
      for (const list of [`,${tag}`, `${tag},`, ` , "0",, ${tag} ,,\t`]) {
        const headers = { "If-None-Match": list };
        expect((await service.get(path, { headers })).status, `${path} ${list}`).toBe(304);
      }
    }
    const tag = header(await service.get(bucket), "ETag");
    for (const list of [`${tag} ${tag}`, `${tag};`, ",,x", '"', `*,${tag}`]) {
      for (const name of ["If-Match", "If-None-Match"]) {
        const headers = { [name]: list };
        const refused = await service.patch(bucket, { description: "x" }, { headers });
        expectRefusal(refused, 400, "BadRequestError");
      }
    }
    const headers = { "If-Match": `, ,${tag},` };
    expect((await service.patch(bucket, { description: "x" }, { headers })).status).toBe(200);
    const none = await service.patch(
      bucket,
      { description: "y" },
      { headers: { "If-Match": "," } },
    );
    expectRefusal(none, 412, "PreconditionFailedError");
  });
});

describe("If-Match on what makes something new", () => {
  test("is 412 without a trace, of every kind and in a transaction, and * as well", async () => {
    const { service, bucket } = await serveAll();
    const made: readonly [string, object][] = [
      ["/v1/buckets", { bucket_name: "new", bucket_schema: schema }],
      [`${bucket}/objects?policy=insert`, { title: "new" }],
      [`${bucket}/objects?policy=upsert&dry_run=true`, { title: "newer" }],
      [`${bucket}/batches`, {}],
      [`${bucket}/uploads`, { ...upload, object_metadata: { title: "new" } }],
      [
        "/v1/organizations/connections",
        { name: "new", provider_type: "s3", provider_config: { bucket: "x" } },
      ],
    ];
    const objects = await service.post(`${bucket}/objects/list`);
    const ids = { object_ids: [textAt(objects, "results", "0", "object_id")] };
    for (const [path, fields] of made) {
      const json = path.endsWith("/batches") ? ids : fields;
      for (const value of ['"1.0"', '"1"', "*", ""]) {
        const headers = { "If-Match": value };
        const refused = await leavesNoTrace(service, bucket, () =>
          service.post(path, json, { headers }),
        );
        expectRefusal(refused, 412, "PreconditionFailedError");
      }
      const headers = { "If-None-Match": "*" };
      expect((await service.post(path, json, { headers })).status, path).toBe(200);
    }
    const operation = {
      method: "POST",
      path: "/v1/buckets",
      headers: { "If-Match": "*" },
      body: { bucket_name: "other", bucket_schema: schema },
    };
    const refused = await service.post("/v1/transactions", { operations: [operation] });
    expectRefusal(refused, 412, "PreconditionFailedError");
  });

  test("is refused to the library and the client alike", async () => {
    const { service } = await serveAll();
    const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
    for (const store of [service.store, client]) {
      const { buckets } = store.namespace();
      const body = { bucket_name: "new", bucket_schema: schema };
      const options = { ifVersion: 1 };
      await expect(buckets.create(body, options)).rejects.toMatchObject({
        code: "PRECONDITION_FAILED",
      });
    }
    await client.close();
  });
});
