/**
 * Goal: a locked bucket is read-only until it is unlocked or its lock lapses, and the past knows
 * which. Method: a clock that the test moves; no event tells of a lapse.
 */
import { describe, expect, it } from "vitest";
import {
  at,
  bucketOf,
  day,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  makeBucket,
  ndjsonOf,
  serveTest,
  startOfTime,
  TestClock,
} from "../support/server.js";

const minute = 60_000;

function later(milliseconds: number): string {
  return new Date(startOfTime + milliseconds).toISOString();
}

async function lockable() {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  return { clock, service, path: await makeBucket(service) };
}

describe("POST .../lock", () => {
  it("needs a token with the permission admin", async () => {
    const { service, path } = await lockable();
    const answer = await leavesNoTrace(service, path, () =>
      service.post(`${path}/lock`, {}, { token: "delete" }),
    );
    expectRefusal(answer, 403, "ForbiddenError");
  });

  it("refuses an expiry that is not in the future, or that is no time", async () => {
    const { service, path } = await lockable();
    for (const expires_at of [later(-1), later(0), "2026-10-02T00:00:00", "tomorrow", 5]) {
      const answer = await leavesNoTrace(service, path, () =>
        service.post(`${path}/lock`, { expires_at }),
      );
      expectRefusal(answer, 422, "ValidationError");
    }
  });

  it("makes every write a 423 that says who, why and until when, while reads go on", async () => {
    const { service, path } = await lockable();
    const body = { reason: "audit", expires_at: "2026-10-01T13:00:00+00:00" };
    const locked = await service.post(`${path}/lock`, body, {
      headers: { "X-Actor": "Jos%C3%A9" },
    });
    expect(bucketOf(locked)).toMatchObject({ is_locked: true, updated_at: later(0) });
    expect(header(locked, "ETag")).toBe('"2.0"');
    const writes = [
      () => service.patch(path, { description: "no" }),
      () => service.patch(path, {}),
      () => service.send("PUT", path, { json: { description: "no" } }),
      () => service.merge(path, { description: "no" }),
      () => service.jsonPatch(path, [{ op: "add", path: "/description", value: "no" }]),
      () => service.post(`${path}/lock`, {}),
      () => service.patch(path, { description: "no" }, { headers: { "If-Match": "*" } }),
      () => service.send("PATCH", `${path}?dry_run=true`, { json: { description: "no" } }),
    ];
    for (const write of writes) {
      const answer = await leavesNoTrace(service, path, write);
      expectRefusal(answer, 423, "BucketLockedError");
      expect(at(answer, "error", "details")).toMatchObject({
        holder: "José",
        reason: "audit",
        expires_at: later(60 * minute),
        locked_at: later(0),
      });
    }
    expect((await service.get(`${path}/history`)).status).toBe(200);
    expect((await service.get(`${path}?as_of=1`)).status).toBe(200);
  });

  it("keeps the reason on the event, and shows the expiry in history", async () => {
    const { service, path } = await lockable();
    await service.post(`${path}/lock`, { reason: "audit", expires_at: later(minute) });
    const [, entry] = await eventsOf(service, path);
    expect(entry).toMatchObject({
      type: "bucket.locked",
      reason: "audit",
      expires_at: later(minute),
      changes: [],
    });
  });
});

describe("POST .../unlock", () => {
  it("refuses a bucket that is not locked, or whose lock has lapsed", async () => {
    const { service, path, clock } = await lockable();
    const unlock = () => service.post(`${path}/unlock`);
    expectRefusal(await leavesNoTrace(service, path, unlock), 400, "BadRequestError");
    await service.post(`${path}/lock`, { expires_at: later(minute) });
    clock.advance(minute);
    expectRefusal(await leavesNoTrace(service, path, unlock), 400, "BadRequestError");
  });

  it("makes the bucket writable again", async () => {
    const { service, path } = await lockable();
    await service.post(`${path}/lock`);
    expect(bucketOf(await service.post(`${path}/unlock`, { reason: "done" })).is_locked).toBe(
      false,
    );
    expect((await service.patch(path, { description: "yes" })).status).toBe(200);
    const types = (await eventsOf(service, path)).map((entry) => Object(entry).type);
    expect(types).toEqual(["bucket.created", "bucket.locked", "bucket.unlocked", "bucket.patched"]);
  });
});

describe("A lock that expires", () => {
  it("holds one millisecond before its expiry, and not at it", async () => {
    const { service, path, clock } = await lockable();
    await service.post(`${path}/lock`, { expires_at: later(minute) });
    clock.advance(minute - 1);
    const early = await service.patch(path, { description: "early" });
    expectRefusal(early, 423, "BucketLockedError");
    clock.advance(1);
    expect(bucketOf(await service.patch(path, { description: "on time" })).is_locked).toBe(false);
  });

  it("changes the tag when it lapses, without an event", async () => {
    const { service, path, clock } = await lockable();
    await service.post(`${path}/lock`, { expires_at: later(minute) });
    const locked = await service.get(path);
    expect(header(locked, "ETag")).toBe('"2.0"');
    const head = await service.store.head();
    clock.advance(minute);
    const lapsed = await service.get(path, { headers: { "If-None-Match": '"2.0"' } });
    expect(lapsed.status).toBe(200);
    expect(header(lapsed, "ETag")).toBe('"2.0.u"');
    expect(bucketOf(lapsed).is_locked).toBe(false);
    const same = await service.get(path, { headers: { "If-None-Match": '"2.0.u"' } });
    expect(same.status).toBe(304);
    expect(await service.store.head()).toEqual(head);
    const written = await service.patch(path, {}, { headers: { "If-Match": '"2.0.u"' } });
    expect(written.status).toBe(200);
  });

  it("can be followed by another lock, whose tag has no suffix", async () => {
    const { service, path, clock } = await lockable();
    await service.post(`${path}/lock`, { expires_at: later(minute) });
    clock.advance(minute);
    const again = await service.post(`${path}/lock`, { reason: "again" });
    expect(bucketOf(again).is_locked).toBe(true);
    expect(header(again, "ETag")).toBe('"3.0"');
  });

  it("was locked or not at a moment of the past, whatever it is now", async () => {
    const { service, path, clock } = await lockable();
    await service.post(`${path}/lock`, { expires_at: later(minute) });
    clock.advance(10 * minute);
    await service.patch(path, { description: "after" });
    clock.advance(minute);
    const lockedAt = async (point: string) =>
      bucketOf(await service.get(`${path}?as_of=${encodeURIComponent(point)}`)).is_locked;
    expect(await lockedAt("1")).toBe(false);
    expect(await lockedAt("2")).toBe(true);
    expect(await lockedAt("@2")).toBe(true);
    expect(await lockedAt("3")).toBe(false);
    expect(await lockedAt(later(minute - 1))).toBe(true);
    expect(await lockedAt(later(minute))).toBe(false);
  });

  it("leaves the same view when that is rebuilt a day later", async () => {
    const { service, path, clock } = await lockable();
    await service.post(`${path}/lock`, { expires_at: later(minute) });
    clock.advance(day);
    const before = await service.get(path);
    const report = ndjsonOf(await service.post("/v1/admin/projections/view/rebuild")).at(-1);
    expect(report).toMatchObject({ replayed: 2, differences: 0 });
    expect((await service.get(path)).text).toBe(before.text);
    expect(ndjsonOf(await service.post("/v1/admin/verify")).at(-1)).toMatchObject({ ok: true });
    expect(ndjsonOf(await service.get(`${path}/replay`)).at(-1)).toMatchObject({
      matches_view: true,
    });
  });
});
