/**
 * What does not fit is told in our own words, whatever the route: every field of every body and
 * every parameter of every query is sent wrong, as the API's own description names them. The short
 * run sends each field one of the wrong values.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonValue } from "../../src/domain/schemas.js";
import { depth } from "../support/depth.js";
import { type Answer, makeBucket, type Service, serve, textAt } from "../support/server.js";

const Schema = z.looseObject({ properties: z.record(z.string(), jsonValue).optional() });
const Operation = z.looseObject({
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: jsonValue })) })
    .optional(),
});
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), jsonValue)),
  components: z.looseObject({ schemas: z.record(z.string(), jsonValue) }),
});

let service: Service;
let bucketPath: string;

beforeAll(async () => {
  service = await serve({ noAuth: true });
  bucketPath = await makeBucket(service);
});
afterAll(() => service.close());

/** The words of the library that finds the faults. */
const raw = /invalid input|invalid option|unrecognized|expected \w+, received|too (big|small):/i;

function told(answer: Answer): string {
  // What is not served says so, whatever it is asked.
  if (answer.status !== 501) expect(answer.status, answer.text).toBeLessThan(500);
  expect(answer.text.replaceAll(/"type":"\w+"/g, "")).not.toMatch(raw);
  return answer.text;
}

const wrong = [true, -1.5, "", "x".repeat(5_000), [1], [{}], { a: 1 }];
const step = depth({ smoke: wrong.length, deep: 1 });
let sentOf = 0;

/** What to send a field; in the short run the next of them for each. */
function wrongFor(): readonly unknown[] {
  sentOf += 1;
  return wrong.filter((_, index) => (index + sentOf) % step === 0);
}

async function operations() {
  const document = Document.parse((await service.get("/openapi.json")).body);
  const shapeOf = (schema: unknown): readonly string[] => {
    const reference = z.object({ $ref: z.string() }).safeParse(schema);
    const name = reference.success ? (reference.data.$ref.split("/").at(-1) ?? "") : "";
    const parsed = Schema.safeParse(document.components.schemas[name] ?? schema);
    return Object.keys(parsed.success ? (parsed.data.properties ?? {}) : {});
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, described]) => {
      const operation = Operation.safeParse(described);
      if (!operation.success || path === "/v1/admin/reset") return [];
      const { parameters, requestBody } = operation.data;
      const url = path
        .replace(/^\/v1\/buckets\/\{\w+\}/, bucketPath)
        .replaceAll(/\{\w+\}/g, "none");
      return [
        {
          method: method.toUpperCase(),
          url,
          queries: parameters.filter((one) => one.in === "query").map(({ name }) => name),
          bodies: Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => ({
            type,
            fields: shapeOf(schema),
          })),
        },
      ];
    }),
  );
}

describe("every route", () => {
  test("refuses wrong fields in our own words", async () => {
    let refusals = 0;
    for (const { method, url, bodies } of await operations()) {
      for (const { type, fields } of bodies.filter(({ type }) => type.includes("json"))) {
        const sent = [
          ...[{}, { nothing_known: 1 }, [], "text"],
          ...fields.flatMap((field) => wrongFor().map((value) => ({ [field]: value }))),
        ];
        for (const value of sent) {
          const answer = await service.send(method, `${url}?dry_run=true`, { json: value, type });
          told(answer);
          if (answer.status >= 400) refusals += 1;
        }
      }
    }
    expect(refusals).toBeGreaterThan(depth({ smoke: 150, deep: 300 }));
  });

  test("refuses wrong queries in our own words", async () => {
    for (const { method, url, queries } of await operations()) {
      if (method !== "GET" || url === "/v1/events") continue;
      for (const name of ["no_such_parameter", ...queries]) {
        told(await service.get(`${url}?${name}=${encodeURIComponent("; no")}`));
      }
    }
  });
});

describe("a refusal", () => {
  test.for([
    [{ bucket_nme: "a", bucket_schema: {} }, 'You sent "bucket_nme"; did you mean "bucket_name"?'],
    [{ bucket_name: 7, bucket_schema: { properties: {} } }, "Send a string."],
    [{ bucket_schema: { properties: {} } }, "It is required: send a string."],
  ] as const)("of %j says %s", async ([body, says]) => {
    const answer = await service.post("/v1/buckets", body);
    expect(answer.status).toBe(422);
    expect(textAt(answer, "error", "message")).toContain(says);
  });

  test("of an unknown name lists those that are taken, and the nearest", async () => {
    const query = await service.get(`${bucketPath}/history?limt=2`);
    expect(query.status).toBe(400);
    const message = textAt(query, "error", "message");
    expect(message).toMatch(/"limt" is not taken here\. Send only \w+(, \w+)+\. Did you mean/);
    expect(message).toContain('Did you mean "limit"?');
  });

  test("of what is not JSON says where, and what was expected", async () => {
    const answer = await service.send("PATCH", bucketPath, { text: '{\n "a" 1}' });
    expect(answer.status).toBe(400);
    expect(textAt(answer, "error", "message")).toBe(
      "The body is not valid JSON at line 2, column 6: expected a colon.",
    );
  });
});
