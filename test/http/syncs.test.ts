/**
 * Syncs: what a bucket is to be filled from. They are kept with their history, paused and resumed; a
 * trigger is recorded as a task that failed, because nothing is ever pulled.
 */
import { describe, expect, test } from "vitest";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import {
  at,
  expectRefusal,
  makeBucket,
  type Service,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

const mapping = { target_type: "blob", source: { type: "file" }, blob_property: "video" };

async function connected(service: Service, namespace?: string) {
  const within = namespace === undefined ? {} : { namespace };
  const account = { name: "drive" };
  const connection = await service.post("/v1/organizations/connections", account, within);
  const source = { connection_id: textAt(connection, "connection_id"), source_path: "films" };
  return { path: `${await makeBucket(service, {}, within)}/syncs`, source };
}

describe("a sync", () => {
  test("that does not fit is refused, and so is one of a connection that is not there", async () => {
    const service = await serveTest();
    const { path, source } = await connected(service);
    const { position } = await service.store.head();
    for (const body of [
      {},
      { ...source, source_path: "" },
      { ...source, connection_id: 7 },
      { ...source, sync_mode: "once" },
      { ...source, polling_interval_seconds: 29 },
      { ...source, polling_interval_seconds: 901 },
      { ...source, batch_size: 101 },
      { ...source, file_filters: { min_size_bytes: -1 } },
      { ...source, schema_mapping: {} },
      { ...source, schema_mapping: { mappings: { a: { source: { type: "guess" } } } } },
      { ...source, schema_mapping: { mappings: { a: { source: { type: "tag" } } } } },
    ]) {
      const answer = await service.post(path, body);
      expect(answer.status, JSON.stringify(body)).toBe(422);
    }
    const unknown = await service.post(path, { ...source, connection_id: "conn_unknown" });
    expectRefusal(unknown, 404, "NotFoundError");
    expect(textAt(unknown, "error", "message")).toContain("connection");
    const connection = `/v1/organizations/connections/${source.connection_id}`;
    await service.send("DELETE", connection);
    expectRefusal(await service.post(path, source), 404, "NotFoundError");
    expect((await service.store.head()).position).toBe(position + 1);
  });

  test("is kept as it was sent, with the defaults of the hosted API", async () => {
    const service = await serveTest();
    const { path, source } = await connected(service);
    const schema_mapping = { mappings: { video: mapping, title: { source: { type: "file" } } } };
    const headers = { "X-Actor": "ann" };
    const made = await service.post(path, { ...source, schema_mapping, extra: 1 }, { headers });
    const one = `${path}/${textAt(made, "sync_config_id")}`;
    expect(made.headers.get("Location")).toBe(one);
    expect(made.headers.get("X-Ignored-Fields")).toBe("extra");
    expect(made.body).toMatchObject({
      ...source,
      schema_mapping,
      sync_mode: "continuous",
      polling_interval_seconds: 300,
      batch_size: 50,
      status: "PENDING",
      is_active: true,
      paused: false,
      namespace_id: "default",
      created_by_user_id: "ann",
      total_files_synced: 0,
      consecutive_failures: 0,
      task_ids: [],
    });
    expect((await service.get(one)).body).toEqual(made.body);
    const patch = { batch_size: 7, polling_interval_seconds: null, is_active: false };
    const patched = await service.patch(one, patch);
    expect(patched.body).toMatchObject({
      batch_size: 7,
      polling_interval_seconds: 300,
      is_active: false,
      source_path: "films",
    });
    expect((await service.get(`${one}?as_of=1`)).body).toEqual(made.body);
    expect((await service.get(`${one}/diff?format=fields`)).body).toEqual([
      { path: "/batch_size", was: 50, value: 7 },
      { path: "/is_active", was: true, value: false },
    ]);
    const deleted = await service.send("DELETE", one);
    expect(deleted.body).toMatchObject({ success: true });
    expectRefusal(await service.get(one), 404, "NotFoundError");
    expect(at(await service.get(`${one}/history`), "results")).toMatchObject([
      { type: "sync.deleted" },
      { type: "sync.patched" },
      { type: "sync.created", sync_config_id: textAt(made, "sync_config_id") },
    ]);
  });

  test("is paused and resumed once each, with who and why", async () => {
    const service = await serveTest();
    const { path, source } = await connected(service);
    const one = `${path}/${textAt(await service.post(path, source), "sync_config_id")}`;
    expectRefusal(await service.post(`${one}/resume`), 400, "BadRequestError");
    const headers = { "X-Reason": "too many files", "X-Actor": "ann" };
    const paused = await service.post(`${one}/pause`, undefined, { headers });
    expect(paused.body).toMatchObject({
      paused: true,
      pause_reason: "too many files",
      paused_by_user_id: "ann",
    });
    expectRefusal(await service.post(`${one}/pause`), 400, "BadRequestError");
    expectRefusal(await service.post(`${one}/trigger`), 400, "BadRequestError");
    const resumed = await service.post(`${one}/resume`);
    expect(resumed.body).toMatchObject({ paused: false });
    expect(resumed.body).not.toHaveProperty("pause_reason");
  });

  test("that is triggered makes a task that failed, and says that nothing is pulled", async () => {
    const service = await serveTest();
    const { path, source } = await connected(service);
    const made = await service.post(path, source);
    const id = textAt(made, "sync_config_id");
    const { position } = await service.store.head();
    const task = await service.post(`${path}/${id}/trigger`);
    expect(task.body).toMatchObject({
      task_type: "api_buckets_objects_create",
      status: "FAILED",
      sync_config_id: id,
    });
    const error = textAt(task, "error");
    expect(error).toContain("Nothing was pulled");
    const one = `/v1/tasks/${textAt(task, "task_id")}`;
    await service.post(`${path}/${id}/trigger`);
    expect((await service.get(one)).body).toEqual(task.body);
    expect((await service.get(`${one}?as_of=@${position + 1}`)).body).toMatchObject({
      status: "FAILED",
    });
    expectRefusal(await service.get(`${one}?as_of=@${position}`), 404, "NotFoundError");
    expect((await service.post("/v1/tasks/list")).body).toMatchObject({ total_count: 2 });
    expect((await service.get(`${path}/${id}`)).body).toMatchObject({
      status: "FAILED",
      last_error: error,
      consecutive_failures: 2,
      sync_run_counter: 2,
    });
  });

  test("of a bucket that is locked, or deleted, or of another namespace takes no write", async () => {
    const service = await serveTest();
    const { path, source } = await connected(service, "films");
    const within = { namespace: "films" };
    const id = textAt(await service.post(path, source, within), "sync_config_id");
    expectRefusal(await service.get(`${path}/${id}`), 404, "NotFoundError");
    const bucket = path.replace("/syncs", "");
    await service.post(`${bucket}/lock`, undefined, within);
    const locked = await service.post(`${path}/${id}/pause`, undefined, within);
    expectRefusal(locked, 423, "BucketLockedError");
    await service.post(`${bucket}/unlock`, undefined, within);
    await service.send("DELETE", bucket, within);
    expectRefusal(await service.get(`${path}/${id}`, within), 404, "NotFoundError");
    expect((await service.get(`${path}/${id}/history`, within)).status).toBe(200);
  });
});

test("syncs are listed by what they are of, and paged in the query or the body", async () => {
  const service = await serveTest();
  const { path, source } = await connected(service);
  const other = await service.post("/v1/organizations/connections", { name: "second" });
  const second = { ...source, connection_id: textAt(other, "connection_id"), source_path: "songs" };
  await service.post(path, source);
  const id = textAt(await service.post(path, second), "sync_config_id");
  await service.patch(`${path}/${id}`, { is_active: false, status: "SUSPENDED" });
  const list = (json: object, query = "") => service.post(`${path}/list${query}`, json);
  const paths = async (json: object, query = "") =>
    [at(await list(json, query), "results")].flat().map((row) => Object(row).source_path);
  expect((await list({})).body).toMatchObject({ total: 2, total_count: 2 });
  expect(await paths({ connection_id: source.connection_id })).toEqual(["films"]);
  expect(await paths({ is_active: false, status: null })).toEqual(["songs"]);
  expect(await paths({ status: "SUSPENDED", search: "films" })).toEqual([]);
  expect(await paths({ is_active: true, filters: { source_path: "songs" } })).toEqual([]);
  const sort = { field: "source_path", direction: "asc" };
  expect(await paths({ sort }, "?limit=1")).toEqual(["films"]);
  expect(await paths({ sort, limit: 1, offset: 1 })).toEqual(["songs"]);
  expectRefusal(await list({ status: "LOST" }), 400, "BadRequestError");
});

test("the client does with syncs what the library does, in a transaction too", async () => {
  const service = await serveTest();
  const { path, source } = await connected(service);
  const [, , , bucket = ""] = path.split("/");
  const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  const syncs = client.namespace().syncs(bucket);
  const { sync } = await syncs.create(source);
  const id = sync.sync_config_id;
  await syncs.patch(id, { description: "ours" });
  await syncs.pause(id, { reason: "holidays" });
  const local = service.store.namespace().syncs(bucket);
  expect(await syncs.get(id)).toEqual(await local.get(id));
  expect(await syncs.list({ limit: 1 })).toEqual(await local.list({ limit: 1 }));
  expect((await syncs.resume(id)).sync.paused).toBe(false);
  const { task } = await syncs.trigger(id);
  expect([task.status, task.sync_config_id]).toEqual(["FAILED", id]);
  const { results } = await client.namespace().transaction([
    { type: "pause_sync", bucket, sync: id },
    { type: "resume_sync", bucket, sync: id },
    { type: "trigger_sync", bucket, sync: id },
    { type: "patch_sync", bucket, sync: id, patch: { batch_size: 9 } },
    { type: "delete_sync", bucket, sync: id },
    { type: "create_sync", bucket, body: source },
  ]);
  expect(results.map((result) => Object.keys(result).at(-1))).toEqual([
    ...["sync", "sync", "task", "sync", "deletion", "sync"],
  ]);
  expect((await local.list()).total).toBe(1);
  expect((await syncs.delete(Object(results[5]).sync.sync_config_id)).deletion.success).toBe(true);
  await client.close();
});

test("a file with syncs verifies, and a rebuild leaves it as it is", async () => {
  await using store = await openBuckets({ file: temporaryFile() });
  const namespace = store.namespace();
  const { connection } = await namespace.connections.create({ name: "drive" });
  await namespace.buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
  const syncs = namespace.syncs("a");
  const source = { connection_id: connection.connection_id, source_path: "films" };
  const { sync } = await syncs.create(source);
  await syncs.pause(sync.sync_config_id, { reason: "holidays" });
  await syncs.resume(sync.sync_config_id);
  await syncs.trigger(sync.sync_config_id);
  await syncs.delete(sync.sync_config_id);
  expect(await store.verify()).toMatchObject({ ok: true });
  expect(await store.rebuild()).toMatchObject({ differences: 0 });
});
