/**
 * Connections: accounts elsewhere. What is in their credentials is kept encrypted, and is answered,
 * told and put back nowhere.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ListConnectionsResponse } from "../../src/api/index.js";
import { ConnectionResponse } from "../../src/domain/connection/response.js";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { type Answer, at, expectRefusal, serveTest, textAt, tokens } from "../support/server.js";

const path = "/v1/organizations/connections";
const canary = "canary-3f9d21";
const account = {
  name: "mux, production",
  provider_type: "mux",
  api_base_url: "https://api.mux.com",
  credentials: { token_id: `${canary}-id`, nested: { token_secret: `${canary}-secret` } },
};

test("a bucket names no URL of a private network either, however it is sent", async () => {
  const service = await serveTest();
  const url = "http://10.0.0.1/api";
  const adapter = { adapter_type: "mux", connection: { api_base_url: url } };
  const schema = { properties: {} };
  const body = { bucket_name: "a", bucket_schema: schema };
  const created = await service.post("/v1/buckets", { ...body, source_adapter: adapter });
  expectRefusal(created, 422, "ValidationError");
  await service.post("/v1/buckets", body);
  const bucket = "/v1/buckets/a";
  expectRefusal(await service.patch(bucket, { source_adapter: adapter }), 422, "ValidationError");
  expectRefusal(await service.merge(bucket, { source_adapter: adapter }), 422, "ValidationError");
  const add = [{ op: "add", path: "/source_adapter", value: adapter }];
  expectRefusal(await service.jsonPatch(bucket, add), 422, "ValidationError");
  const fine = { ...adapter, connection: { api_base_url: "https://api.mux.com" } };
  await service.patch(bucket, { source_adapter: fine });
  const path = "/source_adapter/connection/api_base_url";
  const replace = [{ op: "replace", path, value: url }];
  expectRefusal(await service.jsonPatch(bucket, replace), 422, "ValidationError");
});

describe("a connection", () => {
  test("that does not fit is refused: its name, its URL, and a mask of nothing", async () => {
    const service = await serveTest();
    const { position } = await service.store.head();
    for (const body of [
      {},
      { ...account, name: "" },
      { ...account, api_base_url: "ftp://api.mux.com" },
      { ...account, api_base_url: "https://u:p@api.mux.com" },
      { ...account, api_base_url: "http://169.254.169.254/latest" },
      { ...account, api_base_url: "http://localhost:8080" },
      { ...account, credentials: "token" },
      { ...account, credentials: { token_id: "********" } },
    ]) {
      const answer = await service.post(path, body);
      expectRefusal(answer, 422, "ValidationError");
      expect(answer.text).not.toContain(canary);
    }
    expect((await service.store.head()).position).toBe(position);
  });

  test("has a name of its own, until it is deleted", async () => {
    const service = await serveTest();
    const made = await service.post(path, account);
    expectRefusal(await service.post(path, account), 409, "AlreadyExistsError");
    const one = made.headers.get("Location") ?? "";
    expect((await service.get(one)).body).toEqual(made.body);
    const { connection_id: id } = ConnectionResponse.parse(made.body);
    const deleted = await service.send("DELETE", one);
    expect(deleted).toMatchObject({ status: 200, body: { connection_id: id } });
    expectRefusal(await service.get(one), 404, "NotFoundError");
    expect((await service.post(path, account)).status).toBe(200);
    expect((await service.get(path)).body).toMatchObject({ total_count: 1 });
  });

  test("shows no credentials, only that there are some", async () => {
    const service = await serveTest();
    const made = await service.post(path, account);
    const id = textAt(made, "connection_id");
    expect(made.body).toMatchObject({ has_credentials: true, api_base_url: "https://api.mux.com" });
    const kept = { ...account.credentials, token_id: "********" };
    await service.patch(`${path}/${id}`, { credentials: kept, description: "ours" });
    const gone = await service.patch(`${path}/${id}`, { credentials: null });
    expect(gone.body).toMatchObject({ has_credentials: false, description: "ours" });
    for (const told of [
      made,
      gone,
      await service.get(path),
      await service.get("/v1/events?limit=50"),
      await service.get("/v1/organizations/audit/logs"),
      await service.get("/metrics"),
    ]) {
      expect(told.text).not.toContain(canary);
      expect(told.text).not.toContain("sec_");
    }
    expect(service.lines.join()).not.toContain(canary);
  });

  test("changes only for who read it last, and in a transaction with others", async () => {
    const service = await serveTest();
    const made = await service.post(path, account);
    const one = `${path}/${textAt(made, "connection_id")}`;
    const headers = { "If-Match": made.headers.get("ETag") ?? "" };
    expect((await service.patch(one, { metadata: { a: 1 } }, { headers })).status).toBe(200);
    const late = await service.patch(one, { metadata: { a: 2 } }, { headers });
    expectRefusal(late, 412, "PreconditionFailedError");
    expect(at(late, "error", "details", "missed", "0", "paths")).toEqual(["/metadata/a"]);
    const refused = await service.post("/v1/transactions", {
      operations: [
        { method: "POST", path, body: { name: "second" } },
        { method: "POST", path, body: { name: "second" } },
      ],
    });
    expectRefusal(refused, 409, "AlreadyExistsError");
    expect((await service.get(path)).body).toMatchObject({ total_count: 1 });
  });
});

describe("a connection with the configuration of its provider", () => {
  const keys = { access_key_id: "AKIA3F9CEXAMPLE0", secret_access_key: `${canary}-key` };
  const storage = {
    name: "films",
    provider_type: "s3",
    provider_config: {
      provider_type: "s3",
      region: "eu-central-1",
      use_ssl: true,
      credentials: { type: "access_key", ...keys },
    },
  };

  test("is refused what does not fit, without a word of what was secret in it", async () => {
    const service = await serveTest();
    const { position } = await service.store.head();
    const config = storage.provider_config;
    for (const provider_config of [
      "s3",
      [],
      { ...config, credentials: keys.secret_access_key },
      { ...config, credentials: { ...keys, username: { password: canary } } },
      { ...config, region: { key: canary } },
      { ...config, scopes: [{ key: canary }] },
      { ...config, endpoint_url: `https://films:${canary}@s3.example.com` },
      { ...config, credentials: { ...keys, secret_access_key: "********" } },
    ]) {
      const answer = await service.post(path, { ...storage, provider_config });
      expectRefusal(answer, 422, "ValidationError");
      expect(answer.text).not.toContain(canary);
    }
    expectRefusal(
      await service.post(path, { ...storage, name: "a".repeat(101) }),
      422,
      "ValidationError",
    );
    expectRefusal(
      await service.post(path, { ...storage, description: "a".repeat(501) }),
      422,
      "ValidationError",
    );
    expect((await service.store.head()).position).toBe(position);
  });

  test("shows where and as whom, and masks whatever is not known to be harmless", async () => {
    const service = await serveTest();
    const made = await service.post(path, storage);
    expect(made.body).toMatchObject({
      internal_id: "org_local",
      namespace_id: "default",
      provider_config: {
        ...storage.provider_config,
        credentials: { type: "access_key", ...keys, secret_access_key: "********" },
      },
      has_credentials: true,
      status: "ACTIVE",
      is_active: true,
      consecutive_failures: 0,
      created_by_user_id: "admin",
      metadata: {},
    });
    const unknown = { api_key: `${canary}-1`, nested: { token: `${canary}-2` }, list: [canary] };
    const other = { name: "other", provider_type: "mine", provider_config: unknown };
    expect((await service.post(path, other)).body).toMatchObject({
      provider_config: { api_key: "********", nested: { token: "********" }, list: "********" },
    });
    const one = `${path}/${textAt(made, "connection_id")}`;
    const masked = ConnectionResponse.parse(made.body).provider_config;
    await service.patch(one, { provider_config: { ...masked, region: "eu-west-1" } });
    const rotated = { ...keys, secret_access_key: `${canary}-rotated` };
    await service.patch(one, { provider_config: { credentials: rotated } });
    for (const told of [
      made,
      await service.get(one),
      await service.post(`${path}/list`, { search: "films" }),
      await service.get("/v1/events?limit=50"),
      await service.get("/v1/organizations/audit/logs"),
      await service.get("/metrics"),
    ]) {
      expect(told.text).not.toContain(canary);
      expect(told.text).not.toContain("sec_");
    }
    expect(service.lines.join()).not.toContain(canary);
    expect(await service.store.verify()).toMatchObject({ ok: true });
    expect(await service.store.rebuild()).toMatchObject({ differences: 0 });
  });

  test("is put to rest and back, and keeps its name for a null", async () => {
    const service = await serveTest();
    const made = await service.post(path, storage);
    const one = `${path}/${textAt(made, "connection_id")}`;
    expectRefusal(await service.patch(one, { status: "asleep" }), 422, "ValidationError");
    const rested = await service.patch(one, { status: "SUSPENDED", is_active: false, name: null });
    expect(rested.body).toMatchObject({ name: "films", status: "SUSPENDED", is_active: false });
    const back = await service.patch(one, { status: null, is_active: null });
    expect(back.body).toMatchObject({ status: "ACTIVE", is_active: true });
  });

  test("is not tested before it is kept, and the answer says so", async () => {
    const service = await serveTest();
    const strict = { headers: { Prefer: "handling=strict" } };
    const made = await service.post(path, { ...storage, test_before_save: true }, strict);
    expect(made.status).toBe(200);
    expect(made.headers.get("X-Ignored-Fields")).toBe("test_before_save");
  });

  test("is listed by what it is, page by page, as it is and as it was", async () => {
    const service = await serveTest();
    const list = `${path}/list`;
    expectRefusal(await service.post(list, { limit: 0 }), 422, "ValidationError");
    expectRefusal(await service.post(list, { status: "asleep" }), 400, "BadRequestError");
    const wrong = { filters: { field: "nam", value: "a" } };
    expectRefusal(await service.post(list, wrong), 400, "BadRequestError");
    const made = await service.post(path, storage);
    await service.post(path, account);
    const { position } = await service.store.head();
    await service.patch(`${path}/${textAt(made, "connection_id")}`, { is_active: false });
    const named = (answer: Answer) => ListConnectionsResponse.parse(answer.body);
    const resting = named(await service.post(list, { is_active: false }));
    expect(resting).toMatchObject({ total: 1, total_count: 1, results: [{ name: "films" }] });
    const first = named(await service.post(`${list}?limit=1`, { sort: { field: "name" } }));
    const cursor = first.pagination.next_cursor;
    const second = named(
      await service.post(`${list}?limit=1&cursor=${cursor}`, { sort: { field: "name" } }),
    );
    expect([...first.results, ...second.results].map(({ name }) => name)).toEqual([
      "films",
      "mux, production",
    ]);
    expectRefusal(await service.post(`${list}?cursor=${cursor}`, {}), 400, "BadRequestError");
    const then = await service.post(`${list}?as_of=@${position}`, { provider_type: "s3" });
    expect(named(then)).toMatchObject({ total: 1, results: [{ is_active: true }] });
  });
});

test("the client does with connections what the library does", async () => {
  const service = await serveTest();
  const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  const { connections } = client.namespace();
  const { connection } = await connections.create(account);
  const id = connection.connection_id;
  await connections.patch(id, { description: "ours" });
  const local = service.store.namespace().connections;
  expect(await connections.get(id)).toEqual(await local.get(id));
  expect(await connections.list({ limit: 1 })).toEqual(await local.list({ limit: 1 }));
  await client.namespace().transaction([
    { type: "patch_connection", connection: id, patch: { name: "renamed" } },
    { type: "delete_connection", connection: id },
    { type: "create_connection", body: { name: "renamed" } },
  ]);
  expect((await connections.list()).results).toMatchObject([{ name: "renamed" }]);
  await client.close();
});

test.each(["full", "relaxed"] as const)(
  "credentials are in no file in plain, with durability %s, and gone once deleted",
  async (durability) => {
    const file = temporaryFile();
    const store = await openBuckets({ file, durability });
    const { connections } = store.namespace();
    const { connection } = await connections.create(account);
    await connections.patch(connection.connection_id, { credentials: { token_id: `${canary}-2` } });
    const bytes = () =>
      readdirSync(dirname(file))
        .map((name) => join(dirname(file), name))
        .filter((name) => name.startsWith(file))
        .flatMap((name) => (name.endsWith(".blobs") ? [] : [readFileSync(name, "latin1")]))
        .join("");
    expect(bytes()).not.toContain(canary);
    await connections.delete(connection.connection_id);
    expect(await store.verify()).toMatchObject({ ok: true });
    expect(await store.rebuild()).toMatchObject({ differences: 0 });
    await store.close();
    expect(bytes()).not.toContain(canary);
  },
);
