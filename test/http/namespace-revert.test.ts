/** Putting a namespace back by request: who may, what is refused, and that a dry run shows it. */
import { expect, test } from "vitest";
import { connectBuckets } from "../../src/index.js";
import { expectRefusal, makeBucket, serveTest, tokens } from "../support/server.js";

const path = "/v1/admin/namespaces/films/revert";

test("it is for admins of that namespace, needs a moment, and stops at what is refused", async () => {
  const service = await serveTest();
  const within = { namespace: "films" };
  const bucket = await makeBucket(service, { bucket_name: "one", description: "then" }, within);
  const { position } = await service.store.head();
  const json = { as_of: `@${position}` };
  const asked = await service.post(path, json, { token: "delete" });
  expectRefusal(asked, 403, "ForbiddenError");
  const { token } = await service.store.tokens.create({
    name: "other",
    permission: "admin",
    namespaces: ["other"],
  });
  await using other = connectBuckets({ baseUrl: service.url, token });
  await expect(other.namespace("films").revert({ asOf: "@1" })).rejects.toMatchObject({
    code: "FORBIDDEN",
  });
  expectRefusal(await service.post(path, {}), 422, "ValidationError");
  expectRefusal(await service.post(path, { as_of: "2" }), 400, "BadRequestError");
  expectRefusal(await service.post(path, { as_of: "@999" }), 404, "NotFoundError");
  expectRefusal(await service.post(path, { ...json, if_position: "1" }), 422, "ValidationError");
  await service.patch(bucket, { description: "now" }, within);
  await service.post(`${bucket}/lock`, undefined, within);
  expectRefusal(await service.post(path, json), 423, "BucketLockedError");
  await service.post(`${bucket}/unlock`, undefined, within);
  await service.patch(bucket, { bucket_name: "two" }, within);
  await makeBucket(service, { bucket_name: "one" }, within);
  const done = await service.post(path, json);
  expect(done.body).toMatchObject({ changed: 1, deleted: 1, dry_run: false });
  expect((await service.get(bucket, within)).body).toMatchObject({
    bucket_name: "one",
    description: "then",
  });
});

test("the client does the same, in the name of who asks", async () => {
  const service = await serveTest();
  await using store = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  const films = store.namespace("films", { actor: "ana" });
  await films.buckets.create({ bucket_name: "one", bucket_schema: { properties: {} } });
  const { position } = await store.head();
  await films.buckets.patch("one", { description: "now" });
  const asOf = `@${position}`;
  expect(await films.revert({ asOf, dryRun: true })).toMatchObject({ changed: 1, dry_run: true });
  expect(await films.revert({ asOf })).toMatchObject({ changed: 1, dry_run: false });
  const { results } = await films.buckets.history("one", { order: "desc", limit: 1 });
  expect(results[0]).toMatchObject({ actor: "ana", type: "bucket.reverted" });
});
