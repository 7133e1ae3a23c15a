/** A bucket that is ready to be sent is what reading it anew would answer, after whatever happens. */
import { describe, expect, test } from "vitest";
import type { CurrentBucket } from "../../src/api/index.js";
import { emptyStats } from "../../src/domain/bucket/stats.js";
import { limits } from "../../src/domain/limits.js";
import type { AppliedEvent } from "../../src/domain/resource.js";
import { openBuckets } from "../../src/index.js";
import { CurrentBuckets } from "../../src/service/buckets/current-buckets.js";
import { type Answer, serveTest, TestClock } from "../support/server.js";

const path = "/v1/buckets/clips";
const told = ["etag", "x-version", "x-position", "cache-control", "link"];

function shown({ status, headers, text }: Answer) {
  const own = text.replaceAll(/"request_id":"\w+"/g, "");
  return { status, text: own, headers: told.map((name) => headers.get(name)) };
}

test("after every write a bucket is answered as by a store that keeps nothing", async () => {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read });
  const plain = await openBuckets({ file: service.file, readOnly: true, clock: clock.read });
  try {
    const body = {
      bucket_name: "clips",
      bucket_schema: { properties: { title: { type: "string" } } },
    };
    const made = await service.post("/v1/buckets", body);
    const { bucket_id: id } = JSON.parse(made.text);
    const lock = { expires_at: new Date(clock.now + 1_000).toISOString() };
    const adapter = { source_adapter: { type: "webhook" } };
    const writes: (() => unknown)[] = [
      () => service.send("PATCH", path, { json: { description: "first" } }),
      () => service.post(`${path}/lock`, lock),
      () => clock.advance(2_000),
      () => service.post(`${path}/unlock`),
      () => service.post(`${path}/objects`, { title: "a" }),
      () => service.post(`${path}/archive`, undefined, { token: "admin" }),
      () => service.post(`${path}/activate`, undefined, { token: "admin" }),
      () => service.send("PATCH", path, { json: adapter }),
      () => service.send("PATCH", path, { json: { source_adapter: null } }),
      () => service.store.rebuild(),
      () => service.send("PATCH", path, { json: { bucket_name: "films" } }),
      () => service.post("/v1/buckets", body),
      () => service.send("PATCH", path, { json: { description: "another of that name" } }),
      () => service.send("DELETE", path, { token: "admin" }),
      () => service.send("DELETE", `/v1/buckets/${id}`, { token: "admin" }),
    ];
    for (const [step, write] of writes.entries()) {
      await write();
      for (const identifier of ["clips", id, "films"]) {
        const answers = [
          await service.get(`/v1/buckets/${identifier}`),
          await service.get(`/v1/buckets/${identifier}`),
        ];
        const anew = await plain
          .namespace()
          .buckets.get(identifier)
          .catch(() => undefined);
        for (const answer of answers.map(shown)) {
          expect([step, identifier, answer.status === 200]).toEqual([
            step,
            identifier,
            anew !== undefined,
          ]);
          expect(answer).toEqual(shown(answers[0] ?? made));
          if (anew === undefined) continue;
          const url = `${service.url}/v1/ingest/${anew.bucket.bucket_id}`;
          expect(answer.text.replace(url, `/v1/ingest/${anew.bucket.bucket_id}`)).toBe(
            JSON.stringify(anew.bucket),
          );
          expect(answer.headers.slice(0, 3)).toEqual([
            `"${anew.tag}"`,
            `${anew.version}`,
            `${anew.position}`,
          ]);
        }
      }
    }
  } finally {
    await plain.close();
  }
});

test("one that is ready is a 304 to who has it, and a 200 to who has another", async () => {
  const service = await serveTest();
  await service.post("/v1/buckets", { bucket_name: "clips", bucket_schema: { properties: {} } });
  const tag = (await service.get(path)).headers.get("etag") ?? "";
  expect((await service.get(path, { headers: { "If-None-Match": tag } })).status).toBe(304);
  await service.send("PATCH", path, { json: { description: "another" } });
  const now = await service.get(path, { headers: { "If-None-Match": tag } });
  expect([now.status, now.text.includes("another")]).toEqual([200, true]);
});

describe("what is known of current buckets", () => {
  const bucket = (bucketId: string, text = "{}"): CurrentBucket => ({
    bucketId,
    text,
    version: 1,
    position: 1,
    tag: "1.0",
  });

  function known(knowsChanges = true) {
    let tell: (applied: readonly AppliedEvent[] | undefined) => void = () => {};
    let reads = 0;
    const current = new CurrentBuckets({
      events: {
        knowsChanges: () => knowsChanges,
        onChange: (told) => {
          tell = told;
        },
      },
      view: {
        stats: async () => {
          reads += 1;
          return emptyStats;
        },
      },
    });
    let made = 0;
    const get = async (name: string, text?: string, isLasting = true) => {
      await current.get("default", name, async () => {
        made += 1;
        return { current: bucket(name, text), isLasting };
      });
      return made;
    };
    return { current, get, tellAll: () => tell(undefined), reads: () => reads };
  }

  test("is made once, until something may have changed", async () => {
    const { get, tellAll } = known();
    expect([await get("a"), await get("a"), await get("b"), await get("a")]).toEqual([1, 1, 2, 2]);
    tellAll();
    expect([await get("a"), await get("a")]).toEqual([3, 3]);
  });

  test("is never kept where others may write, nor what time alone changes", async () => {
    const { get } = known(false);
    expect([await get("a"), await get("a")]).toEqual([1, 2]);
    const other = known();
    expect([await other.get("a", "{}", false), await other.get("a")]).toEqual([1, 2]);
  });

  test("is not kept when it was read before a change and made after it", async () => {
    const { current, get, tellAll } = known();
    await current.get("default", "a", async () => {
      tellAll();
      return { current: bucket("a"), isLasting: true };
    });
    expect(await get("a")).toBe(1);
  });

  test("makes room for the newest within its bytes", async () => {
    const { get } = known();
    const large = "x".repeat(limits.readyBucketsBytesMax / 5);
    await get("a", large);
    await get("b", large);
    expect(await get("b", large)).toBe(2);
    await get("c", large);
    expect(await get("c", large)).toBe(3);
    expect(await get("a", large)).toBe(4);
  });

  test("counts a bucket once, until something may have changed", async () => {
    const { current, reads, tellAll } = known();
    expect(await current.statsAt("a", 5)).toEqual(emptyStats);
    await current.statsAt("a", 6);
    expect(reads()).toBe(1);
    tellAll();
    await current.statsAt("a", 7);
    expect(reads()).toBe(2);
  });
});
