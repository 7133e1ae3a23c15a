/** The routes of access tokens, while a server holds the file (CONTRACT: tokens). */
import { z } from "zod";
import { CreatedToken, TokenAnswer } from "../../service/interface.js";
import { CreateTokenRequest } from "../../service/tokens.js";
import { setCache } from "../headers.js";
import { defineRoute, noQuery, type Route } from "../route.js";

const base = "/v1/admin/tokens";

export const tokenRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: base,
    operationId: "createToken",
    summary: "Make an access token; its secret is shown this once",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    body: { "application/json": CreateTokenRequest },
    needsBody: true,
    response: CreatedToken,
    refusals: [400, 409, 413, 415, 422],
    handle: async ({ context, store, body }) => {
      setCache(context, "none");
      context.body = await store.tokens.create(body);
    },
  }),
  defineRoute({
    method: "GET",
    path: base,
    operationId: "listTokens",
    summary: "List the access tokens, without their secrets",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    response: z.object({ results: z.array(TokenAnswer) }),
    refusals: [400],
    handle: async ({ context, store }) => {
      setCache(context, "none");
      context.body = { results: await store.tokens.list() };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: `${base}/{name}`,
    operationId: "revokeToken",
    summary: "Revoke an access token, at once",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    response: z.undefined(),
    successStatus: 204,
    refusals: [400, 404],
    handle: async ({ context, store, params }) => {
      await store.tokens.revoke(params["name"] ?? "");
      setCache(context, "none");
      context.status = 204;
    },
  }),
];
