/** The audit log over HTTP: the same facts as the history, in the shape of the hosted API. */
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/domain/json.js";
import { connectBuckets } from "../../src/index.js";
import {
  type Answer,
  at,
  eventsOf,
  expectRefusal,
  header,
  listAt,
  makeBucket,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";

const logs = "/v1/organizations/audit/logs";

/** Two buckets, a second between events: created, patched by alice, locked; created, deleted. */
async function makeStory() {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  const videos = await makeBucket(service);
  clock.advance(1_000);
  const headers = { "X-Actor": "alice", "User-Agent": "console/1" };
  await service.patch(videos, { description: "first" }, { headers });
  clock.advance(1_000);
  await service.post(`${videos}/lock`);
  clock.advance(1_000);
  const images = await makeBucket(service, { bucket_name: "images" });
  clock.advance(1_000);
  await service.send("DELETE", images);
  const list = (query = "") => service.get(`${logs}${query}`);
  return { service, clock, videos, images, list };
}

const idOf = (path: string) => path.replace("/v1/buckets/", "");

function actionsOf(answer: Answer): JsonValue[] {
  expect(answer.status, answer.text).toBe(200);
  return listAt(answer, "results").map((result) => Object(result).action);
}

describe("GET /v1/organizations/audit/logs", () => {
  it.each(["limit=0", "limit=1001", "limit=x", "skip=-1", "skip=1.5"])(
    "refuses ?%s, a page that cannot be",
    async (query) => {
      const { list } = await makeStory();
      expectRefusal(await list(`?${query}`), 422, "ValidationError");
    },
  );

  it.each(["start=yesterday", "end=2026-10-01T12:00:00", "actor=alice", "action=a&action=b"])(
    "refuses ?%s",
    async (query) => {
      const { list } = await makeStory();
      expectRefusal(await list(`?${query}`), 400, "BadRequestError");
    },
  );

  it("refuses a cursor that is none, of other filters, of another namespace, and beside skip", async () => {
    const { service, list } = await makeStory();
    const cursor = textAt(await list("?limit=1"), "next_cursor");
    for (const query of [
      "cursor=x",
      `cursor=${cursor}x`,
      `cursor=${cursor}&action=bucket_updated`,
      `cursor=${cursor}&start=2026-10-01`,
      `cursor=${cursor}&skip=1`,
    ]) {
      expectRefusal(await list(`?${query}`), 400, "BadRequestError");
    }
    const elsewhere = await service.get(`${logs}?cursor=${cursor}`, { namespace: "other" });
    expectRefusal(elsewhere, 400, "BadRequestError");
  });

  it("is paged by cursor without gap and repeat, while others write, on every face", async () => {
    const { service, videos, list } = await makeStory();
    const all = (answer: Answer) => listAt(answer, "results").map((one) => Object(one).audit_id);
    const before = all(await list());
    const client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
    await service.post(`${videos}/unlock`);
    const newest = all(await list());
    const ofHttp: JsonValue[] = [];
    let query = "?limit=2";
    for (;;) {
      const page = await list(query);
      ofHttp.push(...all(page));
      expect(at(page, "total")).toBeGreaterThanOrEqual(newest.length);
      const next = /<([^>]+)>; rel="next"/.exec(page.headers.get("Link") ?? "")?.[1];
      expect(next === undefined).toBe(at(page, "next_cursor") === undefined);
      if (next === undefined) break;
      await service.patch(videos, { description: `then ${ofHttp.length}` });
      query = new URL(next).search;
    }
    expect(ofHttp).toEqual(newest);
    expect(newest.slice(1)).toEqual(before);
    for (const { audit } of [service.store.namespace(), client.namespace()]) {
      const found: string[] = [];
      let cursor: string | undefined;
      const sought = { limit: 1, resourceId: idOf(videos), action: "bucket_updated" };
      const expected = (await audit.list({ ...sought, limit: 50 })).results.length;
      do {
        const page = await audit.list({ ...sought, cursor });
        found.push(...page.results.map(({ audit_id: id }) => id));
        cursor = page.next_cursor;
        await service.patch(videos, { description: `again ${found.length}` });
      } while (cursor !== undefined);
      expect(new Set(found).size).toBe(found.length);
      expect(found.length).toBe(expected);
    }
    await client.close();
  });

  it("is for admins, because it tells addresses", async () => {
    const { service } = await makeStory();
    const answer = await service.get(logs, { token: "delete" });
    expectRefusal(answer, 403, "ForbiddenError");
  });

  it("tells everything, newest first, and how much there is", async () => {
    const { list } = await makeStory();
    const answer = await list();
    expect(actionsOf(answer)).toEqual([
      "bucket_deleted",
      "bucket_created",
      "bucket_locked",
      "bucket_updated",
      "bucket_created",
    ]);
    expect(answer.body).toMatchObject({ total: 5, skip: 0, limit: 50 });
    expect(header(answer, "Cache-Control")).toBe("no-store");
  });

  it("has the fields of the hosted API, and the namespace", async () => {
    const { service, videos, list } = await makeStory();
    const [event] = listAt(await list("?action=bucket_updated"), "results");
    const [, patched] = await eventsOf(service, videos);
    expect(event).toEqual({
      audit_id: Object(patched).event_id,
      timestamp: "2026-10-01T12:00:01.000Z",
      resource_type: "bucket",
      resource_id: idOf(videos),
      namespace_id: "default",
      action: "bucket_updated",
      actor_id: "alice",
      acting_token: "admin",
      actor_type: "api_key",
      status: "success",
      changes: [{ op: "add", path: "/description", value: "first" }],
      ip_address: expect.stringContaining("127.0.0.1"),
      user_agent: "console/1",
    });
  });

  it("filters by resource, actor, action and time", async () => {
    const { videos, images, list } = await makeStory();
    const [locked, updated, created] = ["bucket_locked", "bucket_updated", "bucket_created"];
    for (const [query, actions] of [
      [`resource_id=${idOf(videos)}`, [locked, updated, created]],
      [`resource_id=${idOf(images)}&action=bucket_deleted`, ["bucket_deleted"]],
      ["actor_id=alice", [updated]],
      ["action=bucket_created", [created, created]],
      ["resource_type=bucket&actor_id=alice", [updated]],
      ["resource_type=collection", []],
      ["action=retriever_queried", []],
      ["resource_type=api_key", []],
      ["resource_id=videos", []],
      ["start=2026-10-01T12:00:01Z&end=2026-10-01T14:00:02%2B02:00", [locked, updated]],
      ["end=2026-10-01T12:00:00.999Z", [created]],
      ["start=2026-10-02T00:00:00Z", []],
    ] as const) {
      const answer = await list(`?${query}`);
      expect(actionsOf(answer), query).toEqual(actions);
      expect(at(answer, "total"), query).toBe(actions.length);
    }
  });

  it.each([
    ["resource_type=nope", "bucket, cluster"],
    ["action=bucket_upd", "bucket_unlocked, bucket_updated"],
    ["action=nope", "bucket_created"],
  ])("refuses ?%s, and lists what there is", async (query, known) => {
    const { list } = await makeStory();
    const answer = await list(`?${query}`);
    expectRefusal(answer, 400, "BadRequestError");
    expect(answer.text).toContain(known);
  });

  it("calls connections as the hosted API does, and takes our word for them as well", async () => {
    const { service, list } = await makeStory();
    await service.post("/v1/organizations/connections", { name: "lake" });
    for (const query of [
      "resource_type=storage_connection",
      "resource_type=connection",
      "action=storage_connection_created",
      "action=connection_created",
    ]) {
      const [event, ...others] = listAt(await list(`?${query}`), "results");
      expect(others, query).toEqual([]);
      expect(event, query).toMatchObject({
        resource_type: "storage_connection",
        action: "storage_connection_created",
      });
    }
  });

  it("pages by skip and limit", async () => {
    const { list } = await makeStory();
    const page = await list("?skip=1&limit=2");
    expect(actionsOf(page)).toEqual(["bucket_created", "bucket_locked"]);
    expect(page.body).toMatchObject({ total: 5, skip: 1, limit: 2 });
    expect(await list("?skip=9").then(({ body }) => body)).toMatchObject({ results: [], total: 5 });
  });

  it("tells nothing of other namespaces", async () => {
    const { service, videos } = await makeStory();
    const namespace = "other";
    for (const query of ["", `?resource_id=${idOf(videos)}`]) {
      const answer = await service.get(`${logs}${query}`, { namespace });
      expect(answer.body).toMatchObject({ results: [], total: 0 });
    }
  });

  it("has no event for what was refused, and shows no secret", async () => {
    const { service, list } = await makeStory();
    const source_adapter = { adapter_type: "mux", webhook_secret: "a-secret-of-the-caller" };
    await makeBucket(service, { bucket_name: "fed", source_adapter });
    const again = { bucket_name: "fed", bucket_schema: { properties: {} } };
    expect((await service.post("/v1/buckets", again)).status).toBe(409);
    const answer = await list();
    expect(at(answer, "total")).toBe(6);
    expect(answer.text).not.toMatch(/a-secret-of-the-caller|sec_/);
  });
});

describe("GET /v1/organizations/audit/logs/{audit_id}", () => {
  it("finds nothing under another id, or in another namespace", async () => {
    const { service, list } = await makeStory();
    expectRefusal(await service.get(`${logs}/evt_nobody`), 404, "NotFoundError");
    const id = textAt(await list("?limit=1"), "results", "0", "audit_id");
    expectRefusal(await service.get(`${logs}/${id}`, { namespace: "other" }), 404, "NotFoundError");
  });

  it("is the event as the list has it", async () => {
    const { service, list } = await makeStory();
    for (const event of listAt(await list(), "results")) {
      const one = await service.get(`${logs}/${Object(event).audit_id}`);
      expect(one.body).toEqual(event);
    }
  });
});
