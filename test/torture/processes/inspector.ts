/**
 * Opens stores that had something happen to them, one after the other: does it open, what does it
 * answer, does it verify, does it take a write? In a process of its own, which may die of what it
 * opens.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { EmbeddedStore, Namespace } from "../../../src/index.js";
import type { Answers, Inspection, Look } from "../inspect.js";

const [, , dist] = process.argv;
const { openBuckets }: typeof import("../../../src/index.js") = await import(`${dist}/index.js`);

const Failed = z.object({ code: z.string(), message: z.string() });
const Blob = z.object({ blob_id: z.string(), details: z.object({ hash: z.string().optional() }) });
const Stored = z.object({ object_id: z.string(), blobs: z.array(Blob) });
const pageSize = 1_000;

async function inspect(look: Look): Promise<Inspection> {
  try {
    await using store = await openBuckets({ file: look.file });
    return await inspectOpen(store, look);
  } catch (error) {
    const failed = Failed.safeParse(error).data;
    if (failed !== undefined) return { state: "refused", code: failed.code, says: failed.message };
    return { state: "broken", says: error instanceof Error ? `${error.stack}` : String(error) };
  }
}

async function inspectOpen(store: EmbeddedStore, { probe, asks }: Look): Promise<Inspection> {
  const answers = asks === true ? await askAll(store.namespace("default")) : {};
  const report = await store.verify({ blobs: "content" });
  if (!report.ok) return { state: "damaged", says: JSON.stringify(report), answers };
  if (probe !== undefined) {
    const { buckets } = store.namespace("default", { requestId: probe });
    await buckets.create({ bucket_name: probe, bucket_schema: { properties: {} } });
    await buckets.get(probe);
  }
  return { state: "good", events: report.events, answers };
}

/** What a store says about everything that is in it: a digest, or the code of an error. */
async function askAll(namespace: Namespace): Promise<Answers> {
  const answers: Record<string, string> = {};
  const ask = async <T>(question: string, answer: () => Promise<T>): Promise<T | undefined> => {
    try {
      const found = await answer();
      answers[question] = sha256(JSON.stringify(found));
      return found;
    } catch (error) {
      const failed = Failed.safeParse(error).data;
      answers[question] = failed === undefined ? `broken: ${error}` : `error: ${failed.code}`;
      return undefined;
    }
  };
  const { buckets, audit, tasks } = namespace;
  const list = await ask("buckets", async () => (await buckets.list({ limit: pageSize })).results);
  await ask("audit", () => audit.list({ limit: pageSize }));
  await ask("tasks", async () => (await tasks.list({ limit: pageSize })).results);
  for (const { bucket_id: id } of list ?? []) {
    if (id === undefined) continue;
    await ask(`${id}`, async () => (await buckets.get(id)).bucket);
    await ask(`${id} first`, async () => (await buckets.get(id, { asOf: "1" })).bucket);
    await ask(`${id} history`, async () => (await buckets.history(id)).results);
    await ask(`${id} blame`, () => buckets.blame(id));
    const objects = namespace.objects(id);
    const found = await ask(`${id} objects`, async () => (await objects.list()).results);
    for (const object of found ?? []) {
      const { object_id: objectId, blobs } = Stored.parse(object);
      for (const blob of blobs) {
        if (blob.details.hash === undefined) continue;
        await ask(`blob ${blob.blob_id}`, async () => {
          const { read } = await objects.blob(objectId, blob.blob_id);
          const digest = createHash("sha256");
          for await (const part of await read()) digest.update(part);
          return digest.digest("hex");
        });
      }
    }
  }
  return answers;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

process.on("message", async (look: Look) => {
  process.send?.(await inspect(look));
});
process.send?.("ready");
