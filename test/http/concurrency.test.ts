/**
 * Goal: writers at the same time neither lose an update nor break the order. Method: fifty requests
 * on fifty connections at once, against a file with full durability.
 */
import { describe, expect, it } from "vitest";
import { at, eventsOf, header, makeBucket, serveTest } from "../support/server.js";

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
