/** A server on a real file for tests: its store, tokens, clock, log lines, and a small client. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, onTestFinished } from "vitest";
import { BucketResponse } from "../../src/domain/bucket/response.js";
import { isJsonArray, type JsonValue } from "../../src/domain/json.js";
import { valueAt } from "../../src/domain/pointer.js";
import { jsonValue } from "../../src/domain/schemas.js";
import { type ServeOptions, serveStore } from "../../src/http/index.js";
import { type EmbeddedStore, openBuckets } from "../../src/index.js";
import { makeEmptyFile } from "./new-file.js";

export const day = 24 * 60 * 60 * 1000;
export const startOfTime = Date.parse("2026-10-01T12:00:00.000Z");

/** A clock that stands still until it is told to go on. */
export class TestClock {
  now = startOfTime;

  read = (): number => this.now;

  advance(milliseconds: number): void {
    this.now += milliseconds;
  }

  get text(): string {
    return new Date(this.now).toISOString();
  }
}

export const tokens = {
  admin: "admin-token-0123456789",
  delete: "delete-token-0123456789",
  write: "write-token-0123456789",
  read: "read-token-0123456789",
} as const;
type TokenName = keyof typeof tokens;

export interface ServiceOptions {
  readonly clock?: () => number;
  readonly newId?: (prefix: string) => string;
  readonly file?: string;
  readonly requireIfMatch?: boolean;
  readonly noAuth?: boolean;
  readonly publicUrl?: string;
  readonly durability?: "full" | "relaxed";
  readonly minFreeBytes?: number;
  readonly basePath?: string;
  readonly corsOrigins?: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly rateLimit?: number;
  readonly backupRoot?: string;
  readonly publicCheckpoints?: boolean;
  readonly pastCacheSeconds?: number;
  readonly backups?: ServeOptions["backups"];
  /** Of the rate limit. */
  readonly rateClock?: () => number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly isReset?: boolean;
  readonly connectionsMax?: number;
  readonly streamsMax?: number;
  readonly memoryBytesMax?: number;
  readonly ui?: boolean;
  readonly largeBodies?: ServeOptions["largeBodies"];
  /** What the server sees instead of the store, to let it fail. */
  readonly behind?: (store: EmbeddedStore<unknown>) => EmbeddedStore<unknown>;
}

export interface Service extends Client {
  readonly url: string;
  readonly file: string;
  readonly store: EmbeddedStore<unknown>;
  /** Every line that was logged. */
  readonly lines: string[];
  /** Ends the server, not the store. */
  readonly stop: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A file in a folder of its own, which goes away with the test. */
export function temporaryFile(): { readonly file: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "bucketlog-test-"));
  return {
    file: join(folder, "buckets.db"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function emptyFile(): ReturnType<typeof temporaryFile> {
  const made = temporaryFile();
  makeEmptyFile(made.file);
  return made;
}

/** Opens a store and serves it. Close it when done; `serveTest` does so by itself. */
export async function serve(options: ServiceOptions = {}): Promise<Service> {
  const { file, remove } =
    options.file === undefined ? emptyFile() : { file: options.file, remove: () => {} };
  const store = await openBuckets<unknown>({
    file,
    ...(options.durability && { durability: options.durability }),
    ...(options.minFreeBytes && { minFreeBytes: options.minFreeBytes }),
    ...(options.clock && { clock: options.clock }),
    ...(options.newId && { newId: options.newId }),
  });
  for (const permission of ["admin", "delete", "write", "read"] as const) {
    store.tokens.accept(tokens[permission], permission, permission);
  }
  const lines: string[] = [];
  let requests = 0;
  const server = await serveStore({
    store: options.behind?.(store) ?? store,
    host: "127.0.0.1",
    port: 0,
    logger: pino({ level: "info" }, { write: (line) => lines.push(line) }),
    newRequestId: () => {
      requests += 1;
      return `req_${requests}`;
    },
    noAuth: options.noAuth === true,
    requireIfMatch: options.requireIfMatch === true,
    ...(options.ui !== undefined && { ui: options.ui }),
    ...(options.publicUrl && { publicUrl: options.publicUrl }),
    ...(options.basePath && { basePath: options.basePath }),
    ...(options.corsOrigins && { corsOrigins: options.corsOrigins }),
    ...(options.trustedProxies && { trustedProxies: options.trustedProxies }),
    ...(options.backups && { backups: options.backups }),
    ...(options.backupRoot && { backupRoot: options.backupRoot }),
    ...(options.publicCheckpoints && { publicCheckpoints: true }),
    ...(options.pastCacheSeconds && { pastCacheSeconds: options.pastCacheSeconds }),
    ...(options.rateLimit && { rateLimit: options.rateLimit }),
    ...(options.rateClock && { clock: options.rateClock }),
    ...(options.headersTimeoutMs && { headersTimeoutMs: options.headersTimeoutMs }),
    ...(options.requestTimeoutMs && { requestTimeoutMs: options.requestTimeoutMs }),
    ...(options.connectionsMax && { connectionsMax: options.connectionsMax }),
    ...(options.streamsMax && { streamsMax: options.streamsMax }),
    ...(options.memoryBytesMax && { memoryBytesMax: options.memoryBytesMax }),
    ...(options.largeBodies && { largeBodies: options.largeBodies }),
    ...(options.isReset && { reset: async () => {} }),
  });
  return {
    ...createClient(server.url),
    url: server.url,
    file,
    store,
    lines,
    stop: () => server.close(),
    close: async () => {
      await server.close();
      await store.close();
      remove();
    },
  };
}

/** The store, or a part of it, with some of its members replaced. */
export function instead<Part extends object>(part: Part, members: Partial<Part>): Part {
  return new Proxy(part, {
    get: (target, name) => {
      const member = Reflect.get(name in members ? members : target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** A service for the test that calls it. */
export async function serveTest(options: ServiceOptions = {}): Promise<Service> {
  const service = await serve(options);
  onTestFinished(service.close);
  return service;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined when there is none, or when it is not JSON. */
  readonly body: JsonValue | undefined;
}

export interface Sending {
  /** JSON to send; `text` for what is not. */
  readonly json?: unknown;
  readonly text?: string | Uint8Array;
  readonly type?: string;
  readonly token?: TokenName | "none";
  readonly namespace?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Client {
  readonly send: (method: string, path: string, sending?: Sending) => Promise<Answer>;
  readonly get: (path: string, sending?: Sending) => Promise<Answer>;
  readonly post: (path: string, json?: unknown, sending?: Sending) => Promise<Answer>;
  /** A PATCH with `application/json` unless another type is given. */
  readonly patch: (path: string, json: unknown, sending?: Sending) => Promise<Answer>;
  readonly merge: (path: string, json: unknown, sending?: Sending) => Promise<Answer>;
  readonly jsonPatch: (path: string, json: unknown, sending?: Sending) => Promise<Answer>;
}

export function createClient(url: string): Client {
  const send: Client["send"] = async (method, path, sending = {}) => {
    const { token = "admin", json, text, type = "application/json", namespace } = sending;
    const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token !== "none" && { Authorization: `Bearer ${tokens[token]}` }),
        ...(body !== undefined && { "Content-Type": type }),
        ...(namespace !== undefined && { "X-Namespace": namespace }),
        ...sending.headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : Buffer.from(body) }),
    });
    return toAnswer(response);
  };
  return {
    send,
    get: (path, sending) => send("GET", path, sending),
    post: (path, json, sending) => send("POST", path, { json, ...sending }),
    patch: (path, json, sending) => send("PATCH", path, { json, ...sending }),
    merge: (path, json, sending) =>
      send("PATCH", path, { json, type: "application/merge-patch+json", ...sending }),
    jsonPatch: (path, json, sending) =>
      send("PATCH", path, { json, type: "application/json-patch+json", ...sending }),
  };
}

async function toAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /^application\/(problem\+)?json/.test(response.headers.get("Content-Type") ?? "");
  const body = isJson && text !== "" ? jsonValue.parse(JSON.parse(text)) : undefined;
  return { status: response.status, headers: response.headers, text, body };
}

/** The bucket that a successful answer shows. */
export function bucketOf(answer: Answer): BucketResponse {
  expect(answer.status, answer.text).toBe(200);
  return BucketResponse.parse(answer.body);
}

/** The value at a path of an answer's body; undefined when there is none. */
export function at(answer: Answer, ...path: string[]): JsonValue | undefined {
  return answer.body === undefined ? undefined : valueAt(answer.body, path);
}

/** The text at a path of an answer's body. */
export function textAt(answer: Answer, ...path: string[]): string {
  const value = at(answer, ...path);
  if (typeof value === "string") return value;
  throw new Error(`no text at ${path.join(".")} of ${answer.text}`);
}

/** The array at a path of an answer's body. */
export function listAt(answer: Answer, ...path: string[]): readonly JsonValue[] {
  const value = at(answer, ...path);
  if (isJsonArray(value)) return value;
  throw new Error(`no array at ${path.join(".")} of ${answer.text}`);
}

/** Every line of an NDJSON answer. */
export function ndjsonOf(answer: Answer): JsonValue[] {
  expect(answer.status, answer.text).toBe(200);
  return answer.text
    .trimEnd()
    .split("\n")
    .map((line) => jsonValue.parse(JSON.parse(line)));
}

export function header(answer: Answer, name: string): string {
  const value = answer.headers.get(name);
  if (value !== null) return value;
  throw new Error(`the answer has no header ${name}`);
}

/** A bucket to work on; its path. */
export async function makeBucket(
  client: Client,
  fields: Readonly<Record<string, unknown>> = {},
  sending: Sending = {},
): Promise<string> {
  const body = { bucket_name: "videos", bucket_schema: { properties: {} }, ...fields };
  return `/v1/buckets/${bucketOf(await client.post("/v1/buckets", body, sending)).bucket_id}`;
}

/** Runs a write that must be refused, and holds it to leave no event, tag or history behind. */
export async function leavesNoTrace(
  service: Service,
  path: string | undefined,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const before = await traceOf(service, path);
  const answer = await act();
  expect(await traceOf(service, path), answer.text).toEqual(before);
  return answer;
}

async function traceOf(service: Service, path: string | undefined) {
  const head = await service.store.head();
  if (path === undefined) return { head };
  const bucket = await service.get(path);
  const history = await service.get(`${path}/history`);
  return { head, tag: bucket.headers.get("ETag"), bucket: bucket.text, history: history.text };
}

/** The types of the events of a bucket, oldest first. */
export async function eventsOf(client: Client, path: string): Promise<readonly JsonValue[]> {
  return listAt(await client.get(`${path}/history?order=asc&limit=1000`), "results");
}

/** Asserts that an answer is a refusal with that status and type, in the contract's envelope. */
export function expectRefusal(answer: Answer, status: number, type: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.body).toMatchObject({ success: false, status, error: { type } });
  expect(textAt(answer, "error", "details", "request_id")).toBe(header(answer, "X-Request-Id"));
}

/** Sends bytes as they are and resolves with all that comes back until the server closes. */
export function sendRaw(url: string, text: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** The bytes of every file beside a store: database, WAL, lock, key. */
export function filesBeside(file: string): ReadonlyMap<string, Buffer> {
  const folder = join(file, "..");
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}
