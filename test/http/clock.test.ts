/**
 * Goal: a clock that leapt ahead and back moves no promise of time, and is told of. Method: a clock that
 * the test moves, a day ahead for one write.
 */
import { describe, expect, it, vi } from "vitest";
import {
  at,
  bucketOf,
  expectRefusal,
  header,
  makeBucket,
  serveTest,
  startOfTime,
  TestClock,
} from "../support/server.js";

const dayMs = 24 * 60 * 60 * 1_000;

/** A bucket whose newest event is a day ahead of the clock. */
async function leapt() {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  const path = await makeBucket(service);
  clock.advance(dayMs);
  await service.patch(path, { description: "of tomorrow" });
  clock.advance(-dayMs);
  const later = (milliseconds: number) => new Date(clock.now + milliseconds).toISOString();
  return { clock, service, path, later };
}

describe("after a leap ahead and back", () => {
  it("recorded_at stands still, and positions go on", async () => {
    const { service, path } = await leapt();
    await service.patch(path, { description: "of today" });
    const history = await service.get(`${path}/history?order=asc`);
    expect(at(history, "results")).toMatchObject([
      { version: 1, recorded_at: new Date(startOfTime).toISOString() },
      { version: 2, recorded_at: new Date(startOfTime + dayMs).toISOString() },
      { version: 3, recorded_at: new Date(startOfTime + dayMs).toISOString() },
    ]);
  });

  it("a lock of three seconds holds three seconds, in answers and against writes", async () => {
    const { clock, service, path, later } = await leapt();
    const locked = await service.post(`${path}/lock`, { expires_at: later(3_000) });
    expect(bucketOf(locked)).toMatchObject({ is_locked: true });
    clock.advance(2_999);
    expect(bucketOf(await service.get(path))).toMatchObject({ is_locked: true });
    expectRefusal(await service.patch(path, { description: "no" }), 423, "BucketLockedError");
    clock.advance(1);
    expect(bucketOf(await service.get(path))).toMatchObject({ is_locked: false });
    expect((await service.patch(path, { description: "yes" })).status).toBe(200);
  });

  it("a lease of a minute lasts a minute", async () => {
    const { clock, service, path } = await leapt();
    const made = await service.post(`${path}/objects`, { title: "a" });
    const objectId = at(made, "object_id");
    const batch = await service.post(`${path}/batches`, { object_ids: [objectId] });
    const id = String(at(batch, "batch_id"));
    expect((await service.post(`${path}/batches/${id}/submit`, {})).status).toBe(200);
    const claim = { worker: "w", lease_seconds: 60 };
    const claimed = await service.post("/v1/batches/claim", claim);
    expect(claimed.body).toMatchObject({ batch_id: id, status: "IN_PROGRESS" });
    clock.advance(59_999);
    expect((await service.post("/v1/batches/claim", claim)).status).toBe(204);
    clock.advance(1);
    const again = await service.post("/v1/batches/claim", { ...claim, worker: "other" });
    expect(again.body).toMatchObject({ batch_id: id, status: "IN_PROGRESS" });
  });

  it("Accept-Datetime of now answers the present", async () => {
    const { clock, service, path } = await leapt();
    await service.patch(path, { description: "of today" });
    for (const now of ["now", new Date(clock.now).toUTCString()]) {
      const answer = await service.get(path, { headers: { "Accept-Datetime": now } });
      expect(bucketOf(answer), now).toMatchObject({ description: "of today" });
    }
    const before = new Date(clock.now - 1_000).toUTCString();
    const answer = await service.get(path, { headers: { "Accept-Datetime": before } });
    expectRefusal(answer, 404, "NotFoundError");
  });

  it("every answer says how far, /readyz warns, and so do log and metrics", async () => {
    const { clock, service, path } = await leapt();
    for (const answer of [await service.get(path), await service.get("/nowhere")]) {
      expect(header(answer, "X-Clock-Skew")).toBe("86400.000");
    }
    const ready = await service.get("/readyz");
    expect(ready.status).toBe(200);
    const checks = expect.arrayContaining([
      expect.objectContaining({ name: "clock", status: "warn" }),
    ]);
    expect(ready.body).toMatchObject({ checks });
    expect((await service.get("/metrics")).text).toContain("bucketlog_clock_skew_seconds 86400\n");
    const told = (message: string) => () =>
      expect(service.lines.map((line) => JSON.parse(line))).toContainEqual(
        expect.objectContaining({ check: "clock", msg: message }),
      );
    await vi.waitFor(told("a check warns"), { timeout: 30_000 });
    clock.advance(dayMs - 2_000);
    expect((await service.get(path)).headers.get("X-Clock-Skew")).toBeNull();
    expect((await service.get("/metrics")).text).toContain("bucketlog_clock_skew_seconds 2\n");
    await vi.waitFor(told("a check passes again"), { timeout: 30_000 });
  });
});
