/**
 * One story of buckets, told through whatever face: the same steps against the embedded library and
 * against REST. What each step brought is collected, with hashes, secrets and the origin of the
 * server taken out, so that two tellings can be held equal.
 */
import { isBucketsError } from "../../src/domain/errors.js";
import type { JsonValue } from "../../src/domain/json.js";
import { jsonValue } from "../../src/domain/schemas.js";
import { shownOf } from "../../src/http/write.js";
import type {
  BucketOperation,
  BucketStore,
  Caller,
  EmbeddedStore,
  Namespace,
  PatchMediaType,
  WriteOptions,
} from "../../src/index.js";
import { type Deed, tellBatches, tellObjects, tellUploads } from "./resource-story.js";
import { type Answer, at, header, listAt, type Sending, type TestClock, textAt } from "./server.js";

interface Write {
  readonly kind:
    | "create"
    | "patch"
    | "lock"
    | "unlock"
    | "archive"
    | "activate"
    | "suspend"
    | "delete"
    | "revert"
    | "restore";
  /** Absent for a creation. */
  readonly bucket?: string;
  readonly body?: JsonValue;
  readonly mediaType?: PatchMediaType;
  readonly actor?: string;
  readonly reason?: string;
  readonly ifVersion?: number;
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

/** A transaction: each operation as data, and as the request that it stands for. */
interface Transaction {
  readonly operations: readonly {
    readonly operation: BucketOperation<unknown>;
    readonly method: string;
    readonly path: string;
    readonly body?: JsonValue;
  }[];
  readonly reason?: string;
  readonly key?: string;
}

interface Read {
  readonly kind: "get" | "history" | "entry" | "replay" | "diff" | "blame" | "list" | "tasks";
  readonly bucket?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly version?: number;
  readonly body?: {
    readonly search?: string;
    readonly filters?: JsonValue;
    readonly sort?: { readonly field: string; readonly direction?: "asc" | "desc" };
    readonly limit?: number;
    readonly offset?: number;
    readonly cursor?: string;
  };
}

/** What a step brought: an answer or a refusal. */
export type Told = Readonly<Record<string, unknown>>;

export interface Face {
  write(step: Write, requestId: string): Promise<Told>;
  transact(step: Transaction, requestId: string): Promise<Told>;
  read(step: Read): Promise<Told>;
  do(deed: Deed, requestId: string): Promise<Told>;
}

/** Tells the story; a second passes before each step. */
export async function tellStory(face: Face, clock: TestClock): Promise<readonly Told[]> {
  const told: Told[] = [];
  const step = async (act: Promise<Told>): Promise<Told> => {
    const result = normalize(await act);
    told.push(result);
    return result;
  };
  const write = (one: Write) => {
    clock.advance(1_000);
    return step(face.write(one, `request-${told.length + 1}`));
  };
  const transact = (one: Transaction) => {
    clock.advance(1_000);
    return step(face.transact(one, `request-${told.length + 1}`));
  };
  const read = (one: Read) => step(face.read(one));

  await write({ kind: "create", body: { bucket_name: "films" } });
  await write({ kind: "create", body: films, actor: "ana", reason: "the beginning" });
  await write({ kind: "create", body: films });
  await write({ kind: "create", body: { ...films, bucket_name: "songs" }, key: "create-songs" });
  await write({ kind: "create", body: { ...films, bucket_name: "songs" }, key: "create-songs" });
  await write({ kind: "create", body: { ...films, bucket_name: "other" }, key: "create-songs" });
  await read({ kind: "get", bucket: "films" });
  await read({ kind: "get", bucket: "absent" });

  await write({ kind: "patch", bucket: "absent", body: {} });
  await write({ kind: "patch", bucket: "films", body: { description: "Moving pictures" } });
  await write({ kind: "patch", bucket: "films", body: {} });
  await write({ kind: "patch", bucket: "films", body: { metadata: 5, storage_class: "warm" } });
  await write({ kind: "patch", bucket: "films", body: { bucket_id: "x", colour: "red" } });
  await write({ kind: "patch", bucket: "films", body: { colour: "red" }, strict: true });
  await write({ kind: "patch", bucket: "films", body: { bucket_name: "songs" } });
  await write({ kind: "patch", bucket: "films", body: { unique_key: { fields: ["title"] } } });
  await write({ kind: "patch", bucket: "films", body: { description: "stale" }, ifVersion: 1 });
  await write({ kind: "patch", bucket: "films", body: { description: "dry" }, dryRun: true });
  await write({
    kind: "patch",
    bucket: "films",
    mediaType: "application/merge-patch+json",
    body: { metadata: { team: null, owner: { name: "José" } }, storage_class: "nearline" },
    actor: "José",
    reason: "Q4 — überall",
  });
  await write({
    kind: "patch",
    bucket: "films",
    mediaType: "application/json-patch+json",
    body: [
      { op: "add", path: "/metadata/tags", value: ["a"] },
      { op: "add", path: "/metadata/tags/-", value: "b" },
      { op: "move", from: "/metadata/owner/name", path: "/metadata/by" },
    ],
  });
  await write({
    kind: "patch",
    bucket: "films",
    mediaType: "application/json-patch+json",
    body: [{ op: "test", path: "/description", value: "another" }],
  });
  await write({
    kind: "patch",
    bucket: "films",
    mediaType: "application/json-patch+json",
    body: [{ op: "remove" }],
  });
  await write({
    kind: "patch",
    bucket: "films",
    body: { source_adapter: { adapter_type: "mux" } },
    key: "adapter",
  });
  await write({
    kind: "patch",
    bucket: "films",
    body: { source_adapter: { adapter_type: "mux" } },
    key: "adapter",
  });
  await write({ kind: "patch", bucket: "films", body: { source_adapter: null } });

  await write({ kind: "unlock", bucket: "films" });
  await write({ kind: "lock", bucket: "films", body: { expires_at: "2020-01-01T00:00:00Z" } });
  await write({
    kind: "lock",
    bucket: "films",
    body: { reason: "audit", expires_at: "2026-10-02T00:00:00Z" },
  });
  await write({ kind: "patch", bucket: "films", body: { description: "locked" } });
  await write({ kind: "lock", bucket: "films", body: {} });
  await read({ kind: "get", bucket: "films" });
  clock.advance(24 * 60 * 60 * 1_000);
  await read({ kind: "get", bucket: "films" });
  await write({ kind: "patch", bucket: "films", body: { description: "after the lock" } });
  await write({ kind: "lock", bucket: "films" });
  await write({ kind: "unlock", bucket: "films", body: { reason: "done" } });

  await write({ kind: "archive", bucket: "songs" });
  await write({ kind: "archive", bucket: "songs" });
  await write({ kind: "activate", bucket: "songs" });
  await write({ kind: "suspend", bucket: "songs", reason: "unpaid" });
  await write({ kind: "patch", bucket: "songs", body: { description: "no" } });
  await write({ kind: "activate", bucket: "songs" });

  await write({ kind: "revert", bucket: "films", body: { to: 2, undo: 3 } });
  await write({ kind: "revert", bucket: "films", body: { to: 99 } });
  await write({ kind: "revert", bucket: "films", body: { to: 2 }, reason: "back" });
  await write({ kind: "patch", bucket: "films", body: { bucket_name: "movies" } });
  await write({ kind: "patch", bucket: "movies", body: { description: "later" } });
  await write({ kind: "revert", bucket: "movies", body: { undo: 2 } });

  await write({ kind: "delete", bucket: "songs", dryRun: true });
  const deleted = await write({ kind: "delete", bucket: "songs", reason: "over" });
  const songs = String(Object(deleted["body"]).bucket_id);
  await read({ kind: "get", bucket: songs });
  await write({ kind: "patch", bucket: songs, body: {} });
  await read({ kind: "tasks" });
  await write({ kind: "restore", bucket: songs, body: { bucket_name: "movies" } });
  await write({ kind: "restore", bucket: songs, body: { bucket_name: "tunes" } });
  await write({ kind: "restore", bucket: songs });

  for (const asOf of ["1", "3", "@4", "2026-10-01T12:00:20.500Z", "0", "99", "@99"]) {
    await read({ kind: "get", bucket: "movies", query: { as_of: asOf } });
  }
  await read({ kind: "history", bucket: "movies", query: { order: "asc" } });
  const page = await read({ kind: "history", bucket: "movies", query: { limit: "3" } });
  const cursor = String(Object(Object(page["body"]).pagination).next_cursor);
  await read({ kind: "history", bucket: "movies", query: { limit: "3", cursor } });
  await read({ kind: "history", bucket: songs, query: { limit: "3", cursor } });
  await read({ kind: "history", bucket: "movies", query: { path: "/metadata", actor: "José" } });
  await read({ kind: "entry", bucket: "movies", version: 1 });
  await read({ kind: "entry", bucket: "movies", version: 99 });
  for (const format of ["json-patch", "fields"]) {
    await read({ kind: "diff", bucket: "movies", query: { from: "1", to: "6", format } });
  }
  await read({ kind: "diff", bucket: "movies" });
  await read({ kind: "blame", bucket: "movies" });
  await read({ kind: "replay", bucket: "movies" });
  await read({ kind: "replay", bucket: songs, query: { from: "2", to: "3" } });
  await read({ kind: "list" });
  const first = await read({ kind: "list", body: { limit: 1 } });
  const next = String(Object(Object(first["body"]).pagination).next_cursor);
  await read({ kind: "list", body: { limit: 1, cursor: next } });
  await read({ kind: "list", body: { limit: 1_001 } });
  await read({ kind: "list", body: { search: "MOV*" } });
  await read({ kind: "list", body: { filters: { "metadata.team": "growth" } } });
  await read({ kind: "list", body: { filters: { no_such_field: 1 } } });
  await read({ kind: "list", body: { sort: { field: "bucket_name", direction: "asc" } } });
  for (const asOf of ["@1", "@9", "2026-10-01T12:00:20.500Z", "3", "@999"]) {
    await read({ kind: "list", query: { as_of: asOf }, body: { limit: 1 } });
  }
  await transact({ operations: [patching("absent", {})] });
  await transact({ operations: [patching("movies", {}), patching("movies", { metadata: 1 })] });
  const both = [
    creating({ bucket_name: "books", bucket_schema: { properties: {} } }),
    patching("books", { description: "of both kinds", colour: "red" }),
  ];
  await transact({ operations: both, reason: "together", key: "both" });
  await transact({ operations: both, reason: "together", key: "both" });
  await read({ kind: "history", bucket: "books" });

  const tell = async (deed: Deed) => {
    clock.advance(1_000);
    const done = await face.do(deed, `request-${told.length + 1}`);
    told.push(normalize(done));
    return Object(done["body"] ?? {});
  };
  const ids = await tellObjects(tell);
  await tellBatches(tell, clock, ids);
  await tellUploads(tell);
  return told;
}

function creating(body: JsonValue): Transaction["operations"][number] {
  return { operation: { type: "create", body }, method: "POST", path: "/v1/buckets", body };
}

function patching(bucket: string, body: JsonValue): Transaction["operations"][number] {
  const operation = { type: "patch", bucket, patch: body } as const;
  return { operation, method: "PATCH", path: `/v1/buckets/${bucket}`, body };
}

const films = {
  bucket_name: "films",
  bucket_schema: { properties: { title: { type: "STRING" }, reel: { type: "video" } } },
  unique_key: { fields: ["title"], default_policy: "upsert" },
  metadata: { team: "growth", "a/b": { "": null } },
} as const;

/**
 * What differs between two tellings by right: hashes are salted, secrets random, origins differ,
 * an option of the library's list is a member of the body in REST, the client gives writes that have
 * no key one of its own, and only a server has a URL that takes bytes.
 */
function normalize(told: Told): Told {
  const text = JSON.stringify(told)
    .replaceAll(/"(hash|previous_hash)":"[0-9a-f]{64}"/g, '"$1":"…"')
    .replaceAll('"location":["query"', '"location":["body"')
    .replaceAll(/"idempotency_key":"[0-9a-f]{8}(-[0-9a-f]{4,12}){4}",?/g, "")
    .replaceAll(/"presigned_url":"[^"]+",?/g, "")
    .replaceAll(/whsec_[\w+/=]+/g, "whsec_…")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "");
  return Object(JSON.parse(text));
}

/** The library, in this process. */
export function libraryFace(store: EmbeddedStore<unknown>): Face {
  const known = { actor: "admin", token: "admin" };
  return interfaceFace((caller) => store.namespace("default", { ...known, ...caller }));
}

/** The same interface over HTTP. */
export function clientFace(store: BucketStore<unknown>): Face {
  return interfaceFace((caller) => store.namespace("default", caller));
}

function interfaceFace(namespaceFor: (caller: Caller) => Namespace<WriteOptions, unknown>): Face {
  const { buckets, tasks } = namespaceFor({});
  return {
    write: (step, requestId) =>
      refusals(async () => {
        const caller = { requestId, ...(step.actor !== undefined && { actor: step.actor }) };
        return toldOf(step, await callLibrary(namespaceFor(caller).buckets, step));
      }),
    transact: ({ operations, reason, key }, requestId) =>
      refusals(async () => {
        const { transactionId, results, replayed } = await namespaceFor({
          requestId,
        }).transaction(
          operations.map(({ operation }) => operation),
          { reason, idempotencyKey: key },
        );
        const bodies = results.map((result) => ({
          body: shownOf(result),
          tag: result.tag,
          ignored: result.ignoredFields.join(", "),
        }));
        return { transactionId, results: bodies, replayed };
      }),
    do: ({ act }, requestId) =>
      refusals(async () => ({ body: await act(namespaceFor({ requestId })) })),
    read: (step) =>
      refusals(async () => {
        const { bucket = "", query = {} } = step;
        switch (step.kind) {
          case "get": {
            const {
              bucket: body,
              version,
              position,
              tag,
              past,
            } = await buckets.get(bucket, {
              asOf: query["as_of"],
            });
            return { body, version, position, tag, past };
          }
          case "history": {
            const { limit, order, ...rest } = query;
            const body = await buckets.history(bucket, {
              ...rest,
              ...(limit !== undefined && { limit: Number(limit) }),
              ...(order === "asc" && { order }),
            });
            return { body };
          }
          case "entry":
            return { body: await buckets.entry(bucket, step.version ?? 0) };
          case "replay": {
            const body: unknown[] = [];
            for await (const line of buckets.replay(bucket, query)) body.push(line);
            return { body };
          }
          case "diff": {
            const { format, ...range } = query;
            const asked = format === "fields" ? ({ ...range, format } as const) : range;
            return { body: await buckets.diff(bucket, asked) };
          }
          case "blame":
            return { body: await buckets.blame(bucket) };
          case "list":
            return { body: await buckets.list({ ...step.body, asOf: query["as_of"] }) };
          case "tasks":
            return { body: await tasks.list() };
        }
      }),
  };
}

async function callLibrary(buckets: Namespace<WriteOptions, unknown>["buckets"], step: Write) {
  const { kind, bucket = "", body = {} } = step;
  const options = {
    reason: step.reason,
    ifVersion: step.ifVersion,
    idempotencyKey: step.key,
    dryRun: step.dryRun,
    strict: step.strict,
  };
  switch (kind) {
    case "create":
      return await buckets.create(body, options);
    case "patch":
      return await buckets.patch(bucket, body, { ...options, mediaType: step.mediaType });
    case "archive":
    case "activate":
    case "suspend":
    case "delete":
      return await buckets[kind](bucket, options);
    default:
      return await buckets[kind](bucket, body, options);
  }
}

function toldOf(step: Write, written: Awaited<ReturnType<typeof callLibrary>>): Told {
  const body = "task" in written ? written.task : written.bucket;
  if (step.dryRun === true) return { dryRun: true, changes: written.changes, body };
  const { version, position, tag, changes, ignoredFields, replayed } = written;
  return { body, version, position, tag, changes, ignoredFields, replayed };
}

async function refusals(act: () => Promise<Told>): Promise<Told> {
  try {
    return await act();
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    // HTTP names the request, and of a transaction the method and path of the operation.
    const { request_id: _, method: __, path: ___, ...details } = error.details;
    return { refused: error.code, message: error.message, details };
  }
}

/** Sends a request and looks at nothing; the tests of the description look at all of them. */
export type Send = (
  method: string,
  template: string,
  path: string,
  sending: Sending,
) => Promise<Answer>;

const one = "/v1/buckets/{bucket_identifier}";

/** REST. */
export function restFace(send: Send): Face {
  return {
    write: async (step, requestId) => {
      const [method, template] = writeRoute(step);
      const path = pathOf(template, step.bucket);
      const query = step.dryRun === true ? "?dry_run=true" : "";
      const answer = await send(method, template, `${path}${query}`, {
        json: step.body,
        type: step.mediaType ?? "application/json",
        headers: {
          "X-Request-Id": requestId,
          ...(step.actor !== undefined && { "X-Actor": encodeURIComponent(step.actor) }),
          ...(step.reason !== undefined && { "X-Reason": encodeURIComponent(step.reason) }),
          ...(step.ifVersion !== undefined && { "If-Match": `"${step.ifVersion}"` }),
          ...(step.key !== undefined && { "Idempotency-Key": step.key }),
          ...(step.strict === true && { Prefer: "handling=strict" }),
        },
      });
      if (answer.status >= 400) return refusalOf(answer);
      if (step.dryRun === true) {
        return {
          dryRun: at(answer, "dry_run"),
          changes: at(answer, "changes"),
          body: at(answer, "result"),
        };
      }
      const ignored = answer.headers.get("X-Ignored-Fields");
      const entry = `${one}/history/{version}`;
      const written = pathOf(
        entry,
        textAt(answer, "bucket_id"),
        Number(header(answer, "X-Version")),
      );
      return {
        ...placed(answer),
        // The body is the bucket alone; what the write did stands in the history.
        changes: at(await send("GET", entry, written, {}), "changes"),
        ignoredFields: ignored === null ? [] : ignored.split(", ").map(decodeURIComponent),
        replayed: answer.headers.get("Idempotency-Replayed") === "true",
      };
    },
    transact: async ({ operations, reason, key }, requestId) => {
      const sent = operations.map(({ operation: _, ...rest }) => rest);
      const answer = await send("POST", "/v1/transactions", "/v1/transactions", {
        json: { operations: sent },
        headers: {
          "X-Request-Id": requestId,
          ...(reason !== undefined && { "X-Reason": reason }),
          ...(key !== undefined && { "Idempotency-Key": key }),
        },
      });
      if (answer.status >= 400) {
        const { details, ...refusal } = Object(refusalOf(answer));
        const { method: _, path: __, ...rest } = Object(details);
        return { ...refusal, details: rest };
      }
      const results = listAt(answer, "results").map((result) => {
        const { body, headers } = Object(result);
        const tag = String(headers.ETag).replaceAll('"', "");
        return { body, tag, ignored: headers["X-Ignored-Fields"] ?? "" };
      });
      const replayed = answer.headers.get("Idempotency-Replayed") === "true";
      return { transactionId: at(answer, "transaction_id"), results, replayed };
    },
    do: async (deed, requestId) => {
      const { method, template, params = [], query = {}, sending = {}, url } = deed;
      const [...left] = params;
      const path = template.replaceAll(/\{\w+\}/g, () => encodeURIComponent(left.shift() ?? ""));
      const asked = Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : "";
      const headers = { "X-Request-Id": requestId };
      const answer = await send(method, template, url ?? path + asked, { ...sending, headers });
      return answer.status >= 400 ? refusalOf(answer) : { body: answer.body };
    },
    read: async (step) => {
      const [method, template] = readRoute(step);
      const path = pathOf(template, step.bucket, step.version);
      const query = step.query === undefined ? "" : `?${new URLSearchParams(step.query)}`;
      const answer = await send(method, template, `${path}${query}`, {
        ...(method === "POST" && { json: step.body ?? {} }),
      });
      if (answer.status >= 400) return refusalOf(answer);
      switch (step.kind) {
        case "get":
          return { ...placed(answer), past: pastOf(answer) };
        case "replay":
          return {
            body: answer.text
              .trimEnd()
              .split("\n")
              .map((line): unknown => JSON.parse(line)),
          };
        case "diff":
          return { body: jsonValue.parse(JSON.parse(answer.text)) };
        default:
          return { body: answer.body };
      }
    },
  };
}

function placed(answer: Answer): Told {
  return {
    body: answer.body,
    version: Number(header(answer, "X-Version")),
    position: Number(header(answer, "X-Position")),
    tag: header(answer, "ETag").replaceAll('"', ""),
  };
}

/** What the headers of an answer about the past tell of it. */
function pastOf({ headers }: Answer) {
  const recordedAt = headers.get("X-Recorded-At");
  if (recordedAt === null) return undefined;
  const isFinal = headers.get("Cache-Control") !== "no-store";
  const latestVersion = Number(headers.get("X-Latest-Version"));
  return { recordedAt: Date.parse(recordedAt), isFinal, latestVersion };
}

function refusalOf(answer: Answer): Told {
  const { request_id: _, ...details } = Object(at(answer, "error", "details"));
  return { refused: at(answer, "error", "code"), message: at(answer, "error", "message"), details };
}

function writeRoute({ kind }: Write): readonly [string, string] {
  switch (kind) {
    case "create":
      return ["POST", "/v1/buckets"];
    case "patch":
      return ["PATCH", one];
    case "delete":
      return ["DELETE", one];
    default:
      return ["POST", `${one}/${kind}`];
  }
}

function readRoute({ kind }: Read): readonly [string, string] {
  switch (kind) {
    case "get":
      return ["GET", one];
    case "entry":
      return ["GET", `${one}/history/{version}`];
    case "list":
      return ["POST", "/v1/buckets/list"];
    case "tasks":
      return ["POST", "/v1/tasks/list"];
    default:
      return ["GET", `${one}/${kind}`];
  }
}

function pathOf(template: string, bucket = "", version = 0): string {
  return template
    .replace("{bucket_identifier}", encodeURIComponent(bucket))
    .replace("{version}", String(version));
}

/** Ids that are the same in every telling: a number for each prefix. */
export function countingIds(): (prefix: string) => string {
  const counts = new Map<string, number>();
  return (prefix) => {
    const count = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, count);
    return `${prefix}_${String(count).padStart(26, "0")}`;
  };
}
