/**
 * A store that was written before the shapes of the hosted API were taken over, with every kind of
 * resource in it, and what its server then answered about each position of its log. What was
 * recorded is the same for ever; what is answered about it may say more, and no less.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../../src/domain/json.js";
import { jsonObject } from "../../src/domain/schemas.js";
import { serveTest, temporaryFile } from "../support/server.js";

/** Of this file alone: it seals two secrets that were made up. */
const secretKey = "6d2977cf60909f0c778873c9cb6cdeef82be3b41b7b12cf468ff7601808ee1b0";
const blob = {
  hash: "1be2e452b46d7a0d9656bbb1f768e8248eba1b75baed65f5d99eafa948899a6a",
  text: "0123",
};

const Before = z.object({
  head: z.object({ position: z.number(), hash: z.string() }),
  as_of: z.record(z.string(), jsonObject),
  feed: z.object({ results: z.array(jsonObject) }),
});

function unpacked(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(name, import.meta.url)));
}

const before = Before.parse(JSON.parse(unpacked("before.answers.json.gz").toString()));

/** An average of bytes was told with its fraction, and is an integer now. */
function withoutFractions(answered: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(answered), (key, value) =>
    key === "avg_size_bytes" ? Math.floor(value) : value,
  );
}

/** Served from a copy, which is brought up to date as the file of a user would be. */
async function serveBefore() {
  const { file, remove } = temporaryFile();
  onTestFinished(remove);
  writeFileSync(file, unpacked("before.db.gz"));
  writeFileSync(`${file}.key`, secretKey, { mode: 0o600 });
  const stored = join(`${file}.blobs`, blob.hash.slice(0, 2), blob.hash);
  mkdirSync(dirname(stored), { recursive: true, mode: 0o700 });
  writeFileSync(stored, blob.text);
  return await serveTest({ file });
}

test("what was recorded before verifies, and its view is rebuilt without a difference", async () => {
  const { store } = await serveBefore();
  expect(await store.head()).toMatchObject(before.head);
  expect(await store.verify()).toMatchObject({ ok: true, events: before.head.position });
  expect(await store.replay()).toMatchObject({ matches_view: true });
  expect(await store.rebuild()).toMatchObject({ differences: 0 });
});

test("what was answered about the past is answered still", async () => {
  const service = await serveBefore();
  const asked = Object.entries(before.as_of);
  expect(asked.length).toBeGreaterThan(40);
  for (const [path, answered] of asked) {
    const { status, text } = await service.get(path);
    expect(status, path).toBe(200);
    const now = JSON.parse(text.replaceAll(service.url, ""));
    expect(now, path).toMatchObject(withoutFractions(answered));
  }
});

test("the events are told as they were, with every kind among them", async () => {
  const service = await serveBefore();
  const { body } = await service.get("/v1/events?limit=1000");
  expect(body).toMatchObject({ results: before.feed.results });
  const kinds = before.feed.results.map(({ type }) => String(type).split(".")[0]);
  expect([...new Set(kinds)].sort()).toEqual(
    ["batch", "bucket", "connection", "delivery", "object", "upload"].sort(),
  );
});
