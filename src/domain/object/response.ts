/**
 * An object as it is answered (CONTRACT: objects, response). The URL of a blob, and a value that is
 * kept in the event, are answered with it; stored bytes are fetched by their blob.
 */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { answeredTime, jsonObject, jsonValue } from "../schemas.js";
import { PreparedBlob } from "./blobs.js";
import { blobsOf, userFields } from "./document.js";
import { type ObjectState, ObjectStatus } from "./state.js";

const ObjectBlob = PreparedBlob.omit({ source: true }).extend({
  url: z.string().optional(),
  value: jsonValue.optional(),
});

const ownResponse = z.object({
  bucket_id: z.string(),
  object_id: z.string(),
  key_prefix: z.string().optional(),
  metadata: jsonObject,
  blobs: z.array(ObjectBlob),
  /** The hosted API has others, of what was made of objects. */
  source_details: z.array(z.object({ type: z.literal("bucket"), source_id: z.string() })),
  status: ObjectStatus,
  error: z.string().optional().meta({
    description:
      "Of the hosted API; what failed with an object is told by the batches that had it.",
  }),
  created_at: answeredTime,
  updated_at: answeredTime,
});

/** Beside its own fields an object has those of the user, flat. */
export const ObjectResponse = ownResponse.catchall(z.unknown());
export type ObjectResponse = Readonly<z.infer<typeof ObjectResponse>>;

/**
 * Open, because the user's fields stand at the root: also one that an earlier schema described can
 * be asked for, and one that no object has is simply missing.
 */
export const objectCatalog: FieldCatalog = {
  names: Object.keys(ObjectResponse.shape),
  times: ["created_at", "updated_at"],
  isOpen: true,
};

export function renderObject(state: ObjectState): ObjectResponse {
  // The user's fields go past the schema, which would lose one named `__proto__`.
  return { ...userFields(state.document), ...ownResponse.parse(ownFields(state)) };
}

/** The answer before it is checked, which a list needs of every object that it looks at. */
export function objectFields(state: ObjectState): JsonObject {
  return { ...userFields(state.document), ...ownFields(state) };
}

function ownFields(state: ObjectState): JsonObject {
  const { document } = state;
  const prefix = ownValue(document, "key_prefix");
  return {
    bucket_id: state.bucket_id,
    object_id: state.object_id,
    ...(prefix !== undefined && { key_prefix: prefix }),
    metadata: ownValue(document, "metadata") ?? {},
    blobs: blobsOf(document).map(blobFields),
    source_details: [{ type: "bucket", source_id: state.bucket_id }],
    status: state.status,
    created_at: state.created_at,
    updated_at: state.updated_at,
  };
}

/** The URL stands among the properties as well, where clients of the hosted API look for it. */
function blobFields({ source, ...blob }: JsonObject): JsonObject {
  const shown = isJsonObject(source) ? shownSource(source) : {};
  const own = ownValue(blob, "properties") ?? {};
  const url = ownValue(shown, "url");
  const properties = isJsonObject(own) && url !== undefined ? { url, ...own } : own;
  return { ...blob, properties, ...shown };
}

function shownSource(source: JsonObject): JsonObject {
  const shown = Object.entries(source).filter(([name]) => name === "url" || name === "value");
  return Object.fromEntries(shown);
}

/** The sum of the sizes of its blobs, in bytes; a URL has the size that was declared. */
export function objectSize({ document }: ObjectState): number {
  return blobsOf(document).reduce((sum, blob) => sum + sizeOf(ownValue(blob, "details")), 0);
}

function sizeOf(details: JsonValue | undefined): number {
  const size = isJsonObject(details) ? ownValue(details, "size_bytes") : undefined;
  return typeof size === "number" ? size : 0;
}
