/**
 * Goal: writers at the same time neither lose an update nor break the order, and one unique key is
 * one object. Method: fifty requests (64 for a key) on as many connections at once, against a file
 * with full durability.
 */
import { describe, expect, it } from "vitest";
import { at, eventsOf, header, makeBucket, serveTest, textAt } from "../support/server.js";

const writers = 50;

function fromEach<T>(send: (writer: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: writers }, (_, writer) => send(writer)));
}

describe("Fifty writers at once", () => {
  it("with the same If-Match: one gets through, the others learn what they missed", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const tag = header(await service.get(path), "ETag");
    const answers = await fromEach((writer) =>
      service.patch(path, { description: `by ${writer}` }, { headers: { "If-Match": tag } }),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: writers - 1 }, () => 412)]);
    for (const refused of answers.filter(({ status }) => status === 412)) {
      expect(at(refused, "error", "details")).toMatchObject({
        current_version: 2,
        missed: [{ version: 2, actor: "admin", paths: ["/description"] }],
      });
    }
    expect(await eventsOf(service, path)).toHaveLength(2);
  });

  it("with merge patches of different keys: all get through, and every key is there", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const answers = await fromEach((writer) =>
      service.merge(path, { metadata: { [`key ${writer}`]: writer } }),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const versions = answers.map((answer) => Number(header(answer, "X-Version")));
    expect(versions.sort((a, b) => a - b)).toEqual(answers.map((_, index) => index + 2));
    const metadata = at(await service.get(path), "metadata");
    expect(metadata).toEqual(
      Object.fromEntries(answers.map((_, writer) => [`key ${writer}`, writer])),
    );
    const history = await eventsOf(service, path);
    expect(history.map((entry) => Object(entry).position)).toEqual(
      history.map((_, index) => index + 1),
    );
  });

  it("creating one name: one gets it, the others a 409", async () => {
    const service = await serveTest();
    const answers = await fromEach(() =>
      service.post("/v1/buckets", { bucket_name: "one", bucket_schema: { properties: {} } }),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: writers - 1 }, () => 409)]);
    expect((await service.store.head()).position).toBe(1);
  });
});

describe("Sixty-four creations of one unique key", () => {
  async function createAtOnce(policy: "insert" | "upsert") {
    const service = await serveTest();
    const bucket = await makeBucket(service, {
      bucket_name: "clips",
      bucket_schema: { properties: { title: { type: "string" }, n: { type: "integer" } } },
      unique_key: { fields: ["title"] },
    });
    const create = (n: number) =>
      service.post(`${bucket}/objects?policy=${policy}`, { title: "a", n });
    const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => create(n)));
    return { service, bucket, answers };
  }

  it("by insert: one is accepted, and 63 learn that it is there", async () => {
    const { service, bucket, answers } = await createAtOnce("insert");
    const made = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status !== 200);
    expect([made.length, refused.length]).toEqual([1, 63]);
    for (const answer of refused) {
      expect([answer.status, at(answer, "error", "code")]).toEqual([409, "ALREADY_EXISTS"]);
    }
    const list = await service.post(`${bucket}/objects/list`, {});
    expect(at(list, "stats", "total_objects")).toBe(1);
    expect((await service.store.head()).position).toBe(2);
  });

  it("by upsert: all are accepted, as the 64 versions of one object", async () => {
    const { service, bucket, answers } = await createAtOnce("upsert");
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((answer) => textAt(answer, "object_id"))).size).toBe(1);
    const versions = answers.map((answer) => Number(header(answer, "X-Version")));
    expect(versions.sort((a, b) => a - b)).toEqual(answers.map((_, index) => index + 1));
    const list = await service.post(`${bucket}/objects/list`, {});
    expect(at(list, "stats", "total_objects")).toBe(1);
  });
});
