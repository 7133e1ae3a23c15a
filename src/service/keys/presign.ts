/**
 * Signs the right to upload or download one content until a time, so that a URL can carry it in
 * place of a token. The key is derived from the store's secret key, which itself signs nothing.
 */
import { createHmac, hash, hkdfSync, timingSafeEqual } from "node:crypto";
import { limits } from "../../domain/limits.js";
import type { BlobDescription } from "../../domain/object/blob-answers.js";
import type { UploadState } from "../../domain/upload/state.js";

const keyBytes = 32;

/** One content as it is told, for whoever has the URL. */
interface DownloadGrant extends BlobDescription {
  readonly expiresAt: number;
}

type Grant = UploadGrant | DownloadGrant;

export interface UploadGrant {
  readonly uploadId: string;
  /** Milliseconds since the epoch; the grant holds until just before. */
  readonly expiresAt: number;
  /** Undefined when the upload was begun without saying; so it is signed. */
  readonly contentLength: number | undefined;
  readonly contentType: string;
}

export class UrlSigner {
  readonly #secretKey: () => Uint8Array;
  #derived: Uint8Array | undefined;

  /** @param secretKey is asked for on first use only, so that a store without uploads needs none. */
  constructor(secretKey: () => Uint8Array) {
    this.#secretKey = secretKey;
  }

  /** HMAC-SHA256 in base64url: 43 characters, safe in a URL. */
  sign(grant: Grant): string {
    return createHmac("sha256", this.#key()).update(canonicalText(grant)).digest("base64url");
  }

  /** Whether the signature is of exactly this grant and the grant still holds, in constant time. */
  verify(grant: Grant, signature: string, now: number): boolean {
    // Digests are of one length, whatever was sent.
    const isSigned = timingSafeEqual(digestOf(signature), digestOf(this.sign(grant)));
    return isSigned && now < grant.expiresAt;
  }

  #key(): Uint8Array {
    this.#derived ??= new Uint8Array(
      hkdfSync("sha256", this.#secretKey(), "", "bucketlog presigned upload", keyBytes),
    );
    return this.#derived;
  }
}

/** JSON, so that no text in one field can pass for the end of it. */
function canonicalText(grant: Grant): string {
  if ("hash" in grant) {
    const { hash: digest, sizeBytes, mimeType, filename, expiresAt } = grant;
    return JSON.stringify(["GET", digest, sizeBytes, mimeType, filename, expiresAt]);
  }
  const { uploadId, expiresAt, contentLength, contentType } = grant;
  return JSON.stringify(["PUT", uploadId, expiresAt, contentLength, contentType]);
}

function digestOf(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

/**
 * The URL under which the bytes of the upload are taken, for a caller who reaches the server there;
 * undefined where there is no server to send them to.
 */
export function presignedUrl(
  signer: UrlSigner,
  { publicUrl }: { readonly publicUrl: string },
  state: UploadState,
): string | undefined {
  if (publicUrl === "") return undefined;
  const signature = signer.sign(grantOf(state));
  return `${publicUrl}/v1/uploads/${state.upload_id}?signature=${signature}`;
}

/** All that the holder of the URL may do. */
export function grantOf({ upload_id: uploadId, document, expires_at }: UploadState): UploadGrant {
  return {
    uploadId,
    expiresAt: Date.parse(expires_at),
    contentLength: document.file_size_bytes,
    contentType: document.content_type,
  };
}

/** Where stored bytes can be fetched for an hour; undefined where there is no server. */
export function downloadUrl(
  signer: UrlSigner,
  { publicUrl }: { readonly publicUrl: string },
  blob: BlobDescription,
  now: number,
): string | undefined {
  if (publicUrl === "") return undefined;
  const grant = { ...blob, expiresAt: now + limits.downloadSeconds * 1_000 };
  const query = new URLSearchParams({
    size: String(blob.sizeBytes),
    ...(blob.mimeType !== undefined && { type: blob.mimeType }),
    ...(blob.filename !== undefined && { filename: blob.filename }),
    expires: String(grant.expiresAt),
    signature: signer.sign(grant),
  });
  return `${publicUrl}/v1/downloads/${blob.hash}?${query}`;
}
