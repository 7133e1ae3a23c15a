/** What an answered object tells of the bytes of its blobs. */
import { BucketsError } from "../errors.js";
import type { ObjectResponse } from "./response.js";

/** What is known of the bytes of a blob. */
export interface BlobDescription {
  /** SHA-256 in lower-case hex; the entity tag. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** As it was declared: a hint, which is not trusted. */
  readonly mimeType: string | undefined;
  readonly filename: string | undefined;
}

type ObjectBlob = ObjectResponse["blobs"][number];

/** @throws NOT_FOUND */
export function findBlob({ object_id, blobs }: ObjectResponse, id: string): ObjectBlob {
  const blob = blobs.find(({ blob_id }) => blob_id === id);
  if (blob !== undefined) return blob;
  throw new BucketsError("NOT_FOUND", `The object ${object_id} has no blob "${id}".`, {
    resource: "blob",
    identifier: id,
  });
}

/** @throws NOT_FOUND for a URL, which is recorded and never fetched. */
export function describeBlob({ url, details }: ObjectBlob): BlobDescription {
  const { hash, size_bytes: sizeBytes, mime_type: mimeType, filename } = details;
  if (url === undefined && hash !== undefined) return { hash, sizeBytes, mimeType, filename };
  throw new BucketsError("NOT_FOUND", "The blob is a URL, which was never fetched: get it there.", {
    resource: "blob",
    url,
  });
}

/** The object with a signed URL among the properties of each blob whose bytes are here. */
export function withUrls(
  object: ObjectResponse,
  urlOf: (blob: BlobDescription) => string | undefined,
): ObjectResponse {
  const blobs = object.blobs.map((blob) => {
    const { url, value, details } = blob;
    const { hash, size_bytes: sizeBytes, mime_type: mimeType, filename } = details;
    if (url !== undefined || value !== undefined || hash === undefined) return blob;
    const presigned_url = urlOf({ hash, sizeBytes, mimeType, filename });
    if (presigned_url === undefined) return blob;
    return { ...blob, properties: { ...blob.properties, presigned_url } };
  });
  return { ...object, blobs };
}
