/** The routes about the whole log: its head, its proof, and the read models that are made from it. */
import { z } from "zod";
import { blobChecks, HeadAnswer, RescueReport } from "../../api/index.js";
import { BucketsError } from "../../domain/errors.js";
import { parseBody } from "../../domain/schemas.js";
import { setCache } from "../headers.js";
import { ndjson, streamProgress } from "../progress.js";
import { defineRoute, noQuery, type Route } from "../route.js";

interface Progress {
  readonly done: number;
  readonly total: number;
}

const VerifyRequest = z.object({
  expected: z
    .object({ position: z.number().int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) })
    .nullish()
    .meta({ description: "A head that was noted elsewhere, which the log must still contain." }),
  checkpoint: z
    .object({ size: z.number().int().min(0), root: z.string().regex(/^[0-9a-f]{64}$/) })
    .nullish()
    .meta({
      description: "What a checkpoint that was kept says, of which the log must be a continuation.",
    }),
  blobs: z
    .enum(blobChecks)
    .nullish()
    .meta({ description: "Whether bytes are there, or are hashed again; existence unless sent." }),
});

export const logRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/events/head",
    operationId: "getHead",
    summary: "The end of the log; note it elsewhere to prove later that nothing was cut off",
    permission: "read",
    // The newest event may be of any namespace.
    isStoreWide: true,
    query: noQuery,
    response: HeadAnswer,
    refusals: [400],
    handle: async ({ context, store }) => {
      setCache(context, "none");
      context.body = await store.head();
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/admin/verify",
    operationId: "verifyLog",
    summary:
      "Check the chain, the commitments, the view as the fold of the log, and the bytes of blobs",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    body: { "application/json": VerifyRequest },
    examples: { "application/json": { blobs: "existence" } },
    response: z.string(),
    responseTypes: [ndjson],
    refusals: [400, 413, 415, 422],
    handle: async ({ context, store, body }) => {
      const { expected, checkpoint, blobs } = parseBody(VerifyRequest, body ?? {});
      await streamProgress<Progress>(context, (onProgress) =>
        store.verify({
          onProgress,
          expected: expected ?? undefined,
          checkpoint: checkpoint ?? undefined,
          blobs: blobs ?? undefined,
        }),
      );
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/admin/replay",
    operationId: "replayLog",
    summary: "Fold the whole log from zero beside the view, and compare the two",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    body: { "application/json": z.object({}) },
    response: z.string(),
    responseTypes: [ndjson],
    refusals: [400, 413, 415],
    handle: async ({ context, store }) => {
      await streamProgress<Progress>(context, (onProgress) => store.replay({ onProgress }));
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/admin/rescue",
    operationId: "rescueFile",
    summary: "Copy what is still open of a file that was deleted or replaced under the server",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    body: { "application/json": z.object({}) },
    response: RescueReport,
    refusals: [400, 409, 413, 415],
    handle: async ({ context, store }) => {
      setCache(context, "none");
      context.body = await store.rescue();
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/admin/projections/{name}/rebuild",
    operationId: "rebuildProjection",
    summary: "Fold a read model anew from the log and swap it in",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    body: { "application/json": z.object({}) },
    response: z.string(),
    responseTypes: [ndjson],
    refusals: [400, 404, 413, 415],
    handle: async ({ context, store, params }) => {
      if (params["name"] !== "view") {
        throw new BucketsError(
          "NOT_FOUND",
          `There is no projection "${params["name"]}"; there is "view".`,
        );
      }
      await streamProgress<Progress>(context, (onProgress) => store.rebuild({ onProgress }));
    },
  }),
];
