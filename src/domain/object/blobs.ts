/**
 * Blobs: what a request may send for one, what kind of data that is, and how a blob is kept. Bytes
 * are measured here and decoded, hashed and stored by the service; URLs are recorded, never fetched.
 */
import { z } from "zod";
import { blobTypes } from "../bucket/choices.js";
import { invalidAt } from "../errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonBytes,
  jsonEqual,
  ownValue,
  toJson,
} from "../json.js";
import { limits } from "../limits.js";
import {
  controlsRefused,
  isNameText,
  jsonObject,
  jsonValue,
  nameText,
  parseBody,
} from "../schemas.js";
import { metadata } from "../user-data.js";
import { blobsOf, keyPrefix } from "./document.js";

export type Location = readonly (string | number)[];

const blobType = z
  .string()
  .transform((type) => type.toLowerCase())
  .pipe(z.enum(blobTypes));

/** Taken and told, of an object and of each of its blobs. */
export const sourceHandling = {
  canonicalize_source: z.boolean().nullish(),
  force_remirror: z.boolean().nullish(),
};

export const BlobRequest = z
  .object({
    property: nameText(limits.blobPropertyLengthMax),
    type: blobType,
    data: jsonValue.optional(),
    /** The same as `data` with a URL. */
    url: z.string().min(1).nullish(),
    upload_id: z.string().min(1).nullish(),
    metadata: metadata.nullish(),
    key_prefix: keyPrefix.nullish(),
    ...sourceHandling,
  })
  .refine(
    ({ data, upload_id, url }) =>
      [data, upload_id, url].filter((part) => part != null).length === 1,
    "Send one of data, upload_id and url.",
  );
export type BlobRequest = z.infer<typeof BlobRequest>;

const BlobDetails = z.object({
  filename: z.string().optional(),
  size_bytes: z.number().int().min(0),
  mime_type: z.string().optional(),
  /** SHA-256 in lower-case hex, of all but URLs. */
  hash: z.string().optional(),
});

const BlobSource = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stored"), hash: z.string() }),
  z.object({ kind: z.literal("url"), url: z.string() }),
  /** A text or JSON value that is small enough for the event. */
  z.object({ kind: z.literal("value"), value: jsonValue }),
  z.object({ kind: z.literal("upload"), upload_id: z.string(), hash: z.string() }),
]);

/** A blob as it is kept in the document. Its content never changes: other content is another blob. */
export const PreparedBlob = z.object({
  blob_id: z.string(),
  property: z.string(),
  type: z.enum(blobTypes),
  properties: jsonObject,
  key_prefix: z.string().optional(),
  source: BlobSource,
  details: BlobDetails,
});
export type PreparedBlob = Readonly<z.infer<typeof PreparedBlob>>;

/** What is said about the content beside it. */
interface Described {
  readonly filename?: string | undefined;
  readonly mimeType?: string | undefined;
}

export type BlobData =
  /** `sizeBytes` is what the request declares, 0 where it does not. */
  | (Described & { readonly kind: "url"; readonly url: string; readonly sizeBytes: number })
  /** `sizeBytes` is that of the decoded bytes. */
  | (Described & { readonly kind: "inline"; readonly base64: string; readonly sizeBytes: number })
  | (Described & { readonly kind: "text"; readonly text: string; readonly sizeBytes: number })
  | (Described & { readonly kind: "json"; readonly value: JsonValue; readonly sizeBytes: number })
  | { readonly kind: "upload"; readonly uploadId: string };

/** True for a value that stays in the event; larger ones are stored by their hash. */
export function staysInEvent(data: BlobData): boolean {
  const isValue = data.kind === "text" || data.kind === "json";
  return isValue && data.sizeBytes <= limits.inlineValueBytesMax;
}

/**
 * What kind of data a request sends for a blob. A string that is an absolute URL or a data URI is
 * that for every type; a text that looks like one is sent as base64. An object of a JSON blob is
 * taken for `{base64}` or `{url}` only when it has no other keys than those have.
 *
 * @param at where the blob is in the body, such as `["blobs", 0]`.
 * @throws VALIDATION_FAILED for data that the type of the blob does not take.
 */
export function classifyBlobData(request: BlobRequest, at: Location): BlobData {
  const { data = null, upload_id: uploadId, url, type } = request;
  if (typeof uploadId === "string") return { kind: "upload", uploadId };
  if (typeof url === "string") {
    return { kind: "url", url: checkedUrl(url, [...at, "url"]), sizeBytes: 0 };
  }
  const place = [...at, "data"];
  if (typeof data === "string") return classifyText(data, type, place);
  if (isJsonObject(data) && isWrapped(data, "base64", type)) return wrappedBytes(data, place);
  if (isJsonObject(data) && isWrapped(data, "url", type)) return wrappedUrl(data, place);
  if (isJsonObject(data) && isNamedByUrl(data)) return urlAsFilename(data, place);
  if (type === "json") return jsonData(data);
  throw misfit(place, `A ${type} blob takes a URL, a data URI, {"base64": ...} or {"url": ...}.`);
}

function classifyText(text: string, type: BlobRequest["type"], at: Location): BlobData {
  if (absoluteUrl.test(text)) return { kind: "url", url: checkedUrl(text, at), sizeBytes: 0 };
  const uri = dataUri.exec(text);
  if (uri !== null) return dataUriContent(text, uri, at);
  if (type === "text") {
    return { kind: "text", text, mimeType: "text/plain", sizeBytes: textBytes(text) };
  }
  if (type === "json") return jsonData(text);
  const fix = 'Send bytes as {"base64": ...} or a data URI, or a URL with its scheme.';
  throw misfit(at, `A ${type} blob takes no plain text. ${fix}`);
}

function jsonData(value: JsonValue): BlobData {
  return { kind: "json", value, mimeType: "application/json", sizeBytes: jsonBytes(value) };
}

const absoluteUrl = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i;
const token = "[a-z0-9!#$&^_.+-]+";
const dataUri = new RegExp(
  `^data:(${token}/${token})?((?:;${token}=(?:${token}|"[^"]*"))*)(;base64)?,`,
  "i",
);

function checkedUrl(text: string, at: Location): string {
  if (text.length > limits.blobUrlLengthMax) {
    throw misfit(at, `Keep a URL within ${limits.blobUrlLengthMax} characters.`);
  }
  if (!absoluteUrl.test(text) || !URL.canParse(text)) {
    throw misfit(at, "Send an absolute URL, such as https://example.com/a.mp4.");
  }
  const { username, password } = new URL(text);
  if (username === "" && password === "") return text;
  throw misfit(at, "Leave user and password out of the URL: it is recorded as it is.");
}

function dataUriContent(text: string, uri: RegExpExecArray, at: Location): BlobData {
  const [head, type = "text/plain", parameters = "", isBase64] = uri;
  const mimeType = `${type}${parameters}`.toLowerCase();
  const content = text.slice(head.length);
  if (isBase64 !== undefined) return inlineBytes(content, { mimeType }, at);
  const decoded = percentDecoded(content);
  if (decoded === undefined) throw misfit(at, "Send a data URI of other than text as base64.");
  return { kind: "text", text: decoded, mimeType, sizeBytes: textBytes(decoded) };
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function inlineBytes(base64: string, described: Described, at: Location): BlobData {
  const sizeBytes = base64Bytes(base64);
  if (sizeBytes === undefined) {
    throw misfit(at, "Send base64 of RFC 4648 section 4, padded and without line breaks.");
  }
  return { kind: "inline", base64, sizeBytes, ...described };
}

/** The number of bytes that the text stands for; undefined when it is no base64. */
export function base64Bytes(text: string): number | undefined {
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  if (text.length % 4 !== 0 || (padding > 0 && text.length === padding)) return undefined;
  if (/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding))) return undefined;
  return (text.length / 4) * 3 - padding;
}

function textBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** An empty one is none, as a null is. */
const name = z.string().max(limits.nameLengthMax).refine(isNameText, controlsRefused).nullish();
const described = { filename: name, mime_type: name };
const Wrapped = {
  base64: z.object({ base64: z.string(), ...described }),
  url: z.object({
    url: z.string(),
    size_bytes: z.int().min(0).max(limits.declaredBytesMax).nullish(),
    ...described,
  }),
};

function isWrapped(data: JsonObject, key: keyof typeof Wrapped, type: BlobRequest["type"]) {
  if (!Object.hasOwn(data, key)) return false;
  return type !== "json" || Object.keys(data).every((name) => name in Wrapped[key].shape);
}

function wrappedBytes(data: JsonObject, at: Location): BlobData {
  const { base64, filename, mime_type } = parseBody(Wrapped.base64, data, at);
  return inlineBytes(base64, describedBy(filename, mime_type), [...at, "base64"]);
}

function wrappedUrl(data: JsonObject, at: Location): BlobData {
  const { url, filename, mime_type, size_bytes } = parseBody(Wrapped.url, data, at);
  const checked = checkedUrl(url, [...at, "url"]);
  return {
    kind: "url",
    url: checked,
    sizeBytes: size_bytes ?? 0,
    ...describedBy(filename, mime_type),
  };
}

/** A URL in the place of the filename, as programs for the hosted API send one. */
function isNamedByUrl(data: JsonObject): boolean {
  const name = ownValue(data, "filename");
  const isAlone = Object.keys(data).every((key) => key in Wrapped.url.shape);
  return isAlone && typeof name === "string" && absoluteUrl.test(name);
}

function urlAsFilename({ filename, ...data }: JsonObject, at: Location): BlobData {
  return wrappedUrl({ ...data, ...(filename !== undefined && { url: filename }) }, at);
}

function describedBy(filename: string | null | undefined, mimeType: string | null | undefined) {
  return { ...(filename && { filename }), ...(mimeType && { mimeType }) };
}

function misfit(location: Location, message: string) {
  return invalidAt(["body", ...location], "blob_data", message);
}

/** Where the blobs that a write names are found. */
export interface BlobPool {
  /** The document before the write. */
  readonly before: JsonObject;
  readonly brought: readonly PreparedBlob[];
  readonly skipDuplicates: boolean;
}

/**
 * The blobs that a list of references, or of blobs as they were read, stands for. One that the
 * object has stays what it is; only its `properties` may be sent with it anew.
 *
 * @throws VALIDATION_FAILED for what is neither the object's nor brought by the write.
 */
export function resolveBlobs(candidate: JsonValue, pool: BlobPool): readonly JsonObject[] {
  const items = listed(candidate);
  const kept = byId(blobsOf(pool.before));
  const brought = byId(pool.brought.map(toStored));
  const named = new Set<string>();
  const resolved = new Map<string, JsonObject>();
  for (const [index, item] of items.entries()) {
    const id = idOf(item);
    if (named.has(id)) throw blobFault(index, "repeated", `The blob ${id} is there already.`);
    named.add(id);
    const stored = kept.get(id);
    const blob = stored === undefined ? brought.get(id) : withProperties(stored, item, index);
    if (blob === undefined) throw unknownBlob(index);
    const others = stored === undefined && pool.skipDuplicates ? [...resolved, ...kept] : [];
    const [twinId, twin] = others.find(([, other]) => sameContent(blob, other)) ?? [id, blob];
    if (!resolved.has(twinId)) resolved.set(twinId, twin);
  }
  return [...resolved.values()];
}

/**
 * The blobs after a PUT: those sent, and before them those whose property it says nothing about.
 */
export function mergeBlobs(before: JsonObject, sent: readonly JsonObject[]): readonly JsonObject[] {
  const properties = new Set(sent.map(({ property }) => property));
  return [...blobsOf(before).filter(({ property }) => !properties.has(property)), ...sent];
}

function listed(candidate: JsonValue): readonly JsonValue[] {
  if (candidate === null) return [];
  if (!isJsonArray(candidate)) throw invalidAt(["body", "blobs"], "array_type", "Send an array.");
  if (candidate.length <= limits.blobsPerObjectMax) return candidate;
  const message = `Keep at most ${limits.blobsPerObjectMax} blobs in one object.`;
  throw invalidAt(["body", "blobs"], "too_many", message);
}

/** A blob in the JSON of a document. */
function toStored(blob: PreparedBlob): JsonObject {
  const stored = toJson(blob);
  return isJsonObject(stored) ? stored : {};
}

function byId(blobs: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  return new Map(blobs.map((blob) => [idOf(blob), blob]));
}

function idOf(item: JsonValue): string {
  const id = isJsonObject(item) ? ownValue(item, "blob_id") : undefined;
  return typeof id === "string" ? id : "";
}

/** `metadata` is what a request calls the properties. */
function withProperties(stored: JsonObject, item: JsonValue, index: number): JsonObject {
  if (!isJsonObject(item)) return stored;
  const sent = ownValue(item, "properties") ?? ownValue(item, "metadata") ?? null;
  if (sent === null) return stored;
  const properties = parseBody(metadata, sent, ["blobs", index, "properties"]);
  return { ...stored, properties: withoutShown(properties, stored) };
}

/** Without what answers show among the properties, for clients that send back what they read. */
function withoutShown(properties: JsonObject, stored: JsonObject): JsonObject {
  const { presigned_url: _, ...sent } = properties;
  const source = ownValue(stored, "source");
  const own = ownValue(stored, "properties") ?? {};
  const url = isJsonObject(source) ? ownValue(source, "url") : undefined;
  const isShown = url !== undefined && url === ownValue(sent, "url");
  if (!isShown || (isJsonObject(own) && Object.hasOwn(own, "url"))) return sent;
  const { url: __, ...rest } = sent;
  return rest;
}

/** The same bytes, URL or value at the same property. */
function sameContent(a: JsonObject, b: JsonObject): boolean {
  return (
    ownValue(a, "property") === ownValue(b, "property") && jsonEqual(contentOf(a), contentOf(b))
  );
}

function contentOf(blob: JsonObject): JsonValue | undefined {
  const details = ownValue(blob, "details");
  const hash = isJsonObject(details) ? ownValue(details, "hash") : undefined;
  return hash ?? ownValue(blob, "source");
}

function unknownBlob(index: number) {
  const fix = "Send data or upload_id for a new one.";
  return blobFault(index, "unknown_blob", `The object has no such blob. ${fix}`);
}

function blobFault(index: number, type: string, message: string) {
  return invalidAt(["body", "blobs", index], type, message);
}
