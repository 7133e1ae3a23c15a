/**
 * Bodies beyond 1 MiB: what blobs have for contents is taken out of them in a thread, and whoever sends
 * one cannot tell from the answer where that was done.
 */
import { hash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { BodyThread } from "../../src/bodies/body-thread.js";
import { limits } from "../../src/domain/limits.js";
import { findInBody, type LargeBodies } from "../../src/http/large-body.js";
import { type Answer, type Service, serve } from "../support/server.js";

const thread = new BodyThread();
/** Who looked through bodies beside the server. */
let looked = 0;
const beside: LargeBodies = {
  find: (body) => {
    looked += 1;
    return thread.find(body);
  },
};

let services: readonly Service[] = [];

beforeAll(async () => {
  services = [await serve(), await serve({ largeBodies: beside })];
  for (const { store } of services) {
    const { buckets } = store.namespace();
    await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  }
});

afterAll(async () => {
  await thread.close();
  for (const service of services) await service.close();
});

const buckets = "/v1/buckets";
const objects = `${buckets}/films/objects`;
const Made = z.object({ object_id: z.string() });
const bytes = Buffer.alloc(2 * limits.jsonBodyBytesMax, "bytes ");
const text = "word ".repeat(300_000);
const rows = Array.from({ length: 300_000 }, (_, index) => index);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index % 10);
const blob = (property: string, type: string, data: unknown) => ({ property, type, data });
const video = blob("video", "video", { base64: bytes.toString("base64"), filename: "a.mp4" });

const few = blob("rows", "json", rows.slice(0, 1_000));

/** What is of one server alone: its ids and times. */
function shown({ status, text: body }: Answer): string {
  return `${status} ${body.replaceAll(/\b(?:obj|bkt|blob|req)_\w+|\d{4}-\d\d-\d\dT[\d:.]+Z/g, "·")}`;
}

/** The answers of both, which are the same: that of the one with the thread. */
async function both(ask: (service: Service) => Promise<Answer>): Promise<Answer> {
  const answers: Answer[] = [];
  for (const service of services) answers.push(await ask(service));
  const [here, there] = answers;
  if (here === undefined || there === undefined) throw new Error("two servers were to answer");
  expect(shown(there)).toBe(shown(here));
  return there;
}

const hashOf = (content: string | Uint8Array) => hash("sha256", content);

describe("the contents of blobs are what was sent", () => {
  test("as bytes, text and JSON, in one object", async () => {
    const before = looked;
    const blobs = [video, blob("script", "text", text), blob("rows", "json", rows)];
    const answer = await both((service) => service.post(objects, { title: "Whole", blobs }));
    expect(looked).toBe(before + 1);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        title: "Whole",
        blobs: [
          { details: { hash: hashOf(bytes), size_bytes: bytes.length, filename: "a.mp4" } },
          { details: { hash: hashOf(text), mime_type: "text/plain" } },
          { details: { hash: hashOf(JSON.stringify(rows)), mime_type: "application/json" } },
        ],
      },
    });
  });

  test.each([
    ["PUT", "application/json", { blobs: [video] }],
    ["PATCH", "application/json", { blobs: [video] }],
    ["PATCH", "application/merge-patch+json", { blobs: [video] }],
    ["PATCH", "application/json-patch+json", [{ op: "add", path: "/blobs/-", value: video }]],
    ["PATCH", "application/json-patch+json", [{ op: "replace", path: "/blobs", value: [video] }]],
  ])("by %s as %s", async (method, type, json) => {
    const answer = await both(async (service) => {
      const made = await service.store.namespace().objects("films").create({ n: 1 });
      return await service.send(method, `${objects}/${made.object.object_id}`, { json, type });
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { blobs: [{ property: "video", details: { hash: hashOf(bytes) } }] },
    });
  });

  test("as JSON of very many values in a body that is not large", async () => {
    const before = looked;
    const data = numbers(limits.valuesMax);
    const blobs = [blob("rows", "json", data)];
    const answer = await both((service) => service.post(objects, { blobs }));
    expect(looked).toBe(before + 1);
    expect(answer).toMatchObject({
      status: 200,
      body: { blobs: [{ details: { hash: hashOf(JSON.stringify(data)) } }] },
    });
  });

  test("small ones beside large ones stay where they were sent", async () => {
    const blobs = [video, blob("note", "text", "short"), blob("flags", "json", { a: true })];
    const answer = await both((service) => service.post(objects, { blobs }));
    expect(answer).toMatchObject({ status: 200, body: { blobs: [{}, { value: "short" }, {}] } });
  });

  test("of many objects at once, each by itself", async () => {
    const wrong = blob("video", "video", { base64: `${"A".repeat(40_001)}` });
    const json = { objects: [{ n: 1, blobs: [video] }, { blobs: [wrong] }, { n: 3 }] };
    const answer = await both((service) => service.post(`${objects}/batch`, json));
    expect(answer).toMatchObject({
      status: 200,
      body: {
        succeeded: [{ n: 1, blobs: [{ details: { hash: hashOf(bytes) } }] }, { n: 3 }],
        failed: [{ object_index: 1, error: expect.stringContaining("body.blobs.0.data") }],
      },
    });
  });

  test("and are made again under an Idempotency-Key by nobody", async () => {
    const keyed = { headers: { "Idempotency-Key": "large-1" } };
    const first = await both((service) => service.post(objects, { blobs: [video] }, keyed));
    const second = await both((service) => service.post(objects, { blobs: [video] }, keyed));
    expect(second.headers.get("Idempotency-Replayed")).toBe("true");
    expect(second.text).toBe(first.text);
    const other = { blobs: [{ ...video, property: "other" }] };
    const reused = await both((service) => service.post(objects, other, keyed));
    expect(reused.status).toBe(422);
  });
});

describe("what does not fit is refused", () => {
  const padding = " ".repeat(limits.jsonBodyBytesMax);

  test.each([
    ["no JSON", `${padding}{"a": }`, 400, "BAD_REQUEST"],
    ["a key twice", `${padding}{"a": 1, "a": 2}`, 400, "BAD_REQUEST"],
    ["no object", `${padding}[1]`, 422, "VALIDATION_FAILED"],
    ["a blob without a property", { blobs: [{ ...video, property: 5 }] }, 422, "VALIDATION_FAILED"],
    ["data that is no base64", { blobs: [{ ...video, data: text }] }, 422, "VALIDATION_FAILED"],
    ["large without blobs", { a: text }, 413, "PAYLOAD_TOO_LARGE"],
    ["large beside them", { blobs: [video], a: text }, 413, "PAYLOAD_TOO_LARGE"],
  ])("%s", async (_, sent, status, code) => {
    const sending = typeof sent === "string" ? { text: sent } : { json: sent };
    const answer = await both((service) => service.send("POST", objects, sending));
    expect(answer).toMatchObject({ status, body: { error: { code } } });
  });

  test.each([
    ["in an object", { list: numbers(limits.valuesMax) }, objects],
    ["beside blobs", { list: numbers(limits.valuesMax), blobs: [few] }, objects],
    ["in one of many", { objects: [{}, { list: numbers(limits.valuesMax) }] }, `${objects}/batch`],
    [
      "in a bucket",
      { bucket_name: "many", metadata: { list: numbers(limits.valuesMax) } },
      buckets,
    ],
  ])("very many values %s", async (_, json, path) => {
    const answer = await both((service) => service.post(path, json));
    expect(answer).toMatchObject({
      status: 422,
      body: { error: { details: { validation_errors: [{ type: "too_many_values" }] } } },
    });
  });

  test("very many values that a document has only with what was there before", async () => {
    const list = numbers(limits.valuesMax - 1_000);
    const answer = await both(async (service) => {
      const made = await service.post(objects, { metadata: { list } });
      expect(made.status).toBe(200);
      const { object_id: id } = Made.parse(made.body);
      const refused = await service.merge(`${objects}/${id}`, { metadata: { more: list } });
      expect((await service.get(`${objects}/${id}`)).headers.get("X-Version")).toBe("1");
      return refused;
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { error: { details: { validation_errors: [{ type: "too_many_values" }] } } },
    });
  });

  test("many objects that are large together, with the limit", async () => {
    const one = { a: text.slice(0, 500_000) };
    const json = { objects: Array.from({ length: 10 }, () => one) };
    const answer = await both((service) => service.post(`${objects}/batch`, json));
    expect(answer).toMatchObject({
      status: 413,
      body: { error: { details: { limit_bytes: limits.transactionBytesMax } } },
    });
  });

  test("beyond 1 MiB where no contents of blobs can be", async () => {
    const answer = await both(async (service) => {
      const { object } = await service.store.namespace().objects("films").create({ n: 1 });
      return await service.post(`${objects}/${object.object_id}/revert`, { to: 1, padding: text });
    });
    expect(answer.status).toBe(413);
  });
});

test("a thread that ends takes no other with it: whoever waited is told to come back", async () => {
  const ending = new BodyThread();
  const body = { mediaType: "application/json", content: "object" } as const;
  const waiting = ending.find({ ...body, bytes: Buffer.from(JSON.stringify({ blobs: [video] })) });
  const refused = expect(waiting).rejects.toMatchObject({ code: "OVERLOADED" });
  await ending.close();
  await refused;
  await expect(ending.find({ ...body, bytes: Buffer.from("{}") })).rejects.toMatchObject({
    code: "OVERLOADED",
  });
});

test("what is found is the same as here, to the byte", async () => {
  const sent = { n: 1, blobs: [video, blob("rows", "json", rows)] };
  const body = {
    mediaType: "application/json",
    content: "object",
    bytes: Buffer.from(JSON.stringify(sent)),
  } as const;
  const plain = ({ rest, contents }: ReturnType<typeof findInBody>) => ({
    rest,
    contents: [...contents].map(([place, content]) => [
      place,
      "bytes" in content ? hashOf(content.bytes) : content.error,
    ]),
  });
  expect(plain(await thread.find(body))).toEqual(plain(findInBody(body)));
});
