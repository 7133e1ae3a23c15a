/** Blobs as histories have them, brought into the form in which they are sent. */
import { BucketsError } from "../../domain/errors.js";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../../domain/json.js";
import { PreparedBlob } from "../../domain/object/blobs.js";
import { parseBody } from "../../domain/schemas.js";

/** The bytes of a content, by its hash; undefined when they are not there. */
export type BytesOf = (hash: string) => Promise<Uint8Array | undefined>;

export function blobIdsIn(list: JsonValue): readonly string[] {
  return blobsIn(list).map(({ blob_id: id }) => String(id));
}

/**
 * The list to send for one that is to be kept.
 * @param before the blobs that are there already, which go by their ids.
 * @throws BAD_REQUEST for content that is not there.
 */
export async function blobsToSend(
  list: JsonValue,
  before: JsonValue,
  bytesOf: BytesOf,
): Promise<JsonValue> {
  const there = new Set(blobIdsIn(before));
  const sent: JsonObject[] = [];
  for (const blob of blobsIn(list)) {
    const { blob_id: id = null, properties = {} } = blob;
    const isKept = there.has(String(id));
    sent.push(isKept ? { blob_id: id, properties } : await newBlob(blob, bytesOf));
  }
  return sent;
}

function blobsIn(list: JsonValue): readonly JsonObject[] {
  return isJsonArray(list) ? list.filter(isJsonObject) : [];
}

async function newBlob(kept: JsonObject, bytesOf: BytesOf): Promise<JsonObject> {
  const blob = parseBody(PreparedBlob, kept, ["blobs"]);
  return {
    property: blob.property,
    type: blob.type,
    metadata: blob.properties,
    ...(blob.key_prefix !== undefined && { key_prefix: blob.key_prefix }),
    data: await dataOf(blob, bytesOf),
  };
}

async function dataOf({ source, details }: PreparedBlob, bytesOf: BytesOf): Promise<JsonValue> {
  const { filename, mime_type: mimeType, size_bytes: size } = details;
  const described = {
    ...(filename !== undefined && { filename }),
    ...(mimeType !== undefined && { mime_type: mimeType }),
  };
  switch (source.kind) {
    case "url":
      return { url: source.url, ...(size > 0 && { size_bytes: size }), ...described };
    case "value":
      return valueAsSent(source.value, mimeType);
    case "stored":
    case "upload": {
      const bytes = await bytesOf(source.hash);
      if (bytes === undefined) throw missing(source.hash);
      return { base64: Buffer.from(bytes).toString("base64"), ...described };
    }
  }
}

/** A text of another type than plain came as a data URI. */
function valueAsSent(value: JsonValue, mimeType: string | undefined): JsonValue {
  const isPlain = mimeType === undefined || mimeType === "text/plain";
  if (typeof value !== "string" || isPlain || mimeType === "application/json") return value;
  return `data:${mimeType},${encodeURIComponent(value)}`;
}

function missing(hash: string): BucketsError {
  return new BucketsError(
    "BAD_REQUEST",
    `The bytes of the blob ${hash} are not in a history: name the folder that has them (blobs).`,
    { hash },
  );
}
