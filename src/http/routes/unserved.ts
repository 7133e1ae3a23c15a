/**
 * The routes that the hosted API has under the same prefixes and this server has not. A program that
 * calls one is told so, and what to do instead, where a 404 would have it look for its own mistake.
 * A route that is served one day is taken out of the list.
 */
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import { defineRoute, type Route } from "../route.js";

type Unserved = Pick<Route, "method" | "path" | "operationId" | "summary"> & {
  /** Why there is none, and what is served in its place. */
  readonly instead: string;
};

const connection = "/v1/organizations/connections/{connection_id}";
const webhooks = "/v1/organizations/webhooks";

const fetchesNothing =
  "This server reaches no other server, so it cannot see what a connection leads to. Send the " +
  "files themselves with POST /v1/buckets/{bucket_identifier}/uploads, or their URLs with POST " +
  "/v1/buckets/{bucket_identifier}/objects.";

const callsNobody =
  "This server calls no other server when something changes. Follow the change feed, GET " +
  "/v1/events: it waits for what comes next, and goes on where a reader stopped.";

const unserved: readonly Unserved[] = [
  {
    method: "POST",
    path: `${connection}/test`,
    operationId: "testConnection",
    summary: "Try a connection",
    instead: fetchesNothing,
  },
  {
    method: "GET",
    path: `${connection}/folders`,
    operationId: "listConnectionFolders",
    summary: "The folders that a connection leads to",
    instead: fetchesNothing,
  },
  {
    method: "GET",
    path: `${connection}/files`,
    operationId: "listConnectionFiles",
    summary: "The files that a connection leads to",
    instead: fetchesNothing,
  },
  {
    method: "POST",
    path: `${webhooks}/`,
    operationId: "createWebhook",
    summary: "Have another server called",
    instead: callsNobody,
  },
  {
    method: "POST",
    path: `${webhooks}/list`,
    operationId: "listWebhooks",
    summary: "Which servers are called",
    instead: callsNobody,
  },
  {
    method: "GET",
    path: `${webhooks}/{identifier}`,
    operationId: "getWebhook",
    summary: "When a server is called",
    instead: callsNobody,
  },
  {
    method: "PUT",
    path: `${webhooks}/{identifier}`,
    operationId: "putWebhook",
    summary: "Have a server called for something else",
    instead: callsNobody,
  },
  {
    method: "DELETE",
    path: `${webhooks}/{identifier}`,
    operationId: "deleteWebhook",
    summary: "Have a server called no more",
    instead: callsNobody,
  },
];

/** Told to every token, whatever else the request holds. */
export const unservedRoutes: readonly Route[] = unserved.map(({ instead, ...operation }) =>
  defineRoute({
    ...operation,
    permission: "read",
    namesNamespace: true,
    query: z.looseObject({}),
    isUnserved: true,
    response: z.never(),
    refusals: [501],
    handle: async () => {
      throw new BucketsError("NOT_IMPLEMENTED", instead);
    },
  }),
);
