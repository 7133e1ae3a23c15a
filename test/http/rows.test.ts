/**
 * Goal: the rows of the HTTP acceptance list, each a test whose name starts with its number.
 * Method: real requests, raw ones where a client library would mend them; every refused write is
 * held to leave no trace.
 *
 * Rows that cannot apply yet, because their routes are not there: 79 to 86 (ingest). Rows 44 to 49
 * and 52 stand in deletion.test.ts, links and `Accept-Datetime` of 45, 49 and 50 in
 * memento.test.ts, 60 in history-formats.test.ts (a list is a POST, which a Link cannot express),
 * 54 to 57 in feed.test.ts, 58 to 62 in list.test.ts, 67 in protocol.test.ts. Rows 29, 30, 33 to 40 and 101 are told at length in concurrency, idempotency
 * and canary; the ones here are their shortest form. Of row 66 a full disk and a failing one are the
 * event store's tests. Of row 18 the contract wins: a PUT that returns nothing has its tag.
 */
import { request as sendHttp } from "node:http";
import Database from "better-sqlite3";
import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { toJson } from "../../src/domain/json.js";
import { limits } from "../../src/domain/limits.js";
import { serveStore } from "../../src/http/index.js";
import { auditRoutes } from "../../src/http/routes/audit.js";
import { bucketRoutes } from "../../src/http/routes/buckets.js";
import { logRoutes } from "../../src/http/routes/log.js";
import { bucketPast } from "../../src/http/routes/past.js";
import { serviceRoutes } from "../../src/http/routes/service.js";
import { taskRoutes } from "../../src/http/routes/tasks.js";
import { tokenRoutes } from "../../src/http/routes/tokens.js";
import { openBuckets } from "../../src/index.js";
import {
  type Answer,
  at,
  bucketOf,
  createClient,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  listAt,
  makeBucket,
  ndjsonOf,
  type Sending,
  type Service,
  sendRaw,
  serve,
  serveTest,
  TestClock,
  temporaryFile,
  textAt,
  tokens,
} from "../support/server.js";

const acceptPatch = "application/json, application/merge-patch+json, application/json-patch+json";

async function bucketOn(options: Parameters<typeof serveTest>[0] = {}) {
  const service = await serveTest({ durability: "relaxed", ...options });
  return { service, path: await makeBucket(service) };
}

function ifMatch(tag: string): Sending {
  return { headers: { "If-Match": tag } };
}

/** A raw PATCH with those header lines. */
function rawPatch(path: string, lines: readonly string[], body = "{}"): string {
  return [
    `PATCH ${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: Bearer ${tokens.admin}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...lines,
    "",
    body,
  ].join("\r\n");
}

describe("PATCH and media types", () => {
  it("1: a merge patch answers with the document and a new strong tag, or with the tag alone", async () => {
    const { service, path } = await bucketOn();
    const patched = await service.merge(path, { metadata: { a: { b: 1 } } });
    expect(bucketOf(patched).metadata).toEqual({ a: { b: 1 } });
    expect(header(patched, "ETag")).toBe('"2.0"');
    const minimal = { headers: { Prefer: "return=minimal" } };
    const silent = await service.merge(path, { metadata: { a: { c: 2 } } }, minimal);
    expect([silent.status, silent.text, header(silent, "ETag")]).toEqual([204, "", '"3.0"']);
    expect(at(await service.get(path), "metadata")).toEqual({ a: { b: 1, c: 2 } });
  });

  it("2: merge patches do what SQLite's json_patch does", async () => {
    const { service, path } = await bucketOn();
    const db = new Database(":memory:");
    onTestFinished(() => {
      db.close();
    });
    const merged = db.prepare("SELECT json_patch(?, ?)").pluck();
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.constantFrom(null, true, 0, "text"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("tree"), { maxKeys: 4 }),
      ),
    }));
    const object = fc.dictionary(fc.constantFrom("a", "b", "c"), tree, { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(object, object, async (original, patch) => {
        await service.patch(path, { metadata: { doc: original } });
        const answer = await service.merge(path, { metadata: { doc: patch } });
        const expected = merged.get(JSON.stringify(original), JSON.stringify(patch));
        expect(bucketOf(answer).metadata).toEqual({ doc: JSON.parse(String(expected)) });
      }),
      { numRuns: 60, seed: 7396 },
    );
  });

  it("3: application/json is the contract's partial update: a field replaces the whole field", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { metadata: { a: 1, b: 2 }, description: "kept" });
    const answer = bucketOf(await service.patch(path, { metadata: { c: 3 } }));
    expect(answer).toMatchObject({ metadata: { c: 3 }, description: "kept" });
    expect(answer.metadata).toEqual({ c: 3 });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/xml"])(
    "4: a body of the type %j is a 415 that names the types",
    async (type) => {
      const { service, path } = await bucketOn();
      const text = Buffer.from('{"description":"x"}');
      const answer = await leavesNoTrace(service, path, () =>
        service.send("PATCH", path, { text, type }),
      );
      expectRefusal(answer, 415, "UnsupportedMediaTypeError");
      expect(header(answer, "Accept-Patch")).toBe(acceptPatch);
    },
  );

  it("4: a body without a type is JSON", async () => {
    const { service, path } = await bucketOn();
    const raw = rawPatch(path, []).replace("Content-Type: application/json\r\n", "");
    expect(await sendRaw(service.url, raw)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("5: OPTIONS and GET tell what can be patched", async () => {
    const { service, path } = await bucketOn();
    const options = await service.send("OPTIONS", path);
    expect(options.status).toBe(204);
    expect(header(options, "Allow").split(", ").sort()).toEqual([
      "DELETE",
      "GET",
      "HEAD",
      "PATCH",
      "PUT",
    ]);
    expect(header(options, "Accept-Patch")).toBe(acceptPatch);
    expect(header(await service.get(path), "Accept-Patch")).toBe(acceptPatch);
    const elsewhere = await service.send("OPTIONS", "/v1/buckets");
    expect([elsewhere.status, header(elsewhere, "Allow")]).toEqual([204, "POST"]);
    expect(elsewhere.headers.get("Accept-Patch")).toBeNull();
    expect((await service.send("OPTIONS", "/v1/nothing")).status).toBe(404);
  });

  it.each(["{", "", "{'a':1}", '{"a":1,}', "[1] 2", "NaN", '{"a":01}', " "])(
    "6: a body that is not JSON is a 400 that does not echo it: %j",
    async (text) => {
      const { service, path } = await bucketOn();
      const marked = text === "" ? text : `${text}marker`;
      const answer = await leavesNoTrace(service, path, () =>
        service.send("PATCH", path, { text: marked }),
      );
      expectRefusal(answer, 400, "BadRequestError");
      expect(answer.text).not.toContain("marker");
    },
  );

  it("7: a body that fits nothing is a 422 with a pointer to the fault", async () => {
    const { service, path } = await bucketOn();
    for (const body of [[], "text", 5, null, true]) {
      for (const type of ["application/json", "application/merge-patch+json"]) {
        const answer = await leavesNoTrace(service, path, () =>
          service.patch(path, body, { type }),
        );
        expectRefusal(answer, 422, "ValidationError");
      }
    }
    const answer = await service.patch(path, { metadata: 5, bucket_name: 7 });
    const issues = listAt(answer, "error", "details", "validation_errors");
    expect(issues).toMatchObject([
      { location: ["body", "bucket_name"] },
      { location: ["body", "metadata"] },
    ]);
    expect(listAt(answer, "detail")).toMatchObject([
      { loc: ["body", "bucket_name"] },
      { loc: ["body", "metadata"] },
    ]);
    const problem = await service.patch(
      path,
      { source_adapter: { adapter_type: "mux", batching: { window_seconds: -1 } } },
      { headers: { Accept: "application/problem+json" } },
    );
    expect(listAt(problem, "errors")).toMatchObject([
      { pointer: "#/source_adapter/batching/window_seconds" },
    ]);
  });

  it("8: a JSON Patch is applied in order and as a whole, as one event", async () => {
    const { service, path } = await bucketOn();
    const operations = [
      { op: "add", path: "/metadata/list", value: [1] },
      { op: "add", path: "/metadata/list/-", value: 2 },
      { op: "copy", from: "/metadata/list", path: "/metadata/copy" },
      { op: "remove", path: "/metadata/list/0" },
    ];
    const answer = await service.jsonPatch(path, operations);
    expect(bucketOf(answer).metadata).toEqual({ list: [2], copy: [1, 2] });
    expect(await eventsOf(service, path)).toHaveLength(2);
  });

  it.each([
    ["an unknown op", [{ op: "spam", path: "/metadata" }], 400],
    ["a missing value", [{ op: "add", path: "/metadata/a" }], 400],
    ["a missing from", [{ op: "move", path: "/metadata/a" }], 400],
    ["a missing path", [{ op: "remove" }], 400],
    ["a pointer without a slash", [{ op: "remove", path: "metadata" }], 400],
    ["a bad escape", [{ op: "remove", path: "/metadata/~2" }], 400],
    ["an operation that is no object", ["remove"], 400],
    ["a failing test", [{ op: "test", path: "/metadata", value: 1 }], 409],
    ["a path that does not exist", [{ op: "remove", path: "/metadata/a" }], 409],
  ])("9: a JSON Patch with %s names the operation", async (_, operations, status) => {
    const { service, path } = await bucketOn();
    const first = { op: "add", path: "/description", value: "not kept" };
    const answer = await leavesNoTrace(service, path, () =>
      service.jsonPatch(path, [first, ...operations]),
    );
    expect(answer.status, answer.text).toBe(status);
    expect(at(answer, "error", "details", "operation_index")).toBe(1);
  });

  it("9: a JSON Patch that is no array is a 400", async () => {
    const { service, path } = await bucketOn();
    const answer = await leavesNoTrace(service, path, () =>
      service.jsonPatch(path, { op: "remove", path: "/metadata" }),
    );
    expectRefusal(answer, 400, "BadRequestError");
  });

  it("10: pointers are those of RFC 6901, and nothing moves into itself", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { metadata: { list: [1, 2], "~": 1, "a/b": 2, "": 3 } });
    for (const operation of [
      { op: "remove", path: "/metadata/list/01" },
      { op: "remove", path: "/metadata/list/1e0" },
      { op: "remove", path: "/metadata/list/-" },
      { op: "remove", path: "/metadata/list/length" },
      { op: "add", path: "/metadata/list/+1", value: 0 },
      { op: "move", from: "/metadata", path: "/metadata/list/0" },
      { op: "copy", from: "/metadata/missing", path: "/metadata/x" },
    ]) {
      const answer = await leavesNoTrace(service, path, () => service.jsonPatch(path, [operation]));
      expectRefusal(answer, 409, "ConflictError");
    }
    const answer = await service.jsonPatch(path, [
      { op: "replace", path: "/metadata/~0", value: "tilde" },
      { op: "replace", path: "/metadata/a~1b", value: "slash" },
      { op: "replace", path: "/metadata/", value: "empty" },
    ]);
    expect(bucketOf(answer).metadata).toEqual({
      list: [1, 2],
      "~": "tilde",
      "a/b": "slash",
      "": "empty",
    });
  });

  it("11: another charset is a 415, UTF-8 by any spelling is fine", async () => {
    const { service, path } = await bucketOn();
    for (const charset of ["iso-8859-1", "bogus", "utf-16", '""']) {
      const answer = await leavesNoTrace(service, path, () =>
        service.patch(path, {}, { type: `application/json; charset=${charset}` }),
      );
      expectRefusal(answer, 415, "UnsupportedMediaTypeError");
    }
    for (const charset of ["utf-8", "UTF-8", '"utf-8"', "utf8"]) {
      const type = `Application/JSON; charset=${charset}`;
      expect((await service.patch(path, {}, { type })).status).toBe(200);
    }
  });

  it("12: an encoded body is a 415 that says how to send it", async () => {
    const { service, path } = await bucketOn();
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, {}, { headers: { "Content-Encoding": "gzip" } }),
    );
    expectRefusal(answer, 415, "UnsupportedMediaTypeError");
    expect(header(answer, "Accept-Encoding")).toBe("identity");
    const plain = { headers: { "Content-Encoding": "identity" } };
    expect((await service.patch(path, {}, plain)).status).toBe(200);
  });

  it("13: what is accepted is answered or a 406, and answers vary by it", async () => {
    const { service, path } = await bucketOn();
    const accepting = (type: string) => service.get(path, { headers: { Accept: type } });
    expectRefusal(await accepting("application/xml"), 406, "NotAcceptableError");
    for (const type of ["*/*", "application/*", "application/json;q=0.1, text/html"]) {
      const answer = await accepting(type);
      expect(answer.status).toBe(200);
      expect(header(answer, "Vary")).toContain("Accept");
    }
  });

  it("14: a bucket that is not there is a 404, whatever the precondition", async () => {
    const service = await serveTest();
    for (const tag of ["*", '"1.0"']) {
      const answer = await leavesNoTrace(service, undefined, () =>
        service.patch("/v1/buckets/absent", {}, ifMatch(tag)),
      );
      expectRefusal(answer, 404, "NotFoundError");
    }
  });

  it("15: a patch that changes nothing is recorded, and does not move updated_at", async () => {
    const clock = new TestClock();
    const { service, path } = await bucketOn({ clock: clock.read });
    const before = bucketOf(await service.get(path));
    clock.advance(1_000);
    const answer = await service.patch(path, { bucket_name: "videos", metadata: {} });
    expect(bucketOf(answer)).toEqual(before);
    expect(header(answer, "ETag")).toBe('"2.0"');
    expect((await eventsOf(service, path))[1]).toMatchObject({ version: 2, changes: [] });
  });

  it("16: an empty merge patch creates nothing", async () => {
    const service = await serveTest();
    const answer = await leavesNoTrace(service, undefined, () =>
      service.merge("/v1/buckets/absent", {}),
    );
    expectRefusal(answer, 404, "NotFoundError");
  });

  it("17: PUT is the contract's partial update", async () => {
    const { service, path } = await bucketOn();
    const missing = await service.send("PUT", "/v1/buckets/absent", { json: {} });
    expectRefusal(missing, 404, "NotFoundError");
    const merging = { json: {}, type: "application/merge-patch+json" };
    expect((await service.send("PUT", path, merging)).status).toBe(415);
    const answer = await service.send("PUT", path, { json: { description: "x" } });
    expect(bucketOf(answer)).toMatchObject({ bucket_name: "videos", description: "x" });
  });

  it("18: PUT says whose representation it answers with, also after a rename", async () => {
    const { service, path } = await bucketOn();
    const answer = await service.send("PUT", "/v1/buckets/videos", {
      json: { bucket_name: "films" },
    });
    expect(header(answer, "Content-Location")).toBe(path);
    expect((await service.get(header(answer, "Content-Location"))).text).toBe(answer.text);
    const dry = await service.send("PUT", `${path}?dry_run=true`, { json: {} });
    expect(dry.headers.get("Content-Location")).toBeNull();
  });

  it("19: creation is a 200 with the place and the tag of the bucket", async () => {
    const service = await serveTest();
    const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
    const refused = await leavesNoTrace(service, undefined, () =>
      service.post("/v1/buckets", { bucket_name: "videos" }),
    );
    expectRefusal(refused, 422, "ValidationError");
    const answer = await service.post("/v1/buckets", body);
    expect(header(answer, "ETag")).toBe('"1.0"');
    expect((await service.get(header(answer, "Location"))).text).toBe(answer.text);
    const dry = await leavesNoTrace(service, undefined, () =>
      service.post("/v1/buckets?dry_run=true", { ...body, bucket_name: "other" }),
    );
    expect([dry.status, dry.headers.get("Location")]).toEqual([200, null]);
  });
});

describe("Conditional requests", () => {
  it("20: every answer about the current state has a strong tag, its version and position", async () => {
    const { service, path } = await bucketOn();
    await makeBucket(service, { bucket_name: "between" });
    const patched = await service.patch(path, { description: "x" });
    for (const answer of [patched, await service.get(path)]) {
      expect(header(answer, "ETag")).toBe('"2.0"');
      expect(header(answer, "X-Version")).toBe("2");
      expect(header(answer, "X-Position")).toBe("3");
    }
  });

  it("21: a stale If-Match is a 412 that tells what was missed", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { description: "x" }, { headers: { "X-Actor": "ana" } });
    await service.merge(path, { metadata: { a: 1 } });
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, { description: "y" }, ifMatch('"1.0"')),
    );
    expectRefusal(answer, 412, "PreconditionFailedError");
    expect(at(answer, "error", "details")).toMatchObject({
      current_version: 3,
      missed: [
        { version: 2, actor: "ana", paths: ["/description"] },
        { version: 3, actor: "admin", paths: ["/metadata/a"] },
      ],
    });
  });

  it("22: a weak tag never matches on a write", async () => {
    const { service, path } = await bucketOn();
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, {}, ifMatch('W/"1.0"')),
    );
    expectRefusal(answer, 412, "PreconditionFailedError");
    expect(at(answer, "error", "details", "missed")).toBeUndefined();
  });

  it.each(["1.0", "'1.0'", '"1.0', '"1.0" "2.0"', "W/", '*, "1.0"'])(
    "22: an If-Match that is no list of tags is a 400: %s",
    async (tag) => {
      const { service, path } = await bucketOn();
      const answer = await leavesNoTrace(service, path, () =>
        service.patch(path, {}, ifMatch(tag)),
      );
      expectRefusal(answer, 400, "BadRequestError");
    },
  );

  it("23: any member of an If-Match list may match, and two lines are one list", async () => {
    const { service, path } = await bucketOn();
    const list = await service.patch(path, {}, ifMatch('"9.0", W/"8", "1.0"'));
    expect(list.status).toBe(200);
    const lines = ['If-Match: "9.0"', 'If-Match: "2.0"'];
    expect(await sendRaw(service.url, rawPatch(path, lines))).toMatch(/^HTTP\/1\.1 200 /);
    const none = ['If-Match: "9.0"', 'If-Match: "2.0"'];
    expect(await sendRaw(service.url, rawPatch(path, none))).toMatch(/^HTTP\/1\.1 412 /);
    const bare = await service.patch(path, {}, ifMatch('"3"'));
    expect(bare.status).toBe(200);
    expect((await service.patch(path, {}, ifMatch("*"))).status).toBe(200);
    expect((await service.patch(path, {}, ifMatch('"foreign-tag"'))).status).toBe(412);
  });

  it("24: If-None-Match on a write refuses what it names", async () => {
    const { service, path } = await bucketOn();
    for (const tag of ["*", '"1.0"', 'W/"1.0"', '"7.0", "1"']) {
      for (const method of ["PUT", "PATCH"]) {
        const headers = { "If-None-Match": tag };
        const answer = await leavesNoTrace(service, path, () =>
          service.send(method, path, { json: {}, headers }),
        );
        expectRefusal(answer, 412, "PreconditionFailedError");
      }
    }
    const headers = { "If-None-Match": '"7.0"' };
    expect((await service.patch(path, {}, { headers })).status).toBe(200);
  });

  it("25: GET with the tag that is current is a 304 without a body", async () => {
    const { service, path } = await bucketOn();
    const reading = (tag: string) => service.get(path, { headers: { "If-None-Match": tag } });
    expectRefusal(await reading("1.0"), 400, "BadRequestError");
    expect((await reading("1.0")).headers.get("ETag")).toBeNull();
    for (const tag of ['"1.0"', 'W/"1.0"', '"9.0", "1.0"', "*"]) {
      const answer = await reading(tag);
      expect([answer.status, answer.text, header(answer, "ETag")]).toEqual([304, "", '"1.0"']);
      expect(header(answer, "Cache-Control")).toBe("private, no-cache");
      for (const name of ["Vary", "Date"]) expect(answer.headers.get(name)).not.toBeNull();
    }
    for (const tag of ['"1"', '"1.1"', '"2.0"']) expect((await reading(tag)).status).toBe(200);
    expect((await reading('"1.0"')).headers.get("Content-Length")).toBeNull();
  });

  it("26: If-Match comes before If-None-Match, and both after what is wrong with the request", async () => {
    const { service, path } = await bucketOn();
    const both = { "If-Match": '"9.0"', "If-None-Match": "*" };
    const answer = await service.patch(path, {}, { headers: both });
    expect(textAt(answer, "error", "message")).toContain("If-Match");
    expect(textAt(answer, "error", "message")).not.toContain("If-None-Match");
    const wrongType = await service.patch(path, {}, { headers: both, type: "text/plain" });
    expect(wrongType.status).toBe(415);
  });

  it("27: a server that requires preconditions says how to send one", async () => {
    const service = await serveTest({ requireIfMatch: true });
    const path = await makeBucket(service);
    for (const write of [
      () => service.patch(path, {}),
      () => service.post(`${path}/lock`),
      () => service.send("PUT", path, { json: {} }),
    ]) {
      const answer = await leavesNoTrace(service, path, write);
      expectRefusal(answer, 428, "PreconditionRequiredError");
      expect(header(answer, "Cache-Control")).toBe("no-store");
      expect(textAt(answer, "error", "message")).toContain("If-Match");
    }
    expect((await service.patch(path, {}, ifMatch('"1.0"'))).status).toBe(200);
  });

  it("28: a retry with the old tag is a 412, unless it has the same Idempotency-Key", async () => {
    const { service, path } = await bucketOn();
    const keyed = { headers: { "If-Match": '"1.0"', "Idempotency-Key": "k" } };
    const first = await service.patch(path, { description: "x" }, keyed);
    expect((await service.patch(path, { description: "x" }, ifMatch('"1.0"'))).status).toBe(412);
    expect((await service.patch(path, { description: "x" }, keyed)).text).toBe(first.text);
  });

  it("29: of writers with the same If-Match one gets through", async () => {
    const { service, path } = await bucketOn();
    const write = (writer: number) =>
      service.patch(path, { description: `${writer}` }, ifMatch('"1.0"'));
    const answers = await Promise.all([1, 2, 3, 4].map(write));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
  });

  it("30: writers of different keys all get through", async () => {
    const { service, path } = await bucketOn();
    const write = (key: string) => service.merge(path, { metadata: { [key]: 1 } });
    await Promise.all(["a", "b", "c", "d"].map(write));
    expect(at(await service.get(path), "metadata")).toEqual({ a: 1, b: 1, c: 1, d: 1 });
  });

  it("31: the tag is in the header, not in the body", async () => {
    const { service, path } = await bucketOn();
    const answer = await service.get(path);
    expect(answer.body).not.toHaveProperty("etag");
    expect(answer.body).not.toHaveProperty("version");
  });

  it("32: HEAD has the headers of GET and no body", async () => {
    const { service, path } = await bucketOn();
    const got = await service.get(path);
    const head = await service.send("HEAD", path);
    expect([head.status, head.text]).toEqual([200, ""]);
    for (const name of ["ETag", "Content-Length", "Content-Type", "X-Version", "Cache-Control"]) {
      expect([name, header(head, name)]).toEqual([name, header(got, name)]);
    }
    expect((await service.send("HEAD", "/v1/buckets/absent")).status).toBe(404);
  });
});

describe("Idempotency, Prefer, retries", () => {
  const key = (value: string, more: Sending = {}): Sending => ({
    ...more,
    headers: { "Idempotency-Key": value },
  });

  it("33: a repeated key gets the first answer again, and there is one event", async () => {
    const { service, path } = await bucketOn();
    const first = await service.patch(path, { description: "x" }, key("k"));
    const again = await service.patch(path, { description: "x" }, key("k"));
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(header(again, "Idempotency-Replayed")).toBe("true");
    expect(await eventsOf(service, path)).toHaveLength(2);
  });

  it("34: the same key with another body is a 422", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { description: "x" }, key("k"));
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, { description: "y" }, key("k")),
    );
    expectRefusal(answer, 422, "ValidationError");
  });

  it("35: a repeated key waits for the first answer", async () => {
    const { service, path } = await bucketOn();
    const patch = () => service.patch(path, { description: "x" }, key("k"));
    const [first, second] = await Promise.all([patch(), patch()]);
    expect(first?.text).toBe(second?.text);
    expect(await eventsOf(service, path)).toHaveLength(2);
  });

  it("36: without a key every request is done", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, { description: "x" });
    await service.patch(path, { description: "x" });
    expect(await eventsOf(service, path)).toHaveLength(3);
  });

  it("37: a key may be quoted or bare", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, {}, key('"k"'));
    const again = await service.patch(path, {}, key("k"));
    expect(header(again, "Idempotency-Replayed")).toBe("true");
  });

  it("38: a key belongs to a namespace and a token", async () => {
    const { service, path } = await bucketOn();
    await service.patch(path, {}, key("k"));
    const other = await service.patch(path, {}, key("k", { token: "write" }));
    expect(other.headers.get("Idempotency-Replayed")).toBeNull();
  });

  it("39: a refusal is not kept", async () => {
    const { service, path } = await bucketOn();
    expect((await service.patch(path, { metadata: 5 }, key("k"))).status).toBe(422);
    expect((await service.patch(path, { metadata: {} }, key("k"))).status).toBe(200);
  });

  it("40: a key is kept for a day at least", async () => {
    const clock = new TestClock();
    const { service, path } = await bucketOn({ clock: clock.read });
    await service.patch(path, {}, key("k"));
    clock.advance(24 * 60 * 60 * 1000);
    const again = await service.patch(path, {}, key("k"));
    expect(header(again, "Idempotency-Replayed")).toBe("true");
  });

  it("41: Prefer chooses what is returned, and the answer says what was honoured", async () => {
    const { service, path } = await bucketOn();
    const preferring = (Prefer: string) => service.patch(path, {}, { headers: { Prefer } });
    const minimal = await preferring("return=minimal");
    expect([minimal.status, header(minimal, "Preference-Applied")]).toEqual([
      204,
      "return=minimal",
    ]);
    expect(header(minimal, "ETag")).toBe('"2.0"');
    const whole = await preferring('return="representation"; foo=1, wait=10');
    expect([whole.status, header(whole, "Preference-Applied")]).toEqual([
      200,
      "return=representation",
    ]);
    const unknown = await preferring("respond-async, return=nothing");
    expect([unknown.status, unknown.headers.get("Preference-Applied")]).toEqual([200, null]);
    const dry = await service.patch(
      `${path}?dry_run=true`,
      {},
      { headers: { Prefer: "return=minimal" } },
    );
    expect([dry.status, dry.headers.get("Preference-Applied")]).toEqual([200, null]);
  });

  it("41: unknown and read-only fields are ignored by name, or refused when handled strictly", async () => {
    const { service, path } = await bucketOn();
    const body = {
      description: "x",
      bucket_id: "bkt_other",
      version: 9,
      "ünknown, field": 1,
      source_adapter: { adapter_type: "mux", retries: 3 },
    };
    const lenient = await service.patch(path, body);
    expect(lenient.status).toBe(200);
    expect(header(lenient, "X-Ignored-Fields")).toBe(
      "bucket_id, version, %C3%BCnknown%2C%20field, source_adapter.retries",
    );
    expect(at(lenient, "source_adapter", "retries")).toBeUndefined();
    const strict = await leavesNoTrace(service, path, () =>
      service.patch(path, body, { headers: { Prefer: "handling=strict" } }),
    );
    expectRefusal(strict, 422, "ValidationError");
    expect(listAt(strict, "error", "details", "validation_errors")).toMatchObject([
      { type: "read_only", location: ["body", "bucket_id"] },
      { type: "unknown_field" },
      { type: "unknown_field" },
      { type: "unknown_field", location: ["body", "source_adapter", "retries"] },
    ]);
    // What narrows a list is never ignored: it would answer another question.
    for (const headers of [{}, { Prefer: "handling=strict" }]) {
      const listed = await service.post("/v1/buckets/list", { colour: "red" }, { headers });
      expectRefusal(listed, 400, "BadRequestError");
    }
  });

  it.each([
    "dryrun=true",
    "dry_run",
    "dry_run=1",
    "dry_run=yes",
    "dry_run=true&dry_run=true",
    "__proto__=1",
  ])("42: a query parameter that is not known or does not fit is a 400: %s", async (query) => {
    const { service, path } = await bucketOn();
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(`${path}?${query}`, { description: "x" }),
    );
    expectRefusal(answer, 400, "BadRequestError");
  });

  it("43: a dry run checks and shows everything, and records nothing", async () => {
    const { service, path } = await bucketOn();
    const dry = await leavesNoTrace(service, path, () =>
      service.patch(`${path}?dry_run=true`, { description: "x" }),
    );
    expect(dry.body).toMatchObject({
      dry_run: true,
      changes: [{ op: "add", path: "/description", value: "x" }],
      result: { description: "x" },
    });
    expect((await service.patch(`${path}?dry_run=true`, {}, ifMatch('"9.0"'))).status).toBe(412);
    expect((await service.patch(`${path}?dry_run=false`, {})).status).toBe(200);
    const lock = await leavesNoTrace(service, path, () =>
      service.post(`${path}/lock?dry_run=true`),
    );
    expect(at(lock, "result", "is_locked")).toBe(true);
  });
});

describe("Points in the past", () => {
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
    "2026-10-01T00:00:00",
    "2026-13-01T00:00:00Z",
    "01",
  ])("51: as_of=%s is a 400", async (point) => {
    const { service, path } = await bucketOn();
    expectRefusal(await service.get(`${path}?as_of=${point}`), 400, "BadRequestError");
    expectRefusal(await service.get(`${path}/replay?to=${point}`), 400, "BadRequestError");
    if (!/[@T]|-\d\d-/.test(point)) {
      expectRefusal(await service.get(`${path}/history/${point}`), 400, "BadRequestError");
    }
  });

  it.each(["2", "@2", "2999-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "9007199254740991"])(
    "51: as_of=%s, outside the history, is a 404 that says where that begins and ends",
    async (point) => {
      const { service, path } = await bucketOn();
      const answer = await service.get(`${path}?as_of=${point}`);
      expectRefusal(answer, 404, "NotFoundError");
      expect(at(answer, "error", "details")).toMatchObject({
        first: { version: 1, position: 1 },
        last: { version: 1, position: 1 },
      });
    },
  );

  it("51: a time between the head and now may yet change, one before the head not", async () => {
    const clock = new TestClock();
    const { service, path } = await bucketOn({ clock: clock.read });
    clock.advance(1_000);
    const recent = await service.get(`${path}?as_of=${clock.text}`);
    expect(header(recent, "Cache-Control")).toBe("no-store");
    await service.patch(path, {});
    const now = await service.get(`${path}?as_of=${clock.text}`);
    expect([header(now, "Cache-Control"), header(now, "X-Version")]).toEqual(["no-store", "2"]);
    const past = await service.get(`${path}?as_of=2026-10-01T14:00:00.999%2B02:00`);
    expect(header(past, "Cache-Control")).toBe("private, no-cache");
    expect(header(past, "X-Version")).toBe("1");
    expect(header(past, "Memento-Datetime")).toBe("Thu, 01 Oct 2026 12:00:00 GMT");
  });
});

describe("Lists", () => {
  it.each([{ limit: 0 }, { limit: 1_001 }, { limit: "ten" }, { offset: -1 }])(
    "58, 62: a list with %j is a 422 in both forms",
    async (body) => {
      const { service } = await bucketOn();
      const [name = ""] = Object.keys(body);
      const query = `${name}=${Object.values(body).join()}`;
      const inBody = await service.post("/v1/buckets/list", body);
      const inQuery = await service.post(`/v1/buckets/list?${query}`, {});
      for (const [answer, part] of [
        [inBody, "body"],
        [inQuery, "query"],
      ] as const) {
        expectRefusal(answer, 422, "ValidationError");
        expect(answer.body).toMatchObject({
          error: { details: { validation_errors: [{ location: [part, name] }] } },
          detail: [{ loc: [part, name] }],
        });
      }
    },
  );

  it.each([
    { cursor: "tampered" },
    { filters: { no_such_field: 1 } },
    { filters: { AND: 1 } },
    { sort: { field: "'; DROP TABLE buckets; --" } },
  ])("58, 62: a list with %j is a 400", async (body) => {
    const { service } = await bucketOn();
    const answer = await service.post("/v1/buckets/list", body);
    expectRefusal(answer, 400, "BadRequestError");
  });

  it("58: an empty list is no 404, and takes an empty body, {} and explicit nulls", async () => {
    const { service } = await bucketOn();
    const nulls = { search: null, filters: null, sort: null, limit: null, cursor: null };
    for (const json of [undefined, {}, nulls]) {
      const answer = await service.send("POST", "/v1/buckets/list", {
        json,
        namespace: "empty",
        headers: { "Content-Type": "application/json" },
      });
      expect([answer.status, at(answer, "results"), at(answer, "total_count")]).toEqual([
        200,
        [],
        0,
      ]);
      expect(at(answer, "pagination", "next_cursor")).toBeUndefined();
    }
  });

  it("59, 61: pages by cursor lose and repeat nothing while buckets come", async () => {
    const { service } = await bucketOn();
    for (const name of ["a", "b", "c", "d"]) await makeBucket(service, { bucket_name: name });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await service.post("/v1/buckets/list", { limit: 2, cursor });
      for (const result of listAt(page, "results")) seen.push(Object(result).bucket_name);
      const next = at(page, "pagination", "next_cursor");
      cursor = typeof next === "string" ? next : undefined;
      await makeBucket(service, { bucket_name: `came in between ${seen.length}` });
    } while (cursor !== undefined);
    expect(seen).toEqual(["d", "c", "b", "a", "videos"]);
    const first = await service.post("/v1/buckets/list", { limit: 2 });
    const foreign = { cursor: textAt(first, "pagination", "next_cursor"), search: "other" };
    expect((await service.post("/v1/buckets/list", foreign)).status).toBe(400);
    const hidden = { cursor: textAt(first, "pagination", "next_cursor") };
    const other = await service.post("/v1/buckets/list", hidden, { namespace: "other" });
    expect(other.status).toBe(400);
  });
});

const everyRoute = [
  ...bucketRoutes,
  ...bucketPast,
  ...taskRoutes,
  ...auditRoutes,
  ...logRoutes,
  ...tokenRoutes,
  ...serviceRoutes({
    isDraining: () => false,
    health: async () => ({ ready: true, durability: "full", checks: [] }),
    metrics: {
      contentType: "text/plain",
      text: async () => "",
      observe: () => {},
      countDelivery: () => {},
      countFailedLogin: () => {},
    },
    routes: () => [],
  }),
];

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll(".", "[.]")}$`).test(
    path,
  );
}

describe("Errors", () => {
  /** One request for each refusal that the app can give. */
  const refusals: readonly (readonly [
    number,
    string,
    (service: Service, path: string, more: Sending) => Promise<Answer>,
  ])[] = [
    [400, "BadRequestError", (s, path, more) => s.get(`${path}?x=1`, more)],
    [401, "UnauthorizedError", (s, path, more) => s.get(path, { ...more, token: "none" })],
    [403, "ForbiddenError", (s, path, more) => s.patch(path, {}, { ...more, token: "read" })],
    [404, "NotFoundError", (s, _, more) => s.get("/v1/buckets/absent", more)],
    [404, "NotFoundError", (s, _, more) => s.get("/v1/nothing", more)],
    [404, "NotFoundError", (s, path, more) => s.get(`${path}/`, more)],
    [405, "MethodNotAllowedError", (s, path, more) => s.send("DELETE", `${path}/lock`, more)],
    [
      409,
      "AlreadyExistsError",
      (s, _, more) =>
        s.post("/v1/buckets", { bucket_name: "videos", bucket_schema: { properties: {} } }, more),
    ],
    [
      409,
      "ConflictError",
      (s, path, more) => s.jsonPatch(path, [{ op: "remove", path: "/description" }], more),
    ],
    [
      412,
      "PreconditionFailedError",
      (s, path, more) =>
        s.patch(path, {}, { ...more, headers: { ...more.headers, "If-Match": '"9"' } }),
    ],
    [
      413,
      "PayloadTooLargeError",
      (s, path, more) => s.patch(path, { description: "x".repeat(limits.jsonBodyBytesMax) }, more),
    ],
    [
      415,
      "UnsupportedMediaTypeError",
      (s, path, more) => s.patch(path, {}, { ...more, type: "text/plain" }),
    ],
    [422, "ValidationError", (s, path, more) => s.patch(path, { metadata: 5 }, more)],
    [501, "NotImplementedError", (s, path, more) => s.send("PROPFIND", path, more)],
  ];

  it.each(refusals)(
    "63: a %i, %s, has the contract's envelope, or RFC 9457's",
    async (status, type, send) => {
      const { service, path } = await bucketOn();
      const answer = await send(service, path, {});
      expectRefusal(answer, status, type);
      expect(header(answer, "Content-Type")).toBe("application/json; charset=utf-8");
      expect(header(answer, "Cache-Control")).toBe("no-store");
      expect(header(answer, "X-Content-Type-Options")).toBe("nosniff");

      const problem = await send(service, path, {
        headers: { Accept: "application/problem+json" },
      });
      expect(header(problem, "Content-Type")).toMatch(/^application\/problem\+json/);
      expect(problem.body).toMatchObject({
        type: expect.stringMatching(/^urn:bucketlog:problem:[a-z-]+$/),
        title: expect.any(String),
        status,
        detail: textAt(answer, "error", "message"),
        instance: `urn:bucketlog:request:${header(problem, "X-Request-Id")}`,
      });
      for (const name of Object.keys(Object(problem.body))) {
        expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{2,}$/);
      }
    },
  );

  it("63: what Node refuses itself has the contract's envelope too", async () => {
    const { service } = await bucketOn();
    const head = `GET /healthz HTTP/1.1\r\nHost: localhost\r\n`;
    const big = `X-Big: ${"x".repeat(limits.headerSectionBytesMax)}`;
    const raw: readonly (readonly [number, string, string])[] = [
      [431, "HeadersTooLargeError", `${head}${big}\r\n\r\n`],
      [400, "BadRequestError", "not http at all\r\n\r\n"],
      [400, "BadRequestError", "FOO /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"],
      [400, "BadRequestError", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"],
      [400, "BadRequestError", `${head}Host: elsewhere\r\nConnection: close\r\n\r\n`],
      [
        400,
        "BadRequestError",
        "GET /v1/buckets/%ff HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
      ],
      [400, "BadRequestError", `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
      [400, "BadRequestError", `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ];
    for (const [status, type, text] of raw) {
      const answer = await sendRaw(service.url, text);
      const [top = "", body = ""] = answer.split("\r\n\r\n");
      expect(top, text.slice(0, 60)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(top).toMatch(/^Content-Type: application\/json/m);
      expect(top).toMatch(/^X-Request-Id: req_/m);
      expect(JSON.parse(body)).toMatchObject({ success: false, status, error: { type } });
    }
  });

  it("63: an expectation that is not known is ignored", async () => {
    const { service, path } = await bucketOn();
    const answer = await sendRaw(service.url, rawPatch(path, ["Expect: something"]));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("63: a chunked body that grows too large gets its 413", async () => {
    const { service, path } = await bucketOn();
    const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`;
    const raw = rawPatch(path, ["Transfer-Encoding: chunked"], "").replace(
      "Content-Length: 0\r\n",
      "",
    );
    const answer = await leavesNoTrace(service, path, async () => {
      const text = await sendRaw(service.url, raw + chunk.repeat(17));
      expect(text).toMatch(/^HTTP\/1\.1 413 /);
      return service.get("/healthz");
    });
    expect(answer.status).toBe(200);
  });

  it("63: a body of the largest size is read, and one byte more is not", async () => {
    const { service } = await bucketOn();
    const list = (bytes: number) =>
      service.send("POST", "/v1/buckets/list", { text: `{}${" ".repeat(bytes - 2)}` });
    expect((await list(limits.jsonBodyBytesMax)).status).toBe(200);
    expectRefusal(await list(limits.jsonBodyBytesMax + 1), 413, "PayloadTooLargeError");
  });

  it.each(everyRoute.map((route) => [route.path, route] as const))(
    "64: a method that %s does not take is a 405 that names those it takes",
    async (path) => {
      const service = await serveTest({ durability: "relaxed" });
      // Every route that the path matches: GET /v1/buckets/list is the bucket named "list".
      const concrete = path.replaceAll(/\{\w+\}/g, "x");
      const taken = everyRoute
        .filter((route) => matches(route.path, concrete))
        .map(({ method }) => method);
      const all = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
      for (const method of all.filter((other) => !taken.includes(other))) {
        const answer = await service.send(method, concrete);
        expectRefusal(answer, 405, "MethodNotAllowedError");
        const allowed = [...taken, ...(taken.includes("GET") ? ["HEAD"] : [])];
        expect(header(answer, "Allow").split(", ").sort()).toEqual(allowed.sort());
      }
    },
  );

  it("65: a fault of ours tells nothing but the request id, under which the log has it", async () => {
    const { service, path } = await bucketOn();
    const db = new Database(service.file);
    db.prepare('UPDATE buckets SET state = \'{"broken": "inner detail"}\'').run();
    db.close();
    const answer = await service.get(path);
    expectRefusal(answer, 500, "InternalServerError");
    const id = header(answer, "X-Request-Id");
    expect(answer.body).toEqual({
      success: false,
      status: 500,
      error: {
        message: "Something went wrong on our side. The log has it under the request id.",
        type: "InternalServerError",
        code: "INTERNAL",
        details: { request_id: id },
      },
    });
    const logged = service.lines.map((line) => JSON.parse(line));
    expect(logged).toContainEqual(
      expect.objectContaining({ request_id: id, level: 50, err: expect.anything() }),
    );
  });

  it("66: a store that is closed is a 503 with Retry-After", async () => {
    const service = await serve();
    onTestFinished(service.close);
    const path = await makeBucket(service);
    await service.store.close();
    const answer = await service.patch(path, { description: "x" });
    expectRefusal(answer, 503, "UnavailableError");
    expect(header(answer, "Retry-After")).toBe("1");
    expectRefusal(await service.get("/readyz"), 503, "UnavailableError");
    expect((await service.get("/healthz")).status).toBe(200);
  });

  it("66: a store that is open for reading answers reads, and writes with a 503", async () => {
    const { file, remove } = temporaryFile();
    const writer = await serve({ file });
    const path = await makeBucket(writer);
    const store = await openBuckets<unknown>({ file, readOnly: true });
    store.tokens.accept(tokens.admin, "admin", "admin");
    const logger = pino({ level: "silent" });
    const reader = await serveStore({ store, logger, host: "127.0.0.1", port: 0 });
    onTestFinished(async () => {
      await reader.close();
      await store.close();
      await writer.close();
      remove();
    });
    const client = createClient(reader.url);
    expect((await client.get(path)).status).toBe(200);
    const answer = await client.patch(path, { description: "x" });
    expectRefusal(answer, 503, "UnavailableError");
    expect(at(answer, "error", "code")).toBe("READ_ONLY");
  });
});

describe("Protocol hygiene", () => {
  it("72: bucket data is asked about each time, and nothing tells what serves it", async () => {
    const { service, path } = await bucketOn();
    const headers = { Origin: "https://elsewhere.example" };
    const reads = [
      await service.get(path, { headers }),
      await service.get(`${path}/history`, { headers }),
      await service.post("/v1/buckets/list", {}, { headers }),
    ];
    for (const answer of reads) {
      expect(header(answer, "Cache-Control")).toBe("private, no-cache");
      expect(header(answer, "X-Content-Type-Options")).toBe("nosniff");
      for (const name of ["Server", "X-Powered-By", "Access-Control-Allow-Origin"]) {
        expect([name, answer.headers.get(name)]).toEqual([name, null]);
      }
    }
    const written = await service.patch(path, {}, { headers });
    expect(header(written, "Cache-Control")).toBe("no-store");
  });

  it("72: the address of the adapter is the server's own, not that of who asks", async () => {
    const source_adapter = { adapter_type: "mux" };
    const headers = { Origin: "https://elsewhere.example" };
    const service = await serveTest();
    const path = await makeBucket(service, { source_adapter }, { headers });
    const id = path.split("/").at(-1);
    const address = textAt(await service.get(path, { headers }), "source_adapter", "webhook_url");
    expect(address).toBe(`${service.url}/v1/ingest/${id}`);
    const behind = await serveTest({ publicUrl: "https://buckets.example/base" });
    const other = await makeBucket(behind, { source_adapter });
    expect(textAt(await behind.get(other), "source_adapter", "webhook_url")).toMatch(
      /^https:\/\/buckets\.example\/base\/v1\/ingest\/bkt_/,
    );
  });

  it("78: a sane X-Request-Id is echoed, kept on the event and logged; another is replaced", async () => {
    const { service, path } = await bucketOn();
    const id = "4bf92f35-77b3:4da6/a=@+_.";
    const answer = await service.patch(path, {}, { headers: { "X-Request-Id": id } });
    expect(header(answer, "X-Request-Id")).toBe(id);
    expect((await eventsOf(service, path))[1]).toMatchObject({ request_id: id });
    expect(service.lines.some((line) => JSON.parse(line).request_id === id)).toBe(true);
    for (const bad of ["a b", "x".repeat(129), '{"level":60}', "ü"]) {
      const replaced = await service.get(path, { headers: { "X-Request-Id": bad } });
      expect(header(replaced, "X-Request-Id")).toMatch(/^req_\d+$/);
    }
    expect(service.lines.every((line) => line.trimEnd().split("\n").length === 1)).toBe(true);
  });
});

describe("Hostile JSON", () => {
  it("95: keys of prototypes are data in bodies, a 400 in queries, and pollute nothing", async () => {
    const { service, path } = await bucketOn();
    const text =
      '{"metadata":{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"toString":1}}';
    const answer = await service.send("PATCH", path, { text });
    expect(answer.text).toContain(text.slice(1, -1));
    const pointer = "/metadata/__proto__/y";
    const patched = await service.jsonPatch(path, [{ op: "add", path: pointer, value: 2 }]);
    expect(patched.text).toContain('"__proto__":{"x":1,"y":2}');
    for (const query of ["a[__proto__]=1", "__proto__[x]=1", "constructor=1", "toString=1"]) {
      expect((await service.get(`${path}?${query}`)).status).toBe(400);
    }
    expect(["x" in {}, "y" in {}]).toEqual([false, false]);
  });

  it.each([
    '{"description":"a","description":"b"}',
    '{"metadata":{"a":{"b":1,"c":2,"b":3}}}',
    '{"metadata":{"a":1,"\\u0061":2}}',
  ])("96: a key that comes twice is a 400: %s", async (text) => {
    const { service, path } = await bucketOn();
    const answer = await leavesNoTrace(service, path, () => service.send("PATCH", path, { text }));
    expectRefusal(answer, 400, "BadRequestError");
  });

  it("97: a body nested too deep is refused, whatever its size", async () => {
    const { service, path } = await bucketOn();
    for (const open of ["[", '{"a":']) {
      const text = open.repeat(Math.floor(limits.jsonBodyBytesMax / open.length));
      const answer = await leavesNoTrace(service, path, () =>
        service.send("PATCH", path, { text }),
      );
      expectRefusal(answer, 422, "ValidationError");
    }
  });

  it("97: the deepest document is kept and can be read, one level more cannot be made", async () => {
    const { service, path } = await bucketOn();
    // The document and its metadata are two levels.
    const nest = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    const deepest = nest(limits.jsonDepthMax - 1);
    const kept = await service.send("PATCH", path, { text: `{"metadata":${deepest}}` });
    expect(kept.status).toBe(200);
    expect((await service.get(path)).text).toContain(deepest);
    expect(ndjsonOf(await service.get(`${path}/replay`)).at(-1)).toMatchObject({
      matches_view: true,
    });
    const pointer = `/metadata${"/a".repeat(limits.jsonDepthMax - 1)}`;
    const answer = await leavesNoTrace(service, path, () =>
      service.jsonPatch(path, [{ op: "replace", path: pointer, value: { a: 1 } }]),
    );
    expectRefusal(answer, 422, "ValidationError");
  });

  it.each(["1e400", "-1e400", "9007199254740993", "12345678901234567890", "-9007199254740993.0"])(
    "98: the number %s, which would become another, is a 400",
    async (number) => {
      const { service, path } = await bucketOn();
      const text = `{"metadata":{"n":[${number}]}}`;
      const answer = await leavesNoTrace(service, path, () =>
        service.send("PATCH", path, { text }),
      );
      expectRefusal(answer, 400, "BadRequestError");
    },
  );

  it("98: numbers that are equal are kept alike, now and in the replay", async () => {
    const { service, path } = await bucketOn();
    const text = '{"metadata":{"n":[1.0,1e2,-0,0.1,9007199254740991,5e-324,1e16,6.02214076e23]}}';
    const answer = await service.send("PATCH", path, { text });
    const kept = '"n":[1,100,0,0.1,9007199254740991,5e-324,10000000000000000,6.02214076e+23]';
    expect(answer.text).toContain(kept);
    expect((await service.get(path)).text).toContain(kept);
    const again = await service.merge(path, {
      metadata: { n: [1, 100, 0, 0.1, 9007199254740991, 5e-324, 1e16, 6.02214076e23] },
    });
    expect(again.status).toBe(200);
    expect((await eventsOf(service, path))[2]).toMatchObject({ changes: [] });
    expect(ndjsonOf(await service.get(`${path}/replay`)).at(-1)).toMatchObject({
      matches_view: true,
    });
  });

  it.each([
    ["a byte that is no UTF-8", Buffer.from('{"description":"\xff"}', "latin1")],
    ["an overlong encoding", Buffer.from('{"description":"\xc0\xaf"}', "latin1")],
    ["an encoded surrogate", Buffer.from('{"description":"\xed\xa0\x80"}', "latin1")],
    ["a byte order mark", Buffer.from('\ufeff{"description":"x"}')],
    ["a lone surrogate", Buffer.from('{"description":"\\ud800"}')],
    ["a lone surrogate in a key", Buffer.from('{"metadata":{"\\udc00":1}}')],
  ])("99: %s is a 400", async (_, text) => {
    const { service, path } = await bucketOn();
    const answer = await leavesNoTrace(service, path, () => service.send("PATCH", path, { text }));
    expectRefusal(answer, 400, "BadRequestError");
  });

  it("99: every other character survives, NUL and the far planes too", async () => {
    const { service, path } = await bucketOn();
    const metadata = { "\u0000key": "a\u0000b", "😀": "\u{10ffff}\u2028\u200f", é: "e\u0301" };
    await service.patch(path, { metadata });
    expect(at(await service.get(path), "metadata")).toEqual(toJson(metadata));
    expect(at(await service.get(`${path}?as_of=2`), "metadata")).toEqual(toJson(metadata));
    expect(ndjsonOf(await service.get(`${path}/replay`)).at(-1)).toMatchObject({
      matches_view: true,
    });
  });
});

describe("A request that breaks off", () => {
  it("while its body arrives leaves no trace and is no fault of ours", async () => {
    const { service, path } = await bucketOn();
    const head = await service.store.head();
    const { hostname, port } = new URL(service.url);
    await new Promise<void>((resolve) => {
      const request = sendHttp({
        hostname,
        port,
        path,
        method: "PATCH",
        headers: {
          Authorization: `Bearer ${tokens.admin}`,
          "Content-Type": "application/json",
          "Content-Length": 100,
        },
      });
      request.on("error", () => resolve());
      request.write('{"description":', () => request.destroy(new Error("gone")));
    });
    expect((await service.get("/healthz")).status).toBe(200);
    await expect.poll(() => service.lines.some((line) => line.includes('"status":400'))).toBe(true);
    expect(await service.store.head()).toEqual(head);
    expect(service.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});
