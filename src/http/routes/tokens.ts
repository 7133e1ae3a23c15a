/** The routes of access tokens, while a server holds the file (CONTRACT: tokens). */
import { Readable } from "node:stream";
import { z } from "zod";
import {
  CreatedToken,
  CreateTokenRequest,
  type ServedTokenOptions,
  TokenAnswer,
  type TokenMade,
  type TokenWritten,
} from "../../api/index.js";
import { assertMakesNew } from "../conditional.js";
import { setCache } from "../headers.js";
import { readTextHeader } from "../preferences.js";
import {
  type ApiRequest,
  asOfNamespace,
  defineRoute,
  type HttpContext,
  noQuery,
  type Route,
} from "../route.js";
import { wholeList } from "../whole-page.js";
import { commitOptions } from "../write.js";

const base = "/v1/admin/tokens";
const writeHeaders = ["Idempotency-Key", "X-Reason", "X-Actor"] as const;

export const tokenRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: base,
    operationId: "createToken",
    summary: "Make an access token; its secret is shown this once",
    permission: "admin",
    isStoreWide: true,
    headers: [...writeHeaders, "If-Match"],
    query: noQuery,
    body: { "application/json": CreateTokenRequest },
    examples: { "application/json": { name: "ana", permission: "write" } },
    needsBody: true,
    response: CreatedToken,
    refusals: [400, 409, 412, 413, 415, 422],
    handle: async (request) => {
      assertMakesNew(request.context);
      sendMade(request, await request.tokens().create(request.body, optionsOf(request)));
    },
  }),
  defineRoute({
    method: "POST",
    path: `${base}/{name}/rotate`,
    operationId: "rotateToken",
    summary: "Give an access token another secret, shown this once; the old one opens nothing",
    permission: "admin",
    isStoreWide: true,
    headers: writeHeaders,
    query: noQuery,
    body: { "application/json": z.object({}) },
    response: CreatedToken,
    refusals: [400, 404, 413, 415, 422],
    handle: async (request) => {
      const { tokens, params } = request;
      sendMade(request, await tokens().rotate(params["name"] ?? "", optionsOf(request)));
    },
  }),
  defineRoute({
    method: "GET",
    path: base,
    operationId: "listTokens",
    summary:
      "List the access tokens without their secrets, or those that opened the store at a moment",
    permission: "admin",
    isStoreWide: true,
    query: z.strictObject({ as_of: asOfNamespace }),
    response: z.object({ results: z.array(TokenAnswer) }),
    refusals: [400, 404],
    handle: async ({ context, tokens }, { as_of: asOf }) => {
      setCache(context, "none");
      const results = await tokens().list({ asOf });
      // Each may open a thousand namespaces: their texts are never all there at once.
      context.body = Readable.from(wholeList(results));
      context.type = "application/json";
    },
  }),
  defineRoute({
    method: "DELETE",
    path: `${base}/{name}`,
    operationId: "revokeToken",
    summary: "Revoke an access token, at once",
    permission: "admin",
    isStoreWide: true,
    headers: writeHeaders,
    query: noQuery,
    response: z.undefined(),
    successStatus: 204,
    refusals: [400, 404, 422],
    handle: async (request) => {
      const { context, tokens, params } = request;
      const done = await tokens().revoke(params["name"] ?? "", optionsOf(request));
      setCache(context, "none");
      setReplayed(context, done);
      context.status = 204;
    },
  }),
];

function optionsOf({ context, fingerprint }: ApiRequest): ServedTokenOptions {
  const { idempotencyKey, fingerprint: made } = commitOptions(context, fingerprint, {});
  const reason = readTextHeader("X-Reason", context.get("X-Reason") || undefined);
  return { idempotencyKey, fingerprint: made, reason };
}

function sendMade({ context }: ApiRequest, { replayed, ...token }: TokenMade): void {
  setCache(context, "none");
  setReplayed(context, { replayed });
  context.body = token;
}

function setReplayed(context: HttpContext, { replayed }: TokenWritten): void {
  if (replayed) context.set("Idempotency-Replayed", "true");
}
