/**
 * Goal: a program that was written for the hosted API reads what this server writes, and the other way
 * round. Method: hold the description that the server gives of itself against `hosted.txt`.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../src/domain/json.js";
import { valueAt } from "../../src/domain/pointer.js";
import { jsonObject } from "../../src/domain/schemas.js";
import { serve } from "../support/server.js";
import { type HostedOperation, hostedOperations } from "./hosted.js";
import { fieldsOf, misfits, type Within } from "./misfits.js";

let document: JsonObject;

beforeAll(async () => {
  const service = await serve();
  document = jsonObject.parse((await service.get("/openapi.json", { token: "none" })).body);
  await service.close();
});

/** Parameters have names of ours. */
function shapeOf(path: string): string {
  return path.replaceAll(/\{\w+\}/g, "{}");
}

/** What the server says of the operation; undefined when it has none. */
function servedAs({ name }: Pick<HostedOperation, "name">): JsonObject | undefined {
  const [method = "", template = ""] = name.split(" ");
  const paths = jsonObject.parse(document["paths"]);
  const path = Object.keys(paths).find((one) => shapeOf(one) === shapeOf(template));
  const found = path === undefined ? undefined : valueAt(paths, [path, method.toLowerCase()]);
  return isJsonObject(found) ? found : undefined;
}

function successOf(operation: JsonObject): string | undefined {
  return Object.keys(jsonObject.parse(operation["responses"])).find((one) => one.startsWith("2"));
}

/** What may be left out may be left out in answers as well: their defaults are the clients'. */
function ofHosted(type: z.ZodType): Within {
  const schema = jsonObject.parse(z.toJSONSchema(type, { io: "input" }));
  return { schema, root: schema };
}

function ofServer(schema: JsonValue | undefined): Within {
  return { schema: isJsonObject(schema) ? schema : {}, root: document };
}

const json = ["content", "application/json", "schema"];

/** What the hosted API's clients could not read, and what they could not say. */
function faultsOf(operation: HostedOperation): readonly string[] {
  const mine = servedAs(operation);
  if (mine === undefined) return ["is not served"];
  const { body, answer, query, status } = operation;
  const answers = valueAt(mine, ["responses", String(status)]);
  if (answers === undefined) return [`does not answer with ${status}`];
  const parameters = isJsonArray(mine["parameters"]) ? mine["parameters"].filter(isJsonObject) : [];
  const names = parameters.filter((one) => one["in"] === "query").map((one) => one["name"]);
  return [
    ...Object.keys(query.shape)
      .filter((name) => !names.includes(name))
      .map((name) => `?${name} is refused`),
    ...(body === undefined
      ? []
      : compared("body", {
          reader: ofServer(valueAt(mine, ["requestBody", ...json])),
          written: ofHosted(body),
        })),
    ...(answer === undefined
      ? []
      : compared("answer", {
          reader: ofHosted(answer),
          written: ofServer(valueAt(answers, json)),
        })),
  ];
}

/** Each field that the hosted API has must be known here by its name. */
function compared(
  what: "body" | "answer",
  { reader, written }: { readonly reader: Within; readonly written: Within },
): readonly string[] {
  const [hosted, mine] = what === "body" ? [written, reader] : [reader, written];
  const known = fieldsOf(mine);
  const unknown = fieldsOf(hosted).filter((name) => !known.includes(name));
  return [...unknown.map((name) => `.${name} is unknown`), ...misfits({ reader, written })].map(
    (fault) => `${what} ${fault}`,
  );
}

/** Where this server is narrower or wider on purpose: what adapters take, and types of blobs of ours. */
const decided = [
  /^body \.source_adapter\./,
  /^answer (\.succeeded\[\])?\.?blobs\[\]\.type \{"const":"(json|binary|document)"\}$/,
  // What has no bounds there has words of its own in place of them.
  /^body \.(range_buckets\[\]\.boundaries minItems|sort_direction )/,
  /^body (\.uploads\[\])?\.blob_type \{"type":"string"\}$/,
  /^body \.tier_nums\[\] /,
  // Of accounts that adapters know, and the hosted API has no name for.
  /^answer (\.results\[\])?\.provider_type\b/,
];

/** The rest of the faults, once those are left out that are decided. */
function openFaults(operation: HostedOperation): readonly string[] {
  return faultsOf(operation).filter((fault) => !decided.some((one) => one.test(fault)));
}

describe("the hosted API's 68 operations", () => {
  test("are all decided", () => {
    expect(hostedOperations).toHaveLength(68);
    expect(hostedOperations.filter(({ isServed }) => isServed)).toHaveLength(60);
  });

  test.for(hostedOperations.filter(({ isServed }) => !isServed).map(({ name }) => name))(
    "%s is a 501",
    (name) => {
      const mine = servedAs({ name });
      expect(mine?.["responses"]).toHaveProperty("501");
      expect(successOf(mine ?? {})).toBeUndefined();
    },
  );

  const served = hostedOperations.filter(({ isServed }) => isServed);
  test.for(served.map((one) => [one.name, one] as const))("%s is served", ([, operation]) => {
    expect(openFaults(operation)).toEqual([]);
  });
});
