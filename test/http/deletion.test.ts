/**
 * Goal: deleting and putting back add to history and take nothing from it. Method: rows 44 to 49
 * and 52 of the acceptance list, by their numbers, and what a revert may never do.
 */
import { describe, expect, it } from "vitest";
import { isJsonObject, type JsonValue } from "../../src/domain/json.js";
import {
  type Answer,
  at,
  bucketOf,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  ndjsonOf,
  serveTest,
  TestClock,
  textAt,
} from "../support/server.js";

async function bucketOn() {
  const clock = new TestClock();
  const service = await serveTest({ durability: "relaxed", clock: clock.read });
  const path = await makeBucket(service);
  return { clock, service, path };
}

describe("DELETE", () => {
  it("44: refuses a missing bucket, a stale tag, and a token that may only write", async () => {
    const { service, path } = await bucketOn();
    const missing = await service.send("DELETE", "/v1/buckets/absent");
    expectRefusal(missing, 404, "NotFoundError");
    const headers = { "If-Match": '"9.0"' };
    const stale = await leavesNoTrace(service, path, () =>
      service.send("DELETE", path, { headers }),
    );
    expectRefusal(stale, 412, "PreconditionFailedError");
    const weak = await leavesNoTrace(service, path, () =>
      service.send("DELETE", path, { token: "write" }),
    );
    expectRefusal(weak, 403, "ForbiddenError");
  });

  it("44: refuses a reason that is too long and a key that is none", async () => {
    const { service, path } = await bucketOn();
    for (const headers of [{ "X-Reason": "r".repeat(1_001) }, { "Idempotency-Key": "" }]) {
      for (const write of [
        () => service.send("DELETE", path, { headers }),
        () => service.post(`${path}/archive`, {}, { headers }),
        () => service.post(`${path}/restore`, {}, { headers }),
        () => service.post(`${path}/revert`, { to: 1 }, { headers }),
      ]) {
        expectRefusal(await leavesNoTrace(service, path, write), 400, "BadRequestError");
      }
    }
  });

  it("44: answers a task, which can be read, and keeps the history", async () => {
    const { service, path } = await bucketOn();
    const answer = await service.send("DELETE", path, {
      token: "delete",
      headers: { "X-Reason": "over", "Content-Type": "application/json" },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      task_type: "api_buckets_delete",
      status: "COMPLETED",
      bucket_id: path.split("/").at(-1),
      bucket_name: "videos",
      object_count: 0,
    });
    const task = await service.get(`/v1/tasks/${textAt(answer, "task_id")}`);
    expect(task.text).toBe(answer.text);
    const elsewhere = { namespace: "other" };
    const hidden = await service.get(`/v1/tasks/${textAt(answer, "task_id")}`, elsewhere);
    expectRefusal(hidden, 404, "NotFoundError");
    const events = await eventsOf(service, path);
    expect(events[1]).toMatchObject({ type: "bucket.deleted", version: 2, reason: "over" });
  });

  it("44: is done once under an Idempotency-Key", async () => {
    const { service, path } = await bucketOn();
    const headers = { "Idempotency-Key": "k" };
    const first = await service.send("DELETE", path, { headers });
    const again = await service.send("DELETE", path, { headers });
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(header(again, "Idempotency-Replayed")).toBe("true");
    expect(await eventsOf(service, path)).toHaveLength(2);
  });

  it("45: a deleted bucket is a 404 that says when, while its past goes on", async () => {
    const { service, path, clock } = await bucketOn();
    clock.advance(1_000);
    await service.send("DELETE", path);
    const gone = await service.get(path);
    expectRefusal(gone, 404, "NotFoundError");
    expect(at(gone, "error", "details")).toMatchObject({
      deleted_at: "2026-10-01T12:00:01.000Z",
      deleted_version: 2,
    });
    expect(header(gone, "Link")).toBe(`<${path}/history>; rel="version-history"`);
    expectRefusal(await service.patch(path, {}), 404, "NotFoundError");
    expectRefusal(await service.get("/v1/buckets/videos"), 404, "NotFoundError");
    expect(bucketOf(await service.get(`${path}?as_of=1`)).bucket_name).toBe("videos");
    expectRefusal(await service.get(`${path}?as_of=2`), 404, "NotFoundError");
    expect(at(await service.post("/v1/buckets/list"), "total_count")).toBe(0);
    expect(ndjsonOf(await service.get(`${path}/replay`)).at(-1)).toMatchObject({
      matches_view: true,
    });
    const other = await service.get(path, { namespace: "other" });
    expect(at(other, "error", "details", "deleted_at")).toBeUndefined();
  });

  it("45: frees the name", async () => {
    const { service, path } = await bucketOn();
    await service.send("DELETE", path);
    const next = await makeBucket(service);
    expect(next).not.toBe(path);
    expect(bucketOf(await service.get("/v1/buckets/videos")).bucket_id).toBe(
      next.split("/").at(-1),
    );
  });
});

describe("Restore", () => {
  it("46: of a bucket that is not deleted is a 409, and of one whose name is taken", async () => {
    const { service, path } = await bucketOn();
    const live = await leavesNoTrace(service, path, () => service.post(`${path}/restore`));
    expectRefusal(live, 409, "ConflictError");
    await service.send("DELETE", path);
    await makeBucket(service);
    const taken = await leavesNoTrace(service, undefined, () => service.post(`${path}/restore`));
    expectRefusal(taken, 409, "AlreadyExistsError");
    const other = await service.post(`${path}/restore`, { bucket_name: "old videos" });
    expect(bucketOf(other).bucket_name).toBe("old videos");
  });

  it("46: needs the permission to delete, as its opposite does", async () => {
    const { service, path } = await bucketOn();
    await service.send("DELETE", path);
    const refused = await service.post(`${path}/restore`, {}, { token: "write" });
    expectRefusal(refused, 403, "ForbiddenError");
    expect((await service.post(`${path}/restore`, {}, { token: "delete" })).status).toBe(200);
  });

  it("47: goes on with the next version, so that no old tag is ever valid again", async () => {
    const { service, path } = await bucketOn();
    const before = bucketOf(await service.get(path));
    await service.send("DELETE", path);
    const restored = await service.post(`${path}/restore`);
    expect(bucketOf(restored)).toEqual(before);
    expect(header(restored, "ETag")).toBe('"3.0"');
    for (const tag of ['"1.0"', '"2.0"']) {
      const stale = await service.patch(path, {}, { headers: { "If-Match": tag } });
      expectRefusal(stale, 412, "PreconditionFailedError");
    }
    const types = (await eventsOf(service, path)).map((entry) => Object(entry).type);
    expect(types).toEqual(["bucket.created", "bucket.deleted", "bucket.restored"]);
  });
});

describe("The past", () => {
  it("48: history is gapless and chained, and is paged without gap or repeat", async () => {
    const { service, path } = await bucketOn();
    for (let version = 2; version <= 7; version += 1) {
      await service.patch(path, { description: `version ${version}` });
    }
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? "" : `&cursor=${cursor}`;
      const page = await service.get(`${path}/history?limit=3${query}`);
      seen.push(...listAt(page, "results").map((entry) => Number(Object(entry).version)));
      const next = at(page, "pagination", "next_cursor");
      cursor = typeof next === "string" ? next : undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
    const events = (await eventsOf(service, path)).map((entry) => Object(entry));
    expect(events.slice(1).map(({ previous_hash }) => previous_hash)).toEqual(
      events.slice(0, -1).map(({ hash }) => hash),
    );
    expectRefusal(
      await service.get(`${path}/history`, { namespace: "other" }),
      404,
      "NotFoundError",
    );
  });

  it.each(["limit=0", "limit=1001", "limit=-1", "limit=x", "cursor=tampered", "order=up"])(
    "48: history with %s is a 400",
    async (query) => {
      const { service, path } = await bucketOn();
      expectRefusal(await service.get(`${path}/history?${query}`), 400, "BadRequestError");
    },
  );

  it("49: a state of the past is the same text for ever", async () => {
    const { service, path } = await bucketOn();
    const first = await service.get(`${path}?as_of=1`);
    await service.patch(path, { bucket_name: "renamed", metadata: { a: 1 } });
    await service.send("DELETE", path);
    const again = await service.get(`${path}?as_of=1`);
    expect([again.text, header(again, "ETag")]).toEqual([first.text, header(first, "ETag")]);
    expect(header(again, "Cache-Control")).toBe("private, no-cache");
  });

  it.each([
    [
      "json-patch",
      "application/json-patch+json",
      '{"metadata":{"list":[2],"a/b":{"~":{"__proto__":null}}},"description":"new"}',
    ],
    // A merge patch cannot set a null.
    [
      "merge-patch",
      "application/merge-patch+json",
      '{"metadata":{"list":[2],"a/b":{"~":{"__proto__":{}}}},"description":"new"}',
    ],
  ])("52: a diff as %s leads from one state to the other", async (format, type, text) => {
    const { service, path } = await bucketOn();
    await service.patch(path, { metadata: { list: [1, 2], "a/b": { "~": 1 }, gone: true } });
    const target = await service.send("PATCH", path, { text });
    const diff = await service.get(`${path}/diff?from=2&to=3&format=${format}`, {
      headers: { Accept: type },
    });
    expect([diff.status, header(diff, "Content-Type")]).toEqual([200, type]);
    await service.post(`${path}/revert`, { to: 2 });
    const patched = await service.send("PATCH", path, { text: diff.text, type });
    // Compared as text, which shows a key named __proto__; nothing but the order of keys may differ.
    expect(textOf(patched)).toBe(textOf(target));
  });

  it("52: a diff of a state with itself is empty", async () => {
    const { service, path } = await bucketOn();
    const same = await service.get(`${path}/diff?from=1&to=1`);
    expect(JSON.parse(same.text)).toEqual([]);
  });
});

/** The metadata and description of an answer, with sorted keys. */
function textOf(answer: Answer): string {
  const sorted = (value: JsonValue | undefined): string =>
    isJsonObject(value)
      ? `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`)
          .join()}}`
      : JSON.stringify(value);
  return `${sorted(at(answer, "metadata"))} ${textAt(answer, "description")}`;
}

describe("Revert", () => {
  const mux = { adapter_type: "mux", webhook_secret: "the-first-secret" };

  it("refuses neither, both, and a version that is none", async () => {
    const { service, path } = await bucketOn();
    for (const body of [{}, { to: 1, undo: 1 }, { to: 0 }, { to: 1.5 }, { to: "1" }, []]) {
      const answer = await leavesNoTrace(service, path, () => service.post(`${path}/revert`, body));
      expectRefusal(answer, 422, "ValidationError");
    }
    const beyond = await leavesNoTrace(service, path, () =>
      service.post(`${path}/revert`, { to: 2 }),
    );
    expectRefusal(beyond, 404, "NotFoundError");
    expectRefusal(await service.post("/v1/buckets/absent/revert", { to: 1 }), 404, "NotFoundError");
    expectRefusal(
      await service.post("/v1/buckets/absent/revert", { undo: 1 }),
      404,
      "NotFoundError",
    );
  });

  it("never brings an old secret back: the current one stays, and a mask is shown", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { source_adapter: mux });
    await service.merge(path, {
      source_adapter: { webhook_secret: "the-second-secret", dedup_key: "id" },
    });
    const answer = await service.post(`${path}/revert`, { to: 2 });
    expect(at(answer, "source_adapter")).toMatchObject({ webhook_secret: "********" });
    expect(at(answer, "source_adapter", "dedup_key")).toBeUndefined();
    const [, , , reverted] = await eventsOf(service, path);
    expect(Object(reverted).changes).toEqual([
      { op: "remove", path: "/source_adapter/dedup_key", was: "id" },
    ]);
  });

  it("can be repeated under its key although it renamed the bucket that it was sent to", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { bucket_name: "renamed" });
    const sending = { headers: { "Idempotency-Key": "k" } };
    const first = await service.post("/v1/buckets/renamed/revert", { to: 1 }, sending);
    expect(bucketOf(first).bucket_name).toBe("videos");
    const again = await service.post("/v1/buckets/renamed/revert", { to: 1 }, sending);
    expect([again.status, again.text]).toEqual([200, first.text]);
    const undo = { headers: { "Idempotency-Key": "u" } };
    const undone = await service.post("/v1/buckets/videos/revert", { undo: 3 }, undo);
    expect(bucketOf(undone).bucket_name).toBe("renamed");
    const repeated = await service.post("/v1/buckets/videos/revert", { undo: 3 }, undo);
    expect([repeated.status, repeated.text]).toEqual([200, undone.text]);
  });
});

describe("Lifecycle", () => {
  it.each(["archive", "activate", "suspend"])(
    "%s refuses a body that is no object",
    async (move) => {
      const { service, path } = await bucketOn();
      for (const body of [[], 5, "text"]) {
        const answer = await leavesNoTrace(service, path, () =>
          service.post(`${path}/${move}`, body),
        );
        expectRefusal(answer, 422, "ValidationError");
      }
      const answer = await leavesNoTrace(service, path, () =>
        service.post(`${path}/${move}`, { why: 1 }, { headers: { Prefer: "handling=strict" } }),
      );
      expectRefusal(answer, 422, "ValidationError");
    },
  );

  it("a suspended bucket takes nothing but to be activated or deleted", async () => {
    const { service, path } = await bucketOn();
    expectRefusal(await service.post(`${path}/activate`), 400, "BadRequestError");
    const suspended = await service.post(`${path}/suspend`, { why: "unpaid" });
    expect(bucketOf(suspended).status).toBe("SUSPENDED");
    expect(header(suspended, "X-Ignored-Fields")).toBe("why");
    for (const write of [
      () => service.patch(path, {}),
      () => service.post(`${path}/lock`),
      () => service.post(`${path}/archive`),
      () => service.post(`${path}/revert`, { to: 1 }),
    ]) {
      expectRefusal(await leavesNoTrace(service, path, write), 423, "BucketLockedError");
    }
    expect(bucketOf(await service.post(`${path}/activate`)).status).toBe("ACTIVE");
    await service.post(`${path}/suspend`);
    expect((await service.send("DELETE", path)).status).toBe(200);
  });

  it("does not move updated_at", async () => {
    const { service, path, clock } = await bucketOn();
    clock.advance(1_000);
    const archived = bucketOf(await service.post(`${path}/archive`));
    expect(archived).toMatchObject({
      status: "ARCHIVED",
      updated_at: "2026-10-01T12:00:00.000Z",
    });
  });
});
