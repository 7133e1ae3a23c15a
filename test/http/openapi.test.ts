/**
 * Goal: the description of the API is true. Method: compare its paths with the routes, both ways;
 * then tell the story over HTTP and hold every answer to the schema that the document gives for it.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../src/domain/json.js";
import { valueAt } from "../../src/domain/pointer.js";
import { jsonObject } from "../../src/domain/schemas.js";
import { createMetrics } from "../../src/http/metrics.js";
import { auditRoutes } from "../../src/http/routes/audit.js";
import { backupRoutes } from "../../src/http/routes/backups.js";
import { feedRoute } from "../../src/http/routes/feed.js";
import { ingestRoute } from "../../src/http/routes/ingest.js";
import { logRoutes } from "../../src/http/routes/log.js";
import { namespaceRevertRoute } from "../../src/http/routes/namespace-revert.js";
import { namespaceRoutes } from "../../src/http/routes/namespaces.js";
import { proofRoutes } from "../../src/http/routes/proofs.js";
import { resourceRoutes } from "../../src/http/routes/resources.js";
import { serviceRoutes } from "../../src/http/routes/service.js";
import { statisticsRoutes } from "../../src/http/routes/statistics.js";
import { taskRoutes } from "../../src/http/routes/tasks.js";
import { tokenRoutes } from "../../src/http/routes/tokens.js";
import { transactionRoute } from "../../src/http/routes/transactions.js";
import { unservedRoutes } from "../../src/http/routes/unserved.js";
import { type Answer, type Service, serve, TestClock } from "../support/server.js";
import { countingIds, restFace, tellStory } from "../support/story.js";

interface Seen {
  readonly method: string;
  readonly template: string;
  readonly answer: Answer;
}

let service: Service;
let document: JsonObject;
const seen: Seen[] = [];

beforeAll(async () => {
  const clock = new TestClock();
  service = await serve({ clock: clock.read, newId: countingIds() });
  document = jsonObject.parse((await service.get("/openapi.json", { token: "none" })).body);
  const send = async (
    ...[method, template, path, sending]: Parameters<Parameters<typeof restFace>[0]>
  ) => {
    const answer = await service.send(method, path, sending);
    seen.push({ method, template, answer });
    return answer;
  };
  await tellStory(restFace(send), clock);
  for (const [method, path] of [
    ["GET", "/healthz"],
    ["GET", "/readyz"],
    ["GET", "/openapi.json"],
    ["GET", "/v1/events/head"],
    ["GET", "/v1/admin/tokens"],
    ["POST", "/v1/admin/verify"],
    ["POST", "/v1/admin/replay"],
    ["POST", "/v1/admin/rescue"],
    ["GET", "/v1/organizations/audit/logs"],
  ] as const) {
    await send(method, path, path, {});
  }
  await send("GET", "/v1/buckets/{bucket_identifier}", "/v1/buckets/movies", { token: "none" });
  await send("PATCH", "/v1/buckets/{bucket_identifier}", "/v1/buckets/movies", {
    json: {},
    token: "read",
  });
  await send("POST", "/v1/admin/tokens", "/v1/admin/tokens", {
    json: { name: "told", permission: "read", expires_at: "2030-01-01T00:00:00Z" },
  });
  const revert = "/v1/admin/namespaces/{namespace_identifier}/revert";
  await send("POST", revert, "/v1/admin/namespaces/default/revert", {
    json: { as_of: "@1", dry_run: true },
  });
  await send("POST", "/v1/admin/backups", "/v1/admin/backups", { json: { to: "here" } });
  await send("DELETE", "/v1/admin/tokens/{name}", "/v1/admin/tokens/told", {});
  await send("GET", "/v1/tasks/{task_id}", "/v1/tasks/absent", {});
  const audit = "/v1/organizations/audit/logs";
  const { results } = await service.store.namespace().audit.list({ limit: 1 });
  await send("GET", `${audit}/{audit_id}`, `${audit}/${results[0]?.audit_id}`, {});
  await send("GET", `${audit}/{audit_id}`, `${audit}/absent`, {});
});
afterAll(() => service.close());

/** What the document says at those keys. */
function documented(...path: readonly string[]): JsonValue | undefined {
  return valueAt(document, path);
}

function membersOf(value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return isJsonObject(value) ? Object.entries(value) : [];
}

describe("The paths of the document", () => {
  it("are those of the routes, no more and no fewer", () => {
    const routes = [
      ...resourceRoutes,
      ingestRoute(() => {}),
      transactionRoute(resourceRoutes),
      ...namespaceRoutes,
      namespaceRevertRoute,
      ...taskRoutes,
      ...auditRoutes,
      ...statisticsRoutes,
      ...logRoutes,
      ...backupRoutes(undefined),
      ...proofRoutes({ isPublic: false }),
      feedRoute(),
      ...tokenRoutes,
      ...unservedRoutes,
      ...serviceRoutes({
        isDraining: () => false,
        health: () => service.store.health(),
        metrics: createMetrics({
          store: service.store,
          health: () => service.store.health(),
          isDraining: () => false,
          backups: undefined,
        }),
        routes: () => [],
      }),
    ].map(({ method, path }) => `${method} ${path}`);
    const paths = membersOf(documented("paths")).flatMap(([path, operations]) =>
      membersOf(operations).map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect(paths.sort()).toEqual(routes.sort());
  });

  it("are all answered by the router", async () => {
    for (const [path, operations] of membersOf(documented("paths"))) {
      for (const [method] of membersOf(operations)) {
        const answer = await service.send(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "x"), {
          token: "none",
        });
        const isRouted = isPublic(path, method)
          ? answer.status !== 405 && !answer.text.includes("There is no route")
          : answer.status === 401;
        expect([path, method, answer.status, isRouted]).toContain(true);
      }
    }
  });

  it("name each operation once", () => {
    const ids = membersOf(documented("paths")).flatMap(([, operations]) =>
      membersOf(operations).map(([, operation]) => valueAt(operation, ["operationId"])),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("refer only to schemas that are there", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, reference = ""] of references) {
      expect(documented(...reference.split("/").slice(1)), reference).toBeDefined();
    }
  });
});

function isPublic(path: string, method: string): boolean {
  const security = documented("paths", path, method, "security");
  return isJsonArray(security) && security.length === 0;
}

/** The documented schema of an answer, with every reference made local. */
function schemaOf({ method, template, answer }: Seen): z.ZodType {
  const [type = ""] = (answer.headers.get("Content-Type") ?? "").split(";");
  const schema = documented(
    ...["paths", template, method.toLowerCase(), "responses", String(answer.status)],
    ...["content", type, "schema"],
  );
  if (!isJsonObject(schema)) {
    throw new Error(`${method} ${template} does not document ${answer.status} as ${type}`);
  }
  const whole = { ...schema, $defs: documented("components", "schemas") ?? {} };
  const local = JSON.stringify(whole).replaceAll("#/components/schemas/", "#/$defs/");
  return z.fromJSONSchema(JSON.parse(local));
}

describe("Every answer of the story", () => {
  it("is documented, and fits its schema", () => {
    expect(seen.length).toBeGreaterThan(80);
    for (const one of seen) {
      const { method, template, answer } = one;
      if (answer.status === 204) {
        expect(
          documented("paths", template, method.toLowerCase(), "responses", "204"),
        ).toBeDefined();
        continue;
      }
      const body: unknown =
        /json$/.test(answer.headers.get("Content-Type")?.split(";")[0] ?? "") &&
        !/ndjson/.test(answer.headers.get("Content-Type") ?? "")
          ? JSON.parse(answer.text)
          : answer.text;
      const parsed = schemaOf(one).safeParse(body);
      expect(
        parsed.error?.issues,
        `${method} ${template} ${answer.text.slice(0, 500)}`,
      ).toBeUndefined();
    }
  });

  it("would not fit with a field too many, too few, or of another type", () => {
    const path = "/v1/buckets/{bucket_identifier}";
    const read = seen.find(
      ({ method, template, answer }) =>
        method === "GET" && template === path && answer.status === 200,
    );
    if (read === undefined) throw new Error("the story reads no bucket");
    const schema = schemaOf(read);
    const body = jsonObject.parse(read.answer.body);
    const { bucket_name: _, ...nameless } = body;
    expect(schema.safeParse(body).success).toBe(true);
    expect(schema.safeParse({ ...body, undocumented: 1 }).success).toBe(false);
    expect(schema.safeParse(nameless).success).toBe(false);
    expect(schema.safeParse({ ...body, object_count: "0" }).success).toBe(false);
  });
});
