/**
 * The echo: what a Koa server can do that checks the token, reads, parses and validates the patch,
 * and answers a bucket of the usual size with the usual headers, without any store behind it. It is
 * written down here, uses nothing of the service, and never changes: every figure is held against it.
 *
 * With `transaction` each request also writes the bare rows of a patch, durably, in a transaction of
 * its own: what somebody gets who does not share commits.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import Router from "@koa/router";
import Koa from "koa";
import { z } from "zod";
import { bucketOf, mediaType } from "../workload.js";
import { BareRows } from "./bare-rows.js";
import { sayReady } from "./ready.js";

const [token = "", file] = process.argv.slice(2);
const rows = file === undefined ? undefined : new BareRows(file);
const digestOf = (secret: string) => createHash("sha256").update(secret).digest("hex");
const tokens = new Map([[digestOf(token), "admin"]]);
const utf8 = new TextDecoder("utf-8", { fatal: true });

const PatchRequest = z.object({
  bucket_name: z
    .string()
    .transform((name) => name.normalize("NFC"))
    .pipe(z.string().min(1).max(255))
    .nullish(),
  description: z.string().nullish(),
  metadata: z
    .custom<Record<string, unknown>>((value) => typeof value === "object" && value !== null)
    .superRefine((value, context) => {
      for (const key of Object.keys(value)) {
        if (key.length > 1_024) context.addIssue({ code: "custom", path: [key] });
      }
    })
    .nullish(),
  bucket_schema: z.object({ properties: z.record(z.string(), z.unknown()) }).nullish(),
  storage_class: z.enum(["standard", "nearline", "coldline", "archive"]).nullish(),
  source_adapter: z.object({ enabled: z.boolean() }).nullish(),
  unique_key: z.object({ fields: z.array(z.string()) }).nullish(),
});

const bucket = {
  bucket_id: "bkt_01m8hykx28y9tsyaz7gy4r7qn5",
  ...bucketOf(1),
  object_count: 0,
  total_size_bytes: 0,
  status: "ACTIVE",
  is_locked: false,
  created_at: "2026-10-01T12:00:00.000Z",
  updated_at: "2026-10-01T12:00:00.000Z",
};

const router = new Router();
const path = "/v1/buckets/:bucket_identifier";
router.patch(path, async (context) => {
  if (!tokens.has(digestOf(context.get("Authorization").slice("Bearer ".length)))) {
    context.throw(401);
  }
  if (context.get("Content-Type") !== mediaType) context.throw(415);
  const patch = PatchRequest.parse(JSON.parse(utf8.decode(await readBytes(context.req))));
  rows?.patch(1);
  context.set("ETag", '"2.0"');
  context.body = { ...bucket, ...patch };
});
router.get(path, (context) => {
  if (!tokens.has(digestOf(context.get("Authorization").slice("Bearer ".length)))) {
    context.throw(401);
  }
  context.set("ETag", '"2.0"');
  context.body = bucket;
});
sayReady(createServer(new Koa().use(router.routes()).callback()));

async function readBytes(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
