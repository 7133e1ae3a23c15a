/**
 * Blobs on their way into an object: decoded, measured, hashed, and stored before the command queues,
 * so that the event holds hash and size and no write waits for bytes.
 */
import { hash } from "node:crypto";
import { Readable } from "node:stream";
import type { ServedBlob } from "../../api/index.js";
import type { BlobStore } from "../../blobstore/blob-store.js";
import type { BlobStream, ByteRange } from "../../domain/blob.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { BucketsError, invalidAt } from "../../domain/errors.js";
import { checkBlobUrl } from "../../domain/ingest/ssrf.js";
import { type BlobDescription, describeBlob } from "../../domain/object/blob-answers.js";
import {
  type BlobData,
  classifyBlobData,
  type PreparedBlob,
  staysInEvent,
} from "../../domain/object/blobs.js";
import type { takeBlobs } from "../../domain/object/requests.js";
import type { ObjectResponse } from "../../domain/object/response.js";
import type { TakenContents } from "../../domain/object/taken-contents.js";
import { giveUpContents } from "../blob-references.js";
import type { ServiceParts } from "../parts.js";
import { bytesOf } from "./contents.js";

type Brought = ReturnType<typeof takeBlobs>["blobs"][number];

/** Where the blobs of a write go. */
interface Destination {
  readonly parts: Pick<ServiceParts, "blobs" | "view" | "received" | "fetchPolicy">;
  /** The bucket, which takes objects now. @throws NOT_FOUND, BUCKET_LOCKED */
  readonly owner: () => Promise<BucketState>;
  /** Measure and hash, and keep nothing. */
  readonly isDry: boolean;
  /** Of blobs whose contents were taken out of the body before. */
  readonly contents: TakenContents | undefined;
}

interface PreparedBlobs {
  readonly prepared: readonly PreparedBlob[];
  /** The hashes of what came into the blob store for them. */
  readonly stored: readonly string[];
}

/**
 * Everything is looked at before the first byte is stored, and what is stored is told: of a write that
 * is refused nothing is kept.
 * @throws VALIDATION_FAILED for data that does not fit, and an upload that is not there; what keeps the
 * bucket from taking objects.
 */
export async function prepareBlobs(
  brought: readonly Brought[],
  destination: Destination,
): Promise<PreparedBlobs> {
  const found = brought.map((blob) => {
    const taken = destination.contents?.at(blob.at);
    const data = taken === undefined ? classifyBlobData(blob.request, blob.at) : undefined;
    return { blob, taken, data };
  });
  const isStored = found.some(({ data }) => data === undefined || isToBeStored(data));
  if (isStored) await destination.owner();
  const prepared: PreparedBlob[] = [];
  const stored: string[] = [];
  try {
    for (const { blob, taken, data } of found) {
      const content =
        data === undefined
          ? await store(taken ?? {}, taken?.bytes ?? new Uint8Array(), destination)
          : await contentOf(data, blob, destination);
      prepared.push({ ...describedIn(blob), ...content });
      if (content.source.kind === "stored") stored.push(content.source.hash);
    }
  } catch (error) {
    await giveUpContents(destination.parts, stored);
    throw error;
  }
  return { prepared, stored: destination.isDry ? [] : stored };
}

function isToBeStored(data: BlobData): boolean {
  return data.kind !== "url" && data.kind !== "upload" && !staysInEvent(data);
}

function describedIn({ request, blobId }: Brought): Omit<PreparedBlob, "source" | "details"> {
  return {
    blob_id: blobId,
    property: request.property,
    type: request.type,
    properties: request.metadata ?? {},
    ...(request.key_prefix && { key_prefix: request.key_prefix }),
  };
}

type Content = Pick<PreparedBlob, "source" | "details">;

async function contentOf(
  data: BlobData,
  brought: Brought,
  destination: Destination,
): Promise<Content> {
  switch (data.kind) {
    case "url":
      checkBlobUrl(data.url, ["body", ...brought.at, "data"], destination.parts.fetchPolicy);
      return { source: { kind: "url", url: data.url }, details: detailsOf(data, data.sizeBytes) };
    case "inline":
      return await store(data, bytesOf(data), destination);
    case "text":
      return await keep(data, data.text, bytesOf(data), destination);
    case "json":
      return await keep(data, data.value, bytesOf(data), destination);
    case "upload":
      return await uploaded(data.uploadId, brought, destination);
  }
}

/** A small value stays in the event; a larger one is stored like any bytes. */
async function keep(
  data: Extract<BlobData, { readonly kind: "text" | "json" }>,
  value: Extract<PreparedBlob["source"], { readonly kind: "value" }>["value"],
  bytes: Uint8Array,
  destination: Destination,
): Promise<Content> {
  if (!staysInEvent(data)) return await store(data, bytes, destination);
  return {
    source: { kind: "value", value },
    details: detailsOf(data, bytes.length, hash("sha256", bytes)),
  };
}

async function store(
  data: Described,
  bytes: Uint8Array,
  { parts, isDry }: Destination,
): Promise<Content> {
  const digest = isDry
    ? hash("sha256", bytes)
    : (await parts.blobs.write(Readable.from(inPieces(bytes)))).hash;
  return {
    source: { kind: "stored", hash: digest },
    details: detailsOf(data, bytes.length, digest),
  };
}

const pieceBytes = 256 * 1024;

/** To hash it, and to write it, at a stretch would keep others waiting. */
function* inPieces(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** What was uploaded and confirmed in this bucket. */
async function uploaded(
  uploadId: string,
  { at }: Brought,
  { parts, owner }: Destination,
): Promise<Content> {
  const { bucket_id: bucketId } = await owner();
  const state = await parts.view.state(uploadId);
  const isThere =
    state?.kind === "upload" && state.bucket_id === bucketId && state.deleted === undefined;
  if (!isThere || state.hash === undefined) {
    throw invalidAt(
      ["body", ...at, "upload_id"],
      "unknown_upload",
      `There is no confirmed upload "${uploadId}" in this bucket.`,
    );
  }
  const { filename, content_type: mimeType } = state.document;
  return {
    source: { kind: "upload", upload_id: uploadId, hash: state.hash },
    details: detailsOf({ filename, mimeType }, state.size_bytes ?? 0, state.hash),
  };
}

interface Described {
  readonly filename?: string | undefined;
  readonly mimeType?: string | undefined;
}

function detailsOf(
  { filename, mimeType }: Described,
  sizeBytes: number,
  digest?: string,
): PreparedBlob["details"] {
  return {
    ...(filename !== undefined && { filename }),
    size_bytes: sizeBytes,
    ...(mimeType !== undefined && { mime_type: mimeType }),
    ...(digest !== undefined && { hash: digest }),
  };
}

/** @throws NOT_FOUND for a URL, which is recorded and never fetched. */
export function blobAnswer(
  blob: ObjectResponse["blobs"][number],
  blobs: Pick<BlobStore, "read">,
): ServedBlob {
  const known = describeBlob(blob);
  const { value, type } = blob;
  if (value === undefined) return { ...known, read: (range) => openBlob(known, blobs, range) };
  // What stays in the event is small.
  const bytes = Buffer.from(
    type === "text" && typeof value === "string" ? value : JSON.stringify(value),
  );
  return {
    ...known,
    read: async ({ start, end } = { start: 0, end: bytes.length }) =>
      Readable.from([bytes.subarray(start, end + 1)]),
  };
}

/** @throws FILE_INVALID when the bytes are missing or not as many as they were. */
export async function openBlob(
  { hash: digest, sizeBytes }: BlobDescription,
  blobs: Pick<BlobStore, "read">,
  range: ByteRange | undefined,
): Promise<BlobStream> {
  const content = await blobs.read(digest, range);
  if (content?.sizeBytes === sizeBytes) return content.stream;
  content?.stream.destroy();
  throw new BucketsError(
    "FILE_INVALID",
    `The bytes of the blob ${digest} are ${content === undefined ? "missing" : "not complete"}.`,
    { hash: digest },
  );
}
