/**
 * The key of the secrets: it is put in the place of another at once or not at all, whenever the
 * process ends, and what is wrong with it is said.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
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
  await using store = await openBuckets({ file, ...(secretKey && { secretKey }) });
  const { bucket } = await store.namespace().buckets.create({
    bucket_name: "clips",
    bucket_schema: { properties: {} },
    source_adapter: { adapter_type: "generic_webhook", webhook_secret: secret },
  });
  return { file, bucketId: bucket.bucket_id };
}

/** Whether the adapter still verifies with its secret. */
async function verifies(file: string, bucketId: string, secretKey?: string): Promise<boolean> {
  await using store = await openBuckets({ file, ...(secretKey && { secretKey }) });
  return (await store.ingest(bucketId, { headers, body })).status === "accepted";
}

describe("another key", () => {
  test("is refused while somebody writes to the file", async () => {
    const { file } = await makeStore();
    await using _store = await openBuckets({ file });
    await expect(rotateSecretKey({ file })).rejects.toMatchObject({ code: "LOCKED" });
  });

  test("is refused with a key that opens nothing, and nothing has changed", async () => {
    const { file, bucketId } = await makeStore(keyA);
    const rotation = rotateSecretKey({ file, secretKey: keyB, newSecretKey: keyA });
    await expect(rotation).rejects.toMatchObject({ code: "SECRET_KEY_INVALID" });
    expect(await checkSecretKey({ file, secretKey: keyB })).toEqual({ stored: 1, opened: 0 });
    expect(await checkSecretKey({ file, secretKey: keyA })).toEqual({ stored: 1, opened: 1 });
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
    expect(await checkSecretKey({ file, secretKey: keyA })).toEqual({ stored: 1, opened: 0 });
    expect(await verifies(file, bucketId, keyB)).toBe(true);
  });
});

describe("a rotation that was cut short", () => {
  test("before it committed leaves the old key", async () => {
    const { file, bucketId } = await makeStore();
    const other = await makeStore();
    copyFileSync(`${other.file}.key`, `${file}.key.next`);
    expect(await checkSecretKey({ file })).toEqual({ stored: 1, opened: 1 });
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
    expect(await checkSecretKey({ file })).toEqual({ stored: 1, opened: 1 });
    expect(await verifies(file, bucketId)).toBe(true);
    expect(existsSync(`${file}.key.next`)).toBe(false);
    expect(await verifies(file, bucketId)).toBe(true);
  });
});
