/** What programs for the hosted API send about objects, and expect of them, as they are. */
import { expect, test } from "vitest";
import {
  at,
  expectRefusal,
  header,
  listAt,
  makeBucket,
  serveTest,
  textAt,
} from "../support/server.js";

const schema = {
  bucket_schema: { properties: { title: { type: "string" }, clip: { type: "video" } } },
};
const url = "https://media.example.com/a.mp4";
const strict = { headers: { Prefer: "handling=strict" } };

async function objectsOn(fields: object = {}) {
  const service = await serveTest();
  return { service, path: `${await makeBucket(service, { ...schema, ...fields })}/objects` };
}

test("how to fetch a source is taken of the object and of each blob, and told by the history", async () => {
  const { service, path } = await objectsOn();
  const handling = { canonicalize_source: true, force_remirror: false };
  const blob = { property: "clip", type: "video", data: url, ...handling };
  const body = { title: "a", skip_duplicates: false, ...handling, blobs: [blob] };
  const made = await service.post(path, body, strict);
  expect(made.status, made.text).toBe(200);
  expect(made.text).not.toContain("canonicalize_source");
  const object = `${path}/${textAt(made, "object_id")}`;
  const blobId = textAt(made, "blobs", "0", "blob_id");
  const { body: history } = await service.get(`${object}/history`);
  expect(history).toMatchObject({
    results: [{ source_handling: { ...handling, blobs: { [blobId]: handling } } }],
  });
  await service.patch(object, { title: "b", force_remirror: true });
  const [patched] = listAt(await service.get(`${object}/history`), "results");
  expect(patched).toMatchObject({
    changes: [{ path: "/title" }],
    source_handling: { force_remirror: true },
  });
});

test("a root key that no schema describes is kept, and refused when strict or closed", async () => {
  const { service, path } = await objectsOn();
  const made = await service.post(path, { titel: ["x", { deep: 1 }] });
  expect(made.body).toMatchObject({ titel: ["x", { deep: 1 }] });
  const refused = await service.post(path, { titel: "x" }, strict);
  expectRefusal(refused, 422, "ValidationError");
  expect(textAt(refused, "error", "message")).toContain('Did you mean "title"?');
  const bucket_schema = { ...schema.bucket_schema, additional_properties: false };
  const closed = await makeBucket(service, { bucket_name: "closed", bucket_schema });
  expectRefusal(await service.post(`${closed}/objects`, { titel: 1 }), 422, "ValidationError");
  const wrong = {
    bucket_name: "wrong",
    bucket_schema: { properties: {}, additional_properties: 1 },
  };
  expectRefusal(await service.post("/v1/buckets", wrong), 422, "ValidationError");
});

test("conditions and groups tell case for themselves, the inner one wins", async () => {
  const { service, path } = await objectsOn();
  await service.post(path, { title: "Abc" });
  const found = async (filters: object) =>
    at(await service.post(`${path}/list`, { filters }), "pagination", "total");
  const condition = { field: "title", operator: "eq", value: "abc" };
  expect(await found({ AND: [{ ...condition, case_sensitive: true }] })).toBe(0);
  expect(
    await found({ AND: [{ ...condition, case_sensitive: false }], case_sensitive: true }),
  ).toBe(1);
  expect(await found({ AND: [condition], case_sensitive: true })).toBe(0);
  const dynamic = { ...condition, value: { type: "dynamic", field: "inputs.title" } };
  const refused = await service.post(`${path}/list`, { filters: { AND: [dynamic] } });
  expectRefusal(refused, 422, "ValidationError");
  expect(textAt(refused, "error", "message")).toContain("DynamicValue");
});

test("a signed URL gives stored bytes without a token for an hour, and no others", async () => {
  let now = Date.parse("2026-11-01T00:00:00Z");
  const service = await serveTest({ clock: () => now });
  const path = `${await makeBucket(service, schema)}/objects`;
  const data = { base64: "MDEyMw==", mime_type: "video/mp4", filename: "a.mp4" };
  const blobs = [
    { property: "clip", type: "video", data },
    { property: "clip", type: "video", data: url },
  ];
  const object = `${path}/${textAt(await service.post(path, { blobs }), "object_id")}`;
  expect((await service.get(object)).text).not.toContain("presigned_url");
  for (const parameter of ["return_presigned_urls", "return_url"]) {
    const read = await service.get(`${object}?${parameter}=true`);
    expect(at(read, "blobs", "1", "properties")).toEqual({ url });
    const signed = textAt(read, "blobs", "0", "properties", "presigned_url");
    const got = await fetch(signed);
    expect([got.status, await got.text()]).toEqual([200, "0123"]);
    const part = await fetch(signed, { headers: { Range: "bytes=1-2" } });
    expect([part.status, await part.text()]).toEqual([206, "12"]);
    for (const forged of [signed.replace("size=4", "size=3"), signed.replace("a.mp4", "b.mp4")]) {
      expect((await fetch(forged)).status).toBe(403);
    }
    now += 3_600_000;
    expect((await fetch(signed)).status).toBe(403);
  }
});

test("blobs have their URL among their properties, and are sent back as they were read", async () => {
  const { service, path } = await objectsOn();
  const sent = [
    { property: "clip", type: "video", data: { filename: url, mime_type: "video/mp4" } },
    { property: "clip", type: "video", url, metadata: { cut: 1 } },
  ];
  const made = await service.post(path, { blobs: sent });
  expect(made.body).toMatchObject({
    blobs: [
      { url, properties: { url }, details: { mime_type: "video/mp4" } },
      { url, properties: { url, cut: 1 } },
    ],
  });
  const object = `${path}/${textAt(made, "object_id")}`;
  const read = await service.get(`${object}?return_url=true`);
  const again = await service.patch(object, read.body);
  expect(at(again, "blobs")).toEqual(at(made, "blobs"));
  const [entry] = listAt(await service.get(`${object}/history`), "results");
  expect(entry).toMatchObject({ version: 2, changes: [] });
});

test("lists search metadata, keep what is required, and count documents", async () => {
  const { service, path } = await objectsOn();
  await service.post(path, { title: "a", metadata: { team: { name: "Growth" } } });
  await service.post(path, { metadata: { team: "studio" } });
  const listed = await service.post(`${path}/list`, { search: "growth", select: ["title"] });
  const [only, ...others] = listAt(listed, "results");
  expect(others).toEqual([]);
  expect(Object.keys(Object(only)).sort()).toEqual(["bucket_id", "object_id", "title"]);
  const count = { function: "count", alias: "n", field: "title" };
  const counted = await service.post(`${path}/aggregate`, {
    group_by: [{ field: "status" }],
    aggregations: [count],
  });
  expect(counted.body).toMatchObject({
    results: [{ group: { status: "DRAFT" }, metrics: { n: 2 } }],
    query_info: { documents_scanned: 2, documents_matched: 2 },
  });
});

test("parameters of the hosted API are taken, and named where they mean nothing", async () => {
  const { service, path } = await objectsOn();
  const bucket = path.replace("/objects", "");
  const made = await service.post(`${path}/batch?auto_process=true`, { objects: [{ title: "a" }] });
  const id = textAt(made, "succeeded", "0", "object_id");
  const batches = await service.post(`${bucket}/batches/list`, {});
  expect(batches.body).toMatchObject({ results: [{ object_ids: [id], status: "PENDING" }] });
  const ignored = async (method: string, below: string, json?: object) => {
    const answer = await service.send(method, `${bucket}${below}`, { json, ...strict });
    expect(answer.status, answer.text).toBeLessThan(300);
    return { answer, named: header(answer, "X-Ignored-Fields") };
  };
  const skipped = "/batches?skip_validation=true";
  const { answer, named } = await ignored("POST", skipped, { object_ids: [id] });
  expect(named).toBe("skip_validation");
  const batch = `/batches/${textAt(answer, "batch_id")}`;
  expect((await ignored("POST", `${batch}/submit?force=true`)).named).toBe("force");
  expect((await ignored("DELETE", "?cascade=true")).named).toBe("cascade");
  expectRefusal(await service.get(`${bucket}?cascade=true`), 400, "BadRequestError");
});

test("an object says where it is from, and a list how many blobs there are once they are to be counted", async () => {
  const { service, path } = await objectsOn();
  const blob = { property: "clip", type: "video", data: url };
  const made = await service.post(path, { title: "a", blobs: [blob, blob] });
  const source_details = [{ type: "bucket", source_id: at(made, "bucket_id") }];
  expect(made.body).toMatchObject({ source_details });
  expect(made.body).not.toHaveProperty("error");
  const empty = { total_blobs: 0, avg_blobs_per_object: 0, objects_by_status: {} };
  const { position } = await service.store.head();
  const other = await service.post(path, { title: "b", blobs: [blob] });
  const list = (query: string) => service.post(`${path}/list?${query}`, { search: "nothing" });
  const counted = { total_objects: 2, objects_by_status: { DRAFT: 2 } };
  expect(at(await list("limit=1"), "stats")).not.toHaveProperty("total_blobs");
  expect(at(await list("limit=1"), "stats")).toMatchObject(counted);
  const blobs = { total_blobs: 3, avg_blobs_per_object: 1.5 };
  expect(at(await list("include_total=true"), "stats")).toMatchObject({ ...counted, ...blobs });
  const then = await list(`include_total=true&as_of=@${position}`);
  expect(at(then, "stats")).toMatchObject({ total_blobs: 2, avg_blobs_per_object: 2 });
  await service.send("DELETE", `${path}/${textAt(other, "object_id")}`);
  expect(at(await list("include_total=true"), "stats", "total_blobs")).toBe(2);
  await service.send("DELETE", `${path}/${textAt(made, "object_id")}`);
  expect(at(await list("include_total=true"), "stats")).toMatchObject(empty);
  const sent = { title: "c", source_details: [], error: "none" };
  const again = await service.post(path, sent);
  expect(header(again, "X-Ignored-Fields")).toBe("source_details, error");
  expect(again.body).toMatchObject({ source_details });
});

test("a yes or no in a query is taken in any case, and nothing else for one", async () => {
  const { service, path } = await objectsOn();
  const dry = await service.post(`${path}?dry_run=True&auto_process=False`, { title: "a" });
  expect(dry.body).toMatchObject({ dry_run: true });
  const listed = await service.post(`${path}/list?include_total=FALSE`, {});
  expect(listAt(listed, "results")).toEqual([]);
  expect(at(listed, "pagination")).not.toHaveProperty("total");
  for (const query of ["dry_run=yes", "dry_run=", "auto_process=1"]) {
    expectRefusal(await service.post(`${path}?${query}`, { title: "a" }), 400, "BadRequestError");
  }
});
