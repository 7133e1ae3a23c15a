/**
 * Goal: patches mean over HTTP what their RFCs say. Method: the public JSON Patch test suite and
 * the vectors of RFC 7396, each on a document at /metadata/doc of a bucket; and hostile keys through
 * every way in and out.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import { jsonValue } from "../../src/domain/schemas.js";
import { mergePatchVectors } from "../support/merge-patch-vectors.js";
import {
  at,
  bucketOf,
  eventsOf,
  leavesNoTrace,
  makeBucket,
  ndjsonOf,
  type Service,
  serve,
} from "../support/server.js";

let service: Service;
let buckets = 0;

beforeAll(async () => {
  service = await serve({ durability: "relaxed" });
});
afterAll(() => service.close());

function makeDocument(doc: JsonValue): Promise<string> {
  buckets += 1;
  return makeBucket(service, { bucket_name: `bucket ${buckets}`, metadata: { doc } });
}

const Case = z.object({
  comment: z.string().optional(),
  doc: jsonValue,
  patch: z.array(z.record(z.string(), jsonValue)),
  expected: jsonValue.optional(),
  error: z.string().optional(),
  disabled: z.boolean().optional(),
});
type Case = z.infer<typeof Case>;

/** The RFC's own text of A.13 repeats a key, which no JavaScript object can hold. */
const repeatedKey = '[{"op":"add","path":"/metadata/doc/baz","value":"qux","op":"remove"}]';

function readCases(name: string): Case[] {
  const file = createRequire(import.meta.url).resolve(`json-patch-test-suite/${name}`);
  return z
    .array(Case)
    .parse(JSON.parse(readFileSync(file, "utf8")))
    .filter(({ disabled }) => disabled !== true);
}

function moved(operation: JsonObject): JsonObject {
  const pointers = Object.entries(operation).filter(([key]) => key === "path" || key === "from");
  const prefixed = pointers.map(([key, pointer]) => [key, below(pointer)]);
  return { ...operation, ...Object.fromEntries(prefixed) };
}

/** What is no pointer stays as it is: with a prefix it would be one. */
function below(pointer: JsonValue): JsonValue {
  const isPointer = typeof pointer === "string" && (pointer === "" || pointer.startsWith("/"));
  return isPointer ? `/metadata/doc${pointer}` : pointer;
}

describe.each(["tests.json", "spec_tests.json"])("JSON Patch over HTTP, %s", (file) => {
  const cases = readCases(file);

  it("has cases of both kinds", () => {
    expect(cases.some(({ error }) => error !== undefined)).toBe(true);
    expect(cases.some(({ error }) => error === undefined)).toBe(true);
  });

  const refused = cases.filter(({ error }) => error !== undefined);
  it.each(refused.map((one, index) => [`${index}: ${one.comment ?? one.error}`, one] as const))(
    "refuses %s",
    async (_, { doc, patch }) => {
      const path = await makeDocument(doc);
      const answer = await leavesNoTrace(service, path, () =>
        service.jsonPatch(path, patch.map(moved)),
      );
      expect([400, 409]).toContain(answer.status);
      expect(typeof at(answer, "error", "details", "operation_index")).toBe("number");
    },
  );

  const applied = cases.filter(({ error }) => error === undefined);
  it.each(applied.map((one, index) => [`${index}: ${one.comment ?? "patch"}`, one] as const))(
    "applies %s",
    async (_, { doc, patch, expected }) => {
      const path = await makeDocument(doc);
      const answer = await service.jsonPatch(path, patch.map(moved));
      expect(bucketOf(answer).metadata).toEqual({ doc: expected ?? doc });
      expect((await service.get(path)).text).toBe(answer.text);
    },
  );
});

describe("A JSON Patch", () => {
  it("that repeats a key in an operation is refused, as in A.13", async () => {
    const path = await makeDocument({ foo: "bar" });
    const answer = await leavesNoTrace(service, path, () =>
      service.send("PATCH", path, { text: repeatedKey, type: "application/json-patch+json" }),
    );
    expect(answer.status).toBe(400);
  });

  it("fails as a whole when one of its operations does, and says which", async () => {
    const path = await makeDocument({ foo: 1 });
    const operations = [
      { op: "add", path: "/description", value: "gone" },
      { op: "replace", path: "/metadata/doc/foo", value: 2 },
      { op: "test", path: "/metadata/doc/foo", value: 3 },
    ];
    const answer = await leavesNoTrace(service, path, () => service.jsonPatch(path, operations));
    expect(answer.status).toBe(409);
    expect(at(answer, "error", "details", "operation_index")).toBe(2);
  });

  it("is one event whatever number of operations it has", async () => {
    const path = await makeDocument([]);
    const operations = Array.from({ length: 50 }, (_, index) => ({
      op: "add",
      path: "/metadata/doc/-",
      value: index,
    }));
    await service.jsonPatch(path, operations);
    expect(await eventsOf(service, path)).toHaveLength(2);
  });
});

describe("Merge patch over HTTP, RFC 7396 appendix A", () => {
  it.each(mergePatchVectors.map((vector, index) => [index + 1, ...vector] as const))(
    "vector %i: %j merged with %j",
    async (_, original, patch, result) => {
      const path = await makeDocument(original);
      const answer = await service.merge(path, { metadata: { doc: patch } });
      // At the root null is the result; in a member it removes the member.
      expect(bucketOf(answer).metadata).toEqual(result === null ? {} : { doc: result });
    },
  );
});

describe("Keys that JavaScript has other plans for", () => {
  const keys = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "a/b", "~", "\u0000"];
  /** Made by parsing, because a literal would set the prototype. */
  const hostile = (value: JsonValue) =>
    `{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;

  it.each([
    ["application/json", (doc: string) => `{"metadata":{"doc":${doc}}}`],
    ["application/merge-patch+json", (doc: string) => `{"metadata":{"doc":${doc}}}`],
    [
      "application/json-patch+json",
      (doc: string) => `[{"op":"add","path":"/metadata/doc","value":${doc}}]`,
    ],
    [
      "application/json-patch+json",
      () =>
        JSON.stringify(
          keys.map((key) => ({
            op: "add",
            path: `/metadata/doc/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
            value: { x: 2 },
          })),
        ),
    ],
  ])("are plain data in %s, in history, as of, and in the replay", async (type, bodyOf) => {
    buckets += 1;
    const created = await service.send("POST", "/v1/buckets", {
      text: `{"bucket_name":"bucket ${buckets}","bucket_schema":{"properties":{}},"metadata":{"doc":${hostile({ x: 1 })}}}`,
    });
    const path = `/v1/buckets/${bucketOf(created).bucket_id}`;
    const patched = await service.send("PATCH", path, {
      text: bodyOf(hostile({ x: 2 })),
      type,
    });
    const [first, second] = [hostile({ x: 1 }), hostile({ x: 2 })];
    expect(created.text).toContain(`"doc":${first}`);
    expect(patched.text).toContain(`"doc":${second}`);
    expect((await service.get(path)).text).toContain(`"doc":${second}`);
    expect((await service.get(`${path}?as_of=1`)).text).toContain(`"doc":${first}`);
    expect((await service.get(`${path}/replay`)).text).toContain(`"doc":${second}`);
    expect((await service.post("/v1/buckets/list", { limit: 1000 })).text).toContain(second);

    const [, entry] = await eventsOf(service, path);
    const changed = z.array(z.object({ path: z.string() })).parse(Object(entry).changes);
    expect(changed.map((change) => change.path).sort()).toEqual(
      [
        "/metadata/doc/__proto__/x",
        "/metadata/doc/constructor/x",
        "/metadata/doc/toString/x",
        "/metadata/doc/hasOwnProperty/x",
        "/metadata/doc//x",
        "/metadata/doc/a~1b/x",
        "/metadata/doc/~0/x",
        "/metadata/doc/\u0000/x",
      ].sort(),
    );
    expect(ndjsonOf(await service.get(`${path}/replay`)).at(-1)).toMatchObject({
      matches_view: true,
    });
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it("are plain data as fields of the schema and of the adapter", async () => {
    const text = `{"bucket_name":"hostile schema","bucket_schema":{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"TEXT"}},"__proto__":{"kept":true}},"source_adapter":{"adapter_type":"mux","field_mapping":{"__proto__":"data.id"},"connection":{"api_base_url":"https://api.mux.com","credentials":{"__proto__":"secret-under-a-hostile-key"}}}}`;
    const answer = await service.send("POST", "/v1/buckets", { text });
    bucketOf(answer);
    expect(answer.text).toContain(
      '"bucket_schema":{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"text"}},"__proto__":{"kept":true}}',
    );
    expect(answer.text).toContain('"field_mapping":{"__proto__":"data.id"}');
    expect(answer.text).toContain('"credentials":{"__proto__":"********"}');
    expect(answer.text).not.toContain("secret-under-a-hostile-key");
  });
});
