/** A small picture of an object in a list: of its first image, where that is kept here and not large. */
import { useEffect, useState } from "preact/hooks";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../client/index.js";
import { useNamespace } from "../../session/namespace.js";
import { useBucket } from "../bucket/use-bucket.js";
import { askSignedUrl, shownKind } from "./signed-url.js";

const bytesMax = 1024 * 1024;

/** Rows that are only scrolled past ask for nothing. */
const patienceMs = 150;

export function Thumbnail({ id, object }: { readonly id: string; readonly object: JsonObject }) {
  const { id: bucket, moment: asOf } = useBucket();
  const objects = useNamespace().objects(bucket);
  const [url, setUrl] = useState<string>();
  const blobId = firstImage(object["blobs"]);
  useEffect(() => {
    if (blobId === undefined) return;
    let isWanted = true;
    const timer = setTimeout(async () => {
      try {
        const signed = await askSignedUrl(objects, { object: id, blobId, asOf });
        if (isWanted) setUrl(signed);
      } catch {
        // The page of the object says what is wrong with it.
      }
    }, patienceMs);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [bucket, id, blobId, asOf]);
  if (url === undefined) return null;
  return <img class="thumbnail" src={url} alt="" onError={() => setUrl(undefined)} />;
}

/** The id of its blob. */
function firstImage(blobs: JsonValue | undefined): string | undefined {
  if (!Array.isArray(blobs)) return undefined;
  return blobs.map(keptImage).find((blobId) => blobId !== undefined);
}

function keptImage(blob: JsonValue): string | undefined {
  if (!isJsonObject(blob) || "url" in blob || "value" in blob) return undefined;
  const { blob_id: blobId, details } = blob;
  if (typeof blobId !== "string" || !isJsonObject(details)) return undefined;
  const { mime_type: declared, size_bytes: bytes } = details;
  const isImage = typeof declared === "string" && shownKind(declared) === "image";
  return isImage && typeof bytes === "number" && bytes <= bytesMax ? blobId : undefined;
}
