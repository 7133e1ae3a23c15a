/** No parameter that the hosted API describes is refused for itself, at either end of its bounds. */
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../src/domain/json.js";
import { jsonObject } from "../../src/domain/schemas.js";
import { at, type Service, serve } from "../support/server.js";
import { type HostedOperation, hostedOperations } from "./hosted.js";

let service: Service;

beforeAll(async () => {
  service = await serve();
  return () => service.close();
});

/** What stands for a text that is not any text. */
const texts: Readonly<Record<string, readonly string[]>> = {
  cursor: [""],
  start: ["2026-10-01T00:00:00Z", "2026-10-01"],
  end: ["2026-10-01T00:00:00Z"],
  policy: ["insert", "update", "upsert"],
};

/** Values that the type of a parameter takes, as clients write them. */
function samplesOf(name: string, type: z.ZodType): readonly string[] {
  const schema = jsonObject.parse(z.toJSONSchema(type, { io: "input" }));
  return formsOf(schema, schema).flatMap((form) => {
    const { type: kind, const: only, minimum = 1, maximum = 1_000 } = form;
    if (only !== undefined) return [String(only)];
    if (kind === "boolean") return ["true", "false", "True", "False"];
    if (kind === "integer") return [minimum, maximum].filter(isSafe).map(String);
    return kind === "string" ? (texts[name] ?? ["films"]) : [];
  });
}

function isSafe(bound: JsonValue): boolean {
  return typeof bound === "number" && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}

function formsOf(schema: JsonObject, root: JsonObject): readonly JsonObject[] {
  const { anyOf, $ref: reference } = schema;
  if (isJsonArray(anyOf)) return anyOf.filter(isJsonObject).flatMap((one) => formsOf(one, root));
  if (typeof reference !== "string") return [schema];
  const definitions = jsonObject.parse(root["$defs"]);
  const found = definitions[reference.split("/").at(-1) ?? ""];
  return isJsonObject(found) ? formsOf(found, root) : [];
}

const asked = hostedOperations
  .filter(({ isServed }) => isServed)
  .flatMap((operation) =>
    Object.entries(operation.query.shape).flatMap(([name, type]) =>
      samplesOf(name, z.instanceof(z.ZodType).parse(type)).map(
        (value) => [`${operation.name} ?${name}=${value}`, operation, name, value] as const,
      ),
    ),
  );

/** The place of a fault in the query, if that is what was refused. */
async function refusedOf({ name }: HostedOperation, query: URLSearchParams) {
  const [method = "", template = ""] = name.split(" ");
  const path = template.replaceAll(/\{\w+\}/g, "absent");
  const json = { json: {} };
  const answer = await service.send(method, `${path}?${query}`, method === "GET" ? {} : json);
  const isOfQuery = JSON.stringify(at(answer, "error", "details") ?? "").includes('["query"');
  return answer.status === 400 || isOfQuery ? answer.text : undefined;
}

test("there are parameters of every type", () => {
  expect(asked.length).toBeGreaterThan(100);
});

test.for(asked)("%s", async ([, operation, name, value]) => {
  expect(await refusedOf(operation, new URLSearchParams({ [name]: value }))).toBeUndefined();
});
