import { describe, expect, test } from "vitest";
import {
  at,
  bucketOf,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  serveTest,
  TestClock,
  textAt,
} from "../support/server.js";

describe("deleting a bucket", () => {
  test("of an unknown name is a 404, and without the permission a 403", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    expectRefusal(await service.send("DELETE", "/v1/buckets/none"), 404, "NotFoundError");
    const refused = await leavesNoTrace(service, path, () =>
      service.send("DELETE", path, { token: "write" }),
    );
    expectRefusal(refused, 403, "ForbiddenError");
  });

  test("with a stale If-Match is a 412, and while it is locked a 423", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.patch(path, { description: "newer" });
    const stale = await leavesNoTrace(service, path, () =>
      service.send("DELETE", path, { headers: { "If-Match": '"1"' } }),
    );
    expectRefusal(stale, 412, "PreconditionFailedError");
    await service.post(`${path}/lock`, { reason: "audit" });
    expectRefusal(await service.send("DELETE", path), 423, "BucketLockedError");
  });

  test("answers with a task, which can be read and listed afterwards", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const deleted = await service.send("DELETE", path, {
      token: "delete",
      headers: { "X-Reason": "no longer used" },
    });
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({
      task_type: "api_buckets_delete",
      status: "COMPLETED",
      bucket_id: path.split("/").at(-1),
      bucket_name: "videos",
      object_count: 0,
    });
    expect(header(deleted, "X-Version")).toBe("2");
    const task = await service.get(`/v1/tasks/${textAt(deleted, "task_id")}`);
    expect(task.body).toEqual(deleted.body);
    const listed = await service.post("/v1/tasks/list", {});
    expect(listAt(listed, "results")).toEqual([deleted.body]);
    expect(at(listed, "total_count")).toBe(1);
    expect((await eventsOf(service, path)).at(-1)).toMatchObject({
      type: "bucket.deleted",
      actor: "delete",
      reason: "no longer used",
      changes: [],
    });
  });

  test("takes it out of lists and frees its name, and a second time is a 404", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.send("DELETE", path);
    expectRefusal(await service.send("DELETE", path), 404, "NotFoundError");
    expectRefusal(await service.patch(path, {}), 404, "NotFoundError");
    expect(at(await service.post("/v1/buckets/list"), "total_count")).toBe(0);
    const again = await makeBucket(service);
    expect(again).not.toBe(path);
  });

  test("previewed with dry_run deletes nothing", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const preview = await leavesNoTrace(service, path, () =>
      service.send("DELETE", `${path}?dry_run=true`),
    );
    expect(preview.body).toMatchObject({ dry_run: true, result: { status: "COMPLETED" } });
    expect(at(await service.post("/v1/tasks/list"), "total_count")).toBe(0);
  });

  test("under an Idempotency-Key is done once and answered alike", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const headers = { "Idempotency-Key": "delete-once" };
    const first = await service.send("DELETE", path, { headers });
    const second = await service.send("DELETE", path, { headers });
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(header(second, "Idempotency-Replayed")).toBe("true");
    expect(header(second, "X-Version")).toBe(header(first, "X-Version"));
  });

  test("shows its tasks to its own namespace alone", async () => {
    const service = await serveTest();
    const deleted = await service.send("DELETE", await makeBucket(service));
    const path = `/v1/tasks/${textAt(deleted, "task_id")}`;
    expectRefusal(await service.get(path, { namespace: "other" }), 404, "NotFoundError");
    const listed = await service.post("/v1/tasks/list", {}, { namespace: "other" });
    expect(at(listed, "total_count")).toBe(0);
    expectRefusal(await service.post("/v1/tasks/list", { limit: 1_001 }), 422, "ValidationError");
  });
});

describe("the lifecycle", () => {
  test("is moved by admin tokens alone", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    for (const move of ["archive", "activate", "suspend"]) {
      const refused = await leavesNoTrace(service, path, () =>
        service.post(`${path}/${move}`, {}, { token: "delete" }),
      );
      expectRefusal(refused, 403, "ForbiddenError");
    }
  });

  test("refuses to move where the bucket is already with a 400", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    expectRefusal(await service.post(`${path}/activate`), 400, "BadRequestError");
    await service.post(`${path}/archive`);
    expectRefusal(await service.post(`${path}/archive`), 400, "BadRequestError");
  });

  test("goes from active to archived, suspended and back, and never moves updated_at", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const path = await makeBucket(service);
    const { updated_at: updatedAt } = bucketOf(await service.get(path));
    for (const [move, status] of [
      ["archive", "ARCHIVED"],
      ["suspend", "SUSPENDED"],
      ["activate", "ACTIVE"],
    ]) {
      clock.advance(1_000);
      const moved = bucketOf(await service.post(`${path}/${move}`));
      expect(moved).toMatchObject({ status, updated_at: updatedAt });
    }
    const types = await eventsOf(service, path);
    expect(types).toMatchObject([
      { type: "bucket.created" },
      { type: "bucket.archived" },
      { type: "bucket.suspended" },
      { type: "bucket.activated" },
    ]);
  });

  test("lets an archived bucket be patched", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.post(`${path}/archive`);
    expect((await service.patch(path, { description: "still" })).status).toBe(200);
  });

  test("lets a suspended bucket take nothing but activate and delete", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.post(`${path}/suspend`);
    for (const write of [
      () => service.patch(path, { description: "no" }),
      () => service.post(`${path}/lock`),
      () => service.post(`${path}/archive`),
      () => service.post(`${path}/suspend`),
    ]) {
      const refused = await leavesNoTrace(service, path, write);
      expectRefusal(refused, 423, "BucketLockedError");
      expect(at(refused, "error", "details", "status")).toBe("SUSPENDED");
    }
    expect((await service.post(`${path}/activate`)).status).toBe(200);
    await service.post(`${path}/suspend`);
    expect((await service.send("DELETE", path)).status).toBe(200);
  });

  test("lets a bucket that is locked and suspended be unlocked, and then activated", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const path = await makeBucket(service);
    await service.post(`${path}/suspend`);
    await service.post(`${path}/activate`);
    await service.post(`${path}/lock`, { reason: "audit" });
    expectRefusal(await service.post(`${path}/suspend`), 423, "BucketLockedError");
    expect((await service.post(`${path}/unlock`)).status).toBe(200);
    expect((await service.post(`${path}/suspend`)).status).toBe(200);
  });
});
