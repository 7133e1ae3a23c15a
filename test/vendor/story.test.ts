/**
 * What a generated client of the hosted API does, against a real server: each request with all its
 * defaults, each answer held to its type (`strict-client.ts`).
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { listAt, type Service, serveTest, textAt } from "../support/server.js";
import { hostedOperations } from "./hosted.js";
import { type StrictClient, strictClient } from "./strict-client.js";

const content = "0123456789";
const file_hash = createHash("sha256").update(content).digest("hex");

interface Told {
  readonly service: Service;
  readonly client: StrictClient;
  /** What stands for the bucket in paths. */
  readonly path: { readonly bucket_identifier: string; readonly bucket_id: string };
}

/** What was answered in any of these tests. */
const called = new Set<string>();

const bucketPath = "/v1/buckets/{bucket_identifier}";

async function begin(handling = "lenient"): Promise<Told> {
  const service = await serveTest();
  const headers = { Prefer: `handling=${handling}` };
  const client = strictClient(service, { called, headers });
  const made = await client.call("POST /v1/buckets", {
    body: {
      bucket_name: "films",
      bucket_schema: { properties: { title: { type: "string" }, clip: { type: "video" } } },
      metadata: { team: "growth" },
    },
  });
  const id = textAt(made, "bucket_id");
  return { service, client, path: { bucket_identifier: id, bucket_id: id } };
}

async function makeObject({ client, path }: Told, title: string): Promise<string> {
  const blob = { property: "clip", type: "video", data: "https://media.example.com/a.mp4" };
  const made = await client.call(`POST ${bucketPath}/objects`, {
    path,
    body: { title, blobs: [blob] },
  });
  return textAt(made, "object_id");
}

test("an answer that is not of the type, and a request that is not, are seen", async () => {
  const { service, path } = await begin();
  const lying = strictClient({
    ...service,
    send: async (...request) => {
      const answer = await service.send(...request);
      const body = { ...Object(answer.body), object_count: 0.5 };
      return { ...answer, body };
    },
  });
  await expect(lying.call(`GET ${bucketPath}`, { path })).rejects.toThrow(/object_count/);
  const { client } = await begin();
  await expect(client.call("POST /v1/buckets", { body: {} })).rejects.toThrow(/bucket_name/);
  await expect(client.call("POST /v1/organizations/webhooks/")).rejects.toThrow(/no operation/);
});

/** What the hosted API describes is not refused by who wants to know of every mistyped field. */
describe.each(["lenient", "strict"])("with %s handling", (handling) => {
  test("buckets and objects, with typed filters", async () => {
    const told = await begin(handling);
    const { client, path } = told;
    await client.call(`GET ${bucketPath}`, { path });
    await client.call(`PUT ${bucketPath}`, { path, body: { description: "a" } });
    await client.call(`PATCH ${bucketPath}`, { path, body: { metadata: { team: "search" } } });
    const filters = { AND: [{ field: "metadata.team", operator: "eq", value: "search" }] };
    const buckets = await client.call("POST /v1/buckets/list", { body: { filters } });
    expect(listAt(buckets, "results")).toHaveLength(1);
    const object_identifier = await makeObject(told, "a");
    await makeObject(told, "b");
    const at = { ...path, object_identifier };
    await client.call(`PUT ${bucketPath}/objects/{object_identifier}`, {
      path: at,
      body: { metadata: { seen: true } },
    });
    await client.call(`PATCH ${bucketPath}/objects/{object_identifier}`, {
      path: at,
      body: { title: "c" },
    });
    await client.call(`GET ${bucketPath}/objects/{object_identifier}`, {
      path: at,
      query: { return_presigned_urls: true },
    });
    await client.call(`POST ${bucketPath}/objects/batch`, {
      path,
      body: { objects: [{ title: "d" }, { title: 5 }] },
    });
    const typed = { AND: [{ field: "title", operator: "in", value: ["b", "c"] }] };
    const found = await client.call(`POST ${bucketPath}/objects/list`, {
      path,
      query: { limit: 1, include_total: true },
      body: { filters: typed, sort: { field: "title" } },
    });
    expect(listAt(found, "results")).toMatchObject([{ title: "b" }]);
    await client.call(`POST ${bucketPath}/objects/aggregate`, {
      path,
      body: {
        group_by: [{ field: "title" }],
        aggregations: [{ function: "count", alias: "n" }],
        limit: 10,
      },
    });
    await client.call(`DELETE ${bucketPath}/objects/{object_identifier}`, { path: at });
    await client.call(`DELETE ${bucketPath}`, { path });
  });

  test("uploads, one and many", async () => {
    const { service, client, path } = await begin(handling);
    const file = { filename: "a.mp4", content_type: "video/mp4", blob_property: "clip" };
    const send = async (url: string) => {
      const target = url.replace(service.url, "");
      await service.send("PUT", target, { text: content, type: "video/mp4", token: "none" });
    };
    const uploads = `${bucketPath}/uploads`;
    const made = await client.call(`POST ${uploads}`, { path, body: { ...file, file_hash } });
    await send(textAt(made, "presigned_url"));
    const at = { ...path, upload_id: textAt(made, "upload_id") };
    await client.call(`POST ${uploads}/{upload_id}/confirm`, { path: at });
    await client.call(`GET ${uploads}/{upload_id}`, {
      path: at,
      query: { return_presigned_urls: true },
    });
    const again = await client.call(`POST ${uploads}`, { path, body: { ...file, file_hash } });
    expect(textAt(again, "duplicate_of_upload_id")).toBe(at.upload_id);
    const many = await client.call(`POST ${uploads}/batch`, { path, body: { uploads: [file] } });
    await send(textAt(many, "uploads", "0", "presigned_url"));
    const confirmations = [{ upload_id: textAt(many, "uploads", "0", "upload_id") }];
    const done = await client.call(`POST ${uploads}/confirm/batch`, {
      path,
      body: { confirmations },
    });
    await client.call("GET /v1/tasks/{task_id}", { path: { task_id: textAt(done, "task_id") } });
    await client.call(`POST ${uploads}/list`, { path, body: { return_presigned_urls: true } });
    await client.call(`DELETE ${uploads}/{upload_id}`, { path: at });
  });

  test("batches and their tasks", async () => {
    const told = await begin(handling);
    const { service, client, path } = told;
    const batches = `${bucketPath}/batches`;
    const object_ids = [await makeObject(told, "a")];
    const made = await client.call(`POST ${batches}`, { path, body: { object_ids } });
    const at = { ...path, batch_id: textAt(made, "batch_id") };
    await client.call(`POST ${batches}/{batch_id}/objects`, {
      path: at,
      body: { object_ids: [await makeObject(told, "b")] },
    });
    await client.call(`PATCH ${batches}/{batch_id}`, { path: at, body: { metadata: { n: 1 } } });
    const task = await client.call(`POST ${batches}/{batch_id}/submit`, { path: at });
    await client.call(`GET ${batches}/{batch_id}`, { path: at });
    const taskPath = { task_id: textAt(task, "task_id") };
    await client.call("GET /v1/tasks/{task_id}", { path: taskPath });
    const pending = await client.call("POST /v1/tasks/list", {
      query: { include_total: true },
      body: {
        status: "PENDING",
        task_type: "api_buckets_batches_process",
        sort: { field: "status" },
      },
    });
    expect(listAt(pending, "results")).toMatchObject([taskPath]);
    await client.call("DELETE /v1/tasks/{task_id}", { path: taskPath });
    await client.call(`GET ${batches}/{batch_id}/failed-documents`, { path: at });
    await client.call(`GET ${batches}/{batch_id}/logs`, { path: at });
    const canceledBatches = await client.call(`POST ${batches}/list`, {
      path,
      body: { status: "CANCELED" },
    });
    expect(listAt(canceledBatches, "results")).toMatchObject([{ batch_id: at.batch_id }]);
    await client.call(`DELETE ${batches}/{batch_id}`, { path: at });
    const other = await client.call(`POST ${batches}`, { path, body: { object_ids } });
    const failed = { ...path, batch_id: textAt(other, "batch_id") };
    await client.call(`POST ${batches}/{batch_id}/submit`, { path: failed });
    const claimed = await service.post("/v1/batches/claim", { worker: "w", lease_seconds: 60 });
    const claim_id = textAt(claimed, "lease", "claim_id");
    const work = `/v1/buckets/${path.bucket_id}/batches/${failed.batch_id}`;
    expect((await service.post(`${work}/fail`, { claim_id, error: "no" })).status).toBe(200);
    await client.call(`POST ${batches}/{batch_id}/retry`, {
      path: failed,
      body: { retry_mode: "all" },
    });
    const submitted = await client.call("GET /v1/tasks/{task_id}", {
      path: { task_id: textAt(claimed, "task_id") },
    });
    const canceled = await client.call(`POST ${batches}/{batch_id}/cancel`, { path: failed });
    expect(canceled.body).toMatchObject({
      task_id: textAt(submitted, "task_id"),
      status: "CANCELED",
      inputs: [failed.batch_id],
    });
  });

  test("connections, syncs, namespaces, the audit log and health", async () => {
    const { client, path } = await begin(handling);
    const connections = "/v1/organizations/connections";
    const credentials = {
      type: "access_key",
      access_key_id: "A".repeat(20),
      secret_access_key: "s".repeat(40),
    };
    const connection = await client.call(`POST ${connections}`, {
      body: {
        name: "store",
        provider_type: "s3",
        provider_config: { provider_type: "s3", credentials, region: "eu-central-1" },
      },
    });
    const connection_id = textAt(connection, "connection_id");
    const of = { connection_identifier: connection_id };
    await client.call(`GET ${connections}/{connection_identifier}`, { path: of });
    await client.call(`PATCH ${connections}/{connection_identifier}`, {
      path: of,
      body: { description: "a" },
    });
    await client.call(`POST ${connections}/list`);
    const syncs = "/v1/buckets/{bucket_id}/syncs";
    const sync = await client.call(`POST ${syncs}`, {
      path,
      body: { connection_id, source_path: "films" },
    });
    const at = { ...path, sync_config_id: textAt(sync, "sync_config_id") };
    await client.call(`GET ${syncs}/{sync_config_id}`, { path: at });
    await client.call(`PATCH ${syncs}/{sync_config_id}`, { path: at, body: {} });
    await client.call(`POST ${syncs}/list`, { path });
    for (const action of ["pause", "resume", "trigger"]) {
      await client.call(`POST ${syncs}/{sync_config_id}/${action}`, { path: at });
    }
    await client.call(`DELETE ${syncs}/{sync_config_id}`, { path: at });
    await client.call(`DELETE ${connections}/{connection_identifier}`, { path: of });
    const extractor = { feature_extractor_name: "none", version: "v1" };
    const named = { namespace_name: "films", feature_extractors: [extractor] };
    const namespace = await client.call("POST /v1/namespaces", { body: named });
    const within = { namespace_identifier: textAt(namespace, "namespace_id") };
    const one = "/v1/namespaces/{namespace_identifier}";
    await client.call(`GET ${one}`, { path: within });
    await client.call(`PUT ${one}`, { path: within, body: { description: "b" } });
    await client.call(`PATCH ${one}`, { path: within, body: { description: "a" } });
    await client.call("POST /v1/namespaces/list");
    await client.call(`DELETE ${one}`, { path: within });
    const logs = await client.call("GET /v1/organizations/audit/logs");
    await client.call("GET /v1/organizations/audit/logs/{audit_id}", {
      path: { audit_id: textAt(logs, "results", "0", "audit_id") },
    });
    await client.call("GET /v1/organizations/audit/settings");
    await client.call("PATCH /v1/organizations/audit/settings", {
      body: { read_auditing_enabled: false },
    });
    await client.call("GET /v1/health/liveness");
    await client.call("GET /v1/health");
  });
});

test("every operation that is served was told of", () => {
  const served = hostedOperations.filter(({ isServed }) => isServed).map(({ name }) => name);
  expect(served.filter((name) => !called.has(name))).toEqual([]);
});
