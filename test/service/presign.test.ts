/** Unit: src/service/keys/presign.ts. */
import { createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type UploadGrant, UrlSigner } from "../../src/service/keys/presign.js";

const expiresAt = Date.parse("2026-10-01T12:00:00.000Z");
const before = expiresAt - 1;
const key = new Uint8Array(32).fill(7);
const signer = new UrlSigner(() => key);
const grant: UploadGrant = {
  uploadId: "upl_1",
  expiresAt,
  contentLength: 12,
  contentType: "video/mp4",
};

describe("UrlSigner", () => {
  it.each([
    ["uploadId", { uploadId: "upl_2" }],
    ["expiresAt", { expiresAt: expiresAt + 1 }],
    ["contentLength", { contentLength: 13 }],
    ["contentLength, left out", { contentLength: undefined }],
    ["contentType", { contentType: "text/html" }],
    ["two fields that read as one", { uploadId: 'upl_1",1', contentType: "" }],
  ])("takes no signature for a grant with another %s", (_, change) => {
    const changed = { ...grant, ...change };
    expect(signer.verify(changed, signer.sign(grant), before)).toBe(false);
    expect(signer.verify(changed, signer.sign(changed), before)).toBe(true);
  });

  it("takes no signature of another store", () => {
    const other = new UrlSigner(() => new Uint8Array(32).fill(8));
    expect(signer.verify(grant, other.sign(grant), before)).toBe(false);
  });

  it.each(["", "x", "é".repeat(43), "A".repeat(43), "A".repeat(100_000)])(
    "takes no signature that is none",
    (signature) => {
      expect(signer.verify(grant, signature, before)).toBe(false);
    },
  );

  it("takes no signature with any one character changed, cut off or added", () => {
    const signature = signer.sign(grant);
    for (let at = 0; at < signature.length; at += 1) {
      const other = signature[at] === "A" ? "B" : "A";
      const changed = signature.slice(0, at) + other + signature.slice(at + 1);
      expect(signer.verify(grant, changed, before)).toBe(false);
    }
    for (const changed of [signature.slice(0, -1), `${signature}=`, ` ${signature}`]) {
      expect(signer.verify(grant, changed, before)).toBe(false);
    }
  });

  it("takes its own signature until the grant expires", () => {
    const signature = signer.sign(grant);
    expect(signature).toMatch(/^[\w-]{43}$/);
    expect(signer.verify(grant, signature, before)).toBe(true);
    expect(signer.verify(grant, signature, expiresAt)).toBe(false);
  });

  it("signs the same on every version: HMAC-SHA256 under a key that HKDF derives", () => {
    const derived = hkdfSync("sha256", key, "", "bucketlog presigned upload", 32);
    const text = '["PUT","upl_1",1790856000000,12,"video/mp4"]';
    const expected = createHmac("sha256", new Uint8Array(derived)).update(text).digest("base64url");
    expect(signer.sign(grant)).toBe(expected);
  });

  it("asks for the key on first use only", () => {
    let asked = 0;
    const lazy = new UrlSigner(() => {
      asked += 1;
      return key;
    });
    expect(asked).toBe(0);
    lazy.verify(grant, lazy.sign(grant), before);
    expect(asked).toBe(1);
  });
});
