/**
 * Goal: only who knows a secret, now, is believed, and nothing that is sent makes the check throw.
 * Method: deliveries signed with node's own crypto, spoilt by one fault each, and by any one byte.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AdapterType } from "../../../src/domain/bucket/source-adapter.js";
import {
  type Cryptography,
  type Delivery,
  verifyDelivery,
} from "../../../src/domain/ingest/signature.js";
import { seed } from "../arbitraries.js";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const cryptography: Cryptography = {
  hmac: (algorithm, key, message) => createHmac(algorithm, key).update(message).digest(),
  isSame: (a, b) => timingSafeEqual(digest(a), digest(b)),
};

const now = Date.parse("2026-10-01T12:00:00.000Z");
const seconds = now / 1000;
const body = Buffer.from('{"type":"video.asset.ready","id":"é"}');
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const otherSecret = "whsec_c2VjcmV0LW51bWJlci10d28=";

function sign(key: string | Buffer, prefix = ""): Buffer {
  return createHmac("sha256", key).update(prefix).update(body).digest();
}
const hex = (key: string, prefix?: string) => sign(key, prefix).toString("hex");
const standardKey = (whsec: string) => Buffer.from(whsec.slice("whsec_".length), "base64");
const standard = (whsec: string, id = "msg_1", time = String(seconds)) =>
  `v1,${sign(standardKey(whsec), `${id}.${time}.`).toString("base64")}`;

type Headers = Record<string, string | string[]>;

function deliver(headers: Headers): Delivery {
  const lists = Object.entries(headers).map(([name, value]) => [name, [value].flat()]);
  return { headers: Object.fromEntries(lists), body };
}

function verdict(type: AdapterType, headers: Headers, secrets: readonly string[] = [secret]) {
  return verifyDelivery(type, deliver(headers), secrets, now, cryptography);
}

const mux = (time: number | string, ...signatures: string[]) => ({
  "mux-signature": [`t=${time}`, ...signatures].join(","),
});
const v1 = (time: number | string = seconds) => `v1=${hex(secret, `${time}.`)}`;
const webhook = (signature: string, id = "msg_1", time = String(seconds)) => ({
  "webhook-id": id,
  "webhook-timestamp": time,
  "webhook-signature": signature,
});
const unverified = { kind: "unverified" };

describe("a delivery is not believed", () => {
  const good = mux(seconds, v1())["mux-signature"];
  test.each<[string, AdapterType, Headers]>([
    ["without headers", "mux", {}],
    ["without headers", "supabase", {}],
    ["without headers", "generic_webhook", {}],
    ["with a header of another adapter", "mux", { "x-mixpeek-secret": secret }],
    ["with a header twice", "mux", { "mux-signature": [good, good] }],
    ["with an empty header", "mux", { "mux-signature": "" }],
    ["without a time", "mux", { "mux-signature": v1() }],
    ["with two times", "mux", { "mux-signature": `t=${seconds},${good}` }],
    ["with another time than was signed", "mux", mux(seconds + 1, v1())],
    ["301 s old", "mux", mux(seconds - 301, v1(seconds - 301))],
    ["301 s ahead", "mux", mux(seconds + 301, v1(seconds + 301))],
    ["with a time in milliseconds", "mux", mux(now, v1(now))],
    ["with a negative time", "mux", mux(-seconds, v1(-seconds))],
    ["with a time that is NaN", "mux", mux("NaN", v1("NaN"))],
    ["with a time with an exponent", "mux", mux("1e9", v1("1e9"))],
    ["with half a signature", "mux", mux(seconds, v1().slice(0, -2))],
    ["with an odd number of digits", "mux", mux(seconds, v1().slice(0, -1))],
    ["with a signature that is no hex", "mux", mux(seconds, "v1=zz")],
    ["with an empty signature", "mux", mux(seconds, "v1=")],
    ["with an unknown version alone", "mux", mux(seconds, v1().replace("v1", "v0"))],
    ["with another secret", "supabase", { "x-webhook-secret": otherSecret }],
    ["with the beginning of the secret", "supabase", { "x-webhook-secret": secret.slice(0, -1) }],
    ["with an empty secret", "supabase", { "x-webhook-secret": "" }],
    ["with the secret twice", "supabase", { "x-webhook-secret": [secret, secret] }],
    ["signed by another", "supabase", { "x-supabase-signature": hex(otherSecret) }],
    ["signed without prefix", "generic_webhook", { "x-webhook-signature": hex(secret) }],
    ["of another algorithm", "generic_webhook", { "x-webhook-signature": `sha1=${hex(secret)}` }],
    ["of v1a", "generic_webhook", webhook(standard(secret).replace("v1,", "v1a,"))],
    ["with a lone version", "generic_webhook", webhook("v1,")],
    ["with bad base64", "generic_webhook", webhook(`${standard(secret)}=`)],
    ["without an id", "generic_webhook", webhook(standard(secret, ""), "")],
    ["with a dot in its id", "generic_webhook", webhook(standard(secret, "a.b"), "a.b")],
    ["with another id", "generic_webhook", webhook(standard(secret), "msg_2")],
    [
      "stale, in Standard Webhooks",
      "generic_webhook",
      webhook(standard(secret, "msg_1", "1"), "msg_1", "1"),
    ],
  ])("%s (%s)", (_, type, headers) => {
    expect(verdict(type, headers)).toEqual(unverified);
  });

  test("when no secret is active, not even with an empty one", () => {
    const empty = { "x-webhook-secret": "" };
    expect(verdict("supabase", empty, [])).toEqual(unverified);
    expect(verdict("supabase", empty, [""])).toEqual(unverified);
  });

  test("when the secret of the bucket is no base64", () => {
    expect(verdict("generic_webhook", webhook(standard(secret)), ["whsec_*"])).toEqual(unverified);
  });

  test("by headers that an object has by nature", () => {
    const headers = Object.create({ "x-webhook-secret": [secret] });
    const delivery = { headers, body };
    expect(verifyDelivery("supabase", delivery, [secret], now, cryptography)).toEqual(unverified);
  });
});

type Accepted = [title: string, type: AdapterType, headers: Headers, deliveryId?: string];

const accepted: readonly Accepted[] = [
  ["mux", "mux", mux(seconds, v1())],
  ["mux, 300 s old", "mux", mux(seconds - 300, v1(seconds - 300))],
  ["mux, 300 s ahead", "mux", mux(seconds + 300, v1(seconds + 300))],
  ["mux, of several signatures", "mux", mux(seconds, "v0=00", `v1=${hex("old")}`, v1())],
  ["supabase by secret", "supabase", { "x-webhook-secret": secret }],
  ["supabase by HMAC", "supabase", { "x-supabase-signature": hex(secret).toUpperCase() }],
  ["generic by secret", "generic_webhook", { "x-mixpeek-secret": secret }],
  ["generic by HMAC", "generic_webhook", { "x-webhook-signature": `sha256=${hex(secret)}` }],
  ["Standard Webhooks", "generic_webhook", webhook(standard(secret)), "msg_1"],
  [
    "Standard Webhooks, of several signatures",
    "generic_webhook",
    webhook(`v1a,AAAA ${standard(otherSecret)} ${standard(secret)}`),
    "msg_1",
  ],
];

describe("a delivery is believed", () => {
  test.each(accepted)("%s", (...[, type, headers, deliveryId]: Accepted) => {
    expect(verdict(type, headers)).toEqual({ kind: "verified", ...(deliveryId && { deliveryId }) });
  });

  test("by either of two active secrets, and by neither once it is gone", () => {
    for (const [, type, headers] of accepted) {
      expect(verdict(type, headers, [otherSecret, secret]).kind).toBe("verified");
      expect(verdict(type, headers, ["another"]).kind).toBe("unverified");
    }
  });

  test("by the vector of Standard Webhooks", () => {
    const delivery: Delivery = {
      headers: {
        "webhook-id": ["msg_p5jXN8AQM9LWM0D4loKWxJek"],
        "webhook-timestamp": ["1614265330"],
        "webhook-signature": ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
      },
      body: Buffer.from('{"test": 2432232314}'),
    };
    const at = 1_614_265_330_000;
    expect(verifyDelivery("generic_webhook", delivery, [secret], at, cryptography)).toEqual({
      kind: "verified",
      deliveryId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    });
  });

  test("by a secret without prefix as its own text", () => {
    const text = "plain text";
    const signature = `v1,${sign(text, `msg_1.${seconds}.`).toString("base64")}`;
    expect(verdict("generic_webhook", webhook(signature), [text]).kind).toBe("verified");
  });
});

describe("on random mutations", () => {
  test("one changed byte of the body is never believed where the body is signed", () => {
    const plain = ["x-webhook-secret", "x-mixpeek-secret"];
    const overBody = accepted.filter(([, , headers]) => !plain.some((name) => name in headers));
    fc.assert(
      fc.property(
        fc.constantFrom(...overBody),
        fc.nat(body.length - 1),
        fc.integer({ min: 1, max: 255 }),
        ([, type, headers], index, flip) => {
          const spoilt = Uint8Array.from(body, (byte, at) => (at === index ? byte ^ flip : byte));
          const delivery = { ...deliver(headers), body: spoilt };
          expect(verifyDelivery(type, delivery, [secret], now, cryptography)).toEqual(unverified);
        },
      ),
      { seed },
    );
  });

  test("one changed digit of the only signature is never believed", () => {
    const only = [v1(), hex(secret)] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...only),
        fc.nat(63),
        fc.constantFrom(..."0123456789abcdef", "g", " ", ",", "="),
        (signature, index, digit) => {
          const at = signature.length - 64 + index;
          fc.pre(signature[at] !== digit);
          const spoilt = signature.slice(0, at) + digit + signature.slice(at + 1);
          const isMux = signature.startsWith("v1=");
          const headers = isMux ? mux(seconds, spoilt) : { "x-supabase-signature": spoilt };
          expect(verdict(isMux ? "mux" : "supabase", headers)).toEqual(unverified);
        },
      ),
      { seed },
    );
  });

  test("whatever the headers are, nothing is thrown and nothing is believed", () => {
    const names = [
      "mux-signature",
      "x-webhook-secret",
      "x-supabase-signature",
      "x-mixpeek-secret",
      "x-webhook-signature",
      "webhook-id",
      "webhook-timestamp",
      "webhook-signature",
    ];
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("t=", "v1=", "v1,", `t=${seconds},v1=00`, "sha256=", String(seconds)),
    );
    const headers = fc.dictionary(fc.constantFrom(...names), fc.array(text, { maxLength: 3 }));
    const types = fc.constantFrom<AdapterType>("mux", "supabase", "generic_webhook");
    fc.assert(
      fc.property(types, headers, (type, sent) => {
        expect(verdict(type, sent)).toEqual(unverified);
      }),
      { seed },
    );
  });
});
