/** Takes the large contents of new blobs out of a body, decoded, so that what is left of it is small. */
import { isBucketsError } from "../../domain/errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ownValue,
} from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { roughBytes } from "../../domain/measure.js";
import {
  type BlobData,
  BlobRequest,
  classifyBlobData,
  type Location,
  staysInEvent,
} from "../../domain/object/blobs.js";
import { replaceNewBlobs } from "../../domain/object/requests.js";
import { nameOfPlace, type TakenContent } from "../../domain/object/taken-contents.js";
import type { PatchMediaType } from "../../domain/patch-media-type.js";

export type Contents = Map<string, TakenContent>;

/**
 * The body without what is large in its new blobs.
 * @param above where the body is, when it is a part of a larger one.
 * @param contents is given what was taken.
 */
export function takeContents(
  mediaType: PatchMediaType,
  body: JsonValue,
  contents: Contents,
  above: Location = [],
): JsonValue {
  return replaceNewBlobs(mediaType, body, (blob, at) => {
    const content = isLarge(ownValue(blob, "data")) ? contentOf(blob, at) : undefined;
    if (content === undefined) return blob;
    contents.set(nameOfPlace([...above, ...at]), content);
    return { ...blob, data: true };
  });
}

function isLarge(data: JsonValue | undefined): boolean {
  const bytes = typeof data === "string" ? data.length : isTree(data) ? roughBytes(data) : 0;
  return bytes > limits.inlineValueBytesMax;
}

function isTree(data: JsonValue | undefined): data is JsonObject | readonly JsonValue[] {
  return isJsonObject(data) || isJsonArray(data);
}

/** Undefined for what is kept where it is. */
function contentOf(blob: JsonObject, at: Location): TakenContent | undefined {
  const request = BlobRequest.safeParse(blob);
  // The request is refused for its shape, whatever it has for data.
  if (!request.success) return { bytes: new Uint8Array() };
  try {
    const data = classifyBlobData(request.data, at);
    const isElsewhere = data.kind === "url" || data.kind === "upload";
    if (isElsewhere || staysInEvent(data)) return undefined;
    return { bytes: bytesOf(data), filename: data.filename, mimeType: data.mimeType };
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { error };
  }
}

/** What a request has the bytes of. */
export function bytesOf(
  data: Extract<BlobData, { readonly kind: "inline" | "text" | "json" }>,
): Uint8Array {
  switch (data.kind) {
    case "inline":
      return Buffer.from(data.base64, "base64");
    case "text":
      return Buffer.from(data.text);
    case "json":
      return Buffer.from(JSON.stringify(data.value));
  }
}
