/**
 * Schemas that describe a field which every object has itself, and texts that another engine could
 * not hold: refused or named alike, whichever way they come.
 */
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/domain/json.js";
import { undescribable } from "../../src/domain/object/own-fields.js";
import { openBuckets } from "../../src/index.js";

const optional = { type: "string" };
const required = { type: "string", required: true };
const schemaOf = (properties: JsonObject): JsonObject => ({ properties });
const bucket = (properties: JsonObject, fields: JsonObject = {}) => ({
  bucket_name: "b",
  bucket_schema: schemaOf({ title: optional, ...properties }),
  ...fields,
});
const invalid = (...location: (string | number)[]) => ({
  code: "VALIDATION_FAILED",
  details: { validation_errors: [{ location: ["body", ...location] }] },
});

async function withBuckets(
  use: (namespace: ReturnType<Awaited<ReturnType<typeof openBuckets>>["namespace"]>) => unknown,
) {
  await using store = await openBuckets<unknown>({ file: ":memory:" });
  await use(store.namespace());
}

test("the names that an object has itself are those of the hosted API, and ours", () => {
  const hosted =
    "bucket_id object_id key_prefix blobs source_details status error created_at updated_at";
  const asked = "skip_duplicates canonicalize_source force_remirror";
  expect([...undescribable].sort()).toEqual(`${hosted} ${asked}`.split(" ").sort());
});

describe.each(undescribable)("a schema that describes %s", (name) => {
  const at = ["bucket_schema", "properties", name] as const;
  const dotted = at.join(".");
  const pointer = `/${at.join("/")}`;

  test("is refused where it requires it, or has it in the unique key", () =>
    withBuckets(async (namespace) => {
      const { buckets } = namespace;
      const refused = invalid(...at);
      await expect(buckets.create(bucket({ [name]: required }))).rejects.toMatchObject(refused);
      const unique_key = { fields: [name] };
      await expect(
        buckets.create(bucket({ [name]: optional }, { unique_key })),
      ).rejects.toMatchObject(invalid("unique_key", "fields"));
      await buckets.create(bucket({}));
      const patch = { bucket_schema: schemaOf({ [name]: required }) };
      const merge = { mediaType: "application/merge-patch+json" } as const;
      const json = { mediaType: "application/json-patch+json" } as const;
      const operations = [{ op: "add", path: pointer, value: required }];
      await expect(buckets.patch("b", patch)).rejects.toMatchObject(refused);
      await expect(buckets.patch("b", patch, merge)).rejects.toMatchObject(refused);
      await expect(buckets.patch("b", operations, json)).rejects.toMatchObject(refused);
      await expect(
        namespace.transaction([{ type: "patch", bucket: "b", patch }]),
      ).rejects.toMatchObject({
        code: "VALIDATION_FAILED",
      });
    }));

  test("is taken where it may be left out, and the field is named as ignored", () =>
    withBuckets(async (namespace) => {
      const { buckets } = namespace;
      const properties = { [name]: optional };
      const ignored = { ignoredFields: [dotted] };
      expect(await buckets.create(bucket(properties))).toMatchObject(ignored);
      await buckets.patch("b", { bucket_schema: schemaOf({ title: optional }) });
      expect(await buckets.revert("b", { to: 1 })).toMatchObject(ignored);
      const patch = { bucket_schema: schemaOf(properties) };
      expect(await buckets.patch("b", patch)).toMatchObject(ignored);
      const merge = { mediaType: "application/merge-patch+json" } as const;
      expect(await buckets.patch("b", patch, merge)).toMatchObject(ignored);
      const json = { mediaType: "application/json-patch+json" } as const;
      for (const [path, value] of [
        ["/bucket_schema", schemaOf(properties)],
        ["/bucket_schema/properties", properties],
        [pointer, optional],
        [`${pointer}/description`, "ignored"],
      ] as const) {
        const operations = [{ op: "add", path, value }];
        expect(await buckets.patch("b", operations, json), path).toMatchObject(ignored);
      }
      const operations = [{ op: "remove", path: pointer }];
      expect((await buckets.patch("b", operations, json)).ignoredFields).toEqual([]);
      for (const op of ["copy", "move"]) {
        const schema = schemaOf({ title: optional, ...properties });
        await buckets.patch("b", { metadata: { schema }, bucket_schema: schemaOf({}) });
        const whole = [{ op, from: "/metadata/schema", path: "/bucket_schema" }];
        expect(await buckets.patch("b", whole, json), op).toMatchObject(ignored);
      }
      const { results } = await namespace.transaction([{ type: "patch", bucket: "b", patch }]);
      expect(results).toMatchObject([ignored]);
      await expect(buckets.patch("b", patch, { strict: true })).rejects.toMatchObject(
        invalid(...at),
      );
    }));
});

describe.each(["\u0000", "a\u0000b", "a\nb", "\u007f", "a\u0085"])(
  "control characters, %j,",
  (text) => {
    test("are in no unique value, of the fields or the metadata", () =>
      withBuckets(async (namespace) => {
        const { buckets } = namespace;
        const unique_key = { fields: ["title"], default_policy: "upsert" };
        await buckets.create(bucket({}, { unique_key }));
        const refused = invalid("title");
        const b = namespace.objects("b");
        for (const body of [{ title: text }, { metadata: { title: text } }]) {
          await expect(b.create(body)).rejects.toMatchObject(refused);
          const { failed } = await b.createMany([body]);
          expect(failed).toMatchObject([{ error: refused }]);
        }
        const { object } = await b.create({ title: "a", metadata: { note: text } });
        const id = object.object_id;
        await expect(b.put(id, { title: text })).rejects.toMatchObject(refused);
        await expect(b.patch(id, { title: text })).rejects.toMatchObject(refused);
        expect((await b.get(id)).object.metadata).toEqual({ note: text });
      }));

    test("are in no name: of a bucket, connection, worker, file or key", () =>
      withBuckets(async (namespace) => {
        const { buckets, connections } = namespace;
        const named = { ...bucket({}), bucket_name: text };
        await expect(buckets.create(named)).rejects.toMatchObject(invalid("bucket_name"));
        await buckets.create(bucket({ clip: { type: "video" } }));
        await expect(connections.create({ name: text })).rejects.toMatchObject(invalid("name"));
        await expect(connections.create({ name: "a", provider_type: text })).rejects.toMatchObject(
          invalid("provider_type"),
        );
        const worker = { worker: text, lease_seconds: 60 };
        await expect(namespace.claimBatch(worker)).rejects.toMatchObject(invalid("worker"));
        const file = { filename: text, content_type: "video/mp4", blob_property: "clip" };
        await expect(namespace.uploads("b").create(file)).rejects.toMatchObject(
          invalid("filename"),
        );
        for (const member of ["filename", "mime_type"]) {
          const data = { base64: "MDEyMw==", [member]: text };
          const blobs = [{ property: "clip", type: "video", data }];
          await expect(namespace.objects("b").create({ blobs })).rejects.toMatchObject({
            code: "VALIDATION_FAILED",
          });
        }
        await expect(
          namespace.objects("b").create({}, { idempotencyKey: text }),
        ).rejects.toMatchObject({
          code: "BAD_REQUEST",
        });
        await expect(namespace.objects("b").create({ key_prefix: text })).rejects.toMatchObject(
          invalid("key_prefix"),
        );
      }));
  },
);
