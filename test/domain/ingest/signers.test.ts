/**
 * Goal: what the senders' own libraries sign is believed, and what we believe they believe too.
 * Method: @mux/mux-node and standardwebhooks sign; every byte of body and header is spoilt in turn.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import Mux from "@mux/mux-node";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { AdapterType } from "../../../src/domain/bucket/source-adapter.js";
import { type Cryptography, verifyDelivery } from "../../../src/domain/ingest/signature.js";
import { type SignedDelivery, signMux, signStandard } from "../../support/signers.js";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const cryptography: Cryptography = {
  hmac: (algorithm, key, message) => createHmac(algorithm, key).update(message).digest(),
  isSame: (a, b) => timingSafeEqual(digest(a), digest(b)),
};

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = '{"type":"video.asset.ready","id":"é","data":{"id":"a1"}}';

function verdict(type: AdapterType, { headers, body }: SignedDelivery, now: number) {
  const lists = Object.entries(headers).map(([name, value]) => [name, [value]]);
  const delivery = { headers: Object.fromEntries(lists), body: Buffer.from(body) };
  return verifyDelivery(type, delivery, [secret], now, cryptography).kind;
}

/** The delivery with one character of one of its texts turned into another. */
function* spoilt({ headers, body }: SignedDelivery): Iterable<SignedDelivery> {
  for (let at = 0; at < body.length; at += 1) yield { headers, body: turned(body, at) };
  for (const [name, value] of Object.entries(headers)) {
    for (let at = 0; at < value.length; at += 1) {
      yield { body, headers: { ...headers, [name]: turned(value, at) } };
    }
  }
}

function turned(text: string, at: number): string {
  const other = text[at] === "7" ? "8" : "7";
  return text.slice(0, at) + other + text.slice(at + 1);
}

describe("what Mux signs", () => {
  const now = Date.now();

  test("is not believed with any one character changed", async () => {
    const signed = await signMux(secret, body, now);
    const believed = [...spoilt(signed)].filter((it) => verdict("mux", it, now) === "verified");
    expect(believed).toEqual([]);
  });

  test("is not believed before its time nor after", async () => {
    const late = await signMux(secret, body, now - 301_000);
    const early = await signMux(secret, body, now + 301_000);
    expect(verdict("mux", late, now)).toBe("unverified");
    expect(verdict("mux", early, now)).toBe("unverified");
  });

  test("is believed, as their own library believes it", async () => {
    const signed = await signMux(secret, body, now);
    const mux = new Mux({ tokenId: "none", tokenSecret: "none", webhookSecret: secret });
    await mux.webhooks.verifySignature(signed.body, { ...signed.headers });
    expect(verdict("mux", signed, now)).toBe("verified");
  });
});

describe("what Svix signs, whose scheme became Standard Webhooks", () => {
  const now = Date.now();
  const signed = signStandard(secret, "msg_1", body, now, "svix");

  test("is not believed with any one character changed, nor half under other names", () => {
    const names = Object.keys(signed.headers);
    const mixed = names.map((name) => {
      const { [name]: value = "", ...others } = signed.headers;
      return { body, headers: { ...others, [name.replace("svix", "webhook")]: value } };
    });
    const believed = [...spoilt(signed), ...mixed].filter(
      (it) => verdict("generic_webhook", it, now) === "verified",
    );
    expect(believed).toEqual([]);
  });

  test("is believed, also beside the other names", () => {
    const others = signStandard(secret, "msg_1", body, now).headers;
    const both = { body, headers: { ...others, ...signed.headers } };
    for (const it of [signed, both]) expect(verdict("generic_webhook", it, now)).toBe("verified");
    for (const type of ["mux", "supabase"] as const) {
      expect(verdict(type, signed, now)).toBe("unverified");
    }
  });
});

describe("what Standard Webhooks sign", () => {
  const now = Date.now();

  test("is not believed with any one character changed", () => {
    const signed = signStandard(secret, "msg_1", body, now);
    const believed = [...spoilt(signed)].filter(
      (it) => verdict("generic_webhook", it, now) === "verified",
    );
    expect(believed).toEqual([]);
  });

  test("is not believed before its time nor after", () => {
    const late = signStandard(secret, "msg_1", body, now - 301_000);
    const early = signStandard(secret, "msg_1", body, now + 301_000);
    expect(verdict("generic_webhook", late, now)).toBe("unverified");
    expect(verdict("generic_webhook", early, now)).toBe("unverified");
  });

  test("is believed, as their own library believes it", () => {
    const signed = signStandard(secret, "msg_1", body, now);
    new Webhook(secret).verify(signed.body, { ...signed.headers });
    expect(verdict("generic_webhook", signed, now)).toBe("verified");
  });
});
