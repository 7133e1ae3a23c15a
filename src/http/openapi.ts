/** The OpenAPI 3.1 document, made from the routes and the schemas that validate. */
import { z } from "zod";
import {
  AuditLogResponse,
  FeedPage,
  HistoryResponse,
  ListBatchesResponse,
  ListBucketsResponse,
  ListDeliveriesResponse,
  ListNamespacesResponse,
  ListObjectsResponse,
  ListSyncsResponse,
  ListUploadsResponse,
  ManyWrittenBody,
  WrittenBody,
} from "../api/index.js";
import { AuditEvent } from "../domain/audit-event.js";
import { Change } from "../domain/change.js";
import { HistoryEntry } from "../domain/history-entry.js";
import { limits } from "../domain/limits.js";
import { kindNamed, type ResourceKind, resourceKinds } from "../domain/resource.js";
import { TaskResponse } from "../domain/task.js";
import { exampleParameters } from "./example-parameters.js";
import type { Route } from "./route.js";

const named = new Map<z.ZodType, string>([
  ...resourceKinds.map((kind) => [kindNamed(kind).answer, schemaName(kind)] as const),
  [ListBucketsResponse, "ListBucketsResponse"],
  [ListObjectsResponse, "ListObjectsResponse"],
  [ListBatchesResponse, "ListBatchesResponse"],
  [ListUploadsResponse, "ListUploadsResponse"],
  [ListDeliveriesResponse, "ListDeliveriesResponse"],
  [ListNamespacesResponse, "ListNamespacesResponse"],
  [ListSyncsResponse, "ListSyncsResponse"],
  [TaskResponse, "TaskResponse"],
  [WrittenBody, "WrittenBody"],
  [ManyWrittenBody, "ManyWrittenBody"],
  [HistoryEntry, "HistoryEntry"],
  [HistoryResponse, "HistoryResponse"],
  [FeedPage, "FeedPage"],
  [AuditEvent, "AuditEvent"],
  [AuditLogResponse, "AuditLogResponse"],
]);

function schemaName(kind: ResourceKind): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Response`;
}

const ErrorResponse = z.object({
  success: z.literal(false),
  status: z.number().int(),
  error: z.object({
    message: z.string(),
    type: z.string(),
    code: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
  detail: z
    .array(
      z.object({
        loc: z.array(z.union([z.string(), z.number()])),
        msg: z.string(),
        type: z.string(),
      }),
    )
    .optional()
    .meta({ description: "With a 422: the same faults as FastAPI names them." }),
});

const DryRun = z.object({
  dry_run: z.literal(true),
  changes: z.array(Change),
  result: z.unknown(),
});

const statusTexts: Readonly<Record<number, string>> = {
  400: "Malformed JSON, a bad query parameter, or a wrong transition",
  401: "The token is missing, unknown or expired",
  403: "The token lacks the permission or the namespace",
  404: "No such resource in this namespace",
  406: "No acceptable representation",
  409: "Taken already, or in conflict with the current state",
  410: "The cursor is of another log: read everything anew",
  412: "The precondition does not hold; the details say what was missed",
  413: "Too large",
  415: "A media type that the route does not take",
  416: "The range begins after the last byte",
  422: "The body does not fit, or an Idempotency-Key was used for another request",
  423: "The bucket is locked",
  428: "This server requires If-Match",
  429: "More requests than this server allows; Retry-After says when to come back",
  500: "Our fault; the log has it under the request id",
  501: "Not served here; the message says what to do instead",
  503: "Not ready, overloaded, or the outcome is unknown",
  507: "The disk is full",
};

/** What each part of the API is about, by the tag of its operations. */
const tags: Readonly<Record<string, string>> = {
  buckets: "Buckets, their changes, and how they were before.",
  namespaces: "What buckets are in, with what is said of it.",
  batches: "Work for the programs that process objects.",
  uploads: "Bytes that arrive by themselves, under a URL that is signed for them.",
  ingest: "Webhooks in.",
  tasks: "What goes on, or went on, by itself.",
  transactions: "Many writes as one.",
  organizations: "Who did what, in the audit shape of the hosted API.",
  events: "The log of every change in the store.",
  admin: "Upkeep of the whole store, for tokens that may do everything.",
  service: "About the service itself.",
};

const description = `A self-hosted bucket service that never forgets a change.

Beside the statuses of an operation, a connection can be answered with 405 or 501 for a method that
the path does not take, 408 for a request that arrives too slowly, 414 for a URL beyond
${limits.urlBytesMax} bytes and 431 for headers beyond ${limits.headerSectionBytesMax} bytes, all in the same envelope.
With \`Accept: application/problem+json\` every refusal is RFC 9457 instead. 429 is answered only by
a server that limits requests.`;

/** @param basePath where the server is mounted; empty for the root. */
export function openApiDocument(routes: readonly Route[], basePath: string) {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operationOf(route);
    paths[route.path] = operations;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "bucketlog",
      version: "1",
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: basePath || "/" }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name, description: tags[name] ?? "" })),
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        ...Object.fromEntries(
          [...named].map(([schema, name]) => [name, jsonSchema(schema, "output")]),
        ),
        ErrorResponse: jsonSchema(ErrorResponse, "output"),
      },
    },
  };
}

function operationOf(route: Route) {
  const isPublic = route.permission === undefined;
  const refusals = [
    ...[400, ...route.refusals, 406, 500],
    ...(isPublic ? [] : [401, 429, 503]),
    ...(isForEveryToken(route) ? [] : [403]),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [tagOf(route)],
    ...(route.permission !== undefined && {
      "x-permission": route.permission,
      "x-store-wide": route.isStoreWide === true,
    }),
    security: isPublic ? [] : [{ token: [] }],
    parameters: [
      ...pathParameters(route.path),
      ...queryParameters(route),
      ...headerParameters(route),
    ],
    ...(route.takesBytes === true && {
      requestBody: {
        required: true,
        content: { "*/*": { schema: { format: "binary" }, ...exampleOf(route, "*/*") } },
      },
    }),
    ...(route.body && {
      requestBody: {
        required: route.needsBody === true,
        content: Object.fromEntries(
          Object.entries(route.body).map(([type, schema]) => [
            type,
            { schema: jsonSchema(schema, "input"), ...exampleOf(route, type) },
          ]),
        ),
      },
    }),
    responses: {
      ...(route.isUnserved !== true && success(route)),
      ...(isSingleWrite(route) && { "204": { description: "Done, with Prefer: return=minimal" } }),
      ...(route.emptyAnswer !== undefined && { "204": { description: route.emptyAnswer } }),
      ...(route.isRanged === true && { "206": { description: "The range that was asked for" } }),
      ...(isConditionalRead(route) && { "304": { description: "Not modified" } }),
      ...Object.fromEntries(
        [...new Set(refusals)]
          .sort((a, b) => a - b)
          .map((status) => [String(status), refusal(status)]),
      ),
    },
  };
}

/** Of whatever the token opens, it tells the one that asks: none is refused. */
function isForEveryToken({ permission, namesNamespace, path }: Route): boolean {
  if (permission === undefined) return true;
  const isAboutOne = path.includes("{namespace_identifier}");
  return permission === "read" && namesNamespace === true && !isAboutOne;
}

function tagOf({ path }: Route): string {
  return path.split("/")[2] ?? "service";
}

function success(route: Route) {
  if (route.successStatus === 204 && route.operation === undefined) {
    return { "204": { description: "Done" } };
  }
  const types = route.responseTypes ?? ["application/json"];
  const schema = successOf(route);
  return {
    [route.successStatus === 202 ? "202" : "200"]: {
      description: "Done",
      content: {
        ...Object.fromEntries(types.map((type) => [type, { schema }])),
        ...Object.fromEntries(
          Object.entries(route.otherResponses ?? {}).map(([other, otherSchema]) => [
            other,
            { schema: reference(otherSchema) },
          ]),
        ),
      },
    },
  };
}

function refusal(status: number) {
  return {
    description: statusTexts[status] ?? "Refused",
    content: { "application/json": { schema: { $ref: "#/components/schemas/ErrorResponse" } } },
  };
}

function successOf(route: Route) {
  const schema = reference(route.response);
  if (!isWrite(route)) return schema;
  const { properties, ...dryRun } = jsonSchema(DryRun, "output");
  return { anyOf: [schema, { ...dryRun, properties: { ...properties, result: schema } }] };
}

function isWrite(route: Route): boolean {
  return "dry_run" in route.query.shape;
}

function isConditionalRead(route: Route): boolean {
  return route.method === "GET" && route.headers?.includes("If-None-Match") === true;
}

function isSingleWrite(route: Route): boolean {
  return isWrite(route) && route.writesMany !== true;
}

function pathParameters(path: string) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
    ...parameterExample(name),
  }));
}

function queryParameters(route: Route) {
  const schema = z.toJSONSchema(route.query, { io: "input" });
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const required = schema.required?.includes(name) === true;
    return {
      name,
      in: "query",
      required,
      schema: property,
      ...(required && parameterExample(name)),
    };
  });
}

/** What is optional has none: whoever tries an operation would send it. */
function parameterExample(name: string = "") {
  return Object.hasOwn(examplesByName, name) ? { example: examplesByName[name] } : {};
}

const examplesByName: Readonly<Record<string, string>> = exampleParameters;

/** A body without fields is an empty object. */
function exampleOf({ examples, body }: Route, mediaType: string) {
  const example = examples?.[mediaType];
  if (example !== undefined) return { example };
  const schema = body?.[mediaType];
  const isEmpty = schema instanceof z.ZodObject && Object.keys(schema.shape).length === 0;
  return isEmpty ? { example: {} } : {};
}

function headerParameters(route: Route) {
  const names = [
    ...(route.permission === undefined || route.namesNamespace === true ? [] : ["X-Namespace"]),
    ...(route.permission === undefined ? [] : ["X-Request-Id"]),
    ...(isSingleWrite(route) ? ["If-Match", "If-None-Match"] : []),
    ...(isWrite(route) ? ["Idempotency-Key", "X-Reason", "X-Actor", "Prefer"] : []),
    ...(route.headers ?? []),
  ];
  return names.map((name) => ({ name, in: "header", required: false, schema: { type: "string" } }));
}

function reference(schema: z.ZodType) {
  const name = named.get(schema);
  return name === undefined
    ? jsonSchema(schema, "output")
    : { $ref: `#/components/schemas/${name}` };
}

/** zod's own translation; what it cannot express carries its JSON Schema as metadata. */
function jsonSchema(schema: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
