/**
 * Times that are sent (RFC 3339 section 5.6). Goal: one reading of them, whatever takes them. Method:
 * the same moment in every spelling, at every place of the API; and what is none at the same places.
 */
import { expect, test } from "vitest";
import {
  type Answer,
  day,
  makeBucket,
  type Service,
  serveTest,
  startOfTime,
  TestClock,
} from "../support/server.js";

/** The beginning of the day after the clock stands still. */
const spellings = [
  "2026-10-02T00:00:00Z",
  "2026-10-02t00:00:00z",
  "2026-10-02T00:00:00.000z",
  "2026-10-02t02:00:00+02:00",
  "2026-10-02",
];
const faults = ["2026-10-02T00:00:00", "2026-02-30", "2026-10-2", "tomorrow", "2026-10-02Z"];

type Place = (time: string) => Promise<Answer>;

/** Every place that takes a time, with what it takes beside. */
async function placesOf(service: Service, clock: TestClock): Promise<Record<string, Place>> {
  const fields = { title: { type: "string" }, shown: { type: "datetime" } };
  const bucket = await makeBucket(service, { bucket_schema: { properties: fields } });
  await makeBucket(service, { bucket_name: "locked" });
  await service.patch(bucket, { description: "x" });
  await service.post(`${bucket}/objects?policy=insert`, { title: "a" });
  clock.advance(2 * day);
  await service.patch(bucket, { description: "y" });
  clock.advance(-2 * day);
  const query = (path: string, name: string): Place => {
    const sign = path.includes("?") ? "&" : "?";
    return (time) => service.get(`${path}${sign}${name}=${encodeURIComponent(time)}`);
  };
  const filter = (path: string, field: string): Place => {
    const filters = (value: string) => ({ AND: [{ field, operator: "lt", value }] });
    return (time) => service.post(path, { filters: filters(time) });
  };
  // After the time of the newest event, before which nothing can expire.
  const later = (time: string) => time.replace("2026", "2036");
  let count = 0;
  return {
    as_of: query(bucket, "as_of"),
    from: query(`${bucket}/history`, "from"),
    to: query(`${bucket}/history`, "to"),
    diff: query(`${bucket}/diff?from=1`, "to"),
    replay: query(`${bucket}/replay`, "to"),
    start: query("/v1/organizations/audit/logs", "start"),
    end: query("/v1/organizations/audit/logs", "end"),
    tokens: query("/v1/admin/tokens", "as_of"),
    list: (time) => service.post(`/v1/buckets/list?as_of=${encodeURIComponent(time)}`),
    objects: (time) => service.post(`${bucket}/objects/list?as_of=${encodeURIComponent(time)}`),
    buckets_filter: filter("/v1/buckets/list", "created_at"),
    objects_filter: filter(`${bucket}/objects/list`, "created_at"),
    lock: (time) =>
      service.post("/v1/buckets/locked/lock?dry_run=true", { expires_at: later(time) }),
    token: (time) => {
      count += 1;
      const token = { name: `t${count}`, permission: "read", expires_at: later(time) };
      return service.post("/v1/admin/tokens", token);
    },
    field: (time) => service.post(`${bucket}/objects?policy=insert&dry_run=true`, { shown: time }),
  };
}

/** The answer without what each request has of its own. */
function told({ status, text }: Answer, time: string): string {
  return `${status} ${text
    .replaceAll(/"(request_id|token|token_id|name|event_id|task_id|object_id|etag)":"[^"]*"/g, "")
    .replaceAll(time, "TIME")}`;
}

test("what is no time is refused wherever one is taken, and says what is one", async () => {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  for (const [name, ask] of Object.entries(await placesOf(service, clock))) {
    for (const fault of faults) {
      const refused = await ask(fault);
      expect([400, 422], `${name} ${fault} ${refused.text}`).toContain(refused.status);
      expect(refused.text).toMatch(/with its offset/);
    }
  }
});

test("a plus sign that was not encoded is told of, wherever a query takes a time", async () => {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  const bucket = await makeBucket(service);
  for (const path of [
    `${bucket}?as_of=`,
    `${bucket}/history?from=`,
    `${bucket}/diff?from=1&to=`,
    "/v1/organizations/audit/logs?start=",
  ]) {
    const refused = await service.get(`${path}2026-10-02T02:00:00+02:00`);
    expect(refused.status, path).toBe(400);
    expect(refused.text).toContain("%2B");
  }
});

test("every spelling of a time is the same time, wherever one is taken", async () => {
  const clock = new TestClock();
  expect(startOfTime).toBeLessThan(Date.parse(spellings[0] ?? ""));
  const service = await serveTest({ clock: clock.read });
  const [first = "", ...others] = spellings;
  for (const [name, ask] of Object.entries(await placesOf(service, clock))) {
    const expected = await ask(first);
    expect(expected.status, `${name} ${expected.text}`).toBe(200);
    for (const other of others) {
      expect(told(await ask(other), other), `${name} ${other}`).toBe(told(expected, first));
    }
  }
});
