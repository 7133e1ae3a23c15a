/** What the signature of an upload's URL is made over: all that the holder of the URL is allowed. */

export interface UploadGrant {
  readonly uploadId: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** In bytes; undefined where any length up to the limit is allowed. */
  readonly contentLength: number | undefined;
  readonly contentType: string;
}

/** The text that is signed; no two grants share one, because JSON keeps the parts apart. */
export function uploadSigningText(grant: UploadGrant): string {
  const { uploadId, expiresAt, contentLength, contentType } = grant;
  return JSON.stringify(["upload", uploadId, expiresAt, contentLength ?? null, contentType]);
}
