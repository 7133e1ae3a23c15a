/**
 * One server in a process of its own: `store` is the whole service on a file, `stub` the whole
 * HTTP handler with the store left out, `echo` a Koa app that only checks the token, parses,
 * validates and answers a body of the same size. No server writes a request log.
 */
import { createServer, type RequestListener } from "node:http";
import Router from "@koa/router";
import Koa from "koa";
import pino from "pino";
import type { BucketWritten, EmbeddedStore } from "../../src/index.js";
import { createApp, openBuckets, PatchBucketRequest, readJsonBody } from "./built.js";
import { mediaType, patchOf, seed } from "./workload.js";

const [kind, file = ":memory:"] = process.argv.slice(2);
const secret = "bkl_a-token-for-the-benchmark";
const store = await openBuckets({ file });
const buckets = await seed(store);
store.tokens.accept(secret, "bench", "write");
const sample = await store.namespace().buckets.patch(buckets[0] ?? "", patchOf(1), { mediaType });

const server = createServer(listener()).listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  process.send?.({ url: `http://127.0.0.1:${port}`, secret, buckets });
});
process.once("disconnect", () => {
  server.close(() => store.close());
  server.closeAllConnections();
});

function listener(): RequestListener {
  switch (kind) {
    case "store":
      return serve(store);
    case "stub":
      return serve(withoutStore(sample));
    default:
      return echo();
  }
}

function serve(served: EmbeddedStore): RequestListener {
  return createApp({ store: served, logger: pino({ level: "warn" }) }).callback();
}

/** The store whose writes do nothing. */
function withoutStore(written: BucketWritten): EmbeddedStore {
  const namespace = store.namespace();
  namespace.write = async () => written;
  store.namespace = () => namespace;
  return store;
}

function echo(): RequestListener {
  const router = new Router();
  router.patch("/v1/buckets/:bucket_identifier", async (context) => {
    const token = /^Bearer +(\S+)$/.exec(context.get("Authorization"))?.[1];
    if (store.tokens.authenticate(token ?? "") === undefined) context.throw(401);
    const body = await readJsonBody(context.req, [mediaType]);
    context.body = { ...sample.bucket, ...PatchBucketRequest.parse(body.json) };
  });
  return new Koa().use(router.routes()).callback();
}
