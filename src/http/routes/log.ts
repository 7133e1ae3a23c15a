/** The routes about the whole log: its head, its proof, and the read models that are made from it. */
import { Readable } from "node:stream";
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import { parseBody } from "../../domain/schemas.js";
import { blobChecks, HeadAnswer } from "../../service/interface.js";
import { setCache } from "../headers.js";
import { defineRoute, type HttpContext, noQuery, type Route } from "../route.js";

const VerifyRequest = z.object({
  expected: z
    .object({ position: z.number().int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) })
    .nullish()
    .meta({ description: "A head that was noted elsewhere, which the log must still contain." }),
  blobs: z
    .enum(blobChecks)
    .nullish()
    .meta({ description: "Whether bytes are there, or are hashed again; existence unless sent." }),
});

const ndjson = "application/x-ndjson";

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
    response: z.string(),
    responseTypes: [ndjson],
    refusals: [400, 413, 415, 422],
    handle: async ({ context, store, body }) => {
      const { expected, blobs } = parseBody(VerifyRequest, body ?? {});
      streamProgress(context, (onProgress) =>
        store.verify({
          onProgress,
          expected: expected ?? undefined,
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
      streamProgress(context, (onProgress) => store.replay({ onProgress }));
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
      streamProgress(context, (onProgress) => store.rebuild({ onProgress }));
    },
  }),
];

type Progress = { readonly done: number; readonly total: number };

/** Answers with a line for each step of the work, and its report as the last line. */
function streamProgress(
  context: HttpContext,
  work: (onProgress: (progress: Progress) => void) => Promise<object>,
): void {
  setCache(context, "none");
  context.type = ndjson;
  const lines = new Readable({ read: () => {}, encoding: "utf8" });
  const push = (line: object) => lines.push(`${JSON.stringify(line)}\n`);
  context.body = lines;
  work((progress) => push({ progress })).then(
    (report) => {
      push(report);
      lines.push(null);
    },
    (error) => lines.destroy(error),
  );
}
