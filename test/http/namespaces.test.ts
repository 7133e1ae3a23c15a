/**
 * Namespaces as resources: made, or there by what is in them. Every face tells the same, a token sees
 * those that it opens, and what was made has a history like everything else.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { connectBuckets, type EmbeddedStore, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import {
  at,
  expectRefusal,
  makeBucket,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";

const path = "/v1/namespaces";
const canary = "canary-5b1e07";
const extractor = { feature_extractor_name: "clip", version: "v1", params: { fps: 1 } };
const films = { namespace_name: "films", description: "moving", feature_extractors: [extractor] };
const schema = { properties: {} };

describe("a namespace", () => {
  test("that does not fit is refused, and leaves nothing behind", async () => {
    const service = await serveTest();
    for (const body of [
      {},
      { namespace_name: "" },
      { namespace_name: "a b" },
      { namespace_name: "ns_01k6fjw5a0000000000000000a" },
      { ...films, namespace_type: "other" },
      { ...films, feature_extractors: [{ version: "v1" }] },
      { ...films, payload_indexes: [{ field_name: "", type: "text" }] },
      { ...films, payload_indexes: [{ field_name: "title", type: "words" }] },
      { ...films, infrastructure: { compute_tier: "shared" } },
      { ...films, infrastructure: { qdrant_collection: "fi" } },
      { ...films, infrastructure: { qdrant_collection: "films", qdrant_api_key: "********" } },
    ]) {
      expectRefusal(await service.post(path, body), 422, "ValidationError");
    }
    expect((await service.store.head()).position).toBe(0);
    expect((await service.post(`${path}/list`)).body).toMatchObject({
      results: [],
      total_count: 0,
    });
    for (const name of ["default", "films", "ns_01k6fjw5a0000000000000000a"]) {
      expectRefusal(await service.get(`${path}/${name}`), 404, "NotFoundError");
      expectRefusal(await service.patch(`${path}/${name}`, {}), 404, "NotFoundError");
      expectRefusal(await service.send("DELETE", `${path}/${name}`), 404, "NotFoundError");
    }
  });

  test("is answered as it was made, by its id and its name, and counts what is in it", async () => {
    const service = await serveTest();
    const made = await service.post(path, films);
    const id = textAt(made, "namespace_id");
    expect(made.status).toBe(200);
    expect(made.headers.get("Location")).toBe(`${path}/${id}`);
    expect(made.body).toMatchObject({
      namespace_name: "films",
      namespace_type: "standard",
      auto_create_indexes: false,
      feature_extractors: [{ ...extractor, feature_extractor_id: "clip_v1" }],
      is_implicit: false,
      bucket_count: 0,
      object_count: 0,
    });
    expectRefusal(await service.post(path, films), 409, "AlreadyExistsError");
    const bucket = await makeBucket(service, {}, { namespace: "films" });
    await service.post(`${bucket}/objects`, {}, { namespace: "films" });
    const read = await service.get(`${path}/films`);
    expect(read.body).toMatchObject({ namespace_id: id, bucket_count: 1, object_count: 1 });
    expect((await service.get(`${path}/${id}`)).body).toEqual(read.body);
    const tag = read.headers.get("ETag") ?? "";
    const again = { headers: { "If-None-Match": tag } };
    expect((await service.get(`${path}/films`, again)).status).toBe(304);
    await service.send("DELETE", bucket, { namespace: "films" });
    expect((await service.get(`${path}/films`, again)).body).toMatchObject({ bucket_count: 0 });
  });

  test("opens by its id wherever its name does", async () => {
    const service = await serveTest();
    const id = textAt(await service.post(path, films), "namespace_id");
    const bucket = await makeBucket(service, {}, { namespace: id });
    expect((await service.get(bucket, { namespace: "films" })).status).toBe(200);
    expect((await service.get("/v1/events", { namespace: id.toUpperCase() })).body).toMatchObject({
      results: [{ namespace: "films" }, { namespace: "films" }],
    });
    const { token } = await service.store.tokens.create({
      name: "filmer",
      permission: "write",
      namespaces: ["films"],
    });
    const headers = { Authorization: `Bearer ${token}` };
    expect((await service.get(bucket, { headers, namespace: id })).status).toBe(200);
  });

  test("changes by what a patch sends, and refuses another name with the reason", async () => {
    const service = await serveTest();
    const index = { field_name: "title", type: "text", field_schema: { tokenizer: "word" } };
    await service.post(path, films);
    const renamed = await service.patch(`${path}/films`, { namespace_name: "movies" });
    expectRefusal(renamed, 422, "ValidationError");
    expect(textAt(renamed, "error", "message")).toContain("cannot be renamed");
    const patched = await service.patch(`${path}/films`, {
      namespace_name: "films",
      description: null,
      auto_create_indexes: null,
      payload_indexes: [index],
      feature_extractors: [],
    });
    expect(patched.headers.get("X-Ignored-Fields")).toBe("feature_extractors");
    expect(patched.body).toMatchObject({
      payload_indexes: [index],
      auto_create_indexes: false,
      feature_extractors: [extractor],
    });
    expect(patched.body).not.toHaveProperty("description");
    const put = await service.send("PUT", `${path}/films`, { json: { payload_indexes: null } });
    expect(put.body).not.toHaveProperty("payload_indexes");
    const late = { headers: { "If-Match": '"1"' } };
    const refused = await service.patch(`${path}/films`, { description: "late" }, late);
    expectRefusal(refused, 412, "PreconditionFailedError");
    expect(at(refused, "error", "details", "missed", "0", "paths")).toContain("/description");
  });

  test("that nobody made is there by what is in it, and is not changed before it is made", async () => {
    const service = await serveTest();
    await service.post("/v1/organizations/connections", { name: "mux" }, { namespace: "accounts" });
    await makeBucket(service);
    const read = await service.get(`${path}/default`);
    expect(read.body).toMatchObject({
      namespace_id: "default",
      is_implicit: true,
      feature_extractors: [],
      bucket_count: 1,
    });
    expect(read.headers.get("X-Version")).toBe("0");
    const refused = await service.patch(`${path}/default`, { description: "ours" });
    expectRefusal(refused, 409, "ConflictError");
    expect(textAt(refused, "error", "message")).toContain("POST /v1/namespaces");
    expectRefusal(await service.send("DELETE", `${path}/accounts`), 409, "ConflictError");
    const made = await service.post(path, { namespace_name: "default", description: "ours" });
    expect(made.body).toMatchObject({ is_implicit: false, bucket_count: 1 });
    const list = await service.post(`${path}/list`);
    expect(at(list, "results")).toMatchObject([
      { namespace_name: "default", is_implicit: false },
      { namespace_name: "accounts", is_implicit: true, bucket_count: 0 },
    ]);
  });

  test("is deleted with what is in it, in one transaction, by a task that is told of after", async () => {
    const service = await serveTest();
    const within = { namespace: "films" };
    const id = textAt(await service.post(path, films), "namespace_id");
    const bucket = await makeBucket(service, {}, within);
    await service.post(`${bucket}/objects`, {}, within);
    await service.post("/v1/organizations/connections", { name: "mux" }, within);
    await service.post(`${bucket}/lock`, { reason: "audit" }, within);
    expectRefusal(await service.send("DELETE", `${path}/films`), 423, "BucketLockedError");
    await service.post(`${bucket}/unlock`, {}, within);
    const { position } = await service.store.head();
    const dry = await service.send("DELETE", `${path}/films?dry_run=true`);
    expect(dry.body).toMatchObject({ dry_run: true, result: { bucket_count: 1 } });
    const key = { headers: { "Idempotency-Key": "once", "X-Reason": "over" } };
    const deleted = await service.send("DELETE", `${path}/films`, key);
    expect(deleted.body).toMatchObject({
      task_type: "api_namespaces_delete",
      status: "COMPLETED",
      namespace_id: id,
      namespace_name: "films",
      bucket_count: 1,
      object_count: 1,
    });
    const replayed = await service.send("DELETE", `${path}/films`, key);
    expect(replayed.body).toEqual(deleted.body);
    expect(replayed.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await service.store.head()).position).toBe(position + 3);
    const task = `/v1/tasks/${textAt(deleted, "task_id")}`;
    expect((await service.get(task, within)).body).toEqual(deleted.body);
    expectRefusal(await service.get(`${task}?as_of=@${position}`, within), 404, "NotFoundError");
    expectRefusal(await service.get(bucket, within), 404, "NotFoundError");
    expectRefusal(await service.get(`${path}/films`), 404, "NotFoundError");
    expectRefusal(await service.get(`${path}/${id}`), 404, "NotFoundError");
    const history = await service.get(`${path}/${id}/history`);
    expect(at(history, "results", "0")).toMatchObject({
      type: "namespace.deleted",
      reason: "over",
    });
    const feed = at(await service.get(`/v1/events?after=${position}`, within), "results");
    const transactions = [feed].flat().map((event) => Object(event).transaction_id);
    expect(new Set(transactions).size).toBe(1);
    expect((await service.post(path, films)).status).toBe(200);
  });

  test("that holds more than goes in one transaction is not deleted by halves", async () => {
    await using store = await openBuckets({ file: ":memory:" });
    const { connections } = store.namespace("films");
    await store.namespaces.create(films);
    const names = Array.from({ length: 1_001 }, (_, index) => ({ name: `c${index}` }));
    await Promise.all(names.map((body) => connections.create(body)));
    await expect(store.namespaces.delete("films")).rejects.toMatchObject({ code: "CONFLICT" });
    const { results } = await connections.list({ limit: 1 });
    await connections.delete(results[0]?.connection_id ?? "");
    expect((await store.namespaces.delete("films")).task.status).toBe("COMPLETED");
    expect((await store.namespaces.list()).total_count).toBe(0);
  });
});

describe("the past of a namespace", () => {
  test("is told like that of a bucket: history, diff, blame, replay and as-of", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const bucket = await makeBucket(service, {}, { namespace: "films" });
    clock.advance(1_000);
    const before = clock.text;
    clock.advance(1_000);
    await service.post(path, films, { headers: { "X-Actor": "ann" } });
    await service.post(`${bucket}/objects`, {}, { namespace: "films" });
    await service.patch(`${path}/films`, { description: "still" });
    await service.send("DELETE", bucket, { namespace: "films" });
    const one = `${path}/films`;
    const asOf = async (point: string) => (await service.get(`${one}?as_of=${point}`)).body;
    expect(await asOf("1")).toMatchObject({
      description: "moving",
      bucket_count: 1,
      object_count: 0,
    });
    expect(await asOf("2")).toMatchObject({ description: "still", object_count: 1 });
    expect(await asOf("@5")).toMatchObject({ bucket_count: 0, object_count: 0 });
    expect(await asOf(before)).toMatchObject({ is_implicit: true, bucket_count: 1 });
    expectRefusal(await service.get(`${one}?as_of=3`), 404, "NotFoundError");
    expectRefusal(await service.get(`${one}?as_of=0`), 400, "BadRequestError");
    const fold = await service.get(`${one}?as_of=1`);
    expect(fold.headers.get("X-Latest-Version")).toBe("2");
    expect(at(await service.get(`${one}/history`), "results")).toMatchObject([
      { type: "namespace.patched", version: 2 },
      { type: "namespace.created", version: 1, actor: "ann" },
    ]);
    expect((await service.get(`${one}/diff?format=fields`)).body).toEqual([
      { path: "/description", was: "moving", value: "still" },
    ]);
    expect((await service.get(`${one}/blame?path=/description`)).body).toMatchObject({
      "/description": { version: 2 },
    });
    expect((await service.get(`${one}/replay`)).text).toContain('"matches_view":true');
    const csv = await service.get(`${one}/history`, { headers: { Accept: "text/csv" } });
    expect(csv.text).toContain("films,,");
    const then = await service.post(`${path}/list?as_of=@1`);
    expect(then.body).toMatchObject({
      results: [{ namespace_name: "films", is_implicit: true }],
      as_of: { position: 1, is_final: true },
    });
    const audit = await service.get("/v1/organizations/audit/logs?resource_type=namespace", {
      namespace: "films",
    });
    expect(at(audit, "results")).toMatchObject([
      { action: "namespace_updated" },
      { action: "namespace_created" },
    ]);
  });

  test("is in a file that verifies, and that a rebuild leaves as it is", async () => {
    const file = temporaryFile();
    await using store = await openBuckets({ file });
    await store.namespaces.create(films);
    await store.namespaces.patch("films", { description: "still" });
    await store.namespace("films").buckets.create({ bucket_name: "a", bucket_schema: schema });
    await store.namespaces.delete("films");
    await store.namespaces.create(films);
    expect(await store.verify()).toMatchObject({ ok: true });
    expect(await store.rebuild()).toMatchObject({ differences: 0 });
  });
});

describe("the list of namespaces", () => {
  test("is searched, filtered, sorted and paged, with stats of all that is selected", async () => {
    const service = await serveTest();
    for (const name of ["a", "b", "c"]) await service.post(path, { namespace_name: name });
    await service.patch(`${path}/b`, { description: "second" });
    for (const namespace of ["c", "d"]) await makeBucket(service, {}, { namespace });
    const list = (json: object, query = "") => service.post(`${path}/list${query}`, json);
    const names = async (json: object, query = "") =>
      [at(await list(json, query), "results")].flat().map((row) => Object(row).namespace_name);
    expect(await names({ search: "SECOND" })).toEqual(["b"]);
    expect(await names({ filters: { is_implicit: true } })).toEqual(["d"]);
    const byName = { sort: { field: "namespace_name", direction: "desc" } };
    expect(await names(byName)).toEqual(["d", "c", "b", "a"]);
    expect(await names({ filters: { field: "bucket_count", operator: "gt", value: 0 } })).toEqual([
      "c",
      "d",
    ]);
    const page = await list(byName, "?limit=3");
    expect(page.body).toMatchObject({
      total_count: 4,
      stats: { total_buckets: 2, avg_buckets_per_namespace: 0.5, total_objects: 0 },
    });
    const cursor = encodeURIComponent(textAt(page, "pagination", "next_cursor"));
    expect(await names(byName, `?limit=3&cursor=${cursor}`)).toEqual(["a"]);
    expect(at(await list({}, "?include_total=false"), "pagination")).not.toHaveProperty("total");
    expectRefusal(await list({}, "?surprise=1"), 400, "BadRequestError");
  });

  test("tells a token of those that it opens, and of no other anywhere", async () => {
    const service = await serveTest();
    for (const name of ["films", "songs"]) {
      await service.post(path, { namespace_name: name });
      await makeBucket(service, {}, { namespace: name });
    }
    const id = textAt(await service.get(`${path}/songs`), "namespace_id");
    const { token } = await service.store.tokens.create({
      name: "filmer",
      permission: "admin",
      namespaces: ["films", "empty"],
    });
    const as = { headers: { Authorization: `Bearer ${token}` } };
    const list = await service.post(`${path}/list`, {}, as);
    expect(list.body).toMatchObject({
      results: [{ namespace_name: "films" }],
      total_count: 1,
      stats: { total_buckets: 1 },
    });
    for (const name of ["songs", "nothing", id]) {
      expectRefusal(await service.get(`${path}/${name}`, as), 403, "ForbiddenError");
      expectRefusal(await service.get(`${path}/${name}/history`, as), 403, "ForbiddenError");
      expectRefusal(await service.send("DELETE", `${path}/${name}`, as), 403, "ForbiddenError");
    }
    const made = await service.post(path, { namespace_name: "songs2" }, as);
    expectRefusal(made, 403, "ForbiddenError");
    expect((await service.post(path, { namespace_name: "empty" }, as)).status).toBe(200);
    // The header means nothing where the path says which.
    expect((await service.get(`${path}/films`, { ...as, namespace: "songs" })).status).toBe(200);
  });
});

test("the key of an infrastructure is kept, and told nowhere", async () => {
  const service = await serveTest();
  const infrastructure = { qdrant_collection: "films", qdrant_api_key: canary };
  const made = await service.post(path, { ...films, infrastructure });
  expect(at(made, "infrastructure", "qdrant_api_key")).toBe("********");
  const kept = { qdrant_collection: "movies", qdrant_api_key: "********" };
  const patched = await service.patch(`${path}/films`, { infrastructure: kept });
  expect(at(patched, "infrastructure", "qdrant_collection")).toBe("movies");
  for (const told of [
    made,
    patched,
    await service.get(`${path}/films`),
    await service.post(`${path}/list`),
    await service.get(`${path}/films/history`),
    await service.get(`${path}/films/diff?format=fields`),
    await service.get(`${path}/films/replay`),
    await service.get("/v1/events", { namespace: "films" }),
    await service.get("/v1/organizations/audit/logs", { namespace: "films" }),
  ]) {
    expect(told.text).not.toContain(canary);
    expect(told.text).not.toContain("sec_");
  }
  expect(readFileSync(service.file).includes(canary)).toBe(false);
});

test("the client does with namespaces what the library does", async () => {
  const service = await serveTest();
  const client = connectBuckets({ baseUrl: service.url, token: tokens.admin, actor: "ann" });
  const use = async ({ namespaces }: Pick<EmbeddedStore, "namespaces">, name: string) => {
    const made = await namespaces.create({ namespace_name: name }, { reason: "new" });
    const dry = await namespaces.patch(name, { description: "x" }, { dryRun: true });
    const patched = await namespaces.as({ actor: "bob" }).patch(name, { description: "x" });
    const read = await namespaces.get(name, { asOf: "1" });
    const { results } = await namespaces.history(name);
    const { total_count: count } = await namespaces.list({ search: name, limit: 1 });
    const { task } = await namespaces.delete(name);
    return {
      made: [made.version, made.tag, made.changes.length, made.namespace.namespace_type],
      dry: [dry.dryRun, dry.version],
      patched: [patched.version, patched.namespace.description],
      read: [read.version, read.namespace.description, read.past?.latestVersion],
      actors: results.map(({ actor, reason }) => [actor, reason]),
      count,
      task: [task.task_type, task.bucket_count],
    };
  };
  const remote = await use(Object(client), "theirs");
  const local = await use({ namespaces: service.store.namespaces.as({ actor: "ann" }) }, "ours");
  expect(remote).toEqual({ ...local, made: [1, "1.0.0", remote.made[2], "standard"] });
  expect(local.actors).toEqual([
    ["bob", undefined],
    ["ann", "new"],
  ]);
  await client.close();
});
