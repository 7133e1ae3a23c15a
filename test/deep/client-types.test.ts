/** Goal: a browser's project compiles with the client, without Node's types and with nothing skipped. */
import { expect, test } from "vitest";
import { compile } from "../support/compile.js";

test("what is written for browsers compiles with bucketlog/client, and what is wrong does not", async () => {
  const source = `
    import { connectBuckets, isBucketsError, type ObjectResponse } from "bucketlog/client";
    const store = connectBuckets({ baseUrl: "https://buckets.example", token: "secret" });
    export async function readFirst(): Promise<Uint8Array[]> {
      const objects = store.namespace().objects("clips");
      const { object } = await objects.create({ title: "a" }, { reason: "new" });
      const made: ObjectResponse = object;
      const blob = await objects.blob(made.object_id, made.blobs[0]?.blob_id ?? "");
      const chunks: Uint8Array[] = [];
      for await (const chunk of await blob.read({ start: 0, end: 9 })) chunks.push(chunk);
      return chunks;
    }
    // @ts-expect-error: a name is no number.
    export const wrong = store.namespace(5);
    export const isOurs = (error: unknown): boolean => isBucketsError(error);
  `;
  const lib = ["es2022", "dom", "dom.iterable"];
  expect(await compile({ source, lib, types: [] })).toEqual([]);
});
