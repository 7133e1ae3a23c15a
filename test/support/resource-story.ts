/**
 * What the story tells of objects, batches and uploads: each deed as a call of the interface and as
 * the request that it stands for. The call answers what HTTP answers as its body.
 */

import type { PastReads } from "../../src/api/index.js";
import type { BucketsError } from "../../src/domain/errors.js";
import { errorTypeOf } from "../../src/http/problem.js";
import type { Namespace, WriteOptions } from "../../src/index.js";
import type { Sending, TestClock } from "./server.js";

export interface Deed {
  readonly act: (namespace: Namespace<WriteOptions, unknown>) => Promise<unknown>;
  readonly method: string;
  readonly template: string;
  /** Of the template, in order. */
  readonly params?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly sending?: Sending;
  /** A path that an answer gave, instead of the one of the template. */
  readonly url?: string;
}

/** Does it and tells; answers the body, nothing when there is none or it was refused. */
export type Tell = (deed: Deed) => Promise<Readonly<Record<string, unknown>>>;

const bucket = "clips";
const bucketPath = "/v1/buckets/{bucket_identifier}";
const claimPath = "/v1/batches/claim";

const clips = {
  bucket_name: bucket,
  bucket_schema: {
    properties: { title: { type: "string" }, n: { type: "integer" }, clip: { type: "video" } },
  },
  unique_key: { fields: ["title"], default_policy: "upsert" },
} as const;

/** One clip by itself, then many; what was of it, and what becomes of it. */
export async function tellObjects(tell: Tell): Promise<readonly string[]> {
  const base = `${bucketPath}/objects`;
  const post = (template: string, json: object, act: Deed["act"], params: string[] = []) =>
    tell({ method: "POST", template, params: [bucket, ...params], sending: { json }, act });
  await tell({
    method: "POST",
    template: "/v1/buckets",
    sending: { json: clips },
    act: async ({ buckets }) => (await buckets.create(clips)).bucket,
  });
  const create = (json: object, policy: "insert" | "update" | "upsert") =>
    tell({
      method: "POST",
      template: base,
      params: [bucket],
      query: { policy },
      sending: { json },
      act: async (namespace) => (await namespace.objects(bucket).create(json, { policy })).object,
    });
  await create({ title: 1 }, "insert");
  await create({ title: "a" }, "update");
  const data = { base64: "MDEyMw==", mime_type: "video/mp4", filename: "a.mp4" };
  const blobs = [{ property: "clip", type: "video", data }];
  const first = String((await create({ title: "a", n: 1, blobs }, "insert"))["object_id"]);
  await create({ title: "a" }, "insert");
  await create({ title: "a", n: 2 }, "upsert");
  await create({ title: "a", n: 3 }, "update");
  const objects = [{ title: "b", n: 1 }, { title: 5 }, { title: "c" }];
  const made = await post(`${base}/batch`, { objects }, async (namespace) => {
    const { succeeded, failed } = await namespace.objects(bucket).createMany(objects);
    return manyOf(
      succeeded.map(({ object }) => object),
      failed.map(({ index, error }) => ({ object_index: index, ...refusedOf(error) })),
    );
  });
  await post(`${base}/list`, { limit: 2, select: ["title"] }, (namespace) =>
    namespace.objects(bucket).list({ limit: 2, select: ["title"] }),
  );
  const counting = {
    group_by: [{ field: "title" }],
    aggregations: [{ function: "count", alias: "n" }],
  };
  await post(`${base}/aggregate`, counting, (namespace) =>
    namespace.objects(bucket).aggregate(counting),
  );
  await post(`${base}/aggregate`, {}, (namespace) => namespace.objects(bucket).aggregate({}));
  await tellOneObject(tell, first);
  const others = Array.isArray(made["succeeded"]) ? made["succeeded"] : [];
  return [first, ...others.map((object) => String(Object(object).object_id))];
}

async function tellOneObject(tell: Tell, id: string): Promise<void> {
  const template = `${bucketPath}/objects/{object_identifier}`;
  const one = { template, params: [bucket, id] };
  const change = { n: 4 };
  await tell({
    ...one,
    method: "PUT",
    sending: { json: change },
    act: async (namespace) => (await namespace.objects(bucket).put(id, change)).object,
  });
  for (const patch of [{ n: 5 }, { n: "five" }]) {
    await tell({
      ...one,
      method: "PATCH",
      sending: { json: patch, type: "application/json" },
      act: async (namespace) => (await namespace.objects(bucket).patch(id, patch)).object,
    });
  }
  const read = async (asOf?: string) =>
    tell({
      ...one,
      method: "GET",
      ...(asOf !== undefined && { query: { as_of: asOf } }),
      act: async (namespace) => (await namespace.objects(bucket).get(id, { asOf })).object,
    });
  for (const asOf of [undefined, "1", "99"]) await read(asOf);
  await tellPast(tell, one, (namespace) => namespace.objects(bucket));
  const revert = { to: 1 };
  await tell({
    ...one,
    method: "POST",
    template: `${template}/revert`,
    sending: { json: revert },
    act: async (namespace) => (await namespace.objects(bucket).revert(id, revert)).object,
  });
  await tell({
    ...one,
    method: "DELETE",
    act: async (namespace) => {
      await namespace.objects(bucket).delete(id);
    },
  });
  await read();
  await tell({
    ...one,
    method: "POST",
    template: `${template}/restore`,
    sending: { json: {} },
    act: async (namespace) => (await namespace.objects(bucket).restore(id)).object,
  });
}

/** What led to something, and who is to blame. */
async function tellPast(
  tell: Tell,
  one: { readonly template: string; readonly params: readonly string[] },
  readsOf: (
    namespace: Namespace<WriteOptions, unknown>,
  ) => Pick<PastReads, "history" | "entry" | "diff" | "blame">,
): Promise<void> {
  const id = one.params.at(-1) ?? "";
  for (const kind of ["history", "diff", "blame"] as const) {
    await tell({
      ...one,
      method: "GET",
      template: `${one.template}/${kind}`,
      act: (namespace) => readsOf(namespace)[kind](id),
    });
  }
  for (const version of [1, 99]) {
    await tell({
      method: "GET",
      template: `${one.template}/history/{version}`,
      params: [...one.params, String(version)],
      act: (namespace) => readsOf(namespace).entry(id, version),
    });
  }
}

/** One batch is completed, one fails, one is cancelled; a worker that is too late is told so. */
export async function tellBatches(
  tell: Tell,
  clock: TestClock,
  ids: readonly string[],
): Promise<void> {
  const base = `${bucketPath}/batches`;
  const [first = "", ...others] = ids;
  const create = async (json: object) =>
    tell({
      method: "POST",
      template: base,
      params: [bucket],
      sending: { json },
      act: async (namespace) => (await namespace.batches(bucket).create(json)).batch,
    });
  const report =
    (kind: "addObjects" | "progress" | "complete" | "fail") => (id: string, json: object) =>
      tell({
        method: "POST",
        template: `${base}/{batch_id}/${kind === "addObjects" ? "objects" : kind}`,
        params: [bucket, id],
        sending: { json },
        act: async (namespace) => (await namespace.batches(bucket)[kind](id, json)).batch,
      });
  const submit = (id: string) =>
    tell({
      method: "POST",
      template: `${base}/{batch_id}/submit`,
      params: [bucket, id],
      act: async (namespace) => (await namespace.batches(bucket).submit(id)).task,
    });
  const claim = async () => {
    const json = { worker: "w", lease_seconds: 60 };
    const sending = { json };
    const act: Deed["act"] = async (namespace) => (await namespace.claimBatch(json))?.batch;
    const batch = await tell({ method: "POST", template: claimPath, sending, act });
    return String(Object(batch["lease"]).claim_id);
  };
  const get = (id: string, asOf?: string) =>
    tell({
      method: "GET",
      template: `${base}/{batch_id}`,
      params: [bucket, id],
      ...(asOf !== undefined && { query: { as_of: asOf } }),
      act: async (namespace) => (await namespace.batches(bucket).get(id, { asOf })).batch,
    });
  await create({ object_ids: ["obj_none"] });
  const batchIds: string[] = [];
  while (batchIds.length < 3) {
    batchIds.push(String((await create({ object_ids: [first] }))["batch_id"]));
  }
  const [done = "", failing = "", canceled = ""] = batchIds;
  await report("addObjects")(done, { object_ids: others });
  await claim();
  for (const id of batchIds) await submit(id);
  await submit(done);
  const lapsed = await claim();
  clock.advance(60_000);
  await get(done);
  await report("progress")(done, { claim_id: lapsed, processed_count: 1 });
  const claimed = await claim();
  await report("progress")(done, { claim_id: claimed, processed_count: 2 });
  const errors = [{ object_id: first, message: "no video" }];
  await report("complete")(done, { claim_id: claimed, errors });
  await report("fail")(failing, { claim_id: await claim(), error: "no disk" });
  await tell({
    method: "POST",
    template: `${base}/{batch_id}/cancel`,
    params: [bucket, canceled],
    act: async (namespace) => (await namespace.batches(bucket).cancel(canceled)).task,
  });
  const patch = { metadata: { run: 1 } };
  await tell({
    method: "PATCH",
    template: `${base}/{batch_id}`,
    params: [bucket, done],
    sending: { json: patch, type: "application/json" },
    act: async (namespace) => (await namespace.batches(bucket).patch(done, patch)).batch,
  });
  await get(done, "2");
  const past = { template: `${base}/{batch_id}`, params: [bucket, done] };
  await tellPast(tell, past, (namespace) => namespace.batches(bucket));
  const list = { filters: { status: "FAILED" } };
  await tell({
    method: "POST",
    template: `${base}/list`,
    params: [bucket],
    sending: { json: list },
    act: (namespace) => namespace.batches(bucket).list(list),
  });
  await tell({
    method: "DELETE",
    template: `${base}/{batch_id}`,
    params: [bucket, canceled],
    act: async (namespace) => (await namespace.batches(bucket).delete(canceled)).deletion,
  });
  await get(canceled);
  const act: Deed["act"] = ({ tasks }) => tasks.list();
  await tell({ method: "POST", template: "/v1/tasks/list", sending: { json: {} }, act });
}

/** Announced, sent to its own URL, confirmed with its object. */
export async function tellUploads(tell: Tell): Promise<void> {
  const base = `${bucketPath}/uploads`;
  const create = (json: object) =>
    tell({
      method: "POST",
      template: base,
      params: [bucket],
      sending: { json },
      act: async (namespace) => (await namespace.uploads(bucket).create(json)).upload,
    });
  await create({});
  const announced = {
    filename: "d.mp4",
    content_type: "video/mp4",
    blob_property: "clip",
    object_metadata: { title: "d" },
  };
  const upload = await create(announced);
  const id = String(upload["upload_id"]);
  const one = { template: `${base}/{upload_id}`, params: [bucket, id] };
  const confirm = () =>
    tell({
      ...one,
      method: "POST",
      template: `${base}/{upload_id}/confirm`,
      sending: { json: {} },
      act: async (namespace) => (await namespace.uploads(bucket).confirm(id, {})).upload,
    });
  await confirm();
  const bytes = Buffer.from("0123456789");
  const url = String(upload["presigned_url"] ?? "");
  await tell({
    method: "PUT",
    template: "/v1/uploads/{upload_id}",
    url: url.replace(/^https?:\/\/[^/]+/, ""),
    sending: { text: bytes, type: "video/mp4", token: "none" },
    act: (namespace) => namespace.uploads(bucket).receive(id, inOne(bytes)),
  });
  await confirm();
  await tellPast(tell, one, (namespace) => namespace.uploads(bucket));
  await tellMany(tell, "batch", { uploads: [announced, { ...announced, blob_property: "none" }] });
  const confirmations = [{ upload_id: id }, { upload_id: "upl_none" }];
  await tellMany(tell, "batch/confirm", { confirmations });
  await tell({
    method: "POST",
    template: `${base}/list`,
    params: [bucket],
    sending: { json: {} },
    act: (namespace) => namespace.uploads(bucket).list({}),
  });
  await tell({
    ...one,
    method: "DELETE",
    act: async (namespace) => {
      await namespace.uploads(bucket).delete(id);
    },
  });
  await tell({
    ...one,
    method: "GET",
    act: async (namespace) => (await namespace.uploads(bucket).get(id)).upload,
  });
}

/** Many uploads at once, each accepted or refused by itself. */
async function tellMany(tell: Tell, below: "batch" | "batch/confirm", json: object) {
  await tell({
    method: "POST",
    template: `${bucketPath}/uploads/${below}`,
    params: [bucket],
    sending: { json },
    act: async (namespace) => {
      const uploads = namespace.uploads(bucket);
      const done = await (below === "batch" ? uploads.createMany(json) : uploads.confirmMany(json));
      const made = done.succeeded.map(({ upload }) => upload);
      const many = manyOf(
        made,
        done.failed.map(({ index, error }) => ({ upload_index: index, ...refusedOf(error) })),
      );
      return below === "batch" ? { ...many, uploads: made, total: made.length } : many;
    },
  });
}

async function* inOne(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function refusedOf(error: BucketsError) {
  return { error: error.message, error_type: errorTypeOf(error.code) };
}

function manyOf(succeeded: readonly object[], failed: readonly object[]) {
  return {
    succeeded,
    failed,
    total_requested: succeeded.length + failed.length,
    succeeded_count: succeeded.length,
    failed_count: failed.length,
  };
}
