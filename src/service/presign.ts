/**
 * Signs the right to upload one content until a time, so that a URL can carry it in place of a
 * token. The key is derived from the store's secret key, which itself signs nothing.
 */
import { createHmac, hash, hkdfSync, timingSafeEqual } from "node:crypto";
import type { UploadState } from "../domain/upload/state.js";

const keyBytes = 32;

export interface UploadGrant {
  readonly uploadId: string;
  /** Milliseconds since the epoch; the grant holds until just before. */
  readonly expiresAt: number;
  /** Undefined when the upload was begun without saying; so it is signed. */
  readonly contentLength: number | undefined;
  readonly contentType: string;
}

export class UploadSigner {
  readonly #secretKey: () => Uint8Array;
  #derived: Uint8Array | undefined;

  /** @param secretKey is asked for on first use only, so that a store without uploads needs none. */
  constructor(secretKey: () => Uint8Array) {
    this.#secretKey = secretKey;
  }

  /** HMAC-SHA256 in base64url: 43 characters, safe in a URL. */
  sign(grant: UploadGrant): string {
    return createHmac("sha256", this.#key()).update(canonicalText(grant)).digest("base64url");
  }

  /** Whether the signature is of exactly this grant and the grant still holds, in constant time. */
  verify(grant: UploadGrant, signature: string, now: number): boolean {
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
function canonicalText(grant: UploadGrant): string {
  const { uploadId, expiresAt, contentLength, contentType } = grant;
  return JSON.stringify(["PUT", uploadId, expiresAt, contentLength, contentType]);
}

function digestOf(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

/** The URLs under which the bytes of uploads are taken, for a caller who reaches the server there. */
export class PresignedUrls {
  readonly #signer: UploadSigner;
  readonly #publicUrl: string;

  constructor(signer: UploadSigner, publicUrl: string) {
    this.#signer = signer;
    this.#publicUrl = publicUrl;
  }

  /** Undefined where there is no server to send them to. */
  of(state: UploadState): string | undefined {
    if (this.#publicUrl === "") return undefined;
    const signature = this.#signer.sign(grantOf(state));
    return `${this.#publicUrl}/v1/uploads/${state.upload_id}?signature=${signature}`;
  }
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
