/** Lists of buckets and tasks over HTTP as they were at a position or time. */
import { describe, expect, test } from "vitest";
import {
  type Answer,
  at,
  day,
  expectRefusal,
  header,
  listAt,
  makeBucket,
  type Service,
  serveTest,
  startOfTime,
  TestClock,
  textAt,
} from "../support/server.js";

const list = "/v1/buckets/list";

function listAsOf(service: Service, asOf: string, body: object = {}, path = list): Promise<Answer> {
  return service.post(`${path}?as_of=${encodeURIComponent(asOf)}`, body);
}

function shownOf(answer: Answer, key = "bucket_name"): unknown[] {
  expect(answer.status, answer.text).toBe(200);
  return listAt(answer, "results").map((result) => Object(result)[key]);
}

const moment = (seconds: number) => new Date(startOfTime + seconds * 1_000).toISOString();

/** Seven events, a second apart, the first a second after the start of time. */
async function tell() {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  const step = async <T>(act: () => Promise<T>): Promise<T> => {
    clock.advance(1_000);
    return await act();
  };
  const a = await step(() => makeBucket(service, { bucket_name: "a", metadata: { rank: 2 } }));
  const b = await step(() => makeBucket(service, { bucket_name: "b", metadata: { rank: 1 } }));
  await step(() => makeBucket(service, { bucket_name: "elsewhere" }, { namespace: "other" }));
  await step(() => service.patch(b, { bucket_name: "c", metadata: { rank: 3 } }));
  const deleted = await step(() => service.send("DELETE", a));
  await step(() => makeBucket(service, { bucket_name: "a", metadata: { rank: 9 } }));
  await step(() => service.post(`${a}/restore`, { bucket_name: "again" }));
  return { service, clock, step, taskId: textAt(deleted, "task_id") };
}

describe("A list as of a moment", () => {
  test.for([
    ["0", 400],
    ["@0", 400],
    ["-1", 400],
    ["yesterday", 400],
    ["2026-10-01T12:00:00", 400],
    ["2", 400],
    ["@8", 404],
    ["2030-01-01T00:00:00Z", 404],
  ] as const)("of %s is refused with %i", async ([asOf, status]) => {
    const { service } = await tell();
    for (const path of [list, "/v1/tasks/list"]) {
      const answer = await listAsOf(service, asOf, {}, path);
      expectRefusal(answer, status, status === 400 ? "BadRequestError" : "NotFoundError");
    }
  });

  test("of a version says what to send instead, and beyond the end where that is", async () => {
    const { service } = await tell();
    const version = await listAsOf(service, "2");
    expect(textAt(version, "error", "message")).toContain("use a position (@2) or a time");
    const beyond = await listAsOf(service, "@8");
    expect(at(beyond, "error", "details")).toMatchObject({
      first: { recorded_at: moment(1) },
      last: { position: 7, recorded_at: moment(7) },
    });
    const empty = await service.post(`${list}?as_of=@8`, {}, { namespace: "empty" });
    expect(textAt(empty, "error", "message")).toContain("it has not begun");
  });

  test("shows what there was at each position and time, also what is deleted since", async () => {
    const { service } = await tell();
    const expected = [["a"], ["b", "a"], ["b", "a"], ["c", "a"], ["c"], ["a", "c"]];
    for (const [index, names] of [...expected, ["a", "c", "again"]].entries()) {
      expect(shownOf(await listAsOf(service, `@${index + 1}`))).toEqual(names);
      expect(shownOf(await listAsOf(service, moment(index + 1)))).toEqual(names);
    }
    expect(shownOf(await service.post(list, {}))).toEqual(["a", "c", "again"]);
  });

  test("before there was any bucket is empty", async () => {
    const { service } = await tell();
    const answer = await listAsOf(service, moment(0));
    expect(answer.body).toMatchObject({ results: [], total_count: 0, as_of: { position: 0 } });
    expect(answer.headers.get("Memento-Datetime")).toBeNull();
  });

  test("is filtered, searched and sorted by what was then", async () => {
    const { service } = await tell();
    const rank = (value: number) => ({ filters: { "metadata.rank": value } });
    expect(shownOf(await listAsOf(service, "@2", rank(1)))).toEqual(["b"]);
    expect(shownOf(await listAsOf(service, "@4", rank(1)))).toEqual([]);
    const sort = { field: "metadata.rank", direction: "desc" };
    expect(shownOf(await listAsOf(service, "@3", { sort }))).toEqual(["a", "b"]);
    expect(shownOf(await listAsOf(service, "@4", { sort }))).toEqual(["c", "a"]);
    expect(shownOf(await listAsOf(service, "@4", { search: "C*" }))).toEqual(["c"]);
  });

  test("goes on by a cursor, also while buckets change, and only for its own moment", async () => {
    const { service, step } = await tell();
    const first = await listAsOf(service, "@4", { limit: 1 });
    expect(first.body).toMatchObject({
      total_count: 2,
      pagination: { page: 1, next_page: `${list}?limit=1&offset=1&as_of=%404` },
    });
    const cursor = textAt(first, "pagination", "next_cursor");
    await step(() => makeBucket(service, { bucket_name: "new" }));
    expect(shownOf(await listAsOf(service, "@4", { limit: 1, cursor }))).toEqual(["a"]);
    for (const other of [listAsOf(service, "@5", { cursor }), service.post(list, { cursor })]) {
      expectRefusal(await other, 400, "BadRequestError");
    }
  });

  test("says what it was resolved to, and may be kept for ever once it is final", async () => {
    const { service, clock } = await tell();
    const past = await listAsOf(service, "@5");
    expect(at(past, "as_of")).toEqual({ position: 5, recorded_at: moment(5), is_final: true });
    expect(header(past, "X-Position")).toBe("5");
    expect(header(past, "Memento-Datetime")).toBe(new Date(moment(5)).toUTCString());
    expect(header(past, "Cache-Control")).toBe("private, no-cache");
    const other = await service.post(`${list}?as_of=@7`, {}, { namespace: "other" });
    expect(at(other, "as_of")).toEqual({ position: 3, recorded_at: moment(3), is_final: true });
    clock.advance(1_000);
    for (const asOf of [moment(7), moment(8)]) {
      expect(header(await listAsOf(service, asOf), "Cache-Control")).toBe("no-store");
    }
    const final = await listAsOf(service, moment(6.5));
    expect(header(final, "Cache-Control")).toBe("private, no-cache");
    expect(header(await service.post(list, {}), "Cache-Control")).toBe("private, no-cache");
  });

  test("shows a lock as it was at that moment", async () => {
    const { service, step, clock } = await tell();
    const until = { expires_at: new Date(clock.now + 5_000).toISOString() };
    await step(() => service.post("/v1/buckets/c/lock", until));
    clock.advance(day);
    const locked = { filters: { is_locked: true } };
    expect(shownOf(await listAsOf(service, "@8", locked))).toEqual(["c"]);
    expect(shownOf(await service.post(list, locked))).toEqual([]);
  });
});

describe("Tasks as of a moment", () => {
  test("are those that there were, also when the bucket was restored since", async () => {
    const { service, taskId } = await tell();
    for (const asOf of ["@4", moment(4)]) {
      expect(shownOf(await listAsOf(service, asOf, {}, "/v1/tasks/list"))).toEqual([]);
      const absent = await service.get(`/v1/tasks/${taskId}?as_of=${asOf}`);
      expectRefusal(absent, 404, "NotFoundError");
    }
    for (const asOf of ["@5", "@7", moment(5)]) {
      const page = await listAsOf(service, asOf, {}, "/v1/tasks/list");
      expect(shownOf(page, "task_id")).toEqual([taskId]);
      const task = await service.get(`/v1/tasks/${taskId}?as_of=${asOf}`);
      expect(task.body).toMatchObject({ task_id: taskId, as_of: { is_final: true } });
      expect(header(task, "Cache-Control")).toBe("private, no-cache");
    }
  });

  test("are told apart within one transaction, whose events share their time", async () => {
    const service = await serveTest({ clock: () => startOfTime });
    const bucket = await makeBucket(service);
    const remove = { method: "DELETE", path: bucket };
    const restore = { method: "POST", path: `${bucket}/restore` };
    await service.post("/v1/transactions", { operations: [remove, restore, remove, restore] });
    const counts = [];
    for (const asOf of ["@1", "@2", "@3", "@4", "@5"]) {
      const page = await listAsOf(service, asOf, {}, "/v1/tasks/list");
      counts.push(at(page, "total_count"));
    }
    expect(counts).toEqual([0, 1, 1, 2, 2]);
  });
});
