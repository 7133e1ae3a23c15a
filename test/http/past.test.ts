/**
 * The past of a bucket over HTTP: history, as-of, diff, blame, revert, undo, delete and restore. A
 * name that begins with a number is that row of the acceptance list for HTTP behaviour.
 */
import { describe, expect, it } from "vitest";
import { connectBuckets } from "../../src/client/connect.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/domain/json.js";
import { applyJsonPatch } from "../../src/domain/json-patch.js";
import { mergePatch } from "../../src/domain/merge-patch.js";
import {
  type Answer,
  at,
  bucketOf,
  day,
  expectRefusal,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  ndjsonOf,
  type Service,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";

/**
 * A bucket with five versions, a second apart: created, described by alice, given to team b,
 * locked, unlocked.
 */
async function makeStory(
  options: { readonly pastCacheSeconds?: number } = {},
): Promise<{ service: Service; path: string; clock: TestClock }> {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read, ...options });
  const path = await makeBucket(service, { metadata: { team: "a", tags: ["x", "y"] } });
  clock.advance(1_000);
  await service.patch(path, { description: "first" }, { headers: { "X-Actor": "alice" } });
  clock.advance(1_000);
  await service.merge(
    path,
    { metadata: { team: "b", "a/b": 1 } },
    { headers: { "X-Reason": "moved%20to%20b" } },
  );
  clock.advance(1_000);
  await service.post(`${path}/lock`, {});
  clock.advance(1_000);
  await service.post(`${path}/unlock`, {});
  clock.advance(1_000);
  return { service, path, clock };
}

function versionsOf(answer: Answer): JsonValue[] {
  expect(answer.status, answer.text).toBe(200);
  return listAt(answer, "results").map((entry) => Object(entry).version);
}

function documentOf(answer: Answer): JsonObject {
  const { bucket_name, description, metadata, bucket_schema, storage_class } = bucketOf(answer);
  const document = { bucket_name, description, metadata, bucket_schema, storage_class };
  const copy: JsonValue = JSON.parse(JSON.stringify(document));
  return isJsonObject(copy) ? copy : {};
}

const second = (seconds: number) => `2026-10-01T12:00:0${seconds}.000Z`;

describe("GET /history", () => {
  it.each([
    ["order=up"],
    ["limit=0"],
    ["limit=1001"],
    ["limit=x"],
    ["cursor=abc"],
    ["from=0"],
    ["from=-1"],
    ["to=1.5"],
    ["to=@0"],
    ["from=2026-10-01T12:00:00"],
    ["path=metadata"],
    ["path=/~2"],
    ["from=3&to=2"],
    ["sort=version"],
    ["type=bucket.patched&type=bucket.locked"],
    ["type=patched"],
  ])("refuses ?%s", async (query) => {
    const { service, path } = await makeStory();
    expectRefusal(await service.get(`${path}/history?${query}`), 400, "BadRequestError");
  });

  it("says where the history is when asked for what lies outside", async () => {
    const { service, path } = await makeStory();
    for (const query of [
      "from=6",
      "to=@99",
      "to=2026-10-01T11:59:59Z",
      "to=2026-10-02T12:00:00Z",
    ]) {
      const answer = await service.get(`${path}/history?${query}`);
      expectRefusal(answer, 404, "NotFoundError");
      expect(at(answer, "error", "details")).toMatchObject({
        first: { version: 1, position: 1, recorded_at: second(0) },
        last: { version: 5, position: 5, recorded_at: second(4) },
      });
    }
  });

  it("48: tells every event, newest first or oldest first, gapless, with who, when and why", async () => {
    const { service, path } = await makeStory();
    const newest = await service.get(`${path}/history`, { token: "read" });
    expect(versionsOf(newest)).toEqual([5, 4, 3, 2, 1]);
    expect(header(newest, "Cache-Control")).toBe("private, no-cache");
    expect(at(newest, "pagination")).toEqual({});
    const oldest = await service.get(`${path}/history?order=asc`);
    expect(versionsOf(oldest)).toEqual([1, 2, 3, 4, 5]);
    const entries = listAt(oldest, "results");
    expect(entries.map((entry) => Object(entry).type)).toEqual([
      "bucket.created",
      "bucket.patched",
      "bucket.patched",
      "bucket.locked",
      "bucket.unlocked",
    ]);
    expect(entries[1]).toMatchObject({ actor: "alice", recorded_at: second(1) });
    expect(entries[2]).toMatchObject({
      bucket_id: path.split("/").at(-1),
      position: 3,
      actor: "admin",
      reason: "moved to b",
      media_type: "application/merge-patch+json",
      changes: [
        { op: "replace", path: "/metadata/team", was: "a", value: "b" },
        { op: "add", path: "/metadata/a~1b", value: 1 },
      ],
      previous_hash: Object(entries[1]).hash,
    });
    const stranger = await service.get(`${path}/history`, { namespace: "other" });
    expectRefusal(stranger, 404, "NotFoundError");
    expectRefusal(
      await service.get(`${path}/history`, { token: "none" }),
      401,
      "UnauthorizedError",
    );
  });

  it.each([
    ["from=2&to=4", [4, 3, 2]],
    ["from=@2&to=@3", [3, 2]],
    [`from=${second(1)}&to=${second(2)}`, [3, 2]],
    ["from=2026-10-01T12:00:01.001Z", [5, 4, 3]],
    ["from=2026-10-01T12:00:01.100Z&to=2026-10-01T12:00:01.900Z", []],
    ["from=2026-10-01T14:00:03%2B02:00", [5, 4]],
    ["type=bucket.patched", [3, 2]],
    ["type=bucket.deleted", []],
    ["actor=alice", [2]],
    ["path=/description", [2]],
    ["path=/metadata", [3, 1]],
    ["path=/metadata/a~1b", [3, 1]],
    ["path=/metadata/team&type=bucket.patched&actor=admin&order=asc", [3]],
    ["path=/meta", []],
    ["path=", [3, 2, 1]],
  ])("48: filters by ?%s", async (query, versions) => {
    const { service, path } = await makeStory();
    expect(versionsOf(await service.get(`${path}/history?${query}`))).toEqual(versions);
  });

  it("begins with the first of several events of one moment", async () => {
    const { service, path, clock } = await makeStory();
    const now = clock.text;
    for (const description of ["a", "b", "c"]) await service.patch(path, { description });
    expect(versionsOf(await service.get(`${path}/history?from=${now}`))).toEqual([8, 7, 6]);
    expect(versionsOf(await service.get(`${path}/history?to=${now}&limit=1`))).toEqual([8]);
  });

  it.each(["asc", "desc"])(
    "48: pages %s without gap or repeat while others write",
    async (order) => {
      const { service, path } = await makeStory();
      const seen: JsonValue[] = [];
      let cursor = "";
      for (let page = 0; page < 3; page += 1) {
        const answer = await service.get(`${path}/history?order=${order}&limit=2${cursor}`);
        seen.push(...versionsOf(answer));
        if (page === 2) break;
        cursor = `&cursor=${textAt(answer, "pagination", "next_cursor")}`;
        await service.patch(path, { description: `page ${page}` });
      }
      expect(seen).toEqual(order === "asc" ? [1, 2, 3, 4, 5, 6] : [5, 4, 3, 2, 1]);
    },
  );

  it("refuses a cursor that was tampered with or belongs to other filters", async () => {
    const { service, path } = await makeStory();
    const first = await service.get(`${path}/history?limit=1&type=bucket.patched`);
    const cursor = textAt(first, "pagination", "next_cursor");
    const again = `${path}/history?limit=1&type=bucket.patched&cursor=${cursor}`;
    expect(versionsOf(await service.get(again))).toEqual([2]);
    expect(at(await service.get(again), "pagination")).toEqual({});
    const other = await makeBucket(service, { bucket_name: "other" });
    const replaced = `${cursor.slice(0, -1)}${cursor.endsWith("A") ? "B" : "A"}`;
    for (const url of [
      `${path}/history?limit=1&type=bucket.patched&cursor=x${cursor.slice(1)}`,
      `${path}/history?limit=1&type=bucket.patched&cursor=${cursor.slice(0, -2)}`,
      `${path}/history?limit=1&type=bucket.patched&cursor=${replaced}`,
      `${path}/history?limit=1&cursor=${cursor}`,
      `${path}/history?limit=1&type=bucket.patched&order=asc&cursor=${cursor}`,
      `${path}/history?limit=1&type=bucket.patched&actor=admin&cursor=${cursor}`,
      `${path}/history?limit=1&type=bucket.patched&from=2&cursor=${cursor}`,
      `${other}/history?limit=1&type=bucket.patched&cursor=${cursor}`,
    ]) {
      expectRefusal(await service.get(url), 400, "BadRequestError");
    }
  });
});

describe("GET /history/{version}", () => {
  it.each(["0", "-1", "1.5", "1e3", "abc", "01", "9007199254740993", "@1"])(
    "51: refuses %s, which is no version",
    async (version) => {
      const { service, path } = await makeStory();
      expectRefusal(await service.get(`${path}/history/${version}`), 400, "BadRequestError");
    },
  );

  it("51: has nothing beyond the head", async () => {
    const { service, path } = await makeStory();
    expectRefusal(await service.get(`${path}/history/6`), 404, "NotFoundError");
  });

  it("48: tells one event, which whoever has it asks about by its tag", async () => {
    const { service, path } = await makeStory();
    const entry = await service.get(`${path}/history/3`);
    expect(entry.body).toEqual(listAt(await service.get(`${path}/history`), "results")[2]);
    expect(header(entry, "Cache-Control")).toBe("private, no-cache");
    const headers = { "If-None-Match": header(entry, "ETag") };
    const again = await service.get(`${path}/history/3`, { headers });
    expect([again.status, again.body]).toEqual([304, undefined]);
    const asOther = await service.get(`${path}/history/2`, { headers });
    expect(asOther.status).toBe(200);
  });
});

describe("what is about the past", () => {
  it("49: is asked about each time, and a state of then is a 304 by its tag", async () => {
    const { service, path } = await makeStory();
    const past = await service.get(`${path}?as_of=2`);
    expect(header(past, "Cache-Control")).toBe("private, no-cache");
    const headers = { "If-None-Match": header(past, "ETag") };
    const again = await service.get(`${path}?as_of=2`, { headers });
    expect([again.status, again.body]).toEqual([304, undefined]);
    expect(header(again, "Cache-Control")).toBe("private, no-cache");
  });

  it("may be kept for as long as the server was told, what is about now may not", async () => {
    const { service, path } = await makeStory({ pastCacheSeconds: 60 });
    const kept = "private, max-age=60, immutable";
    for (const past of [`${path}?as_of=2`, `${path}/history/2`]) {
      expect(header(await service.get(past), "Cache-Control")).toBe(kept);
    }
    const list = await service.post("/v1/buckets/list?as_of=@2", {});
    expect(header(list, "Cache-Control")).toBe(kept);
    expect(header(await service.get(path), "Cache-Control")).toBe("private, no-cache");
    const unsettled = await service.get(`${path}?as_of=2077-10-01T12:00:00Z`);
    expect(header(unsettled, "Cache-Control")).toBe("no-store");
  });
});

describe("POST /v1/admin/replay", () => {
  it("is for admins", async () => {
    const { service } = await makeStory();
    const refused = await service.post("/v1/admin/replay", undefined, { token: "delete" });
    expectRefusal(refused, 403, "ForbiddenError");
  });

  it("53: folds the whole log from zero, compares it with the view, and writes nothing", async () => {
    const { service, path } = await makeStory();
    const answer = await leavesNoTrace(service, path, () => service.post("/v1/admin/replay"));
    expect(header(answer, "Content-Type")).toMatch(/^application\/x-ndjson/);
    const lines = ndjsonOf(answer);
    expect(lines[0]).toEqual({ progress: { done: 5, total: 5 } });
    expect(lines.at(-1)).toEqual({ replayed: 5, matches_view: true });
  });
});

describe("GET ?as_of", () => {
  it.each([
    "0",
    "-1",
    "1.5",
    "abc",
    "1e3",
    "9007199254740993",
    "@0",
    "@",
    "2026-10",
    "2026-10-01T12:00:00",
  ])("50, 51: refuses %s, which is no point in time", async (point) => {
    const { service, path } = await makeStory();
    expectRefusal(await service.get(`${path}?as_of=${point}`), 400, "BadRequestError");
  });

  it.each(["6", "@6", "2026-10-01T11:59:59.999Z", "2026-10-01T12:00:05.001Z"])(
    "50, 51: has nothing at %s",
    async (point) => {
      const { service, path } = await makeStory();
      expectRefusal(await service.get(`${path}?as_of=${point}`), 404, "NotFoundError");
    },
  );

  it("49: answers a version with the same bytes for ever", async () => {
    const { service, path } = await makeStory();
    const before = await service.get(`${path}?as_of=2`);
    expect(header(before, "Cache-Control")).toBe("private, no-cache");
    expect(header(before, "X-Version")).toBe("2");
    await service.patch(path, { description: "other", metadata: {} });
    const after = await service.get(`${path}?as_of=2`);
    expect(after.text).toBe(before.text);
    expect(documentOf(after)).toMatchObject({ description: "first", metadata: { team: "a" } });
  });

  it("50: answers a time with what was there, the last event at that time included", async () => {
    const { service, path, clock } = await makeStory();
    const exact = await service.get(`${path}?as_of=${second(2)}`);
    expect(header(exact, "X-Version")).toBe("3");
    expect(header(exact, "Memento-Datetime")).toBe("Thu, 01 Oct 2026 12:00:02 GMT");
    const justBefore = await service.get(`${path}?as_of=2026-10-01T12:00:01.999Z`);
    expect(header(justBefore, "X-Version")).toBe("2");
    expect(bucketOf(await service.get(`${path}?as_of=${second(3)}`)).is_locked).toBe(true);
    const now = await service.get(`${path}?as_of=${clock.text}`);
    expect(header(now, "Cache-Control")).toBe("no-store");
  });
});

describe("GET /diff", () => {
  it.each(["format=xml", "from=0", "to=abc", "from=@", "until=3"])("refuses ?%s", async (query) => {
    const { service, path } = await makeStory();
    expectRefusal(await service.get(`${path}/diff?${query}`), 400, "BadRequestError");
  });

  it("has nothing outside the history", async () => {
    const { service, path } = await makeStory();
    for (const query of ["from=6", "to=@99", "from=2026-10-01T11:00:00Z"]) {
      expectRefusal(await service.get(`${path}/diff?${query}`), 404, "NotFoundError");
    }
  });

  it("52: is a 422 where a merge patch would have to set null", async () => {
    const { service, path } = await makeStory();
    await service.patch(path, { metadata: { gone: null } });
    const refused = await service.get(`${path}/diff?format=merge-patch`);
    expectRefusal(refused, 422, "ValidationError");
    expect(textAt(refused, "error", "message")).toContain("json-patch");
  });

  it("52: turns any version into any other, forwards and backwards", async () => {
    const { service, path } = await makeStory();
    const documents = await Promise.all(
      [1, 2, 3, 4, 5].map(async (version) =>
        documentOf(await service.get(`${path}?as_of=${version}`)),
      ),
    );
    for (const [i, before] of documents.entries()) {
      for (const [j, after] of documents.entries()) {
        const range = `from=${i + 1}&to=@${j + 1}`;
        const patch = await service.get(`${path}/diff?${range}`);
        expect(header(patch, "Content-Type")).toMatch(/^application\/json-patch\+json/);
        const operations: JsonValue = JSON.parse(patch.text);
        expect(applyJsonPatch(before, operations, () => {})).toEqual(after);
        if (i === j) expect(operations).toEqual([]);
        const merge = await service.get(`${path}/diff?${range}&format=merge-patch`);
        expect(header(merge, "Content-Type")).toMatch(/^application\/merge-patch\+json/);
        expect(mergePatch(before, JSON.parse(merge.text))).toEqual(after);
      }
    }
  });

  it("52: lists the fields with what was and is, by default of the newest event", async () => {
    const { service, path } = await makeStory();
    const newest = await service.get(`${path}/diff?format=fields`);
    expect(header(newest, "Content-Type")).toMatch(/^application\/json/);
    expect(newest.body).toEqual([]);
    const moved = await service.get(`${path}/diff?format=fields&to=3`);
    expect(moved.body).toEqual([
      { path: "/metadata/team", was: "a", value: "b" },
      { path: "/metadata/a~1b", value: 1 },
    ]);
    const first = await service.get(`${path}/diff?to=1`);
    expect(applyJsonPatch({}, JSON.parse(first.text), () => {})).toEqual(
      documentOf(await service.get(`${path}?as_of=1`)),
    );
  });

  it("52: masks secrets, and takes __proto__ for a key", async () => {
    const { service, path } = await makeStory();
    await service.merge(path, JSON.parse('{"metadata":{"__proto__":{"polluted":true}}}'));
    expect((await service.get(`${path}/diff`)).text).toContain('"/metadata/__proto__"');
    await service.patch(path, {
      source_adapter: { adapter_type: "mux", webhook_secret: "secret-of-the-caller" },
    });
    await service.merge(path, { source_adapter: { webhook_secret: "another-secret-of-ours" } });
    for (const format of ["json-patch", "merge-patch", "fields"]) {
      const { text } = await service.get(`${path}/diff?from=5&format=${format}`);
      expect(text).toContain("********");
      expect(text).not.toMatch(/secret-of-the-caller|another-secret|sec_/);
    }
  });
});

describe("GET /blame", () => {
  it("refuses a path that is no pointer", async () => {
    const { service, path } = await makeStory();
    expectRefusal(await service.get(`${path}/blame?path=metadata`), 400, "BadRequestError");
  });

  it("names the event that last set each leaf, arrays as a unit", async () => {
    const { service, path } = await makeStory();
    const answer = await service.get(`${path}/blame`);
    const first = { version: 1, position: 1, recorded_at: second(0), actor: "admin" };
    const moved = {
      version: 3,
      position: 3,
      recorded_at: second(2),
      actor: "admin",
      reason: "moved to b",
    };
    expect(answer.body).toEqual({
      "/bucket_name": first,
      "/bucket_schema/properties": first,
      "/metadata/tags": first,
      "/metadata/team": moved,
      "/metadata/a~1b": moved,
      "/description": { version: 2, position: 2, recorded_at: second(1), actor: "alice" },
    });
    const below = await service.get(`${path}/blame?path=/metadata`);
    expect(Object.keys(Object(below.body)).sort()).toEqual([
      "/metadata/a~1b",
      "/metadata/tags",
      "/metadata/team",
    ]);
    expect((await service.get(`${path}/blame?path=/meta`)).body).toEqual({});
    await service.merge(path, { metadata: { arr: ["a", { x: 1 }] } });
    const { body: whole } = await service.get(`${path}/blame?path=/metadata/arr`);
    expect(whole).toMatchObject({ "/metadata/arr": { actor: "admin" } });
    for (const inside of ["/metadata/arr/0", "/metadata/arr/1", "/metadata/arr/1/x"]) {
      expect((await service.get(`${path}/blame?path=${inside}`)).body).toEqual(whole);
    }
    for (const nothing of ["/metadata/arr/2", "/metadata/arr/1/y", "/bucket_name/x"]) {
      expect((await service.get(`${path}/blame?path=${nothing}`)).body).toEqual({});
    }
  });

  it("refuses a point that is none, and one where the history has nothing", async () => {
    const { service, path } = await makeStory();
    const at = (point: string) => service.get(`${path}/blame?as_of=${point}`);
    expectRefusal(await at("soon"), 400, "BadRequestError");
    expectRefusal(await at("99"), 404, "NotFoundError");
    expectRefusal(await at("2001-01-01"), 404, "NotFoundError");
  });

  it("names those of a version, a position or a time, whatever came after", async () => {
    const { service, path } = await makeStory();
    const versionsAt = async (point: string) => {
      const { body } = await service.get(`${path}/blame?as_of=${point}`);
      return Object.fromEntries(
        Object.entries(Object(body)).map(([leaf, entry]) => [leaf, Object(entry).version]),
      );
    };
    const leaves = {
      "/bucket_name": 1,
      "/bucket_schema/properties": 1,
      "/metadata/tags": 1,
      "/metadata/team": 1,
    };
    const begun = await versionsAt("1");
    expect(begun).toMatchObject(leaves);
    expect(new Set(Object.values(begun))).toEqual(new Set([1]));
    const second = { ...begun, "/description": 2 };
    expect(await versionsAt("2")).toEqual(second);
    expect(await versionsAt("@2")).toEqual(second);
    expect(await versionsAt("2026-10-01T12:00:01.000Z")).toEqual(second);
    expect(await versionsAt("3")).toMatchObject({ "/metadata/team": 3, "/description": 2 });
  });

  it("is the same by the library, the client and HTTP, and goes on past saved states", async () => {
    const { service, path } = await makeStory();
    for (let n = 4; n <= 230; n += 1) await service.merge(path, { metadata: { [`k${n % 9}`]: n } });
    const { body } = await service.get(`${path}/blame?as_of=215&path=/metadata/k8`);
    expect(body).toMatchObject({ "/metadata/k8": { version: 208 } });
    const id = path.split("/").at(-1) ?? "";
    const query = { asOf: "215", path: "/metadata/k8" };
    const { buckets } = service.store.namespace();
    expect(await buckets.blame(id, query)).toEqual(body);
    const remote = connectBuckets({ baseUrl: service.url, token: tokens.admin });
    expect(await remote.namespace().buckets.blame(id, query)).toEqual(body);
  });
});

describe("POST /revert", () => {
  it.each([
    ["nothing", {}],
    ["both", { to: 1, undo: 2 }],
    ["version 0", { to: 0 }],
    ["a text", { undo: "2" }],
    ["fields of an undo", { undo: 2, fields: ["/metadata"] }],
    ["what is no field", { to: 1, fields: ["/status"] }],
    ["what is no pointer", { to: 1, fields: ["metadata"] }],
  ])("is a 422 with %s", async (_, body) => {
    const { service, path } = await makeStory();
    const answer = await leavesNoTrace(service, path, () => service.post(`${path}/revert`, body));
    expectRefusal(answer, 422, "ValidationError");
  });

  it("is refused for every reason that writes are", async () => {
    const { service, path } = await makeStory();
    const revert = (body: JsonObject, headers = {}, token: "read" | "admin" = "admin") =>
      leavesNoTrace(service, path, () => service.post(`${path}/revert`, body, { headers, token }));
    expectRefusal(await revert({ to: 1 }, {}, "read"), 403, "ForbiddenError");
    expectRefusal(await revert({ to: 6 }), 404, "NotFoundError");
    expectRefusal(await revert({ undo: 6 }), 404, "NotFoundError");
    expectRefusal(await revert({ undo: 1 }), 400, "BadRequestError");
    expectRefusal(await revert({ undo: 4 }), 400, "BadRequestError");
    const stale = { "If-Match": '"4"' };
    expectRefusal(await revert({ to: 1 }, stale), 412, "PreconditionFailedError");
    // A failed precondition is answered before a transition that is wrong, as is a lock.
    expectRefusal(await revert({ undo: 1 }, stale), 412, "PreconditionFailedError");
    expectRefusal(await service.post("/v1/buckets/nobody/revert", { to: 1 }), 404, "NotFoundError");
    await service.post(`${path}/lock`, {});
    expectRefusal(await revert({ to: 1 }), 423, "BucketLockedError");
    expectRefusal(await revert({ undo: 1 }), 423, "BucketLockedError");
  });

  it("is a 409 with the paths when a later event touched them", async () => {
    const { service, path } = await makeStory();
    await service.merge(path, { metadata: { team: "c" } });
    const answer = await leavesNoTrace(service, path, () =>
      service.post(`${path}/revert`, { undo: 3 }),
    );
    expectRefusal(answer, 409, "ConflictError");
    expect(at(answer, "error", "details", "paths")).toEqual(["/metadata/team"]);
  });

  it("is a 409 when the name of that version is another's now", async () => {
    const { service, path } = await makeStory();
    await service.patch(path, { bucket_name: "films" });
    await makeBucket(service, { bucket_name: "videos" });
    expectRefusal(await service.post(`${path}/revert`, { to: 1 }), 409, "AlreadyExistsError");
    const fields = await service.post(`${path}/revert`, { to: 1, fields: ["/metadata"] });
    expect(bucketOf(fields)).toMatchObject({ bucket_name: "films", metadata: { team: "a" } });
  });

  it("46: puts a version back as a new event, and keeps everything before it", async () => {
    const { service, path } = await makeStory();
    const history = await service.get(`${path}/history`);
    const answer = await service.post(
      `${path}/revert`,
      { to: 1 },
      { token: "write", headers: { "If-Match": '"5.0"', "X-Reason": "too%20early" } },
    );
    expect(bucketOf(answer)).toMatchObject({ metadata: { team: "a", tags: ["x", "y"] } });
    expect(answer.body).not.toHaveProperty("description");
    expect(header(answer, "ETag")).toBe('"6.0"');
    const [newest, ...older] = listAt(await service.get(`${path}/history`), "results");
    expect(newest).toMatchObject({
      version: 6,
      type: "bucket.reverted",
      revert_of: 1,
      actor: "write",
      reason: "too early",
    });
    expect(older).toEqual(listAt(history, "results"));
  });

  it("takes one event back, and can take that back", async () => {
    const { service, path } = await makeStory();
    const undone = await service.post(`${path}/revert`, { undo: 3 });
    expect(bucketOf(undone).metadata).toEqual({ team: "a", tags: ["x", "y"] });
    expect(bucketOf(undone).description).toBe("first");
    const redone = await service.post(`${path}/revert`, { undo: 6 });
    expect(bucketOf(redone).metadata).toEqual({ team: "b", tags: ["x", "y"], "a/b": 1 });
    const entry = await service.get(`${path}/history/7`);
    expect(entry.body).toMatchObject({ type: "bucket.undone", revert_of: 6 });
  });

  it("undoes beside writers of other fields", async () => {
    const { service, path } = await makeStory();
    const answers = await Promise.all([
      ...[1, 2, 3, 4].map((n) => service.merge(path, { metadata: { [`n${n}`]: n } })),
      service.post(`${path}/revert`, { undo: 2 }),
      ...[5, 6, 7, 8].map((n) => service.merge(path, { metadata: { [`n${n}`]: n } })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { description, metadata } = bucketOf(await service.get(path));
    expect(description).toBeUndefined();
    expect(Object.keys(metadata).filter((key) => key.startsWith("n"))).toHaveLength(8);
  });

  it("shows with dry_run what would be, and records nothing", async () => {
    const { service, path } = await makeStory();
    for (const body of [{ to: 2 }, { undo: 3 }]) {
      const answer = await leavesNoTrace(service, path, () =>
        service.post(`${path}/revert?dry_run=true`, body),
      );
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({
        dry_run: true,
        changes: [
          { op: "replace", path: "/metadata/team", was: "b", value: "a" },
          { op: "remove", path: "/metadata/a~1b", was: 1 },
        ],
        result: { metadata: { team: "a" } },
      });
    }
  });

  it("is done once under an Idempotency-Key, also when it takes the name away", async () => {
    const { service, path } = await makeStory();
    await service.patch(path, { bucket_name: "films" });
    for (const [key, body] of [
      ["revert", { to: 1, fields: ["/bucket_name"] }],
      ["undo", { undo: 7 }],
    ] as const) {
      const { bucket_name: name } = bucketOf(await service.get(path));
      const headers = { "Idempotency-Key": key };
      const send = () => service.post(`/v1/buckets/${name}/revert`, body, { headers });
      const first = await send();
      const again = await send();
      expect(again.text).toBe(first.text);
      expect(bucketOf(again).bucket_name).not.toBe(name);
      expect(header(again, "Idempotency-Replayed")).toBe("true");
      expect(header(again, "ETag")).toBe(header(first, "ETag"));
      expectRefusal(
        await service.post(`/v1/buckets/${name}/revert`, { to: 2 }, { headers }),
        422,
        "ValidationError",
      );
    }
    expect(header(await service.get(path), "X-Version")).toBe("8");
  });

  it("never brings a secret back, and shows one that it had to make once", async () => {
    const { service, path } = await makeStory();
    const adapter = { adapter_type: "mux", webhook_secret: "first-secret-of-all" };
    await service.patch(path, { source_adapter: adapter });
    await service.patch(path, { source_adapter: null });
    const headers = { "Idempotency-Key": "once" };
    const back = await service.post(`${path}/revert`, { to: 6 }, { headers });
    const secret = textAt(back, "source_adapter", "webhook_secret");
    expect(secret).toMatch(/^whsec_/);
    const replayed = await service.post(`${path}/revert`, { to: 6 }, { headers });
    expect(textAt(replayed, "source_adapter", "webhook_secret")).toBe("********");
    const unchanged = await service.post(`${path}/revert`, { to: 6 });
    expect(textAt(unchanged, "source_adapter", "webhook_secret")).toBe("********");
    expect((await service.get(`${path}/history/9`)).body).toMatchObject({ changes: [] });
  });
});

describe("DELETE and POST /restore", () => {
  async function deleteStory() {
    const story = await makeStory();
    const answer = await story.service.send("DELETE", story.path);
    expect(answer.status, answer.text).toBe(200);
    story.clock.advance(1_000);
    return story;
  }

  it("45: a deleted bucket is a 404 that says when, at which version, and where its history is", async () => {
    const { service, path } = await deleteStory();
    const answer = await service.get(path);
    expectRefusal(answer, 404, "NotFoundError");
    expect(at(answer, "error", "details")).toMatchObject({
      deleted_at: "2026-10-01T12:00:05.000Z",
      deleted_version: 6,
    });
    expect(header(answer, "Link")).toBe(`<${path}/history>; rel="version-history"`);
    expect(listAt(await service.post("/v1/buckets/list", {}), "results")).toEqual([]);
    for (const refused of [
      await service.patch(path, { description: "x" }),
      await service.post(`${path}/revert`, { to: 1 }),
      await service.post(`${path}/revert`, { undo: 1 }),
      await service.post(`${path}/lock`, {}),
      await service.send("DELETE", path),
      await service.get("/v1/buckets/videos"),
    ]) {
      expectRefusal(refused, 404, "NotFoundError");
    }
  });

  it("45: history, diff, blame and as-of of a deleted bucket go on by its id", async () => {
    const { service, path } = await deleteStory();
    expect(versionsOf(await service.get(`${path}/history`))).toEqual([6, 5, 4, 3, 2, 1]);
    expect((await service.get(`${path}/history/6`)).body).toMatchObject({ type: "bucket.deleted" });
    expect((await service.get(`${path}/diff?format=fields&from=1&to=2`)).body).toHaveLength(1);
    expect(at(await service.get(`${path}/blame`), "/metadata/team", "version")).toBe(3);
    for (const point of ["5", "@5", "2026-10-01T12:00:04.999Z"]) {
      const past = await service.get(`${path}?as_of=${point}`);
      expect(bucketOf(past).bucket_name).toBe("videos");
      expect(header(past, "X-Version")).toBe("5");
    }
    for (const point of ["6", "@6", "2026-10-01T12:00:05.000Z", "2026-10-01T12:00:06.000Z"]) {
      const gone = await service.get(`${path}?as_of=${point}`);
      expectRefusal(gone, 404, "NotFoundError");
      expect(at(gone, "error", "details", "deleted_version")).toBe(6);
    }
  });

  it("46: restoring a live bucket is a 409", async () => {
    const { service, path } = await makeStory();
    const answer = await leavesNoTrace(service, path, () => service.post(`${path}/restore`));
    expectRefusal(answer, 409, "ConflictError");
  });

  it("restoring needs the permission to delete, and a name that can be one", async () => {
    const { service, path } = await deleteStory();
    const restore = (json: unknown, sending = {}) => service.post(`${path}/restore`, json, sending);
    expectRefusal(await restore({}, { token: "write" }), 403, "ForbiddenError");
    expectRefusal(await restore({ bucket_name: "" }), 422, "ValidationError");
    expectRefusal(await restore({ bucket_name: 1 }), 422, "ValidationError");
    expectRefusal(
      await restore({}, { headers: { "If-Match": '"5"' } }),
      412,
      "PreconditionFailedError",
    );
    expectRefusal(await restore({}, { namespace: "other" }), 404, "NotFoundError");
    expectRefusal(await service.post("/v1/buckets/videos/restore", {}), 404, "NotFoundError");
  });

  it("46: deleting frees the name; restoring is a 409 once it is taken, unless another is given", async () => {
    const { service, path } = await deleteStory();
    const taken = await makeBucket(service);
    expectRefusal(await service.post(`${path}/restore`, {}), 409, "AlreadyExistsError");
    const restored = await service.post(
      `${path}/restore`,
      { bucket_name: "videos-2" },
      { token: "delete", headers: { "X-Reason": "by%20mistake" } },
    );
    expect(bucketOf(restored)).toMatchObject({
      bucket_name: "videos-2",
      bucket_id: path.split("/").at(-1),
      description: "first",
      metadata: { team: "b" },
    });
    expect((await service.get(`${path}/history/7`)).body).toMatchObject({
      type: "bucket.restored",
      reason: "by mistake",
      changes: [{ op: "replace", path: "/bucket_name", was: "videos", value: "videos-2" }],
    });
    expect(bucketOf(await service.get("/v1/buckets/videos-2")).description).toBe("first");
    expect(bucketOf(await service.get(taken)).bucket_name).toBe("videos");
  });

  it("46: restores exactly what there was, as a new event", async () => {
    const { service, path, clock } = await makeStory();
    const before = bucketOf(await service.get(path));
    await service.send("DELETE", path);
    const preview = await service.post(`${path}/restore?dry_run=true`, {});
    expect(preview.body).toMatchObject({ dry_run: true, changes: [], result: before });
    expectRefusal(await service.get(path), 404, "NotFoundError");
    clock.advance(day);
    const headers = { "Idempotency-Key": "back" };
    const restored = await service.post(`${path}/restore`, undefined, { headers });
    expect(bucketOf(restored)).toEqual(before);
    const again = await service.post(`${path}/restore`, undefined, { headers });
    expect(again.text).toBe(restored.text);
    expect(header(again, "Idempotency-Replayed")).toBe("true");
    expect(versionsOf(await service.get(`${path}/history?from=5&order=asc`))).toEqual([5, 6, 7]);
    expectRefusal(await service.get(`${path}?as_of=6`), 404, "NotFoundError");
  });

  it("47: versions go on upwards, and no old tag is valid again", async () => {
    const { service, path } = await makeStory();
    const tag = header(await service.get(path), "ETag");
    await service.send("DELETE", path);
    expectRefusal(await service.patch(path, { description: "x" }), 404, "NotFoundError");
    const restored = await service.post(`${path}/restore`, {});
    expect(header(restored, "X-Version")).toBe("7");
    const stale = await service.patch(path, { description: "x" }, { headers: { "If-Match": tag } });
    expectRefusal(stale, 412, "PreconditionFailedError");
    expect(header(await service.patch(path, { description: "x" }), "X-Version")).toBe("8");
    expect(documentOf(await service.get(`${path}?as_of=5`))).toMatchObject({
      description: "first",
    });
  });
});
