/** The routes of proofs: what the log has signed, and that an event or an earlier log is in it. */
import { z } from "zod";
import {
  CheckpointAnswer,
  ConsistencyAnswer,
  InclusionAnswer,
  LogAnswer,
} from "../../api/index.js";
import { setCache } from "../headers.js";
import { defineRoute, type HttpContext, noQuery, type Route } from "../route.js";
import { parseLevel, parseTile } from "../tile-path.js";

const place = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const noteTypes = { text: "text/plain", json: "application/json" } as const;

const tileType = "application/octet-stream";

/** @param isPublic whether what others compare is for everybody: checkpoints and the tree, no event. */
export function proofRoutes({ isPublic }: { readonly isPublic: boolean }): readonly Route[] {
  const compared = { permission: isPublic ? undefined : "read", isStoreWide: true } as const;
  const cache = isPublic ? "public" : "final";
  return [
    defineRoute({
      ...compared,
      method: "GET",
      path: "/v1/log/checkpoint",
      operationId: "getCheckpoint",
      summary: "The newest signed head of the log, or the one of a size (C2SP tlog-checkpoint)",
      query: z.strictObject({ size: place.optional() }),
      response: z.string(),
      responseTypes: [noteTypes.text],
      otherResponses: { [noteTypes.json]: CheckpointAnswer },
      refusals: [400, 404],
      handle: async ({ context, store }, query) => {
        sendCheckpoint(context, await store.proofs.checkpoint(query));
      },
    }),
    defineRoute({
      ...compared,
      method: "GET",
      path: "/v1/log/tile/entries/{tile}",
      takesRest: true,
      operationId: "getTileEntries",
      summary: "What the leaves of a tile are made of (C2SP tlog-tiles): chain hashes alone",
      query: noQuery,
      response: z.string(),
      responseTypes: [tileType],
      refusals: [400, 404],
      handle: async ({ context, store, params }) => {
        const bytes = await store.proofs.tileEntries(parseTile(params["tile"] ?? ""));
        sendTile(context, bytes, cache);
      },
    }),
    defineRoute({
      ...compared,
      method: "GET",
      path: "/v1/log/tile/{level}/{tile}",
      takesRest: true,
      operationId: "getTile",
      summary: "Consecutive hashes of the tree over the log (C2SP tlog-tiles)",
      query: noQuery,
      response: z.string(),
      responseTypes: [tileType],
      refusals: [400, 404],
      handle: async ({ context, store, params }) => {
        const tile = parseTile(params["tile"] ?? "");
        const bytes = await store.proofs.tile({
          level: parseLevel(params["level"] ?? ""),
          ...tile,
        });
        sendTile(context, bytes, cache);
      },
    }),
    defineRoute({
      ...compared,
      method: "GET",
      path: "/v1/log/proofs/consistency",
      operationId: "proveConsistency",
      summary: "That an earlier log is the beginning of a later one",
      query: z.strictObject({ from: place, to: place }),
      response: ConsistencyAnswer,
      refusals: [400, 404],
      handle: async ({ context, store }, query) => {
        setCache(context, "none");
        context.body = await store.proofs.consistency(query);
      },
    }),
    inclusionRoute,
    signRoute,
    ownLogRoute,
  ];
}

const inclusionRoute = defineRoute({
  method: "GET",
  path: "/v1/log/proofs/inclusion",
  operationId: "proveInclusion",
  summary: "That an event is in the log as it was signed; as text, a file that proves its header",
  permission: "read",
  isStoreWide: true,
  query: z.strictObject({ position: place, size: place.optional() }),
  response: InclusionAnswer,
  responseTypes: [noteTypes.json],
  otherResponses: { [noteTypes.text]: z.string() },
  refusals: [400, 404],
  handle: async ({ context, store }, { position, size }) => {
    setCache(context, "none");
    if (context.accepts(noteTypes.json, noteTypes.text) !== noteTypes.text) {
      context.body = await store.proofs.inclusion({ position, size });
      return;
    }
    context.body = await store.proofs.event(position, { size });
    context.type = `${noteTypes.text}; charset=utf-8`;
  },
});

const signRoute = defineRoute({
  method: "POST",
  path: "/v1/admin/checkpoints",
  operationId: "signCheckpoint",
  summary: "Sign the log as it is now",
  permission: "admin",
  isStoreWide: true,
  query: noQuery,
  body: { "application/json": z.object({}) },
  response: z.string(),
  responseTypes: [noteTypes.text],
  otherResponses: { [noteTypes.json]: CheckpointAnswer },
  refusals: [400, 409, 413, 415, 507],
  handle: async ({ context, store }) => {
    sendCheckpoint(context, await store.proofs.sign());
  },
});

const ownLogRoute = defineRoute({
  method: "GET",
  path: "/v1/admin/log",
  operationId: "getLog",
  summary:
    "What happened to the log as a whole: ends that were given up, names and keys that changed",
  permission: "admin",
  isStoreWide: true,
  query: noQuery,
  response: LogAnswer,
  refusals: [400],
  handle: async ({ context, store }) => {
    setCache(context, "none");
    context.body = await store.proofs.log();
  },
});

function sendTile(context: HttpContext, bytes: Uint8Array, cache: "public" | "final"): void {
  setCache(context, cache);
  context.body = Buffer.from(bytes);
  context.type = tileType;
}

/** The note as it is signed, or what it says as JSON. */
function sendCheckpoint(context: HttpContext, checkpoint: CheckpointAnswer): void {
  setCache(context, "none");
  if (context.accepts(Object.values(noteTypes)) === noteTypes.json) {
    context.body = checkpoint;
    return;
  }
  context.body = checkpoint.note;
  context.type = `${noteTypes.text}; charset=utf-8`;
}
