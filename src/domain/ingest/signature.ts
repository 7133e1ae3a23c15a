/**
 * Whether a delivery comes from who knows the secret (CONTRACT: source adapters). Every scheme is
 * read into one form, and all is checked the same way; what is missing, sent twice, malformed or of an
 * unknown version counts for nothing, so that all of it ends as "unverified".
 *
 * The cryptography is handed in, because the domain has none: an HMAC, and a comparison that takes
 * the same time wherever the bytes differ and whatever their lengths are.
 */
import type { AdapterType } from "../bucket/source-adapter.js";
import { limits } from "../limits.js";

export interface Delivery {
  /** By name in lower case, every value that was sent. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** The raw bytes, before anybody parsed them. */
  readonly body: Uint8Array;
}

export interface Cryptography {
  readonly hmac: (algorithm: "sha256", key: Uint8Array, message: Uint8Array) => Uint8Array;
  readonly isSame: (a: Uint8Array, b: Uint8Array) => boolean;
}

export type Verdict =
  /** The id is there when the signature covers it. */
  { readonly kind: "verified"; readonly deliveryId?: string } | { readonly kind: "unverified" };

/** What a sender says about a delivery; any one of the proofs is enough. */
interface Signed {
  readonly proofs: readonly Uint8Array[];
  /** What the HMAC is over; undefined when the proof is the secret itself. */
  readonly message: Uint8Array | undefined;
  readonly keyOf: (secret: string) => Uint8Array | undefined;
  /** In seconds; undefined for a scheme that has none. */
  readonly timestamp: number | undefined;
  readonly deliveryId: string | undefined;
}

/** The secrets are those that are active: two while one is being replaced. `now` is in ms. */
export function verifyDelivery(
  adapterType: AdapterType,
  delivery: Delivery,
  secrets: readonly string[],
  now: number,
  cryptography: Cryptography,
): Verdict {
  const holding = signedOf(adapterType, delivery)
    .filter((signed) => isFresh(signed, now))
    .find((signed) => secrets.some((secret) => isProven(signed, secret, cryptography)));
  if (holding === undefined) return { kind: "unverified" };
  const { deliveryId } = holding;
  return { kind: "verified", ...(deliveryId !== undefined && { deliveryId }) };
}

/** A time in the future is as wrong as one in the past: both would widen the window for replays. */
function isFresh({ timestamp }: Signed, now: number): boolean {
  return timestamp === undefined || Math.abs(now - timestamp * 1000) <= limits.webhookToleranceMs;
}

/** All proofs are compared, and one HMAC is made, however many there are. */
function isProven(signed: Signed, secret: string, { hmac, isSame }: Cryptography): boolean {
  const key = signed.keyOf(secret);
  if (key === undefined || key.length === 0) return false;
  const expected = signed.message === undefined ? key : hmac("sha256", key, signed.message);
  return signed.proofs.filter((proof) => isSame(expected, proof)).length > 0;
}

function signedOf(adapterType: AdapterType, delivery: Delivery): readonly Signed[] {
  switch (adapterType) {
    case "mux":
      return muxSigned(delivery);
    case "supabase":
      return [
        ...secretSigned(delivery, "x-webhook-secret"),
        ...bodySigned(delivery, "x-supabase-signature", ""),
      ];
    case "generic_webhook":
      return [
        ...secretSigned(delivery, "x-mixpeek-secret"),
        ...bodySigned(delivery, "x-webhook-signature", "sha256="),
        ...standardNames.flatMap((name) => standardSigned(delivery, name)),
      ];
  }
}

const plain = { keyOf: utf8, timestamp: undefined, deliveryId: undefined };

/** The header is the secret. */
function secretSigned(delivery: Delivery, name: string): Signed[] {
  const sent = only(delivery, name);
  return sent === undefined ? [] : [{ ...plain, proofs: [utf8(sent)], message: undefined }];
}

/** The header is the HMAC of the body, in hex, behind a prefix. */
function bodySigned(delivery: Delivery, name: string, prefix: string): Signed[] {
  const sent = only(delivery, name);
  if (!sent?.startsWith(prefix)) return [];
  const proof = fromHex(sent.slice(prefix.length));
  return proof === undefined ? [] : [{ ...plain, proofs: [proof], message: delivery.body }];
}

/** `t=<seconds>,v1=<hex>[,v1=<hex>]` over `<t>.<body>`; other versions are no proofs. */
function muxSigned(delivery: Delivery): Signed[] {
  const parts = (only(delivery, "mux-signature") ?? "").split(",").map((part) => part.trim());
  const valuesOf = (name: string) =>
    parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const [time = "", ...moreTimes] = valuesOf("t");
  const timestamp = secondsOf(time);
  if (timestamp === undefined || moreTimes.length > 0) return [];
  const proofs = valuesOf("v1").flatMap((hex) => fromHex(hex) ?? []);
  return [{ ...plain, proofs, message: joined(utf8(`${time}.`), delivery.body), timestamp }];
}

/** The names of Standard Webhooks, and those of Svix, out of which it came. */
const standardNames = ["webhook", "svix"] as const;

/**
 * Standard Webhooks: `v1,<base64>`s with spaces between, over `<id>.<timestamp>.<body>`. An id with
 * a dot is refused, because its end could be read as the timestamp.
 */
function standardSigned(delivery: Delivery, name: (typeof standardNames)[number]): Signed[] {
  const id = only(delivery, `${name}-id`) ?? "";
  const time = only(delivery, `${name}-timestamp`) ?? "";
  const timestamp = secondsOf(time);
  if (id === "" || id.includes(".") || timestamp === undefined) return [];
  const proofs = (only(delivery, `${name}-signature`) ?? "")
    .split(" ")
    .filter((part) => part.startsWith("v1,"))
    .flatMap((part) => fromBase64(part.slice("v1,".length)) ?? []);
  const message = joined(utf8(`${id}.${time}.`), delivery.body);
  return [{ proofs, message, keyOf: standardKey, timestamp, deliveryId: id }];
}

const standardPrefix = "whsec_";

/** A secret of Standard Webhooks is base64 behind its prefix; any other is its own text. */
function standardKey(secret: string): Uint8Array | undefined {
  if (!secret.startsWith(standardPrefix)) return utf8(secret);
  return fromBase64(secret.slice(standardPrefix.length));
}

/** The value of a header that was sent once. */
function only({ headers }: Delivery, name: string): string | undefined {
  const values = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return values?.length === 1 ? values[0] : undefined;
}

function secondsOf(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

const encoder = new TextEncoder();

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

function joined(start: Uint8Array, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(start.length + rest.length);
  bytes.set(start);
  bytes.set(rest, start.length);
  return bytes;
}

function fromHex(text: string): Uint8Array | undefined {
  if (!/^([0-9a-fA-F]{2})+$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Of one spelling only: bits of the last letter that stand for nothing are zero. */
function fromBase64(text: string): Uint8Array | undefined {
  const isBase64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
  if (!isBase64 || btoa(atob(text)) !== text) return undefined;
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
