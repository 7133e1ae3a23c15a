/**
 * What belongs to the organisation: connections, tasks and the audit log are told of without a
 * namespace, of every one that the token opens, and never of another.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { connectBuckets } from "../../src/index.js";
import {
  type Answer,
  expectRefusal,
  makeBucket,
  type Service,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

const connections = "/v1/organizations/connections";
const audit = "/v1/organizations/audit/logs";

const Results = z.object({ results: z.array(z.looseObject({})) });

function told(answer: Answer, field: string): readonly unknown[] {
  return Results.parse(answer.body).results.map((result) => result[field]);
}

/** Three namespaces, in each a bucket that was deleted, a batch that waits, and a connection. */
async function serveThree() {
  const service = await serveTest();
  const films = await fill(service, "films");
  const songs = await fill(service, "songs");
  const { token: secret } = await service.store.tokens.create({
    name: "films-only",
    permission: "admin",
    namespaces: ["films"],
  });
  const limited = { headers: { Authorization: `Bearer ${secret}` } };
  return { service, films, songs, limited, secret };
}

async function fill(service: Service, namespace: string) {
  const within = { namespace };
  const gone = await makeBucket(service, { bucket_name: "gone" }, within);
  const deletion = textAt(await service.send("DELETE", gone, within), "task_id");
  const bucket = await makeBucket(service, { bucket_name: "clips" }, within);
  const object = textAt(await service.post(`${bucket}/objects`, {}, within), "object_id");
  const made = await service.post(`${bucket}/batches`, { object_ids: [object] }, within);
  const path = `${bucket}/batches/${textAt(made, "batch_id")}`;
  const task = textAt(await service.post(`${path}/submit`, undefined, within), "task_id");
  const named = { name: `the account of ${namespace}` };
  const connection = textAt(await service.post(connections, named, within), "connection_id");
  return { bucket, deletion, task, connection };
}

test("a token sees and touches nothing of a namespace that it does not open", async () => {
  const { service, songs, limited } = await serveThree();
  const { position } = await service.store.head();
  const foreign = { ...limited, namespace: "songs" };
  for (const path of [connections, `${connections}/${songs.connection}`, audit]) {
    expectRefusal(await service.get(path, foreign), 403, "ForbiddenError");
  }
  expectRefusal(await service.post("/v1/tasks/list", {}, foreign), 403, "ForbiddenError");
  expectRefusal(await service.post(connections, { name: "mine" }, limited), 403, "ForbiddenError");
  const one = `${connections}/${songs.connection}`;
  expectRefusal(await service.get(one, limited), 404, "NotFoundError");
  expectRefusal(await service.patch(one, { name: "mine" }, limited), 404, "NotFoundError");
  expectRefusal(await service.send("DELETE", one, limited), 404, "NotFoundError");
  for (const id of [songs.task, songs.deletion]) {
    expectRefusal(await service.get(`/v1/tasks/${id}`, limited), 404, "NotFoundError");
    expectRefusal(await service.send("DELETE", `/v1/tasks/${id}`, limited), 404, "NotFoundError");
  }
  const { events } = { events: await service.store.namespace("songs").audit.list() };
  const foreignId = events.results[0]?.audit_id ?? "";
  expectRefusal(await service.get(`${audit}/${foreignId}`, limited), 404, "NotFoundError");
  for (const answer of [
    await service.get(connections, limited),
    await service.post(`${connections}/list`, { search: "account" }, limited),
    await service.post(`${connections}/list?as_of=@${position}`, {}, limited),
    await service.post("/v1/tasks/list", {}, limited),
    await service.post(`/v1/tasks/list?as_of=@${position}`, {}, limited),
    await service.get(`${audit}?limit=1000`, limited),
  ]) {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).not.toContain("songs");
    expect(answer.text).not.toContain(songs.connection);
    expect(answer.text).not.toContain(songs.task);
    expect(Results.parse(answer.body).results.length).toBeGreaterThan(0);
  }
  expect((await service.store.head()).position).toBe(position);
});

test("a sync names no connection of a namespace that the token does not open", async () => {
  const { service, films, songs, limited } = await serveThree();
  const within = { ...limited, namespace: "films" };
  const syncs = `${films.bucket}/syncs`;
  const foreign = { connection_id: songs.connection, source_path: "films" };
  expectRefusal(await service.post(syncs, foreign, within), 404, "NotFoundError");
  const own = { ...foreign, connection_id: films.connection };
  expect((await service.post(syncs, own, within)).status).toBe(200);
  expect((await service.post(syncs, foreign, { namespace: "films" })).status).toBe(200);
});

test("without a namespace, a token sees all that it opens", async () => {
  const { service, films, songs } = await serveThree();
  const made = await service.post(connections, { name: "at home" });
  expect(textAt(made, "namespace_id")).toBe("default");
  const all = await service.get(connections);
  expect(told(all, "namespace_id")).toEqual(["default", "songs", "films"]);
  expect(told(await service.post(`${connections}/list`, {}), "name")).toHaveLength(3);
  const one = `${connections}/${songs.connection}`;
  expect(textAt(await service.get(one), "namespace_id")).toBe("songs");
  const tasks = await service.post("/v1/tasks/list", {});
  expect(told(tasks, "task_id")).toEqual(
    expect.arrayContaining([films.task, films.deletion, songs.task, songs.deletion]),
  );
  expect(textAt(await service.get(`/v1/tasks/${songs.task}`), "status")).toBe("PENDING");
  const first = await service.get(`${audit}?resource_type=connection&limit=2`);
  expect(told(first, "namespace_id")).toEqual(["default", "songs"]);
  const cursor = textAt(first, "next_cursor");
  const second = await service.get(`${audit}?resource_type=connection&limit=2&cursor=${cursor}`);
  expect(told(second, "namespace_id")).toEqual(["films"]);
  expect(first.body).toMatchObject({ total: 3 });
  const then = await service.post("/v1/tasks/list?as_of=@2", {});
  expect(told(then, "task_id")).toEqual([films.deletion]);
});

test("a token that opens two namespaces sees what is in both, newest first", async () => {
  const { service } = await serveThree();
  await service.post(connections, { name: "at home" });
  const { token: secret } = await service.store.tokens.create({
    name: "two",
    permission: "admin",
    namespaces: ["songs", "films"],
  });
  const two = { headers: { Authorization: `Bearer ${secret}` } };
  expect(told(await service.get(connections, two), "namespace_id")).toEqual(["songs", "films"]);
  const logs = await service.get(`${audit}?resource_type=connection`, two);
  expect(told(logs, "namespace_id")).toEqual(["songs", "films"]);
  expect(logs.body).toMatchObject({ total: 2 });
});

test("what is written without a namespace is recorded in that of the connection or task", async () => {
  const { service, films, songs, limited } = await serveThree();
  const one = `${connections}/${songs.connection}`;
  const headers = { "Idempotency-Key": "rename" };
  const renamed = await service.patch(one, { name: "renamed" }, { headers });
  expect(renamed.body).toMatchObject({ name: "renamed", namespace_id: "songs" });
  expect((await service.patch(one, { name: "renamed" }, { headers })).text).toBe(renamed.text);
  expect((await service.send("DELETE", one)).status).toBe(200);
  const newest = await service.store.namespace("songs").audit.list({ limit: 2 });
  expect(newest.results.map(({ action }) => action)).toEqual([
    "storage_connection_deleted",
    "storage_connection_updated",
  ]);
  const canceled = await service.send("DELETE", `/v1/tasks/${films.task}`, limited);
  expect(canceled.body).toMatchObject({ task: { status: "CANCELED" } });
});

test("library and client have it as the organisation of a store", async () => {
  const { service, films, secret } = await serveThree();
  const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  const remote = client.organization();
  const local = service.store.organization();
  expect(await remote.connections.list()).toEqual(await local.connections.list());
  expect(await remote.tasks.list()).toEqual(await local.tasks.list());
  expect(await remote.audit.list()).toEqual(await local.audit.list());
  const { connection } = await remote.connections.create({ name: "at home" });
  expect(connection.namespace_id).toBe("default");
  await local.connections.delete(connection.connection_id);
  await client.close();
  const limited = connectBuckets({ baseUrl: service.url, token: secret }).organization();
  const seen = await limited.connections.list();
  expect(seen.results.map(({ connection_id }) => connection_id)).toEqual([films.connection]);
  const opens = service.store.organization({ opens: ["films"] });
  expect(await opens.connections.list()).toEqual(seen);
  await expect(opens.connections.create({ name: "b" })).rejects.toMatchObject({
    code: "FORBIDDEN",
  });
});
