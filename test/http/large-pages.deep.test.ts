/** Pages of events are bounded in bytes: a page ends early, and its cursor leads on. */
import { describe, expect, onTestFinished, test } from "vitest";
import { isJsonObject } from "../../src/domain/json.js";
import { limits } from "../../src/domain/limits.js";
import { type HistoryQuery, openBuckets } from "../../src/index.js";
import { isDeep } from "../support/depth.js";
import {
  type Answer,
  at,
  listAt,
  makeBucket,
  type Service,
  serveTest,
  temporaryFile,
  textAt,
} from "../support/server.js";

const versions = 14;
/** Each event holds the text of before and that of after. */
const text = (version: number) => `${version} ${"x".repeat(900_000)}`;

async function openLong(isInMemory: boolean) {
  const { file, remove } = temporaryFile();
  const store = await openBuckets({ file: isInMemory ? ":memory:" : file });
  onTestFinished(async () => {
    await store.close();
    remove();
  });
  const { buckets } = store.namespace();
  const bucket_schema = { properties: {} };
  await buckets.create({ bucket_name: "long", bucket_schema, description: text(1) });
  for (let version = 2; version <= versions; version += 1) {
    await buckets.patch("long", { description: text(version) });
  }
  return { store, buckets };
}

describe.each([["on a file", false] as const, ...(isDeep ? [["in memory", true] as const] : [])])(
  "%s",
  (_, isInMemory) => {
    test("a history of large versions comes in pages that keep the limit, none left out", async () => {
      const { buckets } = await openLong(isInMemory);
      for (const order of ["asc", "desc"] as const) {
        const found: number[] = [];
        let pages = 0;
        let next: Pick<HistoryQuery, "cursor"> | undefined = {};
        while (next !== undefined) {
          const page = await buckets.history("long", { limit: 1_000, order, ...next });
          expect(JSON.stringify(page.results).length).toBeLessThan(limits.pageBytesMax * 1.01);
          found.push(...page.results.map(({ version }) => version));
          pages += 1;
          const { next_cursor: cursor } = page.pagination;
          next = cursor === undefined ? undefined : { cursor };
        }
        const expected = Array.from({ length: versions }, (__, index) => index + 1);
        expect(found).toEqual(order === "asc" ? expected : expected.toReversed());
        expect(pages).toBe(4);
      }
    });

    test("the feed and a replay tell every event, though they read few at a time", async () => {
      const { store, buckets } = await openLong(isInMemory);
      const feed = store.events({ after: 0 });
      const told: number[] = [];
      while (told.length < versions) {
        const page = await feed.page({ limit: 1_000 });
        told.push(...(page?.results ?? []).map(({ version }) => version));
      }
      expect(told).toEqual(Array.from({ length: versions }, (__, index) => index + 1));
      const lines = await Array.fromAsync(buckets.replay("long", {}));
      expect(lines).toHaveLength(versions + 1);
      expect(lines.at(-1)).toMatchObject({ matches_view: true, replayed: versions });
      expect(await store.verify()).toMatchObject({ ok: true });
    });
  },
);

/** Each was made by one event: the namespace as it was once all were there. */
describe.each([
  ["now", ""],
  ["as it was", "&as_of=@20"],
])("a page of large buckets %s", (_, moment) => {
  const names = Array.from({ length: 20 }, (_, index) => `big-${index}`);
  const sort = { field: "bucket_name" };

  async function serveBig() {
    const service = await serveTest();
    const { buckets } = service.store.namespace();
    for (const bucket_name of names) {
      const bucket_schema = { properties: {} };
      await buckets.create({ bucket_name, bucket_schema, description: text(1) });
    }
    // The log goes on behind it.
    await service.store
      .namespace("elsewhere")
      .buckets.create({ bucket_name: "other", bucket_schema: { properties: {} } });
    return service;
  }

  const namesOf = (answer: Answer) =>
    listAt(answer, "results").map((bucket) => isJsonObject(bucket) && bucket["bucket_name"]);

  test("by offset is answered whole, with the places that it leads to", async () => {
    const { post } = await serveBig();
    const all = await post(`/v1/buckets/list?limit=1000${moment}`, { sort });
    expect(namesOf(all)).toEqual(names.toSorted());
    expect(all.body).toMatchObject({ total_count: 20, pagination: { total: 20, page: 1 } });
    expect(at(all, "pagination", "next_cursor")).toBeUndefined();
    expect(at(all, "pagination", "next_page")).toBeUndefined();

    const some = await post(`/v1/buckets/list?limit=12&offset=3${moment}`, { sort });
    expect(namesOf(some)).toEqual(names.toSorted().slice(3, 15));
    expect(at(some, "pagination", "next_page")).toContain("offset=15");
    const cursor = textAt(some, "pagination", "next_cursor");
    const rest = await post(`/v1/buckets/list?limit=1000${moment}`, { sort, cursor });
    expect(namesOf(rest)).toEqual(names.toSorted().slice(15));
  });

  test("by cursor ends early, and leads on to the rest", async () => {
    const { post } = await serveBig();
    const first = await post(`/v1/buckets/list?limit=1${moment}`, { sort });
    const found = namesOf(first);
    let cursor = at(first, "pagination", "next_cursor");
    let pages = 0;
    while (typeof cursor === "string") {
      const page = await post(`/v1/buckets/list?limit=1000${moment}`, { sort, cursor });
      expect(page.text.length).toBeLessThan(limits.pageBytesMax * 1.01);
      found.push(...namesOf(page));
      cursor = at(page, "pagination", "next_cursor");
      pages += 1;
    }
    expect(found).toEqual(names.toSorted());
    expect(pages).toBe(3);
  });

  test("so does a page of the library only where it is asked to", async () => {
    const { store } = await serveBig();
    const whole = await store.namespace().buckets.list({ limit: 1_000 });
    expect(whole.results).toHaveLength(20);
  });
});

describe.each([
  ["events alone", false],
  ["events and reads", true],
])("a page of the audit log with %s", (_, isRead) => {
  const logs = "/v1/organizations/audit/logs";

  async function serveLog() {
    const service = await serveTest();
    const path = await makeBucket(service, { description: text(1) });
    if (isRead) {
      const settings = "/v1/organizations/audit/settings";
      await service.patch(settings, { read_auditing_enabled: true });
    }
    for (let version = 2; version <= versions; version += 1) {
      await service.get(path);
      await service.patch(path, { description: text(version) });
    }
    // What is read of the log is audited as well, and would make it longer.
    if (isRead)
      await service.store.organization().auditSettings.patch({ read_auditing_enabled: false });
    return service;
  }

  const idsOf = (answer: Answer) => {
    expect(answer.status, answer.text.slice(0, 300)).toBe(200);
    return listAt(answer, "results").map((entry) => isJsonObject(entry) && entry["audit_id"]);
  };

  test("by skip is answered whole, and by cursor ends early and leads on to the rest", async () => {
    const { get } = await serveLog();
    const whole = await get(`${logs}?limit=1000`);
    const all = idsOf(whole);
    expect(all).toHaveLength(isRead ? 2 * versions + 1 : versions);
    expect(whole.body).toMatchObject({ total: all.length, skip: 0, limit: 1_000 });
    expect(at(whole, "next_cursor")).toBeUndefined();
    const some = await get(`${logs}?limit=9&skip=3`);
    expect(idsOf(some)).toEqual(all.slice(3, 12));
    expect(some.headers.get("Link")).toContain("skip=12");
    const found = idsOf(await get(`${logs}?limit=1`));
    let cursor = at(await get(`${logs}?limit=1`), "next_cursor");
    let pages = 0;
    while (typeof cursor === "string") {
      const page = await get(`${logs}?limit=1000&cursor=${cursor}`);
      expect(page.text.length).toBeLessThan(limits.pageBytesMax * 1.01);
      found.push(...idsOf(page));
      cursor = at(page, "next_cursor");
      pages += 1;
    }
    expect(found).toEqual(all);
    expect(pages).toBeGreaterThan(2);
    const rest = await get(`${logs}?limit=1000&cursor=${textAt(some, "next_cursor")}`);
    expect(idsOf(rest)[0]).toBe(all[12]);
  });
});

describe.each([
  [
    "connections",
    "/v1/organizations/connections/list",
    "name",
    ({ store }: Service, name: string) => {
      const metadata = { text: text(1) };
      const body = { name, provider_type: "google_drive", metadata };
      return store.organization().connections.create(body);
    },
  ],
  [
    "namespaces",
    "/v1/namespaces/list",
    "namespace_name",
    ({ store }: Service, name: string) =>
      store.namespaces.create({ namespace_name: name, description: text(1) }),
  ],
] as const)("a page of large %s", (_, list, field, make) => {
  test("by offset is whole, and by cursor ends early and leads on, now and as it was", async () => {
    const service = await serveTest();
    const { post, store } = service;
    const names = Array.from({ length: 20 }, (__, index) => `large-${index}`);
    for (const name of names) await make(service, name);
    const sort = { field };
    for (const moment of ["", `&as_of=@${(await store.head()).position}`]) {
      const namesOf = (answer: Answer) =>
        listAt(answer, "results").map((one) => isJsonObject(one) && one[field]);
      const cursorOf = (answer: Answer) => at(answer, "pagination", "next_cursor");
      const all = namesOf(await post(`${list}?limit=1000${moment}`, { sort }));
      expect(all).toEqual(names.toSorted());
      const first = await post(`${list}?limit=1${moment}`, { sort });
      const found = namesOf(first);
      let pages = 0;
      for (let cursor = cursorOf(first); typeof cursor === "string"; pages += 1) {
        const page = await post(`${list}?limit=1000${moment}`, { sort, cursor });
        expect(page.text.length).toBeLessThan(limits.pageBytesMax * 1.01);
        found.push(...namesOf(page));
        cursor = cursorOf(page);
      }
      expect(found).toEqual(all);
      expect(pages).toBe(3);
    }
  });
});
