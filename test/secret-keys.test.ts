/**
 * The key of the secrets: it is put in the place of another at once or not at all, whenever the
 * process ends, and what is wrong with it is said.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openBuckets } from "../src/index.js";
import { checkSecretKey, rotateSecretKey } from "../src/secret-keys.js";
import { temporaryFile } from "./support/backends.js";

const secret = "the secret of the webhook";
const headers = { "x-mixpeek-secret": [secret] };
const body = Buffer.from("{}");
const keyA = "a1".repeat(32);
const keyB = "b2".repeat(32);

async function makeStore(secretKey?: string): Promise<{ file: string; bucketId: string }> {
  const file = temporaryFile();
  await using store = await openBuckets<unknown>({ file, ...(secretKey && { secretKey }) });
  const { bucket } = await store.namespace().buckets.create({
    bucket_name: "clips",
    bucket_schema: { properties: {} },
    source_adapter: { adapter_type: "generic_webhook", webhook_secret: secret },
  });
  return { file, bucketId: bucket.bucket_id };
}

/** Whether the adapter still verifies with its secret. */
async function verifies(file: string, bucketId: string, secretKey?: string): Promise<boolean> {
  await using store = await openBuckets<unknown>({ file, ...(secretKey && { secretKey }) });
  return (await store.ingest(bucketId, { headers, body })).status === "accepted";
}

/** What refused the opening, which must have let go of the file. */
async function refusal(file: string, secretKey?: string): Promise<unknown> {
  const options = { file, ...(secretKey && { secretKey }) };
  const refused = () => openBuckets<unknown>(options).then((store) => store.close());
  for (const open of [refused, refused]) {
    await expect(open()).rejects.not.toMatchObject({ code: "LOCKED" });
  }
  return refused().catch((error: unknown) => error);
}

describe("a store whose key is gone", () => {
  test("does not start, is told how to go on, and makes no other key", async () => {
    const { file, bucketId } = await makeStore();
    renameSync(`${file}.key`, `${file}.away`);
    expect(await refusal(file)).toMatchObject({
      code: "KEY_MISSING",
      message: expect.stringMatching(
        /holds 1 sealed.* no .*\.key: bring it back.*BUCKETLOG_SECRET_KEY.*--without-secrets/,
      ),
      details: { file, sealed: 1 },
    });
    for (const ask of [() => checkSecretKey({ file }), () => rotateSecretKey({ file })]) {
      await expect(ask()).rejects.toMatchObject({ code: "KEY_MISSING" });
    }
    expect(existsSync(`${file}.key`)).toBe(false);
    renameSync(`${file}.away`, `${file}.key`);
    expect(await verifies(file, bucketId)).toBe(true);
  });

  test("can be read without it, and nothing is made for that", async () => {
    const { file, bucketId } = await makeStore();
    rmSync(`${file}.key`);
    await using reader = await openBuckets<unknown>({ file, readOnly: true });
    expect(await reader.namespace().buckets.get(bucketId)).toMatchObject({ version: 1 });
    expect(existsSync(`${file}.key`)).toBe(false);
  });

  test("does not start with another one, whose id it names", async () => {
    const { file } = await makeStore(keyA);
    expect(await refusal(file, keyB)).toMatchObject({
      code: "SECRET_KEY_INVALID",
      message: expect.stringMatching(
        /sealed with the key with the id [0-9a-f]{16}: bring that back/,
      ),
    });
  });

  test.each(["", "garbage", "folder"])("because its file is %j is told in a line", async (what) => {
    const { file } = await makeStore();
    rmSync(`${file}.key`);
    if (what === "folder") mkdirSync(`${file}.key`);
    else writeFileSync(`${file}.key`, what);
    const refused = await refusal(file);
    expect(refused).toMatchObject({
      code: what === "folder" ? "FILE_INVALID" : "SECRET_KEY_INVALID",
      message: expect.stringMatching(/^.*\.key (is no key|cannot be read): .*$/),
    });
  });

  test("goes on without its secrets where that is asked for", async () => {
    const { file, bucketId } = await makeStore();
    renameSync(`${file}.key`, `${file}.away`);
    const missing = { code: "KEY_MISSING" };
    {
      await using store = await openBuckets<unknown>({ file, withoutSecrets: true });
      const { buckets } = store.namespace();
      await expect(store.ingest(bucketId, { headers, body })).rejects.toMatchObject(missing);
      const adapter = { adapter_type: "mux", webhook_secret: secret };
      await expect(buckets.patch("clips", { source_adapter: adapter })).rejects.toMatchObject(
        missing,
      );
      await buckets.patch("clips", { description: "meanwhile" });
    }
    expect(existsSync(`${file}.key`)).toBe(false);
    renameSync(`${file}.away`, `${file}.key`);
    expect(await verifies(file, bucketId)).toBe(true);
  });
});

describe("secrets from before keys had ids", () => {
  test("are named when the store is opened with their key", async () => {
    const { file, bucketId } = await makeStore(keyA);
    const other = new Database(file);
    other.exec("UPDATE secrets SET key_id = NULL");
    other.close();
    expect(await refusal(file, keyB)).toMatchObject({
      message: expect.stringContaining("sealed with another key"),
    });
    expect(await verifies(file, bucketId, keyA)).toBe(true);
    expect(await checkSecretKey({ file, secretKey: keyB })).toMatchObject({
      opened: 0,
      otherKeys: [expect.stringMatching(/^[0-9a-f]{16}$/)],
    });
  });
});

describe("another key", () => {
  test("is refused while somebody writes to the file", async () => {
    const { file } = await makeStore();
    await using _store = await openBuckets<unknown>({ file });
    await expect(rotateSecretKey({ file })).rejects.toMatchObject({ code: "LOCKED" });
  });

  test("is refused with a key that opens nothing, and nothing has changed", async () => {
    const { file, bucketId } = await makeStore(keyA);
    const rotation = rotateSecretKey({ file, secretKey: keyB, newSecretKey: keyA });
    await expect(rotation).rejects.toMatchObject({ code: "SECRET_KEY_INVALID" });
    expect(await checkSecretKey({ file, secretKey: keyB })).toMatchObject({ stored: 1, opened: 0 });
    expect(await checkSecretKey({ file, secretKey: keyA })).toEqual({
      stored: 1,
      opened: 1,
      otherKeys: [],
    });
    expect(await verifies(file, bucketId, keyA)).toBe(true);
  });

  test("takes the place of the key file, and opens everything", async () => {
    const { file, bucketId } = await makeStore();
    const before = readFileSync(`${file}.key`, "utf8");
    expect(await rotateSecretKey({ file })).toBe(1);
    expect(readFileSync(`${file}.key`, "utf8")).not.toBe(before);
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.key.next`)).toBe(false);
    expect(await verifies(file, bucketId)).toBe(true);
  });

  test("comes from the environment where the old one did", async () => {
    const { file, bucketId } = await makeStore(keyA);
    expect(await rotateSecretKey({ file, secretKey: keyA, newSecretKey: keyB })).toBe(1);
    expect(await checkSecretKey({ file, secretKey: keyA })).toMatchObject({ stored: 1, opened: 0 });
    expect(await verifies(file, bucketId, keyB)).toBe(true);
  });
});

describe("a rotation that was cut short", () => {
  test("before it committed leaves the old key", async () => {
    const { file, bucketId } = await makeStore();
    const other = await makeStore();
    copyFileSync(`${other.file}.key`, `${file}.key.next`);
    expect(await checkSecretKey({ file })).toEqual({ stored: 1, opened: 1, otherKeys: [] });
    expect(existsSync(`${file}.key.next`)).toBe(true);
    expect(await verifies(file, bucketId)).toBe(true);
    expect(existsSync(`${file}.key.next`)).toBe(false);
  });

  test("after it committed leaves the new key", async () => {
    const { file, bucketId } = await makeStore();
    copyFileSync(`${file}.key`, `${file}.key.old`);
    await rotateSecretKey({ file });
    renameSync(`${file}.key`, `${file}.key.next`);
    renameSync(`${file}.key.old`, `${file}.key`);
    expect(await checkSecretKey({ file })).toEqual({ stored: 1, opened: 1, otherKeys: [] });
    expect(await verifies(file, bucketId)).toBe(true);
    expect(existsSync(`${file}.key.next`)).toBe(false);
    expect(await verifies(file, bucketId)).toBe(true);
  });
});
