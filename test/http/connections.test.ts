/**
 * Connections: accounts elsewhere. What is in their credentials is kept encrypted, and is answered,
 * told and put back nowhere.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { at, expectRefusal, serveTest, textAt, tokens } from "../support/server.js";

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
    expect((await service.send("DELETE", one)).status).toBe(204);
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
